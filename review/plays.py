"""Plays as their authors see them: which play speaks for each kind, and what a rep would read."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from earmark.triggers import CATALOGUE
from earmark.types import Account, Play, Sentence, Story, Trigger
from matcher.note import note_of
from matcher.plays import render, steps_for, template_for
from matcher.scripts import PLAYS
from storage import accounts, figures, rulebook, stories, triggers
from storage.engine import Connection

__all__ = ["SAMPLE", "Preview", "Speaker", "preview", "speakers"]

SAMPLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account": "Norvik Labs",
        "acquirer": "Norvik Labs",
        "amount": "$20 million",
        "currency": "USD",
        "date": "2026-11-20",
        "deadline": "2027-01-01",
        "function": "finance",
        "headcount": "240",
        "investors": "Fjordgate Capital",
        "kind": "raised money",
        "location": "Lisbon",
        "percent": "12 %",
        "person": "Ingrid Maas",
        "problem": "Onboarding takes weeks",
        "product": "Quayside",
        "publisher": "Baltic Wire",
        "quote": "will double its team next year",
        "revenue": "$40 million",
        "role": "chief financial officer",
        "round": "Series B",
        "seniority": "head",
        "target": "Tessel",
        "tool": "Billhaus",
        "valuation": "$200 million",
    }
)
"""Words for every placeholder, for kinds of which there is no trigger yet."""

_SECTIONS: Final = ("who", "talk", "opener", "next")
_KEY: Final = re.compile(r"\{(\w+)\}")
_LOOKED_AT: Final = 5
_MOST_WORDS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A kind of trigger, and the play that speaks for it: the team's own, or else ours (``own`` is None)."""

    kind: str
    words: str
    group: str
    own: Play | None
    ours: Play | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a rep would read of a play: sections with their lines, and what is left out here, with the reason.

    ``about`` is the headline of a real trigger; without one (None) the words are a sample.
    """

    about: str | None
    lines: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]


def speakers(plays: Sequence[Play]) -> tuple[Speaker, ...]:
    """Return for every kind which play speaks for it."""
    by_kind = {play.kind: play for play in reversed(plays)}
    return tuple(
        Speaker(
            kind=kind.key,
            words=kind.words,
            group=kind.group,
            own=by_kind.get(kind.key) or by_kind.get("*"),
            ours=PLAYS.get(kind.key) or PLAYS.get("*"),
        )
        for kind in CATALOGUE.values()
    )


def preview(
    connection: Connection,
    play: Play,
    others: Iterable[Play],
    now: datetime,
    sees: Callable[[Account | None], bool] = lambda _: True,
) -> Preview:
    """Return what a rep would read of a play, on a real trigger of its kind, or on the sample.

    ``sees`` tells whether an account may be shown.
    """
    plays = (play, *(one for one in others if one.id != play.id))
    for trigger in _some(connection, play.kind, now):
        account = accounts.get(connection, trigger.account) if trigger.account else None
        story = stories.get(connection, trigger.story) if sees(account) else None
        if story is not None and any(match.evidence for match in story.matches):
            return _real(connection, plays, trigger, story, account)
    return _sample(play, plays)


def _some(connection: Connection, kind: str, now: datetime) -> Iterator[Trigger]:
    """Yield a few triggers of a kind that still wait, the best first; with ``*`` of any."""
    wanted = None if kind == "*" else kind
    for trigger_id in figures.some_of_kind(connection, wanted, limit=_LOOKED_AT):
        trigger = triggers.get(connection, trigger_id)
        if trigger is not None and trigger.expires_at > now:
            yield trigger


def _real(
    connection: Connection, plays: Sequence[Play], trigger: Trigger, story: Story, account: Account | None
) -> Preview:
    """Return what is read of the first of the plays."""
    play = plays[0]
    lexicon = replace(rulebook.decided(connection, [account] if account else []), plays=tuple(plays))
    people = accounts.contacts(connection, [account.id]).get(account.id, ()) if account else ()
    told = note_of(trigger, story, account=account, contacts=people, lexicon=lexicon)
    lines = tuple((one.section, one.text) for one in told.sentences if one.section in _SECTIONS)
    said = [one for one in told.sentences if one.field == play.id]
    return Preview(about=told.headline, lines=lines, left_out=tuple(_left_out(play, said)))


def _sample(play: Play, plays: Sequence[Play]) -> Preview:
    template = template_for(play.kind, plays)
    filled = list(render(template, SAMPLE, set(SAMPLE) - {"publisher"}))
    _, steps = steps_for(play.kind, plays)
    lines = (
        *((("who", "Ask for: " + ", ".join(template.personas)),) if template.personas else ()),
        *((line.section, line.text) for line in filled),
        *(("next", f"Touch {number}: {step}") for number, step in enumerate(steps, start=1)),
    )
    if play.opener and not any(line.section == "opener" and line.play == play.id for line in filled):
        return Preview(about=None, lines=lines, left_out=(_why_no_opener(play.opener),))
    return Preview(about=None, lines=lines, left_out=())


def _left_out(play: Play, said: Iterable[Sentence]) -> Iterator[str]:
    """Yield which lines of a play a rep would not read here, and why."""
    read = list(said)
    for line in play.talk:
        if not any(one.section == "talk" and _is_from(line, one.text) for one in read):
            asked = ", ".join(f"{{{key}}}" for key in _KEY.findall(line))
            why = (
                f"nobody told {asked}"
                if asked
                else "three lines are read, and a named problem takes the first"
            )
            yield f"“{line}”: {why}"
    if play.opener and not any(one.section == "opener" for one in read):
        yield _why_no_opener(play.opener)


def _why_no_opener(opener: str) -> str:
    if not _KEY.search(opener):
        return "The opener holds no fact: give it a placeholder such as {amount} or {quote}, or it stays out."
    if len(opener.split()) > _MOST_WORDS:
        return f"The opener has {len(opener.split())} words; {_MOST_WORDS} are read."
    asked = ", ".join(f"{{{key}}}" for key in _KEY.findall(opener))
    return f"The opener stays out here, and ours speaks: of {asked} something is not told, or is no fact."


def _is_from(line: str, text: str) -> bool:
    """Tell whether a text is a line with its placeholders filled in."""
    pieces = [re.escape(piece) for piece in _KEY.split(line)[::2]]
    return re.fullmatch(".+".join(pieces), text, re.DOTALL) is not None

"""One row opened: all that a person reads before the call, in the order in which they read it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from earmark.lifecycle import Cause, Stage
from earmark.types import Account, Contact, Match, Story, Transition, Trigger, TriggerState
from matcher.agenda import is_over
from matcher.citations import ranked
from matcher.fit import Fit
from matcher.folding import publisher_of
from matcher.gathered import is_gathered
from matcher.moves import MACHINE, standing
from matcher.people import Path
from review.account import Reason, account_view, trigger_view
from review.rules import lexicon_now
from review.timeline import is_echo
from review.today import Row, rows_of
from storage import accounts, outcomes
from storage.engine import Connection

__all__ = ["Detail", "Happening", "Proof", "detail", "proofs_of"]

_LONGEST: Final = 280
_MOST_PROOFS: Final = 3
_MOST_HAPPENINGS: Final = 30
_MOST_REASONS: Final = 5
_MOST_TWINS: Final = 12
_TOUCHES: Final = frozenset({Cause.CONTACTED, Cause.DEMAND_SHOWN, Cause.QUALIFIED, Cause.LOST})

Piece = tuple[str, bool]
"""A part of a quote, and whether it is what proves the match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A quote of at most 280 characters with its match marked: who says it, when, and where."""

    publisher: str
    at: datetime | None
    url: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a timeline; ``by`` is who did it, or who told it."""

    at: datetime
    words: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A trigger and its account, opened: ``reasons`` with the picked one first, ``proofs`` by trigger.

    ``touched_at`` is the last outreach or answer, ``crm`` the link to the record there; ``further`` counts
    the publishers of each trigger that are not quoted. A conversation has no account.
    """

    row: Row
    account: Account | None
    stage: Stage | None
    fit: Fit | None
    touched_at: datetime | None
    crm: str | None
    reasons: tuple[Reason, ...]
    proofs: Mapping[str, tuple[Proof, ...]]
    timeline: tuple[Happening, ...]
    further: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    paths: tuple[Path, ...] = ()
    contacts: tuple[Contact, ...] = ()
    relatives: tuple[Account, ...] = ()
    twins: tuple[Reason, ...] = ()
    """Other reasons of the account, also ended ones, of which this may be a duplicate: the newest first."""
    barred: str = ""
    """Why the account is never to be contacted, where it is not."""
    left_out: int = 0
    """How many further reasons are not shown here, but on the page of the account."""


def detail(connection: Connection, trigger: Trigger, now: datetime) -> Detail | None:
    """Return a trigger opened; None where its story is gone."""
    account = accounts.get(connection, trigger.account) if trigger.account else None
    return _of_account(connection, trigger, account, now) if account else _of_nobody(connection, trigger, now)


def proofs_of(story: Story | None) -> tuple[Proof, ...]:
    """Return what is quoted for a story: the surest tellers first, each publisher once."""
    told: dict[str, Proof] = {}
    for match in ranked(story) if story else ():
        publisher = publisher_of(match.event)
        pieces = _pieces(match)
        if publisher not in told and pieces:
            event = match.event
            told[publisher] = Proof(
                publisher=publisher, at=event.happened_at, url=event.url, pieces=tuple(pieces)
            )
    return tuple(told.values())[:_MOST_PROOFS]


def _of_account(connection: Connection, trigger: Trigger, account: Account, now: datetime) -> Detail | None:
    view = account_view(connection, account, now)
    known = [*view.reasons, *view.ended]
    picked = next((each for each in known if each.trigger.id == trigger.id), None)
    if picked is None or picked.story is None:
        return None
    others = [each for each in view.reasons if each is not picked]
    reasons = (picked, *others[: _MOST_REASONS - 1])
    moves = standing(view.transitions)
    came = outcomes.of_accounts(connection, [account.id]).get(account.id, ())
    touches = [move.at for move in moves if move.actor != MACHINE and move.cause in _TOUCHES]
    touches += [outcome.at for outcome in came]
    return Detail(
        row=_row(connection, [each.trigger for each in (picked, *others)], account, picked.story, now),
        account=account,
        stage=view.stage,
        fit=view.fit,
        touched_at=max(touches, default=None),
        crm=_link(account),
        reasons=reasons,
        proofs=_proofs(reasons),
        timeline=_newest((*_moved(view.transitions), *_told(known))),
        further=_further(reasons),
        paths=view.paths,
        contacts=view.contacts,
        relatives=view.relatives,
        twins=_twins(known, picked),
        barred=account.suppression.reason
        if account.suppression and not is_over(account.suppression, now)
        else "",
        left_out=len(others) + 1 - len(reasons),
    )


def _twins(known: Iterable[Reason], picked: Reason) -> tuple[Reason, ...]:
    """Return those that can be one story with the picked one: what is made of other reasons can't."""
    held = [
        each
        for each in (picked, *known)
        if each.story and not is_gathered(each.story) and each.trigger.state is not TriggerState.MERGED
    ]
    if picked not in held:
        return ()
    held = [each for each in held if each is not picked]
    held.sort(key=lambda each: each.trigger.decays_from, reverse=True)
    return tuple(held[:_MOST_TWINS])


def _of_nobody(connection: Connection, trigger: Trigger, now: datetime) -> Detail | None:
    view = trigger_view(connection, trigger, now)
    if view.reason.story is None:
        return None
    said = [
        Happening(at=one.at, words=f"Judged {one.verdict.replace('_', ' ')}", by=one.by)
        for one in view.judgements
    ]
    return Detail(
        row=_row(connection, [trigger], None, view.reason.story, now),
        account=None,
        stage=None,
        fit=None,
        touched_at=None,
        crm=None,
        reasons=(view.reason,),
        proofs=_proofs((view.reason,)),
        timeline=_newest((*said, *_told((view.reason,)))),
        further=_further((view.reason,)),
    )


def _row(
    connection: Connection, group: Sequence[Trigger], account: Account | None, story: Story, now: datetime
) -> Row:
    listed = {account.id: account} if account else {}
    [row] = rows_of([group], listed, {story.id: story}, lexicon_now(connection).kinds, now)
    return row


def _proofs(reasons: Iterable[Reason]) -> dict[str, tuple[Proof, ...]]:
    return {reason.trigger.id: proofs_of(reason.story) for reason in reasons}


def _further(reasons: Iterable[Reason]) -> dict[str, int]:
    told = {each.trigger.id: len(each.story.publishers) if each.story else 0 for each in reasons}
    return {name: max(0, many - _MOST_PROOFS) for name, many in told.items()}


def _link(account: Account) -> str | None:
    """Return the link to an account's record, where the CRM's id is one."""
    return next((each for each in account.crm_ids.values() if urlsplit(each).scheme == "https"), None)


def _newest(found: Iterable[Happening]) -> tuple[Happening, ...]:
    return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:_MOST_HAPPENINGS])


def _moved(moves: Iterable[Transition]) -> Iterator[Happening]:
    for move in moves:
        if is_echo(move):
            continue
        step = "" if move.before is move.after else f"{move.before} → {move.after}: ".replace("_", " ")
        yield Happening(at=move.at, words=f"{step}{move.reason}", by=move.actor)


def _told(reasons: Iterable[Reason]) -> Iterator[Happening]:
    for reason in reasons:
        if reason.story is not None and reason.story.matches:
            event = ranked(reason.story)[0].event
            words = f"{reason.kind_words}: {event.title or event.text}"
            yield Happening(at=reason.trigger.decays_from, words=words, by=publisher_of(event))


def _pieces(match: Match) -> list[Piece]:
    """Return what is quoted of a text: what proves the match, with what stands around it."""
    spans = sorted((each for each in match.evidence if each.field == "text"), key=lambda each: each.start)
    inside = spans or [each for each in match.evidence if each.field == "title"]
    text = match.event.text if spans else match.event.title or match.event.text
    if not text:
        return []
    start, stop = _window(text, inside[0].start if inside else 0)
    pieces: list[Piece] = [("…", False)] if start else []
    at = start
    for span in inside:
        if span.start >= at and span.end <= stop:
            pieces += [(text[at : span.start], False), (text[span.start : span.end], True)]
            at = span.end
    pieces += [(text[at:stop], False), ("…" if stop < len(text) else "", False)]
    return [(_flat(words), is_proof) for words, is_proof in pieces if words]


def _window(text: str, proof: int) -> tuple[int, int]:
    """Return from where to where a text is quoted so that the proof stands in it, cut at blanks."""
    if len(text) <= _LONGEST:
        return 0, len(text)
    start = max(0, min(proof - _LONGEST // 4, len(text) - _LONGEST))
    blank = text.find(" ", start, proof) if start else -1
    start = blank + 1 if blank >= 0 else start
    stop = min(len(text), start + _LONGEST)
    cut = text.rfind(" ", max(proof, start + _LONGEST // 2), stop) if stop < len(text) else -1
    return start, cut if cut > 0 else stop


def _flat(words: str) -> str:
    return "".join(" " if char.isspace() else char for char in words)

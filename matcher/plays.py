"""Plays: who to ask for, what to talk about, how to open, for each kind of trigger.

The user's play for the kind comes first, then the user's play for all kinds, then our own for the kind.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from earmark.types import Play
from matcher.scripts import IN_PUBLIC, PLAYS

__all__ = ["Line", "Template", "render", "steps_for", "template_for"]

_KEY: Final = re.compile(r"\{(\w+)\}")
_MOST_WORDS: Final = 50
_MOST_TALK: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A filled line of a play, and the keys that were filled in."""

    section: str
    text: str
    play: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What the plays for one kind say; each piece is a pair of the play's id and its text."""

    personas: tuple[str, ...]
    personas_from: str
    talk: tuple[tuple[str, str], ...]
    openers: tuple[tuple[str, str], ...]


def template_for(kind: str, plays: Iterable[Play]) -> Template:
    """Return the template for a kind: of each piece the first that a play gives, openers with fallbacks."""
    users = list(plays)
    ranked = [play for wanted in (kind, "*") for play in users if play.kind == wanted]
    ranked += [PLAYS[each] for each in (kind, "*") if each in PLAYS]
    personas = next((play for play in ranked if play.personas), None)
    talk = next((play for play in ranked if play.talk), None)
    return Template(
        personas=personas.personas if personas else (),
        personas_from=personas.id if personas else "",
        talk=tuple((talk.id, line) for line in talk.talk[:_MOST_TALK]) if talk else (),
        openers=tuple((play.id, play.opener) for play in ranked if play.opener),
    )


def steps_for(kind: str, plays: Iterable[Play], *, conversation: bool = False) -> tuple[str, tuple[str, ...]]:
    """Return what to do touch by touch, with the id of the play that says so: the user's, or else ours."""
    users = [play for play in plays if play.steps]
    ranked = [play for wanted in (kind, "*") for play in users if play.kind == wanted]
    ours = IN_PUBLIC if conversation else PLAYS["*"]
    chosen = ranked[0] if ranked else ours
    return chosen.id, chosen.steps


def render(template: Template, words: Mapping[str, str], evidence: Collection[str]) -> Iterator[Line]:
    """Yield the talk lines whose keys are all known, then the first opener that fits.

    An opener fits when its keys are known, one of them is evidence, and it has at most 50 words.
    """
    for play, text in template.talk:
        filled = _filled(text, words)
        if filled is not None:
            yield Line(section="talk", text=filled, play=play, keys=_keys(text))
    for play, text in template.openers:
        filled = _filled(text, words)
        if filled is None or not set(_keys(text)) & set(evidence) or len(filled.split()) > _MOST_WORDS:
            continue
        yield Line(section="opener", text=filled, play=play, keys=_keys(text))
        return


def _keys(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_KEY.findall(text)))


def _filled(text: str, words: Mapping[str, str]) -> str | None:
    """Return the line with its keys filled in, or None where one is unknown."""
    if any(not words.get(key) for key in _keys(text)):
        return None
    return _KEY.sub(lambda key: words[key[1]], text)

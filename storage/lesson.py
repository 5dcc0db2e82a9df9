"""What people taught of the names of an account; kept beside its imported names, never among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Lesson", "taught_names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One name that is the account's own, or never is: who taught it, when, and what came of it.

    ``events`` are the texts that were read again for it; one that stands ``alone`` is about its single text,
    and no name anywhere else.
    """

    id: str
    name: str
    is_own: bool
    by: str
    at: datetime
    events: tuple[str, ...] = ()
    effect: str = ""
    alone: bool = False


def taught_names(
    aliases: tuple[str, ...], not_aliases: tuple[str, ...], lessons: Sequence[Lesson]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the imported aliases and not-aliases with the lessons; the latest lesson of a name holds."""
    if not lessons:
        return aliases, not_aliases
    own, never = list(aliases), list(not_aliases)
    for lesson in lessons:
        if lesson.alone:
            continue
        wanted, other = (own, never) if lesson.is_own else (never, own)
        same = lesson.name.casefold()
        other[:] = [name for name in other if name.casefold() != same]
        if all(name.casefold() != same for name in wanted):
            wanted.append(lesson.name)
    return tuple(own), tuple(never)

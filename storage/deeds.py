"""Who did what: the record of changes and the actions on accounts and triggers, as one log."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from storage.audit import Deed
from storage.tables import actions, audit, triggers

__all__ = ["Done", "DoneList", "done"]

_FIRST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Deed):
    """A deed; one that was an action names its ``account``, its ``trigger``, or both."""

    account: str | None = None
    trigger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneList:
    """A part of the log, the newest first; ``after`` is where the next part begins, None at the end."""

    deeds: tuple[Done, ...]
    after: str | None


def done(conn: Connection, after: str | None = None, limit: int = 50) -> DoneList:
    """Return what people did, the newest first; any ``after`` that is none of ours begins anew."""
    changes, acts = _place(after)
    query = select(audit).where(audit.c.number < changes).order_by(audit.c.number.desc()).limit(limit + 1)
    found = list(_steps(conn.execute(query), 1, _change))
    acted = select(actions, triggers.c.account.label("of_trigger"))
    acted = acted.outerjoin(triggers, triggers.c.id == actions.c.trigger).where(actions.c.number < acts)
    acted = acted.order_by(actions.c.number.desc()).limit(limit + 1)
    found += _steps(conn.execute(acted), 0, _act)
    found.sort(key=lambda one: one[:3], reverse=True)
    shown = found[:limit]
    for _, is_change, number, _ in shown:
        changes, acts = (number, acts) if is_change else (changes, number)
    return DoneList(
        deeds=tuple(deed for *_, deed in shown), after=f"{changes}.{acts}" if len(found) > limit else None
    )


def _steps(
    rows: Iterable[Row[Any]], is_change: int, told: Callable[[Row[Any]], Done]
) -> Iterator[tuple[datetime, int, int, Done]]:
    """Yield rows with what orders them, so that a part ends between two numbers.

    Of two who act at once the later one may be stored first: no row counts as later than one stored after it.
    """
    at: datetime | None = None
    for row in rows:
        at = row.at if at is None else min(at, row.at)
        yield at, is_change, row.number, told(row)


def _place(after: str | None) -> tuple[int, int]:
    """Return the numbers, of changes and of actions, below which a part begins."""
    first, _, second = (after or "").partition(".")
    if not (first.isascii() and first.isdecimal() and second.isascii() and second.isdecimal()):
        return _FIRST, _FIRST
    return min(int(first[:30]), _FIRST), min(int(second[:30]), _FIRST)


def _change(row: Row[Any]) -> Done:
    return Done(at=row.at, by=row.by, verb=row.verb, subject=row.subject, text=row.text)


def _act(row: Row[Any]) -> Done:
    action, account = row.body, row.account or row.of_trigger
    words = [action.value.replace("_", " "), action.text]
    return Done(
        at=row.at,
        by=action.by,
        verb=action.verb,
        subject=account or "a conversation",
        text=": ".join(word for word in words if word),
        account=account,
        trigger=row.trigger,
    )

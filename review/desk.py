"""What a person at the list does, one row at a time: look at it, act on it, take it back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

from earmark.errors import EarmarkError
from earmark.types import Action
from matcher.layout import as_text
from review.account import Reason, account_view, trigger_view
from review.acting import carry_out
from review.today import Day, Row, day
from storage import accounts, latency, triggers
from storage.engine import Connection, Engine, reading, writing

__all__ = ["Desk"]

_OF_TRIGGERS: Final = frozenset({"accept", "dismiss"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The list of one person: the database, the clock, the zone of the team, and who works, ``by``.

    With an ``owner`` it is the list of that rep. What was done here can be taken back, one by one.
    """

    engine: Engine
    now: Callable[[], datetime]
    zone: tzinfo
    touches: int
    by: str
    owner: str | None = None
    done: list[Action] = field(default_factory=list)

    def day(self, *, everything: bool = False) -> Day:
        """Return the list of the day, or all of it."""
        now = self.now()
        begin = now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        with reading(self.engine) as connection:
            return day(
                connection,
                now,
                touches=self.touches,
                since=begin.astimezone(UTC),
                owner=self.owner,
                everything=everything,
                zone=self.zone,
            )

    def look(self, row: Row) -> str:
        """Return the note of a row as plain text; that it was looked at goes into the latency ledger."""
        now = self.now()
        with reading(self.engine) as connection:
            reason = _reason(connection, row, now)
        with writing(self.engine) as connection:
            latency.opened(connection, [row.trigger], now)
        if reason is None or reason.trigger.note is None:
            return row.happened
        return as_text(reason.trigger.note, reason.score, at=now)

    def do(
        self, verb: str, row: Row, *, value: str = "", text: str = "", until: datetime | None = None
    ) -> str:
        """Carry out an action on the trigger or the account of a row, and say what follows."""
        on_trigger = verb in _OF_TRIGGERS or row.account is None
        action = Action(
            verb=verb,
            by=self.by,
            trigger=row.trigger if on_trigger else None,
            account=None if on_trigger else row.account,
            value=value,
            text=text,
            until=until,
        )
        said = " ".join(carry_out(self.engine, action, now=self.now(), zone=self.zone))
        self.done.append(action)
        return said

    def undo(self) -> str:
        """Take the last action back that was made here, and say what follows."""
        if not self.done:
            raise EarmarkError("Nothing was done here yet that could be taken back.")
        last = self.done[-1]
        back = Action(verb="undo", by=self.by, trigger=last.trigger, account=last.account)
        said = " ".join(carry_out(self.engine, back, now=self.now(), zone=self.zone))
        self.done.pop()
        return said


def _reason(connection: Connection, row: Row, now: datetime) -> Reason | None:
    """Return the reason that a row shows, with its note as it reads now."""
    if row.account is not None:
        account = accounts.get(connection, row.account)
        if account is None:
            return None
        view = account_view(connection, account, now)
        return next((one for one in view.reasons if one.trigger.id == row.trigger), None)
    trigger = triggers.get(connection, row.trigger)
    return trigger_view(connection, trigger, now).reason if trigger else None

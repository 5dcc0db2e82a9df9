"""What a person at the list does, one row at a time: look at it, act on it, take it back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from matcher.layout import as_text
from review.account import Reason, account_view, trigger_view
from review.deeds import Deed, Target, do, undo
from review.owners import owners
from review.pushing import push
from review.today import Day, Row, day
from storage import accounts, latency, triggers
from storage.engine import Connection, Engine, reading, writing

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The list of one person: the database, the clock, the zone of the team, and who works, ``by``.

    With an ``owner`` it is the list of that rep.
    """

    engine: Engine
    now: Callable[[], datetime]
    zone: tzinfo
    touches: int
    by: str
    owner: str | None = None

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
        """Carry out an action on the trigger or the account of a row, and say what follows, or why not."""
        deed = Deed(verb=verb, by=self.by, value=value, text=text, until=until)
        done, failed = do(self.engine, deed, [_target(row)], now=self.now(), zone=self.zone)
        return " ".join([*done, *failed])

    def undo(self) -> str:
        """Take back what this person did last and still holds, and say what that was."""
        return " ".join(undo(self.engine, self.by, now=self.now(), zone=self.zone))

    def export(self, row: Row) -> str:
        """Hand the account of a row to the default target, and say which that is."""
        with writing(self.engine) as connection:
            return push(connection, _target(row), self.now())

    def owners(self) -> tuple[tuple[str, str], ...]:
        """Return id and name of each who can own accounts."""
        with reading(self.engine) as connection:
            return owners(connection)


def _target(row: Row) -> Target:
    return Target(name=row.name, account=row.account, trigger=row.trigger)


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

"""What a person at the list does: look at rows, act on one or on many, take it back."""

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import parse_qsl

from rich.console import Console

from earmark.errors import EarmarkError, StorageError
from review import listing, views
from review.account import account_view, trigger_view
from review.day import capacity, names_of
from review.deeds import Deed, Target, do, undo, until_of
from review.listing import Asked, Filter, Listed
from review.notes import Form, note_of
from review.owners import owners
from review.progress import progress_of
from review.pushing import push
from review.terminal import print_account, print_progress, print_reasons
from review.today import Row
from storage import accounts, latency, rulebook, standing, triggers, users
from storage.engine import Connection, Engine, reading, writing

__all__ = ["Desk", "Shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The first rows of a list, ``total`` in all; ``goes_on`` says that more can be asked for.

    ``touches`` is what the day holds, ``made`` what is done; ``seen`` the newest move that it shows.
    """

    rows: tuple[Listed, ...]
    total: int
    touches: int
    made: int
    chosen: tuple[tuple[str, str], ...]
    goes_on: bool
    seen: int


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

    def shown(self, query: str = "", *, whole: bool = False, most: int = listing.MOST) -> Shown:
        """Return the list that a query asks for, as an address has it; without one that of the day.

        At most so many rows. The list of the day has room for what can be touched, unless it is wanted whole.
        """
        now = self.now()
        with reading(self.engine) as connection:
            asked = self._asked(connection, query, now)
            day = capacity(
                connection,
                now,
                touches=self.touches,
                since=self._midnight(now),
                total=listing.total(connection, asked, now),
                owners=names_of(connection, self.owner),
                zone=self.zone,
            )
            room = None if query or whole else max(0, day.touches - day.made)
            found = listing.rows(
                connection, asked, now, limit=max(most, room or 0), room=room, touches=self.touches
            )
            return Shown(
                rows=found.rows,
                total=day.total,
                touches=day.touches,
                made=day.made,
                chosen=tuple(each for each in asked.chosen if self.owner is None or each != ("owner", "me")),
                goes_on=bool(found.next_after) and room is None,
                seen=standing.newest(connection),
            )

    def version(self) -> int:
        """Return a number that grows with everything that the list would show differently."""
        with reading(self.engine) as connection:
            return rulebook.changes_version(connection)

    def views(self, query: str) -> Sequence[views.Shown]:
        """Return the views, those that come with the list first; without users those of the page's owner."""
        with reading(self.engine) as connection:
            user = self.by if users.exist(connection) else users.OWNER
            return views.shown(connection, user, query)

    def filters(self, query: str) -> Sequence[Filter]:
        """Return what a list can be narrowed to."""
        now = self.now()
        with reading(self.engine) as connection:
            return listing.filters(connection, self._asked(connection, query, now), now)

    def look(self, row: Row, form: Form = Form.TEXT) -> str:
        """Return the note of a row."""
        now = self.now()
        with reading(self.engine) as connection:
            trigger = triggers.get(connection, row.trigger)
            reason = trigger_view(connection, trigger, now).reason if trigger else None
        return (note_of(reason, form, now) if reason else "") or row.happened

    def looked_at(self, row: Row) -> None:
        """Write into the latency ledger that a row was looked at; a busy database keeps nobody from it."""
        with suppress(StorageError), writing(self.engine) as connection:
            latency.opened(connection, [row.trigger], self.now())

    def unfold(self, row: Row, width: int) -> str:
        """Return all that is known of the account of a row, or of a conversation, for a terminal so wide."""
        console = Console(
            file=io.StringIO(),
            width=width,
            force_terminal=True,
            color_system="256",
            highlight=False,
            markup=False,
            emoji=False,
        )
        now = self.now()
        with reading(self.engine) as connection, console.capture() as said:
            account = accounts.get(connection, row.account) if row.account else None
            trigger = triggers.get(connection, row.trigger)
            if account is not None:
                print_account(console, account_view(connection, account, now), self.zone)
                print_progress(console, progress_of(connection, account, now))
            elif trigger is not None:
                print_reasons(console, trigger_view(connection, trigger, now), self.zone)
        return said.get()

    def do(
        self, word: str, rows: Sequence[Row], *, text: str = "", seen: int | None = None
    ) -> tuple[list[str], list[str]]:
        """Carry out a verb, with its value behind a blank, on each row; return what was done, what failed.

        ``seen`` is the newest move that the person had before their eyes: who was quicker is said.
        """
        verb, _, value = word.partition(" ")
        now, until = self.now(), None
        if verb == "snooze":
            value, until = "", until_of(value, now, self.zone)
        if verb == "assign":
            value = {"me": self.owner or self.by, "nobody": ""}.get(value, value)
        deed = Deed(verb=verb, by=self.by, value=value, text=text, until=until)
        return do(self.engine, deed, [_target(row) for row in rows], now=now, zone=self.zone, seen=seen)

    def undo(self) -> str:
        """Take back what this person did last and still holds, and say what that was."""
        return " ".join(undo(self.engine, self.by, now=self.now(), zone=self.zone))

    def export(self, rows: Sequence[Row]) -> tuple[list[str], list[str]]:
        """Hand the accounts of rows to the default target; return what was done, what failed."""
        done, failed = list[str](), list[str]()
        with writing(self.engine) as connection:
            for row in rows:
                try:
                    done.append(push(connection, _target(row), self.now()))
                except StorageError:
                    raise
                except EarmarkError as error:
                    failed.append(str(error))
        return done, list(dict.fromkeys(failed))

    def owners(self) -> tuple[tuple[str, str], ...]:
        """Return id and name of each who can own accounts."""
        with reading(self.engine) as connection:
            return owners(connection)

    def _asked(self, connection: Connection, query: str, now: datetime) -> Asked:
        pairs = parse_qsl(query)
        if self.owner is not None and all(name != "owner" for name, _ in pairs):
            pairs.append(("owner", "me"))
        return listing.asked_of(pairs, names_of(connection, self.owner or self.by), now, self.zone)

    def _midnight(self, now: datetime) -> datetime:
        here = now.astimezone(self.zone)
        return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _target(row: Row) -> Target:
    return Target(name=row.name, account=row.account, trigger=row.trigger)

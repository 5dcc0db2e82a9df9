"""Which triggers fit what is wanted of the list, as conditions that the database can keep to.

``conditions`` say it whole, of each trigger by itself. ``near`` says beforehand, from indexes alone, which
triggers are worth to be looked at: few of many that a list is full of may be wanted.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import NamedFromClause

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import TriggerState
from storage.columns import Words
from storage.names import folded
from storage.scope import Scope, within
from storage.search import Found, among
from storage.tables import accounts, events, matches, search, triggers
from storage.wanted import Order, State, Wanted

__all__ = ["SOME", "WAITING", "Fitting", "fitting", "key_of", "of_state", "offered", "unsorted"]

WAITING: Final = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)
SOME: Final = triggers.alias("some")
"""Triggers as a list within a query names them."""

_HELD: Final = accounts.alias("held")
_OFFERED: Final = triggers.alias("offered")
_SHOWN: Final = (Stage.OUTREACH_READY.value, Stage.WARM.value, Stage.HOT.value)
_LISTED: Final = tuple(state.value for state in TriggerState if state is not TriggerState.MERGED)
_FEW: Final = 5_000
_FEW_ACCOUNTS: Final = 2_000

Condition = ColumnElement[bool]
Holding = Callable[[FromClause], Condition]
"""What makes a condition of a table of triggers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What is wanted at a time, with all that had to be looked up for it once.

    Where ``is_few`` the words, the sources, what else is asked of triggers themselves (then ``numbers`` are
    SQLite's of them) or of their accounts (then these are ``held``) leave so few that all are looked up.
    """

    wanted: Wanted
    now: datetime
    dialect: str
    is_few: bool
    found: Found | None
    told_by: Holding | None
    numbers: tuple[int, ...] | None
    held: tuple[str, ...] | None = None
    own: tuple[str, ...]
    offered_to: tuple[str, ...]
    seen: tuple[Condition, ...]
    seen_held: tuple[Condition, ...]

    @property
    def waits(self) -> bool:
        """Whether only what waits for a person is wanted: indexes of their own hold that."""
        return self.wanted.state in {State.TODAY, State.SNOOZED}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What a trigger and its account, joined to it, must be."""
        return (*self._few(), *self.told(triggers), *self._listed(), *self.seen)

    def told(self, table: FromClause) -> Iterator[Condition]:
        """Yield what a trigger itself must be."""
        wanted = self.wanted
        yield from of_state(wanted, self.now, table)
        # One index has those of a kind in their order, by their score.
        by_kind = table is not triggers or (wanted.order is Order.SCORE and len(wanted.kinds) == 1)
        yield from _named(wanted, table, by_kind=by_kind)
        if wanted.score > 0:
            yield table.c.score_now >= wanted.score
        if wanted.since is not None:
            yield table.c.created_at >= wanted.since
        if self.told_by is not None:
            yield self.told_by(table)
        if self.found is not None:
            yield self.found.holds(table.c.id)

    def of_few_accounts(self, conn: Connection) -> "Fitting":
        """Return this with the accounts that alone may have what is wanted, where they are few."""
        if self.is_few or self._asks_nobody or self.wanted.order is Order.ENDED:
            return self
        alone = offered(self.offered_to)[1].limit(1)
        if self.wanted.owners and conn.execute(alone).first() is not None:
            return self  # and a conversation too
        found = tuple(conn.execute(self.some.limit(_FEW_ACCOUNTS + 1)).scalars())
        return replace(self, held=found, is_few=True) if len(found) <= _FEW_ACCOUNTS else self

    @property
    def some(self) -> Select[Any]:
        """The ids of the accounts that may have what is wanted."""
        query = select(_HELD.c.id).where(*self._reached(_HELD), *self.seen_held)
        if self.wanted.owners or self.wanted.unowned:
            query = query.where(or_(*self._owned(_HELD, _HELD.c.id)))
        return query

    @property
    def near(self) -> tuple[Condition, ...]:
        """Conditions that leave all that fits, and little else; each is a list made of an index once.

        PostgreSQL has its own ways to read little, and by its statistics the better choice of them.
        """
        wanted = self.wanted
        if self.dialect != "sqlite":
            return ()
        lists: list[Select[Any] | CompoundSelect[Any]]
        if self.found is not None:
            lists = [*self._of_words(self.found)]
        else:
            lists = [*(self._of_waiting() if self.waits else self._of_all())]
        if wanted.score > 0 and wanted.order is not Order.SCORE:
            states = SOME.c.ended_at.is_(None) if self.waits else SOME.c.state.in_(_LISTED)
            lists.append(self._keys(states, SOME.c.score_now >= wanted.score))
        if wanted.since is not None and wanted.order is not Order.NEWEST:
            lists.append(self._keys(SOME.c.created_at >= wanted.since))
        return tuple(key_of(triggers, self.dialect, is_driver=False).in_(each) for each in lists)

    def _few(self) -> Iterator[Condition]:
        if self.numbers is not None:
            yield key_of(triggers, self.dialect).in_(self.numbers)
        if self.held is not None and self.dialect == "postgresql":
            yield triggers.c.account == func.any(literal(list(self.held), ARRAY(Text)))
        elif self.held is not None:
            yield triggers.c.account.in_(self.held)

    def _of_words(self, found: Found) -> Iterator[Select[Any]]:
        told = search.join(SOME, SOME.c.id == search.c.trigger)
        query = select(key_of(SOME, self.dialect)).select_from(told)
        query = query.where(search.c.number.in_(found.numbers))
        if not self._asks_accounts:  # of most accounts it is wanted: no list of them is made
            yield query
            return
        whose: list[Condition] = [search.c.account.in_(self.some)]
        if self._asks_nobody:
            whose.append(search.c.account.is_(None))
        if self.wanted.owners:
            whose.append(search.c.trigger.in_(offered(self.offered_to)[1]))
        yield query.where(or_(*whose))

    def _of_waiting(self) -> Iterator[CompoundSelect[Any]]:
        # An index holds all that is asked here. It is read by its first two columns, else SQLite takes
        # the one of accounts alone, and looks each row up.
        is_one = len(self.wanted.kinds) == 1
        named = _named(self.wanted, SOME, by_kind=is_one)
        every = () if is_one else (SOME.c.kind > "",)
        yield self._by_account(*of_state(self.wanted, self.now, SOME), *named, *every)

    def _of_all(self) -> Iterator[Select[Any] | CompoundSelect[Any]]:
        wanted = self.wanted
        if _asks_names(wanted):
            yield _keys_named(wanted, self.dialect)
        elif wanted.state is not State.EVERYTHING and wanted.order is not Order.ENDED:
            yield self._keys(SOME.c.state == wanted.state.value)
        if self._asks_accounts:
            yield self._by_account()

    def _by_account(self, *asked: Condition) -> CompoundSelect[Any]:
        found = [self._keys(*asked, SOME.c.account.in_(self.some))]
        if self._asks_nobody:
            found.append(self._keys(*asked, SOME.c.account.is_(None)))
        if self.wanted.owners:
            found.append(self._keys(SOME.c.id.in_(offered(self.offered_to)[1])))
        return union_all(*found)

    def _keys(self, *asked: Condition) -> Select[Any]:
        return select(key_of(SOME, self.dialect)).select_from(SOME).where(*asked)

    @property
    def _asks_accounts(self) -> bool:
        """Whether something of the account is asked."""
        return bool(self.seen) or not self._asks_nobody

    @property
    def _asks_nobody(self) -> bool:
        """Whether conversations may be wanted too, be they offered to somebody or not."""
        wanted = self.wanted
        asked = (wanted.stages, wanted.tiers, wanted.owners, wanted.unowned)
        return not any(asked) and wanted.state is not State.SNOOZED

    def _reached(self, table: FromClause) -> Iterator[Condition]:
        """Yield what an account must be, as far as it does not matter whose it is."""
        wanted, now = self.wanted, self.now
        if wanted.state is State.TODAY:
            yield table.c.stage.in_(_SHOWN)
            yield or_(table.c.snoozed_until.is_(None), table.c.snoozed_until <= now)
            yield table.c.suppression.is_(None)
        if wanted.state is State.SNOOZED:
            yield table.c.snoozed_until > now
        if wanted.stages:
            yield unsorted(table.c.stage).in_(wanted.stages)
        if wanted.tiers:
            yield unsorted(table.c.tier).in_(wanted.tiers)

    def _owned(self, table: FromClause, account: ColumnElement[str]) -> Iterator[Condition]:
        """Yield whose an account may be, by its record or since somebody is to answer for it."""
        if self.wanted.unowned:
            yield and_(account.is_not(None), table.c.owner.is_(None))
        if self.wanted.owners:
            yield unsorted(table.c.owner).in_(self.own)
            yield account.in_(offered(self.offered_to)[0])

    def _listed(self) -> Iterator[Condition]:
        """Yield what the account of a trigger must be."""
        reached = list(self._reached(accounts))
        if self.wanted.state is State.TODAY and not (self.wanted.stages or self.wanted.tiers):
            yield or_(triggers.c.account.is_(None), and_(*reached))
        else:
            yield from reached
        if self.wanted.owners or self.wanted.unowned:
            alone = triggers.c.id.in_(offered(self.offered_to)[1]) if self.wanted.owners else false()
            yield or_(*self._owned(accounts, triggers.c.account), alone)


def fitting(conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None) -> Fitting:
    """Look up what conditions on the list need: how owners are spelled, what few words or sources have."""
    found = among(conn, wanted.words) if wanted.words else None
    told_by, few = _told_by(conn, wanted.sources) if wanted.sources else (None, False)
    few = few or (found is not None and found.is_few)
    numbers = None if few or not _asks_names(wanted) else _numbers(conn, wanted)
    seen = () if scope is None else (or_(triggers.c.account.is_(None), within(conn, scope)),)
    fit = Fitting(
        wanted=wanted,
        now=now,
        dialect=conn.dialect.name,
        is_few=few or numbers is not None,
        found=found,
        told_by=told_by,
        numbers=numbers,
        own=_spelled(conn, accounts.c.owner, wanted.owners),
        offered_to=_spelled(conn, triggers.c.offered_to, wanted.owners),
        seen=seen,
        seen_held=() if scope is None else (within(conn, scope, _HELD),),
    )
    return fit.of_few_accounts(conn)


def of_state(wanted: Wanted, now: datetime, table: FromClause) -> Iterator[Condition]:
    """Yield what the state of the list asks of a trigger itself."""
    state = wanted.state
    if state in {State.TODAY, State.SNOOZED}:
        # What waits has no end: the indexes of the list's orders hold no other triggers.
        yield table.c.ended_at.is_(None)
        yield unsorted(table.c.state).in_(WAITING)
        yield table.c.expires_at > now
    elif state is State.EVERYTHING:
        yield table.c.state != TriggerState.MERGED.value
    elif wanted.order is Order.ENDED:
        yield table.c.state == state.value
    else:
        yield unsorted(table.c.state) == state.value
    if state is State.TODAY:
        yield table.c.polarity != Polarity.SUPPRESS.value


def _asks_names(wanted: Wanted) -> bool:
    """Tell whether a kind, a problem or a mark is asked for."""
    return bool(wanted.kinds or wanted.problems or wanted.mark)


def _named(wanted: Wanted, table: FromClause, *, by_kind: bool) -> Iterator[Condition]:
    if wanted.kinds:
        yield (table.c.kind if by_kind else unsorted(table.c.kind)).in_(wanted.kinds)
    if wanted.problems:
        yield table.c.problem.in_(wanted.problems)
    if wanted.mark:
        yield table.c.mark == wanted.mark


def _keys_named(wanted: Wanted, dialect: str) -> Select[Any] | CompoundSelect[Any]:
    """Return the query of all that may be wanted by its kind, its problem and its mark."""
    query = select(key_of(SOME, dialect)).select_from(SOME).where(*_named(wanted, SOME, by_kind=True))
    waiting = query.where(SOME.c.ended_at.is_(None))
    if wanted.state in {State.TODAY, State.SNOOZED}:
        return waiting
    if not (wanted.problems or wanted.mark):
        return query.where(SOME.c.state != TriggerState.MERGED.value)  # an index has their kinds
    if wanted.state is not State.EVERYTHING:
        return query.where(SOME.c.state == wanted.state.value)
    # What waits stands in an index with all that is asked; what is over alone is looked up row by row.
    return waiting.union_all(query.where(SOME.c.state.in_(_LISTED), SOME.c.ended_at.is_not(None)))


def _numbers(conn: Connection, wanted: Wanted) -> tuple[int, ...] | None:
    """Return SQLite's numbers of all that may be wanted by its names, where these are few."""
    if conn.dialect.name != "sqlite" or wanted.order is Order.ENDED:
        return None  # PostgreSQL knows by its statistics when to look them up; what is over has its own index
    if not (wanted.problems or wanted.mark or wanted.state in {State.TODAY, State.SNOOZED}):
        return None  # of kinds alone an index is made the list that is near: twice is too often
    found = tuple(conn.execute(_keys_named(wanted, "sqlite").limit(_FEW + 1)).scalars())
    return found if len(found) <= _FEW else None


class unsorted(FunctionElement[str]):  # noqa: N801 - it stands in a query as a function does
    """A column so that SQLite uses no index of it: the list is read in its own order.

    PostgreSQL knows by its statistics which index is worth to be used, and is told of the plain column.
    """

    inherit_cache = True
    name = "unsorted"
    type = Text()


@compiles(unsorted)
def _plain(element: unsorted, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(unsorted, "sqlite")
def _marked(element: unsorted, compiler: SQLCompiler, **more: Any) -> str:
    column, said = next(iter(element.clauses)), compiler.process(element.clauses, **more)
    # Of a text that may be missing it would conclude that an account must be there, and begin with accounts.
    return f"coalesce({said}, '')" if isinstance(column.type, Text | Words) else f"+{said}"


def offered(to: Collection[str] | None = None) -> tuple[Select[Any], Select[Any]]:
    """Return the queries of the accounts, and of the conversations, that somebody (of these) is to answer."""
    waits = [_OFFERED.c.offered_to.is_not(None), unsorted(_OFFERED.c.state) == TriggerState.OPEN.value]
    if to is not None:
        waits.append(_OFFERED.c.offered_to.in_(to))
    listed = select(_OFFERED.c.account).where(_OFFERED.c.account.is_not(None), *waits)
    return listed, select(_OFFERED.c.id).where(_OFFERED.c.account.is_(None), *waits)


def key_of(table: NamedFromClause, dialect: str, *, is_driver: bool = True) -> ColumnElement[Any]:
    """Return what each index of a table holds of its rows: SQLite's own number of them, or their id.

    Where it is no ``is_driver``, SQLite does not look for the rows by it, but goes through an order of them
    and asks whether each is among those that are listed.
    """
    if dialect != "sqlite":
        return table.c.id
    return literal_column(f"{'' if is_driver else '+'}{table.name}.rowid", Integer)


def _spelled(conn: Connection, column: Column[str], names: Collection[str]) -> tuple[str, ...]:
    if not names:
        return ()
    known = conn.execute(select(column).distinct().where(column.is_not(None))).scalars()
    return tuple(name for name in known if folded(name) in names)


def _told_by(conn: Connection, sources: tuple[str, ...]) -> tuple[Holding, bool]:
    """Return what says that one of these sources tells a trigger, and whether few are told by them."""
    told = matches.join(events, events.c.id == matches.c.event)
    by = events.c.source.in_(sources)
    query = select(matches.c.story).select_from(told).where(by).limit(_FEW + 1)
    found = list(conn.execute(query).scalars())
    if len(found) > _FEW:
        each = select(matches.c.story).select_from(told).where(by)
        return lambda table: each.where(matches.c.story == table.c.story).exists(), False
    stories = sorted(set(found))
    # By this an index of what is not merged is found: the list never holds what is.
    return lambda table: and_(table.c.state != TriggerState.MERGED.value, table.c.story.in_(stories)), True

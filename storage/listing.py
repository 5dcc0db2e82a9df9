"""The list as a page reads it: one row per account, its best reason first, few rows at a time.

An index gives the triggers in their order; a trigger is a row unless its account has a better one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    exists,
    false,
    func,
    not_,
    null,
    or_,
    select,
)

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import Trigger, TriggerState
from storage.names import folded
from storage.rows import each
from storage.scope import Scope, within
from storage.search import among
from storage.tables import accounts, events, matches, triggers
from storage.triggers import as_trigger
from storage.wanted import Order, Part, Place, State, Wanted

__all__ = [
    "FIRST",
    "Further",
    "Group",
    "Share",
    "count",
    "held",
    "page",
    "share_of",
    "values",
]

_SHOWN: Final = (Stage.OUTREACH_READY.value, Stage.WARM.value, Stage.HOT.value)
_WAITING: Final = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE: Final = timedelta(microseconds=1)


FIRST: Final = None
"""The place of the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """A further reason of an account: what a row says of it."""

    trigger: str
    kind: str
    score: float
    offered_to: str | None
    offered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row: the best reason of an account (or a conversation), without its note, and the others."""

    part: Part
    best: Trigger
    further: tuple[Further, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which conversations of these kinds are no surplus: ``kept`` are the ids of their triggers."""

    kinds: frozenset[str]
    kept: frozenset[str]


def share_of(conn: Connection, kinds: frozenset[str], most: int, now: datetime) -> Share | None:
    """Return the best so many of the day's conversations of each problem; None if no more are."""
    best = (_value(triggers, Order.SCORE).desc(), triggers.c.id.desc())
    rank = func.row_number().over(partition_by=triggers.c.problem, order_by=best).label("rank")
    query = _talked(conn, Wanted(kinds=tuple(sorted(kinds))), now, None)
    query = query.where(triggers.c.problem.is_not(None))
    ranked = query.with_only_columns(triggers.c.id, rank).subquery()
    first = conn.execute(select(ranked.c.id, ranked.c.rank).where(ranked.c.rank <= most + 1)).all()
    kept = frozenset(name for name, rank in first if rank <= most)
    return Share(kinds=kinds, kept=kept) if len(kept) < len(first) else None


def page(
    conn: Connection,
    wanted: Wanted,
    now: datetime,
    *,
    after: Place | None = FIRST,
    limit: int = 50,
    scope: Scope | None = None,
    share: Share | None = None,
) -> list[Group]:
    """Return so many rows of the list behind a place, in their order; without a share there is no surplus."""
    parts = [part for part in wanted.parts if after is None or part >= after.part]
    parts = [part for part in parts if share is not None or part is not Part.SURPLUS]
    chosen: list[tuple[Part, Row[Any]]] = []
    for part in parts:
        behind = after if after is not None and after.part is part else None
        query = _best(conn, wanted, now, behind, scope).limit(limit - len(chosen))
        if len(wanted.parts) > 1:
            query = query.where(_is_in(part, share))
        chosen += [(part, row) for row in conn.execute(query)]
        if len(chosen) >= limit:
            break
    return list(_grouped(conn, wanted, now, chosen))


def held(
    conn: Connection, wanted: Wanted, now: datetime, trigger_id: str, scope: Scope | None = None
) -> bool:
    """Tell whether a trigger is among what is wanted, as the best reason of its account or as another."""
    query = _query(conn, wanted, now, triggers, scope, select(triggers.c.id))
    return conn.execute(query.where(triggers.c.id == trigger_id)).first() is not None


def count(conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None = None) -> int:
    """Return how many rows the list has in all."""
    listed = _counted(conn, wanted, now, scope).group_by(triggers.c.account).subquery()
    return _many(conn, listed) + _many(conn, _talked(conn, wanted, now, scope).subquery())


def values(
    conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None = None
) -> dict[str, dict[str, int]]:
    """Return how many rows have each kind, problem, stage, owner and tier."""
    found: dict[str, dict[str, int]] = {}
    for column in (triggers.c.kind, triggers.c.problem):
        told = column.is_not(None)
        of_accounts = _counted(conn, wanted, now, scope).add_columns(column.label("value")).where(told)
        of_nobody = _talked(conn, wanted, now, scope).add_columns(column.label("value")).where(told)
        of_accounts = of_accounts.group_by(triggers.c.account, column)
        found[column.name] = _by(conn, of_accounts.union_all(of_nobody).subquery(), "value")["value"]
    names = ("stage", "owner", "tier")
    held = [func.max(accounts.c[name]).label(name) for name in names]  # an account has one of each
    query = _counted(conn, wanted, now, scope).add_columns(*held)
    return found | _by(conn, query.group_by(triggers.c.account).subquery(), *names)


def _counted(conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None) -> Select[Any]:
    """Return the query of reasons of accounts, to be grouped by these: so an index alone answers it."""
    query = _query(conn, wanted, now, triggers, scope, select(triggers.c.account))
    return query.where(triggers.c.account.is_not(None))


def _talked(conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None) -> Select[Any]:
    """Return the query of conversations."""
    query = _query(conn, wanted, now, triggers, scope, select(triggers.c.account))
    return query.where(triggers.c.account.is_(None))


def _many(conn: Connection, rows: Subquery) -> int:
    return int(conn.execute(select(func.count()).select_from(rows)).scalar_one())


def _by(conn: Connection, rows: Subquery, *names: str) -> dict[str, dict[str, int]]:
    """Return how many rows have each value of these columns."""
    columns = [rows.c[name] for name in names]
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in conn.execute(select(*columns, func.count().label("many")).group_by(*columns)):
        for name, value in zip(names, row, strict=False):
            if value is not None:
                found[name][value] = found[name].get(value, 0) + row.many
    return found


def _best(
    conn: Connection, wanted: Wanted, now: datetime, behind: Place | None, scope: Scope | None
) -> Select[Any]:
    """Return the query of the rows: triggers that no other of their account comes before."""
    value = _value(triggers, wanted.order)
    columns = [column for column in triggers.c if column.name != "note"]
    query = _query(conn, wanted, now, triggers, scope, select(*columns, null().label("note")))
    other = triggers.alias("other")
    earlier = _before(_value(other, wanted.order), other.c.id, value, triggers.c.id, wanted.order)
    same = other.c.account == triggers.c.account
    query = query.where(~exists().where(same, earlier, *_told(conn, wanted, now, other)))
    if behind is not None:
        bound = bindparam("behind", _bound(behind.value, wanted.order), type_=value.type, unique=True)
        query = query.where(_before(bound, behind.trigger, value, triggers.c.id, wanted.order))
    if wanted.order is Order.ENDING:
        return query.order_by(value, triggers.c.id)
    return query.order_by(value.desc(), triggers.c.id.desc())


def _query(
    conn: Connection,
    wanted: Wanted,
    now: datetime,
    table: FromClause,
    scope: Scope | None,
    query: Select[Any],
) -> Select[Any]:
    """Return a query of triggers (with their accounts) less what is not wanted."""
    query = query.select_from(table.outerjoin(accounts, accounts.c.id == table.c.account))
    query = query.where(*_told(conn, wanted, now, table), *_listed(conn, wanted, now, table))
    if scope is not None:
        query = query.where(or_(table.c.account.is_(None), within(conn, scope)))
    return query


def _told(
    conn: Connection, wanted: Wanted, now: datetime, table: FromClause
) -> Iterator[ColumnElement[bool]]:
    """Yield what a trigger itself must be."""
    yield from _of_state(wanted.state, now, table)
    for column, chosen in ((table.c.kind, wanted.kinds), (table.c.problem, wanted.problems)):
        if chosen:
            yield column.in_(chosen)
    if wanted.mark:
        yield table.c.mark == wanted.mark
    if wanted.score > 0:
        yield table.c.score_now >= wanted.score
    if wanted.since is not None:
        yield table.c.created_at >= wanted.since
    if wanted.sources:
        told = matches.join(events, events.c.id == matches.c.event)
        by = events.c.source.in_(wanted.sources)
        yield select(matches.c.story).select_from(told).where(matches.c.story == table.c.story, by).exists()
    if wanted.words:
        yield among(conn, wanted.words, table.c.id)


def _of_state(state: State, now: datetime, table: FromClause) -> Iterator[ColumnElement[bool]]:
    if state in {State.TODAY, State.SNOOZED}:
        # What waits has no end: the indexes of the list's orders hold no other triggers.
        yield table.c.ended_at.is_(None)
        yield _unsorted(table.c.state).in_(_WAITING)
        yield table.c.expires_at > now
    elif state is State.EVERYTHING:
        yield table.c.state != TriggerState.MERGED.value
    else:
        yield table.c.state == state.value
    if state is State.TODAY:
        yield table.c.polarity != Polarity.SUPPRESS.value


def _listed(
    conn: Connection, wanted: Wanted, now: datetime, table: FromClause
) -> Iterator[ColumnElement[bool]]:
    """Yield what the account of a trigger must be."""
    awake = or_(accounts.c.snoozed_until.is_(None), accounts.c.snoozed_until <= now)
    if wanted.state is State.TODAY:
        reachable = and_(accounts.c.stage.in_(_SHOWN), awake, accounts.c.suppression.is_(None))
        yield or_(table.c.account.is_(None), reachable)
    if wanted.state is State.SNOOZED:
        yield accounts.c.snoozed_until > now
    if wanted.stages:
        yield _unsorted(accounts.c.stage).in_(wanted.stages)
    if wanted.tiers:
        yield _unsorted(accounts.c.tier).in_(wanted.tiers)
    if wanted.owners or wanted.unowned:
        yield or_(*_owned(conn, wanted, table))


def _owned(conn: Connection, wanted: Wanted, table: FromClause) -> Iterator[ColumnElement[bool]]:
    yield false()
    if wanted.unowned:
        yield and_(table.c.account.is_not(None), accounts.c.owner.is_(None))
    if wanted.owners:
        own = _spelled(conn, accounts.c.owner, wanted.owners)
        listed, alone = _offered(_spelled(conn, triggers.c.offered_to, wanted.owners))
        yield or_(_unsorted(accounts.c.owner).in_(own), table.c.account.in_(listed), table.c.id.in_(alone))


def _spelled(conn: Connection, column: Column[str], names: Collection[str]) -> list[str]:
    known = conn.execute(select(column).distinct().where(column.is_not(None))).scalars()
    return [name for name in known if folded(name) in names]


def _is_in(part: Part, share: Share | None) -> ColumnElement[bool]:
    """Return what puts a row into a part of the list of the day."""
    if part is Part.HOT:
        return _is_hot()
    if share is None:
        return _is_not_hot()
    alone = and_(
        triggers.c.account.is_(None),
        triggers.c.problem.is_not(None),
        triggers.c.kind.in_(sorted(share.kinds)),
        triggers.c.id.not_in(sorted(share.kept)),
    )
    return and_(_is_not_hot(), alone if part is Part.SURPLUS else not_(alone))


def _is_hot() -> ColumnElement[bool]:
    """Return what makes a row hot: its account is, or somebody is to answer it now."""
    listed, alone = _hot()
    return or_(triggers.c.account.in_(listed), triggers.c.id.in_(alone))


def _is_not_hot() -> ColumnElement[bool]:
    listed, alone = _hot()
    return and_(
        or_(triggers.c.account.is_(None), triggers.c.account.not_in(listed)), triggers.c.id.not_in(alone)
    )


def _hot() -> tuple[CompoundSelect[Any], Select[Any]]:
    """Return the queries of the hot accounts, and of the conversations that are: few are, so it is quick."""
    hot = select(accounts.c.id).where(accounts.c.stage == Stage.HOT.value)
    to_answer, alone = _offered()
    return hot.union_all(to_answer), alone


def _offered(to: Collection[str] | None = None) -> tuple[Select[Any], Select[Any]]:
    """Return the queries of the accounts, and of the conversations, that somebody (of these) is to answer."""
    offered = triggers.alias("offered")
    waits = [offered.c.offered_to.is_not(None), _unsorted(offered.c.state) == TriggerState.OPEN.value]
    if to is not None:
        waits.append(offered.c.offered_to.in_(to))
    listed = select(offered.c.account).where(offered.c.account.is_not(None), *waits)
    return listed, select(offered.c.id).where(offered.c.account.is_(None), *waits)


def _unsorted(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return the column so that no index of it is used: the list is read in its own order."""
    return func.coalesce(column, "")


def _value(table: FromClause, order: Order) -> ColumnElement[Any]:
    names = {
        Order.SCORE: "score_now",
        Order.NEWEST: "created_at",
        Order.ENDING: "expires_at",
        Order.ENDED: "ended_at",
    }
    return table.c[names[order]]


def _before(
    value: ColumnElement[Any],
    name: ColumnElement[str] | str,
    than: ColumnElement[Any],
    than_name: ColumnElement[str],
    order: Order,
) -> ColumnElement[bool]:
    """Return that one place in an order comes before another."""
    if order is Order.ENDING:
        return or_(value < than, and_(value == than, than_name > name))
    return or_(value > than, and_(value == than, than_name < name))


def _bound(value: float, order: Order) -> Any:
    return value if order is Order.SCORE else _EPOCH + timedelta(microseconds=int(value))


def _place(part: Part, row: Row[Any], order: Order) -> Place:
    value = row._mapping[_value(triggers, order)] or 0.0  # noqa: SLF001 - its public name for it
    number = (value - _EPOCH) / _ONE if isinstance(value, datetime) else value
    return Place(part=part, value=number, trigger=row.id)


def _grouped(
    conn: Connection, wanted: Wanted, now: datetime, chosen: Sequence[tuple[Part, Row[Any]]]
) -> Iterator[Group]:
    """Yield the rows with the further reasons of their accounts, whatever else was asked of the best."""
    listed = [row.account for _, row in chosen if row.account is not None]
    names = ("id", "account", "kind", "state", "score_now", "offered_to", "offered_at")
    held = _of_state(wanted.state, now, triggers)
    query = select(*(triggers.c[name] for name in names)).where(*held)
    others: dict[str, list[Further]] = {}
    for row in each(conn, query, triggers.c.account, listed):
        open_still = row.state == TriggerState.OPEN.value
        others.setdefault(row.account, []).append(
            Further(
                trigger=row.id,
                kind=row.kind,
                score=row.score_now,
                offered_to=row.offered_to if open_still else None,
                offered_at=row.offered_at if open_still else None,
            )
        )
    for part, best in chosen:
        rest = [one for one in others.get(best.account or "", ()) if one.trigger != best.id]
        rest.sort(key=lambda one: (-one.score, one.trigger))
        place = _place(part, best, wanted.order)
        yield Group(part=part, best=as_trigger(best), further=tuple(rest), place=place)

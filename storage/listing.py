"""The list as a page reads it: one row per account, its best reason first, few rows at a time.

An index gives the triggers in their order; a trigger is a row unless its account has a better one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    not_,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from earmark.lifecycle import Stage
from earmark.types import Trigger, TriggerState
from storage.fitting import SOME, Fitting, fitting, key_of, of_state, offered, unsorted
from storage.rows import each
from storage.scope import Scope
from storage.tables import accounts, triggers
from storage.triggers import as_trigger
from storage.wanted import Order, Part, Place, Wanted

__all__ = ["FIRST", "Further", "Group", "Share", "held", "page", "share_of"]

_OTHER: Final = triggers.alias("other")
_STOOD: Final = accounts.alias("stood")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE: Final = timedelta(microseconds=1)
_STEPS: Final = 1_000
"""How many triggers are looked at one after the other before it is asked which may be wanted at all."""


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
    told = fitting(conn, Wanted(kinds=tuple(sorted(kinds))), now, None).told(triggers)
    query = select(triggers.c.id, rank).where(*told, triggers.c.account.is_(None))
    ranked = query.where(triggers.c.problem.is_not(None)).subquery()
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
    fit = fitting(conn, wanted, now, scope)
    chosen: list[tuple[Part, Row[Any]]] = []
    for part in parts:
        behind = after if after is not None and after.part is part else None
        query = _best(_among_hot(conn, fit) if part is Part.HOT else fit)
        if len(wanted.parts) > 1:
            query = query.where(_is_in(part, share, fit))
        found = _walked if part is Part.REST and not fit.is_few else _looked_up
        chosen += [(part, row) for row in found(conn, query, fit, behind, limit - len(chosen))]
        if len(chosen) >= limit:
            break
    return list(_grouped(conn, wanted, now, chosen))


def held(
    conn: Connection, wanted: Wanted, now: datetime, trigger_id: str, scope: Scope | None = None
) -> bool:
    """Tell whether a trigger is among what is wanted, as the best reason of its account or as another."""
    joined = triggers.outerjoin(accounts, accounts.c.id == triggers.c.account)
    query = select(triggers.c.id).select_from(joined).where(triggers.c.id == trigger_id)
    return conn.execute(query.where(*fitting(conn, wanted, now, scope).conditions)).first() is not None


def _looked_up(
    conn: Connection, query: Select[Any], fit: Fitting, behind: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """Return the first rows of a query."""
    if behind is not None:
        query = query.where(_is_behind(behind, triggers, fit.wanted.order))
    return conn.execute(query.limit(limit)).all()


def _walked(
    conn: Connection, query: Select[Any], fit: Fitting, behind: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """Return the first rows of a query: some steps along the order of the list, then among what is near.

    Where much fits, the steps find enough; where little does, most of the list need not be looked at.
    """
    end = _end(conn, fit, behind)
    if end is None:
        return _looked_up(conn, query, fit, behind, limit)
    found = _looked_up(conn, query.where(_is_to(end, fit.wanted.order)), fit, behind, limit)
    if len(found) == limit:
        return found
    return [*found, *_looked_up(conn, query.where(*fit.near), fit, end, limit - len(found))]


def _end(conn: Connection, fit: Fitting, behind: Place | None) -> Place | None:
    """Return the place where the steps behind another one end; None where the list does before."""
    order = fit.wanted.order
    value = _value(SOME, order)
    query = select(value.label("value"), SOME.c.id)
    if fit.waits:
        query = query.where(SOME.c.ended_at.is_(None))
        if order is Order.SCORE and len(fit.wanted.kinds) == 1:
            query = query.where(SOME.c.kind.in_(fit.wanted.kinds))  # an index has them in this order
    elif order is Order.ENDED:
        query = query.where(SOME.c.state == fit.wanted.state.value)
    if behind is not None:
        query = query.where(_is_behind(behind, SOME, order))
    ordered = query.order_by(*_ordered(SOME, order)).offset(_STEPS - 1).limit(1)
    row = conn.execute(ordered).first()
    return Place(part=Part.REST, value=_number(row.value), trigger=row.id) if row is not None else None


def _best(fit: Fitting) -> Select[Any]:
    """Return the query of the rows: triggers that no other of their account comes before."""
    order = fit.wanted.order
    columns = [column for column in triggers.c if column.name != "note"]
    query = select(*columns, null().label("note"))
    query = query.select_from(triggers.outerjoin(accounts, accounts.c.id == triggers.c.account))
    here = tuple_(_value(triggers, order), triggers.c.id)
    there = tuple_(unsorted(_value(_OTHER, order)), unsorted(_OTHER.c.id))  # by its account it is found
    earlier = there < here if order is Order.ENDING else there > here
    same = _OTHER.c.account == triggers.c.account
    query = query.where(*fit.conditions, ~exists().where(same, earlier, *fit.told(_OTHER)))
    return query.order_by(*_ordered(triggers, order))


def _is_in(part: Part, share: Share | None, fit: Fitting) -> ColumnElement[bool]:
    """Return what puts a row into a part of the list of the day."""
    key = key_of(triggers, fit.dialect)
    if part is Part.HOT:
        return key.in_(_hot_ones(fit))
    if share is None:
        return _is_not_hot()
    kinds = sorted(share.kinds)
    if part is Part.SURPLUS:
        talked = (SOME.c.account.is_(None), SOME.c.kind.in_(kinds), SOME.c.problem.is_not(None))
        found = select(key_of(SOME, fit.dialect)).select_from(SOME).where(SOME.c.ended_at.is_(None), *talked)
        return and_(_is_not_hot(), key.in_(found), triggers.c.id.not_in(sorted(share.kept)))
    alone = and_(
        triggers.c.account.is_(None),
        triggers.c.problem.is_not(None),
        triggers.c.kind.in_(kinds),
        triggers.c.id.not_in(sorted(share.kept)),
    )
    return and_(_is_not_hot(), not_(alone))


def _among_hot(conn: Connection, fit: Fitting) -> Fitting:
    """Return what is wanted, its words looked for among hot ones alone: all of an account is hot, or none."""
    if fit.found is None:
        return fit
    ids = select(triggers.c.id).where(key_of(triggers, fit.dialect).in_(_hot_ones(fit)))
    return replace(fit, found=fit.found.within(conn, ids))


def _hot_ones(fit: Fitting) -> CompoundSelect[Any]:
    """Return the query of what waits of hot accounts, and of the conversations that are hot."""
    listed, alone = _hot()
    key = select(key_of(SOME, fit.dialect)).select_from(SOME)
    # By the kind too, an index holds all of it: see what is near.
    of_accounts = key.where(SOME.c.ended_at.is_(None), SOME.c.account.in_(listed), SOME.c.kind > "")
    return union_all(of_accounts, key.where(SOME.c.id.in_(alone)))


def _is_not_hot() -> ColumnElement[bool]:
    listed, alone = _hot()
    return and_(
        or_(triggers.c.account.is_(None), triggers.c.account.not_in(listed)), triggers.c.id.not_in(alone)
    )


def _hot() -> tuple[CompoundSelect[Any], Select[Any]]:
    """Return the queries of the accounts and of the conversations that somebody is to answer now.

    An account is hot by its stage too. Few are hot, so it is quick.
    """
    to_answer, alone = offered()
    hot = select(_STOOD.c.id).where(_STOOD.c.stage == Stage.HOT.value)
    return hot.union_all(to_answer), alone


def _value(table: FromClause, order: Order) -> ColumnElement[Any]:
    names = {
        Order.SCORE: "score_now",
        Order.NEWEST: "created_at",
        Order.ENDING: "expires_at",
        Order.ENDED: "ended_at",
    }
    return table.c[names[order]]


def _ordered(table: FromClause, order: Order) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return by what a table is sorted in an order."""
    value = _value(table, order)
    return (value, table.c.id) if order is Order.ENDING else (value.desc(), table.c.id.desc())


def _is_behind(place: Place, table: FromClause, order: Order) -> ColumnElement[bool]:
    """Return that a row of a table comes behind a place."""
    there = tuple_(_bound(place, table, order), place.trigger)
    here = tuple_(_value(table, order), table.c.id)
    return here > there if order is Order.ENDING else here < there


def _is_to(place: Place, order: Order) -> ColumnElement[bool]:
    """Return that a trigger comes before a place, or is there."""
    there = tuple_(_bound(place, triggers, order), place.trigger)
    here = tuple_(_value(triggers, order), triggers.c.id)
    return here <= there if order is Order.ENDING else here >= there


def _bound(place: Place, table: FromClause, order: Order) -> ColumnElement[Any]:
    moment = None if order is Order.SCORE else _EPOCH + timedelta(microseconds=int(place.value))
    kind = _value(table, order).type
    return bindparam("place", place.value if moment is None else moment, type_=kind, unique=True)


def _number(value: Any) -> float:
    """Return the value of a place as a number: a time in microseconds since 1970."""
    if isinstance(value, datetime):
        return (value - _EPOCH) / _ONE
    return float(value or 0.0)


def _grouped(
    conn: Connection, wanted: Wanted, now: datetime, chosen: Sequence[tuple[Part, Row[Any]]]
) -> Iterator[Group]:
    """Yield the rows with the further reasons of their accounts, whatever else was asked of the best."""
    listed = [row.account for _, row in chosen if row.account is not None]
    names = ("id", "account", "kind", "state", "score_now", "offered_to", "offered_at")
    held = of_state(wanted, now, triggers)
    query = select(*(triggers.c[name] for name in names)).where(*held)
    others: dict[str, list[Further]] = {}
    value = _value(triggers, wanted.order)
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
        place = Place(part=part, value=_number(best._mapping[value]), trigger=best.id)  # noqa: SLF001 - its public name
        yield Group(part=part, best=as_trigger(best), further=tuple(rest), place=place)

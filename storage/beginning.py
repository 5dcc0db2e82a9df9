"""How far a new workspace has come: in figures few enough to be asked for every second."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, and_, func, select

from earmark.types import Account, TriggerState
from storage import workers
from storage.accounts import as_account
from storage.tables import accounts, events, rulebook, sources, triggers
from storage.united import STANDS

__all__ = [
    "Begun",
    "Makeup",
    "Round",
    "Watch",
    "begun",
    "first_reasons",
    "likeliest",
    "makeup",
    "round_of",
    "watch",
]

_HEARD_WITHIN = timedelta(minutes=2)
_OPEN = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Which of the first steps are done: accounts listed, rules written, sources added."""

    accounts: bool
    rules: bool
    sources: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How the first visits go: sources that are there, were visited, and failed; what they brought.

    ``monitor`` says whether anybody polls at all.
    """

    accounts: int
    sources: int
    visited: int
    failing: int
    events: int
    triggers: int
    conversations: int
    monitor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Makeup:
    """What a list is made of: values with how many accounts have each, and its smallest and largest size."""

    countries: tuple[tuple[str, int], ...]
    industries: tuple[tuple[str, int], ...]
    smallest: int | None
    largest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """How the watching stands: sources, those of them that are well, the last visit and the next one.

    ``wake`` counts the snoozed accounts that come back today.
    """

    sources: int
    well: int
    last_at: datetime | None
    next_at: datetime | None
    wake: int


def begun(conn: Connection) -> Begun:
    """Return which of the first steps are done; quick however much there is."""

    def there(column: object) -> bool:
        return conn.execute(select(column).limit(1)).first() is not None  # type: ignore[call-overload]  # any column will do

    return Begun(accounts=there(accounts.c.id), rules=there(rulebook.c.version), sources=there(sources.c.id))


def watch(conn: Connection) -> Watch:
    """Return the figures of this moment."""
    told = conn.execute(
        select(
            func.count().label("held"),
            func.count(sources.c.last_polled_at).label("visited"),
            func.count().filter(sources.c.failures > 0).label("failing"),
        ).where(sources.c.enabled)
    ).one()
    at = workers.clock(conn)
    heard = [one for one in workers.every(conn) if one.stopped_at is None]
    return Watch(
        accounts=_count(conn, accounts.c.id, STANDS),
        sources=told.held,
        visited=told.visited,
        failing=told.failing,
        events=_count(conn, events.c.id),
        triggers=_count(conn, triggers.c.id, triggers.c.account.is_not(None)),
        conversations=_count(conn, triggers.c.id, triggers.c.account.is_(None)),
        monitor=any(at - one.seen_at < _HEARD_WITHIN for one in heard),
    )


def round_of(conn: Connection, now: datetime, day_ends: datetime) -> Round:
    """Return how the watching stands at a moment, and who wakes before the day ends."""
    active = and_(sources.c.enabled, sources.c.paused_reason.is_(None))
    told = conn.execute(
        select(
            func.count().label("held"),
            func.count().filter(active, sources.c.failures == 0).label("well"),
            func.max(sources.c.last_polled_at).label("last"),
            func.min(sources.c.next_poll_at).filter(active).label("following"),
        ).select_from(sources)
    ).one()
    wakes = accounts.c.snoozed_until.between(now, day_ends)
    return Round(
        sources=told.held,
        well=told.well,
        last_at=told.last,
        next_at=told.following,
        wake=_count(conn, accounts.c.id, wakes, STANDS),
    )


def first_reasons(conn: Connection, now: datetime, limit: int = 3) -> Sequence[str]:
    """Return the ids of the best open triggers, those of accounts before conversations."""
    query = select(triggers.c.id).where(triggers.c.state.in_(_OPEN), triggers.c.expires_at > now)
    best = (triggers.c.account.is_(None), triggers.c.score_now.desc(), triggers.c.id)
    return conn.execute(query.order_by(*best).limit(limit)).scalars().all()


def likeliest(conn: Connection, most: int) -> list[Account]:
    """Return at most so many accounts with a site to look at, those of the first tier first."""
    query = select(accounts).where(accounts.c.domain.is_not(None), accounts.c.suppression.is_(None), STANDS)
    best = (accounts.c.tier.is_(None), accounts.c.tier, accounts.c.folded, accounts.c.id)
    return [as_account(row) for row in conn.execute(query.order_by(*best).limit(most))]


def makeup(conn: Connection, most: int = 12) -> Makeup:
    """Return what the list is made of: its commonest countries and industries, and its sizes."""
    size = accounts.c.size
    low, high = conn.execute(select(func.min(size), func.max(size)).where(STANDS)).one()
    return Makeup(
        countries=_commonest(conn, accounts.c.country, most),
        industries=_commonest(conn, accounts.c.industry, most),
        smallest=low,
        largest=high,
    )


def _commonest(conn: Connection, column: Column[str], most: int) -> tuple[tuple[str, int], ...]:
    held = func.count().label("held")
    query = select(column, held).where(column.is_not(None), column != "", STANDS).group_by(column)
    return tuple(
        (value, count) for value, count in conn.execute(query.order_by(held.desc(), column).limit(most))
    )


def _count(conn: Connection, column: object, *conditions: object) -> int:
    query = select(func.count(column)).where(*conditions)  # type: ignore[arg-type]  # columns and conditions of ours
    return conn.execute(query).scalar_one()

"""The verdicts of people on triggers, and what was learned of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    delete,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from earmark.triggers import TriggerKind
from earmark.types import Age, Judgement, TrackRecord, Verdict
from storage import agenda
from storage.counters import CHANGES, LEXICON, bump
from storage.record import AGAINST, COUNTED, Said, bounded
from storage.rows import BATCH, each, put, upsert
from storage.scope import Scope, within
from storage.stories import LIVE
from storage.tables import accounts, counters, events, judgements, matches, stories, triggers

__all__ = [
    "ages",
    "anew",
    "begin_anew",
    "every",
    "find",
    "go_back",
    "newest",
    "of_trigger",
    "records",
    "save",
    "stream",
    "take_back",
]

_ANEW = "anew:"


def of_trigger(conn: Connection, trigger_id: str) -> list[Judgement]:
    """Return the verdicts on one trigger that hold, the earliest first."""
    query = select(judgements).where(judgements.c.trigger == trigger_id, judgements.c.taken_back_at.is_(None))
    rows = conn.execute(query.order_by(judgements.c.at, judgements.c.number))
    return [_as_judgement(row) for row in rows]


def find(conn: Connection, id_prefix: str) -> list[Judgement]:
    """Return the verdicts that hold and whose id begins so, two at most."""
    begins = judgements.c.id.startswith(id_prefix, autoescape=True)
    query = select(judgements).where(begins, judgements.c.taken_back_at.is_(None))
    return [_as_judgement(row) for row in conn.execute(query.order_by(judgements.c.id).limit(2))]


def stream(conn: Connection, since: datetime | None = None) -> Iterator[Judgement]:
    """Yield the verdicts that hold, or those given since a time, few at a time in memory."""
    query = select(judgements).where(judgements.c.taken_back_at.is_(None))
    if since is not None:
        query = query.where(judgements.c.at >= since)
    query = query.order_by(judgements.c.at, judgements.c.number)
    for row in conn.execute(query.execution_options(yield_per=BATCH)):
        yield _as_judgement(row)


def every(conn: Connection, *, taken_back: bool = False) -> list[Said]:
    """Return every verdict with what it was said of, the earliest first; also those ``taken_back``."""
    query = _told()
    if not taken_back:
        query = query.where(judgements.c.taken_back_at.is_(None))
    told: dict[int, list[Row[Any]]] = {}
    for row in conn.execute(query.order_by(judgements.c.at, judgements.c.number)):
        told.setdefault(row.number, []).append(row)
    return [_as_said(rows) for rows in told.values()]


def _told() -> Select[Any]:
    """Return the query of verdicts and what they were said of, once for each event that tells it."""
    query = select(
        judgements,
        triggers.c.account,
        triggers.c.kind,
        triggers.c.problem,
        triggers.c.decays_from,
        stories.c.key,
        matches.c.event,
        events.c.source,
    ).join_from(judgements, triggers, triggers.c.id == judgements.c.trigger)
    query = query.join(stories, stories.c.id == triggers.c.story)
    query = query.outerjoin(matches, matches.c.story == stories.c.id)
    return query.outerjoin(events, events.c.id == matches.c.event)


def newest(conn: Connection, limit: int, scope: Scope | None = None) -> list[Said]:
    """Return so many of the verdicts that hold on accounts within a scope, the latest first."""
    query = select(judgements.c.number).join(triggers, triggers.c.id == judgements.c.trigger)
    query = query.outerjoin(accounts, accounts.c.id == triggers.c.account)
    query = query.where(judgements.c.taken_back_at.is_(None))
    if scope is not None:
        query = query.where(or_(triggers.c.account.is_(None), within(conn, scope)))
    latest = query.order_by(judgements.c.at.desc(), judgements.c.number.desc()).limit(limit)
    numbers = conn.execute(latest).scalars().all()
    told: dict[int, list[Row[Any]]] = {}
    for row in each(conn, _told(), judgements.c.number, numbers):
        told.setdefault(row.number, []).append(row)
    return [_as_said(told[number]) for number in numbers]


def records(conn: Connection, anew: Mapping[str, int] | None = None) -> tuple[TrackRecord, ...]:
    """Return what ``storage.record.records_of`` does of all verdicts that hold, counted by the database."""
    order = (judgements.c.at.desc(), judgements.c.number.desc())
    rank = func.row_number().over(partition_by=judgements.c.trigger, order_by=order).label("rank")
    held = select(judgements.c.number, judgements.c.trigger, judgements.c.verdict, rank)
    held = held.where(judgements.c.taken_back_at.is_(None), _is_one_of(COUNTED))
    last = held.subquery()
    told = _tellers(last.c.trigger, last.c.number, last.c.verdict).where(last.c.rank == 1)
    one = told.distinct().subquery()
    bad = func.sum(case((one.c.verdict.in_([verdict.value for verdict in AGAINST]), 1), else_=0))
    query = select(one.c.kind, one.c.source, one.c.problem, func.count().label("many"), bad.label("bad"))
    for rule, number in (anew or {}).items():
        plain = one.c.kind + "@" + one.c.source
        of_problem = one.c.kind + "/" + one.c.problem + "@" + one.c.source
        name = case((one.c.problem.is_(None), plain), else_=of_problem)
        query = query.where(or_(name != rule, one.c.number > number))
    rows = conn.execute(query.group_by(one.c.kind, one.c.source, one.c.problem)).all()
    return tuple(
        TrackRecord(
            kind=row.kind,
            source=row.source,
            problem=row.problem,
            good=row.many - int(row.bad),
            bad=int(row.bad),
        )
        for row in sorted(rows, key=lambda row: (row.kind, row.source, row.problem or ""))
    )


def ages(conn: Connection, kinds: Mapping[str, TriggerKind]) -> tuple[Age, ...]:
    """Return what ``storage.record.ages_of`` does of all verdicts that hold, counted by the database."""
    old = judgements.c.taken_back_at.is_(None), _is_one_of({Verdict.TOO_OLD})
    age = judgements.c.at - triggers.c.decays_from
    if conn.dialect.name == "sqlite":
        age = type_coerce(judgements.c.at, BigInteger) - type_coerce(triggers.c.decays_from, BigInteger)
    least = func.min(age).label("age")
    query = _tellers(judgements.c.trigger, least).where(*old).group_by(triggers.c.kind, events.c.source)
    query = query.with_only_columns(triggers.c.kind, events.c.source, least)
    found = {
        (row.kind, row.source): row.age if isinstance(row.age, timedelta) else timedelta(microseconds=row.age)
        for row in conn.execute(query)
    }
    return bounded(found, kinds)


def _is_one_of(verdicts: Collection[Verdict]) -> ColumnElement[bool]:
    return judgements.c.verdict.in_(sorted(verdict.value for verdict in verdicts))


def _tellers(trigger: ColumnElement[str], *said: ColumnElement[Any]) -> Select[Any]:
    """Return the query of what was said of triggers, once for each event that tells them."""
    query = select(*said, triggers.c.id, triggers.c.kind, triggers.c.problem, events.c.source)
    query = query.join_from(trigger.table, triggers, triggers.c.id == trigger)
    query = query.join(matches, matches.c.story == triggers.c.story)
    return query.join(events, events.c.id == matches.c.event)


def save(conn: Connection, new: Sequence[Judgement]) -> None:
    """Store the verdicts; one that was taken back and is given again holds again."""
    rows = [
        {
            "id": judgement.id,
            "trigger": judgement.trigger,
            "verdict": judgement.verdict.value,
            "by": judgement.by,
            "at": judgement.at,
            "text": judgement.text,
            "taken_back_at": None,
        }
        for judgement in new
    ]
    _put(conn, rows)
    if any(judgement.verdict in COUNTED | {Verdict.TOO_OLD} for judgement in new):
        bump(conn, LEXICON)


def take_back(conn: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that these verdicts no longer hold; the next sweep looks at what was judged by them since."""
    if not ids:
        return
    held = update(judgements).where(judgements.c.id.in_(ids), judgements.c.taken_back_at.is_(None))
    if conn.execute(held.values(taken_back_at=at)).rowcount:
        bump(conn, LEXICON)
        agenda.wake(conn, _alike(conn, ids))


def _alike(conn: Connection, ids: Sequence[str]) -> list[str]:
    """Return the keys of all that holds a live trigger of the kinds that these verdicts count for."""
    counted = judgements.c.id.in_(ids), judgements.c.verdict.in_([verdict.value for verdict in COUNTED])
    kinds = select(triggers.c.kind).join(judgements, judgements.c.trigger == triggers.c.id).where(*counted)
    alive = triggers.c.kind.in_(kinds), triggers.c.state.in_(LIVE)
    query = select(stories.c.key).join(triggers, triggers.c.story == stories.c.id).where(*alive)
    return list(conn.execute(query.distinct()).scalars())


def anew(conn: Connection) -> dict[str, int]:
    """Return the rules that began anew, and the number of the last verdict that no longer counts."""
    begun = select(counters).where(counters.c.name.startswith(_ANEW))
    return {row.name.removeprefix(_ANEW): row.value for row in conn.execute(begun)}


def begin_anew(conn: Connection, rule: str) -> None:
    """Let what was said of a rule up to now no longer count; its triggers are judged again."""
    newest = conn.execute(select(func.max(judgements.c.number))).scalar_one_or_none() or 0
    put(conn, counters, [{"name": _ANEW + rule, "value": newest}])
    _judge_again(conn)


def go_back(conn: Connection, rule: str) -> bool:
    """Let all that was said of a rule count again; return whether it had begun anew."""
    begun = conn.execute(delete(counters).where(counters.c.name == _ANEW + rule)).rowcount > 0
    if begun:
        _judge_again(conn)
    return begun


def _judge_again(conn: Connection) -> None:
    agenda.wake(conn)
    bump(conn, LEXICON)
    bump(conn, CHANGES)


def _put(conn: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    if not rows:
        return
    statement = upsert(conn, judgements)
    changed = {name: statement.excluded[name] for name in ("verdict", "by", "at", "text", "taken_back_at")}
    conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)


def _as_judgement(row: Row[Any]) -> Judgement:
    return Judgement(
        id=row.id, trigger=row.trigger, verdict=Verdict(row.verdict), by=row.by, at=row.at, text=row.text
    )


def _as_said(rows: Sequence[Row[Any]]) -> Said:
    row = rows[0]
    return Said(
        number=row.number,
        id=row.id,
        trigger=row.trigger,
        verdict=Verdict(row.verdict),
        by=row.by,
        at=row.at,
        text=row.text,
        taken_back_at=row.taken_back_at,
        account=row.account,
        key=row.key,
        kind=row.kind,
        problem=row.problem,
        age=row.at - row.decays_from,
        events=frozenset(one.event for one in rows if one.event is not None),
        sources=tuple(sorted({one.source for one in rows if one.source is not None})),
    )

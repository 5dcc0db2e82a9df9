"""Accounts that a person said are one company: what moved from the one to the other, and the way back.

The one that goes keeps its row, out of sight; the rows of its past become those of the account that stays
and keep their ids, so that old links, receipts and what was told once hold. A merge remembers no words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, Table, exists, insert, select, update

from earmark.types import Action, Match, Reading
from storage import agenda, search, united
from storage.columns import short
from storage.counters import CHANGES, LEXICON, bump
from storage.lesson import Lesson
from storage.rows import batches, each
from storage.tables import (
    abstentions,
    accounts,
    actions,
    contacts,
    joins,
    judgements,
    matches,
    merges,
    outbox,
    outcomes,
    remotes,
    stories,
    transitions,
    triggers,
)
from storage.tables import search as search_rows

__all__ = ["Merge", "addressed", "every", "find", "into", "lend", "make", "moments", "of", "origins", "part"]

_MOVED: Final[Mapping[str, tuple[Table, Column[Any]]]] = {
    "abstentions": (abstentions, abstentions.c.number),
    "actions": (actions, actions.c.number),
    "contacts": (contacts, contacts.c.id),
    "outbox": (outbox, outbox.c.number),
    "outcomes": (outcomes, outcomes.c.number),
    "stories": (stories, stories.c.id),
    "transitions": (transitions, transitions.c.number),
}
"""The rows of a past that name their account, and by what each is known."""
_WAITING: Final = "waiting"
_COMPANY: Final = "company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One account that became part of another.

    ``rows`` are the ids of what moved, by table, ``told`` the events of each story of both at that time;
    ``lessons`` are those that the merge took from the one that stays, for they spoke against it.
    """

    id: str
    keeps: str
    goes: str
    by: str
    at: datetime
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lessons: tuple[Lesson, ...] = ()


def of(conn: Connection, account_id: str) -> Merge | None:
    """Return the merge that holds by which an account became part of another, or None."""
    query = select(merges).where(merges.c.goes == account_id, merges.c.taken_back_at.is_(None))
    row = conn.execute(query).one_or_none()
    return None if row is None else _as_merge(row)


def into(conn: Connection, account_id: str) -> list[Merge]:
    """Return the merges that hold into an account, the earliest first."""
    query = select(merges).where(merges.c.keeps == account_id, merges.c.taken_back_at.is_(None))
    return [_as_merge(row) for row in conn.execute(query.order_by(merges.c.at, merges.c.id))]


def every(conn: Connection) -> list[Merge]:
    """Return all merges that hold, the earliest first."""
    query = select(merges).where(merges.c.taken_back_at.is_(None)).order_by(merges.c.at, merges.c.id)
    return [_as_merge(row) for row in conn.execute(query)]


def find(conn: Connection, beginning: str) -> list[Merge]:
    """Return the merges that hold and whose id begins so."""
    return [one for one in every(conn) if one.id.startswith(beginning)]


def addressed(conn: Connection, readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return the readings with what they say of an account that was merged meanwhile said of its heir.

    A poll under way reads with the list as it was when it began.
    """
    heirs = united.heirs(conn)
    if not heirs:
        return tuple(readings)
    return tuple(
        replace(
            one,
            matches=tuple(_readdressed(match, heirs) for match in one.matches),
            abstentions=tuple(
                replace(doubt, account=heirs.get(doubt.account, doubt.account)) for doubt in one.abstentions
            ),
        )
        for one in readings
    )


def origins(conn: Connection) -> dict[str, tuple[str, ...]]:
    """Return which events told, at the time of its merge, the story of each trigger that moved by one."""
    told = {name: one.told.get(name, ()) for one in every(conn) for name in one.rows.get("stories", ())}
    query = select(triggers.c.id, triggers.c.story)
    return {row.id: told[row.story] for row in each(conn, query, triggers.c.story, told)}


def moments(conn: Connection) -> dict[str, datetime]:
    """Return when each move of an account into which another was merged was made, and what was said by it."""
    whole = sorted({one.keeps for one in every(conn)})
    found: dict[str, datetime] = {}
    for table in (transitions, outcomes):
        found |= {
            row.id: row.at for row in each(conn, select(table.c.id, table.c.at), table.c.account, whole)
        }
    said = select(judgements.c.id, judgements.c.at).join(triggers, triggers.c.id == judgements.c.trigger)
    return found | {row.id: row.at for row in each(conn, said, triggers.c.account, whole)}


def lend(conn: Connection, account_id: str, lesson_id: str) -> None:
    """Note that a lesson of the one that stays is about one that was merged into it and goes home with it."""
    while (one := of(conn, account_id)) is not None:
        rows = {**one.rows, "lessons": (*one.rows.get("lessons", ()), lesson_id)}
        conn.execute(update(merges).where(merges.c.id == one.id).values(rows=rows))
        account_id = one.keeps


def make(conn: Connection, merge: Merge) -> Merge:
    """Let one account become part of another, and return what moved with the merge."""
    keeps, goes = merge.keeps, merge.goes
    rows = {name: _ids(conn, name, goes, keeps) for name in _MOVED}
    joined = select(joins.c.id).where(joins.c.past == short(f"a:{goes}")).order_by(joins.c.id)
    rows["joins"] = tuple(conn.execute(joined).scalars())
    rows["remotes"] = _hand_records(conn, goes, keeps)
    rows["children"] = _children(conn, goes, keeps)
    rows["parent"] = _took_place(conn, keeps, goes)
    rows["lessons"], dropped = _hand_lessons(conn, goes, keeps)
    _move(conn, rows, goes, keeps)
    here = accounts.c.id == keeps
    if (row := conn.execute(select(accounts).where(here)).one()).own is None:
        conn.execute(update(accounts).where(here).values(own=united.imported(conn, [row.id])[row.id]))
    conn.execute(update(accounts).where(accounts.c.id == goes).values(merged_into=keeps))
    united.write(conn, [keeps])
    _readdress(conn, rows["outbox"], keeps)
    agenda.remember(conn, {f"a:{goes}": None})
    _changed(conn, keeps, goes)
    made = replace(merge, rows={name: found for name, found in rows.items() if found}, lessons=dropped)
    names = ("id", "keeps", "goes", "rows", "told", "lessons", "by", "at")
    conn.execute(insert(merges).values({name: getattr(made, name) for name in names}))
    return made


def part(conn: Connection, merge: Merge, at: datetime) -> None:
    """Let the two be two again: what moved goes home, and each has what the list says of it alone."""
    keeps, goes = merge.keeps, merge.goes
    conn.execute(update(accounts).where(accounts.c.id == goes).values(merged_into=None))
    conn.execute(update(merges).where(merges.c.id == merge.id).values(taken_back_at=at))
    united.write(conn, [keeps])
    here = accounts.c.id == keeps
    if not into(conn, keeps):
        own = united.imported(conn, [keeps])[keeps]
        listed = {name: getattr(own, name) for name in united.FIELDS if name != "parent"}
        alone = united.columns_of({"id": keeps, **listed})
        conn.execute(update(accounts).where(here).values(**listed, **alone, own=None))
    _move(conn, merge.rows, keeps, goes)
    _readdress(conn, merge.rows.get("outbox", ()), goes)
    _hand_records(conn, keeps, goes, merge.rows.get("remotes", ()))
    for batch in batches(merge.rows.get("children", ())):
        child = accounts.c.id.in_(batch), accounts.c.parent == keeps
        conn.execute(update(accounts).where(*child).values(parent=goes))
    if "parent" in merge.rows:
        [former] = merge.rows["parent"]
        conn.execute(update(accounts).where(here).values(parent=former or None))
    _take_lessons_home(conn, merge)
    _changed(conn, keeps, goes)


def _changed(conn: Connection, *account_ids: str) -> None:
    search.fill_of_accounts(conn, account_ids)
    bump(conn, LEXICON)
    bump(conn, CHANGES)


def _ids(conn: Connection, name: str, goes: str, keeps: str) -> tuple[str, ...]:
    """Return what of a table moves; a doubt that both have of the same words stays where it is."""
    table, key = _MOVED[name]
    query = select(key).where(table.c.account == goes).order_by(key)
    if name == "outbox":
        query = query.where(outbox.c.state == _WAITING)
    if name == "abstentions":
        other = abstentions.alias()
        same = other.c.event == abstentions.c.event, other.c.place == abstentions.c.place
        query = query.where(~exists().where(other.c.account == keeps, *same))
    return tuple(map(str, conn.execute(query).scalars()))


def _move(conn: Connection, rows: Mapping[str, tuple[str, ...]], before: str, after: str) -> None:
    """Give the rows of the one account to the other, as far as they still are the one's."""
    for name, (table, key) in _MOVED.items():
        kind = key.type.python_type
        for batch in batches([kind(one) for one in rows.get(name, ())]):
            held = key.in_(batch), table.c.account == before
            if name == "actions":
                _retell(conn, batch, before, after)
            if name == "stories":
                _move_told(conn, batch, after)
            where = {"past": short(f"a:{after}"), "key": f"a:{after}"} if name == "stories" else {}
            conn.execute(update(table).where(*held).values(account=after, **where))
    for batch in batches(rows.get("joins", ())):
        place = {"past": short(f"a:{after}"), "key": f"a:{after}"}
        conn.execute(update(joins).where(joins.c.id.in_(batch)).values(**place))


def _move_told(conn: Connection, story_ids: Sequence[str], after: str) -> None:
    """Let what tells these stories, and what speaks for them, be of an account."""
    conn.execute(update(matches).where(matches.c.story.in_(story_ids)).values(account=after))
    conn.execute(update(triggers).where(triggers.c.story.in_(story_ids)).values(account=after))
    theirs = select(triggers.c.id).where(triggers.c.story.in_(story_ids))
    conn.execute(update(search_rows).where(search_rows.c.trigger.in_(theirs)).values(account=after))


def _retell(conn: Connection, numbers: Sequence[Any], before: str, after: str) -> None:
    """Let what people did to the one account be done to the other: a replay does it again."""
    for row in conn.execute(select(actions).where(actions.c.number.in_(numbers))).all():
        body: Action = row.body
        if body.account == before:
            again = update(actions).where(actions.c.number == row.number)
            conn.execute(again.values(body=replace(body, account=after)))


def _hand_records(
    conn: Connection, before: str, after: str, among: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Give the company of the one in a target to the other, where that has none; return which targets."""
    here = select(remotes.c.target).where(remotes.c.object == _COMPANY, remotes.c.key == short(after))
    held = (remotes.c.object == _COMPANY, remotes.c.key == short(before), remotes.c.target.not_in(here))
    found = tuple(conn.execute(select(remotes.c.target).where(*held).order_by(remotes.c.target)).scalars())
    moved = found if among is None else tuple(target for target in found if target in among)
    conn.execute(update(remotes).where(*held[:2], remotes.c.target.in_(moved)).values(key=short(after)))
    return moved


def _children(conn: Connection, goes: str, keeps: str) -> tuple[str, ...]:
    query = select(accounts.c.id).where(accounts.c.parent == goes, accounts.c.id != keeps)
    found = tuple(conn.execute(query.order_by(accounts.c.id)).scalars())
    for batch in batches(found):
        conn.execute(update(accounts).where(accounts.c.id.in_(batch)).values(parent=keeps))
    return found


def _took_place(conn: Connection, keeps: str, goes: str) -> tuple[str, ...]:
    """Let what stays stand where what goes stood among its relatives, if it was below it or stood alone."""
    query = select(accounts.c.id, accounts.c.parent).where(accounts.c.parent.is_not(None))
    heads: dict[str, str] = {row.id: row.parent for row in conn.execute(query)}
    above, former = heads.get(goes), heads.get(keeps)
    is_below = former is not None and goes in _line(former, heads)
    if not is_below and (former is not None or above is None or keeps in _line(above, heads)):
        return ()
    new = None if above == keeps else above
    conn.execute(update(accounts).where(accounts.c.id == keeps).values(parent=new))
    return (former or "",)


def _line(head: str, heads: Mapping[str, str]) -> list[str]:
    line = [head]
    while (above := heads.get(line[-1])) is not None and above not in line:
        line.append(above)
    return line


def _hand_lessons(conn: Connection, goes: str, keeps: str) -> tuple[tuple[str, ...], tuple[Lesson, ...]]:
    """Give what was taught of the one's names to the other; return their ids, and what spoke against them."""
    gone = conn.execute(select(accounts).where(accounts.c.id == goes)).one()
    here = conn.execute(select(accounts.c.lessons).where(accounts.c.id == keeps)).scalar_one() or ()
    theirs: tuple[Lesson, ...] = gone.lessons or ()
    named = {name.casefold() for name in (gone.name, *gone.aliases)}
    named |= {lesson.name.casefold() for lesson in theirs if lesson.is_own}
    dropped = tuple(one for one in here if not one.is_own and one.name.casefold() in named)
    kept = tuple(one for one in here if one not in dropped)
    if theirs or dropped:
        both = tuple(sorted((*kept, *theirs), key=lambda one: (one.at, one.id)))
        conn.execute(update(accounts).where(accounts.c.id == keeps).values(lessons=both))
        conn.execute(update(accounts).where(accounts.c.id == goes).values(lessons=()))
    return tuple(one.id for one in theirs), dropped


def _take_lessons_home(conn: Connection, merge: Merge) -> None:
    mine = merge.rows.get("lessons", ())
    if not mine and not merge.lessons:
        return
    held: tuple[Lesson, ...] = (
        conn.execute(select(accounts.c.lessons).where(accounts.c.id == merge.keeps)).scalar_one() or ()
    )
    home = tuple(one for one in held if one.id in mine)
    rest = sorted(
        (*(one for one in held if one.id not in mine), *merge.lessons), key=lambda one: (one.at, one.id)
    )
    conn.execute(update(accounts).where(accounts.c.id == merge.keeps).values(lessons=tuple(rest)))
    conn.execute(update(accounts).where(accounts.c.id == merge.goes).values(lessons=home))


def _readdress(conn: Connection, numbers: Iterable[str], account_id: str) -> None:
    """Let what waits to be delivered go to the record of this account."""
    row = conn.execute(select(accounts).where(accounts.c.id == account_id)).one()
    told = {
        "account": row.id,
        "name": row.name,
        "domain": row.domains[0] if row.domains else None,
        "domains": list(row.domains),
        "aliases": list(row.aliases),
        "crm_ids": dict(row.crm_ids),
    }
    waits = select(outbox.c.number, outbox.c.payload).where(outbox.c.state == _WAITING)
    for one in list(each(conn, waits, outbox.c.number, map(int, numbers))):
        known = {key: value for key, value in told.items() if key in one.payload}
        again = update(outbox).where(outbox.c.number == one.number)
        conn.execute(again.values(payload={**one.payload, **known}))


def _readdressed(match: Match, heirs: Mapping[str, str]) -> Match:
    heir = heirs.get(match.account or "")
    return match if heir is None else replace(match, account=heir)


def _as_merge(row: Row[Any]) -> Merge:
    return Merge(
        id=row.id,
        keeps=row.keeps,
        goes=row.goes,
        by=row.by,
        at=row.at,
        rows=row.rows,
        told=row.told,
        lessons=row.lessons,
    )

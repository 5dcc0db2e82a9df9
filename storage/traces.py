"""Traces: every row of every table that names a person, and what becomes of it when they are erased.

Nothing is listed by hand: every text column of every table is read as it is stored, so that a table that
comes later is searched too.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    delete,
    select,
    type_coerce,
    update,
)

from earmark.errors import ConfigError
from earmark.rulebook import parse
from storage.columns import Packed, Words, short
from storage.person import HIDDEN, Person, link_digest
from storage.rows import BATCH
from storage.tables import metadata

__all__ = ["YOURS", "Trace", "events_of", "find", "hide", "ids", "is_yours"]

YOURS: Final[Mapping[str, frozenset[str]]] = {
    "accounts": frozenset({"id", "name", "folded", "domain", "domains", "search", "parent"}),
    "contacts": frozenset({"account"}),
    "sources": frozenset({"id", "kind", "options", "host"}),
    "targets": frozenset({"id", "kind", "options"}),
}
"""Columns that only the team can change: names of accounts, and what sources and targets are told to do."""
_OF_EVENTS: Final[Mapping[str, str]] = {
    "abstentions": "event",
    "event_revisions": "event",
    "events": "id",
    "matches": "event",
}
_WHO: Final = ("contacts", frozenset({"email", "name"}))
"""The table whose rows are each about one person, and the columns that say about whom: such a row goes."""
_LINKS: Final = frozenset({"external_key", "id", "key", "past"})
"""Columns that join rows or tell them apart: a digest stands in the place of what they say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One row that names the person: its table, its key, and the fields that do, as they are stored."""

    table: str
    key: Mapping[str, Any]
    fields: Mapping[str, Any]


def find(conn: Connection, person: Person) -> Iterator[Trace]:
    """Yield every row that names the person, table by table; of a contact, the whole row."""
    for table in metadata.sorted_tables:
        columns = _texts(table)
        names = [column.name for column in columns]
        # As numbers, for a column may be part of the key and a text at once.
        chosen = [type_coerce(column, Text).label(f"t{number}") for number, column in enumerate(columns)]
        keys = [column.label(f"k{number}") for number, column in enumerate(table.primary_key.columns)]
        key_names = [column.name for column in table.primary_key.columns]
        rows = conn.execute(select(*keys, *chosen).execution_options(yield_per=BATCH))
        for row in rows:
            key, texts = row[: len(keys)], row[len(keys) :]
            if not person.may_be_in("\n".join(filter(None, texts))):
                continue
            held = dict(zip(names, texts, strict=True))
            fields = {name: text for name, text in held.items() if text and _tells(table, name, text, person)}
            if fields:
                shown = held if _is_about(table.name, fields) else fields
                yield Trace(
                    table=table.name,
                    key=dict(zip(key_names, key, strict=True)),
                    fields={name: _shown(table, name, text) for name, text in shown.items()},
                )


def is_yours(trace: Trace) -> bool:
    """Say whether all that names the person is what only the team can change."""
    return trace.fields.keys() <= YOURS.get(trace.table, frozenset())


def ids(conn: Connection) -> frozenset[str]:
    """Return what names accounts, sources and targets everywhere: only the team can change it."""
    found: set[str] = set()
    for name in ("accounts", "sources", "targets"):
        found.update(conn.execute(select(metadata.tables[name].c.id)).scalars())
    return frozenset(found | {short(f"a:{each}") for each in found} | {f"a:{each}" for each in found})


def events_of(traces: Iterable[Trace], conn: Connection) -> set[str]:
    """Return the ids of the events whose words name the person, in whatever table they stand."""
    found: set[str] = set()
    for trace in traces:
        column = _OF_EVENTS.get(trace.table)
        if column is not None:
            table = metadata.tables[trace.table]
            query = select(table.c[column]).where(_at(table, trace.key))
            found.update(conn.execute(query).scalars())
    return found


def hide(conn: Connection, traces: Iterable[Trace], person: Person) -> None:
    """Take the person out of these rows; a contact's row goes whole, what only the team can change stays."""
    for trace in traces:
        table = metadata.tables[trace.table]
        if _is_about(trace.table, {name for name, value in trace.fields.items() if _tells_of(value, person)}):
            conn.execute(delete(table).where(_at(table, trace.key)))
            continue
        mine = [name for name in trace.fields if name not in YOURS.get(table.name, frozenset())]
        columns = [type_coerce(table.c[name], Text).label(name) for name in mine]
        if not mine:
            continue
        row = conn.execute(select(*columns).where(_at(table, trace.key))).mappings().one_or_none()
        if row is None:
            continue  # gone since it was found
        values = {name: _without(table, name, text, person) for name, text in row.items() if text}
        changed = {name: value for name, value in values.items() if value != row[name]}
        if changed:
            _write(conn, table, trace.key, changed)


def _write(conn: Connection, table: Table, key: Mapping[str, Any], changed: Mapping[str, str | None]) -> None:
    values = {table.c[name]: type_coerce(value, Text) for name, value in changed.items()}
    conn.execute(update(table).where(_at(table, key)).values(values))


def _texts(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, Text | Words | Packed)]


def _at(table: Table, key: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key.items()))


def _is_about(table: str, fields: Collection[str]) -> bool:
    """Say whether the row is the person's own, given the fields that name the person."""
    return table == _WHO[0] and bool(_WHO[1] & set(fields))


def _tells_of(value: Any, person: Person) -> bool:
    return any(person.in_text(each) for each in _strings(value))


def _tells(table: Table, name: str, text: str, person: Person) -> bool:
    if not isinstance(table.c[name].type, Packed):
        return person.in_text(text)
    # Packed text writes other letters than ASCII as escapes: only then it must be read to be searched.
    if "\\" not in text and not person.in_text(text):
        return False
    return _tells_of(json.loads(text), person)


def _shown(table: Table, name: str, text: str | None) -> Any:
    return json.loads(text) if text and isinstance(table.c[name].type, Packed) else text


def _without(table: Table, name: str, text: str, person: Person) -> str | None:
    """Return what stands in the column once the person is out of it."""
    column = table.c[name]
    if isinstance(column.type, Packed):
        return json.dumps(_hidden(json.loads(text), person), separators=(",", ":"))
    if name in _LINKS:
        return link_digest(text) if person.in_text(text) else text
    hidden = person.hide(text)
    if (table.name, name) == ("rulebook", "body"):
        return hidden if _is_rulebook(hidden) else text
    return None if hidden == HIDDEN and column.nullable else hidden


def _is_rulebook(text: str) -> bool:
    try:
        parse(text)
    except ConfigError:
        return False
    return True


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _hidden(value: Any, person: Person) -> Any:
    if isinstance(value, str):
        return person.hide(value)
    if isinstance(value, dict):
        return {person.hide(key): _hidden(each, person) for key, each in value.items()}
    return [_hidden(each, person) for each in value] if isinstance(value, list) else value

"""Rows in and out in batches: one statement per batch, never one per row."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["BATCH", "add", "added", "batches", "each", "put", "upsert"]

BATCH = 500

T = TypeVar("T")


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Cut the items into lists of at most ``size``."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def upsert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that knows ``on_conflict_…`` in the dialect of the connection."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def put(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Collection[str] = (),
) -> None:
    """Insert the rows; where the primary key is there, replace every given column but those to keep."""
    if not rows:
        return
    # Written by hand, as in ``added``: binding the values would cost more than storing them.
    names = tuple(rows[0])
    binds = _binds(table, names, conn.dialect)
    text = _put_text(table, names, frozenset(keep), conn.dialect.name)
    for batch in batches(rows):
        bound = [tuple(bind(row[name]) if bind else row[name] for name, bind in binds) for row in batch]
        conn.exec_driver_sql(text, bound)


def add(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows; one that is there already stays as it is."""
    statement = upsert(conn, table).on_conflict_do_nothing()
    for batch in batches(rows):
        conn.execute(statement, batch)


def added(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Insert the rows, each with every column, and return the ids of those that were not there.

    The statement is written by hand: this is the busiest one, and SQLAlchemy would spend more time on
    binding the values than the database on storing them.
    """
    dialect, found = conn.dialect, set[str]()
    columns = _binds(table, [column.name for column in table.columns], dialect)
    for batch in batches(rows):
        bound = [[bind(row[name]) if bind else row[name] for name, bind in columns] for row in batch]
        if dialect.name == "postgresql":
            # A column at a time, as arrays: the text of the statement stays short.
            values = tuple(map(list, zip(*bound, strict=True)))
            source = _arrays(table, dialect)
        else:
            values = tuple(chain.from_iterable(bound))
            source = _values(len(columns), len(batch))
        names = ", ".join(f'"{name}"' for name, _ in columns)
        # Only names of our own tables are put into the text; values are bound.
        text = f"INSERT INTO {table.name} ({names}) {source} ON CONFLICT DO NOTHING RETURNING id"
        found.update(conn.exec_driver_sql(text, values).scalars())
    return found


def _binds(table: Table, names: Iterable[str], dialect: Dialect) -> list[tuple[str, Any]]:
    """Return what makes a value of each column fit for the database, or None where it is."""
    return [(name, table.columns[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names]


@lru_cache(maxsize=64)
def _put_text(table: Table, names: tuple[str, ...], keep: frozenset[str], dialect: str) -> str:
    keys = [column.name for column in table.primary_key]
    changed = [name for name in names if name not in keys and name not in keep]
    mark = "%s" if dialect == "postgresql" else "?"
    columns, values = ", ".join(f'"{name}"' for name in names), ", ".join([mark] * len(names))
    key = ", ".join(f'"{name}"' for name in keys)
    update = "UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in changed)
    # Only names of our own tables are put into the text; values are bound.
    return (
        f"INSERT INTO {table.name} ({columns}) VALUES ({values}) "  # noqa: S608 - see above
        f"ON CONFLICT ({key}) DO {update if changed else 'NOTHING'}"
    )


@lru_cache(maxsize=8)
def _values(columns: int, rows: int) -> str:
    row = "(" + ", ".join("?" * columns) + ")"
    return "VALUES " + ", ".join([row] * rows)


@lru_cache(maxsize=8)
def _arrays(table: Table, dialect: Dialect) -> str:
    arrays = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in table.columns)
    return f"SELECT * FROM unnest({arrays})"  # noqa: S608 - the types of our own tables


def each(
    conn: Connection, query: Select[Any], column: ColumnElement[Any], values: Iterable[Any]
) -> Iterator[Row[Any]]:
    """Run the query for the rows whose column holds one of the values, a batch of values at a time."""
    for batch in batches(dict.fromkeys(values)):
        yield from conn.execute(query.where(column.in_(batch)))

"""Erase: all that is stored about a person, found, shown, and removed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from earmark.errors import ConfigError
from matcher.note import erase as without_event
from storage import audit, counters, erasures, removal, traces
from storage.audit import Deed
from storage.engine import Engine, reading, writing
from storage.person import Person, person_of
from storage.rows import batches
from storage.traces import Trace

__all__ = ["Erased", "erase", "sought", "traces_of"]

_ROUNDS = 5
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many rows named the person, by table, and what only the team can change.

    ``overwritten`` says whether the files of SQLite hold no old copy either.
    """

    rows: Mapping[str, int]
    yours: tuple[Trace, ...]
    overwritten: bool


def sought(engine: Engine, text: str) -> Person:
    """Return the person whom a text means, with the names and addresses that the user's list has of them.

    Raises ConfigError when the text names nobody for certain.
    """
    given = person_of([text])
    with reading(engine) as connection:
        listed = erasures.known_as(connection, given)
        ids = traces.ids(connection)
    person = person_of([text, *(each for each in listed if _names_somebody(each))])
    return replace(person, kept=ids)


def _names_somebody(text: str) -> bool:
    try:
        person_of([text])
    except ConfigError:
        return False
    return True


def traces_of(engine: Engine, person: Person) -> list[Trace]:
    """Return every row that names the person."""
    with reading(engine) as connection:
        return list(traces.find(connection, person))


def erase(engine: Engine, person: Person, *, by: str, now: datetime) -> Erased:
    """Remove the person from every table, for good; no import and no poll brings them back.

    Events that name them lose their whole text, and notes say that their evidence was removed. What only
    the team can change (the name of an account, the options of a source) is left, and named.
    """
    with writing(engine) as connection:
        erasures.remember(connection, person, by=by, at=now)
    total: Counter[str] = Counter()
    # What a poll brought in before it could know is found in the next round.
    for _ in range(_ROUNDS):
        found = [trace for trace in traces_of(engine, person) if not traces.is_yours(trace)]
        if not found:
            break
        for batch in batches(found, _AT_ONCE):
            _erased(engine, batch, person)
        total |= Counter(trace.table for trace in found)
    with writing(engine) as connection:
        deed = Deed(at=now, by=by, verb="erase", subject="a person", text=f"{total.total()} rows")
        audit.record(connection, deed)
        counters.bump(connection, counters.LEXICON)
        counters.bump(connection, counters.CHANGES)
    overwritten = erasures.overwrite(engine)
    left = tuple(traces_of(engine, person))
    return Erased(rows=dict(sorted(total.items())), yours=left, overwritten=overwritten)


def _erased(engine: Engine, found: Iterable[Trace], person: Person) -> None:
    held = list(found)
    with writing(engine) as connection:
        removal.remove(connection, traces.events_of(held, connection), without_event)
        noted = [trace.key["id"] for trace in held if trace.table == "triggers" and "note" in trace.fields]
        removal.withhold(connection, noted, person)
        traces.hide(connection, held, person)

"""Erasure: a person is gone from every text column of every table, and no import or poll brings them back."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table, Text, cast, func, insert, select, type_coerce

from earmark.types import Account, Action, Basis, Contact, Mark
from matcher.act import act
from matcher.note import ERASED
from monitors.erase import erase, sought, traces_of
from storage import accounts, audit, events, history, triggers
from storage.audit import Deed
from storage.columns import Moment, Packed, Words
from storage.engine import Engine, reading, writing
from storage.person import HIDDEN
from storage.tables import events as event_rows
from storage.tables import metadata
from storage.traces import YOURS
from tests.builders import NOW, a_stored_event, an_account, an_event
from tests.monitors.line import lexicon_of, poll, prepared, stage

HIRE = an_event(
    "Norvik Labs appoints Ada Berg as chief financial officer",
    external_id="https://wire.example/@adaberg/1",
    text="Norvik Labs has appointed Ada Berg as CFO. Ada Berg joins from Tessel.",
    author="Ada Berg",
    publisher="Fjord Post",
)
FUNDING = an_event(
    "Norvik Labs raises $20 million Series B",
    external_id="2",
    url="https://wire.example/2",
    publisher="Herold",
)
ADA = Contact(id="c1", account="norvik-labs", name="Ada Berg", title="CTO", email="ada@norvik.example")
BEN = Contact(id="c2", account="norvik-labs", name="Ben Ost", title="knows Ada Berg")
NAME = re.compile(r"ada[^a-z0-9]*berg|berg[^a-z0-9]+ada|ada@norvik", re.IGNORECASE)


def _raw(engine: Engine) -> list[tuple[str, str, str]]:
    """Every text that the database holds: table, column, and the text as it is stored."""
    found = []
    with reading(engine) as conn:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, Text | Words | Packed):
                    texts = conn.execute(select(cast(type_coerce(column, Text), Text))).scalars()
                    found += [(table.name, column.name, text) for text in texts if text]
    return found


def _named(engine: Engine) -> list[tuple[str, str, str]]:
    return [each for each in _raw(engine) if NAME.search(each[2])]


def _act(engine: Engine, action: Action) -> None:
    with writing(engine) as conn:
        past = history.load(conn, ["a:norvik-labs"], NOW - timedelta(days=90), NOW)
        history.save(conn, act(action, past, lexicon_of(engine), NOW), NOW)


@pytest.fixture
def told(engine: Engine) -> Engine:
    """A day in which Ada Berg is a contact, in the news, and in what people wrote."""
    prepared(engine, an_account(extra={"Champion": "Ada Berg", "Segment": "North"}))
    with writing(engine) as conn:
        accounts.upsert_contacts(conn, [ADA, BEN])
    poll(engine, [HIRE, FUNDING])
    _act(engine, Action(verb="contacted", by="ida", account="norvik-labs", text="spoke to Ada Berg"))
    _act(engine, Action(verb="suppress", by="Ada Berg", account="norvik-labs", value="opt_out"))
    with writing(engine) as conn:
        audit.record(conn, Deed(at=NOW, by="ida", verb="import", subject="contacts", text="Ada Berg added"))
    return engine


def test_a_person_is_found_wherever_they_are_named(told: Engine) -> None:
    found = traces_of(told, sought(told, "Ada Berg"))
    tables = {trace.table for trace in found}
    assert tables >= {
        "accounts",
        "actions",
        "audit",
        "contacts",
        "events",
        "matches",
        "transitions",
        "triggers",
    }
    contact = next(trace for trace in found if trace.table == "contacts" and trace.key["id"] == "c1")
    assert contact.fields["email"] == "ada@norvik.example"
    assert contact.fields["title"] == "CTO"


def test_looking_for_a_person_changes_nothing(told: Engine) -> None:
    before = _raw(told)
    traces_of(told, sought(told, "Ada Berg"))
    assert _raw(told) == before


@pytest.mark.parametrize("text", ["Ada Berg", "ada@norvik.example"])
def test_an_erased_person_is_in_no_text_of_any_table(told: Engine, text: str) -> None:
    assert _named(told)
    erased = erase(told, sought(told, text), by="ida", now=NOW)
    assert erased.yours == ()
    assert _named(told) == []
    with reading(told) as conn:
        (ben,) = accounts.contacts(conn, ["norvik-labs"])["norvik-labs"]
        account = accounts.get(conn, "norvik-labs")
    assert account
    assert (ben.name, ben.title) == ("Ben Ost", f"knows {HIDDEN}")
    assert account.extra == {"Champion": HIDDEN, "Segment": "North"}
    assert stage(told) == "contacted"


def test_notes_say_that_their_evidence_was_removed_and_other_notes_stay(told: Engine) -> None:
    with reading(told) as conn:
        before = {each.kind: each for each in triggers.find(conn)}
    erase(told, sought(told, "Ada Berg"), by="ida", now=NOW)
    with reading(told) as conn:
        after = {each.kind: each for each in triggers.find(conn)}
    assert after.keys() == before.keys() == {"exec_hire", "funding_early"}
    hire, funding = after["exec_hire"].note, after["funding_early"].note
    assert hire
    assert funding
    assert {each.text for each in hire.sentences if each.section in ("why_now", "evidence")} >= {ERASED}
    assert not any(each.basis is Basis.EVIDENCE for each in hire.sentences)
    assert any("$20 million" in each.text for each in funding.sentences)


def test_a_later_poll_does_not_bring_the_person_back(told: Engine) -> None:
    erase(told, sought(told, "Ada Berg"), by="ida", now=NOW)
    again = poll(told, [HIRE, FUNDING])
    assert (again.new, again.revised) == (0, 0)
    revised = an_event(
        "Norvik Labs names Ada Berg its CFO", external_id=HIRE.external_id, url=HIRE.url, author="Ada Berg"
    )
    new = an_event("Norvik Labs: CFO Ada Berg on hiring", external_id="9", url="https://wire.example/9")
    poll(told, [revised, new])
    assert _named(told) == []
    with reading(told) as conn:
        titles = {event.title for event in events.stream(conn)}
    assert f"Norvik Labs: CFO {HIDDEN} on hiring" in titles


def test_who_was_never_stored_can_be_erased_beforehand(engine: Engine) -> None:
    prepared(engine)
    assert erase(engine, sought(engine, "Ada Berg"), by="ida", now=NOW).rows == {}
    poll(engine, [HIRE])
    assert _named(engine) == []


def test_erasing_twice_finds_nothing_the_second_time(told: Engine) -> None:
    assert erase(told, sought(told, "Ada Berg"), by="ida", now=NOW).rows
    after = _raw(told)
    assert erase(told, sought(told, "Ada Berg"), by="ida", now=NOW).rows == {}
    assert [each for each in _raw(told) if each[0] != "audit"] == [
        each for each in after if each[0] != "audit"
    ]


def test_the_record_says_that_somebody_was_erased_and_not_who(told: Engine) -> None:
    erase(told, sought(told, "Ada Berg"), by="ida", now=NOW)
    with reading(told) as conn:
        deed = audit.recent(conn, 1)[0]
    assert (deed.verb, deed.by, deed.subject) == ("erase", "ida", "a person")


def test_an_account_that_bears_the_name_goes_on_working_and_is_left_to_the_team(engine: Engine) -> None:
    account = Account(id="ada-berg", name="Ada Berg", domains=("adaberg.example",))
    prepared(engine, account)
    poll(engine, [an_event("Ada Berg raises $20 million Series B", publisher="Fjord Post")])
    erased = erase(engine, sought(engine, "Ada Berg"), by="ida", now=NOW)
    assert {trace.table for trace in erased.yours} == {"accounts"}
    with reading(engine) as conn:
        assert accounts.get(conn, "ada-berg") is not None
        past = history.load(conn, ["a:ada-berg"], NOW - timedelta(days=90), NOW).pasts["a:ada-berg"]
    assert past.account
    assert len(past.stories) == len(past.triggers) == 1


def test_the_file_itself_no_longer_holds_the_name(sqlite_engine: Engine, tmp_path: Path) -> None:
    prepared(sqlite_engine)
    poll(sqlite_engine, [HIRE])
    assert erase(sqlite_engine, sought(sqlite_engine, "Ada Berg"), by="ida", now=NOW).overwritten
    sqlite_engine.dispose()
    for file in tmp_path.glob("earmark.db*"):
        assert b"Ada Berg" not in file.read_bytes()


_NOTE = {
    "ref": "r",
    "headline": "Ada Berg",
    "sentences": [{"section": "who", "text": "Ada Berg", "basis": "record", "field": "contacts"}],
}
_TYPED: dict[tuple[str, str], Any] = {
    ("triggers", "note"): _NOTE,
    ("stories", "facts"): [{"key": "person", "value": "Ada Berg", "span": None, "publishers": ["Ada Berg"]}],
    ("outbox", "payload"): {"trigger": "x", "note": "Ada Berg", "Ada Berg": ["Ada Berg"]},
}
_EVENT = a_stored_event("Ada Berg", author="Ada Berg", text="Ada Berg", mark=Mark.LIVE)


_RAW = {("rulebook", "body"): "# what Ada Berg said\n", ("event_revisions", "body"): _EVENT}


def _text(table: str, column: Column[Any]) -> Any:
    """A text that names Ada Berg, in the form in which the column stores it."""
    if column.name in YOURS.get(table, ()):
        return "kept"
    if isinstance(column.type, Packed):
        told = _TYPED.get((table, column.name), ["Ada Berg", {"x": "by Ada Berg"}])
        return type_coerce(json.dumps(told), Text)
    return type_coerce(f"{column.name} of Ada Berg", Text)


def _value(table: str, column: Column[Any], keys: dict[str, str]) -> Any:
    if column.foreign_keys:
        (target,) = column.foreign_keys
        return keys[target.column.table.name]
    if (table, column.name) in _RAW:
        return _RAW[table, column.name]
    if column.name == "id":
        return keys.setdefault(table, f"{table}-1")
    if isinstance(column.type, Text | Words | Packed):
        return _text(table, column)
    if isinstance(column.type, Moment):
        return NOW
    return True if column.type.python_type is bool else 1


def _planted(engine: Engine, table: Table, keys: dict[str, str]) -> None:
    """Insert one row whose every text names Ada Berg, with what the keys ask for."""
    columns = [column for column in table.columns if column.autoincrement is not True]
    with writing(engine) as conn:
        conn.execute(insert(table).values({column: _value(table.name, column, keys) for column in columns}))


def test_a_name_planted_in_every_text_column_of_every_table_is_gone(engine: Engine) -> None:
    keys: dict[str, str] = {}
    for table in metadata.sorted_tables:
        _planted(engine, table, keys)
    with reading(engine) as conn:
        for table in metadata.sorted_tables:
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 1, table.name
    erased = erase(engine, sought(engine, "Ada Berg"), by="ida", now=NOW)
    left = [(table, column) for table, column, text in _raw(engine) if NAME.search(text)]
    yours = {(trace.table, field) for trace in erased.yours for field in trace.fields}
    assert set(left) == yours <= {(table, column) for table, columns in YOURS.items() for column in columns}
    with reading(engine) as conn:
        assert conn.execute(select(event_rows.c.id)).scalars().all() == ["events-1"]


def test_an_import_does_not_bring_the_person_back(told: Engine) -> None:
    erase(told, sought(told, "Ada Berg"), by="ida", now=NOW)
    again = Contact(id="c9", account="norvik-labs", name="Berg, Ada", title="CTO")
    with writing(told) as conn:
        done = accounts.upsert_contacts(conn, [ADA, BEN, again])
        accounts.upsert(conn, [an_account(extra={"Champion": "Ada Berg", "Note": "new"})])
    assert set(done.refused) == {"c1", "c9"}
    assert _named(told) == []
    with reading(told) as conn:
        account = accounts.get(conn, "norvik-labs")
    assert account
    assert account.extra == {"Champion": HIDDEN, "Note": "new"}

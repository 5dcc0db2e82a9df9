"""What a search finds, whatever is typed, and that it keeps in step with what is stored."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account, Basis, Changes, Note, Sentence, TriggerState
from storage import accounts, erasures, events, history, listing, search, triggers
from storage.engine import Engine, reading, writing
from storage.wanted import Order, State, Wanted
from tests.builders import NOW, an_account
from tests.storage.nouns import a_story, a_told_match, a_trigger, some_events

NORVIK = an_account("Norvik Labs", aliases=("NVK Group",))


def _told(engine: Engine, text: str = "Ärzte der Klinik wählten Zündwerk", account: Account = NORVIK) -> str:
    [event] = some_events(1)
    story = a_story(a_told_match(event, account=account.id), publishers=("Kurier am Abend",))
    sentence = Sentence(section="why_now", text=text, basis=Basis.EVIDENCE)
    note = Note(ref="", headline=f"{account.name} raised money", sentences=(sentence,))
    trigger = a_trigger(story, note=note)
    with writing(engine) as conn:
        accounts.upsert(conn, [account])
        events.insert(conn, [event])
        history.save(conn, Changes(stories=(story,), triggers=(trigger,)), NOW)
    return trigger.id


def _found(engine: Engine, words: str) -> list[str]:
    with reading(engine) as conn:
        return list(conn.execute(search.matching(conn, words)).scalars())


@pytest.mark.parametrize(
    "words",
    [
        "norvik",
        "NORVIK money",
        "money norv",
        "arzte",
        "Ärzte KLIN",
        "zundwerk",
        "nvk group",
        "norviklabs.example",
        "kurier",
        "norvik: \"raised' (",
        "norvik -- ; raised_money",
        "\x00norvik 🎉",
    ],
)
def test_words_of_note_account_and_publisher_are_found(engine: Engine, words: str) -> None:
    trigger = _told(engine)
    assert _found(engine, words) == [trigger]


@pytest.mark.parametrize(
    "words",
    [
        "norvik acme",
        "norvik OR acme",
        "norvik; DROP TABLE search",
        "orvik",
        "norv money",
        "🎉",
        "\x00",
        "",
        "' \" * :",
    ],
)
def test_what_does_not_stand_there_is_not_found(engine: Engine, words: str) -> None:
    _told(engine)
    assert _found(engine, words) == []


def test_ten_thousand_characters_are_no_trouble(engine: Engine) -> None:
    trigger = _told(engine)
    assert _found(engine, "norvik " * 2_000) == [trigger]
    assert _found(engine, "(" * 10_000) == []
    assert _found(engine, "x" * 10_000) == []


def test_a_renamed_account_is_found_by_its_new_name_alone(engine: Engine) -> None:
    trigger = _told(engine)
    with writing(engine) as conn:
        accounts.upsert(conn, [replace(NORVIK, name="Zephyr Works", aliases=())])
    assert _found(engine, "zephyr") == [trigger]
    assert _found(engine, "nvk") == []


def test_a_note_told_anew_is_found_by_its_new_words_alone(engine: Engine) -> None:
    trigger = _told(engine)
    with writing(engine) as conn:
        known = triggers.get(conn, trigger)
        assert known is not None
        assert known.note is not None
        triggers.save(conn, [replace(known, note=replace(known.note, sentences=()))])
    assert _found(engine, "klinik") == []
    assert _found(engine, "norvik") == [trigger]


def test_a_trigger_is_found_whatever_became_of_it(engine: Engine) -> None:
    trigger = _told(engine)
    with writing(engine) as conn:
        known = triggers.get(conn, trigger)
        assert known is not None
        triggers.save(conn, [replace(known, state=TriggerState.DISMISSED, ended_at=NOW)])
    assert _found(engine, "norvik") == [trigger]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=60))
def test_words_that_are_looked_up_hold_nothing_but_letters_and_digits(texts: list[str]) -> None:
    for word in search.words_of(" ".join(texts)):
        assert "_" not in word
        assert not set(word) & set("()&|!<>:*-+^~")
        assert "'" not in word
        assert '"' not in word


def test_no_text_breaks_a_search(sqlite_engine: Engine) -> None:
    _told(sqlite_engine)

    @given(st.text(max_size=200))
    def tried(words: str) -> None:
        assert len(_found(sqlite_engine, words)) <= 1

    tried()


def test_no_text_breaks_a_search_of_postgresql(postgresql_engine: Engine) -> None:
    with reading(postgresql_engine) as conn:

        @given(st.text(max_size=200))
        def tried(words: str) -> None:
            assert conn.execute(search.matching(conn, words).limit(1)).all() is not None

        tried()


def test_what_was_taken_out_is_not_in_the_files_either(sqlite_engine: Engine, tmp_path: Path) -> None:
    trigger = _told(sqlite_engine, "Quixandra Vell leads the round")
    with writing(sqlite_engine) as conn:
        known = triggers.get(conn, trigger)
        assert known is not None
        assert known.note is not None
        triggers.save(conn, [replace(known, note=replace(known.note, sentences=()))])
    assert erasures.overwrite(sqlite_engine)
    held = b"".join(file.read_bytes() for file in tmp_path.glob("earmark.db*"))
    assert b"quixandra" not in held.lower()
    assert _found(sqlite_engine, "norvik") == [trigger]


@pytest.mark.parametrize("few", [0, 2_000])
def test_words_that_many_have_are_found_as_those_that_few_have(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    trigger = _told(engine)
    monkeypatch.setattr(search, "_FEW", few)
    with reading(engine) as conn:
        for words, held in (("norvik money", [trigger]), ("acme", []), ("🎉", [])):
            found = listing.page(conn, Wanted(words=words, state=State.EVERYTHING, order=Order.NEWEST), NOW)
            assert [group.best.id for group in found] == held

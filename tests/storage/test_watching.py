from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.types import Outgoing
from monitors.health import health_of
from storage import outbox, polls, watching
from storage.engine import Engine, reading, writing
from storage.polls import Configured, Finished
from storage.watching import ORDER, Brought
from tests.builders import NOW, ago


def add(engine: Engine, name: str, kind: str = "feed", url: str = "https://a.example/") -> None:
    with writing(engine) as conn:
        polls.add(conn, name, kind, {"url": url}, NOW)


def finish(engine: Engine, source: str, **changes: Any) -> None:
    fields: dict[str, Any] = {"started_at": NOW, "finished_at": NOW, "outcome": "new"}
    fields |= {"next_poll_at": NOW + timedelta(hours=1)}
    with writing(engine) as conn:
        polls.finish(conn, [Finished(source=source, **(fields | changes))])


def fill(engine: Engine) -> None:
    """One source in each state."""
    for name in ("paused", "stopped", "failing", "late", "silent", "new", "ok"):
        add(engine, f"is-{name}", url=f"https://{name}.example/feed")
    finish(engine, "is-ok")
    finish(engine, "is-silent", silent_since=ago(3))
    finish(engine, "is-late", next_poll_at=ago(1))
    finish(engine, "is-failing", outcome="unavailable", failures=2, error="It did not answer.")
    with writing(engine) as conn:
        polls.pause(conn, "is-stopped", "410 Gone.")
        polls.set_enabled(conn, "is-paused", enabled=False)


def test_the_state_by_the_database_is_that_of_health(engine: Engine) -> None:
    fill(engine)
    with reading(engine) as conn:
        for one in polls.every(conn):
            state = health_of(one, NOW).state
            assert one.id == f"is-{state}"
            assert [each.id for each in watching.listed(conn, NOW, state=state)] == [one.id]
        assert watching.states(conn, NOW) == dict.fromkeys(ORDER, 1)


def test_what_wants_a_person_comes_first_and_pages_hold_all_once(engine: Engine) -> None:
    fill(engine)
    with reading(engine) as conn:
        whole = [one.id for one in watching.listed(conn, NOW)]
        assert whole == [f"is-{state}" for state in ORDER]
        seen: list[str] = []
        after = None
        while page := watching.listed(conn, NOW, after=after, limit=2):
            seen += [one.id for one in page]
            after = ORDER.index(health_of(page[-1], NOW).state), page[-1].id
        assert seen == whole


def test_sources_are_found_by_words_as_they_are_written(engine: Engine) -> None:
    fill(engine)
    add(engine, "ten%", url="https://b.example/")

    def found(words: str) -> list[str]:
        with reading(engine) as conn:
            return [one.id for one in watching.listed(conn, NOW, words=words)]

    assert found("SILENT") == ["is-silent"]
    assert found("is new") == ["is-new"]
    assert found("%") == ["ten%"]
    assert found("silent.example") == ["is-silent"]
    assert found("' OR 1=1 --") == []
    assert found("is\x00new") == ["is-new"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only reads
@given(words=st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_is_searched_for_is_an_answer(sqlite_engine: Engine, words: str) -> None:
    with reading(sqlite_engine) as conn:
        assert watching.listed(conn, NOW, words=words) == []


def test_kinds_count_what_can_show_something(engine: Engine) -> None:
    fill(engine)
    with reading(engine) as conn:
        assert watching.kinds(conn, NOW) == {"feed": 4}


def test_what_polls_brought_is_summed_since_a_time(engine: Engine) -> None:
    add(engine, "wire")
    finish(engine, "wire", new=3, triggers=1)
    finish(engine, "wire", outcome="unchanged")
    finish(engine, "wire", outcome="changed", error="no feed", failures=1)
    finish(engine, "wire", finished_at=ago(9), new=50)
    with reading(engine) as conn:
        assert watching.brought(conn, ["wire", "other"], ago(7)) == {
            "wire": Brought(polls=3, failed=1, new=3, triggers=1)
        }


def test_options_that_watch_something_else_begin_anew(engine: Engine) -> None:
    def known() -> Configured:
        with reading(engine) as conn:
            found = polls.get(conn, "wire")
        assert found is not None
        return found

    add(engine, "wire")
    finish(engine, "wire", state={"seen": 1}, rhythm=(ago(2),), pace="every hour")
    with writing(engine) as conn:
        assert polls.alter(conn, "wire", "feed", {"url": "https://a.example/", "every": 60}, NOW, anew=False)
    assert (known().first_polled_at, dict(known().state)) == (NOW, {"seen": 1})
    assert known().options["every"] == 60
    with writing(engine) as conn:
        assert polls.alter(conn, "wire", "feed", {"url": "https://b.example/"}, NOW, anew=True)
        assert not polls.alter(conn, "wire", "jobs", {}, NOW, anew=True)
        assert not polls.alter(conn, "gone", "feed", {}, NOW, anew=True)
    assert (known().first_polled_at, dict(known().state), known().rhythm) == (None, {}, ())
    assert (known().host, known().pace, known().next_poll_at) == ("b.example", None, NOW)


def test_a_source_is_hastened_unless_it_stands_still(engine: Engine) -> None:
    fill(engine)
    with writing(engine) as conn:
        done = {name: polls.hasten(conn, f"is-{name}", ago(1)) for name in (*ORDER, "nowhere")}
    assert {name for name, was in done.items() if was} == {"failing", "late", "silent", "new", "ok"}


def test_older_deliveries_are_read_before_a_number(engine: Engine) -> None:
    with writing(engine) as conn:
        new = [Outgoing(target="crm", topic="t", key=f"k{n}", account=None, payload={}) for n in range(5)]
        outbox.add(conn, new, NOW)
        numbers = [one.number for one in outbox.find(conn, target="crm")]
        older = [one.number for one in outbox.find(conn, target="crm", before=numbers[1])]
    assert older == numbers[2:]

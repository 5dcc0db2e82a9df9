import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Action
from storage import actions, audit
from storage.audit import Deed
from storage.deeds import Done, done
from storage.engine import Connection, Engine, migrate, writing
from tests.builders import NOW, days
from tests.storage.databases import opened


def a_log(conn: Connection, length: int) -> list[str]:
    """Write a log of changes and actions in turn, and return who did each, the newest first."""
    for number in range(length):
        at, by = NOW + days(number), f"u{number}"
        if number % 3:
            audit.record(conn, Deed(at=at, by=by, verb="source.pause", subject="wire", text="Too loud."))
        else:
            action = Action(verb="dismiss", by=by, account="norvik-labs", value="too_old", text="from May")
            actions.save(conn, [action], at)
    return [f"u{number}" for number in reversed(range(length))]


@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 25])
def test_the_log_is_read_in_parts_that_lack_nothing_and_repeat_nothing(engine: Engine, length: int) -> None:
    with writing(engine) as conn:
        told, seen, after = a_log(conn, length), list[str](), None
        while True:
            part = done(conn, after, limit=5)
            seen += [deed.by for deed in part.deeds]
            after = part.after
            if after is None:
                break
        assert seen == told


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12), st.integers(1, 4))
def test_what_was_stored_out_of_its_order_is_read_once_too(told: list[tuple[bool, int]], size: int) -> None:
    with opened("sqlite://") as engine:
        migrate(engine)
        with writing(engine) as conn:
            for number, (is_change, day) in enumerate(told):
                at, by = NOW + days(day), f"u{number}"
                if is_change:
                    audit.record(conn, Deed(at=at, by=by, verb="source.pause", subject="wire"))
                else:
                    actions.save(conn, [Action(verb="remark", by=by, account="norvik-labs", text="x")], at)
            seen, after = list[str](), None
            while True:
                part = done(conn, after, limit=size)
                seen += [deed.by for deed in part.deeds]
                after = part.after
                if after is None:
                    break
    assert sorted(seen) == sorted(f"u{number}" for number in range(len(told)))


def test_what_is_done_meanwhile_does_not_move_the_next_part(engine: Engine) -> None:
    with writing(engine) as conn:
        told = a_log(conn, 12)
        first = done(conn, None, limit=5)
        audit.record(conn, Deed(at=NOW + days(99), by="late", verb="user.add", subject="bo"))
        assert [deed.by for deed in done(conn, first.after, limit=50).deeds] == told[5:]


def test_an_action_says_in_words_what_it_was_about(engine: Engine) -> None:
    with writing(engine) as conn:
        a_log(conn, 2)
        change, action = done(conn).deeds
        assert change == Done(
            at=NOW + days(1), by="u1", verb="source.pause", subject="wire", text="Too loud."
        )
        assert action == Done(
            at=NOW,
            by="u0",
            verb="dismiss",
            subject="norvik-labs",
            text="too old: from May",
            account="norvik-labs",
        )


@pytest.mark.parametrize("after", ["", "x", "1", "1.", ".1", "-1.5", "1.5.9", "٣.٣", "9" * 99 + ".1", "\x00"])
def test_any_place_in_the_log_is_borne(engine: Engine, after: str) -> None:
    with writing(engine) as conn:
        a_log(conn, 3)
        assert len(done(conn, after).deeds) <= 3

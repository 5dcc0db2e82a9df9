import pytest

from earmark.errors import ConfigError
from storage import counters, targets
from storage.engine import Engine, writing
from storage.targets import Target
from tests.builders import NOW, days


def test_a_target_comes_back_with_its_options(engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "crm", "attio", {"token": "env:TOKEN", "members": {"ann": "U1"}}, NOW)
        options = {"token": "env:TOKEN", "members": {"ann": "U1"}}
        assert targets.get(conn, "crm") == Target(
            id="crm", kind="attio", options=options, created_at=NOW, next_read_at=NOW
        )
        assert targets.get(conn, "crn") is None
        assert [one.id for one in targets.every(conn)] == ["crm"]


def test_new_options_wake_a_target_and_keep_what_it_remembers(engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "crm", "attio", {"token": "env:OLD"}, NOW)
        targets.keep(conn, "crm", {"fields": ["a"]}, {})
        targets.pause(conn, "crm", "refused")
        targets.add(conn, "crm", "attio", {"token": "env:NEW"}, NOW + days(1))
        found = targets.get(conn, "crm")
        assert found is not None
        assert (found.options, found.state) == ({"token": "env:NEW"}, {"fields": ["a"]})
        assert (found.paused_reason, found.created_at) == (None, NOW)


def test_what_two_processes_learned_is_kept_of_both(engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "crm", "attio", {}, NOW)
        targets.keep(conn, "crm", {"fields": ["a"], "old": 1}, {})
        before = {"fields": ["a"], "old": 1}
        targets.keep(conn, "crm", before | {"cursor": 7}, before)
        targets.keep(conn, "crm", {"fields": ["a", "b"]}, before)
        found = targets.get(conn, "crm")
        assert found is not None
        assert found.state == {"fields": ["a", "b"], "cursor": 7}


def test_targets_are_read_at_their_time_unless_they_are_paused(engine: Engine) -> None:
    with writing(engine) as conn:
        for name in ("a", "b", "c"):
            targets.add(conn, name, "attio", {}, NOW)
        targets.read(conn, "a", NOW, NOW + days(1))
        targets.pause(conn, "b", "refused")
        assert [one.id for one in targets.to_be_read(conn, NOW)] == ["c"]
        assert [one.id for one in targets.to_be_read(conn, NOW + days(1))] == ["a", "c"]


def test_a_name_is_of_one_kind(engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "crm", "attio", {}, NOW)
        with pytest.raises(ConfigError, match="already, of the kind attio"):
            targets.add(conn, "crm", "hubspot", {}, NOW)


def test_only_targets_that_want_it_take_promotions_by_themselves(engine: Engine) -> None:
    with writing(engine) as conn:
        before = counters.value(conn, counters.LEXICON)
        targets.add(conn, "crm", "attio", {}, NOW)
        targets.add(conn, "chat", "slack", {"automatic": False}, NOW)
        assert targets.automatic(conn) == ("crm",)
        assert counters.value(conn, counters.LEXICON) > before
        assert targets.remove(conn, "crm")
        assert not targets.remove(conn, "crm")
        assert targets.automatic(conn) == ()


def test_a_reading_is_noted_and_a_failed_one_says_why(engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "crm", "attio", {}, NOW)
        targets.read(conn, "crm", NOW, NOW + days(1))
        targets.read(conn, "crm", NOW + days(1), NOW + days(2), "Timed out.")
        found = targets.get(conn, "crm")
        assert found is not None
        assert (found.last_read_at, found.next_read_at) == (NOW, NOW + days(2))
        assert found.last_error == "Timed out."
        targets.read(conn, "crm", NOW + days(2), NOW + days(3))
        found = targets.get(conn, "crm")
        assert found is not None
        assert found.last_error is None

from typing import Any

from earmark.contract import Change, Receipt
from storage import deliveries
from storage.deliveries import Batch
from storage.engine import Engine, writing
from tests.builders import NOW, days


def a_change(key: str = "norvik", **told: Any) -> Change:
    fields: dict[str, Any] = {
        "action": "update",
        "object": "company",
        "key": key,
        "remote_id": "7",
        "before": {"stage": None},
        "after": {"stage": "hot"},
    }
    return Change(**(fields | told))


def test_what_was_made_is_known_with_the_targets_own_id(engine: Engine) -> None:
    note = a_change("t1", object="note", action="create", remote_id=None, before={}, after={"body": "x"})
    keys = [("company", "norvik"), ("note", "t1")]
    with writing(engine) as conn:
        made = [
            (a_change(), Receipt(key="norvik")),
            (note, Receipt(key="t1", remote_id="n1", url="https://x")),
        ]
        deliveries.done(conn, "crm", "run-1", made, NOW, hashes={("note", "t1"): "h"})
        known = deliveries.known(conn, "crm", keys)
        assert {key: (one.remote_id, one.url, one.hash) for key, one in known.items()} == {
            ("company", "norvik"): ("7", None, None),
            ("note", "t1"): ("n1", "https://x", "h"),
        }
        assert deliveries.known(conn, "chat", keys) == {}
        deliveries.forget(conn, "crm", [("note", "t1")])
        assert set(deliveries.known(conn, "crm", keys)) == {("company", "norvik")}


def test_a_company_of_the_target_is_of_the_account_for_which_we_wrote_it(engine: Engine) -> None:
    note = a_change("t1", object="note")
    with writing(engine) as conn:
        for target, key in (("crm", "norvik"), ("chat", "orlo")):
            deliveries.done(conn, target, "run", [(a_change(key), Receipt(key=key))], NOW, hashes={})
        deliveries.done(conn, "crm", "run", [(note, Receipt(key="t1", remote_id="8"))], NOW, hashes={})
        assert deliveries.accounts_of(conn, "crm", ["7", "8", "9"]) == {"7": "norvik"}


def test_what_stands_of_one_object_is_not_taken_for_another_one(engine: Engine) -> None:
    both = [(a_change(object=name), Receipt(key="norvik", remote_id=name)) for name in ("company", "note")]
    with writing(engine) as conn:
        deliveries.done(conn, "crm", "run", both, NOW, hashes={})
        known = deliveries.known(conn, "crm", [("note", "norvik")])
        assert {key: one.remote_id for key, one in known.items()} == {("note", "norvik"): "note"}
        deliveries.forget(conn, "chat", [("note", "norvik")])
        deliveries.forget(conn, "crm", [("note", "norvik")])
        every = [("company", "norvik"), ("note", "norvik")]
        assert deliveries.known(conn, "crm", every).keys() == {("company", "norvik")}


def test_a_key_longer_than_an_index_holds_is_found_again(engine: Engine) -> None:
    keys = [f"{'k' * 9_000}{number}" for number in range(2)]
    with writing(engine) as conn:
        made = [(a_change(key, remote_id=key[-1]), Receipt(key=key)) for key in keys]
        deliveries.done(conn, "crm", "run-1", made, NOW, hashes={})
        known = deliveries.known(conn, "crm", [("company", key) for key in keys])
        assert [known[("company", key)].remote_id for key in keys] == ["0", "1"]


def test_a_thousand_keys_are_asked_for_at_once(engine: Engine) -> None:
    with writing(engine) as conn:
        made = [(a_change(f"k{n}"), Receipt(key=f"k{n}", remote_id=str(n))) for n in range(1_100)]
        deliveries.done(conn, "crm", "run-1", made, NOW, hashes={})
        assert len(deliveries.known(conn, "crm", [("company", f"k{n}") for n in range(1_100)])) == 1_100


def test_a_run_comes_back_the_latest_change_first_and_remembers_what_was_taken_back(engine: Engine) -> None:
    first, second = a_change(), a_change(before={"stage": "hot"}, after={"stage": "warm"})
    with writing(engine) as conn:
        deliveries.done(conn, "crm", "run-1", [(first, Receipt(key="norvik"))], NOW, hashes={})
        deliveries.done(conn, "crm", "run-1", [(second, Receipt(key="norvik"))], NOW, hashes={})
        skipped = a_change(action="skip")
        deliveries.done(conn, "crm", "run-1", [(skipped, Receipt(key="norvik"))], NOW, hashes={})
        deliveries.done(
            conn, "wiki", "run-2", [(a_change(), Receipt(key="norvik"))], NOW + days(1), hashes={}
        )
        done = deliveries.of_batch(conn, "run-1")
        assert [one.change for one in done] == [second, first]
        deliveries.undone(conn, [done[0].number], NOW + days(2))
        assert [one.undone_at for one in deliveries.of_batch(conn, "run-1")] == [NOW + days(2), None]
        assert deliveries.batches_of(conn) == [
            Batch(target="wiki", batch="run-2", at=NOW + days(1), changes=1, undone=0),
            Batch(target="crm", batch="run-1", at=NOW, changes=2, undone=1),
        ]
        assert [one.batch for one in deliveries.batches_of(conn, "crm")] == ["run-1"]

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from earmark.types import Outgoing
from storage import outbox, retention
from storage.engine import Engine, writing
from storage.outbox import Parcel, State
from tests.builders import NOW, days

LEASE = timedelta(minutes=1)


def an_outgoing(key: str = "k", target: str = "crm") -> Outgoing:
    payload = {"amount": Decimal("20.50"), "when": NOW, "kinds": ("a", "b"), "list": [1, None]}
    return Outgoing(target=target, topic="account.promoted", key=key, account="norvik-labs", payload=payload)


def keys(parcels: Iterable[Parcel]) -> list[str]:
    return [parcel.outgoing.key for parcel in parcels]


def test_a_delivery_comes_back_with_its_types(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing()], NOW)
        expected = Parcel(number=1, outgoing=an_outgoing(), attempts=0, next_at=NOW, created_at=NOW)
        assert outbox.pending(conn, NOW) == [expected]
        assert outbox.pending(conn, NOW - days(1)) == []


def test_a_target_gets_each_key_once_for_ever(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing(), an_outgoing()], NOW)
        outbox.sent(conn, outbox.pending(conn, NOW)[0].number, {"id": "42"}, NOW)
        outbox.add(conn, [an_outgoing(), an_outgoing(target="chat")], NOW)
        assert [parcel.outgoing.target for parcel in outbox.pending(conn, NOW)] == ["chat"]


def test_what_a_worker_took_waits_for_it_until_the_lease_ends(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing(str(n)) for n in range(3)], NOW)
        taken = outbox.take(conn, NOW, limit=2, lease=LEASE, worker="w1")
        assert [parcel.outgoing.key for parcel in taken] == ["0", "1"]
        assert [p.outgoing.key for p in outbox.take(conn, NOW, limit=9, lease=LEASE, worker="w2")] == ["2"]
        assert outbox.pending(conn, NOW) == []
        assert len(outbox.pending(conn, NOW + LEASE)) == 3


def test_a_failure_is_tried_again_at_its_time_or_waits_for_a_person(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing()], NOW)
        outbox.take(conn, NOW, limit=1, lease=LEASE, worker="w1")
        outbox.failed(conn, 1, "Timed out.", NOW, NOW + days(1))
        assert outbox.pending(conn, NOW) == []
        [parcel] = outbox.pending(conn, NOW + days(1))
        assert (parcel.attempts, parcel.last_error) == (1, "Timed out.")
        outbox.failed(conn, 1, "No such field.", NOW, None)
        assert outbox.pending(conn, NOW + days(9)) == []
        outbox.failed(conn, 1, "Timed out.", NOW, NOW + days(9))
        assert [parcel.attempts for parcel in outbox.pending(conn, NOW + days(9))] == [3]


def test_a_delivery_is_forgotten_a_year_after_it_was_made(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("made"), an_outgoing("waiting")], NOW)
        outbox.sent(conn, 1, {}, NOW)
        assert retention.prune(conn, NOW + days(365)) == 0
        assert retention.prune(conn, NOW + days(366)) == 1
        assert len(outbox.pending(conn, NOW)) == 1


def test_a_delivery_that_was_skipped_is_forgotten_as_one_that_was_made(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing()], NOW)
        [parcel] = outbox.pending(conn, NOW)
        outbox.skipped(conn, {parcel.number: "a customer"}, NOW)
        assert retention.prune(conn, NOW + days(365)) == 0
        assert retention.prune(conn, NOW + days(366)) == 1


def test_the_newest_deliveries_are_found_by_target_and_state_a_page_at_a_time(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a"), an_outgoing("b", "chat"), an_outgoing("c")], NOW)
        outbox.failed(conn, 1, "Timed out.", NOW, NOW)
        outbox.sent(conn, 1, {"id": "42"}, NOW)
        assert keys(outbox.find(conn)) == ["c", "b", "a"]
        assert keys(outbox.find(conn, limit=2)) == ["c", "b"]
        assert keys(outbox.find(conn, before=3)) == ["b", "a"]
        assert keys(outbox.find(conn, target="crm")) == ["c", "a"]
        [sent] = outbox.find(conn, state=State.SENT)
        assert (sent.number, sent.state, sent.receipt, sent.last_error) == (1, State.SENT, {"id": "42"}, None)


def test_lists_of_deliveries_have_an_end(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing(f"{n:03}") for n in range(101)], NOW)
        assert len(outbox.find(conn)) == 50
        assert keys(outbox.pending(conn, NOW)) == [f"{n:03}" for n in range(100)]


def test_what_waits_longest_goes_first(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("late")], NOW)
        outbox.add(conn, [an_outgoing("early")], NOW - days(1))
        assert keys(outbox.pending(conn, NOW)) == ["early", "late"]


def test_the_targets_that_something_waits_for_are_named_once_and_in_order(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a", "wiki"), an_outgoing("b", "wiki"), an_outgoing("c")], NOW)
        outbox.add(conn, [an_outgoing("d", "later")], NOW + days(1))
        outbox.add(conn, [an_outgoing("e", "done")], NOW)
        outbox.sent(conn, 5, {}, NOW)
        assert outbox.targets_due(conn, NOW) == ["crm", "wiki"]


def test_a_target_is_in_one_hand_until_its_lease_ends(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a"), an_outgoing("b"), an_outgoing("c", "chat")], NOW)

        def take(
            worker: str, *, limit: int = 9, now: timedelta = timedelta(0), target: str = "crm"
        ) -> list[str]:
            return keys(outbox.take(conn, NOW + now, limit=limit, lease=LEASE, worker=worker, target=target))

        assert take("w1", limit=1) == ["a"]
        assert take("w2") == []
        assert take("w2", target="chat") == ["c"]
        assert take("w1") == ["b"], "whoever is there already goes on"
        assert take("w2", now=LEASE) == ["a", "b"]


def test_what_dead_workers_held_is_free_and_what_others_hold_is_not(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing(key) for key in "abc"], NOW)
        for worker in ("w1", "w2", "w3"):
            outbox.take(conn, NOW, limit=1, lease=LEASE, worker=worker)
        assert outbox.holders(conn) == {"w1", "w2", "w3"}
        outbox.release_of(conn, ["w1", "w3"])
        assert outbox.holders(conn) == {"w2"}
        assert keys(outbox.pending(conn, NOW)) == ["a", "c"]
        outbox.release(conn, [2])
        assert outbox.holders(conn) == frozenset()
        assert keys(outbox.pending(conn, NOW)) == ["a", "b", "c"]


def test_a_worker_holds_on_to_what_it_names_and_to_nothing_else(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a"), an_outgoing("b")], NOW)
        outbox.take(conn, NOW, limit=2, lease=LEASE, worker="w1")
        outbox.renew(conn, [1], NOW + 2 * LEASE)
        assert keys(outbox.pending(conn, NOW + LEASE)) == ["b"]
        assert keys(outbox.pending(conn, NOW + 2 * LEASE)) == ["a", "b"]


def test_what_came_to_an_end_is_in_nobodys_hands(engine: Engine) -> None:
    soon = NOW + LEASE / 2
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing(key) for key in "abcd"], NOW)
        outbox.take(conn, NOW, limit=4, lease=LEASE, worker="w1")
        outbox.sent(conn, 1, {}, NOW)
        outbox.failed(conn, 2, "Timed out.", NOW, soon)
        outbox.skipped(conn, {3: "a customer"}, NOW)
        outbox.postpone(conn, {4: soon})
        assert outbox.holders(conn) == frozenset()
        assert outbox.pending(conn, NOW) == []
        assert [(each.outgoing.key, each.attempts) for each in outbox.pending(conn, soon)] == [
            ("b", 1),
            ("d", 0),
        ]


def test_a_target_knows_what_it_was_told_and_what_it_refused_for_good(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [*(an_outgoing(key) for key in "abcd"), an_outgoing("d", "chat")], NOW)
        outbox.sent(conn, 1, {}, NOW)
        outbox.failed(conn, 2, "No such field.", NOW, None)
        outbox.skipped(conn, {3: "a customer"}, NOW)
        outbox.sent(conn, 5, {}, NOW)
        assert outbox.known(conn, "crm", "abcde") == {"a", "b"}
        assert outbox.counts(conn) == {
            ("crm", State.SENT): 1,
            ("crm", State.REFUSED): 1,
            ("crm", State.SKIPPED): 1,
            ("crm", State.WAITING): 1,
            ("chat", State.SENT): 1,
        }


def test_a_pause_is_cut_short_for_one_target_only(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a"), an_outgoing("b", "chat"), an_outgoing("c")], NOW)
        outbox.add(conn, [an_outgoing("old")], NOW - days(1))
        outbox.failed(conn, 1, "Timed out.", NOW, NOW + days(1))
        outbox.failed(conn, 2, "Timed out.", NOW, NOW + days(1))
        outbox.sent(conn, 3, {}, NOW)
        outbox.hasten(conn, NOW, target="crm")
        assert [(each.outgoing.key, each.next_at) for each in outbox.pending(conn, NOW)] == [
            ("old", NOW - days(1)),
            ("a", NOW),
        ]


def test_a_person_lets_what_was_refused_be_tried_again(engine: Engine) -> None:
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a"), an_outgoing("b"), an_outgoing("c", "chat")], NOW)
        outbox.add(conn, [an_outgoing("sent")], NOW)
        outbox.sent(conn, 4, {}, NOW)
        for number in (1, 2, 3):
            outbox.failed(conn, number, "No such field.", NOW, None)
        assert outbox.retry(conn, NOW + days(1), number=2) == 1
        [again] = outbox.pending(conn, NOW + days(1))
        assert (again.outgoing.key, again.attempts, again.next_at) == ("b", 0, NOW + days(1))
        assert outbox.retry(conn, NOW + days(1), target="chat") == 1
        assert keys(outbox.pending(conn, NOW + days(1))) == ["b", "c"]
        assert outbox.retry(conn, NOW + days(1)) == 1
        assert keys(outbox.pending(conn, NOW + days(1))) == ["a", "b", "c"]


def test_what_was_skipped_waits_again_with_what_it_says_now(engine: Engine) -> None:
    now = replace(an_outgoing("a"), payload={"amount": Decimal(7)})
    with writing(engine) as conn:
        outbox.add(conn, [an_outgoing("a"), an_outgoing("a", "chat"), an_outgoing("b")], NOW)
        outbox.failed(conn, 1, "Timed out.", NOW, NOW)
        outbox.skipped(conn, dict.fromkeys((1, 2, 3), "a customer"), NOW)
        assert {each.last_error for each in outbox.find(conn, state=State.SKIPPED)} == {"a customer"}
        outbox.wanted_again(conn, [now], NOW + days(1))
        assert outbox.pending(conn, NOW + days(1)) == [
            Parcel(number=1, outgoing=now, attempts=0, created_at=NOW, next_at=NOW + days(1))
        ]
        outbox.sent(conn, 1, {}, NOW)
        outbox.wanted_again(conn, [now], NOW + days(1))
        assert outbox.pending(conn, NOW + days(9)) == []

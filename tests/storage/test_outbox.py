from datetime import timedelta
from decimal import Decimal

from earmark.types import Outgoing
from storage import outbox, retention
from storage.engine import Engine, writing
from storage.outbox import Parcel
from tests.builders import NOW, days

LEASE = timedelta(minutes=1)


def an_outgoing(key: str = "k", target: str = "crm") -> Outgoing:
    payload = {"amount": Decimal("20.50"), "when": NOW, "kinds": ("a", "b"), "list": [1, None]}
    return Outgoing(target=target, topic="account.promoted", key=key, account="norvik-labs", payload=payload)


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

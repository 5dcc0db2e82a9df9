"""Health on the page: each fault that is seeded is told in plain words, with what to do."""

import html
import re
from datetime import timedelta

import pytest

from earmark.types import Outgoing
from monitors.hosts import day_of
from storage import digests, hosts, outbox, polls, targets, workers
from storage.digests import Schedule
from storage.engine import Connection, Engine, writing
from tests.builders import NOW
from tests.review.page.served import Served


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def alive(connection: Connection) -> None:
    workers.begin(connection, "w1", "box-7", 1, workers.clock(connection))


def stopped(connection: Connection) -> None:
    polls.pause(connection, "deal-ledger", "deal-ledger.example answered 410 Gone.")


def refused_host(connection: Connection) -> None:
    hosts.note(connection, day_of(NOW), {"busy.example": 9}, {"busy.example": NOW + timedelta(hours=2)})


def spent_host(connection: Connection) -> None:
    hosts.note(connection, day_of(NOW), {"spent.example": 5_000}, {})


def stopped_target(connection: Connection) -> None:
    targets.add(connection, "crm", "webhook", {}, NOW)
    targets.pause(connection, "crm", "It answered 401.")


def refused_delivery(connection: Connection) -> None:
    outbox.add(connection, [_outgoing()], NOW)
    [parcel] = outbox.pending(connection, NOW)
    outbox.failed(connection, parcel.number, "no such field", NOW, None)


def late_delivery(connection: Connection) -> None:
    outbox.add(connection, [_outgoing()], NOW - timedelta(hours=5))


def failed_digest(connection: Connection) -> None:
    due = Schedule(user="ada", every="daily", hour=8, next_at=NOW - timedelta(hours=1))
    digests.keep(connection, due)
    digests.failed(connection, due, "550 no such mailbox.", NOW + timedelta(minutes=15))


def gone_worker(connection: Connection) -> None:
    long_ago = workers.clock(connection) - timedelta(minutes=30)
    workers.begin(connection, "w2", "box-8", 77, long_ago)


def silent(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE sources SET silent_since = next_poll_at WHERE id = 'market-wire'")


def overdue(connection: Connection) -> None:
    alive(connection)
    polls.hasten(connection, "market-wire", NOW - timedelta(hours=3))


def nothing_watched(connection: Connection) -> None:
    for one in polls.every(connection):
        polls.remove(connection, one.id)


def _outgoing() -> Outgoing:
    return Outgoing(target="crm", topic="account.promoted", key="k", account=None, payload={})


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (alive, "well Monitor It runs on box-7: 13 polls"),
        (stopped, "Stopped until a person looks: 1 source. See what each says, correct it, and resume it."),
        (silent, "Answering, but silent for too long: 1 source."),
        (overdue, "Overdue: 1 source, market-wire for 3 h."),
        (nothing_watched, "There are none, so nothing is watched. Add some."),
        (refused_host, "busy.example asked for a pause of 2 h more."),
        (spent_host, "spent.example got all 5,000 requests of today."),
        (stopped_target, "crm stands still: It answered 401."),
        (refused_delivery, "Refused for good: 1 delivery. See why, correct it, and retry."),
        (late_delivery, "Waiting for crm: 1 delivery, the oldest for 5 h."),
        (failed_digest, "The digest of ada failed 1 time: 550 no such mailbox."),
        (failed_digest, "or their address. It is tried again in 15 min."),
        (gone_worker, "Process 77 on box-8 ended without a word."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_is_told_with_what_to_do(page: Served, engine: Engine, seed: object, said: str) -> None:
    assert callable(seed)
    assert said not in text_of(page.get("/health").text)
    with writing(engine) as connection:
        seed(connection)
    assert said in text_of(page.get("/health").text)


def test_what_is_broken_stands_before_what_is_well(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        stopped_target(connection)
        polls.hasten(connection, "market-wire", NOW - timedelta(hours=3))
    levels = re.findall(r"state s-(ok|warn|fail)", page.get("/health").text)
    order = ["fail", "warn", "ok"]
    assert levels[0] == "fail"
    assert levels == sorted(levels, key=order.index)


def test_every_source_that_wants_a_person_is_linked(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        stopped(connection)
    assert 'href="/sources/of/deal-ledger"' in page.get("/health").text


@pytest.mark.parametrize("since", ["1d", "7d", "30d", "nonsense"])
def test_how_long_things_take_is_shown_or_says_why_not(page: Served, since: str) -> None:
    answer = page.get("/health/latency", params={"since": since})
    assert answer.status_code == 200
    assert "Nothing to measure yet" in answer.text


def test_the_way_of_what_came_live_is_measured(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE events SET mark = 'live' WHERE source = 'market-wire'")
    page_of_steps = page.get("/health/latency?since=30d").text
    head, row = page_of_steps.partition("<thead>")[2].partition("</tr>")[::2]
    assert head.count("</th>") == len(re.findall(r"</t[dh]>", row.partition("</tr>")[0])), "a cell for each"
    told = text_of(page_of_steps)
    assert "market-wire" in told
    assert "19 times of 20 within" in told
    assert "How long it takes" in page.get("/sources/of/market-wire").text


def test_blind_spots_name_what_would_show_more(page: Served, engine: Engine) -> None:
    told = text_of(page.get("/health/coverage").text)
    assert "2 of 33 accounts are watched by a source of their own." in told
    assert "only if the general press tells it" in told
    assert "nothing shows it" not in told
    with writing(engine) as connection:
        for one in polls.every(connection):
            polls.set_enabled(connection, one.id, enabled=False)
    blind = page.get("/health/coverage").text
    assert "nothing shows it" in blind
    assert "/sources/add?kind=edgar" in blind


def test_the_blind_spots_of_one_account_stand_on_its_page(page: Served) -> None:
    answer = page.get("/health/coverage", params={"account": "meridianfreight.example"})
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("?show=coverage")
    assert page.get(answer.headers["location"]).status_code == 200
    assert page.get("/health/coverage", params={"account": "nobody"}).status_code == 422

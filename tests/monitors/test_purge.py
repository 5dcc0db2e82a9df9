"""Retention: old texts go, identities stay, what a living trigger rests on stays."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from earmark.types import Basis
from matcher.note import ERASED
from monitors.monitor import Monitor
from monitors.parse import ParsePool
from monitors.purge import Purged, purge, purgeable
from storage import events, polls, rulebook, triggers
from storage import stories as tales
from storage.engine import Engine, reading, writing
from storage.removal import REMOVED
from storage.tables import event_revisions, matches, outbox, stories
from storage.tables import triggers as trigger_rows
from tests.builders import NOW, ago, an_event, days
from tests.monitors.hostile import Hostile, a_fetcher
from tests.monitors.line import poll, prepared

OLD = an_event("Norvik Labs raises $20 million Series B", external_id="old", published_at=ago(20))
FRESH = an_event(
    "The weather in Oslo", external_id="fresh", url="https://wire.example/2", published_at=ago(2)
)
QUIET = an_event(
    "The weather in Bergen", external_id="quiet", url="https://wire.example/3", published_at=ago(20)
)


def _decide(engine: Engine, text: str) -> None:
    with writing(engine) as conn:
        rulebook.save(conn, text, by="test", at=NOW)


def _texts(engine: Engine) -> set[str]:
    with reading(engine) as conn:
        return {event.title for event in events.stream(conn)}


def _end_triggers(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(update(trigger_rows).values(state="expired", ended_at=NOW))


@pytest.fixture
def told(engine: Engine) -> Engine:
    prepared(engine)
    poll(engine, [OLD, FRESH, QUIET])
    return engine


def test_without_a_figure_every_text_is_kept(told: Engine) -> None:
    assert purge(told, NOW + days(5000)).events == 0
    assert len(_texts(told)) == 3


def test_an_old_text_goes_unless_a_living_trigger_rests_on_it(told: Engine) -> None:
    _decide(told, "[retention]\nevents_days = 10")
    assert purgeable(told, NOW) == 1
    assert purge(told, NOW) == Purged(events=1, log_rows=0)
    assert _texts(told) == {OLD.title, FRESH.title, ""}
    _end_triggers(told)
    assert purge(told, NOW).events == 1
    assert _texts(told) == {FRESH.title, ""}
    assert purge(told, NOW).events == 0


def test_what_rests_on_a_removed_text_says_so(told: Engine) -> None:
    _decide(told, "[retention]\nevents_days = 10")
    _end_triggers(told)
    purge(told, NOW)
    with reading(told) as conn:
        (trigger,) = triggers.find(conn)
        story = tales.get(conn, trigger.story)
        payloads = [row.payload for row in conn.execute(select(outbox.c.payload))]
        quotes = conn.execute(select(matches.c.evidence, matches.c.facts, matches.c.features)).all()
        facts = conn.execute(select(stories.c.facts)).scalars().all()
    assert trigger.note
    assert any(each.basis is Basis.ERASED and each.text == ERASED for each in trigger.note.sentences)
    assert not any(each.spans for each in trigger.note.sentences)
    for held in (trigger.note, story, quotes, facts, payloads):
        assert "$20 million" not in repr(held)
    assert {payload["quote"] for payload in payloads if "quote" in payload} == {REMOVED} == {ERASED}


def test_a_poll_that_sees_a_removed_text_again_knows_it(told: Engine) -> None:
    _decide(told, "[retention]\nevents_days = 10")
    purge(told, NOW)
    written = poll(told, [QUIET, OLD, FRESH])
    assert (written.new, written.revised, written.known) == (0, 0, 3)
    assert QUIET.title not in _texts(told)


def test_a_kind_of_source_has_its_own_days(told: Engine) -> None:
    _decide(told, "[retention]\nevents_days = 10\nkinds_days = { feed = 100 }")
    assert purge(told, NOW).events == 0
    _decide(told, "[retention]\nkinds_days = { feed = 1 }")
    assert purge(told, NOW).events == 2


def test_earlier_revisions_lose_their_text_too(engine: Engine) -> None:
    prepared(engine)
    poll(engine, [QUIET])
    poll(engine, [an_event("Rain in Bergen", external_id="quiet", url=QUIET.url, published_at=ago(20))])
    _decide(engine, "[retention]\nevents_days = 10")
    purge(engine, NOW)
    with reading(engine) as conn:
        (body,) = conn.execute(select(event_revisions.c.body)).scalars().all()
    assert (body.title, body.text) == ("", "")
    assert body.fingerprint


def test_the_log_of_polls_goes_after_its_days(told: Engine) -> None:
    assert purge(told, NOW + days(29)).log_rows == 0
    _decide(told, "[retention]\npolls_days = 7")
    assert purge(told, NOW + days(8)).log_rows > 0
    with reading(told) as conn:
        assert polls.recent(conn, "wire") == []


def test_many_old_texts_go_in_steps_and_none_is_passed_over(engine: Engine) -> None:
    prepared(engine)
    many = [
        an_event(
            f"Rain {n}", external_id=str(n), url=f"https://wire.example/{n}", published_at=ago(20 + n % 3)
        )
        for n in range(450)
    ]
    poll(engine, many)
    _decide(engine, "[retention]\nevents_days = 10")
    assert purge(engine, NOW).events == 450
    assert _texts(engine) == {""}


def test_a_purge_stops_after_so_many_and_says_that_there_is_more(engine: Engine) -> None:
    prepared(engine)
    poll(
        engine,
        [
            an_event(f"Rain {n}", external_id=str(n), url=f"https://wire.example/{n}", published_at=ago(20))
            for n in range(250)
        ],
    )
    _decide(engine, "[retention]\nevents_days = 10")
    assert purge(engine, NOW, 100) == Purged(events=100, log_rows=0, more=True)
    assert purge(engine, NOW, 200) == Purged(events=150, log_rows=0)


def test_the_monitor_forgets_once_a_day(told: Engine) -> None:
    _decide(told, "[retention]\nevents_days = 20.5")
    with writing(told) as conn:
        polls.set_enabled(conn, "wire", False)
    clock = [NOW]

    async def day() -> list[bool]:
        kept = []
        async with (
            Hostile({}) as server,
            a_fetcher(server) as fetcher,
            ParsePool() as pool,
            Monitor(told, fetcher, pool, clock=lambda: clock[0]) as monitor,
        ):
            for hours in (0, 23, 2):
                clock[0] += timedelta(hours=hours)
                await monitor.tick()
                kept.append(QUIET.title in _texts(told))
        return kept

    assert asyncio.run(day()) == [True, True, False]

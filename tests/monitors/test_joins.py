"""Joins stored: one story for both, later news goes to it, and undo parts them; on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from earmark.types import Action, Event, Trigger
from matcher.act import act
from monitors.relive import Span
from monitors.replay import replay
from monitors.sweep import sweep
from storage import history, joins, rulebook, triggers
from storage.engine import Engine, reading, writing
from storage.tables import outbox
from tests.builders import NOW, an_account, an_event, days
from tests.monitors.line import all_stories, lexicon_of, poll, prepared

ACCOUNT = "norvik-labs"
HOUR = timedelta(hours=1)


def an_entry(title: str, name: str, age: float) -> Event:
    url = f"https://wire.example/{name}"
    return an_event(title, external_id=name, url=url, published_at=NOW - days(age))


ROUND = an_entry("Norvik Labs raises $20 million Series B", "round", 9)
AGAIN = an_entry("Norvik Labs raises $33 million in Series C funding", "again", 2)
THIRD = an_entry("Norvik Labs raises $33 million in new Series C funding", "third", 1)
OTHER = an_entry("Norvik Labs lays off 40 people", "other", 1)


@pytest.fixture
def begun(engine: Engine) -> Engine:
    prepared(engine, an_account())
    poll(engine, [ROUND], now=NOW - 5 * HOUR)
    poll(engine, [AGAIN, OTHER], now=NOW - 4 * HOUR)
    return engine


def do(engine: Engine, action: Action, now: datetime = NOW) -> None:
    with writing(engine) as conn:
        past = history.load(conn, [f"a:{ACCOUNT}"], NOW - days(3650), now)
        history.save(conn, act(action, past, rulebook.lexicon(conn), now), now)


def join(engine: Engine, now: datetime = NOW) -> Trigger:
    """Say that the second round is the first one told again; return the trigger that so ended."""
    ended = of(engine, "again")
    do(engine, Action(verb="dismiss", by="ann", trigger=ended.id, value="duplicate"), now)
    return ended


def parts(engine: Engine) -> set[frozenset[str]]:
    told = [{match.event.external_id for match in story.matches} for story in all_stories(engine)]
    return {frozenset(part) for part in told if part}


def of(engine: Engine, entry: str) -> Trigger:
    """The trigger that speaks for the story which the entry tells."""
    told = {story.id: {match.event.external_id for match in story.matches} for story in all_stories(engine)}
    with reading(engine) as conn:
        held = triggers.find(conn, limit=None)
    (found,) = (each for each in held if entry in told.get(each.story, ()) and each.state != "merged")
    return found


def state(engine: Engine, trigger: Trigger) -> str:
    with reading(engine) as conn:
        found = triggers.get(conn, trigger.id)
    assert found is not None
    return found.state.value


def sent(engine: Engine) -> list[str]:
    """What went out, less revisions of what was out already: those have a third part."""
    with reading(engine) as conn:
        keys = conn.execute(select(outbox.c.key)).scalars().all()
    return sorted(key for key in keys if key.count(":") < 2)


def relived(engine: Engine, until: datetime) -> set[frozenset[str]]:
    """The reasons of a replay, by the entries that tell them."""
    began = NOW - days(30)
    span = Span(warm_from=began, since=began, until=until, list_at=until)
    with reading(engine) as conn:
        rules = [rulebook.decided(conn)]
    names = {m.event.id: m.event.external_id for story in all_stories(engine) for m in story.matches}
    (one,) = replay(engine, rules, span)
    assert sum(past.missed for past in one.pasts) == 0
    return {frozenset(names[event] for event in why.events) for past in one.pasts for why in past.reasons}


def test_joined_stories_are_one_and_later_news_of_either_alerts_nobody(begun: Engine) -> None:
    assert parts(begun) == {frozenset({"round"}), frozenset({"again"}), frozenset({"other"})}
    ended, known = join(begun), sent(begun)
    assert state(begun, ended) == "merged"
    poll(begun, [THIRD], now=NOW + HOUR)
    poll(begun, [replace(AGAIN, title="Corrected: Norvik Labs raises $34 million")], now=NOW + 2 * HOUR)
    sweep(begun, lexicon_of(begun), NOW + 3 * HOUR)
    assert parts(begun) == {frozenset({"round", "again", "third"}), frozenset({"other"})}
    assert [key for key in sent(begun) if key not in known] == []
    with reading(begun) as conn:
        assert len(triggers.find(conn, limit=None)) == 3
        assert len(joins.held(conn)) == 1


def test_undo_parts_them_and_later_news_goes_to_the_story_that_it_tells(begun: Engine) -> None:
    ended, first = join(begun), of(begun, "round")
    known = sent(begun)
    do(begun, Action(verb="undo", by="ann", trigger=ended.id), NOW + HOUR)
    assert (state(begun, ended), of(begun, "again").id) == ("open", ended.id)
    assert of(begun, "round").id == first.id
    poll(begun, [THIRD], now=NOW + 2 * HOUR)
    assert parts(begun) == {frozenset({"round"}), frozenset({"again", "third"}), frozenset({"other"})}
    assert sent(begun) == known
    with reading(begun) as conn:
        assert joins.held(conn) == frozenset()


def test_a_replay_joins_and_parts_what_people_joined_and_parted(begun: Engine) -> None:
    ended = join(begun)
    poll(begun, [THIRD], now=NOW + HOUR)
    assert relived(begun, NOW + 2 * HOUR) == parts(begun)
    do(begun, Action(verb="undo", by="ann", trigger=ended.id), NOW + 2 * HOUR)
    assert relived(begun, NOW + 3 * HOUR) == parts(begun)
    assert len(parts(begun)) == 3


def test_a_join_that_is_made_again_holds_again(begun: Engine) -> None:
    for number in range(3):
        ended = join(begun, NOW + number * HOUR)
        assert len(parts(begun)) == 2
        do(begun, Action(verb="undo", by="ann", trigger=ended.id), NOW + (number + 0.5) * HOUR)
        assert len(parts(begun)) == 3

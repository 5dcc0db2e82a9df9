"""News that makes one story of what both told while they were one; records in a CRM; and the way back."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from earmark.types import Event
from monitors.sweep import sweep
from storage import deliveries
from storage.engine import Engine, reading, writing
from storage.tables import remotes
from tests.builders import NOW
from tests.monitors.conftest import (
    engine,
    postgresql_engine,
    postgresql_url,
    sqlite_engine,
    sqlite_template,
    sqlite_url,
)
from tests.monitors.line import all_stories, lexicon_of, poll
from tests.monitors.test_merging import (
    ALL,
    HOUR,
    NORVIK,
    PHASES,
    RAISES,
    RAISES_TOO,
    ROBOTICS,
    an_entry,
    begun,
    held,
    merge,
    part,
    sent,
    speaking,
    with_both,
)
from tests.storage.databases import emptied

__all__ = [
    "begun",
    "engine",
    "postgresql_engine",
    "postgresql_url",
    "sqlite_engine",
    "sqlite_template",
    "sqlite_url",
]

THIRD = an_entry("NVK Robotics raises $20 million in Series B round", "third", 2.5)


def told(engine: Engine) -> dict[str | None, set[str]]:
    """Which entries tell the stories of each account."""
    found: dict[str | None, set[str]] = {}
    for story in all_stories(engine):
        found.setdefault(story.account, set()).update(match.event.external_id for match in story.matches)
    return found


def test_a_story_that_news_made_one_is_two_again(engine: Engine) -> None:
    with_both(engine, RAISES, RAISES_TOO)
    before = {one.id: (one.account, one.state) for one in held(engine)}
    made = merge(engine)
    known = sent(engine)
    poll(engine, [THIRD], now=NOW + HOUR)
    assert len([story for story in all_stories(engine) if story.matches]) == 1
    assert len(speaking(engine)) == 1
    part(engine, made, NOW + 2 * HOUR)
    assert told(engine) == {NORVIK: {"raises"}, ROBOTICS: {"raises-too", "third"}}
    after = {one.id: (one.account, one.state) for one in held(engine) if one.state != "merged"}
    assert after == before
    sweep(engine, lexicon_of(engine), NOW + 3 * HOUR)
    assert sent(engine) == known


BOTH = an_entry("Norvik GmbH and Norvik Robotics raise $20 million Series B", "both", 2.7)
SHORT = an_entry("Norvik raises $20 million Series B round", "short", 2.6)


@settings(
    max_examples=6, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.lists(st.sampled_from((*ALL, THIRD, BOTH, SHORT)), min_size=2, max_size=7, unique=True),
    cut=st.integers(1, 6),
)
def test_after_parting_each_has_the_news_that_it_would_have_without_a_merge(
    engine: Engine, order: list[Event], cut: int
) -> None:
    first, later = order[:cut], order[cut:]
    with_both(emptied(engine), *first)
    poll(engine, later, now=NOW + HOUR)
    without = parts(engine), sorted(speaking(engine))
    with_both(emptied(engine), *first)
    made = merge(engine)
    poll(engine, later, now=NOW + HOUR)
    assert {account for account, _, _ in parts(engine)} == {NORVIK}
    part(engine, made, NOW + 2 * HOUR)
    assert (parts(engine), sorted(speaking(engine))) == without


def parts(engine: Engine) -> list[tuple[str | None, str, list[str]]]:
    """Every story: of whom, of which kind, told by which entries."""
    return sorted(
        (story.account, story.kind, sorted(match.event.external_id for match in story.matches))
        for story in all_stories(engine)
        if story.matches and story.account
    )


def test_the_record_of_the_one_that_goes_is_that_of_the_one_that_stays_if_it_has_none(begun: Engine) -> None:
    with writing(begun) as conn:
        rows = [("crm", ROBOTICS, "77"), ("other", ROBOTICS, "78"), ("other", NORVIK, "11")]
        for target, key, remote in rows:
            row = {"target": target, "object": "company", "key": key, "remote_id": remote, "at": NOW}
            conn.execute(insert(remotes), [row])
    made = merge(begun)
    assert records(begun, NORVIK) == {"crm": "77", "other": "11"}
    part(begun, made)
    assert records(begun, NORVIK) == {"other": "11"}
    assert records(begun, ROBOTICS) == {"crm": "77", "other": "78"}


def records(engine: Engine, account: str) -> dict[str, str | None]:
    with reading(engine) as conn:
        found = {name: deliveries.known(conn, name, [("company", account)]) for name in ("crm", "other")}
    return {name: one["company", account].remote_id for name, one in found.items() if one}

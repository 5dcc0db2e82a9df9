"""The straight line for tests: events in, what the database then holds out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from earmark.types import Account, Event, Lexicon, Story
from matcher.read import Matcher
from monitors import pipeline
from monitors.pipeline import Written
from monitors.poll import Outcome
from sources.feed import FeedSource
from storage import accounts, polls, rulebook, stories, triggers
from storage.engine import Engine, reading, writing
from storage.polls import Finished
from storage.tables import metadata
from storage.tables import stories as story_rows
from tests.builders import NOW, an_account

SOURCE = FeedSource(url="https://wire.example/feed")
RULEBOOK = 'threshold = 20\ntargets = ["crm"]\n'


def prepared(engine: Engine, *listed: Account, sources: Sequence[str] = ("wire",)) -> Engine:
    """Fill the lists: accounts, a rulebook with one target, and sources."""
    with writing(engine) as conn:
        accounts.upsert(conn, listed or [an_account()])
        rulebook.save(conn, RULEBOOK, by="test", at=NOW)
        for name in sources:
            polls.add(conn, name, "feed", {"url": f"https://{name}.example/feed"}, NOW)
    return engine


def lexicon_of(engine: Engine) -> Lexicon:
    with reading(engine) as conn:
        return rulebook.lexicon(conn)


def poll(
    engine: Engine, events: Iterable[Event], *, source: str = "wire", now: datetime = NOW, first: bool = False
) -> Written:
    """Let one poll bring these events; it is live unless it is the ``first``."""
    with reading(engine) as conn:
        configured = polls.get(conn, source)
    assert configured is not None
    if configured.first_polled_at is None and not first:
        with writing(engine) as conn:
            polls.finish(conn, [finished(source, now)])
            configured = polls.get(conn, source)
            assert configured is not None
    outcome = Outcome(source=source, result="new", started_at=now, events=tuple(events))
    arrivals = pipeline.read(engine, outcome, configured, SOURCE)
    lexicon = lexicon_of(engine)
    readings = pipeline.think(Matcher(lexicon), arrivals)
    return pipeline.write(engine, arrivals, readings, finished(source, now), lexicon=lexicon, now=now)


def finished(source: str, now: datetime) -> Finished:
    return Finished(
        source=source,
        started_at=now,
        finished_at=now,
        outcome="new",
        next_poll_at=now + timedelta(minutes=30),
    )


def contents(engine: Engine, *, less: Iterable[str] = ("polls", "sources", "counters")) -> dict[str, Any]:
    """Return every row of every table, less those that record the polls themselves."""
    with reading(engine) as conn:
        return {
            table.name: sorted(tuple(map(repr, row)) for row in conn.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name not in set(less)
        }


def all_stories(engine: Engine) -> list[Story]:
    with reading(engine) as conn:
        ids = conn.execute(select(story_rows.c.id).where(story_rows.c.merged_into.is_(None))).scalars().all()
        found = [stories.get(conn, story_id) for story_id in ids]
    return [story for story in found if story is not None]


def told(engine: Engine) -> Mapping[frozenset[str], tuple[Any, ...]]:
    """Return each story as the events that tell it, with all that was folded from them."""
    return {
        frozenset(match.event.id for match in story.matches): (
            story.account,
            story.kind,
            story.role,
            story.certainty,
            story.facts,
            story.publishers,
            story.first_at,
            story.last_at,
        )
        for story in all_stories(engine)
    }


def alive(engine: Engine) -> list[tuple[Any, ...]]:
    """Return what is open, without ids: account, kind, score, and when it ends."""
    with reading(engine) as conn:
        return sorted(
            (each.account, each.kind, each.role.value, each.score.total, each.expires_at)
            for each in triggers.every_open(conn)
        )


def stage(engine: Engine, account: str = "norvik-labs") -> str:
    with reading(engine) as conn:
        found = accounts.get(conn, account)
    assert found is not None
    return found.stage.value

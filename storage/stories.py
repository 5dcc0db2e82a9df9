"""Stories with their matches and the events that tell them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, or_, select, update

from earmark.triggers import CATALOGUE
from earmark.types import Certainty, Match, Role, StoredEvent, Story
from storage import events
from storage.columns import short
from storage.rows import batches, each, put
from storage.tables import matches, stories, triggers

__all__ = ["LIVE", "get", "keys_of", "load", "of", "save", "stream"]

LIVE = ("open", "accepted", "contacted")
"""States of a trigger that has not ended."""


def keys_of(conn: Connection, event_ids: Iterable[str]) -> set[str]:
    """Return the keys of the pasts whose stories these events tell."""
    query = select(stories.c.key).join(matches).where(stories.c.merged_into.is_(None))
    return {row.key for row in each(conn, query, matches.c.event, event_ids)}


def get(conn: Connection, story_id: str) -> Story | None:
    """Return one story, also one that another took over."""
    return _filled(conn, conn.execute(select(stories).where(stories.c.id == story_id)).all()).get(story_id)


def of(conn: Connection, story_ids: Iterable[str]) -> dict[str, Story]:
    """Return these stories by id, as far as they are stored."""
    return _filled(conn, list(each(conn, select(stories), stories.c.id, story_ids)))


def stream(conn: Connection, since: datetime | None = None) -> Iterator[Story]:
    """Yield the stories that stand, or those made or told of since a time, few at a time in memory."""
    query = select(stories.c.id).where(stories.c.merged_into.is_(None))
    if since is not None:
        query = query.where(or_(stories.c.created_at >= since, stories.c.last_at >= since))
    ids = conn.execute(query.order_by(stories.c.created_at, stories.c.id)).scalars().all()
    for batch in batches(ids):
        found = of(conn, batch)
        yield from (found[story_id] for story_id in batch)


def load(
    conn: Connection, keys: Sequence[str], since: datetime, until: datetime
) -> dict[str, tuple[Story, ...]]:
    """Return the stories of these pasts, by key, that touch the time or hold a trigger that lives.

    Those of compounds come always: what was said of one must not be forgotten while its parts live.
    """
    alive = select(triggers.c.id).where(triggers.c.story == stories.c.id, triggers.c.state.in_(LIVE))
    touched = and_(stories.c.last_at >= since, stories.c.first_at <= until)
    ours = stories.c.kind.not_in(list(CATALOGUE))
    query = select(stories).where(stories.c.merged_into.is_(None), or_(touched, ours, alive.exists()))
    asked = {short(key): key for key in keys}
    rows = list(each(conn, query, stories.c.past, asked))
    filled = _filled(conn, rows)
    found: dict[str, list[Story]] = {}
    for row in rows:
        found.setdefault(asked[row.past], []).append(filled[row.id])
    return {
        key: tuple(sorted(told, key=lambda story: (story.created_at, story.id)))
        for key, told in found.items()
    }


def save(conn: Connection, new: Sequence[Story], merged: Mapping[str, str]) -> None:
    """Replace the stories with their matches, and note which one took over which."""
    # A story stays where it began, even when no match is left that could say where.
    put(conn, stories, [_row(story) for story in new], keep=("past", "key"))
    for batch in batches(new):
        conn.execute(delete(matches).where(matches.c.story.in_([story.id for story in batch])))
    put(conn, matches, [row for story in new for row in _match_rows(story)])
    if merged:
        statement = update(stories).where(stories.c.id == bindparam("gone"))
        conn.execute(
            statement, [{"gone": gone, "merged_into": heir} for gone, heir in sorted(merged.items())]
        )


def _filled(conn: Connection, rows: Sequence[Row[Any]]) -> dict[str, Story]:
    query = select(matches).order_by(matches.c.story, matches.c.place)
    told = list(each(conn, query, matches.c.story, [row.id for row in rows]))
    texts = _texts(conn, told)
    by_story: dict[str, list[Match]] = {}
    for row in told:
        by_story.setdefault(row.story, []).append(_as_match(row, texts[row.event, row.revision]))
    return {row.id: _as_story(row, tuple(by_story.get(row.id, ()))) for row in rows}


def _texts(conn: Connection, told: Sequence[Row[Any]]) -> dict[tuple[str, int], StoredEvent]:
    """Return the events as they read when they were matched, by id and revision."""
    stored = events.get(conn, {row.event for row in told})
    texts = {(event.id, event.revision): event for event in stored.values()}
    earlier = {(row.event, row.revision) for row in told} - texts.keys()
    return texts | events.of_revision(conn, sorted(earlier))


def _as_story(row: Row[Any], told: tuple[Match, ...]) -> Story:
    return Story(
        id=row.id,
        key=row.key,
        account=row.account,
        company=row.company,
        kind=row.kind,
        role=Role(row.role),
        certainty=Certainty(row.certainty),
        facts=row.facts,
        matches=told,
        publishers=row.publishers,
        first_at=row.first_at,
        last_at=row.last_at,
        created_at=row.created_at,
    )


def _as_match(row: Row[Any], event: StoredEvent) -> Match:
    return Match(
        event=event,
        account=row.account,
        company=row.company,
        problem=row.problem,
        kind=row.kind,
        role=Role(row.role),
        certainty=Certainty(row.certainty),
        facts=row.facts,
        features=row.features,
        evidence=row.evidence,
        confidence=row.confidence,
    )


def _row(story: Story) -> dict[str, Any]:
    return {
        "id": story.id,
        "past": short(story.key),
        "key": story.key,
        "account": story.account,
        "company": story.company,
        "kind": story.kind,
        "role": story.role.value,
        "certainty": story.certainty.value,
        "facts": story.facts,
        "publishers": story.publishers,
        "first_at": story.first_at,
        "last_at": story.last_at,
        "created_at": story.created_at,
        "merged_into": None,
    }


def _match_rows(story: Story) -> Iterable[dict[str, Any]]:
    for place, match in enumerate(story.matches):
        yield {
            "story": story.id,
            "place": place,
            "event": match.event.id,
            "revision": match.event.revision,
            "account": match.account,
            "company": match.company,
            "problem": match.problem,
            "kind": match.kind,
            "role": match.role.value,
            "certainty": match.certainty.value,
            "facts": match.facts,
            "features": match.features,
            "evidence": match.evidence,
            "confidence": match.confidence,
        }

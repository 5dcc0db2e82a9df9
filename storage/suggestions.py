"""Companies outside the list that stories are about, and what people decided about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, select

from earmark.intake import Key
from earmark.types import Story
from storage import lookup, united
from storage import stories as told
from storage.columns import short
from storage.names import folded
from storage.rows import each, put
from storage.tables import accounts, stories, suggestions

__all__ = ["ADDED", "DISMISSED", "Decision", "decide", "decisions", "listed_among", "unlisted"]

ADDED: Final = "added"
DISMISSED: Final = "dismissed"

_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about a company: added or dismissed, with the stories that spoke for it."""

    company: str
    state: str
    stories: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    by: str
    decided_at: datetime


def unlisted(conn: Connection, since: datetime, kinds: Iterable[str]) -> dict[str, tuple[Story, ...]]:
    """Return the stories of these kinds since then about companies outside the list, by company."""
    query = select(stories.c.id).where(stories.c.past.like("c:%"), stories.c.merged_into.is_(None))
    ids = [row.id for row in each(conn, query.where(stories.c.last_at >= since), stories.c.kind, kinds)]
    found: dict[str, list[Story]] = {}
    for story in told.of(conn, ids).values():
        if story.company is not None and story.matches:
            found.setdefault(story.company, []).append(story)
    return {company: tuple(sorted(each_, key=_age)) for company, each_ in sorted(found.items())}


def _age(story: Story) -> tuple[datetime, str]:
    return story.first_at, story.id


def decisions(conn: Connection, companies: Iterable[str]) -> dict[str, Decision]:
    """Return what was decided about these companies, by company."""
    asked = {short(company): company for company in companies}
    found = each(conn, select(suggestions), suggestions.c.id, asked)
    return {
        asked[row.id]: Decision(
            company=row.company,
            state=row.state,
            stories=row.stories,
            first_at=row.first_at,
            last_at=row.last_at,
            by=row.by,
            decided_at=row.decided_at,
        )
        for row in found
    }


def decide(conn: Connection, decision: Decision) -> None:
    """Keep what was decided about a company, in the place of what was decided before."""
    row = {
        "id": short(decision.company),
        "company": decision.company,
        "state": decision.state,
        "stories": decision.stories,
        "first_at": decision.first_at,
        "last_at": decision.last_at,
        "by": decision.by,
        "decided_at": decision.decided_at,
    }
    put(conn, suggestions, [row])


def listed_among(conn: Connection, companies: Iterable[str]) -> dict[str, str]:
    """Return the account that has the name of each company, or one that begins so, as far as there is one."""
    asked = {company: plain for company in companies if (plain := folded(company))}
    found = lookup.meant(conn, [Key("name", plain) for plain in asked.values()])
    listed = {
        company: found[key][0] for company, plain in asked.items() if (key := Key("name", plain)) in found
    }
    for company, plain in asked.items():
        longer = and_(accounts.c.folded >= f"{plain} ", accounts.c.folded < f"{plain} {_LAST}")
        row = conn.execute(select(accounts.c.id).where(longer).limit(1)).one_or_none()
        if row is not None:
            listed.setdefault(company, united.heirs(conn).get(row.id, row.id))
    return listed

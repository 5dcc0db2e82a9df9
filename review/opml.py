"""Lists of feeds as OPML: what of one is added, and what is told in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from earmark.errors import ConfigError
from monitors.proposals import free, keys_of
from sources.discover import address_key, name_of
from sources.opml import Subscription, read_opml, write_opml
from sources.registry import build
from storage import polls
from storage.engine import Connection
from storage.polls import Configured

__all__ = ["Imported", "feeds_of", "import_feeds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the feeds of a list: the ids of the added, the addresses of the others, with reasons."""

    added: tuple[str, ...]
    watched_already: tuple[str, ...]
    refused: tuple[str, ...]


def import_feeds(
    connection: Connection, body: bytes, name: str, now: datetime, *, dry_run: bool = False
) -> Imported:
    """Add the feeds of an OPML file that are not watched yet; ConfigError when it is none."""
    feeds = read_opml(body, name)
    configured = polls.every(connection)
    watched = {key for one in configured for key in keys_of(one)}
    ids = {one.id for one in configured}
    added, known, refused = list[str](), list[str](), list[str]()
    for feed in feeds:
        options = {"url": feed.url} | ({"company": feed.company} if feed.company else {})
        try:
            build("feed", options)
            key = address_key(feed.url)
        except (ConfigError, ValueError) as error:
            refused.append(f"{feed.url}: {error}")
            continue
        if key in watched:
            known.append(feed.url)
            continue
        source_id = free(name_of(feed.url), ids)
        ids.add(source_id)
        watched.add(key)
        if not dry_run:
            polls.add(connection, source_id, "feed", options, now)
        added.append(source_id)
    return Imported(added=tuple(added), watched_already=tuple(known), refused=tuple(refused))


def feeds_of(configured: Sequence[Configured]) -> tuple[bytes, int]:
    """Return the feeds of these sources as OPML, and how many there are; other kinds are no plain feeds."""
    feeds = [
        Subscription(url=str(one.options["url"]), title=one.id, company=one.options.get("company"))
        for one in configured
        if one.kind == "feed"
    ]
    return write_opml(feeds, "earmark"), len(feeds)

"""Subscribing: when somebody wants the digest, and that they want it no more; for page, mail and terminal."""

from dataclasses import replace
from datetime import datetime

from earmark.config import Settings
from review.digest import next_due
from review.mailing import address_of
from review.page.viewer import Viewer
from review.zones import zone_named, zone_of
from storage import digests, users
from storage.audit import Deed, record
from storage.digests import Schedule
from storage.engine import Connection

__all__ = ["leave", "subscribe"]


def subscribe(
    connection: Connection,
    settings: Settings,
    viewer: Viewer,
    wanted: Schedule,
    zone: str,
    *,
    by: str,
    now: datetime,
) -> tuple[Schedule, str]:
    """Keep when somebody wants the digest, by the hours of a zone ("" for the team's); tell what is kept.

    The first letter tells what comes from now on; to whom letters went before, they go on from there.
    Returned are the schedule with its next moment, and the address. ConfigError for an unknown zone, and
    where nobody knows an address.
    """
    to, name = address_of(viewer, settings), zone_named(zone)
    own = replace(viewer, preferences=(*viewer.preferences, ("zone", name)))
    made = replace(wanted, through=now, next_at=next_due(wanted, now, zone_of(own, settings)))
    if name != viewer.prefers("zone"):
        users.prefer(connection, viewer.id, {"zone": name}, now)
    digests.keep(connection, made)
    said = f"{made.every} at {made.hour}:00" + (f", {name}" if name else "")
    record(connection, Deed(at=now, by=by, verb="digest.set", subject=viewer.id, text=said))
    return made, to


def leave(connection: Connection, user: str, *, by: str, now: datetime, how: str = "") -> bool:
    """End somebody's letters, and say whether there were any; ``how`` is kept in the log of who did what."""
    ended = digests.remove(connection, user)
    if ended:
        record(connection, Deed(at=now, by=by, verb="digest.end", subject=user, text=how))
    return ended

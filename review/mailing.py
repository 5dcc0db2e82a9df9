"""The mailing: each digest that is due is taken by one process, made, handed in, and recorded.

What was told is recorded after the mail server took the letter. A crash between the two sends the letter
once more, with the same Message-ID, by which mail programs know it for the same one; nothing is skipped.
"""

import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from earmark.config import Settings
from earmark.errors import ConfigError, ExportError, StorageError
from monitors import notices
from monitors.post import post, postbox_of
from review.digest import Digest, Envelope, digest_of, letter, next_due, period_of
from review.page.keys import viewer_of
from review.page.viewer import Viewer
from review.zones import zone_of
from storage import agenda, digests, latency, tokens
from storage.digests import Schedule
from storage.engine import Connection, Engine, reading, writing

__all__ = ["SETTLED", "Sent", "Settling", "address_of", "page_of", "preview", "send_due"]

SETTLED: Final = timedelta(minutes=2)
"""How long after its moment a digest is made: by then all that belongs to the time before is stored."""
PATIENCE: Final = timedelta(minutes=15)
"""How long letters wait at most for what time has changed to be decided."""
LEASE: Final = timedelta(minutes=5)
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""The wait after each failure; the last one again and again."""
_FIRST: Final = timedelta(days=1)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one digest that was due: how many ``reasons`` it told, or the ``error``."""

    user: str
    reasons: int = 0
    error: str = ""


@dataclass
class Settling:
    """Whether what fell due by now is decided: the sweep dates it back to its own moment.

    Where the machine slept, a letter that is made before the sweep has caught up would leave that out for
    good. It waits for the sweep, but not for ever: perhaps there is no monitor that sweeps.
    """

    _since: datetime | None = None

    def is_over(self, engine: Engine, now: datetime) -> bool:
        """Tell whether letters may be made."""
        with reading(engine) as connection:
            waits = bool(agenda.due(connection, now - SETTLED, limit=1))
        self._since = (self._since or now) if waits else None
        return self._since is None or now - self._since >= PATIENCE


def send_due(
    settings: Settings, engine: Engine, clock: Callable[[], datetime], *, tls: ssl.SSLContext | None = None
) -> Iterator[Sent]:
    """Send each digest that is due, and yield what became of it; one that fails waits, the next one goes on.

    Two processes that do this at once send each letter once.
    """
    while True:
        now = clock()
        with writing(engine) as connection:
            taken = digests.take(connection, now - SETTLED, now, now + LEASE)
        if taken is None:
            return
        yield _tried(settings, engine, taken, now, tls)


def preview(
    connection: Connection, settings: Settings, viewer: Viewer, now: datetime
) -> tuple[Digest, Envelope]:
    """Return what somebody would be told now; for who is told nothing yet, of the last day."""
    held = digests.get(connection, viewer.id) or Schedule(user=viewer.id, every="daily", hour=8)
    zone = zone_of(viewer, settings)
    told = digest_of(connection, viewer, held.through or now - _FIRST, now, now, query=held.query, zone=zone)
    try:
        to = address_of(viewer, settings)
    except ConfigError:
        to = "you@example.invalid"  # a preview needs no address
    return told, _envelope(settings, viewer, held, to, f"{page_of(settings)}/unsubscribe/PREVIEW")


def address_of(viewer: Viewer, settings: Settings) -> str:
    """Return where somebody's letters go; ConfigError when nobody knows."""
    contact = settings.http.contact or ""
    own = viewer.email or (contact if viewer.id == "owner" and "@" in contact and "/" not in contact else "")
    if not own:
        raise ConfigError(
            f"There is no e-mail address of {viewer.name}. Give the user one: earmark users; without users, "
            "http.contact in earmark.toml is taken where it is an e-mail address."
        )
    return own


def page_of(settings: Settings) -> str:
    """Return the address of the page, for links."""
    return settings.page.url or f"http://{settings.page.address}"


def _tried(
    settings: Settings, engine: Engine, taken: Schedule, now: datetime, tls: ssl.SSLContext | None
) -> Sent:
    try:
        return _sent(settings, engine, taken, now, tls)
    except StorageError:
        raise
    except (ExportError, ConfigError) as error:
        return _failed(engine, taken, str(error), now)
    except Exception:
        # What one letter can do must not keep the others back.
        logger.exception("a digest failed", extra={"user": taken.user})
        return _failed(engine, taken, "The digest could not be made. This is a bug: please report it.", now)


def _sent(
    settings: Settings, engine: Engine, taken: Schedule, now: datetime, tls: ssl.SSLContext | None
) -> Sent:
    """Make one letter, hand it in, and record what it told."""
    with reading(engine) as connection:
        viewer = viewer_of(connection, taken.user)
        zone = zone_of(viewer, settings) if viewer else settings.team.zone
        period = period_of(taken, now - SETTLED, zone)
        told = None
        if viewer is not None:
            after = taken.through or period - _FIRST
            told = digest_of(connection, viewer, after, period, now, query=taken.query, zone=zone)
    if viewer is None or told is None or not told.entries:
        _record(engine, settings, taken, period, next_due(taken, period, zone), None, now)
        return Sent(user=taken.user)
    postbox, to = postbox_of(settings), address_of(viewer, settings)
    with writing(engine) as connection:
        name = f"ends the digest of {period:%Y-%m-%d %H:%M}"
        _, secret = tokens.create(connection, purpose="unsubscribe", user=viewer.id, name=name, at=now)
    envelope = _envelope(settings, viewer, taken, to, f"{page_of(settings)}/unsubscribe/{secret}")
    post(letter(told, envelope, period, zone, now, sender=postbox.sender), postbox, tls=tls)
    _record(engine, settings, taken, period, next_due(taken, period, zone), told, now)
    return Sent(user=taken.user, reasons=told.total)


def _envelope(settings: Settings, viewer: Viewer, held: Schedule, to: str, leave: str) -> Envelope:
    return Envelope(
        user=viewer.id, name=viewer.name, to=to, page=page_of(settings), leave=leave, every=held.every
    )


def _record(
    engine: Engine,
    settings: Settings,
    taken: Schedule,
    period: datetime,
    following: datetime,
    told: Digest | None,
    now: datetime,
) -> None:
    with writing(engine) as connection:
        sent_at = now if told else None
        digests.done(connection, taken, through=period, next_at=following, sent_at=sent_at)
        if told:
            latency.notified(connection, [entry.row.trigger for entry in told.entries], now)
            notices.digest_ready(connection, taken.user, _figures(told, period, settings, now), now)


def _figures(told: Digest, period: datetime, settings: Settings, now: datetime) -> dict[str, object]:
    return {
        "period": period.isoformat(),
        "after": told.after.isoformat(),
        "through": told.through.isoformat(),
        "reasons": told.total,
        "hot": sum(entry.is_hot for entry in told.entries),
        "url": f"{page_of(settings)}/",
        "at": now.isoformat(),
    }


def _failed(engine: Engine, taken: Schedule, error: str, now: datetime) -> Sent:
    logger.warning("a digest was not sent", extra={"user": taken.user, "error": error})
    pause = PAUSES[min(taken.failures, len(PAUSES) - 1)]
    with writing(engine) as connection:
        digests.failed(connection, taken, error, now + pause)
    return Sent(user=taken.user, error=error)

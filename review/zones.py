"""Time zones: the one of the team, and the own one of who lives elsewhere."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from earmark.config import Settings
from earmark.config.tables import nearest
from earmark.errors import ConfigError
from review.page.viewer import Viewer

__all__ = ["zone_named", "zone_of", "zones"]


def zones() -> list[str]:
    """Return the zones that somebody may choose, by name."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


def zone_named(text: str) -> str:
    """Return the name of a zone as it is kept, "" for none; ConfigError when there is no such zone."""
    name = text.strip()
    if name and _zone(name) is None:
        known = {each.lower(): each for each in zones()}
        near = nearest(name, tuple(known)).partition("did you mean ")[2].rstrip("?")
        hint = f"; did you mean {known[near]}?" if near in known else ". Write one such as Europe/Berlin."
        raise ConfigError(f"There is no time zone {name[:80]!r}{hint}")
    return name


def zone_of(viewer: Viewer, settings: Settings) -> tzinfo:
    """Return the zone in which somebody is told by mail: their own where they chose one, else the team's."""
    return _zone(viewer.prefers("zone")) or settings.team.zone


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None

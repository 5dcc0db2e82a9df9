"""What each kind of source needs, costs and can show: one card a kind, for the command line and the docs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from earmark.contract import Source
from earmark.triggers import CATALOGUE
from sources.reader import Reader
from sources.registry import kinds

__all__ = ["Card", "Option", "cards"]

_DAY: Final = timedelta(days=1)
_GOLDEN: Final = Path(__file__).resolve().parents[1] / "tests" / "sources" / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a kind: whether it is needed, and what it means."""

    needed: bool
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A kind on one card.

    ``preset_of`` names the kind that a preset is configuration over. ``floor`` is the least pause and
    ``pace`` the usual one, ``requests`` what a poll makes (None where the options decide, and the figures
    a day are for one feed, board or search). ``golden`` counts the recorded pages that its tests compare
    with events, None where the tests are not there.
    """

    kind: str
    about: str
    preset_of: str | None
    auth: str
    terms: str
    floor: timedelta
    pace: timedelta
    requests: int | None
    shows: tuple[str, ...]
    golden: int | None
    options: Mapping[str, Option]

    @property
    def usual_cost(self) -> int:
        """Requests a day at the usual pace."""
        return round(_DAY / self.pace * (self.requests or 1))

    @property
    def highest_cost(self) -> int:
        """Requests a day at the least pause that the kind allows."""
        return round(_DAY / self.floor * (self.requests or 1))

    @property
    def shows_all(self) -> bool:
        """Whether it can show any trigger kind there is."""
        return len(self.shows) == len(CATALOGUE)


def cards(usual: timedelta) -> tuple[Card, ...]:
    """Return the cards of all kinds, by name; ``usual`` is the pace of a source that does not say one."""
    return tuple(_card(kind, source, usual) for kind, source in sorted(kinds().items()))


def _card(kind: str, source: type[Source], usual: timedelta) -> Card:
    return Card(
        kind=kind,
        about=" ".join((source.__doc__ or "").strip().partition("\n\n")[0].split()),
        preset_of="feed" if issubclass(source, Reader) and kind != "feed" else None,
        auth=source.auth,
        terms=source.terms,
        floor=source.floor,
        pace=max(usual, source.floor),
        requests=_requests(source),
        shows=source.shows,
        golden=_golden(kind),
        options={
            name: Option(needed=field.is_required(), about=field.description or "")
            for name, field in source.model_fields.items()
        },
    )


def _requests(source: type[Source]) -> int | None:
    try:
        return source.model_construct().requests
    except Exception:  # noqa: BLE001 - a plugin's property may need any option; then there is no figure
        return None


def _golden(kind: str) -> int | None:
    if not _GOLDEN.is_dir():
        return None
    return sum(1 for _ in (_GOLDEN / kind).glob("*.events.json"))

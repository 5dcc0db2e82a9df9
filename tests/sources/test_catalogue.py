import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from earmark.contract import Poll, Source
from earmark.triggers import CATALOGUE
from earmark.types import Event
from sources import catalogue
from sources.catalogue import Card, cards
from sources.registry import kinds

HALF_HOUR = timedelta(minutes=30)
ALL = {card.kind: card for card in cards(HALF_HOUR)}


def test_there_is_a_card_for_every_kind() -> None:
    assert ALL.keys() == kinds().keys()


@pytest.mark.parametrize("card", ALL.values(), ids=lambda card: card.kind)
def test_a_card_says_what_a_kind_needs_costs_and_shows(card: Card) -> None:
    assert card.about.endswith(".")
    assert card.auth
    assert set(card.shows) <= CATALOGUE.keys()
    assert card.shows
    assert card.pace >= card.floor
    assert 0 < card.usual_cost <= card.highest_cost


def test_presets_are_told_from_kinds_of_their_own() -> None:
    presets = {card.kind for card in ALL.values() if card.preset_of == "feed"}
    assert {"google_alerts", "globenewswire", "statuspage", "hnrss"} <= presets
    assert not presets & {"feed", "webpage", "edgar"}


def test_the_cost_follows_from_pace_and_requests() -> None:
    assert (ALL["feed"].usual_cost, ALL["feed"].highest_cost) == (48, 288)
    assert ALL["funding_press"].usual_cost == 4 * 48
    assert ALL["globenewswire"].requests is None


def test_golden_cases_are_counted_where_the_tests_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (ALL["google_alerts"].golden or 0) >= 5
    monkeypatch.setattr(catalogue, "_GOLDEN", tmp_path / "gone")
    assert {card.golden for card in cards(HALF_HOUR)} == {None}


def test_a_kind_whose_cost_cannot_be_told_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(Source):
        """Odd."""

        kind: ClassVar[str] = "odd"

        @property
        def requests(self) -> int:
            raise RuntimeError

        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            yield Event(external_id="1", title=(await poll.get("https://odd.example/")).text())

    monkeypatch.setattr(catalogue, "kinds", lambda: {"odd": Odd})
    (card,) = cards(HALF_HOUR)
    assert (card.requests, card.preset_of, card.usual_cost) == (None, None, 48)


def test_every_kind_has_its_page() -> None:
    pages = Path(__file__).parents[2] / "docs" / "sources"
    told = " ".join(path.read_text("utf-8") for path in sorted(pages.glob("*.md")))
    headed = set(
        re.findall(r"`([a-z_]+)`", "\n".join(line for line in told.splitlines() if line.startswith("#")))
    )
    assert {card.kind for card in ALL.values() if card.preset_of} <= headed

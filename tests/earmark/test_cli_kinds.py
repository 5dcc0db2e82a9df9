"""Verbs about kinds of source: their cards, and the searches for Google Alerts."""

from pathlib import Path

import pytest

from tests.builders import NOW
from tests.earmark.workspaces import a_workspace, earmark, json_of, well


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return a_workspace(tmp_path)


def test_a_kind_is_told_with_need_pace_cost_kinds_and_golden_cases(desk: Path) -> None:
    kind = json_of(desk, "sources", "kinds")["google_alerts"]
    assert kind["preset_of"] == "feed"
    assert "Google account" in kind["auth"]
    assert kind["least_pause_seconds"] == 900
    assert kind["requests_a_day"] == {"usual": 48, "most": 96}
    assert "funding_early" in kind["shows"]
    assert kind["golden_cases"] >= 5
    assert kind["options"]["url"]["needed"]


def test_the_kinds_are_told_to_people_too(desk: Path) -> None:
    told = " ".join(well(desk, "sources", "kinds").split())
    assert "about 48 requests a day, 288 at the most; shows any kind" in told
    assert "for each feed, board or search" in told


def test_the_searches_are_one_a_line_and_what_to_do_is_said_beside_them(desk: Path) -> None:
    result = earmark(desk, "sources", "queries", "--limit", "2")
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert all('"' in line for line in lines)
    assert "google.com/alerts" in result.stderr
    assert [query["query"] for query in json_of(desk, "sources", "queries")][:2] == lines


def test_the_address_of_an_alert_stands_in_no_id_and_no_list(desk: Path) -> None:
    url = "https://www.google.com/alerts/feeds/00000000000000000042/7700000000000000001"
    well(desk, "sources", "add", "google_alerts", f"url={url}")
    listed = earmark(desk, "sources", "list", "--json").stdout
    assert '"google-alerts"' in listed
    assert "7700000000000000001" not in listed

"""Finding sources from the command line: discovery, OPML, coverage."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from earmark.config import Settings
from earmark.contract import Page
from earmark.errors import SourceUnavailable
from monitors import discover
from monitors.discover import Scout
from tests.builders import NOW, ago
from tests.earmark.workspaces import FUNDING, a_workspace, earmark, json_of, tell, well

T = TypeVar("T")
FEED = (
    "<rss version='2.0'><channel><title>N</title><item><title>x</title><link>https://norviklabs.example/x</link>"
    f"<pubDate>{ago(1):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item></channel></rss>"
)
PAGES = {
    "https://norviklabs.example/": "<html><body><a href='https://jobs.lever.co/norvik'>Jobs</a></body></html>",
    "https://norviklabs.example/feed": FEED,
    "https://api.lever.co/v0/postings/norvik?mode=json&limit=1": "[]",
    "https://oskarion.example/": "<html><body>Hello</body></html>",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    return a_workspace(tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Recorded sites in the place of the world; the addresses that were asked."""
    seen: list[str] = []

    async def ask(url: str) -> Page:
        seen.append(url)
        if url not in PAGES:
            raise SourceUnavailable(f"{url} was not found.", status=404)
        return Page(url=url, status=200, headers={}, body=PAGES[url].encode())

    async def run(function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    @asynccontextmanager
    async def scouting(_: Settings, now: datetime) -> AsyncIterator[Scout]:
        yield Scout(ask, run, now)

    monkeypatch.setattr(discover, "scouting", scouting)
    return seen


def ids(folder: Path) -> set[str]:
    return {one["id"] for one in json_of(folder, "sources", "list")}


@pytest.mark.usefixtures("asked")
def test_what_is_found_is_shown_with_reason_cost_and_kinds_and_added_only_when_asked(folder: Path) -> None:
    found = json_of(folder, "sources", "discover", "--account", "norviklabs")["sources"]
    assert {(one["id"], one["kind"], one["state"]) for one in found} == {
        ("norviklabs-example-feed", "feed", "new"),
        ("norviklabs-example-lever", "jobs", "new"),
    }
    assert all(one["reason"] and one["requests_a_day"] and one["shows"] for one in found)
    assert ids(folder) == {"wire"}
    assert "Add them with --write" in well(folder, "sources", "discover", "--account", "norviklabs")


def test_all_adds_them_once_with_stable_ids_and_asks_only_those_again_that_did_not_answer(
    folder: Path, asked: list[str]
) -> None:
    well(folder, "sources", "discover", "--all", "--write")
    assert ids(folder) == {"wire", "norviklabs-example-feed", "norviklabs-example-lever"}
    count = len(asked)
    again = json_of(folder, "sources", "discover", "--all", "--write")
    assert {one["state"] for one in again["sources"]} == {"watched already"}
    assert {urlsplit(url).hostname for url in asked[count:]} == {"zephyrine.example", "www.zephyrine.example"}
    assert "zephyrine.example" in again["notes"]
    asked.clear()
    json_of(folder, "sources", "discover", "--all", "--again")
    assert len(asked) == count
    assert ids(folder) == {"wire", "norviklabs-example-feed", "norviklabs-example-lever"}


def test_a_stop_in_the_middle_loses_only_the_account_at_hand(
    folder: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    explore = Scout.explore

    async def stop(self: Scout, account: Any) -> Any:
        if account.id == "zephyrine.example":
            raise KeyboardInterrupt
        return await explore(self, account)

    with monkeypatch.context() as patched:
        patched.setattr(discover, "_AT_ONCE", 1)
        patched.setattr(Scout, "explore", stop)
        assert earmark(folder, "sources", "discover", "--all").exit_code != 0
    asked.clear()
    found = json_of(folder, "sources", "discover", "--all")["sources"]
    assert len(found) == 2
    assert not [url for url in asked if "norviklabs" in url]


@pytest.mark.usefixtures("asked")
def test_a_kind_can_be_chosen_and_a_taken_id_gets_a_number(folder: Path) -> None:
    well(folder, "sources", "add", "https://other.example/f.xml", "--id", "norviklabs-example-lever")
    well(folder, "sources", "discover", "--all", "--write", "--kind", "jobs")
    assert ids(folder) == {"wire", "norviklabs-example-lever", "norviklabs-example-lever-2"}


@pytest.mark.parametrize("args", [[], ["--all", "--account", "norviklabs"]])
def test_whose_sources_must_be_said(folder: Path, args: list[str]) -> None:
    result = earmark(folder, "sources", "discover", *args)
    assert result.exit_code == 2
    assert "--account NAME" in result.stderr


def test_feeds_go_out_as_opml_and_come_back(folder: Path, tmp_path: Path) -> None:
    well(folder, "sources", "add", "https://blog.norvik.example/feed", "company=Norvik Labs", "--id", "blog")
    well(folder, "sources", "export", str(tmp_path / "out.opml"))
    (tmp_path / "other").mkdir()
    other = a_workspace(tmp_path / "other")
    done = json_of(other, "sources", "import", str(tmp_path / "out.opml"))
    assert done["added"] == ["blog-norvik-example"]
    assert done["watched already"] == ["https://wire.example/feed.xml"]
    (blog,) = [one for one in json_of(other, "sources", "list") if one["id"] == "blog-norvik-example"]
    assert blog["options"]["company"] == "Norvik Labs"
    again = json_of(other, "sources", "import", str(tmp_path / "out.opml"))
    assert again["added"] == []


def test_an_import_can_be_tried_and_a_wrong_file_is_told(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.opml"
    file.write_text('<opml><body><outline xmlUrl="https://a.example/f"/></body></opml>', "utf-8")
    assert "1 added" in well(folder, "sources", "import", str(file), "--dry-run")
    assert ids(folder) == {"wire"}
    file.write_text("no list", "utf-8")
    assert "is no OPML file" in earmark(folder, "sources", "import", str(file)).stderr
    assert "can't be read" in earmark(folder, "sources", "import", str(tmp_path / "none")).stderr


def test_coverage_counts_who_is_watched_and_who_gave_a_reason(folder: Path) -> None:
    before = json_of(folder, "accounts", "coverage")
    assert before["unwatched"] == ["norviklabs.example", "oskarion.example", "zephyrine.example"]
    assert (before["general_sources"], before["gave_a_reason_in_30_days"]) == (1, 0)
    tell(folder, [FUNDING])
    well(folder, "sources", "add", "https://x.example/feed", "company=Oskarion Freight")
    well(folder, "sources", "add", "webpage", "url=https://www.zephyrine.example/jobs")
    after = json_of(folder, "accounts", "coverage")
    assert after["unwatched"] == ["norviklabs.example"]
    assert (after["watched"], after["gave_a_reason_in_30_days"]) == (2, 1)
    assert after["silent_in_30_days"] == ["oskarion.example", "zephyrine.example"]
    well(folder, "sources", "pause", json.loads(well(folder, "sources", "list", "--json"))[-1]["id"])
    assert "1 gave a reason" in well(folder, "accounts", "coverage")
    assert len(json_of(folder, "accounts", "coverage")["unwatched"]) == 2


def test_the_blind_spots_of_one_account_are_told_with_what_to_add(folder: Path) -> None:
    well(folder, "sources", "add", "jobs", "board=lever", "token=norviklabs", "company=Norvik Labs")
    found = json_of(folder, "accounts", "coverage", "Norvik Labs")
    assert found["general"] == ["wire"]
    assert "hiring_role" in found["shown"]
    assert "funding_seed" in found["by_chance"]
    said = well(folder, "accounts", "coverage", "norviklabs.example")
    assert "1 sources of its own" in said
    assert "earmark sources discover --account norviklabs.example" in said
    assert "hiring_role" not in json_of(folder, "accounts", "coverage", "oskarion.example")["shown"]
    assert earmark(folder, "accounts", "coverage", "Nobody Inc").exit_code == 1

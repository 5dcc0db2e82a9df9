"""Presets over feeds: golden pairs in ``data/<kind>/``, the contract, and what each makes of its feed."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from earmark.errors import ConfigError, SourceChanged, SourceRefused
from earmark.logs import mask
from earmark.testing import FakePoll, Recorded, SourceContract, events_from
from earmark.types import Event, HintKind
from sources.reader import Reader
from sources.registry import build, kinds
from tests.builders import NOW

DATA = Path(__file__).parent / "data"
ALERT = "https://www.google.com/alerts/feeds/00000000000000000042/7700000000000000001"
OPTIONS: dict[str, dict[str, Any]] = {
    "bing_news": {"query": '"Quillmarsh"', "mkt": "en-us"},
    "funding_press": {"outlets": ["eu-startups"]},
    "github_releases": {"repositories": ["fennelworks/fennel-sync"]},
    "globenewswire": {"feeds": ["subjectcode/17-Financing Agreements"]},
    "google_alerts": {"url": ALERT},
    "google_news": {"query": '"Tallowick Health"', "when": "7d", "accept_terms": True},
    "hnrss": {"query": "zephyrdesk"},
    "prnewswire": {"topics": ["personnel-announcements"]},
    "producthunt": {},
    "statuspage": {"url": "https://status.zephyrdesk.example", "company": "Zephyrdesk"},
    "wire": {"url": "https://wire.example/releases.rss"},
    "youtube": {"channel_id": "UCsynthetic00000000000-0", "company": "Tallowick Health"},
}
CASES = sorted(
    page for kind in OPTIONS for page in (DATA / kind).iterdir() if not page.name.endswith(".events.json")
)


def source_of(kind: str, **options: Any) -> Reader:
    source = build(kind, OPTIONS[kind] | options)
    assert isinstance(source, Reader)
    return source


def events(kind: str, page: Path | str, **options: Any) -> list[Event]:
    source = source_of(kind, **options)
    body = page.read_bytes() if isinstance(page, Path) else page.encode()
    return events_from(source, FakePoll(dict.fromkeys(source.addresses, body), now=NOW))


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def as_json(event: Event) -> dict[str, Any]:
    told = {field.name: plain(getattr(event, field.name)) for field in dataclasses.fields(event)}
    hints = [f"{hint.kind} {hint.value} {hint.strength}" for hint in event.hints]
    return {
        name: value for name, value in (told | {"hints": hints}).items() if value not in (None, "", (), [])
    }


def read(page: Path) -> list[dict[str, Any]] | dict[str, str]:
    try:
        return [as_json(event) for event in events(page.parent.name, page)]
    except SourceChanged as error:
        return {"error": str(error)}


@pytest.mark.parametrize("page", CASES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    expected = page.with_name(page.stem + ".events.json")
    assert read(page) == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_preset_has_four_golden_pairs_and_a_hostile_one(kind: str) -> None:
    cases = {path.name.removesuffix(".events.json") for path in (DATA / kind).glob("*.events.json")}
    assert len(cases) >= 5
    assert any(case.startswith("hostile") for case in cases)
    assert cases == {page.stem for page in CASES if page.parent.name == kind}


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_preset_tells_what_it_costs_and_shows(kind: str) -> None:
    source = kinds()[kind]
    assert source.shows
    assert source.terms
    assert source_of(kind).requests == len(source_of(kind).addresses) == 1


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_host_can_be_another_one(kind: str) -> None:
    usual = source_of(kind).addresses
    other = source_of(kind, base_url="http://127.0.0.1:8123").addresses
    paths = [url.split("/", 3)[3] for url in usual]
    assert list(other) == [f"http://127.0.0.1:8123/{path}" for path in paths]


# The contract


def pages_of(kind: str, case: str) -> dict[str, Recorded]:
    (page,) = (page for page in (DATA / kind).glob(f"{case}.*") if not page.name.endswith(".events.json"))
    return {source_of(kind).addresses[0]: page.read_bytes()}


class Preset(SourceContract):
    __test__ = False
    now = NOW


class TestBingNews(Preset):
    __test__ = True
    source = source_of("bing_news")
    pages = pages_of("bing_news", "search")


class TestFundingPress(Preset):
    __test__ = True
    source = source_of("funding_press")
    pages = pages_of("funding_press", "category")


class TestGithubReleases(Preset):
    __test__ = True
    source = source_of("github_releases")
    pages = pages_of("github_releases", "releases")


class TestGlobeNewswire(Preset):
    __test__ = True
    source = source_of("globenewswire")
    pages = pages_of("globenewswire", "subject")


class TestGoogleAlerts(Preset):
    __test__ = True
    source = source_of("google_alerts")
    pages = pages_of("google_alerts", "alert")


class TestGoogleNews(Preset):
    __test__ = True
    source = source_of("google_news")
    pages = pages_of("google_news", "search")


class TestHnrss(Preset):
    __test__ = True
    source = source_of("hnrss")
    pages = pages_of("hnrss", "newest")


class TestPrNewswire(Preset):
    __test__ = True
    source = source_of("prnewswire")
    pages = pages_of("prnewswire", "personnel")


class TestProductHunt(Preset):
    __test__ = True
    source = source_of("producthunt")
    pages = pages_of("producthunt", "launches")


class TestStatuspage(Preset):
    __test__ = True
    source = source_of("statuspage")
    pages = pages_of("statuspage", "history")


class TestWire(Preset):
    __test__ = True
    source = source_of("wire")
    pages = pages_of("wire", "releases")


class TestYoutube(Preset):
    __test__ = True
    source = source_of("youtube")
    pages = pages_of("youtube", "channel")


# What is particular


def test_the_address_of_an_alert_is_a_secret_everywhere() -> None:
    source = source_of("google_alerts")
    refused = SourceRefused(
        f"{ALERT} answered 404. Look at www.google.com{ALERT.partition('.com')[2]}.", status=404
    )
    with pytest.raises(SourceRefused) as caught:
        events_from(source, FakePoll({ALERT: refused}))
    told = (str(caught.value), repr(source), str(source.model_dump(mode="json")), mask(f"GET {ALERT}"))
    assert not any("7700000000000000001" in text for text in told)
    assert caught.value.status == 404


def test_a_wrong_address_of_an_alert_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError, match="it is no http or https address") as caught:
        build("google_alerts", {"url": "ftp://www.google.com/alerts/feeds/42/77"})
    assert "feeds/42" not in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"accept_terms": False}])
def test_google_news_is_off_until_its_terms_are_accepted(options: dict[str, bool]) -> None:
    with pytest.raises(ConfigError, match="personal, non-commercial use"):
        build("google_news", {"query": "Norvik"} | options)


def test_google_news_ids_rotate_so_the_text_is_the_identity() -> None:
    assert kinds()["google_news"].unstable_ids
    page = DATA / "google_news" / "search.xml"
    later = page.read_text("utf-8").replace("CBMiSynthetic", "CBMiRotated")
    first, second = events("google_news", page), events("google_news", later)
    assert [event.external_id for event in first] != [event.external_id for event in second]
    assert [(event.title, event.text) for event in first] == [(event.title, event.text) for event in second]


def test_the_id_of_a_bing_entry_survives_a_new_wrapper() -> None:
    page = DATA / "bing_news" / "search.xml"
    later = page.read_text("utf-8").replace("tid=0000", "tid=1111").replace("c=9990001", "c=1234")
    assert events("bing_news", page) == events("bing_news", later)


def test_points_on_hacker_news_do_not_change_an_entry() -> None:
    page = DATA / "hnrss" / "newest.xml"
    later = (
        page.read_text("utf-8")
        .replace("Points: 143", "Points: 200")
        .replace("# Comments: 57", "# Comments: 81")
    )
    assert later != page.read_text("utf-8")
    assert events("hnrss", page) == events("hnrss", later)


def test_the_issuer_decides_alone_only_where_a_wire_vouches_for_it() -> None:
    page = DATA / "globenewswire" / "subject.xml"
    address = "https://feeds.example/x"
    (plain_feed,) = {
        hint.strength
        for event in events_from(
            build("feed", {"url": address}), FakePoll({address: page.read_bytes()}, now=NOW)
        )
        for hint in event.hints
    }
    assert plain_feed < 1
    assert {hint.strength for event in events("globenewswire", page) for hint in event.hints} == {1.0}


def test_a_ticker_of_another_exchange_is_no_hint() -> None:
    found = events("globenewswire", DATA / "globenewswire" / "tickers.xml")
    tickers = [hint.value for event in found for hint in event.hints if hint.kind is HintKind.TICKER]
    assert tickers == ["NRVK", "TIDEF"]


def test_law_firms_come_through_when_they_are_wanted() -> None:
    page = DATA / "prnewswire" / "law-firms.rss"
    assert len(events("prnewswire", page)) == 1
    assert len(events("prnewswire", page, exclude=[])) == 3


def test_maintenance_previews_and_patches_come_when_they_are_wanted() -> None:
    page = DATA / "statuspage" / "maintenance.atom"
    assert [event.title for event in events("statuspage", page, maintenance=True)] == [
        "Zephyrdesk scheduled maintenance: Database upgrade",
        "Zephyrdesk scheduled maintenance: Completed upgrade",
        "Zephyrdesk service incident: Search is slow",
    ]
    versions = DATA / "github_releases" / "versions.atom"
    assert len(events("github_releases", versions, previews=True, patches=True)) == 7
    assert len(events("github_releases", versions, patches=True)) == 6


def test_several_feeds_are_several_requests() -> None:
    source = build("globenewswire", {"feeds": ["country/Germany", "industry/4-Software"]})
    assert source.requests == 2
    assert source_of("funding_press", outlets=["techcrunch", "tech.eu"]).requests == 2


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("github_releases", {"repositories": ["fennelworks/../../etc"]}),
        ("github_releases", {"repositories": ["nobody"]}),
        ("github_releases", {"repositories": []}),
        ("globenewswire", {"feeds": ["https://evil.example/x"]}),
        ("globenewswire", {"feeds": ["country/Germany?x=1"]}),
        ("prnewswire", {"topics": ["../secret"]}),
        ("youtube", {"channel_id": "Tallowick"}),
        ("statuspage", {"url": "https://status.zephyrdesk.example"}),
        ("google_news", {"query": "x", "accept_terms": True, "when": "soon"}),
        ("bing_news", {"query": ""}),
        ("producthunt", {"category": "a b"}),
        ("funding_press", {"outlets": ["the-moon"]}),
    ],
)
def test_an_option_that_makes_no_address_is_refused(kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"of source kind '{kind}'"):
        build(kind, options)

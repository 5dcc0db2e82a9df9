"""We Work Remotely: "Company: Job" made a posting of that company."""

from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from earmark.contract import Source
from earmark.errors import SourceChanged
from earmark.testing import FakePoll, Recorded, SourceContract, events_from
from earmark.types import Event, HintKind
from sources.registry import kinds
from sources.weworkremotely import WeWorkRemotely
from tests.sources.golden_posts import cases, expected, told

PAGE = Path(__file__).parent / "data" / "weworkremotely" / "recorded.rss"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
URL = "https://weworkremotely.com/remote-jobs.rss"


def a_feed(*items: str) -> str:
    inner = "".join(f"<item><guid>{number}</guid>{item}</item>" for number, item in enumerate(items))
    return f"<rss version='2.0'><channel><title>Jobs</title>{inner}</channel></rss>"


def poll(page: Recorded) -> list[Event]:
    return events_from(WeWorkRemotely(), FakePoll({URL: page}, now=NOW))


class TestWeWorkRemotely(SourceContract):
    source: ClassVar[Source] = WeWorkRemotely(category="sales-and-marketing")
    now = NOW
    pages: ClassVar[dict[str, Recorded]] = {
        "https://weworkremotely.com/categories/remote-sales-and-marketing-jobs.rss": PAGE.read_bytes()
    }

    def test_the_company_its_role_and_its_site_are_told(self) -> None:
        (event,) = self.events()
        assert event.title == "Quillmarsh is hiring: Sales Development Representative (EU)"
        assert event.published_at == datetime(2026, 11, 19, 12, tzinfo=UTC)
        assert [(hint.kind, hint.value, hint.strength) for hint in event.hints] == [
            (HintKind.NAME, "Quillmarsh", 0.5),
            (HintKind.DOMAIN, "quillmarsh.example", 1.0),
        ]
        assert [(fact.key, fact.value) for fact in event.facts] == [
            ("role", "Sales Development Representative (EU)")
        ]


def test_it_is_a_kind() -> None:
    assert kinds()["weworkremotely"] is WeWorkRemotely


def test_a_page_at_a_network_is_not_the_companys_own_site() -> None:
    text = "&lt;p&gt;URL: https://network.example/company/quillmarsh&lt;/p&gt;"
    (event,) = poll(a_feed(f"<title>Quillmarsh: Engineer</title><description>{text}</description>"))
    assert [hint.kind for hint in event.hints] == [HintKind.NAME]


@pytest.mark.parametrize("site", ["https://[::1", "https:///", "ftp://quillmarsh.example"])
def test_a_broken_site_is_none(site: str) -> None:
    text = f"&lt;p&gt;URL: {site}&lt;/p&gt;"
    (event,) = poll(a_feed(f"<title>Quillmarsh: Engineer</title><description>{text}</description>"))
    assert [hint.kind for hint in event.hints] == [HintKind.NAME]


def test_entries_without_a_company_are_passed_over_and_a_feed_of_them_is_told() -> None:
    (event,) = poll(a_feed("<title>Five tips</title>", "<title>Quillmarsh: Engineer: Platform</title>"))
    assert event.title == "Quillmarsh is hiring: Engineer: Platform"
    with pytest.raises(SourceChanged, match="base_url"):
        poll(a_feed("<title>Five tips</title>"))
    assert poll(a_feed()) == []


def test_a_posting_of_the_future_is_undated() -> None:
    (event,) = poll(a_feed("<title>Q: E</title><pubDate>Thu, 19 Nov 2036 12:00:00 +0000</pubDate>"))
    assert event.published_at is None


@pytest.mark.parametrize("page", cases("weworkremotely"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert told(WeWorkRemotely(), {URL: page.read_bytes()}) == expected(page)

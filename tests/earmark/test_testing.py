"""The test kit finds what it says it finds: each promise is broken once."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field, HttpUrl, SecretStr

from earmark.contract import Feed, Page, Poll, Source, Unchanged
from earmark.errors import SourceChanged, SourceUnavailable
from earmark.testing import FakePoll, SourceContract, events_from
from earmark.types import Event
from tests.builders import NOW, an_event

URL = "https://forum.example/newest.json"
STORIES = b'[{"id": "a", "title": "Norvik raises"}, {"id": "b", "title": "Pell hires"}]'


class Forum(Source):
    """Newest stories of a forum."""

    kind: ClassVar[str] = "forum"

    site: HttpUrl = Field(HttpUrl("https://forum.example/"), description="Root of the forum.")
    token: SecretStr | None = Field(None, description="Key of the account.")

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        page = await poll.get(f"{self.site}newest.json")
        for story in self.stories(page):
            yield self.told(
                Event(
                    external_id=str(story["id"]),
                    title=str(story["title"]),
                    url=URL,
                    published_at=poll.now - timedelta(hours=1),
                )
            )

    def stories(self, page: Page) -> list[dict[str, Any]]:
        found = page.json()
        if not isinstance(found, list):
            raise SourceChanged(f"{page.url} answered with JSON that is no list. Look whether it has moved.")
        return [story for story in found if isinstance(story, dict) and {"id", "title"} <= story.keys()]

    def told(self, event: Event) -> Event:
        return event


def retold(change: Callable[[Event], Event]) -> type[Forum]:
    class Retold(Forum):
        """A forum that breaks one promise."""

        def told(self, event: Event) -> Event:
            return change(event)

    return Retold


class Silent(Forum):
    """Yields nothing, whatever it is given."""

    def stories(self, page: Page) -> list[dict[str, Any]]:
        del page
        return []


class Careless(Forum):
    """Trusts every answer."""

    def stories(self, page: Page) -> list[dict[str, Any]]:
        return list(page.json())


class Undescribed(Forum):
    """Has an option without a description."""

    depth: int = 1


class Forgetful(Forum):
    """Has other options than it was given."""

    depth: int = Field(1, description="Pages.", exclude=True)


def contract(source: Source) -> SourceContract:
    made = type("Made", (SourceContract,), {"source": source, "pages": {URL: STORIES}, "now": NOW})
    return made()  # type: ignore[no-any-return]  # made of SourceContract


CHECKS = sorted(name for name in vars(SourceContract) if name.startswith("test_"))


class TestForum(SourceContract):
    source = Forum(token=SecretStr("env:KEY"))
    pages = {URL: STORIES}  # noqa: RUF012 - a test's own page
    now = NOW


@pytest.mark.parametrize(
    ("source", "check"),
    [
        (Silent(), "test_yields_something_from_the_recorded_pages"),
        (Silent(), "test_an_empty_body_is_told_as_a_change"),
        (Silent(), "test_a_block_page_is_told_as_a_change"),
        (Silent(), "test_undecodable_bytes_are_told_as_a_change"),
        (Careless(), "test_only_source_errors_escape_whatever_the_bytes"),
        (Undescribed(), "test_every_option_has_a_description"),
        (Forgetful(depth=2), "test_options_survive_a_json_round_trip"),
        (retold(lambda event: replace(event, external_id="x"))(), "test_ids_are_unique_and_stable"),
        (
            retold(lambda event: replace(event, external_id=os.urandom(4).hex()))(),
            "test_ids_are_unique_and_stable",
        ),
        (retold(lambda event: replace(event, title="<b>Norvik</b>"))(), "test_titles_and_texts_are_plain"),
        (retold(lambda event: replace(event, title="AT&amp;T"))(), "test_titles_and_texts_are_plain"),
        (retold(lambda event: replace(event, title=" Norvik"))(), "test_titles_and_texts_are_plain"),
        (retold(lambda event: replace(event, title=""))(), "test_titles_and_texts_are_plain"),
        (
            retold(lambda event: replace(event, published_at=NOW.replace(tzinfo=None)))(),
            "test_times_are_aware_and_past",
        ),
        (
            retold(lambda event: replace(event, occurred_at=NOW + timedelta(days=2)))(),
            "test_times_are_aware_and_past",
        ),
        (retold(lambda event: replace(event, url="javascript:x"))(), "test_links_are_web_addresses"),
        (retold(lambda event: replace(event, thread_url="/t/1"))(), "test_links_are_web_addresses"),
        (retold(lambda event: replace(event, url="http://[::1"))(), "test_links_are_web_addresses"),
    ],
)
def test_a_broken_promise_fails_its_check(source: Source, check: str) -> None:
    with pytest.raises(AssertionError):
        getattr(contract(source), check)()


@pytest.mark.parametrize("check", CHECKS)
def test_a_source_that_keeps_its_promises_passes(check: str) -> None:
    getattr(contract(Forum()), check)()


def test_every_check_is_seen_to_fail_at_least_once() -> None:
    marks = test_a_broken_promise_fails_its_check.pytestmark  # type: ignore[attr-defined]  # set by parametrize
    assert {check for _, check in marks[0].args[1]} == set(CHECKS)


# FakePoll


def asked(poll: FakePoll, url: str) -> Page:
    return asyncio.run(poll.get(url))


def test_recorded_bodies_and_pages_are_answered() -> None:
    page = Page(url="https://b.example/moved", status=200, headers={"content-type": "text/x"}, body=b"b")
    poll = FakePoll({"https://a.example/": "ä", "https://b.example/": page})
    assert asked(poll, "https://a.example/").text() == "ä"
    assert asked(poll, "https://b.example/") is page
    assert poll.asked == ["https://a.example/", "https://b.example/"]


def test_a_post_is_answered_like_a_get() -> None:
    poll = FakePoll({URL: b"{}"})
    assert asyncio.run(poll.post(URL, json={"q": 1})).json() == {}


@pytest.mark.parametrize("error", [Unchanged(), SourceUnavailable("down")])
def test_recorded_errors_are_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        asked(FakePoll({URL: error}), URL)


def test_an_address_that_was_not_recorded_is_unavailable_and_named() -> None:
    with pytest.raises(SourceUnavailable, match=r"https://other\.example/ is not among the recorded pages"):
        asked(FakePoll({URL: b""}), "https://other.example/")


def test_feeds_are_read_by_the_given_parser_or_our_own() -> None:
    page = Page(url=URL, status=200, headers={}, body=b"<rss><channel><title>T</title></channel></rss>")
    assert asyncio.run(FakePoll({}).feed(page)).title == "T"
    given = Feed(title="given", language=None, events=(an_event(),))
    assert asyncio.run(FakePoll({}, read_feed=lambda *_: given).feed(page)) is given


def test_functions_run_in_place() -> None:
    assert asyncio.run(FakePoll({}).parse(max, 3, 7)) == 7


def test_state_is_what_was_given_and_kept() -> None:
    state = {"last": 1}
    poll = FakePoll({}, state=state, now=NOW)
    poll.state["last"] = 2
    assert state == {"last": 2}
    assert poll.now == NOW


def test_files_of_a_folder_come_oldest_first(tmp_path: Path) -> None:
    for age, name in enumerate(("new.csv", "middle.csv", "old.csv", "other.txt")):
        path = tmp_path / name
        path.touch()
        os.utime(path, (1_000 - age, 1_000 - age))
    names = [path.name for path in FakePoll({}).files(tmp_path, "*.csv")]
    assert names == ["old.csv", "middle.csv", "new.csv"]
    with pytest.raises(SourceUnavailable, match="There is no folder"):
        FakePoll({}).files(tmp_path / "gone")


def test_events_come_in_the_order_of_the_source() -> None:
    assert [event.external_id for event in events_from(Forum(), FakePoll({URL: STORIES}))] == ["a", "b"]

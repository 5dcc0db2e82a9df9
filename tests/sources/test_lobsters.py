"""The source kind ``lobsters``."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Source, Unchanged
from earmark.testing import FakePoll, SourceContract, events_from
from sources.lobsters import LobstersSource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

URL = "https://lobste.rs/newest.json"


class TestContract(SourceContract):
    source: ClassVar[Source] = LobstersSource()
    pages: ClassVar = {URL: page_of("lobsters", "newest.json")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    return told(LobstersSource(), {URL: page.read_bytes()})


@pytest.mark.parametrize("page", cases("lobsters"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"tags": ["databases", " ask "]}, "https://lobste.rs/t/databases,ask.json"),
        ({"site": "https://crustaceans.example/"}, "https://crustaceans.example/newest.json"),
        ({"base_url": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080/newest.json"),
        ({"tags": ["../admin"]}, "https://lobste.rs/t/..%2Fadmin.json"),
    ],
)
def test_the_options_make_the_address(options: dict[str, object], address: str) -> None:
    poll = FakePoll({address: b"[]"}, now=NOW)
    assert events_from(LobstersSource.model_validate(options), poll) == []
    assert poll.asked == [address]


def test_the_community_is_the_forum_even_when_another_host_answers() -> None:
    source = LobstersSource.model_validate({"base_url": "http://127.0.0.1:8080"})
    found = events_from(source, FakePoll(ByPart({"newest": page_of("lobsters", "newest.json")}), now=NOW))
    assert {event.publisher for event in found} == {"lobste.rs"}


def test_an_unchanged_page_ends_the_poll_quietly() -> None:
    with pytest.raises(Unchanged):
        events_from(LobstersSource(), FakePoll({URL: Unchanged()}, now=NOW))

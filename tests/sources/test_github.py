"""The source kind ``github``: issues that a search finds."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from earmark.contract import Page, Source, Unchanged
from earmark.errors import SourceRefused, SourceUnavailable
from earmark.testing import FakePoll, SourceContract, events_from
from sources.github import GitHubSource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

URL = (
    "https://api.github.com/search/issues?q=cobaltine+is%3Aissue+created%3A%3E%3D2026-10-22"
    "&sort=created&order=desc&per_page=100"
)


def searching(*queries: str, **options: Any) -> GitHubSource:
    return GitHubSource.model_validate({"queries": queries or ("cobaltine",)} | options)


class TestContract(SourceContract):
    source: ClassVar[Source] = searching()
    pages: ClassVar = {URL: page_of("github", "issues.json")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    return told(searching(), {URL: page.read_bytes()})


@pytest.mark.parametrize("page", cases("github"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def asked(source: GitHubSource, state: dict[str, Any] | None = None) -> list[str]:
    poll = FakePoll(ByPart({"": page_of("github", "nothing.json")}), now=NOW, state=state)
    events_from(source, poll)
    return [parse_qs(urlsplit(url).query)["q"][0] for url in poll.asked]


def test_a_search_is_for_issues_unless_it_says_otherwise() -> None:
    queries = ("cobaltine export", "repo:quillmarsh/ops is:pr cobaltine")
    assert asked(searching(*queries)) == [
        "cobaltine export is:issue created:>=2026-10-22",
        "repo:quillmarsh/ops is:pr cobaltine created:>=2026-10-22",
    ]
    assert asked(searching(backfill="all")) == ["cobaltine is:issue"]


def test_a_search_goes_on_from_the_day_before_its_newest_issue() -> None:
    state: dict[str, Any] = {}
    told(searching(), ByPart({"": page_of("github", "issues.json")}), state)
    assert state["newest"] == {"cobaltine": "2026-11-18T09:00:00+00:00"}
    assert asked(searching(), state) == ["cobaltine is:issue created:>=2026-11-17"]


def test_an_issue_found_twice_comes_once() -> None:
    assert len(told(searching("a", "b"), ByPart({"": page_of("github", "issues.json")}))) == 1


@pytest.mark.parametrize(("reset", "seconds"), [(str(int(NOW.timestamp()) + 40), 40), ("soon", 60), ("", 60)])
def test_a_used_quota_ends_the_poll_and_rests(reset: str, seconds: int) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    page = Page(url=URL, status=200, headers=headers, body=page_of("github", "issues.json"))
    state: dict[str, Any] = {}
    poll = FakePoll(ByPart({"": page}), now=NOW, state=state)
    assert len(events_from(searching("a", "b"), poll)) == 1
    assert len(poll.asked) == 1
    again = FakePoll(ByPart({"": page}), now=NOW + timedelta(seconds=seconds - 1), state=state)
    with pytest.raises(Unchanged):
        events_from(searching("a", "b"), again)


def test_403_means_too_many_and_401_a_wrong_token() -> None:
    limited = SourceRefused("api.github.com refused (HTTP 403).", status=403)
    with pytest.raises(SourceUnavailable, match="too often") as caught:
        events_from(searching(), FakePoll({URL: limited}, now=NOW))
    assert caught.value.retry_after == timedelta(hours=1)
    wrong = SourceRefused("api.github.com refused (HTTP 401).", status=401)
    with pytest.raises(SourceRefused, match="401"):
        events_from(searching(), FakePoll({URL: wrong}, now=NOW))


def test_a_member_of_the_organisation_hints_at_it_and_an_outsider_does_not() -> None:
    (member,) = golden(Path(__file__).parent / "data" / "github" / "issues.json")
    assert member["hints"] == ["name quillmarsh 0.5"]
    row = json.loads(page_of("github", "issues.json"))
    row["items"][0]["author_association"] = "NONE"
    (outsider,) = told(searching(), {URL: json.dumps(row)})
    assert "hints" not in outsider

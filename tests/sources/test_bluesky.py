"""The source kind ``bluesky``: log-in, searches, people who hide from strangers, handles that are domains."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Source
from earmark.errors import SourceRefused
from earmark.testing import FakePoll, SourceContract, events_from
from earmark.types import Hint, HintKind
from sources.bluesky import BlueskySource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

HOST = "https://bsky.social/xrpc"
SESSION = f"{HOST}/com.atproto.server.createSession"
SEARCH = f"{HOST}/app.bsky.feed.searchPosts?q=cobaltine&sort=latest&limit=100&since=2026-10-22T00%3A00%3A00Z"
GRANTED = b'{"did": "did:plc:x", "handle": "watch.example", "accessJwt": "synthetic", "active": true}'


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLUESKY_TEST_PASSWORD", "not-a-real-password")


def searching(*queries: str, **options: Any) -> BlueskySource:
    fixed = {"identifier": "watch.example", "app_password": "env:BLUESKY_TEST_PASSWORD"}
    return BlueskySource.model_validate({"queries": queries or ("cobaltine",)} | fixed | options)


class TestContract(SourceContract):
    source: ClassVar[Source] = searching()
    pages: ClassVar = {SESSION: GRANTED, SEARCH: page_of("bluesky", "posts.json")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    return told(searching(), ByPart({"createSession": GRANTED, "": page.read_bytes()}))


@pytest.mark.parametrize("page", cases("bluesky"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def posts(first: int, number: int, cursor: str = "") -> bytes:
    row = {
        "author": {"handle": "a.bsky.social"},
        "record": {"text": "Hm"},
        "indexedAt": "2026-11-20T12:00:00Z",
    }
    found = [row | {"uri": f"at://did:plc:x/app.bsky.feed.post/{at}"} for at in range(first, first + number)]
    return json.dumps({"posts": found} | ({"cursor": cursor} if cursor else {})).encode()


def test_full_pages_are_followed_and_a_looping_cursor_is_left() -> None:
    pages = ByPart({"createSession": GRANTED, "cursor=100": posts(100, 7, "200"), "": posts(0, 100, "100")})
    poll = FakePoll(pages, now=NOW)
    assert len(events_from(searching(), poll)) == 107
    assert len(poll.asked) == 3
    looping = FakePoll(ByPart({"createSession": GRANTED, "": posts(0, 100, "100")}), now=NOW)
    assert len(events_from(searching(), looping)) == 100
    assert len(looping.asked) == 3


def test_a_search_goes_on_from_the_day_of_its_newest_post() -> None:
    state: dict[str, Any] = {}
    pages = ByPart({"createSession": GRANTED, "": posts(0, 2)})
    told(searching(), pages, state)
    assert state == {"newest": {"cobaltine": "2026-11-20T12:00:00+00:00"}}
    poll = FakePoll(pages, now=NOW, state=state)
    events_from(searching(), poll)
    assert poll.asked[1].endswith("since=2026-11-20T00%3A00%3A00Z")


def test_no_token_and_no_password_stays_in_the_state_or_in_an_error() -> None:
    state: dict[str, Any] = {}
    told(searching(), ByPart({"createSession": GRANTED, "": posts(0, 1)}), state)
    assert "synthetic" not in json.dumps(state)
    refusal = SourceRefused("bsky.social refused (HTTP 401).", status=401)
    with pytest.raises(SourceRefused, match=r"does not let watch\.example in") as caught:
        events_from(searching(), FakePoll({SESSION: refusal}, now=NOW))
    assert "not-a-real-password" not in str(caught.value)
    assert "not-a-real-password" not in searching().model_dump_json()


def test_a_password_that_is_not_set_pauses_this_source_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLUESKY_TEST_PASSWORD")
    with pytest.raises(SourceRefused, match="BLUESKY_TEST_PASSWORD is not set"):
        events_from(searching(), FakePoll({}, now=NOW))


@pytest.mark.parametrize(
    ("handle", "domains"),
    [
        ("quillmarsh.example", [("quillmarsh.example", 1.0)]),
        ("odile.quillmarsh.example", [("odile.quillmarsh.example", 1.0), ("quillmarsh.example", 0.8)]),
        ("tern.bsky.social", []),
        ("handle.invalid", []),
    ],
)
def test_a_handle_that_is_a_domain_is_a_hint(handle: str, domains: list[tuple[str, float]]) -> None:
    row = json.loads(posts(0, 1))
    row["posts"][0]["author"]["handle"] = handle
    pages = ByPart({"createSession": GRANTED, "": json.dumps(row).encode()})
    (event,) = events_from(searching(), FakePoll(pages, now=NOW))
    assert event.hints == tuple(
        Hint(kind=HintKind.DOMAIN, value=name, strength=strength) for name, strength in domains
    )


def test_an_answer_belongs_to_the_thread_of_its_first_post() -> None:
    first, answer = golden(Path(__file__).parent / "data" / "bluesky" / "posts.json")
    assert first["thread_url"] == answer["thread_url"]
    assert first["url"] != answer["url"]

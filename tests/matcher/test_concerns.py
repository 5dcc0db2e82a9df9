"""A replay reads only what concerns an account or is a conversation: nothing else may be lost by that."""

import tomllib
from pathlib import Path

import pytest

from earmark.types import Lexicon, StoredEvent
from matcher.read import Matcher
from matcher.stories import key_of
from tests.builders import a_stored_event, an_account

CASES = Path(__file__).parent / "cases"
LISTED = ("Norvik Labs", "Tessel", "Halden Group", "Fennelworks", "Quill")


def _texts() -> list[str]:
    cases = tomllib.loads((CASES / "kinds.toml").read_text("utf-8"))["cases"]
    return [case["text"] for case in cases]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(Lexicon(accounts={account.id: account for account in map(an_account, LISTED)}))


@pytest.mark.parametrize("url", ["https://wire.example/1", "https://news.ycombinator.com/item?id=1"])
def test_what_concerns_nobody_matches_nobody_but_other_companies(matcher: Matcher, url: str) -> None:
    events = [a_stored_event(text, id=f"e{number}", url=url) for number, text in enumerate(_texts())]
    left_out = [event for event in events if not matcher.concerns(event)]
    keys = {key_of(match) for event in left_out for match in matcher.read(event).matches}
    assert all(key.startswith("c:") for key in keys)
    if "wire" in url:
        assert 100 < len(left_out) < len(events) - 10
        assert len(keys) > 20, "texts that tell news of other companies are among those left out"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (a_stored_event("Norvik Labs raises $20 million"), True),
        (a_stored_event("Ask HN: which tool do you use for invoices?", url=None), True),
        (a_stored_event("Which tool?", url=None, thread_url="https://forum.example/t/1"), True),
        (a_stored_event("Oskarion Freight raises $20 million"), False),
        (a_stored_event("", text="", url=None), False),
    ],
)  # fmt: skip
def test_an_event_concerns_who_is_listed_and_who_speaks(
    matcher: Matcher, *, event: StoredEvent, expected: bool
) -> None:
    assert matcher.concerns(event) is expected

"""Answers of the right shape with wrong things in it: every kind of forum bears them."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import SourceError
from earmark.testing import FakePoll, events_from
from sources.registry import build
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, page_of
from tests.sources.test_forum_visits import VISITS

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, float("inf"), float("nan"), 10**30, "", " ", "\ud800", "\0", "x" * 5_000),
    *("http://[::1", "javascript:x", "//x", "<b>&#xD800;</b>", [], {}, [None], {"id": {}}, [[]], "💥", "-"),
)
HIRING = {
    "author_whoishiring": b'{"hits": [{"objectID": "98900001", "title": "Ask HN: Who is hiring?"}]}',
    "comment,story_": page_of("hackernews", "hiring-forms.json"),
}
ANSWERS = [(kind, options, pages) for kind, (options, pages) in VISITS.items()]
ANSWERS.append(("hackernews", {"hiring": True}, HIRING))
ANSWERS.append(("discourse", {"site": "https://f.example"}, {"posts": page_of("discourse", "posts.json")}))


def spoilt(value: Any, chance: random.Random, rate: float) -> Any:
    """Return JSON with some of its parts replaced by odd ones, at any depth."""
    if chance.random() < rate:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {key: spoilt(part, chance, rate) for key, part in value.items() if chance.random() > rate / 4}
    if isinstance(value, list):
        parts = [spoilt(part, chance, rate) for part in value]
        return parts + parts[:1] if chance.random() < rate else parts
    return value


@pytest.fixture(autouse=True, scope="module")
def _secret() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORUM_TEST_SECRET", "n0t-a-real-secret")
        yield


@settings(max_examples=150)
@given(st.sampled_from(range(len(ANSWERS))), st.integers(0, 2**32), st.sampled_from([0.02, 0.1, 0.3]))
def test_odd_values_make_a_source_error_or_clean_events(which: int, seed: int, rate: float) -> None:
    kind, options, pages = ANSWERS[which]
    chance = random.Random(seed)
    answers = ByPart(pages)
    for part, body in pages.items():
        if body.startswith((b"{", b"[")):
            answers[part] = json.dumps(spoilt(json.loads(body), chance, rate)).encode()
    remembered = {"newest": {}, "cursors": {}, "found": {}, "last_post": 3, "newest_posts": 1}
    state = {name: spoilt(value, chance, rate) for name, value in remembered.items()}
    poll = FakePoll(answers, now=NOW, state=state)
    try:
        found = events_from(build(kind, options), poll)
    except SourceError:
        return
    assert len({event.external_id for event in found}) == len(found)
    assert len(json.dumps(poll.state)) < 10_000
    for event in found:
        assert event.title.strip() == event.title != ""
        for text in (event.external_id, event.title, event.text, event.author or "", event.publisher or ""):
            assert "\0" not in text
            text.encode()
        for hint in event.hints:
            hint.value.encode()

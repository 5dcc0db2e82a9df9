import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CONVERSATIONS
from earmark.types import Hint, HintKind, StoredEvent
from matcher.intent import hiring_role, is_conversation, read
from tests.builders import a_stored_event

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "kinds-voice.toml").read_text("utf-8")
)["cases"]


def a_post(title: str = "", text: str = "") -> StoredEvent:
    return a_stored_event(title, text=text, thread_url="https://forum.example/t/1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: (case.get("title") or case["text"])[:50])
def test_a_post_is_read_as_what_its_author_wants(case: dict[str, Any]) -> None:
    intent = read(a_post(case.get("title", ""), case.get("text", "")))
    assert intent is not None
    assert intent.label == case["label"], case["why"]
    if "kinds" in case:
        assert [claim.kind for claim in intent.claims] == case["kinds"], case["why"]
    if "tools" in case:
        assert [fact.value for fact in intent.tools] == case["tools"], case["why"]


def test_news_is_no_conversation() -> None:
    assert read(a_stored_event("Norvik Labs: which CRM do you use?")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"thread_url": "https://forum.example/t/1"},
        {"title": "Ask HN: anything like Ledgerly?"},
        {"url": "https://www.reddit.com/r/smallbusiness/comments/1"},
        {"url": "https://news.ycombinator.com/item?id=1"},
    ],
)
def test_a_forum_is_known_by_its_thread_its_host_or_its_prefix(changes: dict[str, str]) -> None:
    assert is_conversation(a_stored_event(**changes))


def test_an_empty_post_has_no_intent() -> None:
    assert read(a_post(" ", " ")) is None


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_post_is_read_and_every_span_is_exact(title: str, text: str) -> None:
    event = a_post(title, text)
    intent = read(event)
    if intent is None:
        return
    spans = [intent.evidence, *(fact.span for fact in intent.tools if fact.span)]
    spans += [claim.evidence for claim in intent.claims]
    for span in spans:
        assert (event.title if span.field == "title" else event.text)[span.start : span.end] == span.quote
    assert {claim.kind for claim in intent.claims} <= CONVERSATIONS


def a_job(title: str) -> StoredEvent:
    return a_stored_event(title, hints=(Hint(kind=HintKind.BOARD, value="norvik"),))


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Chief Revenue Officer", ("sales", "c_level")),
        ("VP of Engineering", ("engineering", "vp")),
        ("Regional Vice President, Sales", ("sales", "vp")),
        ("Head of People", ("people", "director")),
        ("Director of Demand Generation", ("marketing", "director")),
        ("Financial Controller", ("finance", "manager")),
        ("Payroll Manager", ("finance", "manager")),
        ("Product Manager, Billing", ("product", "ic")),
        ("Senior Account Manager", ("sales", "ic")),
        ("Customer Success Manager", ("support", "ic")),
        ("Marketing Lead", ("marketing", "manager")),
        ("Lead Backend Engineer", ("engineering", "ic")),
        ("Data Engineer (m/f/d)", ("data", "ic")),
        ("Machine Learning Engineer", ("engineering", "ic")),
        ("Application Security Engineer", ("security", "ic")),
        ("Compliance Officer", ("legal", "ic")),
        ("Founder's Office Associate", ("operations", "ic")),
        ("UX Designer", ("product", "ic")),
        ("Implementation Specialist", ("support", "ic")),
        ("Solutions Engineer", ("sales", "ic")),
        ("Staff Nurse", ("other", "ic")),
        ("Norvik Labs hiring | Supply Chain Manager", ("operations", "manager")),
    ],
)
def test_a_job_title_tells_function_and_seniority(title: str, role: tuple[str, str]) -> None:
    assert hiring_role(a_job(title)) == role


def test_what_is_no_posting_has_no_role() -> None:
    assert hiring_role(a_stored_event("Head of Sales steps down")) is None

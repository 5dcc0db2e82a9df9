"""Every kind of the catalogue that a text can show: what says it, and what only sounds like it."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from earmark.triggers import CATALOGUE
from earmark.types import Claim
from matcher.kinds import claims
from matcher.updates import is_update
from tests.builders import a_stored_event

FOLDER: Final = Path(__file__).parent / "cases"
FILES: Final = ("kinds-money", "kinds-people", "kinds-growth", "kinds-duty", "kinds-papers")
HEADLINE: Final = "News from the wire"
PADDING: Final = "The valley is quiet in spring. Rain fell on Tuesday.\n\n"
# What no news tells: the voice of a buyer, what the user's own lists and tools know, what postings ask for,
# and suppressors that the engine concludes from other kinds.
ELSEWHERE: Final = frozenset(
    kind.key for kind in CATALOGUE.values() if kind.group in {"voice of the buyer", "engagement"}
) | {
    *("champion_move", "hiring_names_tool", "acquired_by_excluded_parent", "chose_rival"),
    *("layoff_in_buyer_function", "opted_out", "existing_customer_or_open_deal", "retraction_or_correction"),
    *("rumour_denied", "old_story_republished", "namesake_release"),
}


def told() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name in FILES:
        for kind, lists in tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")).items():
            for sort, cases in lists.items():
                for case in cases:
                    yield kind, sort, case


def of(*sorts: str) -> list[Any]:
    return [
        pytest.param(kind, case, id=f"{kind}: {_text(case)[:40]}")
        for kind, sort, case in told()
        if sort in sorts
    ]


def _text(case: dict[str, Any]) -> str:
    return str(case.get("text") or case.get("body") or case["long"])


def read(case: dict[str, Any]) -> tuple[Claim, ...]:
    if "text" in case:
        return claims(a_stored_event(case["text"]))
    before = PADDING * 2 if "long" in case else ""
    return claims(a_stored_event(HEADLINE, text=before + _text(case)))


def reasons(case: dict[str, Any]) -> set[str]:
    return {claim.kind for claim in read(case) if not is_update(claim)}


@pytest.mark.parametrize(("kind", "case"), of("says"))
def test_what_says_a_kind_is_read_with_its_certainty_and_facts(kind: str, case: dict[str, Any]) -> None:
    found = {claim.kind: claim for claim in read(case)}
    assert kind in found, case["why"]
    assert not is_update(found[kind])
    if "certainty" in case:
        assert str(found[kind].certainty) == case["certainty"], case["why"]
    facts = {fact.key: fact.value for fact in found[kind].facts}
    for key, value in case.get("facts", {}).items():
        wanted = tuple(value) if isinstance(value, list) else value
        assert facts.get(key) == (Decimal(wanted) if isinstance(wanted, int) else wanted), case["why"]


@pytest.mark.parametrize(("kind", "case"), of("traps"))
def test_what_only_sounds_like_a_kind_is_not_read_as_it(kind: str, case: dict[str, Any]) -> None:
    assert kind not in reasons(case), case["why"]


@pytest.mark.parametrize(("kind", "case"), of("updates"))
def test_a_mere_update_is_claimed_as_one_and_is_no_reason(kind: str, case: dict[str, Any]) -> None:
    assert [is_update(claim) for claim in read(case) if claim.kind == kind] == [True], case["why"]


def negatives() -> list[Any]:
    data = tomllib.loads((FOLDER / "kinds-negatives.toml").read_text("utf-8"))
    return [pytest.param(text, id=f"{name}: {text[:40]}") for name, texts in data.items() for text in texts]


@pytest.mark.parametrize("text", negatives())
def test_a_headline_of_a_negative_class_is_no_reason_at_all(text: str) -> None:
    assert reasons({"text": text}) == set()


def test_every_kind_that_news_can_show_has_three_cases_and_two_traps() -> None:
    count: dict[str, dict[str, int]] = {}
    for kind, sort, case in told():
        assert case["why"]
        count.setdefault(kind, {"says": 0, "traps": 0, "updates": 0})[sort] += 1
    assert set(count) == set(CATALOGUE) - ELSEWHERE
    assert {kind for kind, sorts in count.items() if sorts["says"] < 3 or sorts["traps"] < 2} == set()


def test_there_are_three_hundred_cases_over_all_kinds() -> None:
    others = ("kinds.toml", "kinds-traps.toml", "kinds-voice.toml")
    listed = sum(len(tomllib.loads((FOLDER / name).read_text("utf-8"))["cases"]) for name in others)
    assert len(list(told())) + listed >= 400

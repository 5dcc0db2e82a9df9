"""The problems of a rulebook: refused when they are wrong, and tried on what is stored."""

from pathlib import Path

import pytest

from tests.builders import NOW, ago, an_event
from tests.earmark.workspaces import a_workspace, earmark, json_of, tell, well

RULES = """\
[[problems]]
id = "missed-calls"
name = "Missed calls"
rule = 'call NEAR/3 miss AND NOT title:hiring'
not_phrases = ["of the week"]
examples = ["We miss calls."]
counterexamples = ["Hiring: we miss calls."]
"""


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return a_workspace(tmp_path)


def test_a_file_whose_rule_or_sentence_is_wrong_is_not_applied(desk: Path) -> None:
    for wrong, says in (
        (RULES.replace("AND NOT", "ADN NOT"), "Problem 'missed-calls': The rule is wrong at character 18"),
        (RULES.replace("We miss calls.", "We miss you."), "misses its example “We miss you.”"),
        (
            RULES.replace("Hiring: we miss", "We often miss"),
            "finds its counterexample “We often miss calls.”",
        ),
    ):
        result = earmark(desk, "rules", "apply", "-", given=wrong)
        assert result.exit_code == 2
        assert says in result.stderr
    assert earmark(desk, "rules", "export", "--version", "1").exit_code == 1
    well(desk, "rules", "apply", "-", given=RULES)
    assert well(desk, "rules", "export") == RULES


def test_a_trial_shows_what_is_found_and_what_is_removed_and_writes_nothing(desk: Path) -> None:
    titles = {
        "We miss calls every day": 1,
        "Missed calls, again": 2,
        "Hiring: stop missing calls": 3,
        "Missed call of the week": 4,
        "A miss, long ago: no calls": 91,
    }
    tell(desk, [
        an_event(title, external_id=title, url=None, published_at=ago(age)) for title, age in titles.items()
    ])  # fmt: skip
    file = desk / "rules.toml"
    file.write_text(RULES, encoding="utf-8")
    drawn = well(desk, "rules", "try", str(file))
    assert "missed-calls: 2 matched, of 4 texts" in drawn
    assert "“Missed calls” in “Missed calls, again”" in drawn
    assert "removed by NOT title:hiring: 1" in drawn
    (trial,) = json_of(desk, "rules", "try", str(file))
    assert trial["matched"]["count"] == 2
    assert {clause: found["count"] for clause, found in trial["removed"].items()} == {
        "NOT title:hiring": 1,
        "of the week": 1,
    }
    (longer,) = json_of(desk, "rules", "try", str(file), "--days", "100")
    assert longer["matched"]["count"] == 3
    assert earmark(desk, "rules", "export", "--version", "1").exit_code == 1


def test_a_trial_of_a_file_that_can_not_be_applied_shows_its_figures_and_says_so(desk: Path) -> None:
    wrong = RULES.replace("We miss calls.", "We miss you.")
    result = earmark(desk, "rules", "try", "-", given=wrong)
    assert "missed-calls: 0 matched" in result.stdout
    assert result.exit_code == 2
    assert "Until then this file can't be applied." in result.stderr
    assert earmark(desk, "rules", "try", "-", given="threshold = 9").exit_code == 1


def test_what_is_wrong_with_rules_that_can_be_applied_is_said(desk: Path) -> None:
    tell(desk, [
        an_event(f"Who knows a tool, number {number}?", external_id=f"{number}", url=None)
        for number in range(25)
    ])  # fmt: skip
    rules = """\
[[problems]]
id = "all"
name = "All"
rule = "a"

[[icp]]
field = "size"
op = "at_least"
value = 500

[[icp]]
field = "size"
op = "at_most"
value = 100
"""
    result = earmark(desk, "rules", "apply", "-", given=rules)
    assert result.exit_code == 0
    assert "size at least 500 and size at most 100 can't hold together." in result.stderr
    assert "Problem 'all' is found in 25 of 25 stored texts: narrow its rule." in result.stderr
    assert "25 of 25 stored texts" in earmark(desk, "rules", "try", "-", given=rules).stderr
    fine = rules.replace('"a"', '"number"').replace("500", "50") + '[[icp]]\nfield = "tier"\nop = "is"\n'
    assert "25 of 25" in earmark(desk, "rules", "apply", "-", given=fine + 'value = "A"\n').stderr
    narrow = fine.replace('"number"', '"reconciliation"') + 'value = "A"\n'
    assert "Look at this" not in earmark(desk, "rules", "apply", "-", given=narrow).stderr

import json
from pathlib import Path

import pytest

from scripts import eval as script
from scripts.eval import FIGURES, compared, fallen, measured, told

LINK, FALSE_LINKS = "accounts.f1", "accounts.false_link_rate.rate"


def test_a_figure_that_fell_by_more_than_a_hundredth_is_told() -> None:
    assert fallen({LINK: 0.88}, {LINK: 0.90}) == ["account link F1 (accounts.f1) from 0.900 to 0.880"]


@pytest.mark.parametrize("new", [0.89, 0.895, 0.90, 0.97])
def test_a_hundredth_and_any_gain_are_no_fall(new: float) -> None:
    assert fallen({LINK: new}, {LINK: 0.90}) == []


@pytest.mark.parametrize(("new", "falls"), [(0.02, False), (0.05, False), (0.06, False), (0.07, True)])
def test_a_rate_of_errors_falls_by_rising(new: float, *, falls: bool) -> None:
    assert bool(fallen({FALSE_LINKS: new}, {FALSE_LINKS: 0.05})) is falls


def test_what_is_no_longer_measured_has_fallen() -> None:
    assert "not measured any more" in fallen({}, {LINK: 0.9})[0]


def test_without_a_record_nothing_has_fallen() -> None:
    assert fallen({LINK: 0.1}, {}) == []


def test_figures_are_found_under_the_longest_name_of_a_task() -> None:
    scores = {
        "triggers": {"f1": 0.1},
        "triggers.read": {"f1": 0.7, "f1_ci95": [0.6, 0.8], "false_alarm_rate": 0.12345},
        "facts": {"f1": 0.5, "per_key": {"amount": {"f1": 1.0}}},
        "accounts": {"f1": None},
    }
    figures, intervals = measured(scores)
    assert figures == {
        "triggers.read.f1": 0.7,
        "triggers.read.false_alarm_rate": 0.1235,
        "facts.f1": 0.5,
        "facts.per_key.amount.f1": 1.0,
    }
    assert intervals == {"triggers.read.f1": (0.6, 0.8)}


def test_the_table_has_a_row_for_every_task_and_says_what_misses() -> None:
    now = {LINK: 0.7, FALSE_LINKS: 0.05}
    heading, *rows = compared(now, {LINK: (0.6, 0.8)}, {LINK: 0.75})
    assert heading.split() == ["task", "ours", "95", "%", "must", "stretch", "before"]
    assert len(rows) == len(FIGURES)
    by_task = {figure.key: row for figure, row in zip(FIGURES, rows, strict=True)}
    assert by_task[LINK].split()[3:] == ["0.7", "0.600–0.800", "0.85", "0.92", "0.75", "misses"]
    assert "misses" not in by_task[FALSE_LINKS]
    assert "misses" not in by_task["facts.f1"]  # not measured


def test_triggers_are_counted_by_what_a_person_said_of_them() -> None:
    verdicts = {("e1", "a1", "acquires"): "right", ("e2", "a1", "layoffs"): "wrong"}
    found = [*verdicts, ("e2", "a2", "layoffs")]
    assert told(found, verdicts, events=500) == {
        "triggers": 3,
        "wrong": 1,
        "unjudged": 1,
        "triggers_per_1000": 6.0,
        "wrong_per_1000": 2.0,
    }


def test_without_the_set_the_script_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "EVAL", tmp_path / "eval")
    assert script.main([]) == 0
    assert capsys.readouterr().out.startswith("Skipped: ")


@pytest.mark.slow
@pytest.mark.skipif(
    not script.EVAL.is_dir(), reason="no evaluation set in ../shared/eval beside this checkout"
)
def test_no_figure_of_the_evaluation_set_fell_since_the_last_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = script.main([])
    assert code == 0, capsys.readouterr().out


def test_the_record_holds_numbers_and_the_verdicts_hold_ids_alone() -> None:
    if script.RECORD.exists():
        record = json.loads(script.RECORD.read_text("utf-8"))
        assert record.keys() <= {figure.key for figure in FIGURES}
        assert all(isinstance(number, int | float) for number in record.values())
    for row in json.loads(script.VERDICTS.read_text("utf-8")):
        assert row.keys() == {"id", "account", "kind", "verdict"}
        assert row["verdict"] in {"right", "wrong"}

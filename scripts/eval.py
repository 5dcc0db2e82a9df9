"""How well the matcher reads: each task of the evaluation set, beside its targets and the last record.

Reads ``../shared/eval`` (without it, says so and ends), runs ``monitors.evaluate``, the set's own scorer and
the natural mix. Exits 1 when a figure fell by more than a hundredth, or when a trigger of the natural mix has
no verdict. ``--record`` keeps the figures in ``bench/eval.json``: numbers only.
``bench/natural-verdicts.json`` holds what a person said of each trigger.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from earmark.intake.accounts import read_accounts
from earmark.triggers import Polarity
from earmark.types import Account, Changes, History, Lexicon, Past, Reading, Trigger
from matcher.decide import decide
from matcher.read import Matcher
from matcher.stories import key_of
from monitors import evaluate

__all__ = ["FIGURES", "Figure", "compared", "fallen", "main", "measured", "told"]

ROOT: Final = Path(__file__).resolve().parents[1]
EVAL: Final = ROOT.parent / "shared" / "eval"
RECORD: Final = ROOT / "bench" / "eval.json"
VERDICTS: Final = ROOT / "bench" / "natural-verdicts.json"
TOLERANCE: Final = 0.01
ROWS: Final = 40  # of the first page of Today
_ENDLESS: Final = datetime(1970, 1, 1, tzinfo=UTC)

Verdict = tuple[str, str, str]  # event, account and kind


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table: where the scorer keeps it, and what it must and could be; ``less`` is better."""

    task: str
    key: str
    must: float | None
    stretch: float | None
    less: bool = False


FIGURES: Final = (
    Figure("natural mix: wrong triggers per 1,000", "natural.wrong_per_1000", 2, 0.5, less=True),
    Figure("natural mix: first 40 rows, precision", "natural.first_rows", 0.85, 0.95),
    Figure("account link F1", "accounts.f1", 0.85, 0.92),
    Figure("  links on events that name none", "accounts.false_link_rate.rate", 0.08, 0.03, less=True),
    Figure("ambiguous names F1", "ambiguous.f1", 0.85, 0.93),
    Figure("  false links", "ambiguous.false_link_rate", 0.10, 0.04, less=True),
    Figure("role of the linked account", "roles.accuracy_if_linked", 0.80, 0.92),
    Figure("kinds F1, headlines", "triggers.read.f1", 0.80, 0.90),
    Figure("  false alarms on negatives", "triggers.read.false_alarm_rate", 0.15, 0.07, less=True),
    Figure("kinds F1, running sentences", "triggers.sentivent.f1", 0.60, 0.75),
    Figure("right account and right kind", "account_x_trigger.f1", 0.75, 0.85),
    Figure("facts F1", "facts.f1", 0.75, 0.85),
    Figure("  amount", "facts.per_key.amount.f1", 0.90, 0.97),
    Figure("  round", "facts.per_key.round.f1", 0.90, 0.97),
    Figure("forum intent, macro F1", "intent.macro_f1", 0.65, 0.80),
    Figure("  complaint F1", "intent.per_label.complaint.f1", 0.55, 0.72),
    Figure("  switching F1", "intent.per_label.switching.f1", 0.55, 0.72),
    Figure("buying intent F1", "buying_intent.f1", 0.72, 0.87),
    Figure("tools in forum posts F1", "tools.forum.f1", 0.60, 0.75),
    Figure("stories B-cubed F1 (UCI)", "cluster.uci.b3_f1", 0.75, 0.90),
    Figure("postings: function and seniority", "hiring_role.both.accuracy", 0.90, 0.96),
    Figure("  account F1", "accounts.jobs.f1", 0.92, 0.98),
)
"""The tasks of the set with their targets; the first row decides, the others explain."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and compare; 0 when nothing fell, or when there is nothing to measure on."""
    parser = argparse.ArgumentParser(description="Measure the matcher on the evaluation set.")
    parser.add_argument("--record", action="store_true", help="Keep the figures in bench/eval.json.")
    parser.add_argument("--unjudged", action="store_true", help="Print the triggers nobody has judged.")
    options = parser.parse_args(arguments)
    if not EVAL.is_dir():
        print("Skipped: there is no evaluation set in ../shared/eval beside this checkout.")
        return 0
    scores = {**_scored("gold.jsonl", "events.jsonl"), **_scored("ambiguous.jsonl", "ambiguous.jsonl")}
    natural, unjudged = _natural()
    now, intervals = measured({**scores, "natural": natural})
    before: Mapping[str, float] = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    for line in compared(now, intervals, before):
        print(line)
    print(f"natural mix: {natural['triggers_per_1000']:.1f} triggers per 1,000 events, ", end="")
    print(f"{natural['wrong']} of {natural['triggers']} wrong, {natural['unjudged']} unjudged")
    for line in unjudged if options.unjudged else ():
        print(line)
    worse = fallen(now, before)
    if natural["unjudged"]:
        worse.append(f"{natural['unjudged']} triggers of the natural mix without a verdict: see --unjudged")
    for line in worse:
        print(f"Fell: {line}")
    if options.record:
        RECORD.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        print(f"Recorded in {RECORD.relative_to(ROOT)}.")
    return 1 if worse else 0


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


def measured(scores: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Return the figures of the table by key, and the intervals of those that have one."""
    figures: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for figure in FIGURES:
        task = max((name for name in scores if figure.key.startswith(f"{name}.")), key=len, default=None)
        if task is None:
            continue
        found: Any = scores[task]
        *path, last = figure.key.removeprefix(f"{task}.").split(".")
        for name in path:
            found = found.get(name, {})
        if isinstance(found.get(last), int | float):
            figures[figure.key] = round(float(found[last]), 4)
        if f"{last}_ci95" in found:
            low, high = found[f"{last}_ci95"]
            intervals[figure.key] = (low, high)
    return figures, intervals


def fallen(now: Mapping[str, float], before: Mapping[str, float]) -> list[str]:
    """Return a line for each figure that is worse than before by more than a hundredth, or gone."""
    lines = []
    for figure in FIGURES:
        if figure.key not in before:
            continue
        old, new = before[figure.key], now.get(figure.key)
        if new is None:
            lines.append(f"{figure.task.strip()} ({figure.key}) was {old:.3f} and is not measured any more")
        elif (new - old if figure.less else old - new) > TOLERANCE + 1e-9:
            lines.append(f"{figure.task.strip()} ({figure.key}) from {old:.3f} to {new:.3f}")
    return lines


def compared(
    now: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], before: Mapping[str, float]
) -> Iterator[str]:
    """Yield the lines of the table: the task, our figure, its interval, the targets and the last record."""
    yield f"{'task':40}{'ours':>8}  {'95 %':>13}{'must':>8}{'stretch':>9}{'before':>8}"
    for figure in FIGURES:
        ours = now.get(figure.key)
        span = "–".join(f"{end:.3f}" for end in intervals.get(figure.key, ()))
        sign = "≤ " if figure.less else ""
        missed = ours is not None and figure.must is not None and _misses(figure, ours, figure.must)
        yield (
            f"{figure.task:40}{_shown(ours):>8}  {span:>13}{_shown(figure.must, sign):>8}"
            f"{_shown(figure.stretch, sign):>9}{_shown(before.get(figure.key)):>8}"
            f"{'  misses' if missed else ''}"
        )


def _misses(figure: Figure, ours: float, must: float) -> bool:
    return ours > must if figure.less else ours < must


def _shown(number: float | None, sign: str = "") -> str:
    return "—" if number is None else f"{sign}{number:.3f}".rstrip("0").rstrip(".")


def _scored(gold: str, events: str) -> dict[str, Any]:
    """Return what the set's own scorer says of our predictions."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "predictions.jsonl"
        evaluate.run(EVAL / "accounts.csv", EVAL / events, out)
        command = [sys.executable, str(EVAL / "score.py"), str(EVAL / gold), str(out), "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - no shell
    result: dict[str, Any] = json.loads(done.stdout)
    return result


# ── the natural mix ──────────────────────────────────────────────────────────────────────────────


def _natural() -> tuple[dict[str, float], list[str]]:
    """Return the figures of the natural mix, and a line for each trigger that nobody has judged."""
    accounts = {account.id: account for account in read_accounts(EVAL / "natural_accounts.csv")}
    lexicon = Lexicon(accounts=accounts)
    matcher = Matcher(lexicon)
    readings = [matcher.read(evaluate.stored(row)) for row in evaluate.read_events(EVAL / "natural.jsonl")]
    found = {
        (reading.event.external_id, trigger.account or "", trigger.kind): reading.event.title
        for reading in readings
        for trigger in _decided([reading], lexicon).triggers
        if trigger.account and trigger.polarity is not Polarity.SUPPRESS
    }
    verdicts = _verdicts()
    new = [each for each in found if each not in verdicts]
    lines = [f"unjudged: {'  '.join(each)}  {accounts[each[1]].name}: {found[each]}" for each in sorted(new)]
    figures = told(found, verdicts, len(readings))
    rows = [verdicts.get(row) for row in _first_rows(readings, lexicon)]
    figures["first_rows"] = rows.count("right") / max(1, len(rows))
    return figures, lines


def told(found: Iterable[Verdict], verdicts: Mapping[Verdict, str], events: int) -> dict[str, float]:
    """Return how many triggers there are, wrong and unjudged, in all and per thousand events."""
    said = [verdicts.get(each) for each in found]
    wrong = said.count("wrong")
    return {
        "triggers": len(said),
        "wrong": wrong,
        "unjudged": said.count(None),
        "triggers_per_1000": 1000 * len(said) / max(1, events),
        "wrong_per_1000": 1000 * wrong / max(1, events),
    }


def _verdicts() -> dict[Verdict, str]:
    rows = json.loads(VERDICTS.read_text("utf-8")) if VERDICTS.exists() else []
    return {(row["id"], row["account"], row["kind"]): row["verdict"] for row in rows}


def _decided(readings: Sequence[Reading], lexicon: Lexicon) -> Changes:
    """Return what the engine decides of these readings, told to accounts without a past."""
    keys = {key_of(match): match.account for reading in readings for match in reading.matches}
    pasts = {key: Past(account=_account(lexicon, account)) for key, account in keys.items()}
    now = max((reading.event.seen_at for reading in readings), default=_ENDLESS)
    return decide(readings, History(pasts=pasts), lexicon, now)


def _account(lexicon: Lexicon, account: str | None) -> Account | None:
    return lexicon.accounts.get(account) if account else None


def _first_rows(readings: Sequence[Reading], lexicon: Lexicon) -> Iterator[Verdict]:
    """Yield the best trigger of each account as Today would show it, by the event that told it first."""
    changes = _decided(readings, lexicon)
    stories = {story.id: story for story in changes.stories}
    best: dict[str, Trigger] = {}
    for trigger in sorted(changes.triggers, key=lambda each: (-each.score.total, each.id)):
        if trigger.account and trigger.polarity is not Polarity.SUPPRESS:
            best.setdefault(trigger.account, trigger)
    for account, trigger in list(best.items())[:ROWS]:
        told_by = [match for match in stories[trigger.story].matches if match.kind == trigger.kind]
        first = min(told_by or stories[trigger.story].matches, key=lambda match: match.event.order)
        yield first.event.external_id, account, trigger.kind


if __name__ == "__main__":
    sys.exit(main())

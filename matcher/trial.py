"""What the team's problems do before they count: on the sentences beside them, and on stored events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from earmark.errors import ConfigError
from earmark.types import Problem, StoredEvent
from matcher.problems import Problems

__all__ = ["Found", "Trial", "check", "tried", "wide"]

_MOST_SAMPLES: Final = 3
_LONGEST_SAMPLE: Final = 120  # characters
_FEWEST: Final = 20  # texts from which the share of one problem says something
_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)  # a sentence has none


@dataclass(slots=True)
class Found:
    """How many events, and the words of the first few."""

    count: int = 0
    samples: list[str] = field(default_factory=list)

    def add(self, sample: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.samples) < _MOST_SAMPLES:
            cut = len(sample) > _LONGEST_SAMPLE
            self.samples.append(sample[: _LONGEST_SAMPLE - 1] + "…" if cut else sample)


@dataclass(slots=True)
class Trial:
    """What one problem finds in so many ``texts``, and what NOTs and ``not_phrases`` take out."""

    problem: str
    texts: int = 0
    matched: Found = field(default_factory=Found)
    removed: dict[str, Found] = field(default_factory=dict)


def check(problems: Sequence[Problem]) -> None:
    """Hold each problem against its own sentences; ConfigError names the first that it gets wrong.

    A sentence is read as title and text of an event whose author, site and language suit the rule.
    """
    Problems(problems)  # a rule that can't be read is told first
    for problem in problems:
        compiled = Problems([problem], alone=True)
        for sentence in problem.examples:
            event = _as_event(sentence)
            if not compiled.of(event):
                clauses = [clause for removal in compiled.removed(event) for clause in removal.clauses]
                why = f"{' and '.join(clauses)} takes it out" if clauses else "nothing in it matches"
                raise ConfigError(
                    f"Problem {problem.id!r} misses its example “{sentence}”: {why}. "
                    "Change the rule, or take the example away."
                )
        for sentence in problem.counterexamples:
            for match in compiled.of(_as_event(sentence)):
                raise ConfigError(
                    f"Problem {problem.id!r} finds its counterexample “{sentence}”, by "
                    f"“{match.spans[0].quote}”. Narrow the rule, or take the counterexample away."
                )


def tried(events: Iterable[StoredEvent], problems: Sequence[Problem]) -> tuple[Trial, ...]:
    """Return what each problem finds in the events, and what it leaves out by each NOT."""
    compiled = Problems(problems)
    trials = {problem.id: Trial(problem.id) for problem in problems}
    texts = 0
    for event in events:
        texts += 1
        for match in compiled.of(event):
            trials[match.problem].matched.add(f"“{match.spans[0].quote}” in “{event.title}”")
        for removal in compiled.removed(event):
            for clause in removal.clauses:
                found = trials[removal.problem].removed.setdefault(clause, Found())
                found.add(f"“{event.title}”")
    for trial in trials.values():
        trial.texts = texts
    return tuple(trials.values())


def wide(trials: Iterable[Trial]) -> tuple[str, ...]:
    """Return in sentences which problems at least half of the texts have: they tell none apart."""
    return tuple(
        f"Problem {trial.problem!r} is found in {trial.matched.count:,} of {trial.texts:,} stored texts: "
        "narrow its rule. Until then a day lists few conversations for it."
        for trial in trials
        if trial.texts >= _FEWEST and 2 * trial.matched.count >= trial.texts
    )


def _as_event(sentence: str) -> StoredEvent:
    return StoredEvent(
        external_id="", title=sentence, text=sentence, id="", source="", seen_at=_NO_TIME, fingerprint=""
    )

"""Progress: how far a compound has come for an account, condition by condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earmark.triggers import CATALOGUE
from earmark.types import Compound, Condition, Lexicon, Past
from matcher.compound import tells
from matcher.gathered import Reason, reasons

__all__ = ["Progress", "Step", "progress", "words_of"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One condition: what it asks for, whether it is met, and since when there is such a story."""

    wants: str
    absent: bool
    met: bool
    at: datetime | None
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Of a compound: ``met`` of ``needed`` conditions that want something, and whether it holds."""

    compound: str
    name: str
    met: int
    needed: int
    holds: bool
    steps: tuple[Step, ...]

    @property
    def sentence(self) -> str:
        """How far it has come, in one sentence."""
        told = ", ".join(f"{step.wants} {'✓' if step.met else '✗'} {step.found}" for step in self.steps)
        return f"{self.met} of {self.needed}: {told}"


def progress(compound: Compound, past: Past, lexicon: Lexicon, at: datetime) -> Progress:
    """Return how far a compound has come for an account at a moment."""
    known = [each for each in reasons(past, lexicon) if each.story.created_at <= at]
    steps = tuple(_step(condition, known, at) for condition in compound.conditions)
    wanted = [step for step in steps if not step.absent]
    met = sum(step.met for step in wanted)
    needed = len(wanted) if compound.at_least is None else compound.at_least
    clear = all(step.met for step in steps if step.absent)
    account = past.account
    staged = not compound.stages or (account is not None and account.stage in compound.stages)
    return Progress(
        compound=compound.id,
        name=compound.name,
        met=met,
        needed=needed,
        holds=met >= needed and clear and staged,
        steps=steps,
    )


def words_of(condition: Condition) -> str:
    """Return a condition in short words, such as: hiring role (sales)."""
    families = {CATALOGUE[kind].family for kind in condition.kinds if kind in CATALOGUE}
    whole = len(condition.kinds) > 1 and len(families) == 1
    names = families if whole else condition.kinds
    about = f" ({', '.join(condition.about)})" if condition.about else ""
    return " or ".join(name.replace("_", " ") for name in names) + about


def _step(condition: Condition, known: Sequence[Reason], at: datetime) -> Step:
    told = [each for each in known if tells(condition, each)]
    now = [each for each in told if each.at + condition.after <= at < each.at + _until(condition, each)]
    met = not now if condition.absent else bool(now)
    shown = now or [each for each in told if each.at <= at]
    latest = shown[-1] if shown else None
    return Step(
        wants=words_of(condition),
        absent=condition.absent,
        met=met,
        at=latest.at if latest else None,
        found=_found(condition, latest, bool(now), at),
    )


def _until(condition: Condition, reason: Reason) -> timedelta:
    return min(condition.within, reason.kind.expires)


def _found(condition: Condition, latest: Reason | None, counts: bool, at: datetime) -> str:  # noqa: FBT001 - a fact
    days = f"the last {condition.within // _DAY} d"
    if latest is None:
        return f"none in {days}" if condition.absent else f"missing in {days}"
    ago = f"{(at - latest.at) // _DAY} d ago"
    if counts:
        return ago
    if at < latest.at + condition.after:
        return f"{ago}, counts from day {condition.after // _DAY}"
    return f"none in {days}" if condition.absent else f"missing: {ago} is too long"

"""What was learned of verdicts and lessons, what follows from it, and under which id it is undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earmark.types import Lexicon, TrackRecord, Verdict
from matcher.learning import Precision, precision, throttled, weight_of
from review.rules import lexicon_now
from review.today import kind_words
from storage import accounts, joins, judgements, lessons
from storage.engine import Connection
from storage.lessons import Lesson
from storage.record import COUNTED, Said, rule_name
from storage.scope import Scope

__all__ = ["Learned", "Name", "Rule", "Told", "learned", "name_of"]

_ID: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A lesson about a name: whether it means the account; ``alone`` in one text only."""

    what: str = "name"
    id: str
    lesson: str
    account: str
    name: str
    is_own: bool
    alone: bool
    by: str
    at: datetime
    learned: str
    effect: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A verdict on a trigger, and what it does."""

    what: str = "verdict"
    id: str
    account: str | None
    trigger: str
    verdict: str
    by: str
    at: datetime
    text: str
    learned: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind (or a problem) in one source: its verdicts, the precision to expect, whether it may speak."""

    what: str = "rule"
    id: str
    account: str | None = None
    by: str | None = None
    at: datetime | None = None
    kind: str
    source: str
    problem: str | None
    good: int
    bad: int
    precision: Precision
    floor: float | None
    throttled: bool
    learned: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """All that was learned: names, the latest verdicts, and the rules, the throttled and worst ones first."""

    names: tuple[Name, ...]
    verdicts: tuple[Told, ...]
    rules: tuple[Rule, ...]

    @property
    def rows(self) -> tuple[Name | Told | Rule, ...]:
        """All of it in one list."""
        return (*self.names, *self.verdicts, *self.rules)


def learned(connection: Connection, limit: int = 50, *, scope: Scope | None = None) -> Learned:
    """Return what was learned, with so many verdicts at most; of names and verdicts those within a scope."""
    lexicon, anew = lexicon_now(connection), judgements.anew(connection)
    joined = joins.held(connection)
    names = lessons.learned(connection)
    if scope is not None:
        known = accounts.of(connection, {account for account, _ in names})
        seen = {one.id for one in known.values() if scope.holds(one.owner, one.territory)}
        names = [pair for pair in names if pair[0] in seen]
    shown = judgements.newest(connection, limit, scope)
    records = judgements.records(connection) if anew else lexicon.records
    return Learned(
        names=tuple(name_of(account, lesson) for account, lesson in names),
        verdicts=tuple(_told(one, lexicon, is_joined=one.id in joined) for one in shown),
        rules=tuple(_rules(lexicon, records, anew)),
    )


def name_of(account: str, lesson: Lesson) -> Name:
    """Return what is told of a lesson about a name."""
    own = "is a name of it" if lesson.is_own else "never means it"
    if lesson.alone:
        own = "means it in one text" if lesson.is_own else "does not mean it in one text"
    return Name(
        id=lesson.id,
        lesson=lesson.id,
        account=account,
        name=lesson.name,
        is_own=lesson.is_own,
        alone=lesson.alone,
        by=lesson.by,
        at=lesson.at,
        learned=f"\u201c{lesson.name}\u201d {own}",
        effect=lesson.effect,
        events=lesson.events,
    )


def _told(one: Said, lexicon: Lexicon, *, is_joined: bool) -> Told:
    return Told(
        id=one.id[:_ID],
        account=one.account,
        trigger=one.trigger,
        verdict=one.verdict.value,
        by=one.by,
        at=one.at,
        text=one.text,
        learned=f"{kind_words(one.kind, lexicon.kinds)}: {one.verdict.replace('_', ' ')}",
        effect=_effect(one, lexicon, is_joined=is_joined),
    )


def _effect(one: Said, lexicon: Lexicon, *, is_joined: bool) -> str:
    """Return in words what a verdict does."""
    said = kind_words(one.kind, lexicon.kinds) + (f" ({one.problem})" if one.problem else "")
    rules = f"“{said}” from {', '.join(one.sources)}" if one.sources else ""
    if one.verdict in COUNTED:
        side = "for" if one.verdict is Verdict.GOOD else "against"
        return f"Counts {side} {rules}." if rules else "Nothing tells it any more."
    if one.verdict is Verdict.TOO_OLD and one.kind in lexicon.kinds:
        ends = [
            f"{age.most.days} days from {age.source}"
            for age in lexicon.ages
            if age.kind == one.kind and age.source in one.sources
        ]
        was = lexicon.kinds[one.kind].expires.days
        return f"New ones end after {', '.join(ends)} (else {was})." if ends else "Nothing tells it any more."
    of_account = "The account is {} for a time." if one.account else "Dismissed only: it has no account."
    return {
        Verdict.DUPLICATE: "Joined to another story, which carries on: later news of either goes to it."
        if is_joined
        else "Dismissed only: no other reason near it told the same.",
        Verdict.CUSTOMER_OR_OPEN_DEAL: of_account.format("suppressed"),
        Verdict.NOT_NOW: of_account.format("snoozed"),
    }.get(one.verdict, "Kept as a remark.")


def _rules(lexicon: Lexicon, records: Sequence[TrackRecord], anew: Mapping[str, int]) -> list[Rule]:
    """Return each rule that was judged, the throttled ones first, then the worst."""
    counted = {(one.kind, one.source, one.problem): one for one in lexicon.records}
    rows = [
        _rule(record, counted.get((record.kind, record.source, record.problem)), lexicon.floor, anew)
        for record in records
    ]
    return sorted(rows, key=lambda row: (not row.throttled, row.precision.mean, row.id))


def _rule(
    record: TrackRecord, held: TrackRecord | None, floor: float | None, anew: Mapping[str, int]
) -> Rule:
    """Return a rule by all that was said of it, and by what of that still counts."""
    name = rule_name(record.kind, record.source, record.problem)
    good, bad = (held.good, held.bad) if held is not None else (0, 0)
    share = precision(good, bad)
    silent = held is not None and throttled(held, floor)
    weight = weight_of(held, floor) if held is not None else 1.0
    speaks = "It counts in full." if weight == 1 else f"It counts, with {weight:.0%} of its confidence."
    effect = "Throttled: listed, never promoted." if silent else speaks
    if name in anew:
        effect += f" It began anew; before: {record.good} good, {record.bad} bad."
    likely = f"{share.mean:.0%} ({share.low:.0%} to {share.high:.0%})"
    return Rule(
        id=name,
        kind=record.kind,
        source=record.source,
        problem=record.problem,
        good=good,
        bad=bad,
        precision=share,
        floor=floor,
        throttled=silent,
        learned=f"{good} of {good + bad} good: {likely}",
        effect=effect,
    )

"""The ideal customer profile tried on a list: whom it takes, what each rule does, what is wrong with it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import combinations
from typing import Final

from earmark.types import Account, IcpRule
from matcher.fit import FIELDS, fit
from matcher.normalise import fold
from matcher.record import bounds_of, country_named, industry_named, is_region, regions_of

__all__ = ["IcpTrial", "RuleTrial", "contradictions", "tried"]

_STEPS: Final = 5
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """One rule on the whole list: for how many accounts it holds, fails, or the record does not say."""

    rule: str
    weight: float
    holds: int
    fails: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IcpTrial:
    """What the rules make of a list: ``spread`` counts accounts by fit, in fifths from 0 to 1.

    ``remarks`` say what is wrong with rules: one that holds for all, for none, or against another.
    """

    accounts: int
    spread: tuple[int, ...]
    rules: tuple[RuleTrial, ...]
    best: tuple[tuple[str, float], ...]
    worst: tuple[tuple[str, float], ...]
    remarks: tuple[str, ...]


def tried(accounts: Iterable[Account], rules: Sequence[IcpRule]) -> IcpTrial:
    """Return what the rules make of these accounts, which are read once."""
    spread = [0] * _STEPS
    counts: list[Counter[bool | None]] = [Counter() for _ in rules]
    fits: list[tuple[float, str]] = []
    for account in accounts:
        found = fit(account, rules)
        spread[min(int(found.value * _STEPS), _STEPS - 1)] += 1
        fits.append((found.value, account.id))
        for count, reason in zip(counts, found.reasons, strict=False):
            count[reason.holds] += 1
    told = tuple(_rule_trial(rule, count) for rule, count in zip(rules, counts, strict=True))
    return IcpTrial(
        accounts=len(fits),
        spread=tuple(spread),
        rules=told,
        best=tuple((id_, value) for value, id_ in nsmallest(_SHOWN, fits, key=lambda one: (-one[0], one[1]))),
        worst=tuple((id_, value) for value, id_ in nsmallest(_SHOWN, fits)),
        remarks=(*contradictions(rules), *_idle(told, len(fits))),
    )


def contradictions(rules: Sequence[IcpRule]) -> tuple[str, ...]:
    """Return in sentences which rules can't hold together, or ask for a value that nothing has."""
    found = [text for one, other in combinations(rules, 2) for text in _clash(one, other)]
    return tuple(dict.fromkeys(found))


def _clash(one: IcpRule, other: IcpRule) -> Iterator[str]:
    if fold(one.field) != fold(other.field):
        return
    if (one.op, one.value) == (other.op, other.value) and (one.weight > 0) != (other.weight > 0):
        yield f"{_words(one)} is both wanted and not wanted."
    if one.weight <= 0 or other.weight <= 0:
        return
    by_op = {one.op: one, other.op: other}
    if {"at_least", "at_most"} == by_op.keys():
        low, high = (bounds_of(str(by_op[op].value)) for op in ("at_least", "at_most"))
        if low and high and low.low > high.low:
            yield f"{_words(by_op['at_least'])} and {_words(by_op['at_most'])} can't hold together."
    if one.field in FIELDS and {one.op, other.op} <= {"is", "in"} and not _shared(one, other):
        yield f"{_words(one)} and {_words(other)} can't hold together; write one rule with both values."


def _shared(one: IcpRule, other: IcpRule) -> bool:
    mine, theirs = _values(one), _values(other)
    if one.field == "country":
        regions = [{region for name in names for region in regions_of(name)} for names in (mine, theirs)]
        both = any(map(is_region, mine)) and any(map(is_region, theirs))
        return both or bool(mine & (theirs | regions[1]) or theirs & regions[0])
    return bool(mine & theirs) or one.field == "size"


def _values(rule: IcpRule) -> set[str]:
    options = [str(each) for each in (rule.value if isinstance(rule.value, tuple) else (rule.value,))]
    if rule.field == "country":
        return {country_named(option) for option in options}
    return {industry_named(option) if rule.field == "industry" else fold(option) for option in options}


def _rule_trial(rule: IcpRule, count: Counter[bool | None]) -> RuleTrial:
    return RuleTrial(
        rule=rule.sentence or _words(rule),
        weight=rule.weight,
        holds=count[True],
        fails=count[False],
        unknown=count[None],
    )


def _idle(rules: Sequence[RuleTrial], accounts: int) -> Iterator[str]:
    """Yield what a rule of no effect does: the list tells, not the rule."""
    for one in rules:
        if not accounts:
            return
        if one.unknown == accounts:
            yield f"“{one.rule}”: no account has a value there; check the name of the field."
        elif one.holds == accounts:
            yield f"“{one.rule}” holds for every account, so it tells none from another."
        elif not one.holds:
            yield f"“{one.rule}” holds for no account."


def _words(rule: IcpRule) -> str:
    value = " or ".join(rule.value) if isinstance(rule.value, tuple) else str(rule.value)
    return f"{rule.field} {rule.op.replace('_', ' ')} {value}"

"""Fit: how well an account matches the ideal customer profile, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from earmark.types import Account, IcpRule
from matcher.normalise import fold
from matcher.record import Bounds, bounds_of, country_named, industry_named, regions_of

__all__ = ["FIELDS", "Fit", "Reason", "fit", "holds", "value_of", "weighed"]

FIELDS: Final = frozenset(
    {"industry", "size", "country", "city", "tier", "territory", "owner", "parent", "name"}
)
"""Fields of the record that a rule may ask for; any other is a column of the user's file."""

_TECHNOLOGY: Final = (
    *("technology", "technologies", "technology stack", "tech stack", "web technologies", "tools", "stack"),
    "tool stack",
)
"""Columns in which lists say what an account runs."""

_UNKNOWN = 0.5  # what the record does not say counts half


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule on one account: ``holds`` is None when the record does not say; ``shown`` is the value."""

    field: str
    holds: bool | None
    wanted: bool
    sentence: str
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well an account fits, 0 to 1, with one reason per rule."""

    value: float
    sentence: str
    reasons: tuple[Reason, ...] = ()


def fit(account: Account | None, rules: Sequence[IcpRule]) -> Fit:
    """Return the fit of an account: the weighted share of wanted rules that hold, less the unwanted.

    An unwanted rule of weight -1 that holds makes the fit 0, one of -0.5 halves it. Without an account,
    or without rules, everything fits.
    """
    if account is None:
        return Fit(value=1.0, sentence="Nobody is named yet, so fit does not count.")
    if not rules:
        return Fit(value=1.0, sentence="There are no ICP rules yet, so every account fits.")
    return weighed(rules, [(value := value_of(account, rule.field), holds(value, rule)) for rule in rules])


def weighed(rules: Sequence[IcpRule], told: Sequence[tuple[str | int | None, bool | None]]) -> Fit:
    """Return the fit that follows from a value for each rule, and from whether the rule holds for it."""
    reasons = tuple(_reason(rule, one) for rule, one in zip(rules, told, strict=True))
    wanted = sum(rule.weight for rule in rules if rule.weight > 0)
    gained = sum(
        rule.weight * (_UNKNOWN if reason.holds is None else float(reason.holds))
        for rule, reason in zip(rules, reasons, strict=True)
        if rule.weight > 0
    )
    value = gained / wanted if wanted else 1.0
    for rule, reason in zip(rules, reasons, strict=True):
        if rule.weight < 0 and reason.holds:
            value *= max(0.0, 1 + rule.weight)
    return Fit(value=value, sentence=_summary(reasons), reasons=reasons)


def _reason(rule: IcpRule, told: tuple[str | int | None, bool | None]) -> Reason:
    value, verdict = told
    rule_text = rule.sentence or f"{rule.field} {rule.op.replace('_', ' ')} {_words(rule.value)}"
    if verdict is None:
        sentence = f"{rule.field} is not in the record"
    else:
        missed = "not met" if rule.weight > 0 else "does not apply"
        sentence = rule_text if verdict else f"{missed}: {rule_text}"
    shown = "" if value is None else str(value)
    return Reason(field=rule.field, holds=verdict, wanted=rule.weight > 0, sentence=sentence, shown=shown)


def value_of(account: Account, field: str) -> str | int | None:
    """Return a field of the record, or a column of the user's file; None when it is empty."""
    if field in FIELDS:
        value: str | int | None = getattr(account, field)
    else:
        columns = {fold(name): text for name, text in account.extra.items()}
        names = _TECHNOLOGY if fold(field) in _TECHNOLOGY else (fold(field),)
        value = "; ".join(columns[name] for name in names if columns.get(name))
    return None if value is None or not str(value).strip() else value


def holds(value: str | int | None, rule: IcpRule) -> bool | None:
    """Say whether a rule holds for a value; None when there is none, or when it does not say."""
    if value is None:
        return None
    options = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    if rule.op in ("at_least", "at_most"):
        return _compares(bounds_of(str(value)), bounds_of(str(options[0])) if options else None, rule.op)
    if rule.field == "size" and rule.op != "contains":
        return any(_lies_in(float(value), bounds_of(str(option))) for option in options)
    if rule.op == "contains":
        texts = (fold(str(value)), _named(rule.field, str(value)))
        return any(f" {_option} " in f" {text} " for _option in _folded(rule) for text in texts)
    parts = [str(value)] if rule.field in FIELDS else [str(value), *re.split(r"[;,|]", str(value))]
    ours = {_named(rule.field, part) for part in parts}
    if rule.field == "country":
        ours |= {name for part in parts for name in regions_of(part)}
    return any(_named(rule.field, str(option)) in ours for option in options)


def _folded(rule: IcpRule) -> list[str]:
    options = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    return [fold(str(option)) for option in options]


def _named(field: str, text: str) -> str:
    """Return the value as it is compared: one spelling for each country and each industry."""
    if field == "country":
        return country_named(text)
    return industry_named(text) if field == "industry" else fold(text)


def _compares(have: Bounds | None, limit: Bounds | None, op: str) -> bool | None:
    """Compare what may be a range: ``51-200`` is at least 50; whether it is at least 100, it does not say."""
    if have is None or limit is None:
        return None
    if op == "at_least":
        return True if have.low >= limit.low else False if have.high < limit.low else None
    return True if have.high <= limit.low else False if have.low > limit.low else None


def _lies_in(have: float, bounds: Bounds | None) -> bool:
    return bounds is not None and bounds.low <= have <= bounds.high


def _words(value: str | int | tuple[str, ...]) -> str:
    return " or ".join(value) if isinstance(value, tuple) else str(value)


def _summary(reasons: Sequence[Reason]) -> str:
    """Return what speaks for the account, then what against it, what it lacks, and what is unknown."""
    good = [reason.sentence for reason in reasons if reason.wanted and reason.holds]
    bad = [reason.sentence for reason in reasons if not reason.wanted and reason.holds]
    lacks = [
        reason.sentence.removeprefix("not met: ")
        for reason in reasons
        if reason.wanted and reason.holds is False
    ]
    unknown = [reason.sentence for reason in reasons if reason.wanted and reason.holds is None]
    parts = [
        f"{lead}: {'; '.join(sentence.rstrip('.') for sentence in sentences)}"
        for lead, sentences in (
            ("For it", good),
            ("Against it", bad),
            ("Not met", lacks),
            ("Unknown", unknown),
        )
        if sentences
    ]
    return (". ".join(parts) or "No rule speaks for or against it") + "."

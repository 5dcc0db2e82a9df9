"""Fit: how well an account matches the ideal customer profile, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from earmark.types import Account, IcpRule
from matcher.normalise import fold

__all__ = ["Fit", "Reason", "fit"]

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
    reasons = tuple(_reason(account, rule) for rule in rules)
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


def _reason(account: Account, rule: IcpRule) -> Reason:
    value = _value(account, rule.field)
    holds = None if value is None else _holds(value, rule)
    rule_text = rule.sentence or f"{rule.field} {rule.op.replace('_', ' ')} {_words(rule.value)}"
    if holds is None:
        sentence = f"{rule.field} is not in the record"
    else:
        sentence = rule_text if holds else f"not: {rule_text}"
    shown = "" if value is None else str(value)
    return Reason(field=rule.field, holds=holds, wanted=rule.weight > 0, sentence=sentence, shown=shown)


def _value(account: Account, field: str) -> str | int | None:
    """Return a field of the record, or a column of the user's file; None when it is empty."""
    if field in ("industry", "size", "country", "city", "tier", "territory", "owner", "name"):
        value: str | int | None = getattr(account, field)
    else:
        columns = {fold(name): text for name, text in account.extra.items()}
        value = columns.get(fold(field))
    return None if value is None or not str(value).strip() else value


def _holds(value: str | int, rule: IcpRule) -> bool | None:
    options = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    if rule.op in ("at_least", "at_most"):
        have, limit = _number(value), _number(options[0] if options else "")
        if have is None or limit is None:
            return None
        return have >= limit if rule.op == "at_least" else have <= limit
    ours = fold(str(value))
    if rule.op == "contains":
        return any(f" {fold(str(option))} " in f" {ours} " for option in options)
    return any(ours == fold(str(option)) for option in options)


def _number(value: str | int) -> float | None:
    try:
        return float(str(value).replace(",", "").replace(" ", ""))
    except ValueError:
        return None


def _words(value: str | int | tuple[str, ...]) -> str:
    return " or ".join(value) if isinstance(value, tuple) else str(value)


def _summary(reasons: Sequence[Reason]) -> str:
    """Return what speaks for the account, then what against it, then what is unknown."""
    good = [reason.sentence for reason in reasons if reason.wanted and reason.holds]
    bad = [
        reason.sentence for reason in reasons if reason.holds is not None and reason.wanted != reason.holds
    ]
    unknown = [reason.sentence for reason in reasons if reason.wanted and reason.holds is None]
    parts = [
        f"{lead}: {'; '.join(sentence.rstrip('.') for sentence in sentences)}"
        for lead, sentences in (("For it", good), ("Against it", bad), ("Unknown", unknown))
        if sentences
    ]
    return (". ".join(parts) or "No rule speaks for or against it") + "."

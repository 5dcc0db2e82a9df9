"""How far along a thing is, by the words before and around its verb."""

import re
from functools import lru_cache
from typing import Final

from earmark.types import Certainty
from matcher.lexicon import patterns

__all__ = ["certainty_of", "is_past", "taken_back"]

_WINDOW: Final = 60
_LONG: Final = 120
_PATTERNS: Final = patterns("certainty")
_HYPOTHETICAL: Final = _PATTERNS["hypothetical"]
_DENIED: Final = _PATTERNS["denied"]
_DENIED_AFTER: Final = _PATTERNS["denied_after"]
_RUMOUR: Final = _PATTERNS["rumour"]
_HEARSAY: Final = _PATTERNS["hearsay"]
_PLANNED: Final = _PATTERNS["planned"]
_DONE: Final = _PATTERNS["done"]
_CORRECTED = re.compile(
    r"^\W*(?:correction|corrected|update\w*.{0,5}correct\w*|retraction|clarification)\b", re.IGNORECASE
)

_TAKES_BACK: Final = _PATTERNS["takes_back"]
_NEGATES: Final = _PATTERNS["negates"]
_PAST_TIME: Final = _PATTERNS["past_time"]
_HAD = re.compile(r"\bhad\s(?:\w+\s){0,2}$", re.IGNORECASE)
# "It said that it had agreed to buy": the past of what is reported, and news all the same.
_SAID_HAD = re.compile(
    r"\b(?:said|says|announced|confirmed|disclosed|revealed|added|told)\b[^.;]{0,80}\bhad\s(?:\w+\s){0,2}$",
    re.IGNORECASE,
)
_FINITE: Final = frozenset({"s", "past"})
# A comma, but not around an aside: "is said, by two people, to be".
_COORDINATED: Final = re.compile(r"(?<!\bsaid), (?!(?:who|which|that|the|an?|by|according)\b)")
_IN_CASE: Final = re.compile(r"\b(?:if|unless)\s[^,.;:]{0,160}$", re.IGNORECASE)
_FORMERLY: Final = re.compile(r"(?:formerly|previously)$", re.IGNORECASE)
_IF: Final = re.compile(
    r"^\W*(?:if|unless|should)\b.*\b(?:would|could|will|may|might)\s(?:\w+\s){0,2}$", re.IGNORECASE
)


def certainty_of(before: str, form: str, after: str, whole: str) -> Certainty | None:
    """Return how certain a clause is, from the words before and behind its verb; None for a mere condition.

    ``form`` is the form of the verb (base, s, past, ing, pp or noun), ``whole`` the sentence.
    """
    window = before[-_WINDOW:]
    if form in _FINITE:  # "in talks to sell its pumps, hires a CFO": the second verb is on its own
        window = _COORDINATED.split(window)[-1]
    if _CORRECTED.search(whole):
        return Certainty.CORRECTED
    far = before[-2 * _LONG :]
    if _HYPOTHETICAL.search(window) or _IF.search(far) or _IN_CASE.search(far):
        return None
    plans = form in {"base", "noun", "ing"}
    rules = (  # the first that holds decides
        (Certainty.DENIED, _DENIED.search(window) or _DENIED_AFTER.search(after)),
        (Certainty.RUMOUR, _RUMOUR.search(window) or _HEARSAY.search(whole)),
        (Certainty.DONE, _DONE.search(window)),
        (Certainty.PLANNED, plans and _PLANNED.search(window)),
    )
    return next((certainty for certainty, holds in rules if holds), Certainty.ANNOUNCED)


def taken_back(title: str, certainty: Certainty, body: str) -> Certainty:
    """Return the certainty of what a text tells under ``title``, which may be a correction or a denial.

    Under a correction everything is corrected, or denied where the title says that it is not so. And what
    is hearsay is denied when the body says that those concerned deny it.
    """
    if _CORRECTED.search(title):
        return Certainty.DENIED if _NEGATES.search(title) else Certainty.CORRECTED
    if certainty in {Certainty.RUMOUR, Certainty.PLANNED} and _denies(body):
        return Certainty.DENIED
    return certainty


@lru_cache(maxsize=2)  # every claim of one text asks it
def _denies(body: str) -> bool:
    return _TAKES_BACK.search(body) is not None


def is_past(before: str, after: str, year: int) -> bool:
    """Say whether the clause itself dates the thing to a time long gone, seen from ``year``."""
    if _HAD.search(before[-24:]) and not _SAID_HAD.search(before[-_LONG:]):
        return True
    # "hires Ada Berg, formerly of Halden" is no old news; "formerly hired" is.
    told = [*_PAST_TIME.finditer(before[-_WINDOW:])]
    told += [match for match in _PAST_TIME.finditer(after[:110]) if not _FORMERLY.match(match[0])]
    return any(match["ago"] or int(match["year"]) < year for match in told)

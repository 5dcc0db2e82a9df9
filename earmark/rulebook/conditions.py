"""The rule of a compound, as a person writes it.

::

    funding <= 60 d AND hiring_role(sales) <= 30 d AND NOT layoffs <= 45 d
    exec_hire(sales, vp) 14-75 d AND hiring_names_tool(Salesforce)

A reason is a kind, a family of kinds (``funding``), or several with ``|`` between; in brackets the values
that its facts must have; then how many days ago: at most (``<= 60 d``), or from and to (``14-75 d``).
"""

import re
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from earmark.triggers import CATALOGUE
from earmark.types import Condition

__all__ = ["conditions"]

_REASON: Final = re.compile(
    r"(?P<not>NOT +)?(?P<names>[a-z_]+(?: *\| *[a-z_]+)*) *(?:\((?P<about>[^()]*)\))?"
    r" *(?:(?:<=|≤) *(?P<within>[0-9]{1,4})|(?P<from>[0-9]{1,4}) *[-–] *(?P<to>[0-9]{1,4}))?(?: *d)?"
)
_LONGEST: Final = 2_000


def conditions(rule: str) -> tuple[Condition, ...]:
    """Return the conditions of a rule in its order; ValueError says which part is none."""
    if len(rule) > _LONGEST:
        raise ValueError(f"rule has {len(rule)} characters; {_LONGEST} are enough for any")
    found = tuple(_condition(part) for part in re.split(r"\bAND\b", " ".join(rule.split())))
    for wanted in found:
        for barred in found:
            if barred.absent and not wanted.absent and _covers(barred, wanted):
                raise ValueError(f"rule wants {' | '.join(wanted.kinds)} and bars it: it can never hold")
    return found


def _condition(part: str) -> Condition:
    text = part.strip()
    match = _REASON.fullmatch(text)
    if match is None:
        raise ValueError(
            f"rule: {text[:60]!r} is no reason; write it like funding <= 60 d or NOT layoffs <= 45 d"
        )
    kinds = tuple(dict.fromkeys(kind for name in match["names"].split("|") for kind in _kinds(name.strip())))
    after, within = match["from"] or 0, match["to"] or match["within"] or 60
    if int(after) >= int(within):
        raise ValueError(f"rule: {text[:60]!r} covers no day; give a later end")
    about = tuple(word.strip().casefold() for word in (match["about"] or "").split(",") if word.strip())
    return Condition(
        kinds=kinds,
        after=timedelta(days=int(after)),
        within=timedelta(days=int(within)),
        absent=match["not"] is not None,
        about=about,
    )


def _kinds(name: str) -> tuple[str, ...]:
    if name in CATALOGUE:
        return (name,)
    family = tuple(key for key, kind in CATALOGUE.items() if kind.family == name)
    if not family:
        near = get_close_matches(name, [*CATALOGUE, *(kind.family for kind in CATALOGUE.values())], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"rule names an unknown kind, {name!r}.{hint} All are listed in docs/reference.md.")
    return family


def _covers(barred: Condition, wanted: Condition) -> bool:
    """Say whether all that is wanted is barred."""
    return (
        set(wanted.kinds) <= set(barred.kinds)
        and barred.after <= wanted.after
        and barred.within >= wanted.within
        and set(barred.about) <= set(wanted.about)
    )

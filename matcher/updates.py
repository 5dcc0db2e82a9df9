"""News that is less than it sounds: a new beta, one more feature, a motion in a case that runs anyway.

What is launched may be no product at all (a plan, a campaign): then nothing is claimed. Or it is an
*update* of what is known: then the claim stands, with the fact ``update``, and is no reason to call.
"""

import re
from typing import Final

from earmark.types import Claim
from matcher.cues import Hit
from matcher.lexicon import Lesser, language

__all__ = ["UPDATE", "is_update", "lesser"]

UPDATE: Final = "update"
"""The key of the fact that names the words which make a claim a mere update."""

_REACH: Final = 120  # characters of an object or a subject that are looked at
# Where an object ends, so that its head noun is the last word before: "a redesign | on Android".
_OBJECT_END: Final = re.compile(
    r"[,;:!?(|]|\.(?:\s|$)|\s(?:with|for|to|in|on|at|as|from|by|that|which|after|amid|across|including|via|aimed"
    r"|designed|ahead|following|while|when|is|are)\b|\s[-–—]\s",
    re.IGNORECASE,
)
_AUXILIARIES: Final = re.compile(
    r"(?:\s(?:is|are|has|have|was|now|also|just|finally|officially)){0,4}\s*$", re.IGNORECASE
)


def lesser(kind: str, plain: str, hit: Hit) -> tuple[Lesser, int, int] | None:
    """Return what makes the claim of ``kind`` at ``hit`` less than news, and the place of the words."""
    for row in language().lesser:
        if kind in row.kinds:
            found = row.anywhere.search(plain) if row.anywhere else None
            found = found or (_head(row.head, plain, hit) if row.head else None)
            if found:
                return row, *found.span()
    return None


def is_update(claim: Claim) -> bool:
    """Say whether the claim only tells of an update, which is no reason to call."""
    return any(fact.key == UPDATE for fact in claim.facts)


def _head(heads: re.Pattern[str], plain: str, hit: Hit) -> re.Match[str] | None:
    """Return the head noun where it is one of ``heads``: the last word of the object, or of the subject."""
    found = _OBJECT_END.search(plain, hit.end, hit.end + _REACH)
    end = found.start() if found else min(len(plain), hit.end + _REACH)
    before = _AUXILIARIES.search(plain, max(0, hit.start - _REACH), hit.start)
    for start, stop in ((hit.start, end), (0, before.start() if before else 0)):
        match = heads.search(plain, max(start, stop - _REACH), len(plain[:stop].rstrip("'\" ")))
        if match:
            return match
    return None

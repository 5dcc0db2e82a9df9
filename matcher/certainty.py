"""How far along a thing is, by the words before and around its verb."""

import re
from typing import Final

from earmark.types import Certainty

__all__ = ["certainty_of", "is_past"]

_WINDOW: Final = 60
_HYPOTHETICAL = re.compile(
    r"\b(?:if|unless|whether|should|must|ought to|needs? to|would have|could have|wish(?:es)?|asked? (?:if|whether)"
    r"|how to|why you|time to|instead of|rather than)\s(?:[\w'-]+\s){0,5}$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:not|never|no plans? to|denie[sd]|denying|den(?:y|ies) (?:it|plans?|reports?)|rules? out|ruled out"
    r"|refus(?:es|ed) to|declin(?:es|ed) to|rejects?|rejected|scraps?|scrapped|abandons?|abandoned|cancels?|cancelled"
    r"|calls? off|called off|walks? away from|withdraws?|withdrew|drops? (?:plans?|bid)|ends? talks"
    r"|stops? short of|avoid(?:s|ed|ing)?|without|fails? to|failed to|loses? bid)|n't)\s(?:[\w'%$.-]+\s){0,4}$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"^.{0,60}\b(?:called off|falls? through|fell through|collapses?|collapsed|is off|scrapped|denied|(?:deal|agreement|merger|talks) (?:was |were |is )?terminated"
    r"|abandoned|blocked by|is false|not true)\b",
    re.IGNORECASE,
)
_RUMOUR = re.compile(
    r"\b(?:in (?:advanced |early |exclusive )?talks|said to(?: be)?|reportedly|rumou?red|consider(?:s|ed|ing)?|weigh(?:s|ed|ing)?"
    r"|mull(?:s|ed|ing)?|eye(?:s|d|ing)?|explor(?:es|ed|ing)|near(?:s|ed|ing)?|close to|may|might|could|likely(?: to)?"
    r"|possible|potential|in line to|discuss(?:es|ed|ing)|approach(?:es|ed)|interested in|interest in|on report(?: of)?"
    r"|report of|talks (?:to|on|over|about|of)|linked to|studying|contemplat\w+|speculation|bid(?:s|ding)? to"
    r"|courts?|courting|expected to)\s(?:[\w'%$€£₹.,-]+\s){0,6}$",
    re.IGNORECASE,
)
_HEARSAY = re.compile(
    r"^(?:sources|report|rumou?r|exclusive sources)\s?:|:\s(?:sources?|reports?|rumou?r|ft|wsj|bloomberg|the information|reuters)\s*$"
    r"|\b(?:sources (?:say|said|familiar)|people familiar|reportedly|according to (?:a )?(?:report|sources|people)|viral claims)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"\b(?:to|will|plans?|planned|planning|intends?|agree(?:s|d)?|agrees|aims?|seeks?|wants?|set|sets|readies|prepares?|preps|hopes?"
    r"|expects?|expected|scheduled|on track|commits?|vows?|pledges?|proposes?|proposed|targets?|lines? up|offers?|moves?"
    r"|files?|would|upcoming|looks?)\s(?:[\w'%$€£₹.,-]+\s){0,4}$",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:complet(?:es|ed|ing)|clos(?:es|ed)|finali[sz](?:es|ed)|wraps? up|seals?|concludes?)\s(?:[\w'%$€£₹.,-]+\s){0,4}$",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"^\W*(?:correction|corrected|update\w*.{0,5}correct\w*|retraction|clarification)\b", re.IGNORECASE
)

_PAST_TIME = re.compile(
    r"\b(?:(?:in|since|back in|early in|late in|during|until|of|by the end of|from)\s(?:(?:early|late|mid)[\s-]|(?:january|february|march"
    r"|april|may|june|july|august|september|october|november|december)\s(?:\d{1,2},?\s)?(?:of\s)?)?(?P<year>(?:19|20)\d\d)"
    r"|(?P<ago>years? ago|(?:a )?decades? ago|last (?:year|summer|fall|autumn|winter|spring|decade)|the year before"
    r"|previously|formerly|(?:two|three|four|five|six|seven|eight|nine|ten|\d+) years? (?:ago|earlier)))\b",
    re.IGNORECASE,
)
_HAD = re.compile(r"\bhad\s(?:\w+\s)?$", re.IGNORECASE)


def certainty_of(before: str, form: str, after: str, whole: str) -> Certainty | None:
    """Return how certain a clause is, from the words before and behind its verb; None for a mere condition.

    ``form`` is the form of the verb (base, s, past, ing, pp or noun), ``whole`` the sentence.
    """
    window = before[-_WINDOW:]
    if _CORRECTED.search(whole):
        return Certainty.CORRECTED
    if _HYPOTHETICAL.search(window):
        return None
    if _DENIED.search(window) or _DENIED_AFTER.search(after):
        return Certainty.DENIED
    if _RUMOUR.search(window):
        return Certainty.RUMOUR
    if _HEARSAY.search(whole):
        return Certainty.RUMOUR
    if _DONE.search(window):
        return Certainty.DONE
    if form in {"base", "noun", "ing"} and _PLANNED.search(window):
        return Certainty.PLANNED
    return Certainty.ANNOUNCED


def is_past(before: str, after: str, year: int) -> bool:
    """Say whether the clause itself dates the thing to a time long gone, seen from ``year``."""
    if _HAD.search(before[-12:]):
        return True
    for part in (before[-_WINDOW:], after[:110]):
        for match in _PAST_TIME.finditer(part):
            if match["ago"] or int(match["year"]) < year:
                return True
    return False

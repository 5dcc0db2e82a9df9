"""Where a text names somebody: the company before or behind a verb, and the person."""

import re
from functools import lru_cache
from typing import Final

from matcher.lexicon import patterns, words

__all__ = ["name_after", "name_before", "person_after", "person_before", "trimmed"]

Place = tuple[int, int]

# Words between a subject and its verb that are no part of its name.
_PATTERNS: Final = patterns("naming")
_AUXILIARY: Final = _PATTERNS["auxiliary"]
_DESCRIPTOR: Final = (
    r"(?:startups?|start-ups?|firm|company|maker|operator|platform|provider|developer|giant|group's|unicorn|brand|chain|retailer|bank's|lender"
    r"|broker|carrier|chipmaker|automaker|insurer|fintech|biotech|drugmaker|manufacturer|specialist|custodian|exchange's|agency|owner|publisher"
    r"|app|business|unit|subsidiary|arm|rival|vendor|consultancy|producer|supplier|distributor|studio|show|parent|competitor|scale-up|major|player|outfit|marketplace|foundry)"
)
_AFTER_DESCRIPTOR = re.compile(
    rf"(?:\b{_DESCRIPTOR}|\w-(?:backed|owned|led|funded|based|listed))\s+(?=[A-Z0-9])", re.IGNORECASE
)
_POSSESSIVE = re.compile(r"(?:'s|s')\s+(?:[a-z][\w-]*\s+){0,4}(?=[A-Z0-9])")
_LEAD: Final = _PATTERNS["lead"]
_STOP: Final = _PATTERNS["stop"]
_OBJECT_LEAD: Final = _PATTERNS["object_lead"]
# Verbs of headlines that end the name before them: "Tory Burch sweetens terms to buy out …".
_VERB: Final = _PATTERNS["verb"]
_OWNER = re.compile(r"((?:[A-Z][\w.&-]*\s){0,3}[A-Z][\w.&-]*)(?:'s|')\s*$")
_APPOSITION: Final = re.compile(r",\s(?=(?:a|an|the|which|who|whose|backed|founded|based|one)\b)")
_CLAUSE_START: Final = re.compile(
    r"[,;:]\s|\s(?:and|said|says|report|(?i:as|after|while|that|on reports?(?: that)?))\s"
)
_LONGEST_NAME: Final = 80
_MOST_WORDS: Final = 7
_MOST_AUXILIARIES: Final = 8
_TICKER = re.compile(r"\s*\((?:[A-Z]{2,6}:\s?)?[A-Z.]{1,6}\)\s*$")
_CAPITAL = re.compile(r"[A-Z0-9]")
_TOKEN = re.compile(r"\S+")
_PERSON_TOKEN = re.compile(r"[A-Z][\w'.-]*$|(?:de|van|von|bin|al|el|der|den|da|di|la|le)$")
_NOT_PERSON: Final = words("naming", "not_person")
_PERSON_END: Final = _PATTERNS["person_end"]


def trimmed(text: str) -> str:
    """Return a name without blanks, marks and articles at its ends."""
    text = text.strip(" \t\n'\".,;:-–—|()[]")
    return re.sub(r"^(?:the|a|an)\s+", "", text, flags=re.IGNORECASE) if " " in text else text


def _place(text: str, start: int, end: int) -> Place | None:
    while start < end and (text[start].isspace() or text[start] in "'\".,;:-–—|()[]"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in "'\",;:-–—|([]"):
        end -= 1
    if text[start:end].endswith("'s"):
        end -= 2
    if not 1 < end - start <= _LONGEST_NAME or not _CAPITAL.search(text[start:end]):
        return None
    return start, end


def name_before(text: str, *, keep_list: bool = False) -> Place | None:
    """Return the place of the name that ends just before a verb; ``keep_list`` keeps "A, B and C" whole."""
    end = _without_auxiliaries(text)
    tail = text[max(0, end - _LONGEST_NAME) : end].rstrip()
    ticker = _TICKER.search(text, 0, end) if tail.endswith(")") else None
    end = ticker.start() if ticker else end
    owner = _OWNER.search(text, 0, end) if tail.endswith(("'s", "'", ")")) else None
    if owner and not keep_list:  # "… over Nvidia's acquisition": the owner is the subject
        return _place(text, *owner.span(1))
    lead = _LEAD.match(text, 0, end)
    start = lead.end() if lead and lead.end() < end else 0
    if not keep_list:
        start, end = _clause(text, start, end)
        start = _last_end((_POSSESSIVE, _AFTER_DESCRIPTOR), text, start, end)
    verb = _VERB.search(text, min(start + 1, end), end)
    return _place(text, start, verb.start() if verb else end)


@lru_cache(maxsize=8)  # every fact of one claim asks it
def _without_auxiliaries(text: str) -> int:
    """Return where the subject ends: before "has agreed to", "is said to be in talks to" and the like."""
    end = len(text)
    for _ in range(_MOST_AUXILIARIES):
        bare = text[:end].rstrip()
        last = len(bare) - len(bare[-_LONGEST_NAME:].split()[-1]) if bare else 0
        match = _AUXILIARY.match(text, max(0, last - 1), end)  # one word, and the blank before it
        if not match or match.start() == match.end() or match.end() != end:
            break
        end = match.start()
    return end


def _clause(text: str, start: int, end: int) -> Place:
    """Return the last clause; of "Norvik, a rival of Quill, raises" what stands before the apposition."""
    apposition = _APPOSITION.search(text, start, end)
    if apposition:
        return start, apposition.start()
    return _last_end((_CLAUSE_START,), text, start, end), end


def _last_end(patterns: tuple[re.Pattern[str], ...], text: str, start: int, end: int) -> int:
    """Return where the last match of each pattern in turn ends, if words are left behind it."""
    for pattern in patterns:
        for match in pattern.finditer(text, start, end):
            if match.end() < end:
                start = match.end()
    return start


def name_after(text: str, position: int) -> Place | None:
    """Return the place of the name that follows a verb at ``position``, in the same part of the text."""
    if text.startswith((":", ";"), position):
        return None
    lead = _OBJECT_LEAD.match(text, position)
    start = lead.end() if lead else position
    while start < len(text) and text[start].isspace():
        start += 1
    stop = _STOP.search(text, start + 1)
    end = stop.start() if stop else len(text)
    segment = text[start:end]
    for pattern in (_POSSESSIVE, _AFTER_DESCRIPTOR):
        cuts = [m.end() for m in pattern.finditer(segment)]
        if cuts and cuts[-1] < len(segment):
            start += cuts[-1]
            segment = segment[cuts[-1] :]
    if re.search(rf"\b{_DESCRIPTOR}$", segment, re.IGNORECASE) and not re.match(
        r"[A-Z]\w+ [A-Z]\w+ Group$", segment
    ):
        # "buys a self-driving tractor startup": nobody is named.
        return None
    words = segment.split()
    if (
        not words
        or len(words) > _MOST_WORDS
        or words[0].lower() in {"stake", "deal", "spree", "control", "shares"}
    ):
        return None
    if words[0].isdigit():
        return None
    if not segment[:1].isupper() and not segment[:1].isdigit():
        # Skip adjectives in lower case before the name.
        named = re.search(r"(?:^|\s)(?=[A-Z])", segment)
        if not named:
            return None
        start += named.end()
    return _place(text, start, end)


def _person(text: str, start: int, end: int) -> Place | None:
    """Return the last run of name words in ``start:end``, two to four of them."""
    run: list[tuple[int, int]] = []
    best: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text, start, end):
        word = match[0].strip("\"'(),")
        plain = word.lower().removesuffix("'s").strip(".")
        ends_run = match[0].endswith((",", "'s", "s'"))
        if _PERSON_TOKEN.match(word) and plain not in _NOT_PERSON and not word.lower().startswith("ex-"):
            run.append(match.span())
            if ends_run:
                run = []
        else:
            run = []
        if run:
            best = list(run)
    best = best[-4:]
    if not best:
        return None
    return _place(text, best[0][0], best[-1][1])


def person_after(text: str, position: int) -> Place | None:
    """Return the place of the person whom "names", "hires" or "appoints" is followed by."""
    stop = _PERSON_END.search(text, position + 1)
    end = stop.start() if stop else len(text)
    segment = text[position:end]
    words = segment.split()
    if not words:
        return None
    named_role = bool(stop) and stop[0].strip().lower() == "as" if stop else False
    last = words[-1].lower().strip("'\".,")
    if last in _NOT_PERSON and named_role:
        return None  # "taps a Halden executive as CFO": a person without a name
    if last in _NOT_PERSON:
        # "names Jane Roe chief financial officer": the name stands before the job
        cut = re.search(
            r"\s(?:[A-Z]{3,4}|[Cc](?:hief|hair\w*)|[Pp]resident|[Mm]anaging|[Hh]ead|[Vv]ice|[Dd]irector|[Gg]eneral"
            r"|[Gg]roup|[Ii]nterim|[Gg]lobal|[Nn]ew|[Ss]enior|[Ee]xecutive)\b",
            segment,
        )
        if not cut or cut.start() <= 1:
            return None
        end = position + cut.start()
    found = _person(text, position, end)
    return found if found and " " in text[found[0] : found[1]] else None


def person_before(text: str) -> Place | None:
    """Return the place of the person who is the subject of a verb."""
    end = len(text)
    match = _AUXILIARY.search(text, max(0, end - 60))
    if match:
        end = match.start()
    start = (
        max(
            text.rfind(";", 0, end),
            text.rfind(" as ", 0, end),
            text.rfind(": ", 0, end),
            text.rfind(", ", 0, end),
        )
        + 1
    )
    found = _person(text, max(0, start), end)
    if not found or text[found[1] : end].strip(" ,'\""):
        return None  # the name is not what the verb belongs to
    before = text[max(0, found[0] - 14) : found[0]].rstrip().lower()
    single = " " not in text[found[0] : found[1]]
    return None if single and not before.endswith(tuple(_NOT_PERSON)) else found

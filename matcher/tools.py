"""The tools that a forum post is about: left, complained about, compared or considered."""

import re
from collections.abc import Iterator
from typing import Final

from earmark.types import Fact, StoredEvent
from matcher.lexicon import words
from matcher.sentences import Sentence
from matcher.vocabulary import commonness

__all__ = ["move_in", "tools_in"]

_LONGEST_NAME: Final = 40
_PLAIN: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})
# A name: capitalised words, a word with a capital, digit or dot inside, or (after strong words) any word.
_NAME = (
    r"(?:\b[A-Z][\w+#.&-]*(?:\s(?:[A-Z][\w+#.&-]*|\d[\w.]*|CRM))*|\b[a-z][\w-]*\.(?:ai|io|com|app|co|net|dev|so|org)\b"
    r"|\b[a-z]+[A-Z]\w*)"
)
_ANY = rf"(?:{_NAME}|\b[a-z][\w.+#-]{{2,}}\b)"
_LIST = r"(?:\s?(?:,\s?(?:and\s|or\s|&\s)?|\s(?:and|or|&|to|with|vs\.?|versus)\s))"


def _many(name: str) -> str:
    return rf"({name}(?:{_LIST}{name}){{0,5}})"


_STRONG: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # leaving and switching
        rf"(?i:\b(?:mov|migrat|switch|transition|port|convert)\w*\s(?:\w+\s){{0,4}}?(?:from|off(?:\sof)?|away\sfrom)\s(?:just\s|the\s|our\s)?){_many(_ANY)}",
        rf"(?i:\b(?:switched|migrated|moved|migration|switching|migrating)\s(?:over\s)?to\s(?:the\s)?){_many(_ANY)}",
        rf"(?i:\b(?:outgr(?:owing|own|ew)|cancel(?:l)?ed|ditch(?:ed|ing)|dropped|dump(?:ed|ing)|left|leaving|replac(?:ed|ing))\s(?:my\s|our\s|the\s)?){_many(_NAME)}",
        # using and trying
        rf"(?i:\b(?:tried(?:\sout)?|used|using|use|try|been\susing|had|emaild?|emailed|started\swith)\s(?:both\s|the\s)?){_many(_ANY)}",
        # comparing
        rf"(?i:\b(?:alternatives?|equivalents?|replacements?|substitutes?)\s(?:to|for|of)\s(?:the\s)?){_many(_ANY)}",
        rf"(?i:\bcompar(?:ed?|ing|ison\sof|ison\sbetween)\s){_many(_NAME)}",
        rf"^({_NAME})\sor\s({_NAME})(?=\s(?i:for)\b|\?)",
        rf"(?i:\b(?:our|my)\s(?:[\w-]+\s)?(?:tool|software|system|platform|provider|vendor|crm|erp|supplier),?\s){_many(_NAME)}",
        rf"{_many(_NAME)}\s(?:vs\.?|versus|VS)\s{_many(_NAME)}",
        rf"(?i:\bis\s){_many(_ANY)}\s(?i:(?:any\sgood|a\sgood|worth|still|a\sviable|better|down\b|dead\b))",
        rf"{_many(_NAME)}\s(?i:alternatives?\b)",
        # complaining
        rf"(?i:\b(?:problems?|issues?|trouble|experience|frustrat\w+|fed\sup|disappointed)\s(?:with|by)\s(?:the\s)?){_many(_NAME)}",
        rf"(?i:\b(?:recommend\s(?:anyone\s)?(?:using|to\suse)?|hate|avoid)\s(?:the\s)?){_many(_NAME)}",
        rf"^{_many(_NAME)}\s(?i:(?:is|has|was|keeps|down|sucks|support|said|deleted|charged))\b",
        rf"(?i:\bnot\sto\smention\s){_many(_NAME)}",
        rf"(?<=[,.]\s){_many(_NAME)}\s(?i:(?:said|sucks?|deleted|charged|support|keeps|did\snot|is\s(?:charging|terrible|awful|useless)))\b",
        # considering
        rf"(?i:\b(?:looked\sat|looking\sat|considering|considered|shortlist\w*|options?\s(?:are|like)|between)\s){_many(_NAME)}",
    )
)
_NOT_TOOLS: Final = words("voice", "not_tools")
_PRODUCT_NOUNS: Final = words("voice", "product_nouns")
_SPLIT = re.compile(_LIST)


def tools_in(event: StoredEvent, spoken: list[Sentence], label: str) -> Iterator[Fact]:
    """Yield a fact ``tool`` per name, in order of place, written as in the text; at most eight."""
    seen: dict[str, Fact] = {}
    for sentence in spoken:
        plain = sentence.text.translate(_PLAIN)
        for start, end in sorted(_places(plain)):
            name = plain[start:end]
            key = name.lower()
            if key not in seen and not any(key in other.split() for other in seen):
                seen[key] = Fact(
                    key="tool", value=sentence.text[start:end], span=sentence.span(event, start, end)
                )
    del label
    yield from list(seen.values())[:8]


def _is_named(words: list[str]) -> bool:
    """Say whether the last word belongs to a name: "Google Apps", "Ruby Receptionist"."""
    return (
        len(words) > 1
        and words[-1].lower() in _PRODUCT_NOUNS
        and words[-1][0].isupper()
        and words[-2][0].isupper()
    )


_LEAVES: Final = re.compile(
    rf"(?i:\b(?:mov|migrat|switch|transition|port|convert|transfer)\w*\s(?:[\w-]+\s){{0,5}}?(?:from|off(?:\sof)?|away\sfrom)"
    rf"\s(?:the\s|our\s)?)(?P<left>{_NAME})(?:(?i:\sto\s(?:the\s)?)(?P<chosen>{_NAME}))?"
)
_TAKES: Final = re.compile(
    rf"(?i:\b(?:mov|migrat|switch|transition)\w*\s(?:over\s)?(?:[\w-]+\s){{0,3}}?to\s(?:the\s)?)(?P<chosen>{_ANY})"
    rf"|(?i:\b(?:replac|swap|swapp)(?:e?s|ed|ing|e)?\s)(?P<left>{_NAME})(?i:\s(?:with|for)\s)(?P<new>{_NAME})"
    rf"|(?i:\b(?:outgr(?:owing|own|ew)|cancel(?:l)?ed|ditch(?:ed|ing)|dropped|dump(?:ed|ing)|leaving|left)\s(?:our\s|the\s)?)"
    rf"(?P<gone>{_NAME})"
)
_KEYS: Final = {"left": "tool_left", "gone": "tool_left", "chosen": "tool_chosen", "new": "tool_chosen"}


def move_in(plain: str) -> dict[str, tuple[int, int]]:
    """Return the places of the tool left (``tool_left``) and of the one taken up (``tool_chosen``)."""
    found: dict[str, tuple[int, int]] = {}
    for match in (*_LEAVES.finditer(plain), *_TAKES.finditer(plain)):
        for group, text in match.groupdict().items():
            place = next(_name(plain, *match.span(group)), None) if text else None
            if place:
                found.setdefault(_KEYS[group], place)
    return found


def _places(plain: str) -> Iterator[tuple[int, int]]:
    for pattern in _STRONG:
        for match in pattern.finditer(plain):
            for group in range(1, (match.lastindex or 0) + 1):
                yield from _names(plain, *match.span(group))


def _names(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    position = start
    for separator in [*_SPLIT.finditer(plain, start, end), None]:
        stop = separator.start() if separator else end
        yield from _name(plain, position, stop)
        position = separator.end() if separator else end


def _name(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end > start and plain[end - 1] in " .,;:!?&-":
        end -= 1
    words = plain[start:end].split()
    while words and words[0].lower() in _NOT_TOOLS:
        start += len(words[0]) + 1
        words = words[1:]
    while words and words[-1].lower() in _NOT_TOOLS and not _is_named(words):
        end -= len(words[-1]) + 1
        words = words[:-1]
    if len(words) == 1 and words[0].islower() and commonness(words[0].encode()):
        return  # "used to cancel": a plain word is no name
    if words and 1 < end - start <= _LONGEST_NAME and not words[0][0].isdigit():
        yield start, end

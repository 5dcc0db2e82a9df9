"""Where a text holds the cues of the lexicon, and whether the words around them agree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from matcher.lexicon import Cue, Frame, language, words
from matcher.names_in_text import name_before

__all__ = ["Budget", "Hit", "hits"]

_WORD: Final = re.compile(r"\w+(?:'\w+)?")
_BE: Final = frozenset({"is", "are", "was", "were", "be", "been", "being", "gets", "got", "get"})
_MOST_CHECKS: Final = 50  # of one sentence: an honest one needs a dozen
_REACH: Final = 240  # how far behind a cue a frame may look


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue of ``frame`` at ``start:end`` of the plain sentence; ``passive`` turns its sides around."""

    frame: Frame
    form: str
    start: int
    end: int
    passive: bool


@dataclass(slots=True)
class Budget:
    """How many cues may still be looked at, in this event and in this sentence: a bound on hostile texts."""

    event: int = 250
    sentence: int = _MOST_CHECKS

    def spend(self) -> bool:
        """Take one; False when none is left."""
        self.event -= 1
        self.sentence -= 1
        return self.event >= 0 and self.sentence >= 0


def hits(plain: str, settled: frozenset[str], budget: Budget) -> Iterator[Hit]:
    """Yield the cues that stand in the text and whose surroundings agree.

    Frames that tell of ``settled`` kinds only are passed over. ``plain`` has straight quotes.
    """
    budget.sentence = _MOST_CHECKS
    cues = language().cues
    places = [match.span() for match in _WORD.finditer(plain)]
    words = [plain[start:end].lower() for start, end in places]
    for index, word in enumerate(words):
        for cue in cues.get(word, ()):
            last = index + len(cue.words) - 1
            if last > index and (cue.words[1:] != tuple(words[index + 1 : last + 1])):
                continue
            if settled and settled.issuperset(cue.frame.kinds):
                continue
            if not budget.spend():
                return
            start, end = places[index][0], places[last][1]
            if cue.form != "noun" and (plain[start - 1 : start] == "-" or plain[end : end + 1] == "-"):
                continue  # "asset-backed", "buy-side": part of another word
            passive = _is_passive(cue, words, index, last)
            if _agrees(cue, plain, start, end, passive=passive):
                yield Hit(cue.frame, cue.form, start, end, passive)


def _is_passive(cue: Cue, words: list[str], index: int, last: int) -> bool:
    if cue.form not in {"past", "pp"}:
        return False
    follows = words[last + 1] if last + 1 < len(words) else ""
    return follows == "by" or not _BE.isdisjoint(words[max(0, index - 2) : index])


def _agrees(cue: Cue, plain: str, start: int, end: int, *, passive: bool) -> bool:
    """Say whether the words around a cue are those that its frame asks for."""
    frame = cue.frame
    before, after = plain[:start], plain[end : end + _REACH]
    turned = passive and frame.swaps and bool(before)  # "X was acquired by Y": Y stands behind
    # What is anchored to the cue fails fastest, so it comes first.
    wanted = ((None if turned else frame.after, after), (frame.before, before), (frame.near, plain))
    banned = ((frame.not_before, before), (frame.not_after, after), (frame.not_near, plain))
    for pattern, near in wanted:
        if pattern and not pattern.search(near):
            return False
    for pattern, near in banned:
        if pattern and pattern.search(near):
            return False
    if cue.form == "base" and cue.words[0] in _NOUNS and not _is_verb(before):
        return False
    return frame.states or not _is_state(before)


# Verbs whose plain form is a noun as often: "the launch", "a new hire".
_NOUNS: Final = words("naming", "nouns")
_MAKES_VERB: Final = re.compile(
    r"\b(?:to|will|may|might|could|can|would|should|must|not|and|also|lets?|did|does|do|never|officially|quietly|jointly|both)\s$",
    re.IGNORECASE,
)
_AROUND: Final = re.compile(
    r"\b(?:before|after|ahead of|since|despite)\s(?:[\w.&'-]+\s){1,4}$", re.IGNORECASE
)


def _is_verb(before: str) -> bool:
    """Say whether a plain form is a verb here: behind "to" or "will", or behind a plural subject.

    Behind "before" and the like it is a noun: "talks ahead of Halden's Tallies release".
    """
    if not before.strip():
        return False
    if _MAKES_VERB.search(before):
        return True
    if _AROUND.search(before):
        return False
    place = name_before(before, keep_list=True)
    if place is None or place[1] < len(before.rstrip(" \"'")):
        return False
    subject = before[place[0] : place[1]]
    if re.search(r",\s|\s(?:and|&)\s", subject):
        return True
    last = subject.split()[-1]
    owned = "'s " in subject and last[0].isupper()  # "Halden's Tallies release" is a noun
    return not owned and re.search(r"[a-rt-z]s$", last) is not None


@cache
def _state() -> re.Pattern[str]:
    return language().pattern(
        r"^(?:<STATE>|<LEADER>)(?:(?:, | and |-|–| & )(?:<STATE>|<LEADER>))*(?:'s)?$|\b(?:<OFFICE>)$"
        r"|^(?:<STATE>)(?:'s)? (?:<OFFICE>|<LEADER>)"
        r"|^(?:president|pm|minister|senator|king|queen|prince) "
    )


@lru_cache(maxsize=8)  # every cue behind one subject asks it
def _is_state(before: str) -> bool:
    """Say whether the subject is a state, an office or a politician rather than a company."""
    place = name_before(before, keep_list=True)
    return place is not None and _names_state(before[place[0] : place[1]])


@lru_cache(maxsize=64)
def _names_state(name: str) -> bool:
    return _state().search(name) is not None

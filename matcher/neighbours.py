"""Reasons that the words before and after a name give: what companies do, have and are called.

Each test answers with the words that prove it, or None.
"""

from typing import Final

from matcher.names import Ambiguity
from matcher.passage import Style
from matcher.place import Place, Reasons, is_listed, is_sort
from matcher.vocabulary import context_words

__all__ = ["NEIGHBOURS"]

NEIGHBOURS: Final = Reasons()

_ARTICLES: Final = frozenset(b"a an the which whose one".split())
_FORMS: Final = frozenset(
    b"inc corp ltd limited llc plc gmbh ag sa se nv bv ab oyj asa spa pvt corporation".split()
)
_FRONTS: Final = frozenset(b"as after why how when while and but if because that says exclusive".split())
_TALKS: Final = frozenset(
    (
        (b"in", b"talks"),
        (b"set", b"to"),
        (b"plans", b"to"),
        (b"nears", b"deal"),
        (b"files", b"for"),
        (b"aims", b"to"),
    )
)


def _verb_at(place: Place, name: str) -> tuple[int, int] | None:
    """Return the place of a verb whose subject the name may be."""
    at = place.end
    if not is_listed(place.after, name) or not place.close_after or not place.may_be_name:
        return None
    return None if _amid_title(place) else (at, at + 1)


def _amid_title(place: Place) -> bool:
    """Say whether a word stands amid a title, where it may be any part of speech ("Traders Target Bonds")."""
    inside = not (place.opens or place.before in _FRONTS or is_sort(place.passage, place.start - 1))
    return place.is_word and inside and place.passage.style is not Style.SENTENCE


def _takes_verbs_bare(place: Place) -> bool:
    """Say whether the word takes a verb without an article: plurals, people, masses."""
    word = place.passage.word(place.end - 1)
    if place.ambiguity in {Ambiguity.DOMINANT, Ambiguity.DISTINCTIVE, Ambiguity.ACRONYM, Ambiguity.PHRASE}:
        return False
    return is_listed(word, "unarticled") or (word.endswith(b"s") and not word.endswith((b"ss", b"us", b"is")))


@NEIGHBOURS(2.6, "what follows is something that companies do")
def _company_verb(place: Place) -> tuple[int, int] | None:
    """Hold for "X acquires", "X lays off"."""
    found = _verb_at(place, "company_verbs")
    people = found and is_listed(place.passage.word(place.end - 1), "unarticled") and place.is_word
    return None if people else found


@NEIGHBOURS(2.8, "a verb follows right away; an ordinary noun would have an article")
def _verb(place: Place) -> tuple[int, int] | None:
    """Hold for "X adds", "X exits" at the start of a clause."""
    if place.passage.style is Style.TITLE or not place.opens or _takes_verbs_bare(place):
        return None
    if place.ambiguity is Ambiguity.PERSON:
        return None  # people do such things too
    return _verb_at(place, "verbs")


@NEIGHBOURS(1.5, "a verb follows that has it as its subject")
def _verb_in_title(place: Place) -> tuple[int, int] | None:
    """Hold for "X Cuts", "X Nears", where many a noun looks like a verb."""
    if place.passage.style is not Style.TITLE or _takes_verbs_bare(place):
        return None
    if place.ambiguity is Ambiguity.PERSON:
        return None  # people do such things too
    return _verb_at(place, "verbs")


@NEIGHBOURS(2.6, "it is about to do something")
def _infinitive(place: Place) -> tuple[int, int] | None:
    """Hold for "X to hire", "X in talks"."""
    passage, at = place.passage, place.end
    if not (place.opens or place.passage.style is Style.SENTENCE) or _takes_verbs_bare(place):
        return None
    if not place.close_after or not place.may_be_name:
        return None
    to = place.after == b"to" and is_listed(passage.word(at + 1), "infinitives")
    return (at, at + 2) if to or (place.after, passage.word(at + 1)) in _TALKS else None


@NEIGHBOURS(2.0, "the next word belongs to companies")
def _company_noun(place: Place) -> tuple[int, int] | None:
    """Hold for "X CEO", "X shares", "X’s investors"."""
    at, passage = place.end, place.passage
    if not passage.is_next(at) or place.hyphen_after or not place.may_be_name:
        return None
    if is_listed(place.after, "company_nouns"):
        return None if _amid_title(place) and not place.owns else (at, at + 1)
    further = place.owns and passage.is_next(at + 1) and is_listed(passage.word(at + 1), "company_nouns")
    return (at, at + 2) if further else None


@NEIGHBOURS(2.6, "an explanation of what it is follows")
def _appositive(place: Place) -> tuple[int, int] | None:
    """Hold for "X, a fintech start-up", "X, the owner of"."""
    passage, at = place.passage, place.end
    if at >= len(passage.tokens) or passage.gap(at).strip() != "," or passage.word(at) not in _ARTICLES:
        return None
    near = range(at + 1, min(at + 6, len(passage.tokens)))
    return next(((at, i + 1) for i in near if is_sort(passage, i)), None)


@NEIGHBOURS(2.8, "a legal form follows")
def _legal_form(place: Place) -> tuple[int, int] | None:
    """Hold for "X, Inc."."""
    passage, at = place.passage, place.end
    near = at < len(passage.tokens) and passage.gap(at).strip() in {"", ","} and passage.is_capital(at)
    return (at, at + 1) if near and passage.word(at) in _FORMS else None


@NEIGHBOURS(1.4, "something belongs to it")
def _possessive(place: Place) -> tuple[int, int] | None:
    """Hold for "X’s", with a capital and without an article."""
    if not place.owns or not place.is_capital or is_listed(place.before, "determiners"):
        return None
    return None if _takes_verbs_bare(place) else (place.start, place.end)


@NEIGHBOURS(2.4, "the word before says what sort of company it is")
def _sort_before(place: Place) -> tuple[int, int] | None:
    """Hold for "chipmaker X", "start-up X"."""
    at = place.start - 1
    if not place.before or not is_sort(place.passage, at) or not place.close_before or not place.may_be_name:
        return None
    return (at, at + 1) if place.passage.style is not Style.TITLE or not _takes_verbs_bare(place) else None


@NEIGHBOURS(1.8, "the words before it take a company")
def _taker_before(place: Place) -> tuple[int, int] | None:
    """Hold for "acquires X", "stake in X", "CEO of X"."""
    passage, at = place.passage, place.start
    if not place.before or not place.may_be_name or not passage.gap(at).isspace():
        return None
    if (passage.word(at - 2), place.before) in context_words("takers_in_two"):
        return at - 2, at
    return (at - 1, at) if is_listed(place.before, "takers") else None


@NEIGHBOURS(2.4, "it is used, left or compared, as a tool")
def _tool_before(place: Place) -> tuple[int, int] | None:
    """Hold for "switched to X", "use X" where somebody speaks for himself."""
    passage, at = place.passage, place.start
    if not place.voice or not place.before or not place.may_be_name:
        return None
    if (passage.word(at - 2), place.before) in context_words("tool_takers_in_two"):
        return at - 2, at
    return (at - 1, at) if is_listed(place.before, "tool_takers") else None


@NEIGHBOURS(2.8, "the next word speaks of a tool")
def _tool_after(place: Place) -> tuple[int, int] | None:
    """Hold for "X pricing", "X doubled" where somebody speaks for himself."""
    named = place.voice and place.may_be_name and is_listed(place.after, "tool_nouns", "tool_verbs")
    return (place.end, place.end + 1) if named and not is_listed(place.before, "determiners") else None


@NEIGHBOURS(3.0, "it stands alone in a field of the text")
def _alone(place: Place) -> tuple[int, int] | None:
    """Hold for "X | Berlin | full-time"."""
    passage = place.passage
    first = place.start == 0 or "|" in passage.gap(place.start)
    last = place.end < len(passage.tokens) and "|" in passage.gap(place.end)
    return (place.start, place.end) if first and last and place.is_capital else None


@NEIGHBOURS(-2.2, "an article or a pronoun makes it an ordinary word")
def _determiner(place: Place) -> tuple[int, int] | None:
    """Hold for "the box", "our target"."""
    if not place.is_word or not place.close_before or not is_listed(place.before, "determiners"):
        return None
    return place.start - 1, place.start


@NEIGHBOURS(-6.0, "an amount follows, so it is a currency")
def _currency(place: Place) -> tuple[int, int] | None:
    """Hold for "Rs 200 crore", where three letters also name a company."""
    short = place.ambiguity in {Ambiguity.ACRONYM, Ambiguity.EVERYDAY_WORD} and place.end - place.start == 1
    money = short and is_listed(place.passage.word(place.start), "currencies") and place.after[:1].isdigit()
    return (place.start, place.end + 1) if money else None


@NEIGHBOURS(-1.2, "it is new, as a product is")
def _new(place: Place) -> tuple[int, int] | None:
    """Hold for "debuts new X"."""
    new = place.is_word and place.before == b"new" and place.close_before
    return (place.start - 1, place.end) if new else None


@NEIGHBOURS(-1.2, "a preposition makes it a place")
def _place_preposition(place: Place) -> tuple[int, int] | None:
    """Hold for "in X" where X may be a place or a word."""
    if not place.is_word or not is_listed(place.before, "place_prepositions"):
        return None
    return place.start - 1, place.start

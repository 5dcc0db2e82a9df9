"""Why a name in a text means an account, or does not: each reason is a function, a weight and a sentence.

The weights are log odds, set by hand and added up; ``link`` turns the sum into a confidence. A function
answers with the words that prove it, as places in the passage, or None. The docstring of a function says
when it holds; its sentence is what a person reads.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from earmark.types import Feature
from matcher.names import Ambiguity
from matcher.passage import Passage, Style
from matcher.vocabulary import Commonness, commonness, context_words, family_names, given_names, places

__all__ = ["Place", "context_of", "is_lower_case_word"]

A, S = Ambiguity, Style

_PRIORS: Final = {
    A.DISTINCTIVE: (2.4, "the name is no ordinary word"),
    A.PHRASE: (0.0, "the name is made of ordinary words"),
    A.RARE_WORD: (-0.6, "the name is also a rare word"),
    A.ORDINARY_WORD: (-1.8, "the name is also an ordinary word"),
    A.EVERYDAY_WORD: (-2.8, "the name is also an everyday word"),
    A.PERSON: (-1.6, "the name is also a name of people"),
    A.PLACE: (-3.4, "the name is also a place"),
    A.ACRONYM: (-0.6, "so short a name stands for many things"),
    A.GENERIC: (-4.0, "the name is too general"),
}
_WORDS: Final = frozenset(
    {A.RARE_WORD, A.ORDINARY_WORD, A.EVERYDAY_WORD, A.PERSON, A.PLACE, A.GENERIC, A.PHRASE}
)


class Place(NamedTuple):
    """Where a name stands, and what its words may mean besides."""

    passage: Passage
    start: int
    end: int
    ambiguity: Ambiguity
    forum: bool

    @property
    def is_word(self) -> bool:
        """Whether the name may be something else than a name."""
        return self.ambiguity in _WORDS

    @property
    def before(self) -> bytes:
        """The word right before the name, in the same clause."""
        same = self.start > 0 and not self.passage.starts_clause(self.start)
        return self.passage.word(self.start - 1) if same else b""

    @property
    def after(self) -> bytes:
        """The word right after the name, in the same clause."""
        return b"" if self.passage.ends_clause(self.end) else self.passage.word(self.end)

    @property
    def opens(self) -> bool:
        """Whether the name opens a clause."""
        return self.passage.starts_clause(self.start)

    @property
    def hyphen_after(self) -> bool:
        """Whether the name is the first part of a compound."""
        return self.end < len(self.passage.tokens) and self.passage.gap(self.end) in {"-", "‑", "–"}

    @property
    def hyphen_before(self) -> bool:
        """Whether the name is a later part of a compound."""
        return self.start > 0 and self.passage.gap(self.start) in {"-", "‑", "–"}


Test = Callable[[Place], tuple[int, int] | None]
_TESTS: list[tuple[str, float, str, Test]] = []


def _feature(weight: float, sentence: str) -> Callable[[Test], Test]:
    def register(test: Test) -> Test:
        _TESTS.append((test.__name__.strip("_"), weight, sentence, test))
        return test

    return register


def _in(word: bytes, name: str) -> bool:
    return (word,) in context_words(name)


def is_lower_case_word(place: Place) -> bool:
    """Say whether an ordinary word stands in lower case where a name would have a capital."""
    passage = place.passage
    return (
        place.is_word
        and passage.style is not S.LOWER
        and not any(passage.is_capital(i) for i in range(place.start, place.end))
    )


# -- capitals ---------------------------------------------------------------------------------------------


@_feature(2.4, "it has a capital inside a sentence")
def _capital_inside(place: Place) -> tuple[int, int] | None:
    """Hold where capitals mark names and no sentence starts here."""
    passage = place.passage
    if passage.style is not S.SENTENCE or (place.opens and place.end - place.start == 1):
        return None
    first = place.start + place.opens
    shouted = passage.written(first).isupper() and place.ambiguity is not A.ACRONYM and place.is_word
    capital = all(passage.is_capital(i) or len(passage.word(i)) < 4 for i in range(first, place.end))  # noqa: PLR2004 - small words of a name
    return (place.start, place.end) if capital and not shouted and passage.is_capital(first) else None


@_feature(-4.0, "it is written in lower case, as an ordinary word")
def _lower_case(place: Place) -> tuple[int, int] | None:
    """Hold where a name would have a capital and this has none."""
    passage = place.passage
    if passage.style is S.LOWER or place.ambiguity is A.DISTINCTIVE:
        return None
    small = any(
        not passage.is_capital(i) and not passage.written(i)[:1].isdigit() and len(passage.word(i)) > 2  # noqa: PLR2004
        for i in range(place.start, place.end)
    )
    return (place.start, place.end) if small else None


@_feature(-1.5, "it is written in capitals, as an abbreviation")
def _shouted(place: Place) -> tuple[int, int] | None:
    """Hold for a word all in capitals in a text that is not."""
    passage = place.passage
    if passage.style is S.UPPER or not place.is_word:
        return None
    return (place.start, place.end) if passage.written(place.start).isupper() else None


# -- what follows -----------------------------------------------------------------------------------------


def _verb_at(place: Place, name: str) -> tuple[int, int] | None:
    """Return the place of a verb whose subject the name may be."""
    passage, at = place.passage, place.end
    if not _in(place.after, name) or place.hyphen_after or not passage.is_next(at):
        return None
    if passage.style is S.TITLE and place.is_word and not (place.opens or place.before in _SUBJECT_FRONTS):
        return None
    return at, at + 1


_SUBJECT_FRONTS: Final = frozenset(
    b"as after why how when while and but if because that says exclusive".split()
)


@_feature(2.6, "what follows is something that companies do")
def _company_verb(place: Place) -> tuple[int, int] | None:
    """Hold for "X acquires", "X lays off"."""
    return _verb_at(place, "company_verbs")


@_feature(1.6, "a verb follows that has it as its subject")
def _verb(place: Place) -> tuple[int, int] | None:
    """Hold for "X adds", "X exits": an ordinary noun would have an article, but for people and masses."""
    if _in(place.passage.word(place.end - 1), "unarticled") or place.passage.word(place.end - 1).endswith(
        b"s"
    ):
        return None
    if (
        place.before
        and not place.opens
        and place.passage.style is S.SENTENCE
        and not place.passage.is_capital(place.start)
    ):
        return None
    return _verb_at(place, "verbs")


@_feature(2.4, "it is said to be about to do something")
def _infinitive(place: Place) -> tuple[int, int] | None:
    """Hold for "X to hire"."""
    passage, at = place.passage, place.end
    if place.after != b"to" or not place.opens or not _in(passage.word(at + 1), "infinitives"):
        return None
    plural = passage.word(at - 1).endswith(b"s") and place.ambiguity is not A.PHRASE
    return None if _in(passage.word(at - 1), "unarticled") or plural else (at, at + 2)


@_feature(1.6, "the next word belongs to companies")
def _company_noun(place: Place) -> tuple[int, int] | None:
    """Hold for "X CEO", "X shares", "X’s investors"."""
    at = place.end
    if not _in(place.after, "company_nouns") or place.hyphen_after or not place.passage.is_next(at):
        return None
    return at, at + 1


@_feature(1.4, "an explanation of what it is follows")
def _appositive(place: Place) -> tuple[int, int] | None:
    """Hold for "X, a fintech start-up", "X, the owner of"."""
    passage, at = place.passage, place.end
    if at >= len(passage.tokens) or passage.gap(at).strip() != "," or passage.word(at) not in _ARTICLES:
        return None
    near = range(at + 1, min(at + 6, len(passage.tokens)))
    return next(((at, i + 1) for i in near if _in(passage.word(i), "sorts")), None)


_ARTICLES: Final = frozenset(b"a an the which whose one".split())


@_feature(2.6, "a legal form follows")
def _legal_form(place: Place) -> tuple[int, int] | None:
    """Hold for "X, Inc."."""
    word = place.passage.word(place.end)
    near = place.end < len(place.passage.tokens) and place.passage.gap(place.end).strip() in {"", ","}
    capital = place.passage.is_capital(place.end)
    return (place.end, place.end + 1) if near and capital and word in _FORMS else None


_FORMS: Final = frozenset(
    b"inc corp ltd limited llc plc gmbh ag sa se nv bv ab oyj asa spa pvt corporation".split()
)


@_feature(0.4, "it has something of its own")
def _possessive(place: Place) -> tuple[int, int] | None:
    """Hold for "X’s", with a capital."""
    passage, at = place.passage, place.end
    owns = passage.text[passage.tokens[at - 1].end :][:2] in {"'s", "’s"}
    return (place.start, place.end) if owns and passage.is_capital(place.start) else None


# -- what comes before ------------------------------------------------------------------------------------


@_feature(2.0, "the word before says what sort of company it is")
def _sort_before(place: Place) -> tuple[int, int] | None:
    """Hold for "chipmaker X", "start-up X"."""
    at = place.start - 1
    if not _in(place.before, "sorts") or not place.passage.is_next(place.start):
        return None
    return (at, at + 1) if place.passage.is_capital(place.start) or place.passage.style is S.LOWER else None


@_feature(1.8, "the words before it take a company")
def _taker_before(place: Place) -> tuple[int, int] | None:
    """Hold for "acquires X", "stake in X", "CEO of X"."""
    passage, at = place.passage, place.start
    if not place.before or not (passage.is_capital(at) or passage.style is S.LOWER):
        return None
    if (passage.word(at - 2), place.before) in context_words("takers_in_two"):
        return at - 2, at
    return (at - 1, at) if _in(place.before, "takers") else None


@_feature(2.2, "it is used, left or compared, as a tool")
def _tool_before(place: Place) -> tuple[int, int] | None:
    """Hold in a forum for "switched to X", "use X"."""
    passage, at = place.passage, place.start
    if not place.forum or not place.before:
        return None
    if (passage.word(at - 2), place.before) in context_words("tool_takers_in_two"):
        return at - 2, at
    return (at - 1, at) if _in(place.before, "tool_takers") else None


@_feature(2.0, "the next word speaks of a tool")
def _tool_after(place: Place) -> tuple[int, int] | None:
    """Hold in a forum for "X pricing", "X doubled"."""
    named = _in(place.after, "tool_nouns") or _in(place.after, "tool_verbs")
    return (place.end, place.end + 1) if place.forum and named else None


@_feature(-2.0, "an article or a pronoun makes it an ordinary word")
def _determiner(place: Place) -> tuple[int, int] | None:
    """Hold for "the box", "our target"."""
    if not place.is_word or not _in(place.before, "determiners") or not place.passage.is_next(place.start):
        return None
    return place.start - 1, place.start


@_feature(-1.2, "a preposition makes it a place")
def _place_preposition(place: Place) -> tuple[int, int] | None:
    """Hold for "in X" where X may be a place or a word."""
    if not place.is_word or not _in(place.before, "place_prepositions"):
        return None
    return place.start - 1, place.start


# -- compounds and longer names ---------------------------------------------------------------------------


@_feature(2.6, "it backs, owns or once employed somebody")
def _company_compound(place: Place) -> tuple[int, int] | None:
    """Hold for "X-backed", "ex-X"."""
    passage = place.passage
    if place.hyphen_after and passage.word(place.end) in _BACKED:
        return place.end, place.end + 1
    former = place.hyphen_before and passage.word(place.start - 1) == b"ex"
    return (place.start - 1, place.start) if former and passage.is_capital(place.start) else None


_BACKED: Final = frozenset(b"backed led owned funded founded made built based powered supported".split())


@_feature(-3.5, "it is part of a compound word")
def _compound(place: Place) -> tuple[int, int] | None:
    """Hold for "X-thin", "plug-X" where X may be a word."""
    passage = place.passage
    if place.hyphen_after and passage.word(place.end) not in _BACKED and not passage.is_capital(place.end):
        return place.end, place.end + 1
    if place.hyphen_before and passage.word(place.start - 1) != b"ex" and place.is_word:
        return place.start - 1, place.start
    return None


@_feature(-3.0, "it is part of a person's name")
def _person(place: Place) -> tuple[int, int] | None:
    """Hold for "Nora X", or for a given name X before a family name."""
    passage, last = place.passage, place.end - 1
    if place.ambiguity is A.PHRASE or place.hyphen_before:
        return None
    before = place.before if passage.is_next(place.start) and passage.is_capital(place.start - 1) else b""
    after = place.after if passage.is_next(place.end) and passage.is_capital(place.end) else b""
    if before in given_names() and passage.is_capital(place.start) and not _possessed(passage, place.start):
        return place.start - 1, place.end
    if not _possessed(passage, place.end) and passage.word(last) in given_names() and _surname(after):
        return place.start, place.end + 1
    return None


def _surname(word: bytes) -> bool:
    return word in family_names() or (bool(word) and not commonness(word) and (word,) not in places())


def _possessed(passage: Passage, index: int) -> bool:
    return "s" in passage.gap(index)


_KNOWN: Final = ("company_verbs", "verbs", "company_nouns", "regions", "sorts", "tool_nouns")


@_feature(-3.2, "it is part of another company's longer name")
def _longer_name(place: Place) -> tuple[int, int] | None:
    """Hold where what companies add to a name follows ("X Labs Europe")."""
    passage, at = place.passage, place.end
    close = passage.is_next(at) and not _possessed(passage, at) and passage.is_capital(at)
    if not close or passage.word(at) not in _EXTENSIONS or passage.style is S.UPPER:
        return None
    return place.start, at + 1


_EXTENSIONS: Final = frozenset(
    b"""labs lab group holdings holding capital energy hospitality technologies systems software solutions
    networks industries enterprises ventures partners motors pharmaceuticals pharma therapeutics biosciences
    biotech sciences bank bancorp insurance studios robotics semiconductor semiconductors electronics foods
    airlines airways resources materials chemicals communications telecom consulting analytics university
    college institute school foundation church hospital trust fund street avenue road square bay county island
    river lake valley mountain park beach city town village court hall house university federation league club
    association council party movement festival awards cup prize fc united rovers""".split()
)


@_feature(-2.2, "a capitalised word next to it makes it part of another name")
def _capital_neighbour(place: Place) -> tuple[int, int] | None:
    """Hold for a name that may be a word, between capitals in a sentence ("Coach Taylor")."""
    passage, at = place.passage, place.end
    if not place.is_word or passage.style is not S.SENTENCE:
        return None
    if (
        passage.is_next(at)
        and passage.is_capital(at)
        and not passage.ends_clause(at)
        and not _possessed(passage, at)
        and not any(_in(passage.word(at), name) for name in _KNOWN)
    ):
        return place.start, at + 1
    first = place.start
    before = passage.is_next(first) and not passage.starts_clause(first) and passage.is_capital(first - 1)
    if before and not _possessed(passage, first) and not passage.starts_clause(first - 1):
        return (first - 1, place.end) if not _in(passage.word(first - 1), "sorts") else None
    return None


@_feature(-1.5, "an unknown name next to it makes it part of another name")
def _unknown_neighbour(place: Place) -> tuple[int, int] | None:
    """Hold in a title for a word beside a name that is no word ("Flaring Norvik Target")."""
    passage = place.passage
    if not place.is_word or passage.style is not S.TITLE:
        return None
    for neighbour, gap in ((place.start - 1, place.start), (place.end, place.end)):
        word = passage.word(neighbour)
        if word.isalpha() and passage.is_next(gap) and not _possessed(passage, gap) and _is_unknown(word):
            return min(neighbour, place.start), max(neighbour + 1, place.end)
    return None


def _is_unknown(word: bytes) -> bool:
    return commonness(word) == Commonness.NONE and not any(_in(word, name) for name in _KNOWN)


def context_of(place: Place) -> list[Feature]:
    """Return the reasons that the place gives, for any account of that name."""
    weight, sentence = _PRIORS[place.ambiguity]
    span = place.passage.span(place.start, place.end)
    features = [Feature(name="name", value=1.0, weight=weight, sentence=sentence, spans=(span,))]
    for name, weight, sentence, test in _TESTS:
        proof = test(place)
        if proof:
            spans = (place.passage.span(*proof),)
            features.append(Feature(name=name, value=1.0, weight=weight, sentence=sentence, spans=spans))
    return features

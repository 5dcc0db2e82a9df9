"""Reasons that capitals, compounds and longer names give: what a name is written as, and a part of.

Each test answers with the words that prove it, or None.
"""

from typing import Final

from matcher.bearers import bearers
from matcher.names import Ambiguity
from matcher.passage import Passage, Style
from matcher.place import Place, Reasons, is_listed, is_sort
from matcher.vocabulary import Commonness, commonness, dominant_names, family_names, given_names, places

__all__ = ["COMPOUNDS", "is_lower_case_word"]

COMPOUNDS: Final = Reasons()

_SMALL: Final = 3  # letters: "of" and "and" stay small inside a name
_BACKED: Final = frozenset(b"backed led owned funded founded made built based powered supported".split())
_EXTENSIONS: Final = frozenset(
    b"""
    aerospace airlines airways analytics association automation automotive avenue awards bancorp bank
    bay beach bio biosciences biotech capital chemicals church city cloud club college commodities
    communications consulting council county court cup data defence defense digital dynamics electronics
    energy enterprises fc federation festival finance financial foods foundation fund games gaming hall
    health healthcare holdings hospital hospitality house imaging industries institute insurance island
    lab labs lake league logistics materials media medical metals minerals mining mobility motors
    mountain movement networks park partners party payments pharma pharmaceuticals pictures prize
    properties realty resources retail river road robotics rovers school sciences semiconductor
    semiconductors shipping software solutions square street studios surgical systems technologies
    telecom therapeutics town trading trust united university valley ventures village
    """.split()
)
_SAME: Final = frozenset(
    b"technology technologies group holding holdings global international worldwide".split()
)
_UNITS: Final = frozenset(b"ai tv".split())  # ordinary abbreviations that name a unit or a namesake
_HEADING: Final = 3  # words before the last of a heading
_REACH: Final = 3  # words of a longer name behind the listed one
_KNOWN: Final = ("company_verbs", "verbs", "company_nouns", "regions", "sorts", "tool_nouns")


def is_lower_case_word(place: Place) -> bool:
    """Say whether an ordinary word stands in lower case where a name would have a capital."""
    passage = place.passage
    if place.ambiguity is Ambiguity.DISTINCTIVE or passage.style is Style.LOWER:
        return False
    return not any(
        any(map(str.isupper, written)) or written.isdigit() for written in map(passage.written, _range(place))
    )


def _range(place: Place) -> range:
    return range(place.start, place.end)


@COMPOUNDS(2.4, "it has a capital inside a sentence")
def _capital_inside(place: Place) -> tuple[int, int] | None:
    """Hold where capitals mark names and no sentence starts here."""
    passage = place.passage
    if passage.style not in {Style.SENTENCE, Style.LOWER} or (place.opens and place.end - place.start == 1):
        return None
    first = place.start + place.opens
    if not passage.is_capital(first) or (place.is_word and passage.written(first).isupper()):
        return None
    capital = all(passage.is_capital(i) or len(passage.word(i)) <= _SMALL for i in range(first, place.end))
    return (place.start, place.end) if capital else None


@COMPOUNDS(-4.0, "it is written in lower case, as an ordinary word")
def _lower_case(place: Place) -> tuple[int, int] | None:
    """Hold where a name would have a capital and this has none."""
    passage = place.passage
    if passage.style is Style.LOWER or place.ambiguity is Ambiguity.DISTINCTIVE:
        return None
    small = any(passage.written(i).islower() and len(passage.word(i)) > _SMALL for i in _range(place))
    return (place.start, place.end) if small else None


@COMPOUNDS(-2.0, "in lower case it would as well be an ordinary word")
def _all_lower(place: Place) -> tuple[int, int] | None:
    """Hold for a name known for its capital, in a text that has none."""
    small = not place.is_capital and place.ambiguity is Ambiguity.DOMINANT
    return (place.start, place.end) if small and commonness(place.passage.word(place.start)) else None


@COMPOUNDS(2.6, "it backs, owns or once employed somebody")
def _company_compound(place: Place) -> tuple[int, int] | None:
    """Hold for "X-backed", "ex-X"."""
    passage = place.passage
    if not place.may_be_name:
        return None
    if place.hyphen_after and passage.word(place.end) in _BACKED:
        return place.end, place.end + 1
    former = place.hyphen_before and passage.word(place.start - 1) == b"ex"
    return (place.start - 1, place.start) if former else None


@COMPOUNDS(-6.0, "it is part of a compound word")
def _compound(place: Place) -> tuple[int, int] | None:
    """Hold for "X-thin", "plug-X" where X may be a word."""
    passage = place.passage
    word = place.is_word or place.ambiguity is Ambiguity.DOMINANT
    if (
        word
        and place.hyphen_after
        and passage.word(place.end) not in _BACKED
        and not passage.is_capital(place.end)
    ):
        return place.start, place.end + 1
    if place.is_word and place.hyphen_before and passage.word(place.start - 1) != b"ex":
        return place.start - 1, place.end
    return None


@COMPOUNDS(-8.0, "it is part of a person's name")
def _person(place: Place) -> tuple[int, int] | None:
    """Hold for "Nora X", or for a given name X before a family name."""
    passage = place.passage
    if place.ambiguity is Ambiguity.PHRASE or not place.is_capital:
        return None
    titled = place.ambiguity is not Ambiguity.DOMINANT and is_listed(
        place.passage.word(place.start - 1), "titles"
    )
    named = place.close_before and passage.is_capital(place.start - 1)
    if named and (titled or _given(passage, place.start - 1)):
        return place.start - 1, place.end
    after = passage.word(place.end) if place.close_after and passage.is_capital(place.end) else b""
    if passage.word(place.end - 1) in given_names() and _family(after):
        return place.start, place.end + 1
    return None


def _given(passage: Passage, index: int) -> bool:
    """Say whether a given name stands here that is no everyday word, unless its capital proves it."""
    word = passage.word(index)
    if word not in given_names():
        return False
    sure = passage.style is Style.SENTENCE and not passage.starts_clause(index)
    return sure or commonness(word) < Commonness.EVERYDAY


def _family(word: bytes) -> bool:
    if is_listed(word, *_KNOWN):
        return False
    return word in family_names() or (bool(word) and not commonness(word) and (word,) not in places())


@COMPOUNDS(-4.4, "it is part of another company's longer name")
def _longer_name(place: Place) -> tuple[int, int] | None:
    """Hold where what companies add to a name follows ("X Labs Europe", "X Freight Systems")."""
    passage, at = place.passage, place.end
    if passage.style is Style.UPPER or place.owns:
        return None
    reach = _REACH if passage.style is Style.SENTENCE else 1
    while at < place.end + reach and passage.is_next(at) and passage.is_capital(at):
        if passage.word(at) in _EXTENSIONS:
            return place.start, at + 1
        if is_listed(passage.word(at), *_KNOWN) or passage.gap(at + 1).strip():
            return None
        at += 1
    return None


@COMPOUNDS(-5.4, "the name goes on before the verb, as another company's or a product's")
def _goes_on(place: Place) -> tuple[int, int] | None:
    """Hold for "X Alpha raises", "X AI, Y and Z partner": a word that nobody adds to the name of X."""
    if place.ambiguity is Ambiguity.DOMINANT or not _has_second_word(place):
        return None
    return place.start, place.end + 1


@COMPOUNDS(-8.0, "a unit or a product of that name acts, and not the company itself")
def _unit(place: Place) -> tuple[int, int] | None:
    """Hold for "X TV unveils", "X SDI signs" where everybody knows X: only letters make another name."""
    passage, at = place.passage, place.end
    if place.ambiguity is not Ambiguity.DOMINANT or not passage.written(at).isupper():
        return None
    unusual = passage.word(at) in _UNITS or not commonness(passage.word(at))
    return (place.start, at + 1) if unusual and _has_second_word(place) else None


@COMPOUNDS(-6.0, "the name before it goes on with it")
def _second_word(place: Place) -> tuple[int, int] | None:
    """Hold for a name of one word behind one that everybody knows ("Samsung X")."""
    doubtful = place.end - place.start == 1 and place.ambiguity is not Ambiguity.DOMINANT
    before = place.passage.word(place.start - 1)
    known = place.close_before and (before in dominant_names() or (before,) in bearers())
    return (place.start - 1, place.end) if doubtful and known and place.is_capital else None


def _has_second_word(place: Place) -> bool:
    """Say whether another capitalised word stands between the name and a verb of companies."""
    passage, at = place.passage, place.end
    if passage.style not in {Style.SENTENCE, Style.TITLE} or not place.close_after:
        return False
    word = passage.word(at)
    named = passage.is_capital(at) and word.isalpha() and not word.endswith(b"ly")
    known = word in _SAME or is_listed(word, *_KNOWN, "infinitives", "currencies")
    return named and not known and _acts(passage, at + 1)


def _acts(passage: Passage, at: int) -> bool:
    """Say whether a verb of companies follows, or the list goes on whose members act."""
    if passage.ends_clause(at):
        return False
    listed = passage.gap(at).strip() == "," and passage.is_capital(at)
    infinitive = passage.word(at) == b"to" and is_listed(passage.word(at + 1), "infinitives")
    verb = passage.is_next(at) and is_listed(passage.word(at), "company_verbs", "verbs")
    talks = passage.word(at) == b"in" and passage.word(at + 1) in {b"talks", b"merger"}
    return listed or infinitive or verb or talks


@COMPOUNDS(-2.4, "a capitalised word next to it makes it part of another name")
def _capital_neighbour(place: Place) -> tuple[int, int] | None:
    """Hold for a name that may be a word, beside another capital in a sentence ("Coach Taylor")."""
    passage, at, first = place.passage, place.end, place.start
    if not place.is_word or passage.style is not Style.SENTENCE:
        return None
    if place.close_after and passage.is_capital(at) and not is_listed(passage.word(at), *_KNOWN):
        return first, at + 1
    inside = place.close_before and not passage.starts_clause(first)
    if inside and passage.starts_clause(first - 1) and not _is_unknown(passage.word(first - 1)):
        return None
    if inside and passage.is_capital(first - 1) and not is_listed(passage.word(first - 1), *_KNOWN):
        return first - 1, at
    return None


@COMPOUNDS(-1.8, "an unknown name next to it makes it part of another name")
def _unknown_neighbour(place: Place) -> tuple[int, int] | None:
    """Hold in a title for a word beside a name that is no word."""
    passage = place.passage
    if not place.is_word or passage.style is not Style.TITLE:
        return None
    if place.close_before and _is_unknown(passage.word(place.start - 1)):
        return place.start - 1, place.end
    if place.close_after and _is_unknown(passage.word(place.end)):
        return place.start, place.end + 1
    return None


@COMPOUNDS(-3.0, "it is the heading of a column")
def _heading(place: Place) -> tuple[int, int] | None:
    """Hold for "Market Insight: …", "Focus: …" where a word stands at the start before a colon."""
    passage = place.passage
    after = passage.gap(place.end) if place.end < len(passage.tokens) else ""
    front = place.start <= _HEADING and not any(passage.starts_clause(i) for i in range(1, place.start + 1))
    if not place.is_word or not front or after.strip() != ":":
        return None
    if is_listed(passage.word(place.end), "company_nouns"):
        return None  # "X: chief steps down"
    return 0, place.end


@COMPOUNDS(-8.0, "it is the exchange on which shares are listed")
def _exchange(place: Place) -> tuple[int, int] | None:
    """Hold for "(NASDAQ: X)", "Nasdaq debut", "lists on Nasdaq"."""
    passage, at = place.passage, place.end
    if not is_listed(passage.word(place.start), "exchanges"):
        return None
    if passage.gap(place.start).endswith("(") and passage.gap(at).strip() == ":":
        return place.start, at
    if is_listed(place.after, "listings"):
        return place.start, at + 1
    return (place.start - 1, at) if place.before in {b"on", b"via"} else None


def _is_unknown(word: bytes) -> bool:
    return (
        word.isalpha() and not commonness(word) and (word,) not in places() and not is_listed(word, *_KNOWN)
    )


@COMPOUNDS(-6.0, "it follows another name, as a product of that company")
def _behind_a_name(place: Place) -> tuple[int, int] | None:
    """Hold for "Norvik X 100W launched", where X is no word and Norvik none either."""
    passage = place.passage
    distinct = place.ambiguity in {Ambiguity.DISTINCTIVE, Ambiguity.ACRONYM} and place.end - place.start == 1
    if not distinct or not place.close_before or place.owns or passage.style is Style.LOWER:
        return None
    before = passage.word(place.start - 1)
    unknown = _is_unknown(before) and not is_sort(passage, place.start - 1)
    name = passage.is_capital(place.start - 1) and place.is_capital and unknown
    model = passage.word(place.end)[:1].isdigit() or not place.close_after
    person = before in given_names() or before in family_names()
    letters = place.ambiguity is Ambiguity.ACRONYM
    alone = letters or (model and not _acts(passage, place.end))
    return (place.start - 1, place.end) if name and not person and alone else None


@COMPOUNDS(-6.0, "the word before says that it is a product")
def _product(place: Place) -> tuple[int, int] | None:
    """Hold for "hatchback X", "AI agent X"."""
    named = place.close_before and place.is_capital and is_listed(place.before, "products")
    return (place.start - 1, place.end) if named else None


@COMPOUNDS(-1.6, "a number makes it a product or a model")
def _numbered(place: Place) -> tuple[int, int] | None:
    """Hold for "X 3", "X300" after a word."""
    number = place.is_word and place.close_after and place.passage.word(place.end)[:1].isdigit()
    amount = is_listed(place.passage.word(place.end + 1), "amounts")
    return (place.start, place.end + 1) if number and not amount else None

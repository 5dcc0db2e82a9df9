"""Which country the words right beside a name tell: "India's Norvik", "Oslo-based Norvik"."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from matcher.names import Words
from matcher.normalise import words_of
from matcher.passage import Passage

__all__ = ["BASED", "HAVENS", "OWNS", "is_from_there", "nation_named", "nations_in", "nations_told"]

HAVENS: Final = frozenset(
    {"bermuda", "british virgin islands", "cayman islands", "cyprus", "guernsey", "hong kong", "ireland"}
    | {"isle of man", "jersey", "luxembourg", "malta", "marshall islands", "mauritius", "netherlands"}
    | {"panama", "singapore", "switzerland"}
)
"""Countries where companies of other countries have their seat."""

_LONGEST: Final = 5  # one more than the words of the longest name
BASED: Final = frozenset((b"based", b"headquartered"))
_MONEY: Final = {b"rs": "india", b"crore": "india", b"lakh": "india", b"inr": "india", b"rm": "malaysia"}
OWNS: Final = frozenset(("'s", "’s", "'", "’"))


@cache
def _lists() -> tuple[Mapping[Words, str], Mapping[Words, str], Mapping[Words, str]]:
    """Return the countries by their names, by the word for what is from there, and by their cities."""
    names: dict[Words, str] = {}
    adjectives: dict[Words, str] = {}
    cities: dict[Words, str] = {}
    text = (files("matcher") / "words" / "nations.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, others, from_there, towns = line.split("|")
            names |= {tuple(words_of(name)): country for name in (country, *others.split(";")) if name}
            adjectives |= {(word.encode(),): country for word in from_there.split()}
            separator = ";" if ";" in towns else None
            cities |= {tuple(words_of(town)): country for town in towns.split(separator)}
    return names, adjectives, cities


def nation_named(words: Words) -> str | None:
    """Return the country of this name, in one spelling: "USA" and "United States" are the same."""
    return _lists()[0].get(words, " ".join(map(bytes.decode, words)) if words else None)


def is_from_there(word: bytes) -> bool:
    """Say whether the word tells where somebody is from: "Danish"."""
    return (word,) in _lists()[1]


def nations_in(words: Sequence[bytes]) -> frozenset[str]:
    """Return the countries that a text names, by themselves, their people, cities or money."""
    tellers = _tellers()
    found = {_MONEY[word] for word in words if word in _MONEY}
    for start, word in enumerate(words):
        for told, country in tellers.get(word, ()):
            if told == tuple(words[start : start + len(told)]):
                found.add(country)
    return frozenset(found)


@cache
def _tellers() -> Mapping[bytes, Sequence[tuple[Words, str]]]:
    """Return the words that tell a country, with it, by the first of them."""
    names, adjectives, cities = _lists()
    by_first: dict[bytes, list[tuple[Words, str]]] = {}
    for words, country in {**cities, **adjectives, **names}.items():
        if words and words != (b"us",):
            by_first.setdefault(words[0], []).append((words, country))
    return by_first


def nations_told(passage: Passage, window: Sequence[int]) -> set[str]:
    """Return the countries that the tokens of a window say something is from."""
    names, adjectives, cities = _lists()
    found = set()
    for index in window:
        word = passage.word(index)
        if country := adjectives.get((word,)):
            found.add(country)
        owns = passage.gap(index + 1).strip() in OWNS
        based = passage.word(index + 1) in BASED
        if owns or based:
            for length in range(1, _LONGEST):
                name = tuple(passage.words[max(0, index + 1 - length) : index + 1])
                country = names.get(name) or (cities.get(name) if based else None)
                if country:
                    found.add(country)
    return found

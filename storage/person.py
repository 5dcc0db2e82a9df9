"""Who is meant by a name, an e-mail address or a handle, and where a text says so.

All three are rows of words: ``Ada Berg``, ``ada-berg``, ``Berg, Ada`` and ``ada.berg@norvik.example`` are
found however they are written, with or without accents and single letters between. One word alone is a
handle and counts only after a sign such as ``@`` or ``u/``, or where it is all that a field says.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from earmark.errors import ConfigError

__all__ = ["HIDDEN", "Digests", "Person", "link_digest", "person_of"]

HIDDEN: Final = "[erased]"
"""What stands in the place of an erased name."""

_WORD: Final = re.compile(r"[^\W_]+")
_HANDLE: Final = re.compile(r"(?:@|/?u/)\S+", re.IGNORECASE)
_BEFORE_HANDLE: Final = re.compile(r"(?:[@~]|\b(?:u|users?|people|in|profiles?)/)$", re.IGNORECASE)
_LONGEST_SIGN: Final = 12
_PAIR: Final = 2
_LONGEST_NAME: Final = 3

_Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A person by the rows of words that mean them.

    ``kept`` are texts that stay as they are although they name the person, such as the id of an account.
    """

    names: frozenset[_Words]
    kept: frozenset[str] = frozenset()

    def in_text(self, text: str) -> bool:
        """Say whether a text names the person."""
        if text in self.kept or not self.may_be_in(text):
            return False
        return next(_places(text, self._lengths, self.names.__contains__), None) is not None

    def may_be_in(self, text: str) -> bool:
        """Say whether a text, packed or not, may name the person; quick, and never a false no."""
        if not text.isascii() or "\\" in text:
            return True
        plain = text.lower()
        return any(all(word in plain for word in words) for words in self.names)

    def hide(self, text: str) -> str:
        """Return the text with what names the person replaced."""
        return text if text in self.kept else _hidden(text, self._lengths, self.names.__contains__)

    @property
    def digests(self) -> frozenset[str]:
        """What may be kept of the person: enough to know them again, not to tell who it was."""
        return frozenset(map(_digest, self.names))

    @property
    def _lengths(self) -> frozenset[int]:
        return frozenset(map(len, self.names))


@dataclass(frozen=True, slots=True)
class Digests:
    """Everybody who was erased, as digests."""

    known: frozenset[str]

    def in_text(self, text: str) -> bool:
        """Say whether a text names one of them."""
        return next(_places(text, self._lengths, self._knows), None) is not None

    def hide(self, text: str) -> str:
        """Return the text with their names replaced."""
        return _hidden(text, self._lengths, self._knows)

    def _knows(self, words: _Words) -> bool:
        return _digest(words) in self.known

    @property
    def _lengths(self) -> frozenset[int]:
        return frozenset(int(digest.partition(":")[0]) for digest in self.known)


def person_of(texts: Iterable[str]) -> Person:
    """Return the person whom these names, addresses and handles mean; ConfigError for what names nobody."""
    names: set[_Words] = set()
    for text in texts:
        words = _name(text)
        if not words or (len(words) == 1 and not _HANDLE.fullmatch(text.strip())):
            raise ConfigError(
                f"{text!r} names nobody for certain. Give first and last name, an e-mail address, or a "
                "handle with its sign: @ada, u/ada."
            )
        names.add(words)
        if len(words) == _PAIR:
            names.add(words[::-1])
        if 1 < len(words) <= _LONGEST_NAME and "@" not in text:
            names.add(("".join(words),))  # written together it is a handle
    return Person(frozenset(names))


def link_digest(link: str) -> str:
    """Return what joins the same rows as a link, an external id or a key, and does not say what it said."""
    kind = link[:2] if link[1:2] == ":" else ""  # what stands before the colon is the kind of a key
    return f"{kind}erased-{blake2b(link.encode(), digest_size=12).hexdigest()}"


def _name(text: str) -> _Words:
    """Return the words of a name without single letters, unless it has no others."""
    found = [word for word, _, _ in _words(re.sub(r"^\s*/?u/", "", text, flags=re.IGNORECASE))]
    return tuple(word for word in found if len(word) > 1) or tuple(found)


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    ascii_only = text.isascii()
    for match in _WORD.finditer(text):
        yield (match[0].lower() if ascii_only else _folded(match[0])), match.start(), match.end()


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _places(text: str, lengths: frozenset[int], known: Callable[[_Words], bool]) -> Iterator[tuple[int, int]]:
    """Yield where the text names somebody known."""
    every = list(_words(text))
    long = [each for each in every if len(each[0]) > 1] or every
    for first in range(len(long)):
        for length in lengths:
            row = long[first : first + length]
            if len(row) < length or not known(tuple(word for word, _, _ in row)):
                continue
            start, end = row[0][1], row[-1][2]
            if length > 1 or _is_handle(text, start, end):
                yield start, end


def _is_handle(text: str, start: int, end: int) -> bool:
    alone = not text[:start].strip("@/u \t") and not text[end:].strip()
    return alone or _BEFORE_HANDLE.search(text[max(0, start - _LONGEST_SIGN) : start]) is not None


def _hidden(text: str, lengths: frozenset[int], known: Callable[[_Words], bool]) -> str:
    kept, done = [], 0
    for start, end in sorted(_places(text, lengths, known), key=lambda place: (place[0], -place[1])):
        if start >= done:
            kept += [text[done:start], HIDDEN]
        done = max(done, end)
    return "".join([*kept, text[done:]])


def _digest(words: _Words) -> str:
    packed = blake2b(" ".join(words).encode(), digest_size=16, person=b"earmark erasure")
    return f"{len(words)}:{packed.hexdigest()}"

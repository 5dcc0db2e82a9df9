"""Which names stand in a text: a trie of words, searched from left to right, the longest name first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

from earmark.types import Account
from matcher.names import Name, Rejected, Words, names_of
from matcher.normalise import words_of
from matcher.vocabulary import hiding_phrases

__all__ = ["Gazetteer", "Hit"]

_NAMES: Final = b""  # no word is empty, so this key holds the names that end at a node


class Hit(NamedTuple):
    """Names found at ``words[start:end]``; no names where a phrase hides what stands in it."""

    start: int
    end: int
    names: tuple[Name, ...]


class Gazetteer:
    """The names of all accounts; accounts can be added and removed one by one.

    ``companies`` are known companies that are not on the list: they hide shorter names of listed ones,
    as fixed phrases do, once such a name is there; so do the ``not_aliases`` of an account. ``rejected``
    holds the names that can't be looked for.
    """

    def __init__(self, accounts: Iterable[Account] = (), companies: Iterable[str] = ()) -> None:
        self.rejected: list[Rejected] = []
        self._root: dict[bytes, Any] = {}
        self._heads: set[bytes] = set()  # the keys of the root, smaller and so quicker to ask
        self._never: Counter[Words] = Counter()  # of how many accounts these words are no name
        self._hiding = hiding_phrases() | {tuple(words_of(company)) for company in companies}
        self._by_word: dict[bytes, list[Words]] = {}
        for phrase in self._hiding:
            for word in phrase:
                self._by_word.setdefault(word, []).append(phrase)
        for account in accounts:
            self.add(account)

    def _node(self, words: Words) -> dict[bytes, Any]:
        node = self._root
        self._heads.add(words[0])
        for word in words:
            below = node.get(word)
            if below is None:
                below = node[word] = {}
            node = below
        return node

    def add(self, account: Account) -> None:
        """Add the names of one account."""
        names, rejected = names_of(account)
        self.rejected.extend(rejected)
        for words, name in names.items():
            node = self._node(words)
            node[_NAMES] = (*node.get(_NAMES, ()), name)
            # A phrase is looked for only while it has something to hide: each head word costs time.
            for phrase in self._by_word.pop(words[0], ()):
                self._node(phrase).setdefault(_NAMES, ())
        for words in _not_names(account):
            self._never[words] += 1
            self._node(words).setdefault(_NAMES, ())

    def remove(self, account: Account) -> None:
        """Remove the names of one account, as it was when it was added."""
        names, _ = names_of(account)
        for words in _not_names(account):
            self._never[words] -= 1
        for words in (*names, *_not_names(account)):
            self._drop(words, account.id)
        self.rejected = [r for r in self.rejected if r.account != account.id]

    def _drop(self, words: Words, account: str) -> None:
        path: list[dict[bytes, Any]] = [self._root]
        for word in words:
            below = path[-1].get(word)
            if below is None:
                return
            path.append(below)
        left = tuple(name for name in path[-1].get(_NAMES, ()) if name.account != account)
        if left or words in self._hiding or self._never[words] > 0:
            path[-1][_NAMES] = left
        else:
            path[-1].pop(_NAMES, None)
        for depth in range(len(words), 0, -1):
            if path[depth]:
                return
            del path[depth - 1][words[depth - 1]]
        self._heads.discard(words[0])

    def find(self, words: Sequence[bytes]) -> list[Hit]:
        """Return the names that stand in the words, leftmost and longest; none overlaps another."""
        heads = self._heads.intersection(words)
        if not heads:  # most texts name nobody, and a set tells it quickest
            return []
        root = self._root
        hits: list[Hit] = []
        free = 0  # the first word that no hit has taken
        count = len(words)
        for start in compress(range(count), map(heads.__contains__, words)):
            if start < free:
                continue
            here = start + 1
            node = root[words[start]]
            names = node.get(_NAMES)
            if names is None and (here == count or words[here] not in node):
                continue
            end = here
            while here < count and words[here] in node:
                node = node[words[here]]
                here += 1
                if _NAMES in node:
                    names, end = node[_NAMES], here
            if names is not None:
                hits.append(Hit(start, end, names))
                free = end
        return hits


def _not_names(account: Account) -> list[Words]:
    """Return the phrases that never mean the account; in them, what stands there is no name of it."""
    return [words for text in account.not_aliases if len(words := tuple(words_of(text))) > 1]

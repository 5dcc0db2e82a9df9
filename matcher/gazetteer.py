"""Which names stand in a text: a trie of words, searched from left to right, the longest name first."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import compress
from typing import Any, Final, NamedTuple

from earmark.types import Account
from matcher.names import Name, Rejected, Words, names_of
from matcher.normalise import words_of
from matcher.vocabulary import hiding_phrases

__all__ = ["Gazetteer", "Hit"]

_NAMES: Final = b""  # no word is empty, so this key holds the names that end at a branching

_Names = Name | tuple[Name, ...]  # one name stands for itself: a million tuples of one would cost 50 MB
_Branches = dict[bytes, Any]  # a word → what stands behind it: branches, a way, or names
_Change = Callable[[tuple[Name, ...] | None], tuple[Name, ...] | None]


class _Way(NamedTuple):
    """Branches with one word only, and the names that end before it: a quarter of a dict's memory."""

    names: _Names | None
    word: bytes
    below: Any


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
        self._root: _Branches = {}
        self._heads: set[bytes] = set()  # the keys of the root, smaller and so quicker to ask
        self._never: Counter[Words] = Counter()  # of how many accounts these words are no name
        self._hiding = hiding_phrases() | {tuple(words_of(company)) for company in companies}
        self._by_word: dict[bytes, list[Words]] = {}
        for phrase in self._hiding:
            for word in phrase:
                self._by_word.setdefault(word, []).append(phrase)
        for account in accounts:
            self.add(account)

    def add(self, account: Account) -> None:
        """Add the names of one account."""
        names, rejected = names_of(account)
        self.rejected.extend(rejected)
        for words, name in names.items():
            self._change(words, _with(name))
            # A phrase is looked for only while it has something to hide: each head word costs time.
            for phrase in self._by_word.pop(words[0], ()):
                self._change(phrase, _with())
        for words in _not_names(account):
            self._never[words] += 1
            self._change(words, _with())

    def remove(self, account: Account) -> None:
        """Remove the names of one account, as it was when it was added."""
        names, _ = names_of(account)
        never = _not_names(account)
        self._never.subtract(never)
        for words in (*names, *never):
            hides = words in self._hiding or self._never[words] > 0
            self._change(words, _without(account.id, hides=hides))
        self.rejected = [r for r in self.rejected if r.account != account.id]

    def _change(self, words: Words, change: _Change) -> None:
        """Change the names that end with these words; None stands for no such end."""
        path = [self._root]
        for word in words:
            path.append(_opened(path[-1].get(word)))
        names = path[-1].pop(_NAMES, None)
        names = change(None if names is None else _all(names))
        if names is not None:
            path[-1][_NAMES] = names[0] if len(names) == 1 else names
        for word, branches, below in reversed([*zip(words, path, path[1:], strict=False)]):
            closed = _closed(below)
            if closed is None:
                branches.pop(word, None)
            else:
                branches[_one(word)] = closed
        (self._heads.add if words[0] in self._root else self._heads.discard)(words[0])

    def find(self, words: Sequence[bytes]) -> list[Hit]:
        """Return the names that stand in the words, leftmost and longest; none overlaps another."""
        root = self._root
        heads = self._heads.intersection(words)
        if not heads:  # most texts name nobody, and a set tells it quickest
            return []
        hits: list[Hit] = []
        free = 0  # the first word that no hit has taken
        count = len(words)
        for start in compress(range(count), map(heads.__contains__, words)):
            if start < free:
                continue
            here = end = start + 1
            node = root[words[start]]
            names = None
            while True:
                if type(node) is _Way:
                    found, word, below = node
                    below = below if here < count and words[here] == word else None
                elif type(node) is dict:
                    found = node.get(_NAMES)
                    below = node.get(words[here]) if here < count else None
                else:
                    names, end = node, here
                    break
                if found is not None:
                    names, end = found, here
                if below is None:
                    break
                node = below
                here += 1
            if names is not None:
                hits.append(Hit(start, end, _all(names)))
                free = end
        return hits


def _all(names: _Names) -> tuple[Name, ...]:
    return (names,) if isinstance(names, Name) else names


def _with(*more: Name) -> _Change:
    return lambda names: (*(names or ()), *more)


def _without(account: str, *, hides: bool) -> _Change:
    """Return a change that takes the account's names away; words that hide stay for that alone."""

    def change(names: tuple[Name, ...] | None) -> tuple[Name, ...] | None:
        left = tuple(name for name in names or () if name.account != account)
        return left if left or (hides and names is not None) else None

    return change


@lru_cache(maxsize=65536)
def _one(word: bytes) -> bytes:
    """Return the first of all equal words: "labs" is kept once, however many names end with it."""
    return word


def _opened(node: Any) -> _Branches:
    """Return what stands behind a word as branches."""
    if type(node) is dict:
        return node
    if type(node) is _Way:
        ends = {} if node.names is None else {_NAMES: node.names}
        return {**ends, node.word: node.below}
    return {} if node is None else {_NAMES: node}


def _closed(branches: _Branches) -> Any:
    """Return branches in their smallest form; None where nothing is left."""
    names = branches.get(_NAMES)
    words = len(branches) - (names is not None)
    if words > 1:
        return branches
    if words == 0:
        return names
    word = next(word for word in branches if word != _NAMES)
    return _Way(names, word, branches[word])


def _not_names(account: Account) -> list[Words]:
    """Return the phrases that never mean the account; in them, what stands there is no name of it."""
    return [words for text in account.not_aliases if len(words := tuple(words_of(text))) > 1]

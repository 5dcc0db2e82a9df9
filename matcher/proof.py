"""Proof: what in a note is not covered by what it rests on. A sound note has none of it."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from earmark.types import Account, Basis, Note, Sentence

__all__ = ["unproven"]

# A figure or date (with what joins its digits), or a word.
_TOKEN: Final = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+")
_OURS: Final = frozenset(("Corrected", "Denied", "It", "Not", "Planned", "Rumour", "Somebody", "The", "This"))
"""Words with which our own sentences begin."""


def unproven(note: Note, account: Account | None) -> list[str]:
    """Return every figure, date and capitalised word of the note's claims that nothing proves.

    Claims are the headline, proven by the user's record of the account, and each sentence of basis
    evidence, proven by its own spans and that record.
    """
    record = set(_tokens(_record(account)))
    missing = list(_uncovered(note.headline, record))
    for sentence in note.sentences:
        if sentence.basis is Basis.EVIDENCE:
            missing += _uncovered(sentence.text, record | set(_tokens(_quotes(sentence))))
    return missing


def _uncovered(text: str, covered: set[str]) -> Iterator[str]:
    for token in _tokens([text]):
        claims = token[0].isdigit() or token[0].isupper()
        if claims and token not in covered and token not in _OURS:
            yield token


def _tokens(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _TOKEN.findall(text)


def _quotes(sentence: Sentence) -> list[str]:
    return [span.quote for span in sentence.spans]


def _record(account: Account | None) -> list[str]:
    return [] if account is None else [account.name, *account.aliases, *account.domains]

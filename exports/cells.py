"""Texts as cells: nothing in them breaks a file, and nothing runs when a spreadsheet opens it."""

import re
from typing import Final

__all__ = ["cut", "harmless", "inert", "plain"]

_FORMULA: Final = "=+\\-@＝＋－＠﹢﹣﹦﹫"
_BEGINS: Final = re.compile(rf"^(?=\s*[{_FORMULA}])")
# A spreadsheet that reads ; or tab as the delimiter begins a new cell after each.
_BEGINS_ANYWHERE: Final = re.compile(rf"(?:^|(?<=[;\t\n]))(?=(?:[^\S\t\n]|['\"])*[{_FORMULA}])")
_BREAK: Final = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
# Control characters, lone surrogates, and marks that turn the direction of what follows.
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")
_DOTS: Final = "…"
_ASTRAL: Final = 0xFFFF


def plain(text: str, *, lines: bool = False) -> str:
    """Return the text without control characters, lone surrogates and marks that turn its direction.

    Its line breaks become line feeds where ``lines`` are wanted, else blanks.
    """
    broken = _BREAK.sub("\n", text).replace("\t", " ")
    kept = _CONTROL.sub("", broken)
    return kept.strip() if lines else " ".join(kept.split())


def harmless(text: str) -> str:
    """Return fetched text that no program takes for a formula: ``'`` stands before such a begin."""
    return _BEGINS.sub("'", text)


def inert(text: str) -> str:
    """Return text for a spreadsheet: ``'`` stands wherever a cell may begin with a formula."""
    return _BEGINS_ANYWHERE.sub("'", text)


def cut(text: str, longest: int) -> str:
    """Return the text in at most so many UTF-16 units, which is how spreadsheets and CRMs count."""
    if len(text) * 2 <= longest or _units(text) <= longest:
        return text
    kept = text[: longest - 1]
    while _units(kept) > longest - 1:
        kept = kept[: -max(1, (_units(kept) - longest + 1) // 2)]
    return kept + _DOTS


def _units(text: str) -> int:
    return len(text) + sum(ord(letter) > _ASTRAL for letter in text)

"""Names as the list is searched by them."""

import unicodedata
from typing import Final

__all__ = ["folded"]

_BARE: Final = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})


def folded(text: str) -> str:
    """Return lower-case words without accents and punctuation, one space between."""
    if text.isascii():
        return " ".join(text.lower().translate(_BARE).split())
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = ("" if unicodedata.combining(letter) else letter for letter in letters)
    return " ".join("".join(letter if letter.isalnum() else " " for letter in "".join(kept)).split())

"""Lists in pieces: each answer says where the next piece begins, in a word that means nothing to others."""

import base64
import binascii
import json
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import HTTPException, Query
from pydantic import BaseModel, Field

from storage.values import clean

__all__ = ["After", "Limit", "Piece", "as_word", "from_word", "no_place"]

T = TypeVar("T")
_FARTHEST: Final = 2**53

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str, Query(max_length=600, description="The next_after of the answer before; left out for the beginning.")
]


class Piece(BaseModel, Generic[T]):
    """A piece of a list; ``next_after`` is null at its end."""

    items: list[T]
    next_after: str | None = Field(description="Give this as after to go on; null at the end.")


def as_word(*place: str | int) -> str:
    """Return a place in a list as one word."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def from_word(word: str, *kinds: type) -> tuple[Any, ...] | None:
    """Return the place that a word is; None for no word, 422 for one that no answer gave."""
    if not word:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    except (ValueError, binascii.Error):
        place = None
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or not all(_is(one, kind) for one, kind in zip(place, kinds, strict=True)):
        raise no_place()
    return tuple(place)


def no_place() -> HTTPException:
    """Return the fault of a word that names no place in the list."""
    return HTTPException(422, "after is not what an answer of this list gave. Leave it out to begin anew.")


def _is(one: Any, kind: type) -> bool:
    """Tell whether this is of a kind, and one that a database can be asked for."""
    if isinstance(one, str):
        return kind is str and one == clean(one)
    return isinstance(one, int) and type(one) is kind and abs(one) < _FARTHEST

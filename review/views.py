"""Views: parts of the list under a name, those that come with it and those that people saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from storage import views
from storage.engine import Connection

__all__ = ["BUILT_IN", "Shown", "shown"]

BUILT_IN: Final = (
    ("New", "", "n"),
    ("Mine", "owner=me", "m"),
    ("Hot", "stage=hot", "h"),
    ("Snoozed", "state=snoozed", "s"),
    ("Contacted", "state=contacted", "c"),
    ("Dismissed", "state=dismissed", "d"),
)
"""The views that come with the list: name, query, and the key that opens it behind ``g``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A view as the page shows it; a built-in one has no ``id``, but a ``key``."""

    id: str
    name: str
    query: str
    is_own: bool
    is_chosen: bool
    is_shared: bool = False
    key: str = ""
    count: int | None = None


def shown(connection: Connection, user: str, query: str) -> tuple[Shown, ...]:
    """Return the views that a user has, the built-in ones first; the one that is looked at is chosen."""
    asked = _parts(query)
    held = views.every(connection, user)
    built_in = (
        Shown(id="", name=name, query=text, key=key, is_own=False, is_chosen=_parts(text) == asked)
        for name, text, key in BUILT_IN
    )
    saved = (
        Shown(
            id=each.id,
            name=each.name,
            query=each.query,
            is_own=each.user == user,
            is_shared=each.user is None,
            is_chosen=_parts(each.query) == asked,
        )
        for each in held
    )
    return (*built_in, *saved)


def _parts(query: str) -> Sequence[tuple[str, str]]:
    return sorted(parse_qsl(query))

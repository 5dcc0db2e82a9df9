"""What a text speaks of: kinds of the catalogue, be it news, history or conjecture.

``matcher.kinds`` decides what is news; this only sorts. It serves labelled single sentences.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from earmark.types import StoredEvent
from matcher.kinds import claims

__all__ = ["topics"]

_BOUNDED = 2_000
_LINE_BREAK = re.compile(r"\s*\n\s*")


def topics(event: StoredEvent) -> frozenset[str]:
    """Return the kinds that the event's opening speaks about, with those that it claims."""
    opening = f"{event.title} {event.text}"[:_BOUNDED].replace("’", "'")
    spoken = {kind for kind, pattern in _patterns().items() if pattern.search(opening)}
    return frozenset(spoken | {claim.kind for claim in claims(event)})


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    data = tomllib.loads((files("matcher.lexicon") / "topics.toml").read_text("utf-8"))
    return {kind: re.compile(_LINE_BREAK.sub("", text), re.IGNORECASE) for kind, text in data.items()}

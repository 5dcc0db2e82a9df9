"""From an event to all that the matcher makes of it: who, what, in which role, how sure, and why."""

from typing import Final

from earmark.types import Lexicon, Reading, StoredEvent
from matcher.link import Linker

__all__ = ["Matcher"]

_MOST_ACCOUNTS: Final = 10  # a text that names more is a round-up


class Matcher:
    """Reads events against one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._linker = Linker(lexicon)

    def read(self, event: StoredEvent) -> Reading:
        """Return what the event says, about whom; the same event always gives the same reading."""
        links = self._linker.link(event)
        return Reading(event=event, mentions=links.mentions, abstentions=links.abstentions)

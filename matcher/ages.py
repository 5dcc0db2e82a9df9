"""Ages: how long a kind lasts in the sources that tell it, once people said that it comes too old there."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from earmark.triggers import TriggerKind
from earmark.types import Age, Match

__all__ = ["aged"]


def aged(kind: TriggerKind, matches: Iterable[Match], ages: Sequence[Age]) -> TriggerKind:
    """Return the kind as it ends for what these matches tell: at the largest age of their sources.

    As long as one of them comes from a source that nobody called too old, the kind ends as it does anyway.
    """
    most = {age.source: age.most for age in ages if age.kind == kind.key}
    sources = {match.event.source for match in matches} if most else set()
    if not sources or not sources <= most.keys():
        return kind
    end = min(kind.expires, max(most[source] for source in sources))
    return replace(kind, expires=end, closes=min(kind.closes, end))

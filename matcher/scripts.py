"""Our own plays, for users who have not written theirs yet."""

from collections.abc import Mapping
from types import MappingProxyType

from earmark.types import Play

__all__ = ["PLAYS"]

_ALL = Play(
    id="ours:*",
    talk=("What changed at {account}, and what it makes harder this quarter",),
    opener="I read in {publisher}: \u201c{quote}\u201d. What does that change for your team?",
)

PLAYS: Mapping[str, Play] = MappingProxyType({play.kind: play for play in (_ALL,)})

"""What communities expect of somebody who answers: one sentence each, to be read before writing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["etiquette_of"]

_ELSEWHERE: Final = (
    "Read the place's own rules before you write; help with what was asked, say for whom you work, "
    "and don't sell."
)
_RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bluesky": (
            "Answer in the thread as yourself, say for whom you work, and don't answer one search hit "
            "after the other with the same words."
        ),
        "discourse": (
            "Read the forum's own guidelines first: most want vendors to say who they are, and to keep "
            "to the question; write privately only when asked to."
        ),
        "github": (
            "An issue is the maintainers' workplace: help with the fault itself, on its own terms, and "
            "offer nothing beside it."
        ),
        "hackernews": (
            "Comment as a person who knows the matter, say so if you have a stake in it, and never ask "
            "others to vote or to join in."
        ),
        "lobsters": (
            "Self-promotion is frowned upon, and accounts are vouched for by name: give the technical "
            "answer with your stake said, or none."
        ),
        "mastodon": (
            "Answer publicly and briefly, say for whom you work, and leave it when nobody answers; some "
            "servers forbid advertising altogether."
        ),
        "reddit": (
            "Each subreddit has rules of its own in its side bar, many of them against vendors: help "
            "first, say for whom you work, post no links."
        ),
        "stackexchange": (
            "An answer has to answer the question; naming what you sell without saying that it is "
            "yours is deleted as spam."
        ),
    }
)


def etiquette_of(kind: str) -> str:
    """Return what is expected where a kind of source reads; for other kinds what is expected anywhere."""
    return _RULES.get(kind, _ELSEWHERE)

"""What communities expect of somebody who answers: one sentence each, to be read before writing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

__all__ = ["Etiquette", "etiquette_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Etiquette:
    """What is expected at a place; ``url`` is where it says so itself, None where that is not known."""

    place: str
    words: str
    url: str | None = None


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


_PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "askubuntu.com": "stackexchange",
        "bsky.app": "bluesky",
        "github.com": "github",
        "lobste.rs": "lobsters",
        "news.ycombinator.com": "hackernews",
        "reddit.com": "reddit",
        "serverfault.com": "stackexchange",
        "stackexchange.com": "stackexchange",
        "stackoverflow.com": "stackexchange",
        "superuser.com": "stackexchange",
    }
)
"""Which community answers at a host, whatever kind of source read it there."""
_SAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bluesky": "https://bsky.social/about/support/community-guidelines",
        "discourse": "https://{host}/guidelines",
        "hackernews": "https://news.ycombinator.com/newsguidelines.html",
        "lobsters": "https://{host}/about",
        "mastodon": "https://{host}/about",
        "stackexchange": "https://{host}/help/promotion",
    }
)
"""Where a community says its rules itself."""
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"bluesky": "Bluesky", "github": "GitHub", "hackernews": "Hacker News", "reddit": "Reddit"}
)
_SUBREDDIT: Final = re.compile(r"/r/(\w{2,40})(?:/|$)")


def etiquette_of(kind: str, url: str | None = None) -> Etiquette:
    """Return what is expected where a text stands, or else where its kind of source reads.

    Of a place that nobody knows it is what is expected anywhere.
    """
    host, path = _parts(url)
    names = (".".join(host.split(".")[start:]) for start in range(host.count(".")))
    community = next((_PLACES[name] for name in names if name in _PLACES), kind)
    place = _NAMES.get(community) or host or "the place"
    says = _SAYS.get(community, "").format(host=host) if host else ""
    if community == "reddit" and (found := _SUBREDDIT.match(path)):
        place, says = f"r/{found[1]}", f"https://www.reddit.com/r/{found[1]}/about/rules"
    return Etiquette(place=place, words=_RULES.get(community, _ELSEWHERE), url=says or None)


def _parts(url: str | None) -> tuple[str, str]:
    """Return the host and the path of an address; empty ones for what is none."""
    try:
        parts = urlsplit(url or "")
        return (parts.hostname or "").removeprefix("www."), parts.path
    except ValueError:
        return "", ""

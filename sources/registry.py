"""The kinds of source: our own, and those that installed packages bring."""

from collections.abc import Mapping
from typing import Any

from earmark.contract import Source
from earmark.contract.kinds import Kinds

__all__ = ["broken", "build", "kinds"]

_OWN = {
    "crunchbase": "sources.crunchbase:CrunchbaseSource",
    "inbox": "sources.inbox:InboxSource",
    "mailbox": "sources.mailbox:MailboxSource",
    "edgar": "sources.edgar:Edgar",
    "feed": "sources.feed:FeedSource",
    "jobs": "sources.jobs:Jobs",
    "webpage": "sources.webpage:Webpage",
    "weworkremotely": "sources.weworkremotely:WeWorkRemotely",
    "bluesky": "sources.bluesky:BlueskySource",
    "discourse": "sources.discourse:DiscourseSource",
    "github": "sources.github:GitHubSource",
    "hackernews": "sources.hackernews:HackerNewsSource",
    "lobsters": "sources.lobsters:LobstersSource",
    "mastodon": "sources.mastodon:MastodonSource",
    "reddit": "sources.reddit:RedditSource",
    "stackexchange": "sources.stackexchange:StackExchangeSource",
    "google_alerts": "sources.news:GoogleAlerts",
    "google_news": "sources.news:GoogleNews",
    "bing_news": "sources.news:BingNews",
    "funding_press": "sources.news:FundingPress",
    "globenewswire": "sources.wires:GlobeNewswire",
    "prnewswire": "sources.wires:PrNewswire",
    "wire": "sources.wires:Wire",
    "youtube": "sources.channels:Youtube",
    "producthunt": "sources.channels:ProductHunt",
    "statuspage": "sources.channels:Statuspage",
    "github_releases": "sources.channels:GithubReleases",
    "hnrss": "sources.channels:Hnrss",
}
# Nothing is made of the abstract class: kinds are compared with it.
_KINDS = Kinds(Source, group="earmark.sources", own=_OWN, what="source")  # type: ignore[type-abstract]


def kinds() -> Mapping[str, type[Source]]:
    """Return every kind of source by its name, sorted; packages that can't be loaded are left out."""
    return _KINDS.every()


def broken() -> Mapping[str, str]:
    """Return why a kind that an installed package offers can't be used, by its name."""
    return _KINDS.broken()


def build(kind: str, options: Mapping[str, Any]) -> Source:
    """Return a source of a kind with its options; ConfigError says what to edit and the nearest name."""
    return _KINDS.build(kind, options)

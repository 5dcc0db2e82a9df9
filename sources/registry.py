"""The kinds of source: our own, and those that installed packages bring."""

import logging
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from earmark.contract import Source
from earmark.errors import ConfigError

__all__ = ["broken", "build", "kinds"]

_GROUP = "earmark.sources"
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
_log = logging.getLogger(__name__)


def kinds() -> Mapping[str, type[Source]]:
    """Return every kind of source by its name, sorted; packages that can't be loaded are left out."""
    return _loaded()[0]


def broken() -> Mapping[str, str]:
    """Return why a kind that an installed package offers can't be used, by its name."""
    return _loaded()[1]


def build(kind: str, options: Mapping[str, Any]) -> Source:
    """Return a source of a kind with its options; ConfigError says what to edit and the nearest name."""
    source = kinds().get(kind)
    if source is None:
        raise ConfigError(_unknown_kind(kind))
    try:
        return source.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigError(_faults(source, error)) from None  # its text would show the values of secrets


@cache
def _loaded() -> tuple[Mapping[str, type[Source]], Mapping[str, str]]:
    found: dict[str, type[Source]] = {}
    faults: dict[str, str] = {}
    own = [EntryPoint(name=name, value=value, group=_GROUP) for name, value in _OWN.items()]
    for entry in [*own, *sorted(entry_points(group=_GROUP), key=lambda entry: entry.name)]:
        try:
            found[entry.name] = _source(entry, found)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does, the other kinds stay
            faults[entry.name] = f"{_origin(entry)} offers source kind '{entry.name}', but {_reason(error)}"
            _log.warning("%s", faults[entry.name])
    return MappingProxyType(dict(sorted(found.items()))), MappingProxyType(faults)


def _source(entry: EntryPoint, found: Mapping[str, type[Source]]) -> type[Source]:
    source = entry.load()
    if not (isinstance(source, type) and issubclass(source, Source)):
        raise ConfigError("it is no class made from earmark.contract.Source. Ask its author to correct it.")
    if getattr(source, "kind", None) != entry.name:
        raise ConfigError("its class has another name as 'kind'. Ask its author to correct it.")
    if entry.name in found:
        raise ConfigError("there is a kind of that name already. Uninstall one of the two.")
    return source


def _origin(entry: EntryPoint) -> str:
    return f"The package '{entry.dist.name}'" if entry.dist else "earmark"


def _reason(error: BaseException) -> str:
    if isinstance(error, ConfigError):
        return str(error)
    return f"it can't be loaded ({type(error).__name__}: {error}). Update or uninstall it."


def _unknown_kind(kind: str) -> str:
    if kind in broken():
        return broken()[kind]
    return f"There is no source kind '{kind}'.{_nearest(kind, kinds())} Known kinds: {', '.join(kinds())}."


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def _faults(source: type[Source], error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return " ".join(_fault(source, fault["type"], fault["loc"], fault["msg"]) for fault in faults)


def _fault(source: type[Source], problem: str, place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else ""
    what = f"Option '{name}' of source kind '{source.kind}'"
    field = source.model_fields.get(name)
    if problem == "extra_forbidden" or (name and field is None):
        known = ", ".join(sorted(source.model_fields))
        return (
            f"Source kind '{source.kind}' has no option '{name}'.{_nearest(name, source.model_fields)} "
            f"Its options: {known}."
        )
    meaning = f" It means: {field.description}" if field is not None and field.description else ""
    if problem == "missing":
        return f"{what} is missing; add it.{meaning}"
    return f"{what} can't be used: {_plain(message)}.{meaning}"


def _plain(message: str) -> str:
    for jargon in ("Value error, ", "Assertion failed, ", "Input should be ", "Input "):
        message = message.removeprefix(jargon)
    start = message[:2].lower() if message[1:2].islower() else message[:2]  # "URL" stays
    return start + message[2:].rstrip(".")

"""What a company's own site says about where it can be watched; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from earmark.contract import Feed
from sources.html import feeds_of

__all__ = [
    "Board",
    "Links",
    "address_key",
    "api_of",
    "common_feeds",
    "count_of_jobs",
    "homes_of",
    "is_comments",
    "links_of",
    "name_of",
    "repositories_of",
]

_BOARDS: Final = {
    "greenhouse": re.compile(
        r"(?:job-)?boards(?:\.eu)?\.greenhouse\.io/(?:embed/job_board(?:/js)?\?(?:[\w=%]+&(?:amp;)?)*for=)?"
        r"(?P<token>[A-Za-z0-9][\w-]*)"
    ),
    "lever": re.compile(r"jobs(?:\.eu)?\.lever\.co/(?P<token>[A-Za-z0-9][\w.-]*)"),
    "ashby": re.compile(r"jobs\.ashbyhq\.com/(?P<token>[A-Za-z0-9][\w.%-]*)"),
    "workable": re.compile(r"apply\.workable\.com/(?!api/)(?P<token>[A-Za-z0-9][\w-]*)"),
    "smartrecruiters": re.compile(r"(?:careers|jobs)\.smartrecruiters\.com/(?P<token>[A-Za-z0-9][\w-]*)"),
    "recruitee": re.compile(r"\b(?!www\.|api\.)(?P<token>[a-z0-9][a-z0-9-]*)\.recruitee\.com"),
}
_APIS: Final = {
    "greenhouse": "https://boards-api.greenhouse.io/v1/boards/{token}/jobs",
    "lever": "https://api.lever.co/v0/postings/{token}?mode=json&limit=1",
    "ashby": "https://api.ashbyhq.com/posting-api/job-board/{token}",
    "workable": "https://apply.workable.com/api/v1/widget/accounts/{token}",
    "smartrecruiters": "https://api.smartrecruiters.com/v1/companies/{token}/postings?limit=1",
    "recruitee": "https://{token}.recruitee.com/api/offers/",
}
_NO_TOKENS: Final = frozenset(
    {"api", "assets", "company", "embed", "j", "jobs", "js", "oneclick-ui", "static"}
)
_SECTION: Final = re.compile(
    r"(?:^|[/._-])(newsroom|news|press|presse|media|blog|changelog|release-?notes|releases|updates|whats-new"
    r"|stories|insights|announcements|aktuelles|neuigkeiten|actualites|careers?|jobs|karriere|join-us|stellen"
    r"|emplois|empleo)(?:$|[/._-])",
    re.IGNORECASE,
)
_JOBS: Final = re.compile(r"career|jobs|karriere|join-us|stellen|emplois|empleo", re.IGNORECASE)
_COMMON: Final = (
    *("feed", "rss.xml", "feed.xml", "atom.xml", "index.xml", "blog/feed", "blog/rss.xml", "news/feed"),
    *("newsroom/rss.xml", "changelog.xml"),
)
_COMMENTS: Final = re.compile(r"^comments (?:on|for)\b|/comments/", re.IGNORECASE)
_GITHUB: Final = re.compile(
    r"^(?:www\.)?github\.com/(?P<owner>[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))(?:/(?P<name>[\w.-]+))?/?$"
)
_NO_OWNERS: Final = frozenset(
    {"about", "apps", "collections", "contact", "enterprise", "explore", "features", "join", "login"}
    | {"marketplace", "orgs", "pricing", "search", "security", "settings", "site", "sponsors", "topics"}
)
_STATUS: Final = re.compile(r"^[\w-]+\.statuspage\.io$", re.IGNORECASE)
_DULL: Final = frozenset(
    {"feed", "feeds", "rss", "atom", "xml", "index", "www", "com", "html", "php", "json"}
)
_MOST_LINKS: Final = 5_000
_MOST_SECTIONS: Final = 6
_MOST_PAGE: Final = 2_000_000


@dataclass(frozen=True, slots=True, order=True)
class Board:
    """A job board of a known host, by the token that names its company there."""

    host: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a page of a company points at, each in the order of the page.

    ``sections`` are its own pages that may name more, ``owners`` GitHub organisations.
    """

    feeds: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    careers: tuple[str, ...] = ()
    boards: tuple[Board, ...] = ()
    status: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    def __add__(self, other: "Links") -> "Links":
        names = ("feeds", "sections", "careers", "boards", "status", "owners")
        return Links(
            **{name: tuple(dict.fromkeys((*getattr(self, name), *getattr(other, name)))) for name in names}
        )


def homes_of(domain: str) -> tuple[str, ...]:
    """Return the addresses at which the site of a domain may answer, the likelier first."""
    bare = domain.strip().lower().removeprefix("www.")
    return (f"https://{bare}/", f"https://www.{bare}/")


def common_feeds(home: str) -> tuple[str, ...]:
    """Return where sites keep a feed that they do not name."""
    return tuple(urljoin(home, path) for path in _COMMON)


def links_of(html: str, url: str, domain: str) -> Links:
    """Return what a page of a company points at; any text will do."""
    html = html[:_MOST_PAGE]
    links = _hrefs(html, url)
    own = [link for link in links if _is_own(link, domain)]
    sections = [
        link for link in own if _SECTION.search(urlsplit(link).path) or _is_section_host(link, domain)
    ]
    sections.sort(key=lambda link: len(urlsplit(link).path.strip("/").split("/")))
    return Links(
        feeds=feeds_of(html, url),
        sections=tuple(sections[:_MOST_SECTIONS]),
        careers=tuple(link for link in sections if _JOBS.search(_place(link)))[:2],
        boards=_boards_in(html),
        status=_status_pages(links, domain),
        owners=_owners(links),
    )


def api_of(board: Board) -> str:
    """Return the address at which a board answers programs."""
    return _APIS[board.host].format(token=board.token)


def count_of_jobs(board: Board, answer: Any) -> int | None:
    """Return how many jobs a board's answer lists, or None when it is no answer of such a board.

    SmartRecruiters and Workable answer for any token, so there an empty list proves nothing.
    """
    jobs = answer
    if board.host != "lever":
        if not isinstance(answer, Mapping):
            return None
        jobs = answer.get({"smartrecruiters": "content", "recruitee": "offers"}.get(board.host, "jobs"))
    if not isinstance(jobs, Sequence) or isinstance(jobs, str):
        return None
    return None if not jobs and board.host in {"smartrecruiters", "workable"} else len(jobs)


def repositories_of(answer: Any, most: int) -> tuple[str, ...]:
    """Return the organisation's own repositories in GitHub's answer, the most starred first."""
    listed = answer if isinstance(answer, list) else []
    own = [
        one
        for one in listed
        if isinstance(one, dict)
        and not (one.get("fork") or one.get("archived") or one.get("private"))
        and isinstance(one.get("name"), str)
        and re.fullmatch(r"[\w.-]+", one["name"])
    ]
    own.sort(key=lambda one: (-_number(one.get("stargazers_count")), one["name"]))
    return tuple(one["name"] for one in own[:most])


def is_comments(feed: Feed, url: str) -> bool:
    """Say whether a feed holds readers' comments."""
    return bool(_COMMENTS.search(feed.title) or _COMMENTS.search(url))


def name_of(url: str, dull: str = "") -> str:
    """Return a short name for an address within its site, such as ``blog``; ``dull`` words are left out."""
    parts = urlsplit(url)
    words = re.findall(r"[a-z0-9]+", f"{(parts.hostname or '').lower()} {unquote(parts.path).lower()}")
    skipped = _DULL.union(re.findall(r"[a-z0-9]+", dull.lower()))
    return "-".join(word for word in words if word not in skipped)[:40].strip("-") or "feed"


def address_key(url: str) -> str:
    """Return an address as one that leads to the same page is written: for comparison only."""
    parts = urlsplit(url.strip())
    host = parts.netloc.lower().rpartition("@")[2].removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _hrefs(html: str, url: str) -> list[str]:
    clean = html.replace("\0", "").encode("utf-8", "ignore")
    try:
        root = etree.fromstring(clean, etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True))
    except etree.XMLSyntaxError:
        return []
    if root is None:
        return []
    found: list[str] = []
    for element in root.iter("a"):
        link = _joined(url, element.get("href") or "")
        if link:
            found.append(link)
        if len(found) >= _MOST_LINKS:
            break
    return list(dict.fromkeys(found))


def _joined(base: str, href: str) -> str | None:
    try:
        joined = urljoin(base, href.strip())
        parts = urlsplit(joined)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return joined.partition("#")[0] if usable else None


def _is_own(link: str, domain: str) -> bool:
    host = (urlsplit(link).hostname or "").removeprefix("www.")
    return host == domain or host.endswith(f".{domain}")


def _is_section_host(link: str, domain: str) -> bool:
    first = (urlsplit(link).hostname or "").removesuffix(domain).rstrip(".")
    return bool(first) and urlsplit(link).path in {"", "/"} and bool(_SECTION.search(first))


def _place(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.hostname}{parts.path}"


def _boards_in(html: str) -> tuple[Board, ...]:
    found = [
        (match.start(), Board(host, unquote(match["token"]).strip(".-")))
        for host, pattern in _BOARDS.items()
        for match in pattern.finditer(html)
        if match["token"].lower() not in _NO_TOKENS
    ]
    return tuple(dict.fromkeys(board for _, board in sorted(found)))


def _status_pages(links: Sequence[str], domain: str) -> tuple[str, ...]:
    hosts = [urlsplit(link).hostname or "" for link in links]
    named = [
        host for host in hosts if _STATUS.match(host) or host in {f"status.{domain}", f"{domain}status.com"}
    ]
    return tuple(dict.fromkeys(f"https://{host}/" for host in named))


def _owners(links: Sequence[str]) -> tuple[str, ...]:
    found = [match["owner"] for link in links if (match := _GITHUB.match(_place(link)))]
    return tuple(dict.fromkeys(owner for owner in found if owner.lower() not in _NO_OWNERS))


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0

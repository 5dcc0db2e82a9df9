"""A post of a "Who is hiring?" thread: company, roles and places, parted by bars."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from earmark.types import Hint, HintKind
from sources.forum import Post, string
from sources.html import text_of

__all__ = ["Opening", "hiring_post", "opening_of"]

_LONGEST: Final = 120
_LINK: Final = re.compile(r"https?://[^\s|<>()]+", re.IGNORECASE)
_PARENS: Final = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?\s*$")
_TERMS: Final = re.compile(
    r"full[\s-]?time|part[\s-]?time|\bcontract(?:or|ing)?\b|\bpermanent\b|\bvisa\b|\bequity\b|[$€£]\s?\d|\d\s?k\b"
    r"|\bsalary\b|^https?://|@",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"\bremote\b|\bon[\s-]?site\b|\bhybrid\b|\bin[\s-]office\b|\bworldwide\b|,\s*[A-Z]{2}\b|\b(?:USA?|UK|EU|NYC|SF)\b",
    re.IGNORECASE,
)
_ROLE: Final = re.compile(
    r"engineer|develop|design|manager|execut|\bsales\b|marketing|\bhead\b|\blead\b|direct|analyst|scientist|\bops\b"
    r"|operations|account|success|support|product|architect|founding|recruit|\b(?:sre|devops|sdr|bdr|ae|cto|cfo"
    r"|ceo|vp|qa|hr)\b|officer|writer|research|intern\b|specialist|consultant|programmer|full[\s-]?stack|back-?end"
    r"|front-?end|multiple|various|roles|positions",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the first line of a post says, each part as written."""

    company: str
    roles: tuple[str, ...]
    places: tuple[str, ...]
    domain: str | None


def opening_of(first: str) -> Opening | None:
    """Return the parts of a first line such as "Norvik | Sales lead | Riga, LV"; None without bars."""
    company, *parts = (part.strip() for part in first.split("|"))
    link = _LINK.search(first)
    company = _PARENS.sub("", _LINK.sub("", company)).strip(" -–—:,(")
    if not company or len(company) > _LONGEST or not any(parts):
        return None
    told = [part for part in parts if part and not (_TERMS.search(part) and not _ROLE.search(part))]
    roles = [part for part in told if _ROLE.search(part)]
    places = [part for part in told if part not in roles and _PLACE.search(part)]
    # What is neither: the first is a role if none is known, as in "Acme | Data wizard | Oslo".
    others = [part for part in told if part not in roles and part not in places]
    if not roles:
        roles, others = others[:1], others[1:]
    return Opening(
        company=company,
        roles=tuple(roles),
        places=(*places, *others),
        domain=_host(link[0]) if link else None,
    )


def hiring_post(hit: Mapping[str, Any], item: str) -> Post | None:
    """Return a post of the thread as a job posting; ``item`` is the address that its number follows."""
    number, html = string(hit, "objectID"), string(hit, "comment_text")
    if not html or not (number.isascii() and number.isalnum()):
        return None
    opening = opening_of(text_of(html).partition("\n")[0])
    return Post(
        id=number,
        title=_title(opening) if opening else "",
        html=html,
        url=item + number,
        author=string(hit, "author"),
        community="Hacker News",
        at=hit.get("created_at_i") or hit.get("created_at"),
        hints=_hints(opening) if opening else (),
    )


def _title(opening: Opening) -> str:
    title = f"{opening.company} is hiring"
    title += f": {', '.join(opening.roles)}" if opening.roles else ""
    return title + (f" — {', '.join(opening.places)}" if opening.places else "")


def _hints(opening: Opening) -> tuple[Hint, ...]:
    # Anybody can write a name here, so neither decides alone.
    found = [Hint(kind=HintKind.NAME, value=opening.company, strength=0.8)]
    if opening.domain:
        found.append(Hint(kind=HintKind.DOMAIN, value=opening.domain, strength=0.8))
    return tuple(found)


def _host(link: str) -> str | None:
    try:
        return (urlsplit(link).hostname or "").removeprefix("www.") or None
    except ValueError:
        return None

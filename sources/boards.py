"""Job boards: where each lists its postings, and how it writes one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from types import MappingProxyType
from typing import Any, Final

from earmark.contract import Page
from earmark.errors import SourceChanged
from sources.dates import read_date
from sources.entries import address, line
from sources.html import text_of

__all__ = ["BOARDS", "Board", "Posting", "Postings", "read_board"]

_LONGEST_TEXT: Final = 20_000
_LONGEST_TITLE: Final = 300
_FIRST_YEAR: Final = 1990
_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One open job as its board tells it; plain texts, None or empty where the board says nothing."""

    id: str
    title: str
    url: str | None = None
    company: str | None = None
    department: str = ""
    location: str = ""
    employment: str = ""
    text: str = ""
    language: str | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """What one page of a board lists: how many entries, those fit to show, and the company if it says it."""

    count: int
    shown: tuple[Posting, ...]
    company: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """How to ask one kind of board: ``host`` and ``path`` take ``{token}``, ``page`` is 0 for all at once.

    ``pages`` are the addresses of a company's board as people see it. ``silent`` boards answer with an
    empty list for a company that they do not know.
    """

    host: str
    path: str
    pages: tuple[str, ...]
    entries: str | None
    posting: Callable[[_Json], Posting | None]
    page: int = 0
    start: str = "offset"
    silent: bool = False


def read_board(kind: str, body: bytes, url: str) -> Postings:
    """Return the postings that a page of a board lists; those it hides are counted, and not shown.

    Raises SourceChanged when the page is no list of postings.
    """
    board = BOARDS[kind]
    told = Page(url=url, status=200, headers={}, body=body).json()
    holder = told if isinstance(told, dict) else {}
    entries = holder.get(board.entries) if board.entries else told
    if not isinstance(entries, list):
        raise SourceChanged(
            f"{url} answered, but not with the postings of a board at {kind.capitalize()}. "
            "Check the options 'board' and 'token'; if they are right, the board has changed."
        )
    known = [entry for entry in entries if isinstance(entry, dict)]
    found = [posting for entry in known if (posting := board.posting(entry)) is not None]
    if entries and not any(_any_id(entry) for entry in known):
        raise SourceChanged(f"{url} lists postings without ids. {kind.capitalize()} has changed.")
    return Postings(count=len(entries), shown=tuple(found), company=_plain(holder.get("name")) or None)


def _any_id(entry: _Json) -> bool:
    return any(_plain(entry.get(name)) for name in ("id", "shortcode"))


def _greenhouse(entry: _Json) -> Posting | None:
    if "internal_job_id" in entry and entry["internal_job_id"] is None:
        return None  # a talent pool, no job
    return _posting(
        id=entry.get("id"),
        title=entry.get("title"),
        url=entry.get("absolute_url"),
        company=entry.get("company_name"),
        department=_names(entry.get("departments"), "name"),
        location=_in(entry.get("location"), "name"),
        html=unescape(_string(entry.get("content"))),  # HTML, escaped once more
        language=entry.get("language"),
        opened=entry.get("first_published"),
    )


def _lever(entry: _Json) -> Posting | None:
    groups = entry.get("categories")
    lists = entry.get("lists") if isinstance(entry.get("lists"), list) else []
    parts = [
        _string(entry.get("descriptionPlain")),
        *(f"{_in(part, 'text')}\n{text_of(_in(part, 'content'))}" for part in lists or []),
        _string(entry.get("additionalPlain")),
    ]
    return _posting(
        id=entry.get("id"),
        title=entry.get("text"),
        url=entry.get("hostedUrl"),
        department=_joined(_in(groups, "department"), _in(groups, "team")),
        location=_joined(*_texts(groups, "allLocations"), by="; ") or _in(groups, "location"),
        employment=_in(groups, "commitment"),
        text="\n".join(parts),
        opened=entry.get("createdAt"),
    )


def _ashby(entry: _Json) -> Posting | None:
    if entry.get("isListed") is False:
        return None
    others = _names(entry.get("secondaryLocations"), "location", by="; ")
    return _posting(
        id=entry.get("id"),
        title=entry.get("title"),
        url=entry.get("jobUrl"),
        department=_joined(_string(entry.get("department")), _string(entry.get("team"))),
        location=_joined(_string(entry.get("location")), others, by="; "),
        employment=entry.get("employmentType"),
        text=_string(entry.get("descriptionPlain")) or text_of(_string(entry.get("descriptionHtml"))),
        opened=entry.get("publishedAt"),
    )


def _workable(entry: _Json) -> Posting | None:
    return _posting(
        id=entry.get("shortcode"),
        title=entry.get("title"),
        url=entry.get("url"),
        department=_joined(_string(entry.get("department")), _string(entry.get("function"))),
        location=_joined(_string(entry.get("city")), _string(entry.get("country"))),
        employment=entry.get("employment_type"),
        html=_string(entry.get("description")),
        opened=entry.get("published_on"),
    )


def _smartrecruiters(entry: _Json) -> Posting | None:
    place = entry.get("location")
    return _posting(
        id=entry.get("id"),
        title=entry.get("name"),
        url=_seen_at(entry),
        company=_in(entry.get("company"), "name"),
        department=_joined(_in(entry.get("department"), "label"), _in(entry.get("function"), "label")),
        location=_in(place, "fullLocation") or _joined(_in(place, "city"), _in(place, "region")),
        employment=_in(entry.get("typeOfEmployment"), "label"),
        language=_in(entry.get("language"), "code"),
        opened=entry.get("releasedDate"),
    )


def _seen_at(entry: _Json) -> str:
    token = _in(entry.get("company"), "identifier")
    return f"https://jobs.smartrecruiters.com/{token}/{_plain(entry.get('id'))}" if token else ""


def _recruitee(entry: _Json) -> Posting | None:
    if entry.get("status", "published") != "published":
        return None
    parts = (_string(entry.get("description")), _string(entry.get("requirements")))
    return _posting(
        id=entry.get("id"),
        title=entry.get("title"),
        url=entry.get("careers_url"),
        company=entry.get("company_name"),
        department=entry.get("department"),
        location=_string(entry.get("location")) or _string(entry.get("city")),
        html="<br>".join(parts),
        opened=entry.get("published_at"),
    )


def _posting(*, html: str = "", text: str = "", opened: Any = None, **told: Any) -> Posting | None:
    """Return a posting of raw values; None for one without an id or a title."""
    plain = {name: _plain(value) for name, value in told.items()}
    if not plain["id"] or not plain["title"]:
        return None
    body = text_of(html[: 10 * _LONGEST_TEXT]) if html else line(text, keep_breaks=True)
    return Posting(
        id=plain["id"],
        title=plain["title"],
        url=address(plain.get("url")),
        company=plain.get("company") or None,
        department=plain.get("department", ""),
        location=plain.get("location", ""),
        employment=plain.get("employment", ""),
        text=body if len(body) <= _LONGEST_TEXT else body[:_LONGEST_TEXT].rpartition(" ")[0],
        language=_language(plain.get("language", "")),
        opened_at=_moment(opened),
    )


def _language(told: str) -> str | None:
    code = told[:2].lower()
    return code if code.isascii() and code.isalpha() else None


def _moment(told: Any) -> datetime | None:
    """Return the moment that a date or a number of milliseconds names, or None."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    if isinstance(told, str):
        return read_date(told)
    try:
        moment = datetime.fromtimestamp(told / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None


def _plain(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:_LONGEST_TITLE] if abs(value) < 10**30 else ""
    # Twice: some boards escape the mark-up of what should be plain.
    return line(text_of(text_of(_string(value))))[:_LONGEST_TITLE].rstrip()


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _in(holder: Any, name: str) -> str:
    return _string(holder.get(name)) if isinstance(holder, dict) else ""


def _texts(holder: Any, name: str) -> list[str]:
    values = holder.get(name) if isinstance(holder, dict) else None
    return [_string(value) for value in values] if isinstance(values, list) else []


def _names(holders: Any, name: str, by: str = ", ") -> str:
    return _joined(*(_in(each, name) for each in holders), by=by) if isinstance(holders, list) else ""


def _joined(*parts: str, by: str = ", ") -> str:
    return by.join(dict.fromkeys(part.strip() for part in parts if part.strip()))


BOARDS: Final[Mapping[str, Board]] = MappingProxyType(
    {
        "greenhouse": Board(
            host="https://boards-api.greenhouse.io/",
            path="v1/boards/{token}/jobs?content=true",
            pages=("boards.greenhouse.io/{token}", "job-boards.greenhouse.io/{token}"),
            entries="jobs",
            posting=_greenhouse,
        ),
        "lever": Board(
            host="https://api.lever.co/",
            path="v0/postings/{token}?mode=json",
            pages=("jobs.lever.co/{token}", "jobs.eu.lever.co/{token}"),
            entries=None,
            posting=_lever,
            page=100,
            start="skip",
        ),
        "ashby": Board(
            host="https://api.ashbyhq.com/",
            path="posting-api/job-board/{token}",
            pages=("jobs.ashbyhq.com/{token}",),
            entries="jobs",
            posting=_ashby,
        ),
        "workable": Board(
            host="https://apply.workable.com/",
            path="api/v1/widget/accounts/{token}?details=true",
            pages=("apply.workable.com/{token}",),
            entries="jobs",
            posting=_workable,
            silent=True,
        ),
        "smartrecruiters": Board(
            host="https://api.smartrecruiters.com/",
            path="v1/companies/{token}/postings",
            pages=("jobs.smartrecruiters.com/{token}", "careers.smartrecruiters.com/{token}"),
            entries="content",
            posting=_smartrecruiters,
            page=100,
            silent=True,
        ),
        "recruitee": Board(
            host="https://{token}.recruitee.com/",
            path="api/offers/",
            pages=("{token}.recruitee.com",),
            entries="offers",
            posting=_recruitee,
        ),
    }
)
"""Every kind of board by its name."""

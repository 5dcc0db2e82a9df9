"""What of ours Pipedrive has already: organisations, and the notes and activities that carry our mark.

The search index may lag, so what changed within the last hour is read as it is before anything is searched.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from earmark.contract import Found, Wanted
from exports.company import KEY, plain, words
from exports.pipedrive_calls import Pipedrive, Row
from exports.salesforce_hits import host_of

__all__ = ["CONTENT", "below", "mark_in", "organisations", "texts"]

CONTENT: Final = {"note": "content", "task": "note"}
"""Which field of each holds our text, and with it the mark."""

_RECENT: Final = timedelta(hours=1)
_COUNTS: Final = {"include_fields": "open_deals_count,won_deals_count"}
_ORGANISATIONS: Final = "/api/v2/organizations"
_ACTIVITIES: Final = "/api/v2/activities"
_MOST_IDS: Final = 100
_MOST_NAMES: Final = 3
_MARK: Final = re.compile(r"(?:^|>|\n)\s*ref: ([^\s<]+)\s*(?=<|\n|$)")
_CLOSES: Final = re.compile(r"\A(?:\s*</\w+>)+")


async def organisations(api: Pipedrive, wanted: Sequence[Wanted]) -> dict[str, Row]:
    """Return the organisations by our key: by id, by what changed lately, by domain, and then by name."""
    codes = await api.codes()
    hits: dict[str, Row] = {}
    ids = {words(one.crm_id): one for one in wanted if words(one.crm_id).isdigit()}
    for row in await _by_ids(api, _ORGANISATIONS, list(ids), _COUNTS):
        hits[ids[words(row["id"])].key] = _named(row, codes)
    hits |= _chosen(_without(wanted, hits), await _recent(api, codes), _is_its)
    candidates = [
        number
        for one in _without(wanted, hits)
        for term in one.domains or (one.key,)
        for number in await _search(api, term, "custom_fields")
    ]
    rows = [_named(row, codes) for row in await _by_ids(api, _ORGANISATIONS, candidates, _COUNTS)]
    hits |= _chosen(_without(wanted, hits), rows, _is_its)
    candidates = [
        number
        for one in _without(wanted, hits)
        for name in dict.fromkeys(one.names[:_MOST_NAMES])
        for number in await _search(api, name, "name")
    ]
    rows = [_named(row, codes) for row in await _by_ids(api, _ORGANISATIONS, candidates, _COUNTS)]
    return hits | _chosen(_without(wanted, hits), rows, _is_called, only=True)


async def texts(
    api: Pipedrive, name: str, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]
) -> dict[str, Row]:
    """Return our notes (or tasks) by trigger: by id, else by their mark among all of the organisation."""
    known = {words(one.crm_id): one for one in wanted if words(one.crm_id).isdigit()}
    rows = await _notes(api, list(known)) if name == "note" else await _by_ids(api, _ACTIVITIES, list(known))
    hits = {known[words(row["id"])].key: row for row in rows}
    sought: dict[str, set[str]] = {}
    for one in _without(wanted, hits):
        if above := found.get(("company", one.parent or "")):
            sought.setdefault(above.remote_id, set()).add(one.key)
    for organisation, keys in sought.items():
        rows = await api.notes(organisation) if name == "note" else await _activities(api, organisation)
        for row in rows:
            mark = mark_in(row.get(CONTENT[name]))
            if mark in keys and _is_there(row):
                hits.setdefault(mark, row)
    return hits


def mark_in(content: Any) -> str:
    """Return the trigger that a text of HTML is about, by its mark: the last line that we wrote."""
    marks = _MARK.findall(words(content))
    return marks[-1] if marks else ""


def below(content: Any, ref: str) -> str:
    """Return the HTML below the mark of a trigger, if it says anything: a person wrote it there."""
    text = words(content)
    found = [mark for mark in _MARK.finditer(text) if mark[1] == ref]
    tail = _CLOSES.sub("", text[found[-1].end() :]) if found else ""
    return tail if plain(tail) else ""


async def _recent(api: Pipedrive, codes: Mapping[str, str]) -> list[Row]:
    since = f"{api.delivery.now - _RECENT:%Y-%m-%dT%H:%M:%SZ}"
    params = {**_COUNTS, "updated_since": since, "sort_by": "id", "sort_direction": "asc"}
    return [
        _named(row, codes)
        async for rows in api.lists(_ORGANISATIONS, params, cost=10)
        for row in rows
        if _is_there(row)
    ]


async def _by_ids(
    api: Pipedrive, path: str, ids: Iterable[str], beside: Mapping[str, str] | None = None
) -> list[Row]:
    numbers = sorted({number for number in ids if number.isdigit()}, key=int)
    found: list[Row] = []
    for start in range(0, len(numbers), _MOST_IDS):
        params = {"ids": ",".join(numbers[start : start + _MOST_IDS]), **(beside or {})}
        async for rows in api.lists(path, params, cost=10):
            found += [row for row in rows if _is_there(row) and words(row["id"]) in numbers]
    return found


async def _search(api: Pipedrive, term: str, field: str) -> list[str]:
    """Return the ids that the index has for exactly this; what they hold now is read from them."""
    params = {"term": term, "fields": field, "exact_match": "true"}
    ids = []
    async for rows in api.lists(f"{_ORGANISATIONS}/search", params, cost=20):
        items = (row.get("item") for row in rows)
        ids += [words(item.get("id")) for item in items if isinstance(item, dict)]
    return ids


async def _notes(api: Pipedrive, ids: Iterable[str]) -> list[Row]:
    rows = [await api.one("GET", f"/v1/notes/{number}", cost=2) for number in ids]
    return [row for row in rows if row and _is_there(row)]


async def _activities(api: Pipedrive, organisation: str) -> list[Row]:
    params = {"org_id": organisation, "sort_by": "id", "sort_direction": "asc"}
    return [row async for rows in api.lists(_ACTIVITIES, params, cost=10) for row in rows]


def _named(row: Row, codes: Mapping[str, str]) -> Row:
    """Return an organisation with our own fields by their names."""
    custom = row.get("custom_fields")
    held = custom if isinstance(custom, dict) else {}
    return row | {name: held.get(code) for name, code in codes.items()}


def _chosen(
    wanted: Sequence[Wanted], rows: Sequence[Row], fits: Callable[[Wanted, Row], bool], *, only: bool = False
) -> dict[str, Row]:
    """Return the row that fits each: of several ours, or the oldest, or none but an ``only``."""
    hits = {}
    for one in wanted:
        theirs = {row["id"]: row for row in rows if fits(one, row)}
        if theirs and not (only and len(theirs) > 1):
            hits[one.key] = min(theirs.values(), key=lambda row: _preference(one.key, row))
    return hits


def _preference(key: str, row: Row) -> tuple[bool, bool, int]:
    holder = words(row.get(KEY))
    return holder != key, bool(holder), int(row["id"])


def _is_its(one: Wanted, row: Row) -> bool:
    """Say whether our key, its website or a text of any own field names the account or one of its domains."""
    custom = row.get("custom_fields")
    held = custom.values() if isinstance(custom, dict) else ()
    names = {domain.lower() for domain in one.domains}
    hosts = {host_of(row.get("website")), *(host_of(value) for value in held if isinstance(value, str))}
    return row.get(KEY) == one.key or bool(hosts & names)


def _is_called(one: Wanted, row: Row) -> bool:
    called = {name.casefold() for name in one.names}
    is_elsewhere = one.domains and words(row.get("website"))
    return words(row.get("name")).casefold() in called and not is_elsewhere


def _is_there(row: Row) -> bool:
    gone = row.get("is_deleted") is True or row.get("active_flag") is False
    return isinstance(row.get("id"), int) and not gone


def _without(wanted: Sequence[Wanted], hits: Mapping[str, Row]) -> list[Wanted]:
    return [one for one in wanted if one.key not in hits]

"""What of ours Salesforce has already: accounts by id, key, website and name, tasks by their mark."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from earmark.contract import Found, Wanted
from exports.company import words
from exports.salesforce_calls import Salesforce
from exports.soql import any_of, holding, is_id, lumps, select

__all__ = [
    "ACCOUNT",
    "OPEN",
    "WON",
    "Row",
    "accounts",
    "attached",
    "below",
    "host_of",
    "mark_in",
    "standing",
    "tasks",
]

Row = dict[str, Any]

ACCOUNT: Final = (
    "Id",
    "Name",
    "Website",
    "Type",
    "OwnerId",
    "Owner.Name",
    "Owner.Email",
    "Owner.IsActive",
)
WON: Final = "a won opportunity"
OPEN: Final = "an open opportunity"

_MARK: Final = re.compile(r"^ref: (\S+)[ \t]*$", re.MULTILINE)
_TASK: Final = ("Id", "WhatId", "Subject", "Description", "ActivityDate", "Status", "Priority", "OwnerId")


async def accounts(
    api: Salesforce, wanted: Sequence[Wanted], key_field: str, columns: Sequence[str]
) -> dict[str, Row]:
    """Return the accounts by our key, as they are found: by id, key, website, and then the name."""
    asked = select("Account", (*ACCOUNT, key_field, *columns)) + " WHERE"
    hits: dict[str, Row] = {}
    ids = {one.crm_id: one for one in wanted if is_id(one.crm_id)}
    for row in await _rows(api, asked, "Id", ids):
        for known, one in ids.items():
            if row["Id"][:15] == (known or "")[:15]:
                hits[one.key] = row
    rest = _without(wanted, hits)
    for row in await _rows(api, asked, key_field, [one.key for one in rest]):
        hits |= {one.key: row for one in rest if one.key == row.get(key_field)}
    rest = _without(wanted, hits)
    hits |= await _by_website(api, asked, rest, key_field)
    return hits | await _by_name(api, asked, _without(rest, hits))


async def standing(api: Salesforce, ids: Collection[str]) -> dict[str, str]:
    """Return which of these accounts have business with us: ``WON`` or ``OPEN``."""
    found: dict[str, str] = {}
    asked = select("Opportunity", ("AccountId", "IsClosed", "IsWon"))
    asked += " WHERE (IsClosed = false OR IsWon = true) AND"
    for row in await _rows(api, asked, "AccountId", ids):
        account = words(row.get("AccountId"))
        if row.get("IsWon") is True:
            found[account] = WON
        elif row.get("IsClosed") is False:
            found.setdefault(account, OPEN)
    return found


async def attached(api: Salesforce, ids: Collection[str], *, opportunities: bool) -> dict[str, str]:
    """Return what hangs on these accounts, and would be deleted with them: contacts, opportunities, tasks."""
    kinds = {"Contact": "AccountId", "Task": "WhatId"} | (
        {"Opportunity": "AccountId"} if opportunities else {}
    )
    found: dict[str, str] = {}
    for kind, above in kinds.items():
        for row in await _rows(api, f"{select(kind, ('Id', above))} WHERE", above, ids):
            found.setdefault(words(row.get(above)), f"a {kind.lower()}")
    return found


async def tasks(
    api: Salesforce, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]
) -> dict[str, Row]:
    """Return our tasks by the trigger: by id, else by their mark among all tasks of the account."""
    asked = select("Task", _TASK) + " WHERE"
    known = {row["Id"]: row for row in await _rows(api, asked, "Id", _ids(wanted))}
    hits = {one.key: known[one.crm_id] for one in wanted if one.crm_id in known}
    rest = _without(wanted, hits)
    above = {one.key: found[("company", one.parent or "")].remote_id for one in rest if _has(one, found)}
    texts = await _rows(api, asked, "WhatId", sorted(set(above.values())), " ORDER BY CreatedDate, Id")
    for one in rest:
        for row in texts:
            if row.get("WhatId") == above.get(one.key) and mark_in(row.get("Description")) == one.key:
                hits.setdefault(one.key, row)
    return {key: _as_written(row) for key, row in hits.items()}


def mark_in(text: Any) -> str | None:
    """Return the trigger that a task is about, by its mark: the last line that we wrote."""
    marks = _MARK.findall(words(text))
    return marks[-1] if marks else None


def below(text: Any, ref: str) -> str:
    """Return what stands below the mark of a trigger: a person wrote it there."""
    found = [mark for mark in _MARK.finditer(words(text)) if mark[1] == ref]
    return words(text)[found[-1].end() :] if found else ""


def host_of(website: Any) -> str:
    """Return the host of a website as a person typed it, without www; "" when there is none."""
    text = words(website).lower()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")


async def _by_website(
    api: Salesforce, asked: str, wanted: Sequence[Wanted], key_field: str
) -> dict[str, Row]:
    """Return accounts with a website at one of the domains; of several one without a key, or the oldest."""
    domains = sorted({domain.lower() for one in wanted for domain in one.domains})
    rows: list[Row] = []
    for some in lumps(domains):
        rows += await api.rows(f"{asked} {holding('Website', some)} ORDER BY CreatedDate, Id")
    by_host: dict[str, list[Row]] = {}
    for row in rows:
        by_host.setdefault(host_of(row.get("Website")), []).append(row)
    hits: dict[str, Row] = {}
    for one in wanted:
        theirs = [row for domain in one.domains for row in by_host.get(domain.lower(), ())]
        if theirs:
            hits[one.key] = min(theirs, key=lambda row: row.get(key_field) is not None)
    return hits


async def _by_name(api: Salesforce, asked: str, wanted: Sequence[Wanted]) -> dict[str, Row]:
    """Return accounts of exactly this name where there is one only, and no website tells another."""
    rows = await _rows(api, asked, "Name", sorted({name for one in wanted for name in one.names}))
    hits: dict[str, Row] = {}
    for one in wanted:
        called = {name.casefold() for name in one.names}
        same = [row for row in rows if words(row.get("Name")).casefold() in called]
        if len(same) == 1 and not (one.domains and words(same[0].get("Website"))):
            hits[one.key] = same[0]
    return hits


async def _rows(
    api: Salesforce, asked: str, field: str, values: Collection[str | None], order: str = ""
) -> list[Row]:
    rows: list[Row] = []
    for some in lumps(value for value in values if value):
        rows += await api.rows(f"{asked} {any_of(field, some)}{order}")
    return [row for row in rows if isinstance(row.get("Id") or row.get("AccountId"), str)]


def _without(wanted: Sequence[Wanted], hits: Mapping[str, Row]) -> list[Wanted]:
    return [one for one in wanted if one.key not in hits]


def _ids(wanted: Sequence[Wanted]) -> list[str]:
    return [one.crm_id for one in wanted if one.crm_id and is_id(one.crm_id)]


def _has(one: Wanted, found: Mapping[tuple[str, str], Found]) -> bool:
    return ("company", one.parent or "") in found


def _as_written(row: Row) -> Row:
    """Return a task with line ends as we write them."""
    return row | {"Description": words(row.get("Description"))}

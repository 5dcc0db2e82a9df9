"""The calls of HubSpot: each answer is read item by item before anything counts as done."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from earmark.contract import Change, Delivery, Page, Receipt
from earmark.errors import ExportRejected, ExportUnavailable, SourceChanged
from earmark.secret import Secret
from exports.company import KEY, cut, moment, words

__all__ = ["MOST_AT_ONCE", "MOST_FOUND", "VERSION", "HubSpot", "Record", "Written", "chunks", "read_dict"]

VERSION: Final = "2026-03"
"""The version of every path; HubSpot dates them and keeps each for a while."""

MOST_AT_ONCE: Final = 100
"""The most objects of one batch."""

MOST_FOUND: Final = 10_000
"""The most results of one search, over all its pages."""

_PAGE: Final = 200
_BUSY: Final = frozenset({423, 477})  # locked for a moment, or being moved to another data centre
_NOT_FOUND: Final = "OBJECT_NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One object of HubSpot, with the properties that were asked for and have a value."""

    id: str
    properties: Mapping[str, str]
    changed_at: datetime | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch: objects and errors by what HubSpot calls them; ``loose`` names no object.

    A name is ``("key", …)`` for ours, which HubSpot hands back, or ``("id", …)`` for its own.
    """

    made: Mapping[tuple[str, str], Record]
    errors: Mapping[tuple[str, str], str]
    loose: str = ""

    def receipt(self, change: Change) -> Receipt:
        """Return the receipt of one change; ExportUnavailable when the answer does not mention it."""
        names = (("key", change.key), ("id", change.remote_id or ""))
        sent = (("key", change.key), ("id", change.remote_id or change.key))
        error = next((self.errors[name] for name in sent if name in self.errors), "")
        made = next((self.made[name] for name in names if name in self.made), None)
        if error or (made is None and self.loose):
            return Receipt(key=change.key, error=error or self.loose)
        if made is None:
            raise ExportUnavailable(
                f"HubSpot did not say what became of {change.object} {change.key}. It is looked for later."
            )
        return Receipt(key=change.key, remote_id=made.id, url=made.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpot:
    """HubSpot behind a delivery; raises ExportError for whatever is no good answer."""

    delivery: Delivery
    host: str
    token: Secret

    async def ask(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None
    ) -> Page:
        """Send one request and return its answer: success, or an error that concerns objects."""
        page = await self.delivery.request(
            method,
            f"{self.host}{path}",
            json=body,
            params=params,
            headers={"authorization": f"Bearer {self.token.value()}"},
        )
        if page.status in _BUSY:
            raise ExportUnavailable(f"HubSpot is busy (HTTP {page.status}). It is tried again later.")
        return page

    async def told(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return what a request was answered; ExportRejected with HubSpot's words when it was refused."""
        page = await self.ask(method, path, body, params)
        if not _is_good(page):
            raise ExportRejected(f"HubSpot refused {path} (HTTP {page.status}): {_words_of(read_dict(page))}")
        return read_dict(page)

    async def read(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], *, by: str | None = None
    ) -> list[Record]:
        """Return those of these objects that there are, read as they are now; ``by`` is a unique property."""
        found: list[Record] = []
        for some in chunks(ids, MOST_AT_ONCE):
            body: dict[str, Any] = {
                "inputs": [{"id": one} for one in some],
                "properties": list(properties),
                "propertiesWithHistory": [],
            }
            if by:
                body["idProperty"] = by
            page = await self.ask("POST", f"/crm/objects/{VERSION}/{kind}/batch/read", body)
            found += [record for one in _batch(page) if (record := _record(one))]
        return found

    async def search(
        self,
        kind: str,
        groups: Sequence[Sequence[Mapping[str, Any]]],
        properties: Sequence[str],
        sorts: Sequence[str] = (),
    ) -> AsyncIterator[list[Record]]:
        """Yield what the index finds, page by page, at most ``MOST_FOUND``; it lags behind by seconds."""
        after = "0"
        while after and not (after.isdigit() and int(after) >= MOST_FOUND):
            told = await self.told(
                "POST",
                f"/crm/objects/{VERSION}/{kind}/search",
                {
                    "filterGroups": [{"filters": list(group)} for group in groups],
                    "properties": list(properties),
                    "sorts": list(sorts),
                    "limit": _PAGE,
                    "after": after,
                },
            )
            yield _listed(told)
            after = _next(told)

    async def associated(self, kind: str, remote_id: str, other: str) -> list[str]:
        """Return the ids of what hangs on an object, by a read that is current."""
        ids: list[str] = []
        params = {"limit": "100"}
        while True:
            path = f"/crm/objects/{VERSION}/{kind}/{remote_id}/associations/{other}"
            page = await self.ask("GET", path, params=params)
            told = read_dict(page)
            if page.status == 404:  # noqa: PLR2004 - the object is gone
                return []
            if not _is_good(page) or not isinstance(told.get("results"), list):
                raise _odd(page)
            ids += [name for one in _dicts(told["results"]) if (name := _name(one, "toObjectId", "id"))]
            if not (after := _next(told)):
                return list(dict.fromkeys(ids))
            params = {"limit": "100", "after": after}

    async def associated_with(self, kind: str, ids: Sequence[str], other: str) -> list[str]:
        """Return the ids of what hangs on any of these objects, as ``associated``."""
        found: list[str] = []
        for some in chunks(ids, MOST_AT_ONCE):
            path = f"/crm/associations/{VERSION}/{kind}/{other}/batch/read"
            page = await self.ask("POST", path, {"inputs": [{"id": one} for one in some]})
            for one in _batch(page):
                whose = one.get("from")
                if isinstance(whose, dict) and _next(one):  # there is more than a batch tells
                    found += await self.associated(kind, _name(whose, "id"), other)
                found += [_name(each, "toObjectId") for each in _dicts(one.get("to"))]
        return list(dict.fromkeys(found))

    async def owners(self) -> dict[str, str]:
        """Return the e-mail address of each owner by id; ExportRefused without the right to list them."""
        found: dict[str, str] = {}
        params = {"limit": "100"}
        while True:
            told = await self.told("GET", f"/crm/owners/{VERSION}", params=params)
            found |= {
                name: words(one.get("email"))
                for one in _dicts(told.get("results"))
                if (name := _name(one, "id"))
            }
            if not (after := _next(told)):
                return found
            params = {"limit": "100", "after": after}

    async def write(self, kind: str, verb: str, inputs: Sequence[Mapping[str, Any]]) -> Written:
        """Create, update or upsert a batch; ExportRejected when it was refused whole and nothing was done."""
        page = await self.ask("POST", f"/crm/objects/{VERSION}/{kind}/batch/{verb}", {"inputs": list(inputs)})
        told = read_dict(page)
        if not _is_good(page):
            raise ExportRejected(f"HubSpot refused {kind} (HTTP {page.status}): {_words_of(told)}")
        rows = [(one, record) for one in _dicts(told.get("results")) if (record := _record(one))]
        made = {("id", record.id): record for _, record in rows}
        made |= {
            ("key", _name(one, "objectWriteTraceId") or record.properties.get(KEY, "")): record
            for one, record in rows
        }
        if len(inputs) == len(rows) == 1:
            made[("key", words(inputs[0]["objectWriteTraceId"]))] = rows[0][1]
        errors: dict[tuple[str, str], str] = {}
        loose = ""
        for error in _dicts(told.get("errors")):
            said = f"HubSpot refused it: {_words_of(error)}"
            names = _named(error.get("context"))
            errors |= dict.fromkeys(names, said)
            loose = loose if names else said
        return Written(made=made, errors=errors, loose=loose)

    async def archive(self, kind: str, ids: Sequence[str]) -> None:
        """Delete objects; what is gone already is as wanted."""
        path = f"/crm/objects/{VERSION}/{kind}/batch/archive"
        page = await self.ask("POST", path, {"inputs": [{"id": one} for one in ids]})
        if not _is_good(page):
            raise ExportRejected(
                f"HubSpot did not delete {kind} (HTTP {page.status}): {_words_of(read_dict(page))}"
            )


def chunks(values: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Yield the values in runs of at most so many."""
    for start in range(0, len(values), most):
        yield values[start : start + most]


def read_dict(page: Page) -> dict[str, Any]:
    """Return the answer as the object that it should be; ExportUnavailable when a success is none."""
    try:
        told = page.json() if page.body.strip() else {}
    except SourceChanged as error:
        if _is_good(page):
            raise _odd(page) from error
        return {}
    if isinstance(told, dict):
        return told
    if _is_good(page):
        raise _odd(page)
    return {}


def _is_good(page: Page) -> bool:
    return 200 <= page.status < 300  # noqa: PLR2004 - success


def _odd(page: Page) -> ExportUnavailable:
    return ExportUnavailable(
        f"HubSpot answered otherwise than its documents say (HTTP {page.status}). It is tried again later."
    )


def _batch(page: Page) -> list[dict[str, Any]]:
    """Return the rows of a batch that was read; whatever is no row and no missing one is an error."""
    told = read_dict(page)
    if page.status == 404:  # noqa: PLR2004 - none of them is there
        return []
    faults = [error for error in _dicts(told.get("errors")) if error.get("category") != _NOT_FOUND]
    if not _is_good(page) or not isinstance(told.get("results"), list) or faults:
        words_of = _words_of(faults[0] if faults else told)
        if 400 <= page.status < 500:  # noqa: PLR2004 - our request is at fault
            raise ExportRejected(f"HubSpot refused a read (HTTP {page.status}): {words_of}")
        raise _odd(page)
    return _dicts(told["results"])


def _listed(told: Mapping[str, Any]) -> list[Record]:
    if not isinstance(told.get("results"), list):
        raise ExportUnavailable("HubSpot answered without results. It is tried again later.")
    return [record for one in _dicts(told["results"]) if (record := _record(one))]


def _record(one: Mapping[str, Any]) -> Record | None:
    name, properties = _name(one, "id"), one.get("properties")
    if not name or one.get("archived") is True:
        return None
    held = properties.items() if isinstance(properties, dict) else ()
    return Record(
        id=name,
        properties={key: words(value) for key, value in held if value not in (None, "")},
        changed_at=moment(one.get("updatedAt")),
        url=_name(one, "url") or None,
    )


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _name(one: Mapping[str, Any], *keys: str) -> str:
    return next((words(one[key]) for key in keys if isinstance(one.get(key), str | int)), "")


def _named(context: Any) -> list[tuple[str, str]]:
    """Return the objects that an error is about: our keys, or HubSpot's ids."""
    if not isinstance(context, dict):
        return []
    lists = (
        ("key", context.get("objectWriteTraceId")),
        ("id", context.get("id")),
        ("id", context.get("ids")),
    )
    return [(kind, words(name)) for kind, each in lists if isinstance(each, list) for name in each]


def _next(told: Mapping[str, Any]) -> str:
    paging = told.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    return _name(following, "after") if isinstance(following, dict) else ""


def _words_of(error: Mapping[str, Any]) -> str:
    """Return what HubSpot says against something, with the number that its support asks for."""
    message = cut(" ".join(words(error.get("message")).split()), 400) or "it gives no reason"
    category, number = words(error.get("category")), words(error.get("correlationId"))
    beside = ", ".join(filter(None, (category, f"correlation id {number}" if number else "")))
    return f"{message} ({beside})" if beside else message

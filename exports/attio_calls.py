"""The calls of Attio: records, notes and tasks, each answer read before anything counts as done."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from earmark.contract import Delivery, Page
from earmark.errors import ExportRejected, ExportUnavailable, SourceChanged
from earmark.secret import Secret
from exports.company import cut, words

__all__ = ["Attio", "Record", "dicts", "id_in", "is_id"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PASSING: Final = frozenset({"merge_in_progress"})
_MOST_RECORDS: Final = 500
_MOST_PAGES: Final = 20
_GONE: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of Attio; of its values each attribute has the plain ones, a list where several may be."""

    id: str
    values: Mapping[str, Any]
    since: Mapping[str, str]
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attio:
    """Attio behind a delivery; raises ExportError for whatever is no good answer."""

    delivery: Delivery
    host: str
    token: Secret

    async def ask(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Return what a request was answered, None for what is not there; ExportRejected when refused."""
        page = await self.delivery.request(
            method,
            f"{self.host}{path}",
            json=body,
            params=params,
            headers={"authorization": f"Bearer {self.token.value()}"},
        )
        told = _read(page)
        if page.status == _GONE and told is not None:
            return None
        if 200 <= page.status < 300:  # noqa: PLR2004 - success
            if told is None:
                raise _odd(page)
            return told
        said = " ".join(words((told or {}).get("message")).split()) or "it gives no reason"
        code = words((told or {}).get("code"))
        if code in _PASSING:
            raise ExportUnavailable(f"Attio is busy with this record ({code}). It is tried again later.")
        if told is None or page.status < 400:  # noqa: PLR2004 - no error that concerns one object
            raise _odd(page)
        raise ExportRejected(
            f"Attio refused {path.partition('?')[0]} (HTTP {page.status}): {cut(said, 400)}"
            + (f" ({code})." if code else ".")
        )

    async def told(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return what a request was answered, as ``ask``; what is not there is refused too."""
        found = await self.ask(method, path, body, params)
        if found is None:
            raise ExportRejected(f"Attio has nothing at {path.partition('?')[0]} (HTTP 404).")
        return found

    async def record(self, kind: str, remote_id: str) -> Record | None:
        """Return a record as it is now; None when it is gone."""
        found = await self.ask("GET", f"/v2/objects/{kind}/records/{remote_id}")
        return _record(_data(found)) if found is not None else None

    async def query(self, kind: str, wanted: Mapping[str, Any]) -> AsyncIterator[Record]:
        """Yield the records that a filter finds, from a read that is current; at most 10,000."""
        for place in range(_MOST_PAGES):
            body: dict[str, Any] = {"limit": _MOST_RECORDS, "offset": place * _MOST_RECORDS}
            if wanted:
                body["filter"] = dict(wanted)
            found = await self.told("POST", f"/v2/objects/{kind}/records/query", body)
            rows = _rows(found)
            for row in rows:
                if record := _record(row):
                    yield record
            if len(rows) < _MOST_RECORDS:
                return

    async def listed(self, path: str, params: Mapping[str, str], most: int) -> AsyncIterator[dict[str, Any]]:
        """Yield what a list holds, page by page of ``most``."""
        place = 0
        while True:
            paged = {**params, "limit": str(most), "offset": str(place)}
            found = await self.ask("GET", path, params=paged)
            rows = _rows(found) if found is not None else []
            for row in rows:
                yield row
            if len(rows) < most:
                return
            place += most

    async def write(self, method: str, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write one object and return it; ExportUnavailable when the answer does not show it."""
        return _data(await self.told(method, path, {"data": dict(data)}))

    async def save(self, method: str, path: str, values: Mapping[str, Any]) -> Record:
        """Write the values of one record and return it."""
        record = _record(await self.write(method, path, {"values": dict(values)}))
        if record is None:
            raise _unshown()
        return record


def is_id(text: str | None) -> bool:
    """Say whether a text may be an id of Attio, and so part of a path."""
    return text is not None and _UUID.fullmatch(text) is not None


def id_in(row: Mapping[str, Any], name: str) -> str:
    """Return the id of an object; ExportUnavailable when there is none."""
    ids = row.get("id")
    found = words(ids.get(name)) if isinstance(ids, dict) else ""
    if not is_id(found):
        raise _unshown()
    return found


def dicts(values: Any) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _read(page: Page) -> dict[str, Any] | None:
    try:
        told = page.json()
    except SourceChanged:
        return None
    return told if isinstance(told, dict) else None


def _odd(page: Page) -> ExportUnavailable:
    return ExportUnavailable(
        f"Attio answered otherwise than its documents say (HTTP {page.status}). It is tried again later."
    )


def _unshown() -> ExportUnavailable:
    return ExportUnavailable("Attio did not show what it wrote. It is looked for later.")


def _data(found: Mapping[str, Any] | None) -> dict[str, Any]:
    data = (found or {}).get("data")
    if not isinstance(data, dict):
        raise _unshown()
    return data


def _rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(found.get("data"), list):
        raise ExportUnavailable("Attio answered without data. It is tried again later.")
    return dicts(found["data"])


def _record(row: Mapping[str, Any]) -> Record | None:
    ids = row.get("id")
    name = words(ids.get("record_id")) if isinstance(ids, dict) else ""
    held = row.get("values")
    values = held if isinstance(held, dict) else {}
    if not is_id(name):
        return None
    return Record(
        id=name,
        url=words(row.get("web_url")) or None,
        values={slug: _plain(slug, dicts(several)) for slug, several in values.items()},
        since={
            slug: words(several[0].get("active_from"))
            for slug, each in values.items()
            if (several := dicts(each))
        },
    )


def _plain(slug: str, several: list[dict[str, Any]]) -> Any:
    """Return the one value of an attribute, or a list of domains or of other records."""
    if slug == "domains":
        return [words(one.get("domain")) for one in several if one.get("domain")]
    if any("target_record_id" in one for one in several):
        return [words(one.get("target_record_id")) for one in several]
    first = several[0] if several else {}
    status = first.get("status")
    return words(status.get("title")) if isinstance(status, dict) else first.get("value")

"""A small HubSpot that keeps to its rules, and its state for tests to compare.

The search index shows what was written only after ``settle``; writes are current in plain reads at once.
``bad`` says what goes wrong, by the number of the request from 1: ("before" or "after" it was done, the
status line, header lines). A ``forgetful`` portal does every kind of write and answers 500, the first time;
a ``modern`` one has no 207.
"""

import asyncio
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.exports.drives import Serving
from tests.monitors.hostile import Hostile, Seen, answer

__all__ = ["TOKEN", "FakeHubSpot"]

TOKEN: Final = "pat-na1-sEcReT"  # noqa: S105 - the tests look for it
_KNOWN: Final = {
    "companies": {
        "name",
        "domain",
        "hs_additional_domains",
        "hubspot_owner_id",
        "lifecyclestage",
        "hs_num_open_deals",
        "hs_lastmodifieddate",
    },
    "notes": {"hs_timestamp", "hs_note_body", "hubspot_owner_id", "hs_lastmodifieddate"},
    "tasks": {
        "hs_timestamp",
        "hs_task_subject",
        "hs_task_body",
        "hs_task_status",
        "hs_task_priority",
        "hs_task_type",
        "hs_task_completion_date",
        "hubspot_owner_id",
        "hs_lastmodifieddate",
    },
    "deals": {"createdate", "closedate", "hs_is_closed", "hs_is_closed_won", "hs_lastmodifieddate"},
    "meetings": {"hs_meeting_outcome", "hs_meeting_start_time", "hs_lastmodifieddate"},
}
_HANGS: Final = {"notes": 190, "tasks": 192}
_NUMBERS: Final = {"earmark_trigger_score", "hs_num_open_deals"}


@dataclass
class FakeHubSpot:
    """The state of one portal."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in _KNOWN}
    )
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=lambda: {"77": "rep@seller.example"})
    hangs: dict[tuple[str, str], str] = field(default_factory=dict)
    bad: dict[int, tuple[str, ...]] = field(default_factory=dict)
    rights: set[str] = field(default_factory=lambda: {"fields", "owners"})
    requests: int = 0
    forgetful: bool = False
    modern: bool = False
    clock: str = "2026-11-21T09:00:00.100Z"
    last: int = 9000

    def __post_init__(self) -> None:
        self._index: dict[str, dict[str, dict[str, Any]]] = {}
        self._forgot: set[str] = set()
        self.settle()

    def settle(self) -> None:
        """Let the search index catch up."""
        self._index = deepcopy(self.objects)

    def add(self, kind: str, **properties: str) -> str:
        """Put an object there as a person would, and return its id."""
        number = self._put(kind, properties)
        self.settle()
        return number

    def hang(self, kind: str, number: str, company: str) -> None:
        """Let an object hang on a company."""
        self.hangs[(kind, number)] = company

    def on(self, server: Hostile) -> "FakeHubSpot":
        """Serve it there."""
        server.pages = Serving(self._handle)
        return self

    async def _handle(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        when, *told = self.bad.get(self.requests, ("",))
        status, body = 200, b"{}"
        if when != "before":
            status, found = self.serve(seen.method, seen.target, seen.headers, seen.body)
            body = b"" if found is None else json.dumps(found).encode()
        line = f"{status} Fine"
        if self.forgetful and seen.target.endswith(("create", "update", "upsert", "archive")):
            told = [] if seen.target in self._forgot else ["500 Internal Server Error"]
            self._forgot.add(seen.target)
        if told:
            line, *headers = told
            await answer(b'{"message":"out of order"}', *headers, status=line)(seen, writer)
            return
        await answer(body, status=line)(seen, writer)

    def serve(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Answer one request."""
        sent = {name.lower(): value for name, value in headers.items()}
        if sent.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"status": "error", "message": "Authentication credentials not found"}
        parts = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        steps = parts.path.strip("/").split("/")
        told = json.loads(body) if body.strip() else {}
        if steps[:3] == ["crm", "objects", "2026-03"]:
            return self._objects(method, steps[3:], told, asked)
        if steps[:3] == ["crm", "associations", "2026-03"] and steps[5:] == ["batch", "read"]:
            return self._associations(steps[3], steps[4], told)
        return self._beside(method, steps, told)

    def _beside(self, method: str, steps: list[str], told: Any) -> tuple[int, Any]:
        if steps[:4] == ["crm", "properties", "2026-03", "companies"]:
            return self._fields(method, steps[4:], told)
        if steps == ["crm", "owners", "2026-03"]:
            if "owners" not in self.rights:
                return 403, {"message": "This key may not list owners"}
            return 200, {"results": [{"id": name, "email": email} for name, email in self.owners.items()]}
        return _refused(404, f"no such path: {steps}")

    def _objects(self, method: str, steps: list[str], told: Any, asked: Mapping[str, str]) -> tuple[int, Any]:
        kind, *rest = steps
        match (method, *rest):
            case ("GET",):
                return 200, {"results": [self._shown(kind, each, None) for each in self.objects[kind]][:1]}
            case ("POST", "search"):
                return self._search(kind, told)
            case ("POST", "batch", verb):
                return self._batch(kind, verb, told)
            case ("GET", number, "associations", other):
                return self._associated(kind, number, other, asked)
        return _refused(405, "method not allowed")

    def _fields(self, method: str, steps: list[str], told: Any) -> tuple[int, Any]:
        if method == "GET":
            builtin = [{"name": name} for name in sorted(_KNOWN["companies"])]
            return 200, {"results": [*builtin, *self.fields.values()]}
        if "fields" not in self.rights:
            return 403, {"message": "This key may not make properties"}
        if method == "PATCH":
            self.fields[steps[0]] |= told
            return 200, self.fields[steps[0]]
        return self._made_group(told) if steps else self._made_field(told)

    def _made_group(self, told: Any) -> tuple[int, Any]:
        if told["name"] in self.groups:
            return _refused(409, "group exists")
        self.groups.add(told["name"])
        return 201, told

    def _made_field(self, told: Any) -> tuple[int, Any]:
        lacking = {"name", "label", "groupName", "type", "fieldType"} - told.keys()
        is_odd = lacking or (told["type"] == "enumeration") != ("options" in told)
        if is_odd or told["groupName"] not in self.groups:
            return _refused(400, f"a property needs {sorted(lacking)}, a group and its options")
        if told["name"] in self.fields:
            return _refused(409, "property exists")
        self.fields[told["name"]] = told
        return 201, told

    def _search(self, kind: str, told: Any) -> tuple[int, Any]:
        lacking = {"filterGroups", "properties", "sorts", "limit", "after"} - told.keys()
        groups = [group["filters"] for group in told.get("filterGroups", ())]
        too_much = len(groups) > 5 or any(len(group) > 10 for group in groups)
        if lacking or too_much or told["limit"] > 200 or int(told["after"]) >= 10_000:
            return _refused(400, f"a search needs {sorted(lacking)} and stays within its limits")
        for one in (one for group in groups for one in group):
            if one["propertyName"] not in _KNOWN[kind] | self.fields.keys():
                return _refused(400, f"Property {one['propertyName']} does not exist")
            if one["operator"] == "IN" and not one.get("values"):
                return _refused(400, "IN needs values")
            if any(value != value.lower() for value in one.get("values", ())):
                return _refused(400, "values of IN are lower case")
            if len(one.get("values", ())) > 100:
                return _refused(400, "at most 100 values")
        hits = [
            number
            for number, held in self._index[kind].items()
            if any(all(_fits(held, one) for one in group) for group in groups)
        ]
        for name in reversed(told["sorts"]):
            hits.sort(key=lambda number: self._index[kind][number].get(name, ""))
        start = int(told["after"])
        page = hits[start : start + told["limit"]]
        found: dict[str, Any] = {
            "total": len(hits),
            "results": [self._shown(kind, number, told["properties"], self._index) for number in page],
        }
        if start + len(page) < len(hits):
            found["paging"] = {"next": {"after": str(start + len(page))}}
        return 200, found

    def _associated(self, kind: str, number: str, other: str, asked: Mapping[str, str]) -> tuple[int, Any]:
        if number not in self.objects[kind]:
            return _refused(404, "resource not found", "OBJECT_NOT_FOUND")
        if kind == "companies":
            ids = [name for (each, name), above in self.hangs.items() if (each, above) == (other, number)]
        else:
            ids = [self.hangs[(kind, number)]] if (kind, number) in self.hangs else []
        start, limit = int(asked.get("after", "0")), int(asked["limit"])
        found: dict[str, Any] = {
            "results": [{"toObjectId": each, "associationTypes": []} for each in ids[start : start + limit]]
        }
        if start + limit < len(ids):
            found["paging"] = {"next": {"after": str(start + limit)}}
        return 200, found

    def _associations(self, kind: str, other: str, told: Any) -> tuple[int, Any]:
        rows, missing = [], []
        if len(told["inputs"]) > 100:
            return _refused(400, "The maximum number of inputs is 100")
        for one in told["inputs"]:
            status, found = self._associated(kind, one["id"], other, {"limit": "2"})
            links = {"from": {"id": one["id"]}, "to": found.get("results")}
            if status == 200 and links["to"]:
                rows.append(links | ({"paging": found["paging"]} if "paging" in found else {}))
            else:
                missing.append(one["id"])
        error = {"category": "OBJECT_NOT_FOUND", "message": "no associations", "context": {"ids": missing}}
        return (207, {"results": rows, "errors": [error]}) if missing else (200, {"results": rows})

    def _batch(self, kind: str, verb: str, told: Any) -> tuple[int, Any]:
        inputs = told["inputs"]
        if len(inputs) > 100:
            return _refused(400, "The maximum number of inputs is 100")
        if verb == "read":
            return self._read(kind, told)
        if verb == "archive":
            for one in inputs:
                self.objects[kind].pop(one["id"], None)
                self.hangs.pop((kind, one["id"]), None)
            return 204, None
        traces = [one.get("objectWriteTraceId") for one in inputs]
        is_itemwise = None not in traces and len(set(traces)) == len(traces)
        unique = {one.get("idProperty") for one in inputs if verb == "upsert"}
        if any(not self.fields.get(name or "", {}).get("hasUniqueValue") for name in unique):
            return _refused(400, f"Unable to perform upsert by non-unique 0-2 property {unique}")
        faults = [self._fault(kind, verb, one) for one in inputs]
        if any(faults) and not is_itemwise:
            return _refused(400, next(filter(None, faults)))
        results, errors = [], []
        for one, fault in zip(inputs, faults, strict=True):
            if fault:
                context = {"objectWriteTraceId": [one["objectWriteTraceId"]]}
                errors.append(
                    {"status": "error", "category": "VALIDATION_ERROR", "message": fault, "context": context}
                )
            else:
                results.append(self._write(kind, verb, one))
        found: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if errors:
            found |= {"numErrors": len(errors), "errors": errors}
        good = 201 if verb == "create" else 200
        return (207 if errors and not self.modern else good), found

    def _read(self, kind: str, told: Any) -> tuple[int, Any]:
        by = told.get("idProperty")
        if by and not self.fields.get(by, {}).get("hasUniqueValue"):
            return _refused(400, f"{by} is not unique")
        results, missing = [], []
        for one in told["inputs"]:
            held = self.objects[kind]
            hits = [n for n, p in held.items() if p.get(by) == one["id"]] if by else [one["id"]]
            if hits and hits[0] in held:
                results.append(self._shown(kind, hits[0], told["properties"]))
            else:
                missing.append(one["id"])
        found: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if missing:
            error = {"category": "OBJECT_NOT_FOUND", "message": "not found", "context": {"ids": missing}}
            return 207, found | {"numErrors": 1, "errors": [error]}
        return 200, found

    def _fault(self, kind: str, verb: str, one: Mapping[str, Any]) -> str:
        if verb == "update" and ("idProperty" in one or one["id"] not in self.objects[kind]):
            return "resource not found"
        faults = [self._odd(kind, name, value) for name, value in one["properties"].items()]
        if verb == "create" and kind in _HANGS:
            [link] = one["associations"]
            if link["to"]["id"] not in self.objects["companies"]:
                faults.append("the company does not exist")
            if link["types"][0]["associationTypeId"] != _HANGS[kind]:
                faults.append("wrong association")
            if not one["properties"].get("hs_timestamp"):
                faults.append("hs_timestamp is required")
        return next(filter(None, [*faults, self._taken(kind, one)]), "")

    def _odd(self, kind: str, name: str, value: Any) -> str:
        choices = {each["value"] for each in self.fields.get(name, {}).get("options", ())}
        told = {
            f"Property {name} does not exist": name not in _KNOWN[kind] | self.fields.keys(),
            f"{name} is no string": not isinstance(value, str),
            f"{name} is too long": len(str(value)) > 65_536,
            f"{value} was not one of the allowed options": choices and value and value not in choices,
            f"{name} is no number": name in _NUMBERS and value and not value.replace(".", "", 1).isdigit(),
        }
        return next((fault for fault, holds in told.items() if holds), "")

    def _taken(self, kind: str, one: Mapping[str, Any]) -> str:
        for name, value in one["properties"].items():
            if self.fields.get(name, {}).get("hasUniqueValue"):
                for number, held in self.objects[kind].items():
                    if held.get(name) == value and number != one.get("id"):
                        return f"{name} {value} is taken"
        return ""

    def _write(self, kind: str, verb: str, one: Mapping[str, Any]) -> dict[str, Any]:
        is_new = verb != "update"
        number = one.get("id")
        properties = dict(one["properties"])
        if verb == "upsert":
            name = one["idProperty"]
            there = [n for n, held in self.objects[kind].items() if held.get(name) == one["id"]]
            is_new, number = not there, there[0] if there else None
            properties[name] = one["id"]
        number = self._put(kind, properties, None if is_new else number)
        if is_new and kind in _HANGS:
            self.hangs[(kind, number)] = one["associations"][0]["to"]["id"]
        shown = self._shown(kind, number, list(properties))
        return (
            shown
            | ({"new": is_new} if verb == "upsert" else {})
            | ({"objectWriteTraceId": one["objectWriteTraceId"]} if verb == "create" else {})
        )

    def _put(self, kind: str, properties: Mapping[str, str], number: str | None = None) -> str:
        if number is None:
            self.last += 1
            number = str(self.last)
        held = self.objects[kind].setdefault(number, {})
        held |= {"hs_lastmodifieddate": self.clock, **properties}
        for name in [name for name, value in held.items() if value == ""]:
            del held[name]
        return number

    def _shown(
        self,
        kind: str,
        number: str,
        names: list[str] | None,
        where: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        held = (where or self.objects)[kind][number]
        shown = {name: held.get(name) for name in (held if names is None else names)}
        return {
            "id": number,
            "properties": shown,
            "updatedAt": held["hs_lastmodifieddate"],
            "archived": False,
        }


def _fits(held: Mapping[str, str], one: Mapping[str, Any]) -> bool:
    value: str = held.get(one["propertyName"], "")
    wanted: str = one.get("value", "")
    match one["operator"]:
        case "IN":
            return value.lower() in list(one["values"])
        case "EQ":
            return value == wanted
        case "HAS_PROPERTY":
            return bool(value)
        case "GT":
            return bool(value) and float(value) > float(wanted)
        case "GTE":
            return datetime.fromisoformat(value).timestamp() * 1000 >= int(wanted)
        case "CONTAINS_TOKEN":
            return wanted in value.split(";")
    raise AssertionError(one)


def _refused(status: int, message: str, category: str = "VALIDATION_ERROR") -> tuple[int, Any]:
    return status, {"status": "error", "message": message, "category": category, "correlationId": "c-1"}

"""A small Attio that keeps to its rules, and its state for tests to compare.

``bad`` says what goes wrong, by the number of the request from 1: ("before" or "after" it was done, the
status line, header lines). A ``forgetful`` workspace does each kind of write and answers 500, once.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from earmark.testing import FakeDelivery, a_promotion
from earmark.types import Outgoing
from exports.attio import AttioExporter
from tests.exports.drives import Serving, a_door
from tests.monitors.hostile import Hostile, Seen, answer

__all__ = ["OPTIONS", "TOKEN", "FakeAttio", "a_workspace", "an_exporter", "an_id", "set_up", "told"]

TOKEN: Final = "at-sEcReT"  # noqa: S105 - the tests look for it
OPTIONS: Final = {"token": "env:ATTIO_TOKEN", "owners": {"Kim Ode": "kim@seller.example"}}
_REQUIRED: Final = {
    "notes": {"parent_object", "parent_record_id", "title", "format", "content"},
    "tasks": {"content", "format", "deadline_at", "is_completed", "linked_records", "assignees"},
    "attributes": {
        "title",
        "description",
        "api_slug",
        "type",
        "is_required",
        "is_unique",
        "is_multiselect",
        "config",
    },
}
_BUILT_IN: Final = {"name": "text", "domains": "domain", "associated_deals": "record-reference"}
_SCOPE: Final = (
    "record_permission:read-write object_configuration:read-write note:read-write task:read-write "
    "user_management:read"
)


def an_id(number: int) -> str:
    """Return an id as Attio makes them."""
    return f"00000000-1111-4222-8333-{number:012d}"


@dataclass
class FakeAttio:
    """The state of one workspace; a record is its values by slug, several in a list."""

    companies: dict[str, dict[str, Any]] = field(default_factory=dict)
    deals: dict[str, dict[str, Any]] | None = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=lambda: {an_id(1): "rep@seller.example"})
    scope: str = _SCOPE
    bad: dict[int, tuple[str, ...]] = field(default_factory=dict)
    forgetful: bool = False
    requests: int = 0
    last: int = 1000

    def __post_init__(self) -> None:
        self._forgot: set[str] = set()

    def add(self, **values: Any) -> str:
        """Put a company there as a person would, and return its id."""
        self.companies[number := self._next()] = values
        return number

    def deal(self, company: str, stage: str, at: str) -> str:
        """Put a deal there, or move it, and return its id."""
        assert self.deals is not None
        self.deals[number := self._next()] = {"stage": stage, "company": company, "at": at}
        self.companies[company].setdefault("associated_deals", []).append(number)
        return number

    def on(self, server: Hostile) -> "FakeAttio":
        """Serve it there."""
        server.pages = Serving(self._handle)
        return self

    async def _handle(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        when, *told = self.bad.get(self.requests, ("",))
        status, body = 200, b"{}"
        if when != "before":
            status, found = self.serve(seen.method, seen.target, seen.headers, seen.body)
            body = json.dumps(found).encode()
        write = f"{seen.method} {seen.target.split('/')[2]}"
        if (
            self.forgetful
            and seen.method != "GET"
            and "query" not in seen.target
            and write not in self._forgot
        ):
            self._forgot.add(write)
            told = ["500 Internal Server Error"]
        if told:
            line, *headers = told
            await answer(b"{}", *headers, status=line)(seen, writer)
            return
        await answer(body, status=f"{status} Fine")(seen, writer)

    def serve(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Answer one request."""
        sent = {name.lower(): value for name, value in headers.items()}
        if sent.get("authorization") != f"Bearer {TOKEN}":
            return _refused(401, "unauthorized", "Invalid access token")
        return self._answer(method, urlsplit(address), json.loads(body) if body.strip() else {})

    def _answer(self, method: str, parts: SplitResult, told: Any) -> tuple[int, Any]:
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found: tuple[int, Any] = _refused(404, "not_found", f"no such path: {parts.path}")
        match (method, *parts.path.strip("/").split("/")[1:]):
            case ("GET", "self"):
                found = 200, {"active": True, "scope": self.scope, "workspace_name": "Seller"}
            case ("GET", "workspace_members"):
                people = self.members.items()
                rows = [{"id": {"workspace_member_id": n}, "email_address": email} for n, email in people]
                found = 200, {"data": rows}
            case ("GET", "objects", kind) if kind == "companies" or self.deals is not None:
                found = 200, {"data": {"api_slug": kind}}
            case (_, "objects", "companies", "attributes"):
                found = self._attributes(method, told)
            case (_, "objects", kind, "records", *rest):
                found = self._records(method, kind, rest, told, asked)
            case (_, "notes" | "tasks" as kind, *rest):
                found = self._texts(method, kind, rest, told, asked)
        return found

    def _attributes(self, method: str, told: Any) -> tuple[int, Any]:
        if method == "GET":
            own = [{"api_slug": slug} for slug in (*_BUILT_IN, *self.attributes)]
            return 200, {"data": own}
        data = told["data"]
        if lacking := _REQUIRED["attributes"] - data.keys():
            return _refused(400, "validation_type", f"lacks {sorted(lacking)}")
        if data["api_slug"] in self.attributes:
            return _refused(409, "slug_conflict", "the slug is taken")
        self.attributes[data["api_slug"]] = data
        return 200, {"data": data}

    def _records(
        self, method: str, kind: str, rest: list[str], told: Any, asked: Mapping[str, str]
    ) -> tuple[int, Any]:
        held = self.companies if kind == "companies" else self.deals
        if held is None or (rest and rest != ["query"] and rest[0] not in held):
            return _refused(404, "not_found", "not found")
        if rest == ["query"]:
            return self._query(kind, held, told)
        if method == "GET":
            return 200, {"data": self._shown(kind, rest[0])}
        if method == "DELETE":
            del held[rest[0]]
            return 200, {}
        return self._saved(method, rest[0] if rest else None, told["data"]["values"], asked)

    def _query(self, kind: str, held: Mapping[str, Any], told: Any) -> tuple[int, Any]:
        if told.get("limit", 500) > 500:
            return _refused(400, "validation_type", "limit is at most 500")
        hits = [number for number in held if _fits(held[number], told.get("filter") or {})]
        start = told.get("offset", 0)
        page = hits[start : start + told.get("limit", 500)]
        return 200, {"data": [self._shown(kind, number) for number in page]}

    def _saved(
        self, method: str, number: str | None, values: Mapping[str, Any], asked: Mapping[str, str]
    ) -> tuple[int, Any]:
        known = {**_BUILT_IN, **{slug: each["type"] for slug, each in self.attributes.items()}}
        for slug, value in values.items():
            if slug not in known or not isinstance(value, list):
                return _refused(400, "value_not_found", f"Cannot find attribute {slug}")
            if known[slug] == "number" and any(not isinstance(one, int | float) for one in value):
                return _refused(400, "invalid_value", f"{slug} is no number")
        is_upsert = number is None
        if is_upsert:
            if asked.get("matching_attribute") != "domains" or not values.get("domains"):
                return _refused(400, "missing_value", "an upsert needs its matching attribute")
            number = self._holder(values["domains"]) or self._next()
        taken = self._holder(values.get("domains", ()))
        if taken not in (None, number):
            return _refused(400, "uniqueness_conflict", "the domain belongs to another record")
        held = self.companies.setdefault(number or "", {})
        for slug, value in values.items():
            if slug != "domains":
                held[slug] = value[0] if value else None
            elif method == "PUT" and not is_upsert:
                held[slug] = list(value)
            else:
                held[slug] = list(dict.fromkeys([*held.get(slug, ()), *value]))
        return 200, {"data": self._shown("companies", number or "")}

    def _texts(
        self, method: str, kind: str, rest: list[str], told: Any, asked: Mapping[str, str]
    ) -> tuple[int, Any]:
        held = self.notes if kind == "notes" else self.tasks
        if rest and rest[0] not in held:
            return _refused(404, "not_found", "not found")
        match method, bool(rest):
            case "GET", True:
                return 200, {"data": held[rest[0]]}
            case "DELETE", True:
                del held[rest[0]]
                return 200, {}
            case "GET", False:
                return self._list(kind, list(held.values()), asked)
            case "POST", False:
                return self._text(kind, told["data"])
        return _refused(405, "method_not_allowed", "no such method")

    def _list(self, kind: str, rows: list[dict[str, Any]], asked: Mapping[str, str]) -> tuple[int, Any]:
        limit, start = int(asked["limit"]), int(asked.get("offset", "0"))
        if limit > (50 if kind == "notes" else 500):
            return _refused(400, "validation_type", "limit is too large")
        if company := asked.get("parent_record_id"):
            rows = [row for row in rows if row["parent_record_id"] == company]
        if company := asked.get("linked_record_id"):
            rows = [row for row in rows if row["linked_records"][0]["target_record_id"] == company]
        if asked.get("is_completed") == "true":
            rows = [row for row in rows if row["is_completed"]]
        if asked.get("sort") == "created_at:desc":
            rows = rows[::-1]
        return 200, {"data": rows[start : start + limit]}

    def _text(self, kind: str, data: Mapping[str, Any]) -> tuple[int, Any]:
        lacking = _REQUIRED[kind] - data.keys()
        if lacking or (kind == "tasks" and len(data["content"]) > 2000) or not data["content"]:
            return _refused(400, "validation_type", "Body payload validation error.")
        links = [one["target_record_id"] for one in data.get("linked_records", ())]
        if {data.get("parent_record_id"), *links} - {None, *self.companies}:
            return _refused(404, "not_found", "the record does not exist")
        number = self._next()
        row: dict[str, Any] = {"created_at": f"2026-11-21T09:00:00.{self.last:09d}Z"}
        if kind == "notes":
            row |= {"id": {"note_id": number}, **data}
            row |= {"content_plaintext": row["content"].replace("*", "").replace("\\", "")}
            row |= {"content_markdown": row["content"].replace("\n", "\n\n")}
            self.notes[number] = row
            return 200, {"data": row}
        people = {email: name for name, email in self.members.items()}
        emails = [one["workspace_member_email_address"] for one in data["assignees"]]
        if set(emails) - people.keys():
            return _refused(400, "value_not_found", "no such workspace member")
        linked = [{"target_object_id": "companies", "target_record_id": link} for link in links]
        row |= {"id": {"task_id": number}, "content_plaintext": data["content"], "linked_records": linked}
        row |= {"deadline_at": data["deadline_at"], "is_completed": data["is_completed"]}
        row |= {"assignees": [{"referenced_actor_id": people[email]} for email in emails]}
        self.tasks[number] = row
        return 200, {"data": row}

    def _holder(self, domains: Any) -> str | None:
        return next(
            (n for n, held in self.companies.items() if set(held.get("domains", ())) & {*domains}), None
        )

    def _next(self) -> str:
        self.last += 1
        return an_id(self.last)

    def _shown(self, kind: str, number: str) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": {"record_id": number},
            "web_url": f"https://app.attio.example/{number}",
        }
        if kind == "deals":
            assert self.deals is not None
            deal = self.deals[number]
            link = {"target_object": "companies", "target_record_id": deal["company"]}
            stage = {"active_from": deal["at"], "status": {"title": deal["stage"]}}
            return shown | {"values": {"stage": [stage], "associated_company": [link]}}
        values: dict[str, Any] = {}
        for slug, value in self.companies[number].items():
            if slug == "domains":
                values[slug] = [{"domain": each, "root_domain": each} for each in value]
            elif slug == "associated_deals":
                values[slug] = [{"target_object": "deals", "target_record_id": each} for each in value]
            elif slug == "earmark_last_trigger_at" and value:
                values[slug] = [{"value": value.replace("Z", ".000000000Z")}]
            else:
                values[slug] = [] if value is None else [{"value": value}]
        return shown | {"values": values}


def _fits(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    if "$or" in wanted:
        return any(_fits(held, one) for one in wanted["$or"])
    if "domains" in wanted:
        return wanted["domains"]["domain"]["$eq"] in held.get("domains", ())
    if "name" in wanted:
        return held.get("name") in wanted["name"]["$in"]
    return not wanted


def _refused(status: int, code: str, message: str) -> tuple[int, Any]:
    return status, {"status_code": status, "type": "invalid_request_error", "code": code, "message": message}


def an_exporter(server: Hostile | None = None, **options: Any) -> AttioExporter:
    """Return the exporter, for this server."""
    where = {"base_url": server.url("/")} if server else {}
    return AttioExporter.model_validate({**OPTIONS, **where, **options})


def a_workspace(*, fields: bool = True) -> FakeAttio:
    """Return a workspace, with our attributes unless told otherwise."""
    attio = FakeAttio()
    if fields:
        asyncio.run(an_exporter().setup(FakeDelivery(attio.serve)))
    return attio


async def set_up(server: Hostile) -> FakeAttio:
    """Serve a workspace in which setup was run."""
    attio = FakeAttio().on(server)
    async with a_door(server) as door:
        await an_exporter(server).setup(door)
    attio.requests = 0
    return attio


def told(name: str, **payload: Any) -> Outgoing:
    """Return the promotion of an account of this name."""
    domain = f"{name}.example"
    fields = {"name": name.title(), "domain": domain, "domains": [domain]} | payload
    return a_promotion(**{"account": name, "trigger": f"t-{name}"} | fields)

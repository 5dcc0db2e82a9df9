"""A Pipedrive by its own rules: field codes, a search index that lags, costs, v1 beside v2, notes washed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders import NOW
from tests.exports.fakes.moody import Asked, Moody

__all__ = ["ME", "REP", "FakePipedrive"]

ME, REP = 11, 22
TYPES = {
    "earmark_account_key": "varchar",
    "earmark_domain": "varchar",
    "earmark_stage": "varchar",
    "earmark_trigger_type": "varchar",
    "earmark_trigger_score": "double",
    "earmark_trigger_summary": "text",
    "earmark_trigger_url": "varchar",
    "earmark_last_trigger_at": "date",
}
LONGEST = {"varchar": 255, "text": 65_000}
PAGE = 2

Row = dict[str, Any]


class Refused(Exception):
    """The request is refused."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


@dataclass
class FakePipedrive(Moody):
    """The objects of one company; ``indexed`` are the ids that the search knows (None: all of them)."""

    organisations: dict[int, Row] = field(default_factory=dict)
    notes: dict[int, Row] = field(default_factory=dict)
    activities: dict[int, Row] = field(default_factory=dict)
    deals: list[Row] = field(default_factory=list)
    fields: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {f"{place:040x}": each for place, each in enumerate(TYPES.items(), 1)}
    )
    people: dict[int, int] = field(default_factory=dict)
    indexed: set[int] | None = None
    token: str = "pd-secret-token"  # noqa: S105 - of a fake
    spent: int = 0
    now: datetime = NOW

    def add(self, name: str, **values: Any) -> int:
        """Put an organisation there, as if a person had made it long ago."""
        number = 40 + len(self.organisations) + 1
        self.organisations[number] = {
            "id": number,
            "name": name,
            "website": None,
            "owner_id": ME,
            "is_deleted": False,
            "update_time": NOW - timedelta(days=30),
            "custom_fields": {},
            **values,
        }
        return number

    def named(self, number: int) -> Row:
        """Return our own fields of an organisation by their names."""
        held = self.organisations[number]["custom_fields"]
        return {self.fields[code][0]: value for code, value in held.items() if code in self.fields}

    def code(self, name: str) -> str:
        """Return the code of a field."""
        return next(code for code, (each, _) in self.fields.items() if each == name)

    def do(self, asked: Asked) -> tuple[int, Any, tuple[str, ...]]:
        """Answer one request."""
        if asked.headers.get("x-api-token") != self.token:
            return 401, {"success": False, "error": "unauthorized access", "errorCode": 401}, ()
        try:
            return 200, {"success": True, **self._done(asked)}, ()
        except Refused as refused:
            told = {"success": False, "error": refused.error, "error_info": "", "data": None}
            return refused.status, told | {"additional_data": None}, ()

    def _done(self, asked: Asked) -> Row:
        version, _, rest = asked.path.removeprefix("/api").lstrip("/").partition("/")
        name, _, number = rest.partition("/")
        if (version, rest) == ("v1", "users/me"):
            self.spent += 2
            return {"data": {"id": ME, "company_domain": "seller"}}
        if (version, name) == ("v2", "organizationFields"):
            return self._field(asked)
        if (version, rest) == ("v2", "organizations/search"):
            return self._found(asked.params)
        if (version, name) == ("v2", "organizations"):
            return self._object(asked, self.organisations, number, self._organisation)
        if (version, name) == ("v2", "activities"):
            return self._object(asked, self.activities, number, self._activity)
        if (version, name) == ("v1", "notes"):
            return self._noted(asked, number)
        raise Refused(404, "unknown method")

    def _field(self, asked: Asked) -> Row:
        if asked.method == "POST":
            self.spent += 5
            code = f"{len(self.fields) + 100:040x}"
            self.fields[code] = (asked.json()["field_name"], asked.json()["field_type"])
            return {"data": {"field_code": code, **asked.json(), "is_custom_field": True}}
        self.spent += 10
        rows = [{"field_name": "Name", "field_code": "name", "is_custom_field": False}] + [
            {"field_name": name, "field_code": code, "field_type": kind, "is_custom_field": True}
            for code, (name, kind) in self.fields.items()
        ]
        return _page(rows, asked.params)

    def _found(self, params: Mapping[str, str]) -> Row:
        self.spent += 20
        if set(params["fields"].split(",")) - {"address", "custom_fields", "name", "notes"}:
            raise Refused(400, "fields can not be searched")
        term, items = params["term"].lower(), []
        for number, row in self.organisations.items():
            texts = [row["name"]] if params["fields"] == "name" else _texts(row["custom_fields"])
            is_known = self.indexed is None or number in self.indexed
            if is_known and not row["is_deleted"] and term in [text.lower() for text in texts]:
                items.append({"result_score": 0.3, "item": {"id": number, "type": "organization"}})
        told = _page(items, params)
        return told | {"data": {"items": told["data"]}}

    def _object(self, asked: Asked, held: dict[int, Row], number: str, check: Any) -> Row:
        self.spent += {"GET": 10, "DELETE": 3}.get(asked.method, 5)
        if asked.method == "GET" and number:
            self.spent -= 9
            rows = self._listed(held, {"ids": number})
            return {"data": rows[0] | {"people_count": self.people.get(int(number), 0)} if rows else None}
        if asked.method == "GET":
            return _page(self._listed(held, asked.params), asked.params)
        if asked.method == "POST":
            made = max(held, default=40) + 1
            body = asked.json()
            check(body, {})
            empty: Row = {"id": made, "is_deleted": False, "owner_id": ME, "custom_fields": {}}
            held[made] = empty | body | {"update_time": self._tick()}
            return {"data": self._dressed(held[made])}
        if not number.isdigit() or int(number) not in held or held[int(number)]["is_deleted"]:
            raise Refused(404, "not found")
        row = held[int(number)]
        if asked.method == "DELETE":
            row["is_deleted"] = True
            return {"data": {"id": row["id"]}}
        body = asked.json()
        check(body, row)
        custom = {**row["custom_fields"], **body.pop("custom_fields", {})}
        row |= {**body, "custom_fields": custom, "update_time": self._tick()}
        return {"data": self._dressed(row)}

    def _listed(self, held: dict[int, Row], params: Mapping[str, str]) -> list[Row]:
        rows = sorted(held.values(), key=lambda row: row["id"])
        if ids := params.get("ids"):
            assert len(ids.split(",")) <= 100
            rows = [row for row in rows if str(row["id"]) in ids.split(",")]
        if organisation := params.get("org_id"):
            rows = [row for row in rows if str(row.get("org_id")) == organisation]
        if since := params.get("updated_since"):
            rows = [row for row in rows if row["update_time"] >= datetime.fromisoformat(since)]
        told = [self._dressed(row) for row in rows if not row["is_deleted"]]
        if "won_deals_count" in params.get("include_fields", ""):
            for row in told:
                for status in ("open", "won"):
                    deals = [deal for deal in self.deals if deal["org_id"] == row["id"]]
                    row[f"{status}_deals_count"] = sum(deal["status"] == status for deal in deals)
        return told

    def _organisation(self, body: Row, row: Row) -> None:
        if not row and not body.get("name"):
            raise Refused(400, "name is required")
        for code, value in body.get("custom_fields", {}).items():
            if code not in self.fields:
                raise Refused(400, f"custom field {code} does not exist")
            kind = self.fields[code][1]
            if value is not None and kind == "double" and not isinstance(value, int | float):
                raise Refused(400, "a number is wanted")
            if isinstance(value, str) and len(value) > LONGEST.get(kind, 255):
                raise Refused(400, f"{self.fields[code][0]} is too long")
            if value and kind == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                raise Refused(400, "a date is wanted")
        if body.get("owner_id", ME) not in (ME, REP):
            raise Refused(400, "owner_id is no user")

    def _activity(self, body: Row, row: Row) -> None:
        if not row and body.get("org_id") not in self.organisations:
            raise Refused(400, "org_id is no organization")
        if body.get("owner_id", ME) not in (ME, REP):
            raise Refused(400, "owner_id is no user")
        if len(body.get("subject", "")) > 255:
            raise Refused(400, "subject is too long")
        if "note" in body:
            body["note"] = _washed(body["note"])

    def _noted(self, asked: Asked, number: str) -> Row:
        self.spent += {"GET": 2 if number else 20, "DELETE": 6}.get(asked.method, 10)
        if asked.method == "GET" and not number:
            rows = [
                row
                for row in sorted(self.notes.values(), key=lambda row: row["id"])
                if str(row["org_id"]) == asked.params["org_id"] and row["active_flag"]
            ]
            start = int(asked.params.get("start", "0"))
            paging = {"more_items_in_collection": start + PAGE < len(rows), "next_start": start + PAGE}
            data = rows[start : start + PAGE] or None
            return {"data": data, "additional_data": {"pagination": paging}}
        if asked.method == "POST":
            body = asked.json()
            if body.get("org_id") not in self.organisations:
                raise Refused(400, "org_id is no organization")
            made = max(self.notes, default=0) + 1
            self.notes[made] = {"id": made, "active_flag": True, **body, "content": _washed(body["content"])}
            return {"data": self.notes[made]}
        row = self.notes.get(int(number))
        if row is None or not row["active_flag"]:
            raise Refused(404, "Note not found")
        if asked.method == "DELETE":
            row["active_flag"] = False
            return {"data": True}
        if asked.method == "PUT":
            row["content"] = _washed(asked.json()["content"])
        return {"data": row}

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def _dressed(self, row: Row) -> Row:
        return row | {"update_time": f"{row['update_time'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _page(rows: list[Row], params: Mapping[str, str]) -> Row:
    start = int(params.get("cursor", "0"))
    following = str(start + PAGE) if start + PAGE < len(rows) else None
    return {"data": rows[start : start + PAGE], "additional_data": {"next_cursor": following}}


def _texts(values: Row) -> list[str]:
    return [value for value in values.values() if isinstance(value, str)]


def _washed(content: str) -> str:
    """Return HTML as the sanitiser leaves it: unknown elements gone, quotes as they are read."""
    kept = re.sub(r"</?(?:article|dl|dt|dd|mark|script)[^>]*>", "", content)
    return kept.replace("&quot;", '"').replace("&#x27;", "'").strip()

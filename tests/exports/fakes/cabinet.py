"""A small CRM on a local server, and the exporter for it: what the engine must cope with, and nothing else.

It keeps companies and notes, finds companies by domain in an index that may lag, and can be told to fail
after it did what was asked.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from earmark.contract import Change, Delivery, Exporter, Found, Receipt, Told, Wanted
from earmark.errors import ExportRejected
from earmark.types import Outgoing
from tests.monitors.hostile import Hostile, Seen, answer

__all__ = ["Cabinet", "CabinetExporter", "an_outgoing"]


@dataclass
class Cabinet:
    """The state of the CRM, and what it does wrong: answers by the number of the request, from 1."""

    companies: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    after: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    before: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    refused_key: str = ""
    news: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0

    def on(self, server: Hostile) -> "Cabinet":
        """Serve it there."""
        for path in ("/find", "/companies", "/notes", "/notes/delete", "/companies/delete", "/news"):
            server.pages[path] = self._handle
        return self

    async def _handle(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        told = self.before.get(self.requests)
        done = {} if told else self._do(seen.target.partition("?")[0], json.loads(seen.body or b"{}"))
        told = told or self.after.get(self.requests)
        status = told[0] if told else done.pop("status", "200 OK")
        await answer(json.dumps(done).encode(), *(told or ("",))[1:], status=status)(seen, writer)

    def _do(self, path: str, body: Any) -> dict[str, Any]:
        if path == "/find":
            return {"companies": self.companies, "notes": self.notes}
        if path == "/news":
            return {"news": self.news[body["since"] :]}
        name, _, deleting = path.strip("/").partition("/")
        held = self.companies if name == "companies" else self.notes
        if any(one.get("whole") == "no" for one in body):
            return {"status": "400 Bad Request", "message": "one of them is wrong"}
        return {"items": [self._one(name, held, one, deleting) for one in body]}

    def _one(self, name: str, held: dict[str, Any], one: dict[str, Any], deleting: str) -> dict[str, Any]:
        if self.refused_key and one.get("key") == self.refused_key:
            return {"error": f"{one['key']}: the field body is too long"}
        if deleting:
            held.pop(one["id"], None)
            return {"id": one["id"]}
        number = one.pop("id", None) or f"{name}-{len(held) + 1}"
        held.setdefault(number, {}).update(one)
        return {"id": number}


class CabinetExporter(Exporter):
    """Writes companies and notes into a ``Cabinet``, two at a time."""

    kind: ClassVar[str] = "cabinet"
    crm: ClassVar[str | None] = "cabinet"
    batch: ClassVar[int] = 2
    reads: ClassVar[bool] = True
    per_second: ClassVar[float] = 1e6

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the company and its note."""
        told = outgoing.payload
        account = str(told["account"])
        company = Wanted(
            object="company",
            key=account,
            account=account,
            fields={"stage": told["stage"]},
            blanks={"name": told["name"]},
            domains=(str(told["domain"]),),
        )
        if "trigger" not in told:
            return (company,)
        fields = {"body": told.get("note") or told["note_text"], "ref": told["trigger"]} | (
            {"whole": told["whole"]} if "whole" in told else {}
        )
        note = Wanted(object="note", key=str(told["trigger"]), account=account, fields=fields, parent=account)
        return (company, note)

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return what is there, by domain or id, notes by their mark."""
        page = await delivery.request("POST", f"{self.base_url}find", json={})
        told = page.json()
        found = {}
        for one in wanted:
            held = told["companies"] if one.object == "company" else told["notes"]
            for number, fields in held.items():
                by_domain = one.object == "company" and fields.get("domain") in one.domains
                if number == one.crm_id or by_domain or fields.get("key") == one.key:
                    found[(one.object, one.key)] = Found(remote_id=number, fields=fields)
        return found

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Write them."""
        name = "companies" if changes[0].object == "company" else "notes"
        body = []
        for change in changes:
            item: dict[str, Any] = {"key": change.key, **change.after}
            if change.remote_id:
                item["id"] = change.remote_id
            if change.parent_id:
                item["company"] = change.parent_id
            body.append(item)
        path = f"{name}/delete" if changes[0].action == "delete" else name
        page = await delivery.request("POST", f"{self.base_url}{path}", json=body)
        if page.status >= 400:
            raise ExportRejected(f"The cabinet said no: {page.json()['message']}")
        items = page.json()["items"]
        return [
            Receipt(key=change.key, remote_id=item.get("id"), error=item.get("error", ""))
            for change, item in zip(changes, items, strict=True)
        ]

    async def read(self, delivery: Delivery) -> AsyncIterator[Told]:
        """Yield what is new since the last time."""
        since = int(delivery.state.get("cursor", 0))
        page = await delivery.request("POST", f"{self.base_url}news", json={"since": since})
        if page.status >= 400:
            raise ExportRejected(f"The cabinet tells nothing (HTTP {page.status}).")
        for number, one in enumerate(page.json()["news"], start=since + 1):
            times = {key: datetime.fromisoformat(one[key]) for key in ("at", "contacted_at") if key in one}
            yield Told(**one | times)
            delivery.state["cursor"] = number


def an_outgoing(account: str = "norvik", trigger: str = "t1", **payload: Any) -> Outgoing:
    """Return the promotion of an account."""
    told = {
        "account": account,
        "name": account.title(),
        "domain": f"{account}.example",
        "stage": "outreach_ready",
        "trigger": trigger,
        "note": f"Raised. ref: {trigger}",
    }
    return Outgoing(
        target="crm",
        topic="account.promoted",
        key=f"{account}:{trigger}",
        account=account,
        payload=told | payload,
    )

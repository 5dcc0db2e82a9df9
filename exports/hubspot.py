"""HubSpot: the company found by id, key or domain, its own fields, one note and one task for each trigger."""

import html
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final

from pydantic import Field

from earmark.contract import Change, Delivery, Exporter, Finding, Found, Receipt, SecretOption, Told, Wanted
from earmark.errors import ExportRefused
from earmark.types import Outgoing
from exports.company import (
    KEY,
    bearing,
    claimed,
    cut,
    due_at,
    held,
    is_urgent,
    moment,
    note_body,
    own_fields,
    remote_id_of,
    subject,
    task_text,
    unmade,
    words,
)
from exports.hubspot_calls import VERSION, HubSpot, Record
from exports.hubspot_fields import NAMES, make, there_are
from exports.hubspot_hits import BODIES, by_domain, by_name, pinned
from exports.hubspot_news import OPEN_DEALS, news

__all__ = ["MOST_IN_A_NOTE", "HubSpotExporter"]

MOST_IN_A_NOTE: Final = 65_536
"""The most characters of a note or a task, markup and all."""

_HOST: Final = "https://api.hubapi.com"
_KINDS: Final = {"company": "companies", "note": "notes", "task": "tasks"}
_HANGS: Final = {"note": 190, "task": 192}
_ASKED: Final = ("name", "domain", "hs_additional_domains", "hubspot_owner_id", "lifecyclestage")
_NAME: Final = 250
_ADDED: Final = ("contacts", "deals", "notes", "tasks", "meetings")


class HubSpotExporter(Exporter):
    """Writes to HubSpot by a Service Key: our own company fields, notes and tasks, and nothing else."""

    kind: ClassVar[str] = "hubspot"
    about: ClassVar[str] = (
        "HubSpot: own fields of the company, a note and a task for each trigger; reads back"
    )
    auth: ClassVar[str] = "a Service Key (Settings, Integrations, Service Keys)"
    crm: ClassVar[str | None] = "hubspot"
    batch: ClassVar[int] = 100
    per_second: ClassVar[float] = 4.0
    reads: ClassVar[bool] = True

    token: SecretOption = Field(description="The Service Key, as env:NAME.")
    owners: dict[str, str] = Field(
        default_factory=dict,
        description="HubSpot's owner id of each of your owners; exports check lists the ids.",
    )
    tasks: bool = Field(default=True, description="Make a task for each trigger, beside its note.")
    own_fields: bool = Field(
        default=True, description="Write our own company fields; false: only notes and tasks."
    )
    customer_stages: tuple[str, ...] = Field(
        ("customer",), description="Lifecycle stages of companies that are customers: never touched."
    )
    outcomes: bool = Field(
        default=False, description="Read deals and meetings back too; needs the right to read deals."
    )

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the company and, for a promotion, the note and the task of its trigger."""
        told = outgoing.payload
        account, ref = words(told.get("account")), words(told.get("trigger"))
        if not account or outgoing.topic not in ("account.promoted", "account.stage_changed"):
            return ()
        company = self._company(told, account)
        if outgoing.topic != "account.promoted" or not ref:
            return (company,)
        owner = self._owner(told.get("owner"))
        texts = [("note", {"hs_note_body": note_body(told, ref, MOST_IN_A_NOTE)}, _note_blanks(told, owner))]
        if self.tasks:
            texts.append(("task", _task_fields(told, ref), _task_blanks(told, owner)))
        return (
            company,
            *(
                Wanted(object=name, key=ref, account=account, parent=account, fields=fields, blanks=blanks)
                for name, fields, blanks in texts
            ),
        )

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return the companies, notes and tasks that there are, and which of our own fields."""
        api = self._api(delivery)
        found: dict[tuple[str, str], Found] = {}
        companies = [one for one in wanted if one.object == "company"]
        if companies:
            fields = await there_are(api) if self.own_fields else frozenset()
            found |= {("field", name): Found(remote_id=name) for name in fields}
            found |= await self._companies(api, companies, has_key=KEY in fields)
        for name in BODIES:
            found |= await pinned(api, name, [one for one in wanted if one.object == name], found)
        return found

    def plan(self, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> Sequence[Change]:
        """Return the changes: no fields that HubSpot lacks, and no new company without the key."""
        fields = {name for thing, name in found if thing == "field"}
        able = [
            replace(one, fields={name: one.fields[name] for name in one.fields if name in fields})
            if one.object == "company"
            else one
            for one in wanted
        ]
        reasons = {one.key: reason for one in wanted if (reason := _unmakeable(one, fields))}
        return unmade(wanted, super().plan(able, found), reasons)

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Write one batch; a company is made as an upsert by our key, so a second try makes no second."""
        api, first = self._api(delivery), changes[0]
        kind = _KINDS[first.object]
        if first.action == "delete":
            return [await _deleted(api, kind, change) for change in changes]
        made = "upsert" if first.object == "company" else "create"
        verb = made if first.action == "create" else "update"
        written = await api.write(kind, verb, [_input(change, delivery.now) for change in changes])
        return [written.receipt(change) for change in changes]

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Return whether the key may read what is needed, which fields lack, and which owners there are."""
        api = self._api(delivery)
        findings = [
            await _may_read(api, "companies", "crm.objects.companies.read"),
            await _may_read(api, "notes", "crm.objects.contacts.read"),
            await _may_read(api, "tasks", "crm.objects.contacts.read"),
        ]
        if self.outcomes:
            findings.append(await _may_read(api, "deals", "crm.objects.deals.read"))
        if self.own_fields and findings[0].is_well:
            findings.append(await _fields(api))
        findings.append(await self._known_owners(api))
        return findings

    async def setup(self, delivery: Delivery) -> Sequence[str]:
        """Make the group buyer_triggers and our own company fields, as far as they lack."""
        return await make(self._api(delivery))

    async def read(self, delivery: Delivery) -> AsyncIterator[Told]:
        """Yield customers, open deals, owners and tasks that are done, as far as they changed."""
        async for told in news(
            self._api(delivery),
            owners=self.owners,
            customer_stages=self.customer_stages,
            outcomes=self.outcomes,
        ):
            yield told

    def _api(self, delivery: Delivery) -> HubSpot:
        return HubSpot(delivery=delivery, host=str(self.base_url or _HOST).rstrip("/"), token=self.token)

    def _company(self, told: Mapping[str, Any], account: str) -> Wanted:
        domains = tuple(words(each) for each in told.get("domains") or () if words(each))
        names = (told.get("name"), *(told.get("aliases") or ()))
        owner = words(told.get("owner"))
        blanks = {
            "name": cut(words(told.get("name")), _NAME),
            "domain": domains[0] if domains else "",
            "hs_additional_domains": ";".join(domains[1:]),
            "hubspot_owner_id": self._owner(owner),
        }
        return Wanted(
            object="company",
            key=account,
            account=account,
            fields=own_fields(told),
            blanks={name: value for name, value in blanks.items() if value} if bearing(told) else {},
            crm_id=remote_id_of(told, "hubspot"),
            domains=domains,
            names=tuple(words(each) for each in names if words(each)),
            owner=owner or None,
        )

    async def _companies(
        self, api: HubSpot, wanted: Sequence[Wanted], *, has_key: bool
    ) -> dict[tuple[str, str], Found]:
        """Return the companies by id, then our key, then domain, then name."""
        names = {name for one in wanted for name in (*one.fields, *one.blanks)}
        properties = sorted(names | {*_ASKED, OPEN_DEALS, KEY})
        hits: dict[str, Record] = {}
        ids = {one.crm_id: one for one in wanted if one.crm_id and one.crm_id.isdigit()}
        for record in await api.read("companies", list(ids), properties):
            if record.id in ids:
                hits[ids[record.id].key] = record
        rest = [one for one in wanted if one.key not in hits]
        if has_key and rest:
            for record in await api.read("companies", [one.key for one in rest], properties, by=KEY):
                hits[record.properties.get(KEY, "")] = record
        rest = [one for one in wanted if one.key not in hits]
        hits |= await by_domain(api, rest, properties)
        rest = [one for one in rest if one.key not in hits]
        hits |= await by_name(api, rest, properties)
        return claimed((one, self._found(one, hits[one.key])) for one in wanted if one.key in hits)

    def _found(self, one: Wanted, record: Record) -> Found:
        there = record.properties
        return Found(
            remote_id=record.id,
            fields=held({**one.blanks, **one.fields}, there),
            url=record.url,
            against=self._against(one, there),
        )

    def _against(self, one: Wanted, there: Mapping[str, str]) -> str:
        owner = there.get("hubspot_owner_id", "")
        ours = self._owner(one.owner)
        if there.get("lifecyclestage") in self.customer_stages:
            return "it is a customer in HubSpot"
        if there.get(OPEN_DEALS, "0") not in ("0", ""):
            return "it has an open deal in HubSpot"
        if owner and ours and owner != ours:
            name = next((name for name, number in self.owners.items() if number == owner), f"owner {owner}")
            return f"it belongs to {name} in HubSpot"
        return ""

    def _owner(self, name: Any) -> str:
        """Return HubSpot's id of an owner of ours, or nothing."""
        called = words(name).casefold()
        return next((number for each, number in self.owners.items() if each.casefold() == called), "")

    async def _known_owners(self, api: HubSpot) -> Finding:
        try:
            told = await api.owners()
        except ExportRefused:
            return Finding(
                what="owners", is_well=True, text="The key may not list owners; ids are not checked."
            )
        unknown = sorted(name for name, number in self.owners.items() if number not in told)
        listed = ", ".join(f"{number} {email}" for number, email in sorted(told.items()))
        text = f"HubSpot has no owner with the id given for {', '.join(unknown)}. " if unknown else ""
        return Finding(what="owners", is_well=not unknown, text=f"{text}There are: {listed}.")


def _note_blanks(told: Mapping[str, Any], owner: str) -> dict[str, str]:
    at = moment(told.get("at"))
    return _filled({"hs_timestamp": _stamp(at), "hubspot_owner_id": owner})


def _task_fields(told: Mapping[str, Any], ref: str) -> dict[str, str]:
    return {
        "hs_task_subject": subject(told, _NAME),
        "hs_task_body": "<br>".join(html.escape(task_text(told, ref, MOST_IN_A_NOTE // 8)).splitlines()),
    }


def _task_blanks(told: Mapping[str, Any], owner: str) -> dict[str, str]:
    """Return what a person may change afterwards: it is written once, with the task."""
    return _filled(
        {
            "hs_timestamp": _stamp(due_at(told)),
            "hs_task_status": "NOT_STARTED",
            "hs_task_priority": "HIGH" if is_urgent(told) else "MEDIUM",
            "hs_task_type": "CALL",
            "hubspot_owner_id": owner,
        }
    )


def _filled(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _stamp(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _unmakeable(one: Wanted, fields: Collection[str]) -> str:
    """Return why this company can't be made, if so."""
    if one.object != "company":
        return ""
    if KEY not in fields:
        return (
            f"it is not in HubSpot, and none is made without the field {KEY} (make it: earmark exports setup)"
        )
    return "" if one.blanks else "it is not in HubSpot, and not ready for outreach"


def _input(change: Change, now: datetime) -> dict[str, Any]:
    """Return one item of a batch; its trace id is what makes HubSpot answer item by item."""
    properties = {name: words(value) for name, value in change.after.items()}
    item: dict[str, Any] = {"objectWriteTraceId": change.key, "properties": properties}
    if change.action == "update":
        return {"id": change.remote_id, **item}
    if change.object == "company":
        properties.pop(KEY, None)  # the id of an upsert says it
        return {"idProperty": KEY, "id": change.key, **item}
    properties.setdefault("hs_timestamp", _stamp(now))
    hangs = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _HANGS[change.object]}
    return {**item, "associations": [{"to": {"id": change.parent_id}, "types": [hangs]}]}


async def _deleted(api: HubSpot, kind: str, change: Change) -> Receipt:
    """Delete one object; a company stays when people added something to it."""
    number = change.remote_id or ""
    if kind == "companies":
        there = [other for other in _ADDED if await api.associated(kind, number, other)]
        if there:
            error = f"HubSpot's company {change.key} has {' and '.join(there)} now, so it stays."
            return Receipt(key=change.key, error=error)
    await api.archive(kind, [number])
    return Receipt(key=change.key, remote_id=number)


async def _may_read(api: HubSpot, kind: str, right: str) -> Finding:
    """Read one object of a kind."""
    try:
        await api.told("GET", f"/crm/objects/{VERSION}/{kind}", params={"limit": "1"})
    except ExportRefused as error:
        return Finding(
            what=kind, is_well=False, text=f"{error} The Service Key needs {right}, and the same with .write."
        )
    return Finding(what=kind, is_well=True, text=f"The key may read {kind}.")


async def _fields(api: HubSpot) -> Finding:
    lack = sorted(NAMES - await there_are(api))
    if not lack:
        return Finding(what="fields", is_well=True, text="All of earmark's company fields are there.")
    return Finding(
        what="fields",
        is_well=False,
        text=(
            f"HubSpot lacks {', '.join(lack)}: until then it writes notes and tasks only, to companies that "
            "are there. Make them with earmark exports setup (needs crm.schemas.companies.write), or set "
            "own_fields=false."
        ),
    )

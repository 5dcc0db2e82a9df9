"""Salesforce: the account found by id, key, website or name, its own fields, one task for each trigger."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from pydantic import Field, HttpUrl

from earmark.contract import Change, Delivery, Exporter, Finding, Found, Receipt, SecretOption, Told, Wanted
from earmark.errors import ExportError
from earmark.types import Outgoing
from exports.company import (
    KEY,
    bearing,
    claimed,
    cut,
    due_at,
    held,
    is_urgent,
    own_fields,
    remote_id_of,
    subject,
    task_text,
    unmade,
    words,
)
from exports.salesforce_calls import MOST_AT_ONCE, Salesforce, Saved
from exports.salesforce_hits import Row, accounts, attached, below, standing, tasks
from exports.salesforce_news import news
from exports.soql import select

__all__ = ["MOST_IN_A_SUBJECT", "MOST_IN_A_TASK", "OWN", "SalesforceExporter"]

MOST_IN_A_SUBJECT: Final = 255
MOST_IN_A_TASK: Final = 32_000
OWN: Final = {
    "earmark_stage": "Earmark_Stage__c",
    "earmark_trigger_type": "Earmark_Trigger_Type__c",
    "earmark_trigger_score": "Earmark_Trigger_Score__c",
    "earmark_trigger_summary": "Earmark_Trigger_Summary__c",
    "earmark_trigger_url": "Earmark_Trigger_URL__c",
    "earmark_last_trigger_at": "Earmark_Last_Trigger_At__c",
}
"""Our own fields of an account, beside the key: what they are called here."""

_KINDS: Final = {"company": "Account", "task": "Task"}
_LONGEST_URL: Final = 255
_NAME: Final = 255
_PLENTY: Final = 0.9
_NOT_READY: Final = "it is not in Salesforce, and not ready for outreach"


class SalesforceExporter(Exporter):
    """Writes to Salesforce as an External Client App: our own fields of accounts, and tasks."""

    kind: ClassVar[str] = "salesforce"
    about: ClassVar[str] = "Salesforce: own fields of the account, a task for each trigger; reads back"
    auth: ClassVar[str] = "an External Client App with client credentials"
    crm: ClassVar[str | None] = "salesforce"
    batch: ClassVar[int] = MOST_AT_ONCE
    reads: ClassVar[bool] = True

    base_url: HttpUrl = Field(description="Your My Domain host, such as https://NAME.my.salesforce.com.")
    client_id: SecretOption = Field(description="The consumer key of the External Client App, as env:NAME.")
    client_secret: SecretOption = Field(description="Its consumer secret, as env:NAME.")
    key_field: str = Field(
        "Earmark_Account_Key__c",
        pattern=r"^[A-Za-z][A-Za-z0-9_]*__c$",
        description="The text field of Account, unique and an external id, that holds earmark's id.",
    )
    own_fields: bool = Field(
        default=True, description="Write earmark's own account fields; false: the key and tasks only."
    )
    owners: dict[str, str] = Field(
        default_factory=dict,
        description="Salesforce's user id (18 signs, 005…) of each of your owners.",
    )
    customer_types: tuple[str, ...] = Field(
        ("Customer", "Customer - Direct", "Customer - Channel"),
        description="Values of the account's Type that mean a customer: never touched.",
    )
    opportunities: bool = Field(
        default=True,
        description="Leave accounts with open or won opportunities alone, and read outcomes back.",
    )

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the account and, for a promotion, the task of its trigger."""
        told = outgoing.payload
        account, ref = words(told.get("account")), words(told.get("trigger"))
        if not account or outgoing.topic not in ("account.promoted", "account.stage_changed"):
            return ()
        company = self._company(told, account)
        if outgoing.topic != "account.promoted" or not ref:
            return (company,)
        fields = {
            "Subject": subject(told, MOST_IN_A_SUBJECT),
            "Description": task_text(told, ref, MOST_IN_A_TASK),
        }
        blanks = _task_blanks(told, self.owners.get(words(told.get("owner")), ""))
        task = Wanted(object="task", key=ref, account=account, parent=account, fields=fields, blanks=blanks)
        return (company, task)

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return the accounts and tasks that there are, by questions that are answered from the records."""
        api = self._api(delivery)
        companies = [one for one in wanted if one.object == "company"]
        found: dict[tuple[str, str], Found] = {}
        if companies:
            hits = await accounts(api, companies, self.key_field, self._columns())
            deals = await standing(api, [row["Id"] for row in hits.values()]) if self.opportunities else {}
            user = await api.user()
            found |= claimed(
                (one, self._found(api, one, hits[one.key], deals, user))
                for one in companies
                if one.key in hits
            )
        for key, row in (await tasks(api, [one for one in wanted if one.object == "task"], found)).items():
            found[("task", key)] = Found(remote_id=row["Id"], fields=row, url=api.address(row["Id"]))
        return found

    def plan(self, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> Sequence[Change]:
        """Return the changes; a task goes to the account's owner, and keeps what a person wrote below it."""
        reasons = {one.key: _NOT_READY for one in wanted if one.object == "company" and not one.blanks}
        changes = unmade(wanted, super().plan(wanted, found), reasons)
        return [_task(change, found) if change.object == "task" else change for change in changes]

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Write one collection; an account is made as an upsert by our key: a second try makes no second."""
        api, first = self._api(delivery), changes[0]
        kind = _KINDS[first.object]
        if first.action == "delete":
            saved = await self._deleted(api, changes)
        elif first.action == "update":
            records = [{"id": change.remote_id, **change.after} for change in changes]
            saved = await api.write("update", kind, records)
        elif first.object == "company":
            records = [{**change.after, self.key_field: change.key} for change in changes]
            saved = await api.upsert(kind, self.key_field, records)
        else:
            saved = await api.write("create", kind, [_hung(change) for change in changes])
        return [_receipt(change, one, api) for change, one in zip(changes, saved, strict=True)]

    async def _deleted(self, api: Salesforce, changes: Sequence[Change]) -> list[Saved]:
        """Delete records; an account on which somebody hung something stays: all that would go with it."""
        ids = [change.remote_id or "" for change in changes]
        is_company = changes[0].object == "company"
        kept = await attached(api, ids, opportunities=self.opportunities) if is_company else {}
        free = [number for number in ids if number not in kept]
        done = dict(zip(free, await api.delete(free), strict=True)) if free else {}
        reason = "somebody added {} to it. Delete it in Salesforce if it should go."
        return [done.get(number) or Saved(error=reason.format(kept.get(number))) for number in ids]

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Return whether the token, the quota, the fields and the rights are as needed."""
        api = self._api(delivery)
        usage = await api.usage()
        findings = [Finding(what="token", is_well=True, text="Salesforce let us in."), _quota(usage)]
        findings += [
            await _readable(api, name, "Account", name) for name in (self.key_field, *self._columns())
        ]
        findings.append(await _readable(api, "Task", "Task", "Description"))
        if self.opportunities:
            columns = ("AccountId", "IsWon", "IsClosed")
            findings.append(await _readable(api, "Opportunity", "Opportunity", *columns))
        return findings

    async def setup(self, delivery: Delivery) -> Sequence[str]:
        """Return which fields you must make in Salesforce's own set-up; their making is not ours to do."""
        lack = [
            one.what for one in await self.check(delivery) if not one.is_well and one.what.endswith("__c")
        ]
        return [f"Make the field {name} on Account, as docs/exports/salesforce.md says." for name in lack]

    async def read(self, delivery: Delivery) -> AsyncIterator[Told]:
        """Yield owners, customers, open opportunities, our tasks that are done, and what was won or lost."""
        async for told in news(
            self._api(delivery),
            key_field=self.key_field,
            owners=self.owners,
            customer_types=self.customer_types,
            opportunities=self.opportunities,
        ):
            yield told

    def _api(self, delivery: Delivery) -> Salesforce:
        host = str(self.base_url).rstrip("/")
        return Salesforce(
            delivery=delivery, host=host, client_id=self.client_id, client_secret=self.client_secret
        )

    def _columns(self) -> tuple[str, ...]:
        return tuple(OWN.values()) if self.own_fields else ()

    def _company(self, told: Mapping[str, Any], account: str) -> Wanted:
        domains = tuple(words(each) for each in told.get("domains") or () if words(each))
        names = (told.get("name"), *(told.get("aliases") or ()))
        owner = words(told.get("owner"))
        blanks = {
            "Name": cut(words(told.get("name")), _NAME),
            "Website": f"https://{domains[0]}"[:_LONGEST_URL] if domains else "",
            "OwnerId": self.owners.get(owner, ""),
        }
        return Wanted(
            object="company",
            key=account,
            account=account,
            fields={self.key_field: account} | (_own(told) if self.own_fields else {}),
            blanks={name: value for name, value in blanks.items() if value} if bearing(told) else {},
            crm_id=remote_id_of(told, "salesforce"),
            domains=domains,
            names=tuple(words(each) for each in names if words(each)),
            owner=owner or None,
        )

    def _found(self, api: Salesforce, one: Wanted, row: Row, deals: Mapping[str, str], user: str) -> Found:
        fields = held({**one.blanks, **one.fields}, row) | {KEY: row.get(self.key_field)}
        return Found(
            remote_id=row["Id"],
            fields=fields,
            url=api.address(row["Id"]),
            against=self._against(one, row, deals, user),
        )

    def _against(self, one: Wanted, row: Row, deals: Mapping[str, str], user: str) -> str:
        ours, owner = self.owners.get(one.owner or ""), row.get("OwnerId")
        if row.get("Type") in self.customer_types:
            return "it is a customer in Salesforce"
        if standing_deal := deals.get(row["Id"]):
            return f"it has {standing_deal} in Salesforce"
        if ours and owner not in (None, ours, user):
            return f"it belongs to {_owner(row).get('Name') or owner} in Salesforce"
        return ""


def _own(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return our own fields by their names in Salesforce; an address that is too long is left out."""
    fields: dict[str, Any] = {OWN[name]: value for name, value in own_fields(told).items() if name in OWN}
    if len(fields.get(OWN["earmark_trigger_url"], "")) > _LONGEST_URL:
        del fields[OWN["earmark_trigger_url"]]
    if score := fields.get(OWN["earmark_trigger_score"]):
        fields[OWN["earmark_trigger_score"]] = float(score)
    return fields


def _task_blanks(told: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Return what a person may change afterwards: it is written once, with the task."""
    due = due_at(told)
    blanks = {
        "ActivityDate": f"{due:%Y-%m-%d}" if due else "",
        "Status": "Not Started",
        "Priority": "High" if is_urgent(told) else "Normal",
        "OwnerId": owner,
    }
    return {name: value for name, value in blanks.items() if value}


def _task(change: Change, found: Mapping[tuple[str, str], Found]) -> Change:
    if change.action == "create":
        above = found.get(("company", change.parent or ""))
        owner = above.fields.get("OwnerId") if above and _owner(above.fields).get("IsActive") else None
        return replace(change, after={**change.after, "OwnerId": owner}) if owner else change
    if change.action == "update" and "Description" in change.after:
        was = words(change.before.get("Description"))
        text = cut(f"{change.after['Description']}{below(was, change.key)}", MOST_IN_A_TASK)
        after = {**change.after, "Description": text}
        if text == was:
            del after["Description"]
        if not after:
            return replace(change, action="skip", after={}, before={}, reason="it is up to date")
        return replace(change, after=after, before={name: change.before.get(name) for name in after})
    return change


def _owner(row: Mapping[str, Any]) -> Mapping[str, Any]:
    owner = row.get("Owner")
    return owner if isinstance(owner, dict) else {}


def _hung(change: Change) -> dict[str, Any]:
    return {**change.after, "WhatId": change.parent_id}


def _receipt(change: Change, saved: Saved, api: Salesforce) -> Receipt:
    if saved.error:
        name = change.account or change.key
        return Receipt(
            key=change.key, error=f"Salesforce refused the {change.object} of {name}: {saved.error}"
        )
    return Receipt(key=change.key, remote_id=saved.id, url=api.address(saved.id))


def _quota(usage: tuple[int, int] | None) -> Finding:
    if usage is None:
        return Finding(what="quota", is_well=True, text="Salesforce does not say how much is left.")
    used, most = usage
    text = f"The organisation used {used:,} of {most:,} requests in 24 hours."
    return Finding(what="quota", is_well=used < most * _PLENTY, text=text)


async def _readable(api: Salesforce, what: str, kind: str, *columns: str) -> Finding:
    try:
        await api.rows(f"{select(kind, columns)} LIMIT 1")
    except ExportError as error:
        return Finding(what=what, is_well=False, text=str(error))
    return Finding(what=what, is_well=True, text="It is there and may be read.")

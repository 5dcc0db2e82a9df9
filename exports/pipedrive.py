"""Pipedrive: the organisation found by id, domain or name, own fields, a note and a task for each trigger."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from pydantic import Field

from earmark.contract import Change, Delivery, Exporter, Finding, Found, Receipt, SecretOption, Wanted
from earmark.errors import ExportRefused, ExportUnavailable
from earmark.types import Outgoing
from exports.company import (
    bearing,
    claimed,
    cut,
    due_at,
    held,
    moment,
    note_body,
    own_fields,
    remote_id_of,
    subject,
    task_text,
    unmade,
    words,
)
from exports.pipedrive_calls import OWN, Pipedrive, Row
from exports.pipedrive_hits import CONTENT, below, organisations, texts

__all__ = ["PipedriveExporter"]

_HOST: Final = "https://api.pipedrive.com"
_ORGANISATIONS: Final = "/api/v2/organizations"
_ACTIVITIES: Final = "/api/v2/activities"
_LONGEST: Final = 255
_TEXT: Final = 8_000
_MOST_IN_A_NOTE: Final = 65_536
_HANGS: Final = {
    "people_count": "people",
    "open_deals_count": "open deals",
    "closed_deals_count": "closed deals",
    "notes_count": "notes",
    "activities_count": "activities",
    "files_count": "files",
}
_NOT_READY: Final = "it is not in Pipedrive, and not ready for outreach"


class PipedriveExporter(Exporter):
    """Writes to Pipedrive by an API token: our own fields of organisations, notes and activities."""

    kind: ClassVar[str] = "pipedrive"
    about: ClassVar[str] = "Pipedrive: own fields of the organisation, a note and a task for each trigger"
    auth: ClassVar[str] = "an API token (Personal preferences, API)"
    crm: ClassVar[str | None] = "pipedrive"

    token: SecretOption = Field(description="The API token, as env:NAME.")
    owners: dict[str, int] = Field(
        default_factory=dict, description="Pipedrive's user id of each of your owners."
    )
    tasks: bool = Field(default=True, description="Make an activity for each trigger, beside its note.")
    daily_tokens: int = Field(
        20_000,
        ge=100,
        description="How many tokens of Pipedrive's daily budget may be spent; all apps share it.",
    )

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the organisation and, for a promotion, the note and the activity of its trigger."""
        told = outgoing.payload
        account, ref = words(told.get("account")), words(told.get("trigger"))
        if not account or outgoing.topic not in ("account.promoted", "account.stage_changed"):
            return ()
        company = self._company(told, account)
        if outgoing.topic != "account.promoted" or not ref:
            return (company,)
        note = Wanted(
            object="note",
            key=ref,
            account=account,
            parent=account,
            fields={"content": note_body(told, ref, _MOST_IN_A_NOTE)},
        )
        if not self.tasks:
            return (company, note)
        task = replace(note, object="task", fields=_task_fields(told, ref), blanks=self._task_blanks(told))
        return (company, note, task)

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return what there is; ExportRefused when our own fields are not there yet."""
        api = self._api(delivery)
        companies = [one for one in wanted if one.object == "company"]
        found: dict[tuple[str, str], Found] = {}
        if companies:
            await _able(api)
            me = await api.me()
            hits = await organisations(api, companies)
            found |= claimed(
                (one, self._found(one, hits[one.key], me.id, _address(me.company, hits[one.key]["id"])))
                for one in companies
                if one.key in hits
            )
        for name in CONTENT:
            ones = {one.key: one for one in wanted if one.object == name}
            for key, row in (await texts(api, name, list(ones.values()), found)).items():
                fields = held({**ones[key].blanks, **ones[key].fields}, row)
                found[(name, key)] = Found(remote_id=words(row["id"]), fields=fields)
        return found

    def plan(self, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> Sequence[Change]:
        """Return the changes; a task goes to the organisation's owner, a person's words below ours stay."""
        reasons = {one.key: _NOT_READY for one in wanted if one.object == "company" and not one.blanks}
        changes = unmade(wanted, super().plan(wanted, found), reasons)
        return [_text(change, found) if change.object in CONTENT else change for change in changes]

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Make one change: Pipedrive has no batches."""
        api = self._api(delivery)
        return [await _applied(api, change) for change in changes]

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Return whether the token is taken, which fields lack, and what was spent today."""
        api = self._api(delivery)
        me = await api.me()
        lack = sorted(OWN.keys() - (await api.codes()).keys())
        text = f"Missing: {', '.join(lack)}. Make them: earmark exports setup" if lack else "All are there."
        spent = delivery.state.get("spent", {}).get("tokens", 0)
        return (
            Finding(what="token", is_well=True, text=f"It is the token of user {me.id} of {me.company}."),
            Finding(what="fields", is_well=not lack, text=text),
            Finding(
                what="budget",
                is_well=spent < self.daily_tokens,
                text=f"{spent:,} of {self.daily_tokens:,} tokens were spent today.",
            ),
        )

    async def setup(self, delivery: Delivery) -> Sequence[str]:
        """Make our own fields of organisations, as far as they lack."""
        api = self._api(delivery)
        codes = await api.codes()
        made = []
        for name in OWN:
            if name not in codes:
                await api.add_field(name)
                made.append(f"Made the organisation field {name}.")
        return made

    def _api(self, delivery: Delivery) -> Pipedrive:
        host = str(self.base_url or _HOST).rstrip("/")
        return Pipedrive(delivery=delivery, host=host, token=self.token, budget=self.daily_tokens)

    def _company(self, told: Mapping[str, Any], account: str) -> Wanted:
        domains = tuple(words(each) for each in told.get("domains") or () if words(each))
        names = (told.get("name"), *(told.get("aliases") or ()))
        owner = words(told.get("owner"))
        blanks = {
            "name": cut(words(told.get("name")), _LONGEST),
            "website": f"https://{domains[0]}" if domains else "",
            "owner_id": self.owners.get(owner),
        }
        return Wanted(
            object="company",
            key=account,
            account=account,
            fields=_own(told, domains),
            blanks={name: value for name, value in blanks.items() if value} if bearing(told) else {},
            crm_id=remote_id_of(told, "pipedrive"),
            domains=domains,
            names=tuple(words(each) for each in names if words(each)),
            owner=owner or None,
        )

    def _found(self, one: Wanted, row: Row, me: int, url: str | None) -> Found:
        return Found(
            remote_id=words(row["id"]),
            fields=held({**one.blanks, **one.fields}, row),
            url=url,
            against=self._against(one, row, me),
        )

    def _against(self, one: Wanted, row: Row, me: int) -> str:
        ours, owner = self.owners.get(one.owner or ""), row.get("owner_id")
        if row.get("won_deals_count"):
            return "it has a won deal in Pipedrive"
        if row.get("open_deals_count"):
            return "it has an open deal in Pipedrive"
        if ours and owner not in (None, ours, me):
            name = next((name for name, number in self.owners.items() if number == owner), f"user {owner}")
            return f"it belongs to {name} in Pipedrive"
        return ""

    def _task_blanks(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a person may change afterwards: it is written once, with the activity."""
        due = due_at(told)
        blanks = {
            "type": "call",
            "due_date": f"{due:%Y-%m-%d}" if due else "",
            "owner_id": self.owners.get(words(told.get("owner"))),
        }
        return {name: value for name, value in blanks.items() if value}


def _own(told: Mapping[str, Any], domains: Sequence[str]) -> dict[str, Any]:
    """Return our own fields; an address that is too long is left out, and a score is a number."""
    fields: dict[str, Any] = own_fields(told)
    happened = moment(fields.pop("earmark_last_trigger_at", None))
    if domains:
        fields["earmark_domain"] = domains[0]
    if happened:
        fields["earmark_last_trigger_at"] = f"{happened:%Y-%m-%d}"
    if "earmark_trigger_score" in fields:
        fields["earmark_trigger_score"] = float(fields["earmark_trigger_score"])
    if len(fields.get("earmark_trigger_url", "")) > _LONGEST:
        del fields["earmark_trigger_url"]
    return fields


def _task_fields(told: Mapping[str, Any], ref: str) -> dict[str, str]:
    lines = task_text(told, ref, _TEXT).splitlines()
    return {"subject": subject(told, _LONGEST), "note": "<br>".join(map(html.escape, lines))}


def _text(change: Change, found: Mapping[tuple[str, str], Found]) -> Change:
    name = CONTENT[change.object]
    if change.action == "create" and change.object == "task":
        above = found.get(("company", change.parent or ""))
        owner = above.fields.get("owner_id") if above else None
        return replace(change, after={**change.after, "owner_id": owner}) if owner else change
    if change.action == "update" and name in change.after:
        was = change.before
        whole = {**change.after, name: f"{change.after[name]}{below(was.get(name), change.key)}"}
        same = held(whole, was)
        after = {each: value for each, value in whole.items() if same.get(each) != value}
        if not after:
            return replace(change, action="skip", after={}, before={}, reason="it is up to date")
        return replace(change, after=after, before={each: was.get(each) for each in after})
    return change


async def _able(api: Pipedrive) -> None:
    lack = sorted(OWN.keys() - (await api.codes()).keys())
    if lack:
        raise ExportRefused(
            f"Pipedrive lacks our own fields: {', '.join(lack)}. Make them with: earmark exports setup"
        )


async def _applied(api: Pipedrive, change: Change) -> Receipt:
    path, cost = _place(change)
    if change.action == "delete":
        if change.object == "company" and (hangs := await _hanging(api, path)):
            error = f"Somebody added {hangs} to the organisation of {change.key}. Delete it in Pipedrive."
            return Receipt(key=change.key, error=error)
        await api.one("DELETE", path, cost=cost)
        return Receipt(key=change.key, remote_id=change.remote_id)
    method = "POST" if change.action == "create" else "PUT" if change.object == "note" else "PATCH"
    told = await api.one(method, path, cost=cost, json=await _body(api, change))
    if told is None or not isinstance(told.get("id"), int):
        raise ExportUnavailable(f"Pipedrive no longer has the {change.object}. It is looked for again later.")
    number = words(told["id"])
    url = _address((await api.me()).company, told["id"]) if change.object == "company" else None
    return Receipt(key=change.key, remote_id=number, url=url)


async def _hanging(api: Pipedrive, path: str) -> str:
    """Return what people added to an organisation of ours, so that it must not be deleted."""
    told = await api.one("GET", path, cost=1, params={"include_fields": ",".join(_HANGS)}) or {}
    return ", ".join(name for count, name in _HANGS.items() if told.get(count))


def _place(change: Change) -> tuple[str, int]:
    """Return where a change is sent, and what it costs."""
    paths = {"company": _ORGANISATIONS, "note": "/v1/notes", "task": _ACTIVITIES}
    costs = {"note": (10, 6), "company": (5, 3), "task": (5, 3)}[change.object]
    path = paths[change.object]
    return (
        path if change.action == "create" else f"{path}/{change.remote_id}",
        costs[1] if change.action == "delete" else costs[0],
    )


async def _body(api: Pipedrive, change: Change) -> dict[str, Any]:
    if change.object == "company":
        codes = await api.codes()
        custom = {codes[name]: value for name, value in change.after.items() if name in codes}
        plain = {name: value for name, value in change.after.items() if name not in OWN}
        return {**plain, "custom_fields": custom}
    if change.action == "create":
        return {**change.after, "org_id": int(change.parent_id or 0)}
    return dict(change.after)


def _address(company: str, number: int) -> str | None:
    return f"https://{company}.pipedrive.com/organization/{number}" if company else None

"""Attio: companies as an upsert by domain, with one note and one task for each trigger."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from pydantic import Field

from earmark.contract import Change, Delivery, Exporter, Finding, Found, Receipt, SecretOption, Told, Wanted
from earmark.errors import ExportRejected
from earmark.types import Outgoing
from exports.attio_calls import Attio, Record, dicts, id_in, is_id
from exports.attio_fields import NAMES, make, there_are
from exports.attio_hits import by_domain, by_name, members_of, row_of
from exports.attio_news import news, pipeline
from exports.company import (
    bearing,
    claimed,
    cut,
    due_at,
    held,
    own_fields,
    ref_in,
    remote_id_of,
    task_text,
    unmade,
    words,
)

__all__ = ["MOST_IN_A_TASK", "AttioExporter", "note_text"]

MOST_IN_A_TASK: Final = 2_000
"""The most characters of a task."""

_MOST_IN_A_NOTE: Final = 50_000
_HOST: Final = "https://api.attio.com"
_COMPANIES: Final = "/v2/objects/companies/records"
_SCOPES: Final = (
    "record_permission:read-write",
    "object_configuration:read",
    "note:read-write",
    "task:read-write",
    "user_management:read",
)


class AttioExporter(Exporter):
    """Writes to Attio by an access token: companies, notes and tasks, and our own attributes."""

    kind: ClassVar[str] = "attio"
    about: ClassVar[str] = "Attio: company by domain, a note and a task for each trigger; reads back"
    auth: ClassVar[str] = "an access token (Workspace settings, Developers)"
    crm: ClassVar[str | None] = "attio"
    batch: ClassVar[int] = 1
    per_second: ClassVar[float] = 20.0
    reads: ClassVar[bool] = True

    token: SecretOption = Field(description="The access token, as env:NAME.")
    owners: dict[str, str] = Field(
        default_factory=dict,
        description="E-mail address in Attio of each of your owners whose name is not their address.",
    )
    tasks: bool = Field(default=True, description="Make a task for each trigger, beside its note.")
    deals: bool = Field(
        default=False, description="Look at deals: skip customers and open deals, and read outcomes back."
    )
    won: tuple[str, ...] = Field(("Won 🎉", "Won"), description="Stages of deals that are won.")
    lost: tuple[str, ...] = Field(("Lost",), description="Stages of deals that are lost.")

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the company and, for a promotion, the note and the task of its trigger."""
        told = outgoing.payload
        account, ref = words(told.get("account")), words(told.get("trigger"))
        if not account or outgoing.topic not in ("account.promoted", "account.stage_changed"):
            return ()
        company = _company(told, account)
        if outgoing.topic != "account.promoted" or not ref:
            return (company,)
        title = (
            cut(" ".join(words(told.get("headline")).split()), 200) or f"Reason to call {company.names[0]}"
        )
        note = {"title": title, "content": note_text(told, ref)}
        texts: list[tuple[str, dict[str, Any], dict[str, Any]]] = [("note", note, {})]
        if self.tasks:
            due = due_at(told)
            owner = words(told.get("owner"))
            blanks = {
                "deadline_at": f"{due:%Y-%m-%dT%H:%M:%S.000000000Z}" if due else "",
                "assignee": self._email(owner),
            }
            given: dict[str, Any] = {name: value for name, value in blanks.items() if value}
            texts.append(("task", {"content": _task(told, ref)}, given | {"is_completed": False}))
        return (
            company,
            *(
                Wanted(object=name, key=ref, account=account, parent=account, fields=fields, blanks=blanks)
                for name, fields, blanks in texts
            ),
        )

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return the companies, notes and tasks that there are, our own attributes, and who is a member."""
        api = self._api(delivery)
        found: dict[tuple[str, str], Found] = {}
        companies = [one for one in wanted if one.object == "company"]
        if companies:
            found |= {("field", name): Found(remote_id=name) for name in await there_are(api)}
            found |= await self._companies(api, companies)
        is_asked = any("assignee" in {**one.blanks, **one.fields} for one in wanted)
        people = await members_of(api) if is_asked else {}
        found |= {("member", email): Found(remote_id=number) for number, email in people.items()}
        for one in wanted:
            if one.object in ("note", "task"):
                above = found.get(("company", one.parent or ""))
                there = await row_of(api, one, above.remote_id if above else None)
                if there is not None:
                    fields = _note(there) if one.object == "note" else _task_held(there, people)
                    found[(one.object, one.key)] = Found(
                        remote_id=id_in(there, f"{one.object}_id"),
                        fields=held({**one.blanks, **one.fields}, fields),
                    )
        return found

    def plan(self, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> Sequence[Change]:
        """Return the changes; notes and tasks, which Attio does not let anybody reword, are made once."""
        able = [_able(one, found) for one in wanted]
        reasons = {one.key: reason for one in wanted if (reason := _unmakeable(one))}
        changes = unmade(wanted, super().plan(able, found), reasons)
        return [
            replace(
                change, action="skip", after={}, reason=f"Attio does not let a {change.object} be reworded"
            )
            if change.action == "update" and change.object != "company"
            else change
            for change in changes
        ]

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Make one change; a company is made as an upsert by its first domain."""
        api = self._api(delivery)
        return [await _applied(api, change) for change in changes]

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Return whether the token lives, what it lacks, and which of our own attributes there are."""
        api = self._api(delivery)
        told = await api.told("GET", "/v2/self")
        if told.get("active") is not True:
            return (
                Finding(what="token", is_well=False, text="Attio does not know the token. Make a new one."),
            )
        findings = [
            Finding(what="token", is_well=True, text=f"Workspace {words(told.get('workspace_name'))}.")
        ]
        scopes = words(told.get("scope")).split()
        lacking = [scope for scope in _SCOPES if scope not in scopes and f"{scope}-write" not in scopes]
        said = f"The token lacks {', '.join(lacking)}." if lacking else "The token has the scopes it needs."
        findings.append(Finding(what="scopes", is_well=not lacking, text=said))
        fields = sorted(NAMES - await there_are(api))
        text = "All of earmark's attributes are there."
        if fields:
            text = (
                f"Not written, because Attio has none: {', '.join(fields)}. Make them: earmark exports setup"
            )
        findings.append(Finding(what="attributes", is_well=True, text=text))
        if self.deals:
            findings.append(await _may_see_deals(api))
        return findings

    async def setup(self, delivery: Delivery) -> Sequence[str]:
        """Make our own company attributes, as far as they lack."""
        return await make(self._api(delivery))

    async def read(self, delivery: Delivery) -> AsyncIterator[Told]:
        """Yield tasks that are done and, with ``deals``, customers, open deals and outcomes."""
        async for told in news(self._api(delivery), won=self.won, lost=self.lost, deals=self.deals):
            yield told

    def _api(self, delivery: Delivery) -> Attio:
        return Attio(delivery=delivery, host=str(self.base_url or _HOST).rstrip("/"), token=self.token)

    def _email(self, owner: str) -> str:
        """Return the e-mail address of an owner in Attio."""
        called = owner.casefold()
        return next(
            (email for name, email in self.owners.items() if name.casefold() == called), owner
        ).lower()

    async def _companies(self, api: Attio, wanted: Sequence[Wanted]) -> dict[tuple[str, str], Found]:
        """Return the companies by id, then domain, then name."""
        hits: dict[str, Record] = {}
        for one in wanted:
            record = await api.record("companies", one.crm_id or "") if is_id(one.crm_id) else None
            if record is not None:
                hits[one.key] = record
        hits |= await by_domain(api, [one for one in wanted if one.key not in hits])
        hits |= await by_name(api, [one for one in wanted if one.key not in hits])
        pairs = []
        for one in wanted:
            if one.key in hits:
                record = hits[one.key]
                fields = held({**one.blanks, **one.fields}, record.values)
                against = await self._against(api, record) if self.deals else ""
                there = Found(remote_id=record.id, fields=fields, url=record.url, against=against)
                pairs.append((one, there))
        return claimed(iter(pairs))

    async def _against(self, api: Attio, company: Record) -> str:
        state = await pipeline(api, company, won=self.won, lost=self.lost)
        return {"customer": "it is a customer in Attio", "open_deal": "it has an open deal in Attio"}.get(
            state, ""
        )


def note_text(told: Mapping[str, Any], ref: str) -> str:
    """Return a note as Markdown, its mark in the last line."""
    text = words(told.get("note_markdown")) or words(told.get("headline"))
    if len(text) <= _MOST_IN_A_NOTE and ref_in(text.replace("\\", "")) == ref:
        return text
    return f"{cut(text, _MOST_IN_A_NOTE)}\n\nref: {ref}"


def _task(told: Mapping[str, Any], ref: str) -> str:
    name = cut(words(told.get("name")), 200)
    text = task_text(told, ref, MOST_IN_A_TASK - len(name) - 7)
    return f"Call {name}\n{text}"


def _company(told: Mapping[str, Any], account: str) -> Wanted:
    domains = tuple(words(each).lower() for each in told.get("domains") or () if words(each))
    names = tuple(words(each) for each in (told.get("name"), *(told.get("aliases") or ())) if words(each))
    blanks: dict[str, Any] = {"name": cut(words(told.get("name")), 250), "domains": list(domains[:1])}
    fields: dict[str, Any] = own_fields(told)
    if "earmark_trigger_score" in fields:
        fields["earmark_trigger_score"] = float(fields["earmark_trigger_score"])
    return Wanted(
        object="company",
        key=account,
        account=account,
        fields=fields,
        blanks={name: value for name, value in blanks.items() if value} if bearing(told) else {},
        crm_id=remote_id_of(told, "attio"),
        domains=domains,
        names=names or (account,),
        owner=words(told.get("owner")) or None,
    )


def _able(one: Wanted, found: Mapping[tuple[str, str], Found]) -> Wanted:
    """Return what is wanted without what Attio can't hold: attributes it lacks, people it does not know."""
    if one.object == "company":
        return replace(one, fields={n: v for n, v in one.fields.items() if ("field", n) in found})
    is_known = ("member", one.blanks.get("assignee", "")) in found
    return replace(one, blanks={n: v for n, v in one.blanks.items() if n != "assignee" or is_known})


def _unmakeable(one: Wanted) -> str:
    if one.object != "company" or "domains" in one.blanks:
        return ""
    if not one.blanks:
        return "it is not in Attio, and not ready for outreach"
    return "it is not in Attio, and has no domain to be found again by"


def _note(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": row.get("title"), "content": row.get("content_markdown")}


def _task_held(row: Mapping[str, Any], members: Mapping[str, str]) -> dict[str, Any]:
    people = [words(one.get("referenced_actor_id")) for one in dicts(row.get("assignees"))]
    return {
        "content": row.get("content_plaintext"),
        "deadline_at": row.get("deadline_at"),
        "assignee": members.get(people[0], people[0]) if people else None,
        "is_completed": row.get("is_completed"),
    }


async def _applied(api: Attio, change: Change) -> Receipt:
    if change.action == "delete":
        where = _COMPANIES if change.object == "company" else f"/v2/{change.object}s"
        if change.object == "company" and (what := await _hangs_on(api, change.remote_id or "")):
            return Receipt(key=change.key, error=f"Attio's company {change.key} has {what} now, so it stays.")
        await api.ask("DELETE", f"{where}/{change.remote_id}")
        return Receipt(key=change.key, remote_id=change.remote_id)
    if change.object == "company":
        record = await _saved(api, change)
        return Receipt(key=change.key, remote_id=record.id, url=record.url)
    if change.action == "update":
        raise ExportRejected(f"Attio does not let a {change.object} be reworded.")
    data = _new_note(change) if change.object == "note" else _new_task(change)
    row = await api.write("POST", f"/v2/{change.object}s", data)
    return Receipt(key=change.key, remote_id=id_in(row, f"{change.object}_id"))


async def _hangs_on(api: Attio, company: str) -> str:
    """Return what people added to a company of ours, so that it must not be deleted."""
    record = await api.record("companies", company)
    held = record.values if record else {}
    named = {"people": held.get("team"), "deals": held.get("associated_deals")}
    tasks = {"linked_object": "companies", "linked_record_id": company}
    notes = {"parent_object": "companies", "parent_record_id": company}
    for name, params in (("tasks", tasks), ("notes", notes)):
        named[name] = [row async for row in api.listed(f"/v2/{name}", params, 50)] if record else []
    return " and ".join(name for name, there in named.items() if there)


async def _saved(api: Attio, change: Change) -> Record:
    """Write a company; what is to be empty again needs the one method that takes values away."""
    values = {name: _several(value) for name, value in change.after.items()}
    if change.action == "create":
        return await api.save("PUT", f"{_COMPANIES}?matching_attribute=domains", values)
    method = "PATCH" if all(values.values()) else "PUT"
    return await api.save(method, f"{_COMPANIES}/{change.remote_id}", values)


def _several(value: Any) -> list[Any]:
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def _new_note(change: Change) -> dict[str, Any]:
    where = {"parent_object": "companies", "parent_record_id": change.parent_id}
    return {**where, "format": "markdown", "title": change.after["title"], "content": change.after["content"]}


def _new_task(change: Change) -> dict[str, Any]:
    """Return a task with all its six keys, which Attio demands."""
    assignee = change.after.get("assignee")
    return {
        "content": change.after["content"],
        "format": "plaintext",
        "deadline_at": change.after.get("deadline_at"),
        "is_completed": change.after.get("is_completed", False),
        "linked_records": [{"target_object": "companies", "target_record_id": change.parent_id}],
        "assignees": [{"workspace_member_email_address": assignee}] if assignee else [],
    }


async def _may_see_deals(api: Attio) -> Finding:
    found = await api.ask("GET", "/v2/objects/deals")
    text = "Attio has no deals: switch the object on in its settings, or set deals=false."
    return Finding(
        what="deals", is_well=found is not None, text=text if found is None else "There are deals."
    )

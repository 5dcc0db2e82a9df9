"""Reading Salesforce back: owners, customers, open opportunities; our tasks that are done; won and lost."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from earmark.contract import Told
from exports.company import moment, words
from exports.salesforce_calls import Salesforce
from exports.salesforce_hits import ACCOUNT, OPEN, WON, Row, host_of, mark_in, standing
from exports.soql import any_of, select, stamp

__all__ = ["news"]

_OVERLAP: Final = timedelta(minutes=5)
"""A record may become visible after a later one: what changed shortly before is read once more."""
_DEALS: Final = {WON: "customer", OPEN: "open_deal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One reading: whom it asks, and what the accounts are compared with."""

    api: Salesforce
    key_field: str
    names: Mapping[str, str]
    customer_types: Sequence[str]
    opportunities: bool
    user: str


async def news(
    api: Salesforce,
    *,
    key_field: str,
    owners: Mapping[str, str],
    customer_types: Sequence[str],
    opportunities: bool,
) -> AsyncIterator[Told]:
    """Yield what changed since the last reading; the places are kept in ``delivery.state["read"]``.

    The first reading brings the accounts with our key, customers and open opportunities; tasks and outcomes
    count from then on. The same may be told twice.
    """
    reading = _Reading(
        api=api,
        key_field=key_field,
        names={number: name for name, number in owners.items()},
        customer_types=customer_types,
        opportunities=opportunities,
        user=await api.user(),
    )
    async for told in _accounts(reading):
        yield told
    async for told in _tasks(reading):
        yield told
    if opportunities:
        async for told in _opportunities(reading):
            yield told


async def _accounts(reading: _Reading) -> AsyncIterator[Told]:
    places: dict[str, str] = reading.api.delivery.state.setdefault("read", {})
    columns = (*ACCOUNT, reading.key_field)
    if "Account" in places:
        known = f"({reading.key_field} != null OR Website != null)"
        async for rows in _changed(reading.api, "Account", columns, known):
            async for told in _standing(reading, rows):
                yield told
        return
    begun = reading.api.delivery.now
    customers = [any_of("Type", reading.customer_types)] if reading.customer_types else []
    where = " OR ".join([f"{reading.key_field} != null", *customers])
    async for rows in reading.api.pages(f"{select('Account', (*columns, 'SystemModstamp'))} WHERE {where}"):
        async for told in _standing(reading, rows):
            yield told
    if reading.opportunities:
        async for told in _barred(reading):
            yield told
    places["Account"] = begun.isoformat()


async def _standing(reading: _Reading, rows: Sequence[Row]) -> AsyncIterator[Told]:
    """Yield how these accounts stand now."""
    names = [name for row in rows if (name := words(row.get("Id")))]
    deals = await standing(reading.api, names) if reading.opportunities else {}
    for row in rows:
        yield _told(reading, row, deals, at=_at(row, reading.api))


async def _barred(reading: _Reading) -> AsyncIterator[Told]:
    """Yield the accounts that have an open or won opportunity."""
    asked = select("Opportunity", ("AccountId", *_above(reading)))
    where = "AccountId != null AND (IsClosed = false OR IsWon = true)"
    async for rows in reading.api.pages(f"{asked} WHERE {where}"):
        async for told in _standing(reading, [row["Account"] for row in rows if _has_account(row)]):
            yield told


async def _tasks(reading: _Reading) -> AsyncIterator[Told]:
    columns = ("WhatId", "Description", "CompletedDateTime")
    async for rows in _changed(reading.api, "Task", columns, "IsClosed = true"):
        for row in rows:
            ref, account = mark_in(row.get("Description")), words(row.get("WhatId"))
            if ref and account:
                at = moment(row.get("CompletedDateTime")) or _at(row, reading.api)
                yield Told(remote_id=account, at=at, contacted_at=at, ref=ref)


async def _opportunities(reading: _Reading) -> AsyncIterator[Told]:
    """Yield each opportunity that changed, with what holds of its account now."""
    columns = ("AccountId", "IsWon", "IsClosed", "CreatedDate", "CloseDate", *_above(reading))
    async for rows in _changed(reading.api, "Opportunity", columns, "AccountId != null"):
        deals = await standing(reading.api, sorted({words(row.get("AccountId")) for row in rows}))
        for row in rows:
            if _has_account(row):
                outcome, at = _outcome(row)
                yield _told(reading, row["Account"], deals, at=at or _at(row, reading.api), outcome=outcome)


def _above(reading: _Reading) -> tuple[str, ...]:
    """Return the fields of an opportunity's account."""
    return tuple(f"Account.{name}" for name in (*ACCOUNT, reading.key_field))


def _has_account(row: Row) -> bool:
    return isinstance(row.get("Account"), dict)


async def _changed(
    api: Salesforce, kind: str, columns: Sequence[str], where: str
) -> AsyncIterator[list[Row]]:
    """Yield what changed since the place of this kind, the oldest first; the place moves on page by page.

    Without a place that is from now on.
    """
    places: dict[str, str] = api.delivery.state.setdefault("read", {})
    place = moment(places.setdefault(kind, api.delivery.now.isoformat())) or api.delivery.now
    asked = select(kind, ("Id", *columns, "SystemModstamp"))
    later = f"SystemModstamp >= {stamp(place - _OVERLAP)}"
    async for rows in api.pages(f"{asked} WHERE {where} AND {later} ORDER BY SystemModstamp, Id"):
        yield rows
        place = max([place, *(at for row in rows if (at := moment(row.get("SystemModstamp"))))])
        places[kind] = place.isoformat()


def _told(
    reading: _Reading, account: Row, deals: Mapping[str, str], *, at: datetime, outcome: str | None = None
) -> Told:
    name = words(account.get("Id"))
    is_customer = account.get("Type") in reading.customer_types
    return Told(
        remote_id=name,
        at=at,
        key=words(account.get(reading.key_field)) or None,
        domain=host_of(account.get("Website")) or None,
        owner=_owner(reading, account),
        suppression="customer" if is_customer else _DEALS.get(deals.get(name, ""), ""),
        outcome=outcome,
    )


def _owner(reading: _Reading, account: Row) -> str | None:
    """Return the owner by our own name, else by e-mail; what belongs to the user of the app is nobody's."""
    number, owner = words(account.get("OwnerId")), account.get("Owner")
    if not number or number == reading.user:
        return None
    email = words(owner.get("Email")) if isinstance(owner, dict) else ""
    return reading.names.get(number) or email or None


def _outcome(row: Row) -> tuple[str, datetime | None]:
    """Return what came of an opportunity, and when: a time that later edits leave as it is."""
    closed = moment(f"{words(row.get('CloseDate'))}T00:00:00Z")
    if row.get("IsWon") is True:
        return "won", closed
    if row.get("IsClosed") is True:
        return "lost", closed
    return "opportunity", moment(row.get("CreatedDate"))


def _at(row: Mapping[str, Any], api: Salesforce) -> datetime:
    return moment(row.get("SystemModstamp")) or api.delivery.now

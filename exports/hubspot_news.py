"""Reading HubSpot back: customers, open deals and owners; tasks that are done; deals and meetings."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from earmark.contract import Told
from earmark.errors import ExportRefused
from exports.company import KEY, moment, ref_in
from exports.hubspot_calls import MOST_FOUND, HubSpot, Record
from exports.hubspot_fields import there_are

__all__ = ["OPEN_DEALS", "news"]

OPEN_DEALS: Final = "hs_num_open_deals"
"""How many open deals a company has, counted by HubSpot."""

_CHANGED: Final = "hs_lastmodifieddate"
_OVERLAP: Final = timedelta(minutes=5)
"""The search index lags: what changed shortly before the last reading is read once more."""
_FIRST: Final = timedelta(days=30)
_STEP: Final = timedelta(milliseconds=1)
_COMPANY: Final = ("domain", "hubspot_owner_id", "lifecyclestage", OPEN_DEALS, KEY, _CHANGED)
_TASK: Final = ("hs_task_body", "hs_task_completion_date", _CHANGED)
_DEAL: Final = ("createdate", "closedate", "hs_is_closed", "hs_is_closed_won", _CHANGED)
_MEETING: Final = ("hs_meeting_outcome", "hs_meeting_start_time", _CHANGED)


async def news(
    api: HubSpot, *, owners: Mapping[str, str], customer_stages: Sequence[str], outcomes: bool
) -> AsyncIterator[Told]:
    """Yield what changed since the last reading; the places are kept in ``delivery.state["read"]``.

    The first reading brings every customer and open deal there is. The same may be told twice.
    """
    names = await _owners(api, owners)
    async for told in _companies(api, names, customer_stages):
        yield told
    done = {"propertyName": "hs_task_status", "operator": "EQ", "value": "COMPLETED"}
    async for task in _changed(api, "tasks", _TASK, [done]):
        if ref := ref_in(task.properties.get("hs_task_body")):
            at = moment(task.properties.get("hs_task_completion_date")) or _at(task, api)
            for company in await api.associated("tasks", task.id, "companies"):
                yield Told(remote_id=company, at=at, contacted_at=at, ref=ref)
    if outcomes:
        async for told in _outcomes(api, "deals", _DEAL):
            yield told
        async for told in _outcomes(api, "meetings", _MEETING):
            yield told


async def _companies(
    api: HubSpot, names: Mapping[str, str], customer_stages: Sequence[str]
) -> AsyncIterator[Told]:
    groups: list[list[dict[str, Any]]] = [[{"propertyName": OPEN_DEALS, "operator": "GT", "value": "0"}]]
    if customer_stages:
        stages = [stage.lower() for stage in customer_stages]
        groups.append([{"propertyName": "lifecyclestage", "operator": "IN", "values": stages}])
    if KEY in await there_are(api):
        groups.append([{"propertyName": KEY, "operator": "HAS_PROPERTY"}])
    async for company in _changed(api, "companies", _COMPANY, first=groups):
        held = company.properties
        is_customer = held.get("lifecyclestage") in customer_stages
        has_deal = held.get(OPEN_DEALS, "0") != "0"
        yield Told(
            remote_id=company.id,
            at=_at(company, api),
            key=held.get(KEY),
            domain=held.get("domain"),
            owner=names.get(held.get("hubspot_owner_id", "")),
            suppression="customer" if is_customer else "open_deal" if has_deal else "",
        )


async def _outcomes(api: HubSpot, kind: str, properties: Sequence[str]) -> AsyncIterator[Told]:
    async for one in _changed(api, kind, properties):
        outcome, at = _deal(one) if kind == "deals" else _meeting(one)
        if outcome:
            for company in await api.associated(kind, one.id, "companies"):
                yield Told(remote_id=company, at=at or _at(one, api), outcome=outcome)


def _deal(deal: Record) -> tuple[str, datetime | None]:
    held = deal.properties
    if held.get("hs_is_closed_won") == "true":
        return "won", moment(held.get("closedate"))
    if held.get("hs_is_closed") == "true":
        return "lost", moment(held.get("closedate"))
    return "opportunity", moment(held.get("createdate"))


def _meeting(meeting: Record) -> tuple[str, datetime | None]:
    held = meeting.properties
    took_place = held.get("hs_meeting_outcome") == "COMPLETED"
    return ("meeting" if took_place else ""), moment(held.get("hs_meeting_start_time"))


async def _changed(
    api: HubSpot,
    kind: str,
    properties: Sequence[str],
    filters: Sequence[Mapping[str, Any]] = (),
    *,
    first: Sequence[Sequence[Mapping[str, Any]]] = (),
) -> AsyncIterator[Record]:
    """Yield what changed since the place of this kind, the oldest first, and move the place on.

    Without a place these are the ``first`` groups, or what changed in the last 30 days. What one search
    can't hold is left for the next reading.
    """
    place = moment((api.delivery.state.get("read") or {}).get(kind))
    since = (place or api.delivery.now - _FIRST) - _OVERLAP
    recent = {"propertyName": _CHANGED, "operator": "GTE", "value": str(int(since.timestamp() * 1000))}
    groups = first if first and place is None else [[*filters, recent]]
    latest, count = since, 0
    async for page in api.search(kind, groups, properties, [_CHANGED]):
        for record in page:
            yield record
        count += len(page)
        latest = max([latest, *(at for record in page if (at := _changed_at(record)))])
        _move(api, kind, max(latest, place or latest))
    if count >= MOST_FOUND:  # there is more: go on from here, without looking back
        _move(api, kind, latest + _OVERLAP + (_STEP if latest <= since else timedelta(0)))


def _move(api: HubSpot, kind: str, place: datetime) -> None:
    """Note how far a kind was read."""
    api.delivery.state["read"] = {**(api.delivery.state.get("read") or {}), kind: place.isoformat()}


def _changed_at(record: Record) -> datetime | None:
    return moment(record.properties.get(_CHANGED)) or record.changed_at


def _at(record: Record, api: HubSpot) -> datetime:
    return _changed_at(record) or api.delivery.now


async def _owners(api: HubSpot, ours: Mapping[str, str]) -> dict[str, str]:
    """Return the owner by HubSpot's id: our own name of them, else their e-mail address."""
    try:
        theirs = await api.owners()
    except ExportRefused:
        theirs = {}
    return {**theirs, **{number: name for name, number in ours.items()}}

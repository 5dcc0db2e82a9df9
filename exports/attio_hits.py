"""What of ours Attio has already: companies by domain and name, notes and tasks by their mark."""

from collections.abc import Sequence
from typing import Any, Final

from earmark.contract import Wanted
from exports.attio_calls import Attio, Record, dicts, id_in, is_id
from exports.company import by_ref, words

__all__ = ["by_domain", "by_name", "members_of", "row_of"]

_MOST_ASKED: Final = 50


async def by_domain(api: Attio, wanted: Sequence[Wanted]) -> dict[str, Record]:
    """Return the companies of any of these domains, by our key."""
    domains = sorted({domain for one in wanted for domain in one.domains})
    holders: dict[str, Record] = {}
    for start in range(0, len(domains), _MOST_ASKED):
        some = domains[start : start + _MOST_ASKED]
        asked = {"$or": [{"domains": {"domain": {"$eq": each}}} for each in some]}
        async for record in api.query("companies", asked):
            holders |= {words(domain).lower(): record for domain in record.values.get("domains") or ()}
    hits = {one.key: [holders[each] for each in one.domains if each in holders] for one in wanted}
    return {key: records[0] for key, records in hits.items() if records}


async def by_name(api: Attio, wanted: Sequence[Wanted]) -> dict[str, Record]:
    """Return companies of exactly this name, where there is one only and no domain tells another."""
    names = sorted({name for one in wanted for name in one.names})
    records: list[Record] = []
    for start in range(0, len(names), _MOST_ASKED):
        asked = {"name": {"$in": names[start : start + _MOST_ASKED]}}
        records += [record async for record in api.query("companies", asked)]
    hits: dict[str, Record] = {}
    for one in wanted:
        same = [record for record in records if record.values.get("name") in one.names]
        if len(same) == 1 and not (one.domains and same[0].values.get("domains")):
            hits[one.key] = same[0]
    return hits


async def members_of(api: Attio) -> dict[str, str]:
    """Return the e-mail address of each member by id."""
    told = await api.told("GET", "/v2/workspace_members")
    return {
        id_in(one, "workspace_member_id"): words(one.get("email_address")).lower()
        for one in dicts(told.get("data"))
    }


async def row_of(api: Attio, one: Wanted, company: str | None) -> dict[str, Any] | None:
    """Return a note or task by its id, or by its mark among those of the company: the oldest of them."""
    if is_id(one.crm_id):
        found = await api.ask("GET", f"/v2/{one.object}s/{one.crm_id}")
        data = (found or {}).get("data")
        if isinstance(data, dict):
            return data
    if company is None:
        return None
    if one.object == "note":
        params, most = {"parent_object": "companies", "parent_record_id": company}, 50
    else:
        params, most = {"linked_object": "companies", "linked_record_id": company}, 500
    rows = [row async for row in api.listed(f"/v2/{one.object}s", params, most)]
    rows.sort(key=lambda row: words(row.get("created_at")))
    texts = {str(place): row.get("content_plaintext") for place, row in enumerate(rows)}
    place = by_ref(texts).get(one.key)
    return rows[int(place)] if place is not None else None

"""What of ours HubSpot has already: companies by domain and name, notes and tasks by their mark."""

from collections.abc import Mapping, Sequence
from typing import Final

from earmark.contract import Found, Wanted
from earmark.errors import ExportRejected
from exports.company import KEY, by_ref, held
from exports.hubspot_calls import MOST_AT_ONCE, HubSpot, Record, chunks

__all__ = ["BODIES", "by_domain", "by_name", "pinned"]

BODIES: Final = {"note": "hs_note_body", "task": "hs_task_body"}
"""The property that holds the text of each, and with it our mark."""

_MOST_GROUPS: Final = 5
_ADDITIONAL: Final = "hs_additional_domains"
_PLURALS: Final = {"note": "notes", "task": "tasks"}


async def by_domain(api: HubSpot, wanted: Sequence[Wanted], properties: Sequence[str]) -> dict[str, Record]:
    """Return the companies of these domains, by our key; of several the one that is ours, or the oldest."""
    domains = sorted({domain.lower() for one in wanted for domain in one.domains})
    records = await _with_any(api, "domain", domains, properties)
    hits = _chosen(wanted, records)
    rest = [one for one in wanted if one.key not in hits]
    others = sorted({domain.lower() for one in rest for domain in one.domains})
    return hits | _chosen(rest, await _with_additional(api, others, properties))


async def by_name(api: HubSpot, wanted: Sequence[Wanted], properties: Sequence[str]) -> dict[str, Record]:
    """Return companies of exactly this name, by our key: there must be one only, and no domain against it."""
    names = sorted({name.lower() for one in wanted for name in one.names})
    records = await _with_any(api, "name", names, properties)
    hits: dict[str, Record] = {}
    for one in wanted:
        called = {name.casefold() for name in one.names}
        same = [record for record in records if record.properties.get("name", "").casefold() in called]
        if len(same) == 1 and not (one.domains and same[0].properties.get("domain")):
            hits[one.key] = same[0]
    return hits


async def pinned(
    api: HubSpot, name: str, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]
) -> dict[tuple[str, str], Found]:
    """Return the notes (or tasks) that there are: by id, else by their mark on what the company has."""
    properties = sorted({BODIES[name], *(field for one in wanted for field in (*one.fields, *one.blanks))})
    known = [one.crm_id for one in wanted if one.crm_id and one.crm_id.isdigit()]
    records = {record.id: record for record in await api.read(_PLURALS[name], known, properties)}
    hits = {one.key: records[one.crm_id] for one in wanted if one.crm_id in records}
    sought: dict[str, str] = {}
    for one in wanted:
        above = found.get(("company", one.parent or ""))
        if one.key not in hits and above is not None:
            sought[one.key] = above.remote_id
    companies = list(dict.fromkeys(sought.values()))
    hits |= await _marked(api, name, companies, set(sought), properties)
    return {
        (name, one.key): Found(
            remote_id=hits[one.key].id, fields=held({**one.blanks, **one.fields}, hits[one.key].properties)
        )
        for one in wanted
        if one.key in hits
    }


async def _marked(
    api: HubSpot, name: str, companies: Sequence[str], refs: set[str], properties: Sequence[str]
) -> dict[str, Record]:
    """Return what hangs on companies with these marks, the newest looked at first, until all are found."""
    there = await api.associated_with("companies", companies, _PLURALS[name])
    ids = sorted(there, key=_age, reverse=True)
    hits: dict[str, Record] = {}
    for some in chunks(ids, MOST_AT_ONCE):
        records = {record.id: record for record in await api.read(_PLURALS[name], some, properties)}
        texts = {each: records[each].properties.get(BODIES[name]) for each in sorted(records, key=_age)}
        hits |= {ref: records[each] for ref, each in by_ref(texts).items() if ref in refs}
        if refs <= hits.keys():
            break
    return hits


async def _with_any(
    api: HubSpot, name: str, values: Sequence[str], properties: Sequence[str]
) -> list[Record]:
    """Return the companies with one of these values; HubSpot compares with lower-case ones only."""
    records: list[Record] = []
    for some in chunks(values, MOST_AT_ONCE):
        is_one = {"propertyName": name, "operator": "IN", "values": list(some)}
        async for page in api.search("companies", [[is_one]], properties):
            records += page
    return records


async def _with_additional(api: HubSpot, domains: Sequence[str], properties: Sequence[str]) -> list[Record]:
    """Return the companies that have one of these as a further domain; none where that can't be asked."""
    records: list[Record] = []
    for some in chunks(domains, _MOST_GROUPS):
        groups = [
            [{"propertyName": _ADDITIONAL, "operator": "CONTAINS_TOKEN", "value": each}] for each in some
        ]
        try:
            async for page in api.search("companies", groups, properties):
                records += page
        except ExportRejected:
            return records
    return records


def _chosen(wanted: Sequence[Wanted], records: Sequence[Record]) -> dict[str, Record]:
    by_name_of_domain: dict[str, list[Record]] = {}
    for record in records:
        for domain in _domains(record):
            by_name_of_domain.setdefault(domain, []).append(record)
    hits: dict[str, Record] = {}
    for one in wanted:
        theirs = [record for domain in one.domains for record in by_name_of_domain.get(domain.lower(), ())]
        if theirs:
            hits[one.key] = min(theirs, key=lambda record: _preference(record, one.key))
    return hits


def _preference(record: Record, key: str) -> tuple[bool, bool, int]:
    holder = record.properties.get(KEY)
    return holder != key, holder is not None, _age(record.id)


def _domains(record: Record) -> list[str]:
    values = (record.properties.get("domain", ""), *record.properties.get(_ADDITIONAL, "").split(";"))
    return [value.strip().lower() for value in values if value.strip()]


def _age(remote_id: str) -> int:
    """Return the place of an object in the order in which they were made."""
    return int(remote_id) if remote_id.isdigit() else 0

"""Crunchbase: funding rounds from exported CSV files, or from the API where the user has a licence."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from earmark.contract import Page, Poll, SecretOption, Source
from earmark.errors import SourceChanged
from earmark.types import Event, Hint, HintKind
from sources.dates import read_date
from sources.dropfolder import Batch, Folder, events_in
from sources.entries import address, line
from sources.forum import secret_of
from sources.records import Record, csv_records, plain, value_of

__all__ = ["CrunchbaseSource", "read_export"]

_HOST = "https://api.crunchbase.com"
_PAGE = 100
_CLOCK_SKEW = timedelta(days=1)
_MOST_LEFT_OUT = 50
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "company": ("organization name", "company name", "company", "organisation name"),
    "link": ("transaction name url", "funding round url", "transaction url"),
    "name": ("transaction name", "funding round name", "funding round"),
    "company_link": ("organization name url", "company url"),
    "round": ("funding type", "investment type", "round"),
    "amount": ("money raised", "amount raised", "amount"),
    "currency": ("money raised currency", "currency"),
    "dollars": ("money raised in usd", "money raised currency in usd", "amount raised in usd"),
    "date": ("announced date", "announced on", "date"),
    "lead": ("lead investors", "lead investor"),
    "investors": ("investor names", "investors"),
    "website": ("organization website", "website", "company website"),
    "place": ("organization location", "headquarters location", "location"),
    "industries": ("organization industries", "industries"),
    "about": ("organization description", "description"),
}
_FIELDS = (
    *("identifier", "announced_on", "investment_type", "money_raised", "funded_organization_identifier"),
    *("lead_investor_identifiers", "num_investors", "updated_at"),
)
_NO_NAME = re.compile(r"\b(?:series )?unknown\b|\bundisclosed\b", re.IGNORECASE)
_PRETTY = {"series_unknown": "Venture - Series Unknown", "post_ipo_equity": "Post-IPO Equity"}


class CrunchbaseSource(Source):
    """Funding rounds from Crunchbase exports in a folder, or from its licensed API."""

    kind: ClassVar[str] = "crunchbase"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    auth: ClassVar[str] = "none for exports; a licensed API key for searches"
    terms: ClassVar[str] = "Your Crunchbase licence decides how exports and API data may be used and shown."
    shows: ClassVar[tuple[str, ...]] = (
        *("funding_seed", "funding_early", "funding_growth", "funding_debt_grant"),
    )

    path: Folder | None = Field(None, description="The folder in which you put exported CSV files.")
    columns: dict[str, str] = Field(
        {},
        description="Columns with other names than usual, such as {date = 'Announced'}; the fields are "
        f"{', '.join(_COLUMNS)}.",
    )
    key: SecretOption | None = Field(None, description="The API key, as env:NAME, to ask the API instead.")
    since: timedelta = Field(
        timedelta(days=14), gt=timedelta(0), description="How far back the API is asked, by announced date."
    )
    types: tuple[str, ...] = Field(
        (), description="Only these types of round, as the API writes them, such as 'series_a'."
    )
    pages: int = Field(5, ge=1, le=20, description="Pages of 100 rounds to ask the API for, at most.")

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.path is None) == (self.key is None):
            raise ValueError("give either path (a folder of CSV exports) or key (of the API)")
        unknown = sorted(self.columns.keys() - _COLUMNS.keys())
        if unknown:
            raise ValueError(f"columns has no field '{unknown[0]}'; its fields are {', '.join(_COLUMNS)}")
        return self

    @property
    def requests(self) -> int:
        """How many requests one poll makes as a rule: none for a folder."""
        return 0 if self.path is not None else 1

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the rounds of new files, or those that the API lists, newest first."""
        if self.path is not None:
            names = {**_COLUMNS, **{name: (plain(column),) for name, column in self.columns.items()}}
            async for event in events_in(poll, self.path, ("*.csv", "*.CSV"), read_export, names, poll.now):
                yield event
            return
        seen: set[str] = set()
        after: str | None = None
        for _ in range(self.pages):
            entities = _entities(await self._search(poll, after))
            fresh = {_uuid(entity): entity for entity in entities if _uuid(entity) not in seen}
            for entity in fresh.values():
                found = _event(_api_record(entity), poll.now)
                if found is not None:
                    yield found
            seen |= fresh.keys()
            after = _uuid(entities[-1]) if entities else None
            if len(entities) < _PAGE or not fresh:  # the last page, or a loop
                return

    async def _search(self, poll: Poll, after: str | None) -> Page:
        assert self.key is not None  # noqa: S101 - the validator saw to it
        first = (poll.now - self.since).date().isoformat()
        asked: list[dict[str, Any]] = [
            {"type": "predicate", "field_id": "announced_on", "operator_id": "gte", "values": [first]}
        ]
        if self.types:
            asked.append(
                {
                    "type": "predicate",
                    "field_id": "investment_type",
                    "operator_id": "includes",
                    "values": list(self.types),
                }
            )
        body = {
            "field_ids": list(_FIELDS),
            "order": [{"field_id": "announced_on", "sort": "desc"}],
            "query": asked,
            "limit": _PAGE,
        }
        return await poll.post(
            f"{str(self.base_url or _HOST).rstrip('/')}/api/v4/searches/funding_rounds",
            json=body | ({"after_id": after} if after else {}),
            headers={"X-cb-user-key": secret_of(self.key)},
        )


def read_export(body: bytes, names: Mapping[str, Sequence[str]], now: datetime) -> Batch:
    """Return the rounds of an exported CSV file; a row that names no company is left out."""
    records = [_named(record, names) for record in csv_records(body)]
    if not any("company" in record for record in records):
        known = ", ".join(next(iter(csv_records(body)), {})) or "none"
        raise SourceChanged(
            f"It has no column for the company's name, or no rows. Its columns are: {known[:300]}. Export "
            "funding rounds with 'Organization Name', or name the column with the option columns."
        )
    events: dict[str, Event] = {}
    left_out: list[str] = []
    for number, record in enumerate(records, start=1):
        event = _event(record, now)
        if event is None:
            left_out.append(f"row {number} names no company, or no round")
        else:
            events.setdefault(event.external_id, event)
    return Batch(tuple(events.values()), tuple(left_out[:_MOST_LEFT_OUT]))


def _named(record: Record, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    found = {name: value_of(record, columns) for name, columns in names.items()}
    return {name: value for name, value in found.items() if value}


def _event(record: Mapping[str, str], now: datetime) -> Event | None:
    """Return the round as an event whose words say what the record says, and no more; None for no round."""
    company = line(record.get("company", ""))[:200]
    if not company or not {"round", "amount", "name", "link"} & record.keys():
        return None
    date = read_date(record.get("date"))
    title = f"{company} {_raised(record)}"
    said = [f"{title}.", *_about(record, company)]
    named = "|".join((company, record.get("round", ""), record.get("date", "")))
    return Event(
        external_id=address(record.get("link")) or record.get("id") or named,
        title=title,
        url=address(record.get("link")) or address(record.get("company_link")),
        text=" ".join(said),
        publisher="Crunchbase",
        published_at=date if date is not None and date <= now + _CLOCK_SKEW else None,
        language="en",
        hints=_hints(record, company),
    )


def _raised(record: Mapping[str, str]) -> str:
    kind = line(record.get("round", ""))[:80]
    if _NO_NAME.search(kind):
        kind = "venture funding round" if "venture" in kind.lower() else ""
    amount = _amount(record)
    if kind.lower() == "grant":
        giver = line(record.get("lead") or record.get("investors", ""))[:300]
        return f"received a grant{f' from {giver}' if giver else ''}{f': {amount}' if amount else ''}"
    if "debt" in kind.lower():
        return f"raised debt financing{f' of {amount}' if amount else ''}{_led(record)}"
    named = kind if not kind or kind.lower().endswith("round") else f"{kind} round"
    article = "an" if named[:1].upper() in {"A", "E", "I", "O"} else "a"
    what = f"{article} {named or 'funding round'}"
    return f"raised {f'{amount} in ' if amount else ''}{what}{_led(record)}"


def _amount(record: Mapping[str, str]) -> str:
    """Return the money as it was raised; in dollars when only these are told with their currency."""
    for name, currency in (("amount", record.get("currency", "")), ("dollars", "USD")):
        value = _decimal(record.get(name, ""))
        if value is not None and re.fullmatch(r"[A-Z]{3}", currency.strip().upper()):
            digits = f"{value:,.2f}".removesuffix(".00")
            return f"{currency.strip().upper()} {digits}"
    return ""


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(re.sub(r"[,\s$€£]", "", text))
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value < Decimal(10) ** 13 else None


def _led(record: Mapping[str, str]) -> str:
    lead, others = record.get("lead", ""), record.get("investors", "")
    if lead:
        return f", led by {line(lead)[:300]}"
    return f" from {line(others)[:500]}" if others else ""


def _about(record: Mapping[str, str], company: str) -> list[str]:
    said = []
    if record.get("lead") and record.get("investors"):
        said.append(f"Investors: {line(record['investors'])[:500]}.")
    if record.get("place"):
        said.append(f"{company} is in {line(record['place'])[:200]}.")
    if record.get("industries"):
        said.append(f"Industries: {line(record['industries'])[:300]}.")
    if record.get("about"):
        said.append(line(record["about"])[:1_000])
    return said


def _hints(record: Mapping[str, str], company: str) -> tuple[Hint, ...]:
    name = Hint(kind=HintKind.NAME, value=company, strength=0.9)
    site = record.get("website", "")
    host = re.sub(r"^(?:https?://)?(?:www\.)?|[/?#].*$", "", site.strip().lower())
    if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", host):
        return (name,)
    return (Hint(kind=HintKind.DOMAIN, value=host, strength=1.0), name)


def _entities(page: Page) -> list[dict[str, Any]]:
    data = page.json()
    entities = data.get("entities") if isinstance(data, dict) else None
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise SourceChanged(
            "Crunchbase answered, but not with a list of funding rounds. Check that the key's licence covers "
            "the search API, and that base_url is its host."
        )
    return entities


def _uuid(entity: Mapping[str, Any]) -> str:
    told = entity.get("properties")
    name = entity.get("uuid") or (_part(told.get("identifier"), "uuid") if isinstance(told, dict) else "")
    return str(name or line(str(told)))[:200]  # without an id, what it says is what it is


def _api_record(entity: Mapping[str, Any]) -> dict[str, str]:
    """Return an entity of the API under the names of our fields; what is absent or odd is left out."""
    told = entity.get("properties")
    properties = told if isinstance(told, dict) else {}
    money = properties.get("money_raised")
    kind = properties.get("investment_type")
    link = _part(properties.get("identifier"), "permalink")
    leads = properties.get("lead_investor_identifiers")
    found = {
        "id": _uuid(entity),
        "company": _part(properties.get("funded_organization_identifier"), "value"),
        "link": f"https://www.crunchbase.com/funding_round/{link}" if re.fullmatch(r"[\w-]+", link) else "",
        "round": _PRETTY.get(kind, kind.replace("_", " ").title()) if isinstance(kind, str) else "",
        "amount": _part(money, "value"),
        "currency": _part(money, "currency"),
        "dollars": _part(money, "value_usd"),
        "date": _part({"value": properties.get("announced_on")}, "value"),
        "lead": ", ".join(filter(None, (_part(each, "value") for each in leads)))
        if isinstance(leads, list)
        else "",
    }
    return {name: value for name, value in found.items() if value}


def _part(value: Any, name: str) -> str:
    inner = value.get(name) if isinstance(value, dict) else None
    return line(str(inner)) if isinstance(inner, str | int | float) and not isinstance(inner, bool) else ""

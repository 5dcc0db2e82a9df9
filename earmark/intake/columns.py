"""Which column of an account file means what: guessed from its header, shown to the user."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["SEVERAL", "Columns", "known_in", "names_companies", "read_header"]

SEVERAL: Final = frozenset({"domains", "aliases", "not_aliases", "tickers"})
"""Fields that take the values of more than one column, and of more than one value in a cell."""

# Header variants by field, best first, as ``_plain`` writes them.
_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "id": ("account id", "earmark id", "earmark account key", "account key", "external id", "id", "key"),
    "name": (
        *("account name", "company name", "organization name", "organisation name", "name", "company"),
        *("organization", "organisation", "account", "record", "business name", "legal name", "firm"),
        *("firma", "firmenname", "unternehmen", "entreprise", "societe", "empresa"),
    ),
    "domains": (
        *("domain", "domains", "company domain name", "company domain", "account domain", "email domain"),
        *("website", "website url", "web site", "company website", "organization website", "account website"),
        *("url", "company url", "homepage", "home page", "web", "web address", "webseite", "site web"),
        *("additional domains", "hs additional domains", "email", "e mail", "company email"),
    ),
    "aliases": (
        *("aliases", "alias", "also known as", "aka", "other names", "former names", "former name", "dba"),
        *("trade name", "trading name", "brand", "brands"),
    ),
    "not_aliases": ("not aliases", "not alias"),
    "tickers": ("ticker", "tickers", "ticker symbol", "stock symbol", "stock ticker"),
    "tier": ("tier", "account tier", "target tier", "ideal customer profile tier", "icp tier"),
    "owner": ("owner", "company owner", "account owner", "organization owner", "record owner", "owner name"),
    "territory": ("territory", "sales territory", "account territory", "sales region", "region"),
    "industry": ("industry", "primary industry", "industries", "organization industry", "sector", "branche"),
    "size": (
        *("employees", "number of employees", "no of employees", "employee count", "headcount", "size"),
        *("company size", "employee range", "organization employee count"),
        *("organization number of employees", "mitarbeiter", "effectif"),
    ),
    "city": (
        *("city", "billing city", "company city", "hq city", "headquarters city", "town", "stadt", "ville"),
        *("organization city of address", "shipping city"),
    ),
    "country": (
        *("country", "country region", "billing country", "billing country region", "company country"),
        *("hq country", "headquarters country", "country code", "land", "pays"),
        *("organization country of address", "shipping country"),
    ),
}

# How a CRM's own export is told, and which column holds its id.
_CRM_IDS: Mapping[str, tuple[str, ...]] = {
    "hubspot": ("record id", "company id", "hs object id", "hubspot id", "hubspot company id"),
    "salesforce": ("account id 18", "18 digit account id", "account id", "id", "salesforce id", "sfdc id"),
    "pipedrive": ("organization id", "id", "pipedrive id"),
    "zoho": ("record id", "account id", "zoho id"),
    "attio": ("record id", "attio record id", "attio id"),
}
_NAMED_IDS: Mapping[str, str] = {
    plain: crm for crm, plains in _CRM_IDS.items() for plain in plains if plain.startswith((crm, "sfdc"))
}
_ALL: frozenset[str] = frozenset(plain for plains in _VARIANTS.values() for plain in plains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The meaning of each column: a field of Account, ``crm:NAME`` for an id, or ``extra``.

    ``crm`` names the CRM whose export it looks like; ``headers`` are unique and never empty.
    """

    crm: str | None
    headers: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def mapping(self) -> Mapping[str, str]:
        """Header → meaning, in the order of the file."""
        return MappingProxyType(dict(zip(self.headers, self.fields, strict=True)))

    def of(self, field: str) -> tuple[int, ...]:
        """Return the places of a field's columns."""
        return tuple(place for place, one in enumerate(self.fields) if one == field)


def read_header(cells: Sequence[str]) -> Columns:
    """Return what each column means."""
    plains = [_plain(cell) for cell in cells]
    crm = _crm_of(cells, frozenset(plains))
    fields = ["extra"] * len(cells)
    if crm:
        _take(fields, plains, f"crm:{crm}", _CRM_IDS[crm])
    for field, variants in _VARIANTS.items():
        _take(fields, plains, field, variants)
    for place, plain in enumerate(plains):
        if fields[place] == "extra" and plain in _NAMED_IDS:
            fields[place] = f"crm:{_NAMED_IDS[plain]}"
    return Columns(crm=crm, headers=_unique(cells), fields=tuple(fields))


def names_companies(cells: Sequence[str]) -> bool:
    """Return whether this can be the header: it has a column for the name or the domain."""
    return not {"name", "domains"}.isdisjoint(read_header(cells).fields)


def known_in(cells: Iterable[str]) -> int:
    """Return how many of these cells are headers that we know."""
    return sum(_plain(cell) in _ALL for cell in cells)


def _take(fields: list[str], plains: list[str], field: str, variants: Sequence[str]) -> None:
    """Give the field its column, the best variant first; a field of several takes all its columns."""
    for variant in variants:
        for place, plain in enumerate(plains):
            if plain == variant and fields[place] == "extra":
                fields[place] = field
                if field not in SEVERAL:
                    return


def _crm_of(cells: Sequence[str], plains: frozenset[str]) -> str | None:
    record, account = "record id" in plains, "account name" in plains
    sales = {"account owner", "parent account", "account id", "account id 18", "owner id", "type"}
    signs = {
        "pipedrive": any(cell.strip().startswith("Organization - ") for cell in cells),
        "hubspot": "company domain name" in plains or (record and plains & {"company name", "company owner"}),
        "zoho": account and (record or plains & {"account owner id", "created by id"}),
        "attio": record and plains & {"record", "domains", "parent record"},
        "salesforce": (account and plains & sales) or any(plain.startswith("billing ") for plain in plains),
    }
    return next((crm for crm, told in signs.items() if told), None)


def _plain(header: str) -> str:
    """``BillingCity``, ``billing_city`` and ``Billing City`` are one header; accents don't count."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.lstrip("\ufeff"))
    folded = unicodedata.normalize("NFKD", spaced).casefold()
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in folded if not unicodedata.combining(c))))


def _unique(cells: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.lstrip("\ufeff").split()) or f"column {place}"
        names.append(name if name not in names else f"{name} ({place})")
    return tuple(names)

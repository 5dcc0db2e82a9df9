"""Which headers name what, in files of accounts and in files of contacts: as CRMs write them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ACCOUNTS", "CONTACTS", "SUPPRESSIONS", "Form"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a file is about: its fields with their headers, best first, as ``plain_header`` writes them.

    ``ids`` are the headers of a CRM's own id; ``several`` are the fields that take more than one column, and
    more than one value of a cell. A header has one of ``needed``; ``wanted`` says which, in words.
    """

    what: str
    fields: Mapping[str, tuple[str, ...]]
    ids: Mapping[str, tuple[str, ...]]
    several: frozenset[str]
    needed: frozenset[str]
    wanted: str

    @property
    def headers(self) -> frozenset[str]:
        """All headers of all fields."""
        return frozenset(header for headers in self.fields.values() for header in headers)

    @property
    def named_ids(self) -> Mapping[str, str]:
        """The headers that name their CRM themselves."""
        return {
            header: crm
            for crm, headers in self.ids.items()
            for header in headers
            if header.startswith((crm, "sfdc"))
        }

    def crm_of(self, cells: Sequence[str], headers: Collection[str]) -> str | None:
        """Return the CRM whose export has such headers, or None."""
        return (
            _crm_of_contacts(cells, headers) if self.what == "contacts" else _crm_of_accounts(cells, headers)
        )


_ACCOUNT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
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
    "parent": (
        *("parent account", "parent account name", "parent company", "parent company name", "parent"),
        *("parent organization", "parent organisation", "parent record", "parent account id", "parent id"),
        *("parent company id", "parent company ids", "member of", "muttergesellschaft", "konzern"),
    ),
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
_ACCOUNT_IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "hubspot": ("record id", "company id", "hs object id", "hubspot id", "hubspot company id"),
    "salesforce": ("account id 18", "18 digit account id", "account id", "id", "salesforce id", "sfdc id"),
    "pipedrive": ("organization id", "id", "pipedrive id"),
    "zoho": ("record id", "account id", "zoho id"),
    "attio": ("record id", "attio record id", "attio id"),
}

_CONTACT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("earmark id", "earmark contact key", "contact key", "external id"),
    "name": ("full name", "contact name", "person name", "name", "person", "contact"),
    "first": ("first name", "given name", "person first name", "vorname", "prenom", "nombre"),
    "last": ("last name", "surname", "family name", "person last name", "nachname", "nom", "apellido"),
    "title": (
        *("job title", "title", "person job title", "contact job title", "position", "job role"),
        *("funktion", "jobtitel", "poste", "cargo"),
    ),
    "emails": (
        *("email", "e mail", "email address", "email addresses", "work email", "business email"),
        *("primary email", "contact email", "person email", "person email work", "person email home"),
        *("person email other", "additional email addresses"),
    ),
    "account": (
        *("account name", "company name", "organization name", "organisation name", "person organization"),
        *("associated company", "primary associated company", "account", "company", "organization"),
        *("organisation", "employer", "firma", "unternehmen", "entreprise", "empresa"),
    ),
    "domains": (
        *("company domain name", "company domain", "account domain", "domain", "account website"),
        *("company website", "website url", "website"),
    ),
    "relation": (
        *("relation", "relationship", "how we know them", "buying role", "contact role", "relationship type"),
        *("beziehung",),
    ),
    "since": (
        *("since", "known since", "contact since", "relationship since", "first met", "create date"),
        *("created date", "contact create date", "created at", "created time", "person contact created"),
        *("contact created", "person created", "created on", "record created"),
    ),
}
_CONTACT_IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "hubspot": ("record id", "contact id", "hs object id", "hubspot contact id", "hubspot id"),
    "salesforce": ("contact id 18", "18 digit contact id", "contact id", "id", "salesforce id", "sfdc id"),
    "pipedrive": ("person id", "id", "pipedrive id"),
    "zoho": ("record id", "contact id", "zoho id"),
    "attio": ("record id", "attio record id", "attio id"),
}
_CONTACT_ACCOUNT_IDS: Final = (
    *("account id 18", "account id", "associated company id", "associated company ids", "company id"),
    *("primary associated company id", "associated company record id"),
    *("person organization id", "organization id", "company record id", "account name id"),
)


def _crm_of_accounts(cells: Sequence[str], headers: Collection[str]) -> str | None:
    headers = frozenset(headers)
    record, account = "record id" in headers, "account name" in headers
    sales = {"account owner", "parent account", "account id", "account id 18", "owner id", "type"}
    signs = {
        "pipedrive": any(cell.strip().startswith("Organization - ") for cell in cells),
        "hubspot": "company domain name" in headers
        or (record and headers & {"company name", "company owner"}),
        "zoho": account and (record or headers & {"account owner id", "created by id"}),
        "attio": record and headers & {"record", "domains", "parent record"},
        "salesforce": (account and headers & sales) or any(each.startswith("billing ") for each in headers),
    }
    return next((crm for crm, told in signs.items() if told), None)


def _crm_of_contacts(cells: Sequence[str], headers: Collection[str]) -> str | None:
    headers = frozenset(headers)
    record, account = "record id" in headers, "account name" in headers
    sales = {"contact id", "contact id 18", "account id", "contact owner", "mailing city", "reports to"}
    hub = {"contact owner", "lead status", "associated company", "associated company ids", "lifecycle stage"}
    signs = {
        "pipedrive": any(cell.strip().startswith("Person - ") for cell in cells),
        "zoho": record and account,
        "hubspot": record and headers & (hub | {"first name"}),
        "attio": record and headers & {"email addresses", "person", "company record id"},
        "salesforce": account and headers & sales,
    }
    return next((crm for crm, told in signs.items() if told), None)


ACCOUNTS: Final = Form(
    what="accounts",
    fields=_ACCOUNT_FIELDS,
    ids=_ACCOUNT_IDS,
    several=frozenset({"domains", "aliases", "not_aliases", "tickers"}),
    needed=frozenset({"name", "domains"}),
    wanted="that names companies. It needs a header row with at least one of: name, company name, account "
    "name, domain, website",
)
"""A file of accounts."""

CONTACTS: Final = Form(
    what="contacts",
    fields={"account_id": _CONTACT_ACCOUNT_IDS, **_CONTACT_FIELDS},
    ids=_CONTACT_IDS,
    several=frozenset({"emails", "domains"}),
    needed=frozenset({"name", "first", "last", "emails"}),
    wanted="that names people. It needs a header row with at least one of: name, first name, last name, "
    "email",
)
"""A file of contacts: people, each at an account."""

_MAIL: Final = ("email", "e mail", "email address", "company email", "email domain")
SUPPRESSIONS: Final = Form(
    what="accounts",
    fields={
        "id": _ACCOUNT_FIELDS["id"],
        "name": _ACCOUNT_FIELDS["name"],
        "domains": tuple(each for each in _ACCOUNT_FIELDS["domains"] if each not in _MAIL),
        "emails": _MAIL,
        "reason": ("reason", "suppression reason", "why", "type", "status", "grund"),
        "until": ("until", "end date", "ends", "ends at", "expires", "expiry", "close date", "bis"),
    },
    ids=_ACCOUNT_IDS,
    several=frozenset({"domains", "emails"}),
    needed=frozenset({"id", "name", "domains", "emails", *(f"crm:{crm}" for crm in _ACCOUNT_IDS)}),
    wanted="that names accounts. It needs a header row with at least one of: account id, domain, email, name",
)
"""A list of whom nobody may contact."""

"""The CSV profiles: which columns each target reads, what a line of it is, and what bounds it has.

A header is an exact word of the target; a column says whether its text comes from outside (*fetched*).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

from exports import line as of
from exports.cells import cut, harmless, inert, plain
from exports.line import Line

__all__ = ["PROFILES", "Column", "Profile", "columns_of", "rows_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its header, where its value comes from, and how long it may be (UTF-16 units).

    ``fetched`` text is other people's; ``lines`` keeps its line breaks; a column ``if_known`` is left out
    when no line has a value for it.
    """

    header: str
    value: Callable[[Line], str]
    fetched: bool = False
    lines: bool = False
    longest: int = 32_000
    if_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one target reads as CSV.

    ``per`` is what a line stands for; ``crm`` names the CRM without whose id a line has no use; ``mail``
    asks for the contact's e-mail address; ``full`` takes every trigger, ended ones and conversations too;
    ``spreadsheet`` files begin with a byte order mark and hold nothing that runs; ``most`` is how many
    lines the target takes in one file.
    """

    name: str
    about: str
    per: Literal["account", "contact", "trigger"]
    columns: tuple[Column, ...]
    crm: str | None = None
    mail: bool = False
    full: bool = False
    spreadsheet: bool = False
    most: int | None = None


def columns_of(profile: Profile, lines: Iterable[Line]) -> tuple[Column, ...]:
    """Return the columns of a file: all but those that no line has a value for, where they may be absent."""
    chosen = list(lines)
    return tuple(one for one in profile.columns if not one.if_known or any(map(one.value, chosen)))


def rows_of(profile: Profile, columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[list[str]]:
    """Yield the cells of each line, one line at a time."""
    for line in lines:
        yield [_cell(column, line, spreadsheet=profile.spreadsheet) for column in columns]


def _cell(column: Column, line: Line, *, spreadsheet: bool) -> str:
    text = plain(column.value(line), lines=column.lines)
    if spreadsheet:
        return cut(inert(text), column.longest)
    return cut(harmless(text) if column.fetched else text, column.longest)


def _constant(text: str) -> Callable[[Line], str]:
    return lambda _: text


_WEBSITE: Final = Column(header="Website", value=of.domain)
_DESCRIPTION: Final = Column(header="Description", value=of.brief, fetched=True, lines=True)
_FULL: Final = (
    Column(header="trigger_id", value=of.trigger_id),
    Column(header="detected_at", value=of.detected_at),
    Column(header="published_at", value=of.published_on),
    Column(header="type", value=of.kind),
    Column(header="score", value=of.score),
    Column(header="stage", value=of.stage),
    Column(header="company", value=of.company),
    Column(header="domain", value=of.domain),
    Column(header="account_id", value=of.account_id),
    Column(header="crm_id", value=of.crm_ids),
    Column(header="owner", value=of.owner),
    Column(header="headline", value=of.headline, fetched=True),
    Column(header="evidence_quote", value=of.evidence, fetched=True),
    Column(header="source_name", value=of.publisher, fetched=True),
    Column(header="source_url", value=of.source_url, fetched=True),
    Column(header="why_now", value=of.why_now, fetched=True),
    Column(header="who", value=of.ask_for, fetched=True),
    Column(header="opener", value=of.opener, fetched=True),
    Column(header="status", value=of.state),
    Column(header="dismiss_reason", value=of.verdict),
)
_TRIGGERS: Final = Profile(
    name="triggers",
    about="every trigger with its evidence, also ended ones and conversations",
    per="trigger",
    full=True,
    columns=_FULL,
)

_ALL: Final = (
    Profile(
        name="hubspot-companies",
        about="HubSpot: companies with five properties of your own",
        per="account",
        columns=(
            Column(header="Record ID", value=partial(of.crm_id, crm="hubspot"), if_known=True),
            Column(header="Company name", value=of.company),
            Column(header="Company Domain Name", value=of.domain),
            Column(header="Company owner", value=of.owner),
            Column(header="Last trigger at", value=of.happened_on),
            Column(header="Trigger type", value=of.kind),
            Column(header="Trigger score", value=of.score),
            Column(header="Trigger summary", value=of.summary, fetched=True),
            Column(header="Trigger URL", value=of.source_url, fetched=True),
        ),
        most=500_000,
    ),
    Profile(
        name="salesforce-accounts",
        about="Salesforce: accounts, upserted by your external id Trigger_Key__c",
        per="account",
        columns=(
            Column(header="Trigger_Key__c", value=of.account_id, longest=255),
            Column(header="Name", value=of.company, longest=255),
            _WEBSITE,
            _DESCRIPTION,
            Column(header="Trigger_Score__c", value=of.score),
            Column(header="Trigger_Type__c", value=of.kind),
            Column(header="Last_Trigger_Date__c", value=of.happened_on),
        ),
        most=50_000,
    ),
    Profile(
        name="salesforce-leads",
        about="Salesforce: a lead for each of your contacts",
        per="contact",
        columns=(
            Column(header="LastName", value=of.last_name, longest=80),
            Column(header="Company", value=of.company, longest=255),
            _WEBSITE,
            Column(header="LeadSource", value=_constant("earmark")),
            _DESCRIPTION,
        ),
        most=50_000,
    ),
    Profile(
        name="salesforce-tasks",
        about="Salesforce: a task for each trigger, at accounts whose Salesforce id is known",
        per="trigger",
        crm="salesforce",
        columns=(
            Column(header="Subject", value=of.headline, fetched=True, longest=255),
            _DESCRIPTION,
            Column(header="ActivityDate", value=of.contact_by),
            Column(header="Status", value=_constant("Not Started")),
            Column(header="Priority", value=of.priority),
            Column(header="WhatId", value=partial(of.crm_id, crm="salesforce")),
        ),
        most=50_000,
    ),
    Profile(
        name="pipedrive-organizations",
        about="Pipedrive: organizations with a note",
        per="account",
        columns=(
            Column(header="Organization - Name", value=of.company),
            Column(header="Organization - Website", value=of.domain),
            Column(header="Note - Content", value=of.brief, fetched=True, lines=True),
        ),
        most=50_000,
    ),
    Profile(
        name="zoho-accounts",
        about="Zoho CRM: accounts",
        per="account",
        columns=(Column(header="Account_Name", value=of.company), _WEBSITE, _DESCRIPTION),
        most=25_000,
    ),
    Profile(
        name="attio-companies",
        about="Attio: companies, found by their domains",
        per="account",
        columns=(
            Column(header="Domains", value=of.domains),
            Column(header="Name", value=of.company),
            _DESCRIPTION,
        ),
    ),
    Profile(
        name="outreach-prospects",
        about="Outreach: your contacts, with opener, summary and link in Custom1 to Custom3",
        per="contact",
        mail=True,
        columns=(
            Column(header="Email", value=of.email),
            Column(header="First Name", value=of.first_name),
            Column(header="Last Name", value=of.last_name),
            Column(header="Title", value=of.job_title),
            Column(header="Company", value=of.company),
            _WEBSITE,
            Column(header="Custom1", value=of.opener, fetched=True),
            Column(header="Custom2", value=of.summary, fetched=True),
            Column(header="Custom3", value=of.source_url, fetched=True),
        ),
        most=100_000,
    ),
    Profile(
        name="instantly",
        about="Instantly: your contacts, with the opener as personalization",
        per="contact",
        mail=True,
        columns=(
            Column(header="email", value=of.email),
            Column(header="first_name", value=of.first_name),
            Column(header="last_name", value=of.last_name),
            Column(header="company_name", value=of.company),
            Column(header="website", value=of.domain),
            Column(header="job_title", value=of.job_title),
            Column(header="personalization", value=of.opener, fetched=True),
        ),
    ),
    Profile(
        name="lemlist",
        about="lemlist: your contacts, with the opener as icebreaker",
        per="contact",
        mail=True,
        columns=(
            Column(header="email", value=of.email),
            Column(header="firstName", value=of.first_name),
            Column(header="lastName", value=of.last_name),
            Column(header="companyName", value=of.company),
            Column(header="icebreaker", value=of.opener, fetched=True),
        ),
    ),
    _TRIGGERS,
    replace(
        _TRIGGERS,
        name="excel",
        about="the same as triggers, for a spreadsheet: nothing in it runs",
        spreadsheet=True,
        most=1_048_575,
    ),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({profile.name: profile for profile in _ALL})
"""Every profile by its name."""

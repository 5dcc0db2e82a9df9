"""Everything else: rows that another tool or a person drops into a folder, as CSV, JSON or JSON lines."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from earmark.contract import Poll, Source
from earmark.errors import SourceChanged
from earmark.intake.cells import domain_in
from earmark.types import Event, Fact, Hint, HintKind
from sources.dates import read_date
from sources.dropfolder import Batch, Folder, events_in
from sources.entries import address, line
from sources.html import text_of
from sources.records import Record, csv_records, json_records, plain, value_of

__all__ = ["InboxSource", "read_rows"]

Signal = Literal["demo_request", "reply", "form", "sign_up", "attendee", "comment"]

_PATTERNS = ("*.csv", "*.CSV", "*.json", "*.jsonl", "*.ndjson")
_CLOCK_SKEW = timedelta(days=1)
_MOST_LEFT_OUT = 50
_HEADLINE = 140
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "event id", "message id", "submission id", "external id", "webhook id", "uuid"),
    "signal": ("signal", "type", "event type", "event", "kind", "action"),
    "company": (
        *("company", "company name", "account", "account name", "organization", "organisation", "employer"),
        *("current company", "company.name", "person.company", "contact.company", "data.company"),
    ),
    "domain": (
        *("domain", "company domain", "website", "company website", "company.domain", "company.website"),
        *("email", "e mail", "work email", "email address", "person.email", "contact.email", "data.email"),
    ),
    "person": (
        *("person", "full name", "name", "contact", "contact name", "attendee", "commenter", "author"),
        *("person.name", "contact.name", "data.name", "user.name"),
    ),
    "first_name": ("first name", "firstname", "given name", "person.first name", "contact.first name"),
    "last_name": ("last name", "lastname", "surname", "family name", "person.last name", "contact.last name"),
    "role": ("job title", "position", "role", "occupation", "headline", "person.title", "contact.title"),
    "title": ("title", "subject", "event name", "webinar", "post title", "data.title"),
    "text": ("text", "message", "comment", "body", "content", "description", "notes", "data.message"),
    "url": ("url", "link", "page", "page url", "post url", "permalink", "data.url"),
    "time": (
        *("time", "timestamp", "date", "created at", "occurred at", "submitted at", "received at", "created"),
        *("registered at", "registration date", "datetime", "data.created at"),
    ),
    "publisher": ("publisher", "tool", "source"),
}
_SAYINGS: Mapping[Signal, str] = {
    "demo_request": "asked for a demo",
    "reply": "replied",
    "form": "filled in a form",
    "sign_up": "signed up",
    "attendee": "is going to an event",
    "comment": "commented",
}
_MEANINGS: tuple[tuple[re.Pattern[str], Signal], ...] = (
    (re.compile(r"\b(?:demo|meeting)\b"), "demo_request"),
    (re.compile(r"\brepl(?:y|ied)\b"), "reply"),
    (re.compile(r"\bsign(?:ed)? ?up\b|\bsignup\b|\btrial\b"), "sign_up"),
    (re.compile(r"\battend|\bregist|\brsvp\b|\bgoing\b"), "attendee"),
    (re.compile(r"\bcomment"), "comment"),
    (re.compile(r"\bform\b|\bsubmission\b|\bcontact us\b"), "form"),
)


class InboxSource(Source):
    """Rows of CSV, JSON and JSON lines files in a folder: engagement signals, and any tool's export."""

    kind: ClassVar[str] = "inbox"
    floor: ClassVar[timedelta] = timedelta(minutes=1)
    terms: ClassVar[str] = "Your own records. Drop in only what you may keep of the people named in them."
    shows: ClassVar[tuple[str, ...]] = ("demo_requested", "replied", "engaged")

    path: Folder = Field(description="The folder in which the files are put.")
    signal: Signal | None = Field(
        None, description="What every row is, if its file doesn't say: such as 'demo_request' or 'attendee'."
    )
    fields: dict[str, str] = Field(
        {},
        description="Columns with other names than usual, such as {company = 'lead.org'}; dots reach into "
        f"objects. The fields are {', '.join(_FIELDS)}.",
    )

    @model_validator(mode="after")
    def _knows_its_fields(self) -> Self:
        unknown = sorted(self.fields.keys() - _FIELDS.keys())
        if unknown:
            raise ValueError(f"fields has no '{unknown[0]}'; it takes {', '.join(_FIELDS)}")
        return self

    @property
    def requests(self) -> int:
        """How many requests one poll makes: none."""
        return 0

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the rows of new and changed files."""
        names = {**_FIELDS, **{name: (plain(column),) for name, column in self.fields.items()}}
        async for event in events_in(
            poll, self.path, _PATTERNS, read_rows, names, self.signal, self.language, poll.now
        ):
            yield event


def read_rows(
    body: bytes,
    names: Mapping[str, Sequence[str]],
    signal: Signal | None,
    language: str | None,
    now: datetime,
) -> Batch:
    """Return the rows of a file as events; one that says nothing about anybody is left out."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    records = json_records(body) if start in (b"{", b"[") else csv_records(body)
    events: dict[str, Event] = {}
    left_out: list[str] = []
    for number, record in enumerate(records, start=1):
        said = {name: value for name, known in names.items() if (value := value_of(record, known))}
        event = _event(said, record, signal, language, now)
        if event is None:
            left_out.append(f"row {number} names no company, person, title or text")
        else:
            events[event.external_id] = event
    if not events:
        columns = ", ".join(next(iter(records), {})) or "none"
        raise SourceChanged(
            f"No row of it says who did what. Its columns are: {columns[:300]}. Name them with the option "
            "fields, such as company = 'Employer'."
        )
    return Batch(tuple(events.values()), tuple(left_out[:_MOST_LEFT_OUT]))


def _event(
    said: Mapping[str, str], record: Record, signal: Signal | None, language: str | None, now: datetime
) -> Event | None:
    who = _who(said)
    meant = _signal(said.get("signal", "")) or signal
    title = _title(said, who, meant)
    if not title:
        return None
    happened = _moment(said.get("time", ""))
    row = json.dumps(dict(record), sort_keys=True, ensure_ascii=False)
    return Event(
        external_id=line(said.get("id", ""))[:500] or hashlib.sha256(row.encode()).hexdigest()[:32],
        title=title,
        url=address(said.get("url")),
        text=text_of(said.get("text", "")),
        author=_person(said) or None,
        publisher=line(said.get("publisher", ""))[:200] or None,
        occurred_at=happened if happened is not None and happened <= now + _CLOCK_SKEW else None,
        language=language,
        hints=_hints(said),
        facts=(Fact(key="signal", value=meant),) if meant else (),
    )


def _title(said: Mapping[str, str], who: str, signal: Signal | None) -> str:
    about = line(text_of(said.get("title", "")))[:300]
    if signal and who:
        return f"{who} {_SAYINGS[signal]}{f': {about}' if about else ''}"
    about = (
        about or line(text_of(said.get("text", "")))[:_HEADLINE].strip() or line(said.get("signal", ""))[:80]
    )
    return f"{who}: {about}" if who and about else about


def _who(said: Mapping[str, str]) -> str:
    person, company, role = (
        _person(said),
        line(said.get("company", ""))[:200],
        line(said.get("role", ""))[:150],
    )
    if person and role:
        person = f"{person} ({role})"
    if person and company:
        return f"{person} of {company}"
    return person or (f"Somebody at {company}" if company else "")


def _person(said: Mapping[str, str]) -> str:
    name = said.get("person") or f"{said.get('first_name', '')} {said.get('last_name', '')}"
    return "" if "@" in name else line(name)[:150]  # an address is no name, and stays out of texts


def _signal(words: str) -> Signal | None:
    named = plain(words)
    return next((signal for meaning, signal in _MEANINGS if meaning.search(named)), None)


def _moment(text: str) -> datetime | None:
    """Read a date as pages write it, or as seconds or milliseconds since 1970."""
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    return read_date(text)


def _hints(said: Mapping[str, str]) -> tuple[Hint, ...]:
    company = line(said.get("company", ""))[:200]
    domain, _ = domain_in(said.get("domain", "")[:500], company)
    found = [(HintKind.DOMAIN, domain or "", 1.0), (HintKind.NAME, company, 0.9)]
    return tuple(Hint(kind=kind, value=value, strength=strength) for kind, value, strength in found if value)

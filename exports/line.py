"""What one line of an export is made from, and the plain values that its columns hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earmark.types import Account, Contact, Note, Sentence, Trigger

__all__ = [
    "Line",
    "account_id",
    "ask_for",
    "brief",
    "company",
    "contact_by",
    "crm_id",
    "crm_ids",
    "detected_at",
    "domain",
    "domains",
    "email",
    "evidence",
    "first_name",
    "happened_on",
    "headline",
    "job_title",
    "kind",
    "last_name",
    "opener",
    "owner",
    "priority",
    "published_on",
    "publisher",
    "score",
    "source_url",
    "stage",
    "state",
    "summary",
    "trigger_id",
    "verdict",
    "why_now",
]

_URGENT: Final = 50
_BRIEFED: Final = ("why_now", "evidence", "fit", "who", "talk", "opener", "next")
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A trigger, its account, and the contact to write to where the profile is one of persons.

    ``score`` is 0 to 100 as of the day; ``verdict`` says why a trigger was dismissed, if it was.
    """

    trigger: Trigger
    account: Account | None
    score: float
    contact: Contact | None = None
    verdict: str = ""


def account_id(line: Line) -> str:
    """Return the id of the account, by which a later file finds it again."""
    return line.account.id if line.account else ""


def company(line: Line) -> str:
    """Return the name of the account as the user's list has it."""
    return line.account.name if line.account else ""


def domain(line: Line) -> str:
    """Return the first domain of the account, bare and in lower case."""
    return next(_domains(line), "")


def domains(line: Line) -> str:
    """Return every domain of the account, bare, with ``;`` between."""
    return ";".join(dict.fromkeys(_domains(line)))


def owner(line: Line) -> str:
    """Return who owns the account."""
    return (line.account.owner if line.account else None) or ""


def stage(line: Line) -> str:
    """Return the stage of the account."""
    return line.account.stage.value if line.account else ""


def crm_id(line: Line, crm: str) -> str:
    """Return the id that a CRM gave the account, or an empty text."""
    return line.account.crm_ids.get(crm, "") if line.account else ""


def crm_ids(line: Line) -> str:
    """Return every id that a CRM gave the account, as ``crm:id`` with ``;`` between."""
    held = line.account.crm_ids if line.account else {}
    return ";".join(f"{crm}:{number}" for crm, number in sorted(held.items()))


def trigger_id(line: Line) -> str:
    """Return the id of the trigger."""
    return line.trigger.id


def kind(line: Line) -> str:
    """Return the kind of the trigger, as the reference lists it."""
    return line.trigger.kind


def state(line: Line) -> str:
    """Return what became of the trigger."""
    return line.trigger.state.value


def verdict(line: Line) -> str:
    """Return why the trigger was dismissed."""
    return line.verdict


def score(line: Line) -> str:
    """Return the score as a number with one decimal."""
    return f"{line.score:.1f}"


def priority(line: Line) -> str:
    """Return High or Normal, by the score."""
    return "High" if line.score >= _URGENT else "Normal"


def detected_at(line: Line) -> str:
    """Return when earmark found the trigger: ISO 8601, UTC."""
    return f"{line.trigger.created_at:%Y-%m-%dT%H:%M:%SZ}"


def published_on(line: Line) -> str:
    """Return the day on which it happened or was published; empty when nobody gives a date."""
    return "" if line.trigger.undated else _day(line.trigger.decays_from)


def happened_on(line: Line) -> str:
    """Return that day, or the day on which earmark found the trigger."""
    return published_on(line) or _day(line.trigger.created_at)


def contact_by(line: Line) -> str:
    """Return the last day of the time to make contact."""
    return _day(line.trigger.closes_at)


def headline(line: Line) -> str:
    """Return who did what, in one line."""
    return line.trigger.note.headline if line.trigger.note else ""


def why_now(line: Line) -> str:
    """Return why this is a reason to act now."""
    return " ".join(_texts(line, "why_now"))


def summary(line: Line) -> str:
    """Return who did what and why it counts now, in one line."""
    reason = why_now(line)
    if reason.startswith("It ") and company(line):
        return company(line) + reason.removeprefix("It")
    return ". ".join(part for part in (headline(line), reason) if part)


def evidence(line: Line) -> str:
    """Return the words that prove it, or that they were removed."""
    told = list(_sentences(line.trigger.note, "evidence"))
    quotes = [span.quote for one in told for span in one.spans if span.field in ("title", "text")]
    return next(iter(quotes or [one.text for one in told]), "")


def publisher(line: Line) -> str:
    """Return who published the evidence."""
    return _cited(line, "publisher")


def source_url(line: Line) -> str:
    """Return the web address of the evidence; empty when it has none."""
    link = _cited(line, "url")
    return link if link.lower().startswith(("http://", "https://")) else ""


def ask_for(line: Line) -> str:
    """Return whom to talk to."""
    return "; ".join(_texts(line, "who"))


def opener(line: Line) -> str:
    """Return the first words of a message."""
    return " ".join(_texts(line, "opener"))


def brief(line: Line) -> str:
    """Return the note as plain text, a sentence a line; the last line holds the id of the trigger."""
    sections = (text for section in _BRIEFED for text in _texts(line, section))
    return "\n".join([*filter(None, (headline(line),)), *sections, f"ref: {line.trigger.id}"])


def email(line: Line) -> str:
    """Return the e-mail address of the contact."""
    return ((line.contact.email if line.contact else None) or "").strip()


def job_title(line: Line) -> str:
    """Return the title of the contact."""
    return (line.contact.title if line.contact else None) or ""


def first_name(line: Line) -> str:
    """Return the given names of the contact; empty when the name is a single word."""
    return _names(line)[0]


def last_name(line: Line) -> str:
    """Return the family name of the contact with what belongs to it: van der Berg."""
    return _names(line)[1]


def _names(line: Line) -> tuple[str, str]:
    name = line.contact.name if line.contact else ""
    last, comma, first = name.partition(",")
    if comma and first.strip():
        return first.strip(), last.strip()
    words = name.replace(",", " ").split()
    begins = next((place for place, word in enumerate(words[1:-1], 1) if word.islower()), len(words) - 1)
    return " ".join(words[: max(begins, 0)]), " ".join(words[max(begins, 0) :])


def _domains(line: Line) -> Iterator[str]:
    for given in line.account.domains if line.account else ():
        host = _SCHEME.sub("", given.strip().lower()).split("/")[0].removeprefix("www.").rstrip(".")
        if host:
            yield host


def _sentences(note: Note | None, section: str) -> Iterator[Sentence]:
    return (one for one in (note.sentences if note else ()) if one.section == section)


def _texts(line: Line, section: str) -> Iterator[str]:
    return (one.text for one in _sentences(line.trigger.note, section))


def _cited(line: Line, field: str) -> str:
    told = _sentences(line.trigger.note, "evidence")
    return next((span.quote for one in told for span in one.spans if span.field == field), "")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"

"""The digest: what is new on somebody's list since they were told last, as one letter."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qsl

from earmark.lifecycle import Stage
from earmark.triggers import Polarity, TriggerKind
from earmark.types import Account, Mark, Trigger
from matcher.agenda import is_over
from matcher.score import score_now
from review.listing import asked_of
from review.page.render import clean, templates
from review.page.viewer import Viewer
from review.rules import lexicon_now
from review.today import Row, rows_of
from storage import accounts, digests, listing, newest, stories
from storage.digests import Schedule
from storage.engine import Connection

__all__ = ["MOST", "Digest", "Entry", "Envelope", "digest_of", "letter", "next_due", "period_of", "text_of"]

MOST: Final = 25
"""Rows of one letter; the others are counted."""
_READY: Final = frozenset({Stage.OUTREACH_READY, Stage.WARM, Stage.HOT})
_LONGEST: Final = 300
_WEEK: Final = 8  # days within which each weekday comes again, whatever the hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a letter: an account (or a conversation) with its best reason, and why that counts now."""

    row: Row
    why: str
    is_hot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What is told of a time: the first ``entries`` of ``total``, hot ones first."""

    after: datetime
    through: datetime
    entries: tuple[Entry, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """To whom a letter goes; ``page`` is where its links lead, ``leave`` ends the letters."""

    user: str
    name: str
    to: str
    page: str
    leave: str
    every: str


def next_due(wanted: Schedule, after: datetime, zone: tzinfo) -> datetime:
    """Return the first moment after this one at which a letter is due: once a day, or once a week.

    An hour that the clock leaves out in spring comes an hour later, one that it repeats in autumn once.
    """
    begin = after.astimezone(zone).date()
    for day in (begin + timedelta(days=number) for number in range(_WEEK + 1)):
        moment = datetime.combine(day, time(wanted.hour), zone).astimezone(UTC)
        if moment > after and (wanted.every == "daily" or day.weekday() == wanted.weekday):
            return moment
    raise AssertionError  # each weekday comes within eight days


def period_of(taken: Schedule, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment that names the letter which is due: its Message-ID follows from it.

    After a pause of the page that is the latest one, so that one letter tells all. What was tried before
    keeps its own: it may have arrived.
    """
    due = taken.next_at or now
    while taken.lease_until is None and (following := next_due(taken, due, zone)) <= now:
        due = following
    return due


def digest_of(
    connection: Connection,
    viewer: Viewer,
    after: datetime,
    through: datetime,
    now: datetime,
    *,
    query: str = "",
    zone: tzinfo = UTC,
) -> Digest:
    """Return what came onto the list of a viewer after a moment, through another, and stands there now.

    Backfill is listed and never told. What was promoted in that time is told with the reason that it has.
    ``query`` is a view, as an address has it: only what it holds is told.
    """
    asked = asked_of(parse_qsl(query), viewer.names, now, zone)
    kinds = lexicon_now(connection).kinds
    groups = _groups(connection, after, through, now)
    listed = accounts.of(connection, [key for key in groups if not key.startswith("trigger ")])
    shown = [
        sorted(group, key=lambda one: (-score_now(one, now, kinds), one.id))
        for key, group in groups.items()
        if _is_told(key, listed.get(key), viewer, now)
        and (asked.is_day or any(listing.held(connection, asked.wanted, now, one.id) for one in group))
    ]
    shown.sort(key=lambda group: _rank(group[0], listed, kinds, now))
    best = shown[:MOST]
    told = stories.of(connection, [group[0].story for group in best])
    noted = {one.id: one for one in newest.some(connection, [group[0].id for group in best])}
    entries = (
        Entry(
            row=row, why=_why(noted.get(row.trigger)), is_hot=row.stage is Stage.HOT or bool(row.offered_to)
        )
        for row in rows_of(best, listed, told, kinds, now)
    )
    return Digest(after=after, through=through, entries=tuple(entries), total=len(shown))


def letter(
    digest: Digest, envelope: Envelope, period: datetime, zone: tzinfo, now: datetime, *, sender: str
) -> EmailMessage:
    """Return the letter: text and HTML, with the headers by which a mail program ends it in one click.

    The same user and period give the same Message-ID, whenever it is made.
    """
    made = EmailMessage()
    domain = sender.rpartition("@")[2]
    series = hashlib.sha256(envelope.user.encode()).hexdigest()[:16]
    made["From"] = Address("earmark", addr_spec=sender)
    made["To"] = Address(clean(envelope.name, 100), addr_spec=envelope.to)
    made["Subject"] = _subject(digest)
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{period.astimezone(UTC):%Y%m%dT%H%M%SZ}.{series}@{domain}>"
    made["References"] = f"<digest.{series}@{domain}>"
    made["List-Id"] = f"earmark digest <digest.{domain}>"
    made["List-Unsubscribe"] = f"<{envelope.leave}>"
    if envelope.leave.startswith("https://"):
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(text_of(digest, envelope, zone, now))
    html = templates.get_template("digest.html")
    made.add_alternative(html.render(_values(digest, envelope, zone, now)), subtype="html")
    return made


def text_of(digest: Digest, envelope: Envelope, zone: tzinfo, now: datetime) -> str:
    """Return the letter as plain text, which says all that its HTML does."""
    return templates.get_template("digest.txt").render(_values(digest, envelope, zone, now))


def _values(digest: Digest, envelope: Envelope, zone: tzinfo, now: datetime) -> dict[str, object]:
    return {
        "digest": digest,
        "envelope": envelope,
        "now": now,
        "one_line": _one_line,
        "subject": _subject(digest),
        "zone": zone,
    }


def _subject(digest: Digest) -> str:
    if not digest.total:
        return "Nothing new"
    hot = sum(entry.is_hot for entry in digest.entries)
    said = f"{digest.total} {'reason' if digest.total == 1 else 'reasons'} to make contact"
    first = clean(_one_line(digest.entries[0].row.name), 60)
    return said + (f", {hot} hot" if hot else "") + (f": {first}" if first else "")


def _one_line(text: object, longest: int = _LONGEST) -> str:
    whole = str(text).encode("utf-8", "replace").decode()  # half a character can't be sent
    return clean(" ".join(clean(whole, 2 * longest).split()), longest)


def _groups(
    connection: Connection, after: datetime, through: datetime, now: datetime
) -> dict[str, list[Trigger]]:
    """Return what waits of whom there is something new, by account; a conversation stands alone."""
    new, promoted = digests.fresh(connection, after, through)
    speaking = [one for one in new if _waits(one, now)]
    groups = {f"trigger {one.id}": [one] for one in speaking if one.account is None}
    about = sorted(promoted | {one.account for one in speaking if one.account})
    for account, every in digests.waiting(connection, about).items():
        held = [one for one in every if _waits(one, now)]
        if any(one.mark is Mark.LIVE for one in held):
            groups[account] = held
    return groups


def _waits(trigger: Trigger, now: datetime) -> bool:
    return trigger.expires_at > now and trigger.polarity is not Polarity.SUPPRESS


def _is_told(key: str, account: Account | None, viewer: Viewer, now: datetime) -> bool:
    if account is None:
        return key.startswith("trigger ")
    is_free = account.suppression is None or is_over(account.suppression, now)
    is_awake = account.snoozed_until is None or account.snoozed_until <= now
    return account.stage in _READY and is_free and is_awake and viewer.sees(account)


def _rank(
    best: Trigger, listed: Mapping[str, Account], kinds: Mapping[str, TriggerKind], now: datetime
) -> tuple[bool, float, str]:
    account = listed.get(best.account or "")
    is_hot = best.offered_to is not None or (account is not None and account.stage is Stage.HOT)
    return not is_hot, -score_now(best, now, kinds), best.id


def _why(trigger: Trigger | None) -> str:
    note = trigger.note if trigger else None
    told = [one.text for one in (note.sentences if note else ()) if one.section == "why_now"]
    return _one_line(" ".join(told))

"""A list of whom nobody may contact, brought onto the accounts: each row is an action that can be undone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earmark.errors import EarmarkError
from earmark.intake import Barred, SuppressionIntake
from earmark.types import Account, Action
from matcher.act import SUPPRESSIONS, act
from review.rules import lexicon_of
from storage import accounts, history, lookup
from storage.engine import Connection, Engine, reading, writing
from storage.rows import batches

__all__ = ["Outreach", "suppress_listed"]

_CHUNK: Final = 100
_PERSONS: Final = frozenset({"opt_out", "legal"})
"""Reasons that only a person may end: a list of customers does not replace them."""
_WORDS: Final = {
    "client": "customer",
    "competitor": "rival",
    "deal": "open_deal",
    "do_not_contact": "opt_out",
    "dnc": "opt_out",
    "open_opportunity": "open_deal",
    "opportunity": "open_deal",
    "opted_out": "opt_out",
    "unsubscribed": "opt_out",
}
"""What CRMs call our reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outreach:
    """How a list is taken: the reason and end of rows that name none, who says so, and now.

    ``moment`` reads an end as people write it; it raises ConfigError for what is none.
    """

    reason: str
    until: datetime | None
    by: str
    now: datetime
    moment: Callable[[str], datetime]


@dataclass(frozen=True, slots=True)
class _Wish:
    line: int
    account: str
    reason: str
    until: datetime | None


def suppress_listed(engine: Engine, intake: SuppressionIntake, how: Outreach) -> dict[str, int]:
    """Suppress the accounts that a list names; return how many were suppressed, and how many were so before.

    ``intake.report`` says which rows name nobody on the list, and why. An opt-out or a legal reason that is
    there already stays: only a person ends it.
    """
    rows = list(intake)
    with reading(engine) as conn:
        found = lookup.meant(conn, [key for row in rows for key in row.keys])
        people = {one.email.lower(): one.account for one in accounts.contact_list(conn) if one.email}
    wishes: dict[str, _Wish] = {}
    for row in rows:
        account, doubtful = lookup.chosen(row.keys, found)
        account = next((people[email] for email in row.emails if email in people), account)
        wish = _wish(row, account, doubtful, intake, how)
        if wish is not None and wish.account in wishes:
            first = wishes[wish.account].line
            intake.report.add(row.line, "merged", f"same account as line {first} ({wish.account})")
        elif wish is not None:
            wishes[wish.account] = wish
    intake.report.accounts = len(wishes)
    counts = {"suppressed": 0, "same": 0}
    for batch in batches(wishes.values(), _CHUNK):
        with writing(engine) as conn:
            done = _apply(conn, batch, intake, how)
        counts = {"suppressed": counts["suppressed"] + done, "same": counts["same"] + len(batch) - done}
    return counts


def _wish(
    row: Barred, account: str | None, doubtful: Sequence[str], intake: SuppressionIntake, how: Outreach
) -> _Wish | None:
    """Return what a row asks for, or None after it was reported."""
    if account is None:
        told = f"may be several accounts ({', '.join(doubtful[:4])}): give its id" if doubtful else ""
        intake.report.add(row.line, "refused", f"{row.shown!r} {told or 'is not on the list'}")
        return None
    try:
        until = how.moment(row.until) if row.until else how.until
    except EarmarkError as error:
        intake.report.add(row.line, "refused", f"{row.shown!r}: {error}")
        return None
    if until is not None and until <= how.now:
        intake.report.add(row.line, "refused", f"{row.shown!r}: it ended on {until:%Y-%m-%d} already")
        return None
    return _Wish(row.line, account, _reason(row, intake, how), until)


def _reason(row: Barred, intake: SuppressionIntake, how: Outreach) -> str:
    if row.reason is None:
        return how.reason
    plain = "_".join(row.reason.lower().replace("-", " ").replace("_", " ").split())
    reason = _WORDS.get(plain, plain)
    if reason in SUPPRESSIONS:
        return reason
    told = f"{row.reason[:60]!r} is no reason of ours ({', '.join(SUPPRESSIONS)}); took {how.reason}"
    intake.report.add(row.line, "warning", told)
    return how.reason


def _apply(conn: Connection, wishes: Sequence[_Wish], intake: SuppressionIntake, how: Outreach) -> int:
    """Act on each account, as a person would one by one; return how many changed."""
    keys = [f"a:{wish.account}" for wish in wishes]
    held = history.load(conn, keys, how.now, how.now)
    lexicon = lexicon_of(conn, [past.account for past in held.pasts.values() if past.account])
    done = 0
    for wish in wishes:
        account = held.pasts[f"a:{wish.account}"].account
        if account is None or _is_same(account, wish, intake, how):
            continue
        action = Action(
            verb="suppress",
            by=how.by,
            account=wish.account,
            value=wish.reason,
            until=wish.until,
            text=f"from {intake.path.name}",
        )
        history.save(conn, act(action, held, lexicon, how.now), how.now)
        done += 1
    return done


def _is_same(account: Account, wish: _Wish, intake: SuppressionIntake, how: Outreach) -> bool:
    before = account.suppression
    if before is None or (before.until is not None and before.until <= how.now):
        return False
    if before.reason in _PERSONS and wish.reason not in _PERSONS:
        told = f"{account.id} stays suppressed as {before.reason}, which only a person ends"
        intake.report.add(wish.line, "note", told)
        return True
    return (before.reason, before.until) == (wish.reason, wish.until)

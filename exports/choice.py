"""What goes into a file, and what is left out of it with the reason."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import UNTIL_NEWS, Account, Contact, Trigger, TriggerState
from exports.line import Line, email, last_name
from exports.line import owner as owner_of
from exports.profiles import Profile
from exports.view import View

__all__ = ["Choice", "LeftOut", "choose", "suppression_of"]

_READY: Final = frozenset({Stage.OUTREACH_READY, Stage.WARM, Stage.HOT})
_WAITING: Final = frozenset({TriggerState.OPEN, TriggerState.ACCEPTED})
_ADDRESS: Final = re.compile(r"[^\s@=+\-'\"<>,;][^\s@<>,;]*@[^\s@<>,;.]+(\.[^\s@<>,;.]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What is not in the file: the name of the account (or the contact), its id, and why."""

    name: str
    account: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The lines of a file in their order, and what was left out."""

    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]


def choose(
    profile: Profile,
    lines: Iterable[Line],
    contacts: Mapping[str, Sequence[Contact]],
    now: datetime,
    *,
    owner: str | None = None,
    view: View | None = None,
) -> Choice:
    """Return what the profile takes of the lines: best first, each account once where it asks for accounts.

    ``contacts`` are those of each account; the order of what is handed in does not matter. An
    e-mail address stands in a file once. With an ``owner``, the accounts of others are left out,
    and with a ``view`` what is not in it.
    """
    kept: list[Line] = []
    left: list[LeftOut] = []
    for line in sorted(lines, key=_place):
        reason = next(_against(profile, line, now), None) or _of_another(line, owner)
        reason = reason or (view.against(line) if view else None)
        if reason is None:
            kept.append(line)
        else:
            left.append(_left_out(line, reason))
    if profile.per == "trigger":
        return Choice(lines=tuple(kept), left_out=tuple(dict.fromkeys(left)))
    best = _first_of_each(kept)
    named = {line.trigger.account for line in best}
    # An account that goes out for one reason is not told as left out for another.
    absent = _first_of_each_account(one for one in left if one.account is None or one.account not in named)
    if profile.per == "account":
        return Choice(lines=tuple(best), left_out=tuple(absent))
    addressed, unreachable = _with_contacts(profile, best, contacts)
    return Choice(lines=tuple(addressed), left_out=(*absent, *unreachable))


def _place(line: Line) -> tuple[float, str]:
    return -line.score, line.trigger.id


def _first_of_each(lines: Iterable[Line]) -> list[Line]:
    found: dict[str | None, Line] = {}
    for line in lines:
        found.setdefault(line.trigger.account, line)
    return list(found.values())


def _first_of_each_account(left: Iterable[LeftOut]) -> list[LeftOut]:
    found: dict[tuple[str, str], LeftOut] = {}
    for one in left:
        found.setdefault((one.account or "", "" if one.account else one.name), one)
    return list(found.values())


def _against(profile: Profile, line: Line, now: datetime) -> Iterator[str]:
    """Yield each reason why a line must not go out, the weightiest first."""
    account, trigger = line.account, line.trigger
    if account is None:
        if not profile.full:
            yield "its account is not on the list" if trigger.account else "a conversation: it has no account"
        return
    if held := suppression_of(account, now):
        yield held
    if not profile.full:
        yield from _not_ready(account, trigger, now)
    if profile.crm is not None and not account.crm_ids.get(profile.crm):
        yield f"no {profile.crm} id: import the accounts as {profile.crm} exports them"


def _of_another(line: Line, owner: str | None) -> str | None:
    if owner is None or owner_of(line).casefold() == owner.strip().casefold():
        return None
    return f"its owner is {owner_of(line)}" if owner_of(line) else "it has no owner"


def _not_ready(account: Account, trigger: Trigger, now: datetime) -> Iterator[str]:
    if trigger.polarity is Polarity.SUPPRESS:
        yield f"speaks against contact: {trigger.kind}"
    if trigger.state not in _WAITING:
        yield f"its trigger is {trigger.state.value}"
    if trigger.expires_at <= now:
        yield f"its reason ended on {trigger.expires_at:%Y-%m-%d}"
    if account.snoozed_until is not None and account.snoozed_until > now:
        ends_by_news = account.snoozed_until == UNTIL_NEWS
        yield f"snoozed until {'the next trigger' if ends_by_news else f'{account.snoozed_until:%Y-%m-%d}'}"
    if account.stage not in _READY:
        yield f"its stage is {account.stage.value.replace('_', ' ')}"


def suppression_of(account: Account, now: datetime) -> str:
    """Return why nobody may contact the account now, or an empty text."""
    held = account.suppression
    if held is None or (held.until is not None and held.until <= now):
        return ""
    until = f" until {held.until:%Y-%m-%d}" if held.until else ""
    return f"suppressed{until}: {held.reason.replace('_', ' ')}"


def _left_out(line: Line, reason: str) -> LeftOut:
    name = line.account.name if line.account else (line.trigger.note and line.trigger.note.headline)
    return LeftOut(name=name or line.trigger.id, account=line.trigger.account, reason=reason)


def _with_contacts(
    profile: Profile, lines: Iterable[Line], contacts: Mapping[str, Sequence[Contact]]
) -> tuple[list[Line], list[LeftOut]]:
    """Return a line for each contact that can be written to, and who is left out."""
    addressed: list[Line] = []
    left: list[LeftOut] = []
    addresses: set[str] = set()
    for line in lines:
        people = contacts.get(line.trigger.account or "", ())
        if not people:
            left.append(_left_out(line, "no contact of yours is there"))
        for person in sorted(people, key=lambda one: one.id):
            personal = replace(line, contact=person)
            reason = _against_contact(profile, personal, addresses)
            if reason is None:
                addresses.add(email(personal).lower())
                addressed.append(personal)
            else:
                left.append(LeftOut(name=person.name, account=person.account, reason=reason))
    return addressed, left


def _against_contact(profile: Profile, line: Line, addresses: set[str]) -> str | None:
    if not last_name(line):
        return "the contact has no name"
    if not profile.mail:
        return None
    if not email(line):
        return "the contact has no e-mail address"
    if not _ADDRESS.fullmatch(email(line)):
        return "the e-mail address of the contact is none"
    return "the same e-mail address is in the file already" if email(line).lower() in addresses else None

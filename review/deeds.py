"""What a person chose on the page, made into actions: on one row or on many, and taken back again."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from earmark.errors import ConfigError, EarmarkError, StorageError
from earmark.types import UNTIL_NEWS, Account, Action, Verdict
from review.acting import carry_out
from review.moments import in_zone
from review.today import kind_words
from storage import accounts, standing, triggers
from storage.engine import Connection, Engine, reading
from storage.scope import Scope
from storage.standing import Standing

__all__ = ["CHANNELS", "Deed", "Target", "do", "targets_of", "undo", "until_of"]

CHANNELS: Final = (
    ("call", "By phone"),
    ("mail", "By mail"),
    ("social", "On a social network"),
    ("meeting", "In person"),
)
"""How contact is made, and the words for it."""

_OF_TRIGGERS: Final = frozenset({"accept", "dismiss"})
_LATER: Final = timedelta(hours=3)
_MORNING: Final = time(8)
_DISTANCE: Final = re.compile(r"(\d{1,3})d")
_FARTHEST: Final = timedelta(days=3660)
_EFFECTS: Final = {
    Verdict.OFF_TOPIC: "Such news of this source counts for less: see Learned.",
    Verdict.TOO_OLD: "News of this kind that old is no reason any more, from this source: see Learned.",
}
_NAME_IT: Final = "To join it to another reason, undo this and choose that one under Dismiss."


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a row is about: an account with (or without) one of its triggers, or a conversation."""

    name: str
    account: str | None = None
    trigger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What was chosen: a verb of ``matcher.act`` with its value, words, and an end.

    ``of`` is the trigger that a duplicate tells again; without one it is the likest of the account.
    """

    verb: str
    by: str
    value: str = ""
    text: str = ""
    until: datetime | None = None
    of: str | None = None


def targets_of(
    connection: Connection, trigger_ids: Iterable[str], account_ids: Iterable[str], scope: Scope | None
) -> tuple[list[Target], list[str]]:
    """Return what these ids name, and a sentence for each that is not there, or not theirs to see."""
    found, missing = list[Target](), list[str]()
    for name in dict.fromkeys(trigger_ids):
        trigger = triggers.get(connection, name)
        if trigger is None:
            missing.append(f"There is no reason {name[:12]!r} any more. Load the list again.")
        elif trigger.account is None:
            found.append(Target(name=f"The conversation ({kind_words(trigger.kind)})", trigger=trigger.id))
        elif (account := _seen(connection, trigger.account, scope)) is not None:
            found.append(Target(name=account.name, account=account.id, trigger=trigger.id))
        else:
            missing.append("There is no such account on your list.")
    for name in dict.fromkeys(account_ids):
        if (account := _seen(connection, name, scope)) is not None:
            found.append(Target(name=account.name, account=account.id))
        else:
            missing.append("There is no such account on your list.")
    return found, missing


def do(
    engine: Engine,
    deed: Deed,
    targets: Sequence[Target],
    *,
    now: datetime,
    zone: tzinfo,
    seen: int | None = None,
) -> tuple[list[str], list[str]]:
    """Carry out a deed on each target, each in a transaction of its own; return what was done, what failed.

    A failure keeps none of the others from being done.
    """
    done, failed = list[str](), list[str]()
    for target, action in _actions(deed, targets):
        before = _last(engine, deed.by)
        try:
            said = carry_out(engine, action, now=now, zone=zone, seen=seen)
        except StorageError:
            raise
        except EarmarkError as error:
            failed.append(f"{target.name}: {error}")
        else:
            last = _last(engine, deed.by)
            told = _told(target, action, said, last if last != before else None)
            done += [in_zone(one, zone) for one in told]
    return done, failed


def undo(
    engine: Engine,
    by: str,
    *,
    now: datetime,
    zone: tzinfo,
    target: Target | None = None,
) -> list[str]:
    """Take back what this person did last, or the last thing done to a target; say what that was."""
    action = Action(verb="undo", by=by)
    words = ""
    if target is None:
        with reading(engine) as connection:
            last = standing.last(connection, by)
        if last is None:
            return ["There is nothing of yours left to undo."]
        action, words = _inverse(last, by), f"{last.name}: {last.words}"
    else:
        trigger = target.trigger if target.account is None else None
        action = Action(verb="undo", by=by, account=target.account, trigger=trigger)
        with reading(engine) as connection:
            done = standing.since(connection, target.account, 0) if target.account else ()
        words = f"{target.name}: {done[0].words}" if done else target.name
    said = carry_out(engine, action, now=now, zone=zone)
    return [in_zone(f"Took back: {words}.", zone), *said[1:]]


def until_of(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the end that a choice or a date means, in the team's zone; None where nothing was chosen."""
    here = now.astimezone(zone)
    chosen = text.strip().lower()
    known = {
        "": None,
        "later": now + _LATER,
        "tomorrow": _morning(here + timedelta(days=1), zone),
        "monday": _morning(here + timedelta(days=7 - here.weekday()), zone),
        "trigger": UNTIL_NEWS,
    }
    if chosen in known:
        return known[chosen]
    distance = _DISTANCE.fullmatch(chosen)
    return now + timedelta(days=int(distance[1])) if distance else _day(chosen, now, zone)


def _morning(day: datetime, zone: tzinfo) -> datetime:
    return datetime.combine(day.date(), _MORNING, zone).astimezone(UTC)


def _day(text: str, now: datetime, zone: tzinfo) -> datetime:
    try:
        day = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ConfigError(
            f"There is no day {text!r}. Choose later, tomorrow, monday or trigger, or write one: 2026-12-01."
        ) from None
    day = day if day.tzinfo is not None else day.replace(tzinfo=zone)
    if not now < day < now + _FARTHEST:
        raise ConfigError(f"{text} is not a day within the next ten years. Choose another one.")
    return day.astimezone(UTC)


def _seen(connection: Connection, account_id: str, scope: Scope | None) -> Account | None:
    account = accounts.get(connection, account_id)
    if account is None or (scope is not None and not scope.holds(account.owner, account.territory)):
        return None
    return account


def _actions(deed: Deed, targets: Iterable[Target]) -> Iterator[tuple[Target, Action]]:
    """Yield the action on each target: a verdict is on a trigger, all else on the account, once."""
    known: set[str] = set()
    for target in targets:
        on_account = target.account is not None and deed.verb not in _OF_TRIGGERS
        key = str(target.account if on_account else target.trigger)
        if key in known:
            continue
        known.add(key)
        yield (
            target,
            Action(
                verb=deed.verb,
                by=deed.by,
                account=target.account if on_account else None,
                trigger=None if on_account and deed.verb != "outcome" else target.trigger,
                value=deed.value,
                text=deed.text,
                until=deed.until,
                of=deed.of,
            ),
        )


def _last(engine: Engine, by: str) -> Standing | None:
    with reading(engine) as connection:
        return standing.last(connection, by)


def _told(target: Target, action: Action, said: Sequence[str], last: Standing | None) -> list[str]:
    """Return what was done in the words that were kept of it, if any, and what was learned."""
    if last is None:
        return [f"{target.name}: {said[0]}"]
    told = [f"{target.name}: {last.words}."]
    if action.value == Verdict.DUPLICATE:
        return told if last.words.startswith("Joined") else [*told, _NAME_IT]
    if action.verb == "dismiss" and (effect := _EFFECTS.get(Verdict(action.value or Verdict.OTHER))):
        told.append(effect)
    return [*told, *said[1:]]


def _inverse(last: Standing, by: str) -> Action:
    if last.account is None:
        return Action(verb="undo", by=by, trigger=last.trigger)
    return Action(verb="undo", by=by, account=last.account, value=last.transition)

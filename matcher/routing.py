"""Routing: who works an account that nobody owns, and who hears of a hot reason that nobody takes.

An owner comes by territory, then in turn: who was given the fewest new accounts today is next, and among
equals the account itself decides, by a hash, so that the same account finds the same rep in every replay.
Absent reps and those at their cap are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from earmark.lifecycle import Cause, Stage
from earmark.types import Account, Lexicon, Mark, Past, Rep, Trigger, TriggerState
from matcher.hours import after_working, day_of
from matcher.moves import MACHINE, standing, stayed
from matcher.normalise import fold
from matcher.stories import identity

__all__ = ["PATIENCE", "handed_over", "hands_over_at", "offered", "owner_for", "routed", "wants_owner"]

PATIENCE: Final = timedelta(minutes=5)
"""Working time after which a hot reason that nobody took goes to the next."""

_READY: Final = frozenset({Stage.OUTREACH_READY, Stage.WARM, Stage.HOT})
_HEATS: Final = frozenset({Cause.DEMAND_SHOWN, Cause.COMPLAINT_DISCLOSED, Cause.QUALIFIED})


def owner_for(
    account: Account, reps: Sequence[Rep], loads: Mapping[str, int], day: date
) -> tuple[Rep, str] | None:
    """Return who gets an account that nobody owns on a day, and why; None when nobody can take it.

    ``loads`` are the accounts that each rep was given that day.
    """
    theirs = [rep for rep in reps if _works_in(rep, account)]
    anywhere = [rep for rep in reps if not rep.territories]
    for pool, why in ((theirs, f"territory {account.territory or account.country}"), (anywhere, "in turn")):
        free = [rep for rep in pool if not _is_away(rep, day) and _has_room(rep, loads)]
        if free:
            best = min(free, key=lambda rep: (loads.get(rep.id, 0), identity(account.id, rep.id)))
            return best, why
    return None


def wants_owner(past: Past, lexicon: Lexicon) -> bool:
    """Tell whether the account is worth a call and nobody owns it."""
    account = past.account
    return (
        bool(lexicon.reps)
        and account is not None
        and account.owner is None
        and account.stage in _READY
        and account.suppression is None
    )


def routed(past: Past, lexicon: Lexicon, loads: Mapping[str, int], now: datetime) -> Past:
    """Return the past with an owner for its account, if it wants one, and its hot reasons offered."""
    account = past.account
    if account is None or not lexicon.reps:
        return past
    day = day_of(now, lexicon.hours)
    found = owner_for(account, lexicon.reps, loads, day) if wants_owner(past, lexicon) else None
    if found is not None:
        rep, why = found
        past = replace(past, account=replace(account, owner=rep.id))
        brought = next((m.trigger for m in reversed(past.transitions) if m.cause is Cause.TRIGGERED), None)
        reason = f"Given to {rep.name or rep.id}: {why}."
        past = stayed(past, Cause.TRIGGERED, at=now, reason=reason, trigger=brought)
    for trigger in _hot(past):
        line = _line(past, lexicon, day)
        if trigger.offered_to is None and line:
            past = _with(past, replace(trigger, offered_to=line[0], offered_at=now))
    return past


def hands_over_at(past: Past, lexicon: Lexicon) -> Iterator[datetime]:
    """Yield when each hot reason goes to the next, unless somebody takes it before."""
    for trigger in _hot(past) if lexicon.reps else ():
        if trigger.offered_at is not None:
            moment = after_working(trigger.offered_at, PATIENCE, lexicon.hours)
            if _next(trigger, past, lexicon, moment) is not None:
                yield moment


def handed_over(past: Past, lexicon: Lexicon, at: datetime) -> Past:
    """Return the past in which each hot reason that nobody took in time was offered to the next."""
    for trigger in _hot(past) if lexicon.reps else ():
        if trigger.offered_at is None:
            continue
        moment = after_working(trigger.offered_at, PATIENCE, lexicon.hours)
        heir = _next(trigger, past, lexicon, moment)
        if heir is not None and at >= moment:
            reason = f"Nobody took it in five working minutes: from {trigger.offered_to} to {heir}."
            cause = next(m.cause for m in past.transitions if m.trigger == trigger.id and m.cause in _HEATS)
            past = _with(past, replace(trigger, offered_to=heir, offered_at=at))
            past = stayed(past, cause, at=at, reason=reason, trigger=trigger.id)
    return past


def offered(past: Past, owner: str | None, at: datetime) -> Past:
    """Return the past in which what waits for an answer is offered to who owns the account now."""
    waiting = [
        each
        for each in past.triggers
        if each.offered_to is not None and each.state is TriggerState.OPEN and each.offered_to != owner
    ]
    for trigger in waiting:
        past = _with(past, replace(trigger, offered_to=owner, offered_at=at if owner else None))
    return past


def _hot(past: Past) -> list[Trigger]:
    """Return the open triggers that made the account warm or hot and that no person has answered."""
    account = past.account
    if account is None or account.suppression is not None or account.snoozed_until is not None:
        return []
    moves = standing(past.transitions)
    heated = {move.trigger for move in moves if move.cause in _HEATS and move.actor == MACHINE}
    people = [move.at for move in moves if move.actor != MACHINE]
    answered = max(people, default=None)
    return [
        trigger
        for trigger in past.triggers
        if trigger.id in heated
        and trigger.state is TriggerState.OPEN
        and trigger.mark is Mark.LIVE
        and not (answered and trigger.offered_at and answered >= trigger.offered_at)
    ]


def _next(trigger: Trigger, past: Past, lexicon: Lexicon, at: datetime) -> str | None:
    """Return to whom a trigger goes after the one who has it; None when he is the last."""
    line = _line(past, lexicon, day_of(at, lexicon.hours))
    if trigger.offered_to not in line:
        return line[0] if line else None
    place = line.index(trigger.offered_to) + 1
    return line[place] if place < len(line) else None


def _line(past: Past, lexicon: Lexicon, day: date) -> tuple[str, ...]:
    """Return who hears of a hot reason, one after the other: the owner, another rep, the manager."""
    account = past.account
    if account is None:
        return ()
    owner = next((rep for rep in lexicon.reps if _is(rep, account.owner)), None)
    others = [rep for rep in lexicon.reps if rep is not owner and rep.most != 0 and not _is_away(rep, day)]
    near = [rep for rep in others if _works_in(rep, account)]
    near = near or [rep for rep in others if not rep.territories] or others
    ranked = sorted(near, key=lambda rep: identity(account.id, rep.id))
    first = owner.id if owner and not _is_away(owner, day) else account.owner if owner is None else None
    second = [rep.id for rep in ranked[: 1 if first else 2]]
    managers = [rep.manager for rep in (owner, *ranked[:1]) if rep is not None and rep.manager]
    names = [first, *second, *managers[:1]]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _is(rep: Rep, owner: str | None) -> bool:
    names = {fold(name) for name in (rep.id, rep.name, rep.email or "") if name}
    return owner is not None and fold(owner) in names


def _works_in(rep: Rep, account: Account) -> bool:
    places = {fold(place) for place in (account.territory, account.country) if place}
    return any(fold(territory) in places for territory in rep.territories)


def _is_away(rep: Rep, day: date) -> bool:
    return any(first <= day <= last for first, last in rep.away)


def _has_room(rep: Rep, loads: Mapping[str, int]) -> bool:
    return rep.most is None or loads.get(rep.id, 0) < rep.most


def _with(past: Past, changed: Trigger) -> Past:
    return replace(past, triggers=tuple(changed if each.id == changed.id else each for each in past.triggers))

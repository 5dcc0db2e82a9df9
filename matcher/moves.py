"""Moves: how one account goes from stage to stage by the table, each move recorded with its cause."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.lifecycle import Cause, advance
from earmark.types import Past, Transition
from matcher.stories import identity

__all__ = ["MACHINE", "moved", "standing", "stayed", "transition_id"]

MACHINE: Final = "earmark"
"""The actor of transitions that no person made."""


def moved(  # a transition has this many parts
    past: Past, cause: Cause, *, at: datetime, actor: str, reason: str, trigger: str | None = None
) -> Past:
    """Return the past after one transition of its account by the table; a "stay" is recorded too."""
    account = past.account
    if account is None:
        return past
    after = advance(account.stage, cause)
    move = Transition(
        id=transition_id(past, account.id, at, cause, trigger),
        account=account.id,
        at=at,
        before=account.stage,
        after=after,
        cause=cause,
        actor=actor,
        reason=reason,
        trigger=trigger,
    )
    since = account.stage_since if after is account.stage else at
    return replace(
        past,
        account=replace(account, stage=after, stage_since=since),
        transitions=(*past.transitions, move),
    )


def stayed(past: Past, cause: Cause, *, at: datetime, reason: str, trigger: str | None) -> Past:
    """Return the past with a "stay" recorded: the machine did something that leaves the stage as it is."""
    account = past.account
    if account is None:
        return past
    move = Transition(
        id=transition_id(past, account.id, at, cause, trigger),
        account=account.id,
        at=at,
        before=account.stage,
        after=account.stage,
        cause=cause,
        actor=MACHINE,
        reason=reason,
        trigger=trigger,
    )
    return replace(past, transitions=(*past.transitions, move))


def transition_id(past: Past, account: str, at: datetime, cause: Cause, trigger: str | None) -> str:
    """Return the id of the next transition: it follows from what it is, and sorts after those before it."""
    place = 1 + max((_place(move) for move in past.transitions), default=0)
    return f"{place:06x}{identity('transition', account, at.isoformat(), cause, trigger)[6:]}"


def standing(transitions: Iterable[Transition]) -> list[Transition]:
    """Return the transitions that were not taken back, without those that take back; oldest first."""
    moves = sorted(transitions, key=lambda move: (move.at, move.id))
    undone = {move.undoes for move in moves if move.undoes is not None}
    return [move for move in moves if move.id not in undone and move.undoes is None]


def _place(move: Transition) -> int:
    try:
        return int(move.id[:6], 16)
    except ValueError:
        return 0

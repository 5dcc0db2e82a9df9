"""What happened to one account, told backwards: reasons, moves, outcomes, and where it was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from earmark.types import Outcome, Transition
from matcher.citations import ranked
from review.account import AccountView, Reason
from storage.directory import Record

__all__ = ["Step", "is_echo", "timeline"]

What = Literal["reason", "move", "said", "outcome", "export"]
_SCORED: Final = {"triggered", "triggers_gone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened: when, what in words, why, and by whom.

    ``trigger`` is the reason that it is or was about, ``of`` when that happened in the world, as far as it
    is dated; ``url`` leads out to who says so, or to the record.
    """

    at: datetime
    what: What
    words: str
    why: str = ""
    by: str = ""
    trigger: str | None = None
    of: datetime | None = None
    url: str | None = None
    is_over: bool = False


def timeline(
    view: AccountView, outcomes: Sequence[Outcome] = (), records: Sequence[Record] = ()
) -> tuple[Step, ...]:
    """Return the steps up to the moment of the view, the latest first."""
    steps = [_reason(one, is_over=False) for one in view.reasons]
    steps += [_reason(one, is_over=True) for one in view.ended]
    undone = {move.undoes for move in view.transitions if move.undoes}
    steps += [_move(move, is_over=move.id in undone) for move in view.transitions if not is_echo(move)]
    steps += [
        Step(at=one.at, what="outcome", words=one.outcome.replace("_", " "), by=one.by, trigger=one.trigger)
        for one in outcomes
    ]
    steps += [
        Step(at=one.at, what="export", words=f"in {one.target}", why=one.remote_id or "", url=one.url)
        for one in records
    ]
    return tuple(sorted((one for one in steps if one.at <= view.at), key=lambda one: one.at, reverse=True))


def _reason(reason: Reason, *, is_over: bool) -> Step:
    trigger, match = (
        reason.trigger,
        ranked(reason.story)[0] if reason.story and reason.story.matches else None,
    )
    title = " ".join((match.event.title or match.event.text).split())[:200] if match else "evidence removed"
    state = f" ({trigger.state.value})" if is_over else ""
    return Step(
        at=trigger.created_at,
        what="reason",
        words=f"{reason.kind_words}{state}",
        why=title,
        trigger=trigger.id,
        of=None if trigger.undated else trigger.decays_from,
        url=match.event.url if match else None,
        is_over=is_over,
    )


def is_echo(move: Transition) -> bool:
    """Say whether a move only repeats that there is one reason more: the reason stands there itself."""
    return move.after is move.before and move.cause.value in _SCORED and move.trigger is not None


def _move(move: Transition, *, is_over: bool) -> Step:
    stays = move.after is move.before
    words = "stayed" if stays else f"{move.before.value} → {move.after.value}".replace("_", " ")
    said = stays and move.cause.value not in _SCORED
    return Step(
        at=move.at,
        what="said" if said else "move",
        words="" if said else words,
        why=move.reason + (" (taken back)" if is_over else ""),
        by=move.actor,
        trigger=move.trigger,
        is_over=is_over,
    )

"""One account, or one trigger, with all that explains it: now, or on a day in the past."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.lifecycle import Stage
from earmark.types import (
    Abstention,
    Account,
    Contact,
    Judgement,
    Lexicon,
    Past,
    Score,
    Story,
    Transition,
    Trigger,
    TriggerState,
)
from matcher.agenda import MACHINE
from matcher.fit import Fit, fit
from matcher.people import Path, referral_paths
from matcher.renewal import renewed
from matcher.score import score_at, score_now
from matcher.steps import touches_of, with_next_steps
from monitors.relive import as_it_began
from review.rules import lexicon_now
from review.today import kind_words
from storage import accounts, judgements, readings, stories, transitions, triggers
from storage.engine import Connection

__all__ = ["AccountView", "Reason", "TriggerView", "account_view", "stage_at", "trigger_view"]

_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A trigger with its score as of the day, and the story that it stands on."""

    trigger: Trigger
    kind_words: str
    score: Score
    story: Story | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account on a day: its stage then, its open reasons (best first), what ended, and its moves.

    ``relatives`` are its parent, subsidiaries and sisters, ``paths`` the people who may open its door.
    """

    account: Account
    at: datetime
    stage: Stage
    since: datetime | None
    fit: Fit
    reasons: tuple[Reason, ...]
    ended: tuple[Reason, ...]
    transitions: tuple[Transition, ...]
    contacts: tuple[Contact, ...]
    abstentions: tuple[Abstention, ...]
    relatives: tuple[Account, ...] = ()
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerView:
    """A trigger with its account, its story, what it moved, and what people said of it."""

    reason: Reason
    account: Account | None
    transitions: tuple[Transition, ...]
    judgements: tuple[Judgement, ...]


def account_view(connection: Connection, account: Account, at: datetime) -> AccountView:
    """Return the account as it stood at a time: what came later is left out."""
    lexicon = lexicon_now(connection, [account])
    every = transitions.of_account(connection, account.id)
    moves = [move for move in every if move.at <= at]
    known_then = [one for one in triggers.of_account(connection, account.id) if one.created_at <= at]
    found = [_as_it_was(one, moves, at) for one in known_then]
    live = sorted(
        (one for one in found if _is_open(one, at)), key=lambda one: -score_now(one, at, lexicon.kinds)
    )
    ended = [one for one in found if not _is_open(one, at)]
    stage, since = stage_at(moves)
    if len(moves) < len(every):
        began = as_it_began(account, every, at + _MOMENT)
        account = replace(began, stage=stage, stage_since=since)
    past = _past_of(connection, replace(account, stage=stage), moves)
    told = stories.of(connection, [one.story for one in found])

    def reason(one: Trigger) -> Reason:
        story = told.get(one.story)
        return Reason(
            trigger=_as_it_reads_now(one, story, past, lexicon),
            kind_words=kind_words(one.kind, lexicon.kinds),
            score=score_at(one, at, lexicon.kinds),
            story=story,
        )

    return AccountView(
        account=account,
        at=at,
        stage=stage,
        since=since,
        fit=fit(account, lexicon.icp),
        reasons=tuple(map(reason, live)),
        ended=tuple(map(reason, ended)),
        transitions=tuple(moves),
        contacts=tuple(one for one in past.contacts if one.account == account.id),
        relatives=past.relatives,
        paths=referral_paths(account, past.contacts, past.relatives),
        abstentions=tuple(
            one for one in readings.abstentions(connection, account.id) if one.event.seen_at <= at
        ),
    )


def trigger_view(connection: Connection, trigger: Trigger, now: datetime) -> TriggerView:
    """Return all that explains a trigger, its note as it reads now."""
    account = accounts.get(connection, trigger.account) if trigger.account else None
    lexicon = lexicon_now(connection, [account] if account else [])
    moves = transitions.of_account(connection, account.id) if account else []
    story = stories.get(connection, trigger.story)
    if account is not None:
        trigger = _as_it_reads_now(trigger, story, _past_of(connection, account, moves), lexicon)
    return TriggerView(
        reason=Reason(
            trigger=trigger,
            kind_words=kind_words(trigger.kind, lexicon.kinds),
            score=score_at(trigger, now, lexicon.kinds),
            story=story,
        ),
        account=account,
        transitions=tuple(move for move in moves if move.trigger == trigger.id),
        judgements=tuple(judgements.of_trigger(connection, trigger.id)),
    )


def _past_of(connection: Connection, account: Account, moves: Sequence[Transition]) -> Past:
    """Return what a note tells besides its story: the account with its relatives, their people, its moves."""
    kin = accounts.relatives(connection, [account]).get(account.id, ())
    known = accounts.contacts(connection, [account.id, *(one.id for one in kin)])
    near = tuple(one for several in known.values() for one in several)
    return Past(account=account, contacts=near, relatives=kin, transitions=tuple(moves))


def _as_it_reads_now(trigger: Trigger, story: Story | None, past: Past, lexicon: Lexicon) -> Trigger:
    """Return the trigger with its note by the contacts, the plays and the stage of now, not of its news."""
    note = trigger.note
    if note is not None and story is not None:
        note = renewed(
            trigger,
            story,
            account=past.account,
            contacts=past.contacts,
            lexicon=lexicon,
            relatives=past.relatives,
        )
    if note is None:
        return trigger
    touches = touches_of(trigger, past.transitions)
    return replace(trigger, note=with_next_steps(note, trigger, past.account, lexicon, touches))


def _as_it_was(trigger: Trigger, moves: Sequence[Transition], at: datetime) -> Trigger:
    """Return the trigger in the state that it had at a time; ``moves`` are those up to it."""
    if trigger.ended_at is None or trigger.ended_at <= at:
        return trigger
    undone = {move.undoes for move in moves}
    taken = any(
        move.trigger == trigger.id
        and move.actor != MACHINE
        and move.reason.startswith("Accepted")
        and move.id not in undone
        for move in moves
    )
    state = TriggerState.ACCEPTED if taken else TriggerState.OPEN
    return replace(trigger, state=state, ended_at=None)


def stage_at(moves: Sequence[Transition]) -> tuple[Stage, datetime | None]:
    """Return the stage after these moves and since when; cold and None before the first.

    A move that was taken back leaves the stage as old as it was.
    """
    stage, since = Stage.COLD, None
    before: dict[str, tuple[Stage, datetime | None]] = {}
    for move in moves:
        before[move.id] = stage, since
        if move.after is not stage:
            back = before.get(move.undoes or "", (None, None))
            stage, since = move.after, back[1] if back[0] is move.after else move.at
    return stage, since


def _is_open(trigger: Trigger, at: datetime) -> bool:
    if trigger.state in {TriggerState.OPEN, TriggerState.ACCEPTED}:
        return trigger.expires_at > at
    return trigger.ended_at is not None and trigger.ended_at > at

"""One past lived through again: its news, what people did, and the time between, by the rules of a lexicon.

The functions are those of the live line (``decide`` and ``act``); only the database is a variable.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final

from earmark.errors import EarmarkError
from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import (
    Account,
    Action,
    Changes,
    History,
    Lexicon,
    Mark,
    Match,
    Past,
    Reading,
    Transition,
    Trigger,
    TriggerState,
)
from matcher.act import act
from matcher.agenda import suppressed, wakes_at
from matcher.decide import decide
from matcher.score import LIVE, score_now

__all__ = ["Called", "Epochs", "Lived", "Reason", "Span", "as_it_began", "lived"]

_READY: Final = frozenset({Stage.OUTREACH_READY, Stage.WARM, Stage.HOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is replayed: news and actions from ``warm_from``, told from ``since``, to before ``until``.

    The list is that of ``list_at``.
    """

    warm_from: datetime
    since: datetime
    until: datetime
    list_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What bears another name where two accounts that were merged are one from the beginning.

    ``triggers`` are the ids of theirs with the events that told each, ``moves`` when each of theirs, and what
    it said, was made.
    """

    triggers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    moves: Mapping[str, datetime] = field(default_factory=dict)


_AS_EVER: Final = Called()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A trigger as it came out: of whom, since when, told by which events.

    It is an alert when it came live, with a score that reaches the threshold.
    """

    key: str
    account: str | None
    kind: str
    events: frozenset[str]
    created_at: datetime
    is_alert: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What became of one past: its reasons, when it was promoted, its stage at the end, its row on the list.

    ``score`` is None when it does not stand on the list; ``missed`` are actions that found nothing to act on.
    """

    key: str
    account: str | None
    reasons: tuple[Reason, ...] = ()
    promoted_at: tuple[datetime, ...] = ()
    stage: Stage = Stage.COLD
    score: float | None = None
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Epochs:
    """Lexicons in the order of time: each holds after its moment, until that of the next."""

    begins: tuple[datetime, ...]
    lexicons: tuple[Lexicon, ...]

    def at(self, moment: datetime) -> Lexicon:
        """Return the lexicon that holds at a moment."""
        return self.lexicons[max(bisect_left(self.begins, moment) - 1, 0)]

    def after(self, moment: datetime) -> Lexicon:
        """Return the lexicon that holds from a moment on, with what was said at it."""
        return self.lexicons[max(bisect_right(self.begins, moment) - 1, 0)]


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that happens to a past at a moment: news, deeds, or only a look."""

    at: datetime
    told: tuple[tuple[str, tuple[Match, ...]], ...] = ()
    done: tuple[Action, ...] = ()


def as_it_began(account: Account, moves: Iterable[Transition], since: datetime) -> Account:
    """Return the account as it was before what people did since a time; it begins cold."""
    owner, snoozed, suppression = account.owner, account.snoozed_until, account.suppression
    for move in sorted(moves, key=lambda move: (move.at, move.id), reverse=True):
        was = move.was
        if was is None or move.at < since:
            continue
        owner = was.owned[0] if was.owned is not None else owner
        snoozed = was.snoozed[0] if was.snoozed is not None else snoozed
        suppression = was.suppressed[0] if was.suppressed is not None else suppression
    return replace(
        account,
        stage=Stage.COLD,
        stage_since=None,
        owner=owner,
        snoozed_until=snoozed,
        suppression=suppression,
    )


def lived(
    key: str,
    past: Past,
    told: Iterable[tuple[datetime, str, tuple[Match, ...]]],
    done: Iterable[tuple[datetime, Action]],
    epochs: Epochs,
    span: Span,
    called: Called = _AS_EVER,
) -> Lived:
    """Live through one past: ``told`` are the matches of each event and when it was seen.

    ``called`` says of what has another name here what it was.
    """
    account = past.account.id if past.account else None
    score: float | None = None
    alerts: dict[str, bool] = {}
    missed, before = 0, span.warm_from
    for step in _steps(told, done, span):
        past = _passed(key, past, epochs, before, step.at)
        before, lexicon = step.at, epochs.at(step.at)
        read = [Reading(event=matches[0].event, matches=matches) for _, matches in step.told]
        if read:
            past = _after(past, decide(read, _history(key, past), lexicon, step.at))
        else:
            past = _swept(key, past, lexicon, step.at)
        for deed in step.done:
            action = _meant(deed, past, called) if called is not _AS_EVER else deed
            try:
                changes = act(action, _history(key, past), lexicon, step.at)
                if changes.taken_back:
                    changes = act(action, _history(key, past), epochs.after(step.at), step.at)
            except EarmarkError:
                missed += 1
                continue
            past = _after(past, changes)
            if changes.judgements or changes.taken_back:  # what follows for the account follows at once
                lexicon = epochs.after(step.at)
                past = _after(past, decide((), _history(key, past), lexicon, step.at))
        for trigger in past.triggers:
            if trigger.id not in alerts:
                alerts[trigger.id] = _alerts(trigger, lexicon, step.at)
        if step.at == span.list_at:
            score = _row(past, lexicon, step.at)
    return Lived(
        key=key,
        account=account,
        reasons=tuple(_reasons(key, past, alerts)),
        promoted_at=tuple(_promotions(past.transitions)),
        stage=past.account.stage if past.account else Stage.COLD,
        score=score,
        missed=missed,
    )


def _meant(action: Action, past: Past, called: Called) -> Action:
    """Return the action on what is here what the named trigger, or move, was there."""
    trigger, of = (_trigger_here(name, past, called.triggers) for name in (action.trigger, action.of))
    value = action.value
    if action.verb == "undo" and value:
        at = next((at for name, at in called.moves.items() if name.startswith(value)), None)
        made = [move.id for move in past.transitions if move.at == at and move.was is not None]
        value = made[0] if made else value
    return replace(action, trigger=trigger, of=of, value=value)


def _trigger_here(name: str | None, past: Past, told: Mapping[str, Sequence[str]]) -> str | None:
    """Return the trigger whose story one of the events tells that told the named one's."""
    if name is None or name not in told or any(each.id == name for each in past.triggers):
        return name
    stories = {match.event.id: story.id for story in past.stories for match in story.matches}
    speaks = {each.story: each.id for each in past.triggers if each.state is not TriggerState.MERGED}
    here = (speaks.get(stories.get(event, "")) for event in told[name])
    return next((one for one in here if one is not None), name)


def _steps(
    told: Iterable[tuple[datetime, str, tuple[Match, ...]]],
    done: Iterable[tuple[datetime, Action]],
    span: Span,
) -> Iterator[_Step]:
    """Yield what happens at each moment: what was seen in one poll is decided together, then the deeds."""
    news = {
        at: tuple((event, matches) for _, event, matches in group)
        for at, group in groupby(sorted(told, key=lambda one: one[:2]), key=lambda one: one[0])
    }
    deeds = {
        at: tuple(action for _, action in group)
        for at, group in groupby(sorted(done, key=lambda one: one[0]), key=lambda one: one[0])
    }
    for at in sorted({*news, *deeds, span.list_at, span.until}):
        yield _Step(at, news.get(at, ()), deeds.get(at, ()))


def _passed(key: str, past: Past, epochs: Epochs, since: datetime, until: datetime) -> Past:
    """Return the past after what fell due between two moments, each by the lexicon that held then."""
    if epochs.after(since) is epochs.at(until):
        return past  # the next look settles it all by that lexicon
    while (due := wakes_at(past, epochs.at(until))) is not None and due < until:
        moment = max(due, since)
        after = _after(past, decide((), _history(key, past), epochs.at(moment), moment))
        if after == past:
            break
        past = after
    return past


def _swept(key: str, past: Past, lexicon: Lexicon, at: datetime) -> Past:
    """Return the past after a sweep: like the live one it looks only at what has fallen due."""
    due = wakes_at(past, lexicon)
    if due is None or due > at:
        return past
    return _after(past, decide((), _history(key, past), lexicon, at))


def _history(key: str, past: Past) -> History:
    return History(pasts={key: past})


def _after(past: Past, changes: Changes) -> Past:
    """Return the past as storage would load it after these changes."""
    stories = {story.id: story for story in past.stories} | {story.id: story for story in changes.stories}
    joins = tuple(each for each in (*past.joins, *changes.joins) if each.id not in changes.taken_back)
    triggers = {each.id: each for each in past.triggers} | {each.id: each for each in changes.triggers}
    return replace(
        past,
        account=changes.accounts[0] if changes.accounts else past.account,
        stories=tuple(story for story in stories.values() if story.id not in changes.merged),
        triggers=tuple(each for each in triggers.values() if joins or each.state is not TriggerState.MERGED),
        transitions=(*past.transitions, *changes.transitions),
        joins=joins,
    )


def _reasons(key: str, past: Past, alerts: Mapping[str, bool]) -> Iterator[Reason]:
    """Yield the reasons with the events that tell each at last."""
    told = {story.id: frozenset(match.event.id for match in story.matches) for story in past.stories}
    for trigger in past.triggers:
        if trigger.state is TriggerState.MERGED:
            continue
        yield Reason(
            key=key,
            account=trigger.account,
            kind=trigger.kind,
            events=told.get(trigger.story, frozenset()),
            created_at=trigger.created_at,
            is_alert=alerts[trigger.id],
        )


def _alerts(trigger: Trigger, lexicon: Lexicon, at: datetime) -> bool:
    return trigger.mark is Mark.LIVE and score_now(trigger, at, lexicon.kinds) >= lexicon.threshold


def _promotions(moves: Sequence[Transition]) -> Iterator[datetime]:
    for move in moves:
        if move.before not in _READY and move.after in _READY and move.undoes is None:
            yield move.at


def _row(past: Past, lexicon: Lexicon, at: datetime) -> float | None:
    """Return the score with which a past stands on the list at a moment, or None."""
    account = past.account
    if account is not None and (
        account.stage not in _READY
        or (account.snoozed_until is not None and account.snoozed_until > at)
        or suppressed(account, at)
    ):
        return None
    live = [
        score_now(each, at, lexicon.kinds)
        for each in past.triggers
        if each.state in LIVE and each.expires_at > at and each.polarity is not Polarity.SUPPRESS
    ]
    return max(live, default=None)

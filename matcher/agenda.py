"""The agenda: when a past wants to be looked at next, because time alone changes it then.

Windows that open or close change nothing here: they are shown, and freshness is held until they open.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from earmark.lifecycle import Cause, Stage
from earmark.triggers import Polarity
from earmark.types import Account, Lexicon, Past, Suppression, Transition, Trigger, TriggerState
from matcher.compound import begins_at
from matcher.moves import MACHINE, standing
from matcher.routing import hands_over_at
from matcher.score import LIVE, falls_at

__all__ = [
    "MACHINE",
    "holds_until",
    "is_over",
    "patience_ends",
    "standing",
    "suppressed",
    "wakes_at",
]

_BY_A_PERSON: Final = frozenset({"opt_out", "legal"})
_TOUCHES: Final = frozenset({Cause.CONTACTED, Cause.DEMAND_SHOWN, Cause.QUALIFIED})


def wakes_at(past: Past, lexicon: Lexicon) -> datetime | None:
    """Return the next moment at which time changes this past, or None when it never does.

    A moment in the past means that the past has not been settled up to now.
    """
    return min(
        (*_moments(past, lexicon), *begins_at(past, lexicon), *hands_over_at(past, lexicon)), default=None
    )


def holds_until(trigger: Trigger, lexicon: Lexicon) -> datetime | None:
    """Return until when the trigger can hold its account outreach-ready, or None if it can't at all.

    What a person accepted holds until it expires, whatever its score.
    """
    if trigger.polarity is Polarity.SUPPRESS or trigger.state not in LIVE:
        return None
    if trigger.state is TriggerState.ACCEPTED:
        return trigger.expires_at
    return falls_at(trigger, lexicon.threshold, lexicon.kinds)


def patience_ends(account: Account, transitions: Iterable[Transition], lexicon: Lexicon) -> datetime | None:
    """Return when the patience with an account in its stage ends: counted from the last touch."""
    patience = lexicon.patience.get(account.stage)
    if patience is None or account.stage_since is None:
        return None
    touches = [move.at for move in standing(transitions) if move.actor != MACHINE and move.cause in _TOUCHES]
    return max(account.stage_since, *touches) + patience if touches else account.stage_since + patience


def suppressed(account: Account, at: datetime) -> bool:
    """Tell whether nobody may contact the account at this moment."""
    return account.suppression is not None and not is_over(account.suppression, at)


def is_over(suppression: Suppression, at: datetime) -> bool:
    """Tell whether a suppression has ended by its date; opt-out and legal end only by a person."""
    end = _end(suppression)
    return end is not None and at >= end


def _end(suppression: Suppression) -> datetime | None:
    return None if suppression.reason in _BY_A_PERSON else suppression.until


def _moments(past: Past, lexicon: Lexicon) -> Iterator[datetime]:
    live = [trigger for trigger in past.triggers if trigger.state in LIVE]
    yield from (trigger.expires_at for trigger in live)
    account = past.account
    if account is None:
        return
    if account.snoozed_until is not None:
        yield account.snoozed_until
    if account.suppression is not None and (end := _end(account.suppression)) is not None:
        yield end
    if (end := patience_ends(account, past.transitions, lexicon)) is not None:
        yield end
    if account.stage is Stage.OUTREACH_READY:
        ends = [end for trigger in live if (end := holds_until(trigger, lexicon)) is not None]
        if ends:
            yield max(ends)

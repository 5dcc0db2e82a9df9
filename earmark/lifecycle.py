"""Where an account is in its life, as a table: (stage, cause) → stage."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from earmark.errors import LifecycleError

__all__ = ["TRANSITIONS", "Cause", "Stage", "advance"]


class Stage(StrEnum):
    """The stages of an account, from unknown to about to buy."""

    COLD = "cold"
    OUTREACH_READY = "outreach_ready"
    CONTACTED = "contacted"
    WARM = "warm"
    HOT = "hot"
    COOLING = "cooling"


class Cause(StrEnum):
    """What can move an account from one stage to another."""

    TRIGGERED = "triggered"
    """Its open triggers reach the threshold."""
    TRIGGERS_GONE = "triggers_gone"
    """The last trigger that held it up expired or was rejected."""
    COMPLAINT_DISCLOSED = "complaint_disclosed"
    """An employee complains in public about the rival's tool and names the employer."""
    CONTACTED = "contacted"
    """Outreach was logged."""
    DEMAND_SHOWN = "demand_shown"
    """A reply or a demo request came in."""
    QUALIFIED = "qualified"
    """Budget, authority and date are known."""
    LOST = "lost"
    """The account said no: no budget, another strategy, a rival."""
    COUNTERED = "countered"
    """A suppressing trigger speaks against contact (closing down, chose a rival …)."""
    PATIENCE_ENDED = "patience_ended"
    """Nothing happened for as long as the stage allows."""
    MERGED = "merged"
    """Another account turned out to be the same company: it is where the further of both was."""


_S, _C = Stage, Cause

TRANSITIONS: Final = MappingProxyType(
    {
        (_S.COLD, _C.TRIGGERED): _S.OUTREACH_READY,
        (_S.COLD, _C.CONTACTED): _S.CONTACTED,
        (_S.COLD, _C.DEMAND_SHOWN): _S.WARM,
        (_S.COLD, _C.QUALIFIED): _S.HOT,
        (_S.COLD, _C.COMPLAINT_DISCLOSED): _S.HOT,
        (_S.OUTREACH_READY, _C.TRIGGERS_GONE): _S.COLD,
        (_S.OUTREACH_READY, _C.COUNTERED): _S.COLD,
        (_S.OUTREACH_READY, _C.CONTACTED): _S.CONTACTED,
        (_S.OUTREACH_READY, _C.DEMAND_SHOWN): _S.WARM,
        (_S.OUTREACH_READY, _C.QUALIFIED): _S.HOT,
        (_S.OUTREACH_READY, _C.COMPLAINT_DISCLOSED): _S.HOT,
        (_S.CONTACTED, _C.DEMAND_SHOWN): _S.WARM,
        (_S.CONTACTED, _C.QUALIFIED): _S.HOT,
        (_S.CONTACTED, _C.COMPLAINT_DISCLOSED): _S.HOT,
        (_S.CONTACTED, _C.PATIENCE_ENDED): _S.COOLING,
        (_S.CONTACTED, _C.LOST): _S.COOLING,
        (_S.CONTACTED, _C.COUNTERED): _S.COOLING,
        (_S.WARM, _C.QUALIFIED): _S.HOT,
        (_S.WARM, _C.COMPLAINT_DISCLOSED): _S.HOT,
        (_S.WARM, _C.PATIENCE_ENDED): _S.COOLING,
        (_S.WARM, _C.LOST): _S.COOLING,
        (_S.WARM, _C.COUNTERED): _S.COOLING,
        (_S.HOT, _C.PATIENCE_ENDED): _S.COOLING,
        (_S.HOT, _C.LOST): _S.COOLING,
        (_S.HOT, _C.COUNTERED): _S.COOLING,
        (_S.COOLING, _C.TRIGGERED): _S.OUTREACH_READY,
        (_S.COOLING, _C.CONTACTED): _S.CONTACTED,
        (_S.COOLING, _C.DEMAND_SHOWN): _S.WARM,
        (_S.COOLING, _C.QUALIFIED): _S.HOT,
        (_S.COOLING, _C.COMPLAINT_DISCLOSED): _S.HOT,
        (_S.COOLING, _C.PATIENCE_ENDED): _S.COLD,
    }
)
"""Every pair that moves an account; a pair that is not here means "stay"."""


def advance(stage: str, cause: str) -> Stage:
    """Return the stage that follows; the same stage when the table has no such pair.

    Raises LifecycleError for a stage or a cause that does not exist.
    """
    try:
        pair = Stage(stage), Cause(cause)
    except ValueError as error:
        message = f"Unknown stage or cause: {stage!r}, {cause!r}. This is a bug; please report it."
        raise LifecycleError(message) from error
    return TRANSITIONS.get(pair, pair[0])

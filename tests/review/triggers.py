"""Builders of stories and triggers, for what is shown of them."""

from typing import Any

from earmark.triggers import Polarity
from earmark.types import Certainty, Mark, Match, Role, Score, Story, Trigger, TriggerState
from tests.builders import NOW, a_match, ago, days


def a_story(matches: tuple[Match, ...] = (), **changes: Any) -> Story:
    matches = matches or (a_match(),)
    fields: dict[str, Any] = {
        "id": "story-1",
        "key": f"a:{matches[0].account}",
        "account": matches[0].account,
        "company": None,
        "kind": "funding_early",
        "role": Role.RAISER,
        "certainty": Certainty.ANNOUNCED,
        "facts": (),
        "matches": matches,
        "publishers": ("wire.example",),
        "first_at": ago(1),
        "last_at": ago(1),
        "created_at": NOW,
    }
    return Story(**(fields | changes))


def a_trigger(**changes: Any) -> Trigger:
    fields: dict[str, Any] = {
        "id": "trigger-1",
        "account": "norvik-labs",
        "problem": None,
        "story": "story-1",
        "kind": "funding_early",
        "role": Role.RAISER,
        "polarity": Polarity.BUY,
        "state": TriggerState.OPEN,
        "certainty": Certainty.ANNOUNCED,
        "score": Score(fit=1.0, intent=0.9, freshness=1.0, confidence=0.9),
        "mark": Mark.LIVE,
        "undated": False,
        "decays_from": ago(1),
        "opens_at": ago(1),
        "closes_at": NOW + days(44),
        "expires_at": NOW + days(149),
        "created_at": NOW,
    }
    return Trigger(**(fields | changes))

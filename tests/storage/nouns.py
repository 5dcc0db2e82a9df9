"""Stories and triggers that fit together, for tests of what is stored."""

from dataclasses import replace
from typing import Any

from earmark.triggers import Polarity
from earmark.types import (
    Certainty,
    Mark,
    Match,
    Note,
    Part,
    Role,
    Score,
    StoredEvent,
    Story,
    StoryFact,
    Trigger,
    TriggerState,
)
from matcher.stories import key_of
from tests.builders import NOW, a_fact, a_match, a_stored_event, ago, days

_FIT = Part(name="fit", value=1, sentence="It fits.")


def some_events(number: int, source: str = "wire") -> list[StoredEvent]:
    return [
        a_stored_event(
            f"Norvik Labs raises ${n} million",
            id=f"{source}-event-{n}",
            source=source,
            external_id=f"entry-{n}",
            url=f"https://wire.example/{n}",
            canonical_url=f"https://wire.example/{n}",
            fingerprint=f"{n:024x}",
            published_at=ago(1 + n / 100),
        )
        for n in range(number)
    ]


def a_told_match(event: StoredEvent | None = None, **changes: Any) -> Match:
    """Return a match with a fact and the words that say it."""
    event = event or a_stored_event()
    fact = a_fact("amount", 20_000_000, event, event.title.split()[0])
    return replace(a_match(event), **({"facts": (fact,)} | changes))


def a_story(*matches: Match, **changes: Any) -> Story:
    matches = matches or (a_told_match(),)
    first = matches[0]
    fields: dict[str, Any] = {
        "id": "story-1",
        "key": key_of(first),
        "account": first.account,
        "company": first.company,
        "kind": first.kind,
        "role": first.role,
        "certainty": first.certainty,
        "facts": (StoryFact(key="amount", value=20_000_000, span=None, publishers=("wire",)),),
        "matches": matches,
        "publishers": ("wire",),
        "first_at": min(match.event.order[0] for match in matches),
        "last_at": max(match.event.order[0] for match in matches),
        "created_at": NOW,
    }
    return Story(**(fields | changes))


def a_trigger(story: Story | None = None, **changes: Any) -> Trigger:
    story = story or a_story()
    fields: dict[str, Any] = {
        "id": f"trigger-of-{story.id}",
        "account": story.account,
        "problem": None,
        "story": story.id,
        "kind": story.kind,
        "role": Role.RAISER,
        "polarity": Polarity.BUY,
        "state": TriggerState.OPEN,
        "certainty": Certainty.ANNOUNCED,
        "score": Score(
            fit=1,
            intent=0.9,
            freshness=0.8,
            confidence=0.9,
            parts=(Part(name="fit", value=1, sentence="Yes."),),
        ),
        "mark": Mark.LIVE,
        "undated": False,
        "decays_from": story.first_at,
        "opens_at": story.first_at,
        "closes_at": story.first_at + days(30),
        "expires_at": story.first_at + days(90),
        "created_at": NOW,
        "note": Note(ref=f"trigger-of-{story.id}", headline="It raised money.", sentences=()),
    }
    return Trigger(**(fields | changes))

"""Builders of what an export is made from: an account that is ready, its trigger with a note, contacts."""

from typing import Any

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import (
    Account,
    Basis,
    Certainty,
    Contact,
    Mark,
    Note,
    Role,
    Score,
    Sentence,
    Span,
    Trigger,
    TriggerState,
)
from exports.line import Line
from tests.builders import NOW, ago, an_account, days

QUOTE = "Norvik Labs raises $20 million Series B"


def a_span(field: str, quote: str) -> Span:
    return Span(event="event-1", field=field, start=0, end=len(quote), quote=quote)


def a_sentence(section: str, text: str, *spans: Span) -> Sentence:
    return Sentence(section=section, text=text, basis=Basis.EVIDENCE, spans=spans)


def a_note(
    quote: str = QUOTE,
    *,
    who: str = "Norvik Labs",
    publisher: str = "Fjord Wire",
    url: str = "https://wire.example/entry-1",
    opener: str = "Congratulations on the round.",
) -> Note:
    return Note(
        ref="trigger-1",
        headline=f"{who} raised money",
        sentences=(
            a_sentence("why_now", "It raised money: $20 million, Series B (2026-11-20)."),
            a_sentence(
                "evidence",
                f"“{quote}” {publisher}, 2026-11-20, {url}",
                a_span("title", quote),
                a_span("publisher", publisher),
                a_span("published_at", "2026-11-20"),
                a_span("url", url),
            ),
            a_sentence("who", "Ask for: finance lead"),
            a_sentence("opener", opener),
            a_sentence("next", "Best time to call: 2026-11-20 to 2027-01-04."),
        ),
    )


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
        "note": a_note(),
    }
    return Trigger(**(fields | changes))


def a_ready_account(name: str = "Norvik Labs", **changes: Any) -> Account:
    return an_account(name, **({"stage": Stage.OUTREACH_READY, "owner": "Ada Lind"} | changes))


def a_line(account: Account | None = None, *, score: float = 81.0, **changes: Any) -> Line:
    account = account or a_ready_account()
    fields: dict[str, Any] = {"id": f"trigger-{account.id}", "account": account.id}
    return Line(trigger=a_trigger(**(fields | changes)), account=account, score=score)


def a_conversation() -> Line:
    return Line(trigger=a_trigger(id="talk", account=None, kind="asks_recommendation"), account=None, score=9)


def a_contact(number: int = 1, **changes: Any) -> Contact:
    fields: dict[str, Any] = {
        "id": f"contact-{number}",
        "account": "norvik-labs",
        "name": "Ingrid Maas",
        "title": "CFO",
        "email": f"person{number}@norviklabs.example",
    }
    return Contact(**(fields | changes))

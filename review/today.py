"""A row of the list: one per account, best reason first; conversations are rows of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE, TriggerKind
from earmark.types import (
    Account,
    Certainty,
    Mark,
    Match,
    Story,
    Trigger,
    TriggerState,
)
from matcher.citations import ranked
from matcher.folding import publisher_of
from matcher.score import score_now, unconfirmed

__all__ = [
    "NOBODY",
    "Row",
    "fit_line",
    "kind_words",
    "rows_of",
    "surest",
]

_LONGEST: Final = 280
NOBODY: Final = "Somebody in public"
"""The name of a conversation whose writer is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: who to contact, why now, who says so, and until when.

    ``score`` is 0 to 100 as of now; ``more`` counts further reasons of the same account; ``reports`` the
    publishers that tell the story. A conversation has no account: ``name`` is then who wrote, if known.
    ``reasons`` are those further reasons in words; ``unconfirmed`` says that a rumour or one source alone
    tells it; ``offered_to`` is who should answer a hot one now.
    """

    trigger: str
    account: str | None
    name: str
    stage: Stage | None
    owner: str | None
    score: float
    kind: str
    kind_words: str
    fit: str
    happened: str
    certainty: Certainty
    publisher: str
    url: str | None
    reports: int
    more: int
    at: datetime
    undated: bool
    opens_at: datetime
    closes_at: datetime
    expires_at: datetime
    state: TriggerState
    mark: Mark
    reasons: tuple[str, ...] = ()
    unconfirmed: bool = False
    offered_to: str | None = None


def rows_of(
    groups: Iterable[Sequence[Trigger]],
    listed: Mapping[str, Account],
    told: Mapping[str, Story],
    kinds: Mapping[str, TriggerKind],
    now: datetime,
) -> list[Row]:
    """Return the rows of groups of triggers, each the best first; one whose story is gone is left out."""
    return [
        _row(group, listed.get(group[0].account or ""), told[group[0].story], kinds, now)
        for group in groups
        if group[0].story in told
    ]


def fit_line(account: Account) -> str:
    """Return what the record says of an account in one line, the shortest first: a list cuts its end."""
    size = f"{account.size:,} staff" if account.size is not None else None
    tier = f"tier {account.tier}" if account.tier else None
    return " · ".join(part for part in (tier, size, account.country, account.industry) if part)


def kind_words(kind: str, kinds: Mapping[str, TriggerKind] = CATALOGUE) -> str:
    """Return the words for a kind, also for one that the catalogue no longer has."""
    known = kinds.get(kind) or CATALOGUE.get(kind)
    return known.words if known else kind.replace("_", " ")


def surest(story: Story) -> Match:
    """Return the match that names the account most surely and tells no other figure than the story."""
    return ranked(story)[0]


def _waits_for(group: Sequence[Trigger]) -> str | None:
    """Return who should answer a hot reason now; nobody, once a person took it."""
    return next((one.offered_to for one in group if one.offered_to and one.state is TriggerState.OPEN), None)


def _row(
    group: Sequence[Trigger],
    account: Account | None,
    story: Story,
    kinds: Mapping[str, TriggerKind],
    now: datetime,
) -> Row:
    trigger, match = group[0], surest(story)
    event = match.event
    return Row(
        trigger=trigger.id,
        account=account.id if account else None,
        name=account.name if account else event.author or NOBODY,
        stage=account.stage if account else None,
        owner=account.owner if account else None,
        score=score_now(trigger, now, kinds),
        kind=trigger.kind,
        kind_words=kind_words(trigger.kind, kinds),
        fit=fit_line(account) if account else "",
        happened=_happened(match, is_thread=trigger.account is None),
        certainty=trigger.certainty,
        publisher=publisher_of(event),
        url=event.url,
        reports=len(story.publishers),
        more=len(group) - 1,
        at=trigger.decays_from,
        undated=trigger.undated,
        opens_at=trigger.opens_at,
        closes_at=trigger.closes_at,
        expires_at=trigger.expires_at,
        state=trigger.state,
        mark=trigger.mark,
        reasons=tuple(kind_words(other.kind, kinds) for other in group[1:]),
        unconfirmed=unconfirmed(trigger),
        offered_to=_waits_for(group),
    )


def _happened(match: Match, *, is_thread: bool) -> str:
    """Return the headline, or the words that prove it where the headline does not hold them.

    A thread keeps the headline under which its answers are found.
    """
    inside = [] if is_thread else [span.quote for span in match.evidence if span.field == "text"]
    text = inside[0] if inside and len(inside) == len(match.evidence) else match.event.title
    text = " ".join((text or match.event.text).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

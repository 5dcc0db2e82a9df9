"""The list of the day: one row per account, best reason first; conversations are rows of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE, TriggerKind
from earmark.types import Account, Certainty, Mark, Match, Story, Trigger, TriggerState
from matcher.folding import publisher_of
from matcher.score import score_now
from review.rules import lexicon_of
from storage import accounts, stories, triggers
from storage.engine import Connection

__all__ = ["Row", "fit_line", "kind_words", "rows_of", "surest", "today"]

_LONGEST: Final = 280
_NOBODY: Final = "Somebody in public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: who to contact, why now, who says so, and until when.

    ``score`` is 0 to 100 as of now; ``more`` counts further reasons of the same account; ``reports`` the
    publishers that tell the story. A conversation has no account: ``name`` is then who wrote, if known.
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


def today(connection: Connection, now: datetime, *, limit: int | None = None) -> list[Row]:
    """Return what to do now, at most ``limit`` rows, the best first."""
    kinds = lexicon_of(connection).kinds
    groups = _grouped(triggers.today(connection, now), kinds, now)[:limit]
    best = [group[0] for group in groups]
    named = accounts.of(connection, [one.account for one in best if one.account])
    told = stories.of(connection, [one.story for one in best])
    return rows_of(groups, named, told, kinds, now)


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
    """Return what the record says of an account, in one short line."""
    size = f"{account.size:,} staff" if account.size is not None else None
    tier = f"tier {account.tier}" if account.tier else None
    return " · ".join(part for part in (account.industry, account.country, size, tier) if part)


def kind_words(kind: str, kinds: Mapping[str, TriggerKind] = CATALOGUE) -> str:
    """Return the words for a kind, also for one that the catalogue no longer has."""
    known = kinds.get(kind) or CATALOGUE.get(kind)
    return known.words if known else kind.replace("_", " ")


def surest(story: Story) -> Match:
    """Return the match that names the account most surely, the earliest of equals."""
    return min(story.matches, key=lambda match: (-match.confidence, match.event.order))


def _grouped(
    found: Iterable[Trigger], kinds: Mapping[str, TriggerKind], now: datetime
) -> list[list[Trigger]]:
    groups: dict[str, list[Trigger]] = {}
    for trigger in found:
        groups.setdefault(trigger.account or f"trigger {trigger.id}", []).append(trigger)

    def worth(trigger: Trigger) -> tuple[float, str]:
        return -score_now(trigger, now, kinds), trigger.id

    return sorted((sorted(group, key=worth) for group in groups.values()), key=lambda group: worth(group[0]))


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
        name=account.name if account else event.author or _NOBODY,
        stage=account.stage if account else None,
        owner=account.owner if account else None,
        score=score_now(trigger, now, kinds),
        kind=trigger.kind,
        kind_words=kind_words(trigger.kind, kinds),
        fit=fit_line(account) if account else "",
        happened=_happened(match),
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
    )


def _happened(match: Match) -> str:
    """Return the headline, or the words that prove it where the headline does not hold them."""
    inside = [span.quote for span in match.evidence if span.field == "text"]
    text = inside[0] if inside and len(inside) == len(match.evidence) else match.event.title
    text = " ".join((text or match.event.text).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

"""The list of the day: one row per account, best reason first; conversations are rows of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE, Polarity, TriggerKind
from earmark.types import (
    UNTIL_NEWS,
    Account,
    Certainty,
    Lexicon,
    Mark,
    Match,
    Rep,
    Story,
    Trigger,
    TriggerState,
)
from matcher.agenda import is_over
from matcher.citations import ranked
from matcher.folding import publisher_of
from matcher.normalise import fold
from matcher.score import score_now, unconfirmed
from review.remembered import remembered
from review.rules import lexicon_now, lexicon_of
from review.surplus import beyond, share
from storage import accounts, actions, stories, triggers
from storage.engine import Connection
from storage.scope import Scope

__all__ = [
    "Day",
    "LeftOut",
    "Row",
    "capacity",
    "day",
    "fit_line",
    "kind_words",
    "rows_of",
    "surest",
    "today",
]

_LONGEST: Final = 280
_NOBODY: Final = "Somebody in public"
_MOST_LEFT_OUT: Final = 50


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An account that has a reason and is not on the list, and why it is not."""

    account: str | None
    name: str
    owner: str | None
    trigger: str
    score: float
    kind_words: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The list of a day, sized to what can be done: ``rows`` of ``total`` that are worth a touch.

    ``touches`` is what the team (or the owner) can do in a day, ``made`` what is done already.
    """

    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    total: int
    touches: int
    made: int


def day(
    connection: Connection,
    now: datetime,
    *,
    touches: int,
    since: datetime,
    owner: str | None = None,
    everything: bool = False,
    zone: tzinfo = UTC,
) -> Day:
    """Return the list of the day: hot accounts first, then by score, as many as can still be touched.

    Conversations that only name a problem come last, past the best few of each problem.

    ``since`` is when the day began. For one ``owner`` (a name, an id or an address) it holds that rep's
    accounts and what is offered to them, and the touches of the team are shared among its reps. Days are
    told in the team's ``zone``.
    """
    lexicon = lexicon_of(connection)
    kinds = lexicon.kinds
    names = _names(owner, lexicon.reps)
    working = [rep for rep in lexicon.reps if rep.most != 0]
    if owner is not None:
        touches = max(1, touches // max(1, len(working)))
    made = _touched(connection, since, now)
    groups = _grouped(triggers.today(connection, now), kinds, now)
    hidden = _grouped(triggers.barred(connection, now), kinds, now)
    listed = accounts.of(connection, {*_accounts_of(groups), *_accounts_of(hidden), *made})
    if names:
        groups = [group for group in groups if _is_for(group, listed, names)]
        hidden = [group for group in hidden if _is_for(group, listed, names)]
        made = {
            account for account in made if account in listed and fold(listed[account].owner or "") in names
        }
    groups.sort(key=lambda group: not _is_hot(group, listed))
    room = len(groups) if everything else max(0, touches - len(made))
    flood = beyond(groups, share(touches))
    groups.sort(key=lambda group: group[0].id in flood)
    chosen, waiting = groups[:room], groups[room:]
    told = stories.of(connection, [group[0].story for group in chosen])
    shown = {group[0].account for group in groups}
    left = [
        _left_out(group, listed, kinds, now, flood.get(group[0].id) or _is_full(touches, len(made)))
        for group in waiting
    ]
    here = now.astimezone(zone)
    left += [
        _left_out(group, listed, kinds, now, _hindrance(listed[group[0].account or ""], group, lexicon, here))
        for group in hidden
        if group[0].account in listed and group[0].account not in shown
    ]
    return Day(
        rows=tuple(rows_of(chosen, listed, told, kinds, now)),
        left_out=tuple(left),
        total=len(groups),
        touches=touches,
        made=len(made),
    )


def capacity(
    connection: Connection,
    now: datetime,
    *,
    touches: int,
    since: datetime,
    total: int,
    scope: Scope | None = None,
    zone: tzinfo = UTC,
) -> Day:
    """Return how much of a long list the day holds, without its rows: what was made, what is left out.

    ``left_out`` are the best of those that are not to be contacted now. For one rep, whose ``scope`` it is,
    the touches of the team are shared among its reps.
    """
    lexicon = lexicon_now(connection)
    if scope is not None:
        touches = max(1, touches // max(1, sum(rep.most != 0 for rep in lexicon.reps)))
    made = accounts.of(connection, _touched(connection, since, now))
    own = [one for one in made.values() if scope is None or scope.holds(one.owner, one.territory)]
    hidden = remembered(
        connection,
        ("barred", scope),
        lambda seen: triggers.best_barred(seen, now, limit=_MOST_LEFT_OUT, scope=scope),
    )
    groups = _grouped(hidden, lexicon.kinds, now)
    listed = accounts.of(connection, _accounts_of(groups))
    here = now.astimezone(zone)
    left = (
        _left_out(group, listed, lexicon.kinds, now, _hindrance(account, group, lexicon, here))
        for group in groups
        if (account := listed.get(group[0].account or "")) is not None
    )
    return Day(rows=(), left_out=tuple(left), total=total, touches=touches, made=len(own))


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
    """Return the match that names the account most surely and tells no other figure than the story."""
    return ranked(story)[0]


def _grouped(
    found: Iterable[Trigger], kinds: Mapping[str, TriggerKind], now: datetime
) -> list[list[Trigger]]:
    groups: dict[str, list[Trigger]] = {}
    for trigger in found:
        groups.setdefault(trigger.account or f"trigger {trigger.id}", []).append(trigger)

    def worth(trigger: Trigger) -> tuple[float, str]:
        return -score_now(trigger, now, kinds), trigger.id

    return sorted((sorted(group, key=worth) for group in groups.values()), key=lambda group: worth(group[0]))


def _names(owner: str | None, reps: Sequence[Rep]) -> set[str]:
    """Return all that an owner may be called by."""
    if owner is None:
        return set()
    own = [{fold(name) for name in (rep.id, rep.name, rep.email or "") if name} for rep in reps]
    return next((names for names in own if fold(owner) in names), {fold(owner)})


def _accounts_of(groups: Iterable[Sequence[Trigger]]) -> set[str]:
    return {group[0].account for group in groups if group[0].account}


def _is_for(group: Sequence[Trigger], listed: Mapping[str, Account], names: set[str]) -> bool:
    account = listed.get(group[0].account or "")
    heard = _waits_for(group)
    return fold(account.owner or "") in names if account and not heard else fold(heard or "") in names


def _is_hot(group: Sequence[Trigger], listed: Mapping[str, Account]) -> bool:
    account = listed.get(group[0].account or "")
    return _waits_for(group) is not None or (account is not None and account.stage is Stage.HOT)


def _waits_for(group: Sequence[Trigger]) -> str | None:
    """Return who should answer a hot reason now; nobody, once a person took it."""
    return next((one.offered_to for one in group if one.offered_to and one.state is TriggerState.OPEN), None)


def _touched(connection: Connection, since: datetime, now: datetime) -> set[str]:
    """Return the accounts that were contacted since the day began, less those taken back."""
    found: dict[str, bool] = {}
    for at, action in actions.since(connection, since):
        if at <= now and action.verb in {"contacted", "undo"}:
            known = triggers.get(connection, action.trigger) if action.trigger else None
            account = action.account or (known.account if known else None)
            if account is not None:
                found[account] = action.verb == "contacted"
    return {account for account, touched in found.items() if touched}


def _is_full(touches: int, made: int) -> str:
    done = f", {made} of them made" if made else ""
    return f"the day is full: {touches} touches{done}"


def _hindrance(account: Account, group: Sequence[Trigger], lexicon: Lexicon, now: datetime) -> str:
    """Return in words why an account with a reason is not to be contacted now."""
    if account.suppression is not None and not is_over(account.suppression, now):
        return f"never contact: {account.suppression.reason.replace('_', ' ')}"
    if account.snoozed_until is not None and account.snoozed_until > now:
        until = f"{account.snoozed_until.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
        return f"snoozed until {'the next trigger' if account.snoozed_until == UNTIL_NEWS else until}"
    if all(one.polarity is Polarity.SUPPRESS for one in group):
        return "it speaks against contact"
    if account.stage is Stage.CONTACTED:
        return "contacted: an answer is waited for"
    best = score_now(group[0], now, lexicon.kinds)
    if best < lexicon.threshold:
        return f"{account.stage.value}: a score of {best:.0f} is under the threshold of {lexicon.threshold:g}"
    return f"{account.stage.value.replace('_', ' ')}: not ready for outreach"


def _left_out(
    group: Sequence[Trigger],
    listed: Mapping[str, Account],
    kinds: Mapping[str, TriggerKind],
    now: datetime,
    why: str,
) -> LeftOut:
    best = group[0]
    account = listed.get(best.account or "")
    return LeftOut(
        account=best.account,
        name=account.name if account else _NOBODY,
        owner=account.owner if account else None,
        trigger=best.id,
        score=score_now(best, now, kinds),
        kind_words=kind_words(best.kind, kinds),
        why=why,
    )


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
        reasons=tuple(kind_words(other.kind, kinds) for other in group[1:]),
        unconfirmed=unconfirmed(trigger),
        offered_to=_waits_for(group),
    )


def _happened(match: Match) -> str:
    """Return the headline, or the words that prove it where the headline does not hold them."""
    inside = [span.quote for span in match.evidence if span.field == "text"]
    text = inside[0] if inside and len(inside) == len(match.evidence) else match.event.title
    text = " ".join((text or match.event.text).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

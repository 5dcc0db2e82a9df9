"""Other rules tried on what is stored: the ideal customer profile, the problems, and the last days again.

Nothing is written. It may take minutes, so the page runs it in a process of its own: see ``review.trying``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from heapq import nsmallest
from typing import Final

from earmark.types import Account, IcpRule, Lexicon
from matcher.fit import fit
from matcher.icp import IcpTrial
from matcher.icp import tried as tried_icp
from matcher.trial import Trial, check, wide
from matcher.trial import tried as tried_problems
from monitors.comparison import Comparison, compared
from monitors.relive import Reason, Span
from monitors.replay import WARM_UP, Replayed, replay
from review.today import kind_words
from storage import accounts, events, judgements, rulebook
from storage.engine import Connection, Engine, reading

__all__ = ["DAYS", "FitMoved", "Lived", "OnAccounts", "OnTexts", "Sample", "both", "span_of", "tried"]

DAYS: Final = 90
_MOVED: Final = 12
_SAMPLES: Final = 5
_LONGEST: Final = 160  # characters of a title


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMoved:
    """An account whose fit the new rules change, from 0 to 1."""

    account: str
    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAccounts:
    """The ideal customer profile on trial: what the rules in force and the new ones make of the list.

    ``changed`` accounts get another fit; ``moved`` are those of them whose fit moves most.
    """

    now: IcpTrial
    new: IcpTrial
    changed: int
    moved: tuple[FitMoved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTexts:
    """The problems on trial on stored texts, and what is wrong with their rules."""

    trials: tuple[Trial, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A reason that only one set of rules has: of whom, of which kind, since when, by which text."""

    account: str | None
    name: str
    kind: str
    at: datetime
    title: str
    is_alert: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """The last days lived through again: figures, and what only the new or the old rules would have given.

    ``more`` and ``fewer`` count those reasons; the samples are the latest few of each, and of all that the
    new rules would have given.
    """

    found: Comparison
    more: int
    fewer: int
    samples: tuple[Sample, ...]
    more_samples: tuple[Sample, ...]
    fewer_samples: tuple[Sample, ...]
    names: tuple[tuple[str, str], ...]


def both(connection: Connection, text: str | None) -> tuple[Lexicon, Lexicon]:
    """Return the lexicon in force and that of another rulebook, both without what was learned.

    ConfigError when the text is no rulebook, or when a problem gets one of its sentences wrong.
    """
    now = rulebook.decided(connection)
    new = replace(rulebook.decided(connection, (), text), accounts=now.accounts, champions=now.champions)
    check(new.problems)
    return now, new


def span_of(now: datetime, days: int = DAYS) -> Span:
    """Return the last days up to a moment, with the list of the day before."""
    since = now - timedelta(days=days)
    return Span(
        warm_from=since - WARM_UP,
        since=since,
        until=now + timedelta(microseconds=1),
        list_at=now - timedelta(days=1),
    )


def tried(
    engine: Engine,
    text: str,
    span: Span,
    zone: tzinfo,
    tell: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
) -> Iterator[OnAccounts | OnTexts | Lived]:
    """Yield what a rulebook would change, the quick answers first: accounts, texts, the days lived again."""
    with reading(engine) as connection:
        now, new = both(connection, text)
        yield _on_accounts(list(now.accounts.values()), now.icp, new.icp)
        if new.problems:
            trials = tried_problems(events.stream(connection, since=span.since), new.problems)
            yield OnTexts(trials=trials, remarks=wide(trials))
    old_days, new_days = replay(engine, [now, new], span, tell=tell)
    with reading(engine) as connection:
        found = compared(old_days, new_days, judgements.every(connection), span, zone)
        yield _lived(
            connection, found, old_days, new_days, replace(now, kinds={**now.kinds, **new.kinds}), span.since
        )


def _on_accounts(listed: Sequence[Account], now: Sequence[IcpRule], new: Sequence[IcpRule]) -> OnAccounts:
    moved = []
    if tuple(now) != tuple(new):
        for account in listed:
            before, after = fit(account, now).value, fit(account, new).value
            if round(before, 2) != round(after, 2):
                moved.append(FitMoved(account=account.id, name=account.name, before=before, after=after))
    most = nsmallest(_MOVED, moved, key=lambda one: (-abs(one.after - one.before), one.account))
    return OnAccounts(
        now=tried_icp(listed, now), new=tried_icp(listed, new), changed=len(moved), moved=tuple(most)
    )


def _lived(
    connection: Connection,
    found: Comparison,
    old: Replayed,
    new: Replayed,
    lexicon: Lexicon,
    since: datetime,
) -> Lived:
    before, after = _reasons(old, since), _reasons(new, since)
    more, fewer = _beyond(after, before), _beyond(before, after)
    rows = (*found.on_list, *found.off_list)
    moves = (*found.promoted, *found.demoted)
    named = {row.account for row in rows if row.account} | {move.account for move in moves}
    return Lived(
        found=found,
        more=len(more),
        fewer=len(fewer),
        samples=_samples(connection, after, lexicon),
        more_samples=_samples(connection, more, lexicon),
        fewer_samples=_samples(connection, fewer, lexicon),
        names=tuple(
            (name, lexicon.accounts[name].name) for name in sorted(named) if name in lexicon.accounts
        ),
    )


def _reasons(replayed: Replayed, since: datetime) -> list[Reason]:
    return [one for past in replayed.pasts for one in past.reasons if one.created_at >= since]


def _beyond(here: Iterable[Reason], there: Iterable[Reason]) -> list[Reason]:
    """Return the reasons that the other rules do not have: none of theirs tells of the same event."""
    known = {(one.key, one.kind, event) for one in there for event in one.events}
    return [one for one in here if all((one.key, one.kind, event) not in known for event in one.events)]


def _samples(connection: Connection, reasons: Iterable[Reason], lexicon: Lexicon) -> tuple[Sample, ...]:
    latest = sorted(reasons, key=lambda one: (one.is_alert, one.created_at, one.key), reverse=True)[:_SAMPLES]
    first = [min(one.events, default="") for one in latest]
    told = events.get(connection, first)
    listed = accounts.of(connection, [one.account for one in latest if one.account])
    return tuple(
        Sample(
            account=one.account,
            name=listed[one.account].name if one.account in listed else "Somebody in public",
            kind=kind_words(one.kind, lexicon.kinds),
            at=one.created_at,
            title=told[event].title[:_LONGEST] if event in told else "",
            is_alert=one.is_alert,
        )
        for one, event in zip(latest, first, strict=True)
    )

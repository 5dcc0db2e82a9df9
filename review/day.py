"""The list of the day: as much of the list as can still be touched, and why the rest is left out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from math import floor
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import Polarity, TriggerKind
from earmark.types import UNTIL_NEWS, Account, Lexicon, Trigger
from matcher.agenda import is_over
from matcher.score import score_now
from review import listing
from review.remembered import at_hand
from review.rules import lexicon_now
from review.surplus import not_surplus
from review.today import NOBODY, Row, kind_words
from storage import accounts, barred, standing
from storage import listing as stored
from storage.engine import Connection
from storage.names import folded
from storage.scope import Scope
from storage.wanted import Part

__all__ = ["Day", "LeftOut", "capacity", "day", "left_out", "names_of"]

_MOST_LEFT_OUT: Final = 50
_STEP: Final = 500


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

    ``touches`` is what the team (or the owner) can do in a day, ``made`` what is done already; ``barred``
    accounts have a reason and are not to be contacted, the best of them are ``left_out``.
    """

    rows: tuple[Row, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    total: int
    touches: int
    made: int
    barred: int = 0


def day(
    connection: Connection,
    now: datetime,
    *,
    touches: int,
    since: datetime,
    owner: str | None = None,
    limit: int | None = None,
    everything: bool = False,
) -> Day:
    """Return the list of the day: hot accounts first, then by score, as many as can still be touched.

    With a ``limit`` as many as that, or all. Conversations that only name a problem come last, past the best
    few of each problem. ``since`` is when the day began. For one ``owner`` (a name, an id or an address) it
    holds that rep's accounts and what is offered to them, and the touches of the team are shared among its
    reps.
    """
    owners = names_of(connection, owner)
    own = _share(connection, touches, owners)
    made = _made(connection, since, now, owners=owners)
    room = None if everything or limit is not None else max(0, own - made)
    return Day(
        rows=tuple(_rows(connection, owners, now, touches=touches, room=room, limit=limit)),
        total=listing.total(connection, _asked(owners, now), now),
        touches=own,
        made=made,
        barred=barred.count(connection, now, owners=owners),
    )


def left_out(
    connection: Connection,
    now: datetime,
    *,
    touches: int,
    since: datetime,
    owner: str | None = None,
    zone: tzinfo = UTC,
) -> Iterator[LeftOut]:
    """Yield what is not on the list of the day: what it has no room for, then who is barred, best first.

    Days are told in the team's ``zone``.
    """
    owners = names_of(connection, owner)
    own = _share(connection, touches, owners)
    made = _made(connection, since, now, owners=owners)
    yield from _waiting(connection, owners, now, touches=touches, own=own, made=made)
    yield from _barred(connection, barred.best(connection, now, owners=owners), now.astimezone(zone))


def capacity(
    connection: Connection,
    now: datetime,
    *,
    touches: int,
    since: datetime,
    total: int = 0,
    scope: Scope | None = None,
    owners: frozenset[str] = frozenset(),
    zone: tzinfo = UTC,
) -> Day:
    """Return how much of a long list the day holds, without its rows: what was made, what is left out.

    ``left_out`` are the best of those that are not to be contacted now. For one rep, whose ``scope`` it is
    or who is called so (``owners``, see ``names_of``), the touches of the team are shared among its reps.
    """
    hidden = at_hand(
        connection,
        ("barred", scope, owners),
        lambda seen: barred.best(seen, now, limit=_MOST_LEFT_OUT, scope=scope, owners=owners),
    )
    return Day(
        left_out=tuple(_barred(connection, hidden or (), now.astimezone(zone))),
        total=total,
        touches=_share(connection, touches, scope or owners),
        made=_made(connection, since, now, scope=scope, owners=owners),
    )


def names_of(connection: Connection, owner: str | None) -> frozenset[str]:
    """Return all that an owner may be called by, in folded words; nothing for nobody."""
    if owner is None:
        return frozenset()
    called = folded(owner)
    reps = ((rep.id, rep.name or "", rep.email or "") for rep in lexicon_now(connection).reps)
    own = (frozenset(folded(name) for name in names if name) for names in reps)
    return next((names for names in own if called in names), frozenset({called}))


def _asked(owners: frozenset[str], now: datetime, after: str = "") -> listing.Asked:
    """Return the question for the list of the day, as an address asks it."""
    pairs = [("owner", "me")] if owners else []
    return listing.asked_of([*pairs, ("after", after)], owners, now, UTC)


def _rows(
    connection: Connection,
    owners: frozenset[str],
    now: datetime,
    *,
    touches: int,
    room: int | None,
    limit: int | None,
) -> Iterator[Row]:
    """Yield the rows for which there is room, or so many, or all, some at a time."""
    after, left = "", limit
    while True:
        step = max(room, listing.MOST) if room is not None else min(_STEP, left or _STEP)
        asked = _asked(owners, now, after)
        found = listing.rows(connection, asked, now, limit=step, room=room, touches=touches)
        yield from (Row(**{one.name: getattr(row, one.name) for one in fields(Row)}) for row in found.rows)
        after, left = found.next_after, left and left - step
        if not after or room is not None or left == 0:
            return


def _waiting(
    connection: Connection, owners: frozenset[str], now: datetime, *, touches: int, own: int, made: int
) -> Iterator[LeftOut]:
    """Yield what stands on the list beyond the room of the day."""
    kinds, kept = lexicon_now(connection).kinds, not_surplus(connection, touches, now)
    done = f", {made} of them made" if made else ""
    full, room, place = f"the day is full: {own} touches{done}", max(0, own - made), stored.FIRST
    wanted = _asked(owners, now).wanted
    while found := stored.page(connection, wanted, now, after=place, limit=_STEP, share=kept):
        listed = accounts.of(connection, {one.best.account for one in found if one.best.account})
        for one in found:
            room -= 1
            if room < 0 and one.part is not Part.HOT:
                wide = f"too many name the problem {one.best.problem!r}: see earmark rules try"
                why = wide if one.part is Part.SURPLUS else full
                yield _left_out(one.best, listed.get(one.best.account or ""), kinds, now, why)
        place = found[-1].place


def _barred(connection: Connection, hidden: Iterable[Trigger], here: datetime) -> Iterator[LeftOut]:
    """Yield accounts that are not to be contacted, with what keeps them from it; ``here`` tells the time."""
    lexicon = lexicon_now(connection)
    listed = accounts.of(connection, {one.account for one in hidden if one.account})
    for one in hidden:
        account = listed.get(one.account or "")
        if account is not None:
            yield _left_out(one, account, lexicon.kinds, here, _hindrance(account, one, lexicon, here))


def _share(connection: Connection, touches: int, whose: object) -> int:
    """Return how many touches a day has: all of the team, or those of one rep."""
    working = sum(rep.most != 0 for rep in lexicon_now(connection).reps)
    return max(1, touches // max(1, working)) if whose else touches


def _made(
    connection: Connection,
    since: datetime,
    now: datetime,
    *,
    scope: Scope | None = None,
    owners: frozenset[str] = frozenset(),
) -> int:
    """Return how many accounts were contacted since the day began, less those taken back."""
    touched = accounts.of(connection, standing.contacted(connection, since, now))
    return sum(
        (scope is None or scope.holds(one.owner, one.territory))
        and (not owners or folded(one.owner or "") in owners)
        for one in touched.values()
    )


def _hindrance(account: Account, reason: Trigger, lexicon: Lexicon, now: datetime) -> str:
    """Return in words why an account with a reason is not to be contacted now."""
    if account.suppression is not None and not is_over(account.suppression, now):
        return f"never contact: {account.suppression.reason.replace('_', ' ')}"
    if account.snoozed_until is not None and account.snoozed_until > now:
        until = f"{account.snoozed_until.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
        return f"snoozed until {'the next trigger' if account.snoozed_until == UNTIL_NEWS else until}"
    if reason.polarity is Polarity.SUPPRESS:
        return "it speaks against contact"
    if account.stage is Stage.CONTACTED:
        return "contacted: an answer is waited for"
    best = score_now(reason, now, lexicon.kinds)
    if best < lexicon.threshold:
        shown = round(best) if round(best) < lexicon.threshold else floor(10 * best) / 10
        told = f"a score of {shown:g} is under the threshold of {lexicon.threshold:g}"
        return f"{account.stage.value}: {told}"
    return f"{account.stage.value.replace('_', ' ')}: not ready for outreach"


def _left_out(
    reason: Trigger, account: Account | None, kinds: Mapping[str, TriggerKind], now: datetime, why: str
) -> LeftOut:
    return LeftOut(
        account=reason.account,
        name=account.name if account else NOBODY,
        owner=account.owner if account else None,
        trigger=reason.id,
        score=score_now(reason, now, kinds),
        kind_words=kind_words(reason.kind, kinds),
        why=why,
    )

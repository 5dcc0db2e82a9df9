"""Reading back: what a target tells of our accounts becomes actions, each once, by ``crm:TARGET``.

An owner there is the owner here; a customer or an open deal there is suppressed here, until the target that
said so takes it back; a task done there is a contact, and what came of a deal is an outcome. A suppression
by a person is never touched.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.contract import Exporter, Told
from earmark.errors import EarmarkError, ExportError, ExportRefused, ExportUnavailable, SourceError
from earmark.intake import Key, crm_key
from earmark.types import Account, Action, History, Lexicon, Past
from matcher.act import act
from matcher.agenda import suppressed
from monitors.door import Door
from storage import accounts, actions, deliveries, history, lookup, rulebook, targets, united
from storage.engine import Connection, Engine, reading, writing
from storage.targets import Target

__all__ = ["EVERY", "NEWS", "Heard", "read_back"]

EVERY: Final = timedelta(hours=1)
NEWS: Final = timedelta(days=30)
"""What was done or came of it longer ago is history, and moves nothing."""

_REFUSED_FOR: Final = timedelta(days=1)
_AT_ONCE: Final = 25
_MEMORY: Final = timedelta(days=3650)
_OF_A_DEAL: Final = frozenset({"lost", "opportunity", "won"})
_BARRING: Final = frozenset({"customer", "open_deal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one reading brought: how many companies were told of, what was done, and what could not be.

    ``error`` says why the target could not be read to its end; it is read again from the same place.
    """

    target: str
    told: int = 0
    done: tuple[Action, ...] = ()
    left: tuple[str, ...] = ()
    error: str | None = None


async def read_back(engine: Engine, target: Target, exporter: Exporter, door: Door) -> Heard:
    """Read what a target tells since the last time, act on it, and return what was done.

    The place up to which it was read is kept with the last of the changes.
    """
    told: list[Told] = []
    error: ExportError | SourceError | None = None
    try:
        async for one in exporter.read(door):
            told.append(one)  # noqa: PERF401 - what came before an error counts
    except (ExportError, SourceError) as caught:
        error = caught
    return await asyncio.to_thread(_hear, engine, target, exporter.crm, told, door, error)


def _hear(
    engine: Engine,
    target: Target,
    crm: str | None,
    told: Sequence[Told],
    door: Door,
    error: ExportError | SourceError | None,
) -> Heard:
    """Act on all that was told, some accounts at a time, then note how far the target was read."""
    with reading(engine) as connection:
        by_account = _by_account(connection, target.id, crm, told)
        lexicon = rulebook.lexicon(connection, [])
    done: list[Action] = []
    left: list[str] = []
    ids = sorted(by_account)
    for start in range(0, len(ids), _AT_ONCE):
        some = {key: by_account[key] for key in ids[start : start + _AT_ONCE]}
        with writing(engine) as connection:
            acted, refused = _act(connection, f"crm:{target.id}", some, lexicon, door.now)
        done += acted
        left += refused
    with writing(engine) as connection:
        if error is None:
            targets.keep(connection, target.id, door.state, door.before)
        text = None if error is None else str(error)
        targets.read(connection, target.id, door.now, door.now + _pause(error), text)
    return Heard(
        target=target.id,
        told=len(told),
        done=tuple(done),
        left=tuple(left),
        error=None if error is None else str(error),
    )


def _pause(error: ExportError | SourceError | None) -> timedelta:
    if isinstance(error, ExportRefused):
        return _REFUSED_FOR
    asked = error.retry_after if isinstance(error, ExportUnavailable) else None
    return max(EVERY, asked or EVERY)


def _by_account(
    connection: Connection, target: str, crm: str | None, told: Sequence[Told]
) -> dict[str, list[Told]]:
    """Return what was told by the account that it means: our key, what we wrote, the CRM's id, the domain."""
    listed = accounts.of(connection, {one.key for one in told if one.key})
    ours = deliveries.accounts_of(connection, target, {one.remote_id for one in told})
    keys = {
        one.remote_id: _keys(one, crm) for one in told if one.key not in listed and one.remote_id not in ours
    }
    meant = lookup.meant(connection, [key for each in keys.values() for key in each])
    heirs = united.heirs(connection)
    found: dict[str, list[Told]] = {}
    for one in sorted(told, key=lambda each: each.at):
        account = one.key if one.key in listed else ours.get(one.remote_id)
        account = account or lookup.chosen(keys.get(one.remote_id, ()), meant)[0]
        if account is not None:
            found.setdefault(heirs.get(account, account), []).append(one)
    return found


def _keys(one: Told, crm: str | None) -> tuple[Key, ...]:
    by_id = (crm_key(crm, one.remote_id),) if crm else ()
    return (*by_id, Key("domain", one.domain)) if one.domain else by_id


def _act(
    connection: Connection, by: str, told: Mapping[str, Sequence[Told]], lexicon: Lexicon, now: datetime
) -> tuple[list[Action], list[str]]:
    """Do what follows for these accounts; return it, and in sentences what could not be done."""
    pasts = _pasts(connection, told, now)
    before = actions.of_accounts(connection, told)
    done: list[Action] = []
    left: list[str] = []
    for account, ones in told.items():
        key = f"a:{account}"
        known = [action for action in before.get(account, ()) if action.by == by]
        for one in ones:
            for action in _actions(one, pasts[key], known, by, lexicon, now):
                try:
                    changes = act(action, History(pasts={key: pasts[key]}), _with(lexicon, pasts[key]), now)
                except EarmarkError as error:
                    left.append(str(error))
                    continue
                history.save(connection, changes, now)
                pasts |= _pasts(connection, [account], now)
                known.append(action)
                done += changes.actions
    return done, left


def _pasts(
    connection: Connection, ids: Mapping[str, object] | Sequence[str], now: datetime
) -> dict[str, Past]:
    keys = sorted(f"a:{account}" for account in ids)
    return dict(history.load(connection, keys, now - _MEMORY, now).pasts)


def _with(lexicon: Lexicon, past: Past) -> Lexicon:
    """Return the lexicon with the one account that an action is about."""
    return replace(lexicon, accounts={past.account.id: past.account}) if past.account else lexicon


def _actions(
    one: Told, past: Past, known: Sequence[Action], by: str, lexicon: Lexicon, now: datetime
) -> Iterator[Action]:
    """Yield what follows of what was told and is not so already; pure."""
    account = past.account
    if account is None:
        return
    owner = _owner(one.owner, lexicon)
    if owner and owner != account.owner:
        yield Action(verb="assign", by=by, account=account.id, value=owner)
    yield from _suppression(one, account, by, now)
    trigger = next((each.id for each in past.triggers if each.id == one.ref), None)
    if one.contacted_at is not None and one.contacted_at >= now - NEWS:
        text = f"a task done on {one.contacted_at:%Y-%m-%d %H:%M} UTC"
        contacted = Action(verb="contacted", by=by, account=account.id, trigger=trigger, text=text)
        if not _is_known(contacted, known):
            yield contacted
    if one.outcome and one.at >= now - NEWS:
        text = f"of {one.at:%Y-%m-%d %H:%M} UTC"
        came = Action(
            verb="outcome", by=by, account=account.id, trigger=trigger, value=one.outcome, text=text
        )
        if not _is_known(came, known) and not _is_last_of_deal(came, known):
            yield came


def _suppression(one: Told, account: Account, by: str, now: datetime) -> Iterator[Action]:
    held = account.suppression if suppressed(account, now) else None
    if one.suppression == "":
        if held is not None and held.by == by:
            yield Action(verb="unsuppress", by=by, account=account.id)
    elif one.suppression in _BARRING and (held is None or (held.by == by and held.reason != one.suppression)):
        yield Action(verb="suppress", by=by, account=account.id, value=one.suppression)


def _is_known(action: Action, known: Sequence[Action]) -> bool:
    said = (action.verb, action.value, action.text)
    return any((each.verb, each.value, each.text) == said for each in known)


def _is_last_of_deal(came: Action, known: Sequence[Action]) -> bool:
    """Say whether a deal was told so already: one that is touched later is told again, with another date."""
    if came.value not in _OF_A_DEAL:
        return False
    deals = [
        each
        for each in known
        if each.verb == "outcome" and each.value in _OF_A_DEAL and each.trigger == came.trigger
    ]
    return bool(deals) and deals[-1].value == came.value


def _owner(told: str | None, lexicon: Lexicon) -> str | None:
    """Return whom we call what the target calls its owner; nobody when none of the team's reps is meant."""
    if not told or not lexicon.reps:
        return told or None
    plain = told.strip().casefold()
    meant = [
        rep.id
        for rep in lexicon.reps
        if plain in {rep.id.casefold(), rep.name.casefold(), (rep.email or "").casefold()}
    ]
    return meant[0] if len(meant) == 1 else None

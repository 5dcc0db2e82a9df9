"""What drives the outbox: what waits is found in its target, planned, applied, and kept on record.

A delivery that failed starts at ``find`` again, so an unknown outcome (a time-out after a create) is
looked for before anything is made a second time. What was made is on record before the next step begins.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.contract import Change, Exporter, Receipt, Wanted
from earmark.errors import (
    ConfigError,
    EarmarkError,
    ExportError,
    ExportRefused,
    ExportRejected,
    ExportUnavailable,
    SourceError,
)
from exports.choice import suppression_of
from monitors import notices
from monitors.door import Door
from storage import accounts, deliveries, outbox, targets
from storage.deliveries import Remote
from storage.engine import Connection, Engine, reading, writing
from storage.outbox import Parcel

__all__ = ["BATCH", "Done", "again_at", "against", "deliver", "plan"]

BATCH: Final = 100
LEASE: Final = timedelta(minutes=10)
PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""The wait after each failure; after the last one a person must look."""

_log = logging.getLogger(__name__)
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one drive of a target did: deliveries by their number, with the reason of each that failed.

    ``skipped`` are those that must not go out any more, with the reason.
    """

    target: str
    sent: tuple[int, ...] = ()
    skipped: Mapping[int, str] = field(default_factory=dict)
    failed: Mapping[int, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    paused: str = ""


@dataclass(slots=True)
class _Run:
    """One drive under way: whose wish each object is, what was made, and what went wrong."""

    parcels: Sequence[Parcel]
    wishes: dict[_Key, list[int]]
    faults: dict[int, ExportError] = field(default_factory=dict)
    made: dict[_Key, str | None] = field(default_factory=dict)

    def fail(self, changes: Iterable[Change], error: ExportError) -> None:
        for change in changes:
            for number in self.wishes[(change.object, change.key)]:
                self.faults.setdefault(number, error)


async def deliver(engine: Engine, target: str, exporter: Exporter, door: Door, *, worker: str) -> Done:
    """Deliver what waits for a target now, at most ``BATCH`` of it, and return what became of it."""
    now = door.now
    parcels, skipped = await asyncio.to_thread(_taken, engine, target, exporter, now, worker)
    if not parcels:
        return Done(target=target, skipped=skipped)
    try:
        done = await _delivered(engine, target, exporter, door, parcels)
    except BaseException:
        # It broke down, or is to stop: what was taken is looked for anew by whoever comes next.
        _released(engine, parcels)
        raise
    return replace(done, skipped=skipped)


async def _delivered(
    engine: Engine, target: str, exporter: Exporter, door: Door, parcels: Sequence[Parcel]
) -> Done:
    """Plan and apply what was taken, and return what became of it."""
    wanted, wishes = _wanted(exporter, parcels)
    run = _Run(parcels=parcels, wishes=wishes)
    changes: list[Change] = []
    batch = f"{target}:{door.now:%Y%m%dT%H%M%S}:{parcels[0].number}"
    try:
        changes = await _planned(engine, target, exporter, door, wanted)
        await _apply(engine, target, batch, exporter, door, changes, wanted, run)
    except (ExportRefused, ConfigError) as error:
        return await asyncio.to_thread(_stopped, engine, target, run, error, changes, door.now)
    except (ExportError, SourceError) as error:
        run.fail((_step(one) for one in wanted), _as_ours(error))
    return await asyncio.to_thread(_ended, engine, target, run, changes, door)


async def plan(
    engine: Engine, target: str, exporter: Exporter, door: Door, parcels: Sequence[Parcel]
) -> list[Change]:
    """Return what delivering these would change, and change nothing."""
    wanted, _ = _wanted(exporter, parcels)
    return await _planned(engine, target, exporter, door, wanted)


def again_at(now: datetime, attempts: int, error: ExportError) -> datetime | None:
    """Return when a delivery that failed is tried again; None when a person must look first."""
    if isinstance(error, ExportRejected) or attempts >= len(PAUSES):
        return None
    asked = error.retry_after if isinstance(error, ExportUnavailable) else None
    return now + max(PAUSES[attempts], asked or timedelta(0))


def against(connection: Connection, parcels: Sequence[Parcel], now: datetime) -> dict[int, str]:
    """Return the deliveries about accounts that nobody may contact any more, each with the reason."""
    listed = accounts.of(connection, {each.outgoing.account for each in parcels if each.outgoing.account})
    reasons = {key: suppression_of(account, now) for key, account in listed.items()}
    return {
        each.number: reason for each in parcels if (reason := reasons.get(each.outgoing.account or "", ""))
    }


def _taken(
    engine: Engine, target: str, exporter: Exporter, now: datetime, worker: str
) -> tuple[list[Parcel], dict[int, str]]:
    """Take what waits, and return why some of it must not go out.

    What its exporter wants to send later goes back until then.
    """
    with writing(engine) as connection:
        parcels = outbox.take(connection, now, limit=BATCH, lease=LEASE, worker=worker, target=target)
        later = {
            parcel.number: until
            for parcel in parcels
            if (until := exporter.waits_until(parcel.outgoing, parcel.created_at)) > now
        }
        outbox.postpone(connection, later)
        barred = against(connection, [each for each in parcels if each.number not in later], now)
        outbox.skipped(connection, barred, now)
    return [each for each in parcels if each.number not in later and each.number not in barred], barred


def _released(engine: Engine, parcels: Sequence[Parcel]) -> None:
    with writing(engine) as connection:
        outbox.release(connection, [parcel.number for parcel in parcels])


def _wanted(exporter: Exporter, parcels: Sequence[Parcel]) -> tuple[list[Wanted], dict[_Key, list[int]]]:
    """Return what all parcels want, each object once as the latest wants it, and who wants it."""
    wanted: dict[_Key, Wanted] = {}
    wishes: dict[_Key, list[int]] = {}
    for parcel in parcels:
        for one in exporter.wanted(parcel.outgoing):
            key = (one.object, one.key)
            wanted[key] = one
            wishes.setdefault(key, []).append(parcel.number)
    return list(wanted.values()), wishes


async def _planned(
    engine: Engine, target: str, exporter: Exporter, door: Door, wanted: Sequence[Wanted]
) -> list[Change]:
    """Return the plan; what stands there just as it is wanted is not even asked for."""
    standing = await asyncio.to_thread(_standing, engine, target, wanted)
    asked = [_placed(one, standing.get((one.object, one.key))) for one in wanted]
    as_left = {
        (one.object, one.key)
        for one in asked
        if one.object != "company" and _is_as_left(one, standing.get((one.object, one.key)))
    }
    parents = {one.parent for one in asked if (one.object, one.key) not in as_left}
    as_left |= {
        ("company", one.key)
        for one in asked
        if one.object == "company"
        and one.key not in parents
        and _is_as_left(one, standing.get(("company", one.key)))
    }
    open_ones = [one for one in asked if (one.object, one.key) not in as_left]
    found = await exporter.find(open_ones, door) if open_ones else {}
    planned = {(change.object, change.key): change for change in exporter.plan(open_ones, found)}
    return [
        planned.get((one.object, one.key)) or replace(_step(one), reason="it was told already")
        for one in wanted
    ]


def _standing(engine: Engine, target: str, wanted: Sequence[Wanted]) -> Mapping[_Key, Remote]:
    with reading(engine) as connection:
        return deliveries.known(connection, target, [(one.object, one.key) for one in wanted])


async def _apply(
    engine: Engine,
    target: str,
    batch: str,
    exporter: Exporter,
    door: Door,
    changes: Sequence[Change],
    wanted: Sequence[Wanted],
    run: _Run,
) -> None:
    """Apply the plan in its order, as many at once as the exporter takes; record each step at once."""
    hashes = {(one.object, one.key): _hash(one) for one in wanted}
    run.made = {(each.object, each.key): each.remote_id for each in changes if each.remote_id}
    for lump in _lumps(changes, exporter.batch):
        ready = [_hung(change, run) for change in lump if not _is_orphan(change, run)]
        run.fail(
            (change for change in lump if _is_orphan(change, run)),
            ExportUnavailable(
                "The company that it belongs to could not be written. It is tried again later."
            ),
        )
        if not ready:
            continue
        made = await _attempt(exporter, door, ready, run)
        await asyncio.to_thread(_record, engine, target, batch, run, made, hashes, door.now)
        run.made |= {
            (change.object, change.key): receipt.remote_id or change.remote_id for change, receipt in made
        }


def _record(
    engine: Engine,
    target: str,
    batch: str,
    run: _Run,
    made: Sequence[tuple[Change, Receipt]],
    hashes: Mapping[_Key, str],
    now: datetime,
) -> None:
    """Keep what was made, and hold on to what is still to come."""
    with writing(engine) as connection:
        deliveries.done(connection, target, batch, made, now, hashes=hashes)
        outbox.renew(connection, [parcel.number for parcel in run.parcels], now + LEASE)


async def _attempt(
    exporter: Exporter, door: Door, changes: Sequence[Change], run: _Run
) -> list[tuple[Change, Receipt]]:
    """Apply one lump and return what was made; a refused lump is tried one by one, to find the culprit."""
    try:
        receipts = await exporter.apply(changes, door)
    except ExportRefused:
        raise
    except ExportRejected as error:
        if len(changes) == 1:
            run.fail(changes, error)
            return []
        singly = [await _attempt(exporter, door, [change], run) for change in changes]
        return [pair for pairs in singly for pair in pairs]
    except (ExportError, SourceError) as error:
        run.fail(changes, _as_ours(error))
        return []
    made = []
    for change, receipt in zip(changes, receipts, strict=True):
        if receipt.error:
            run.fail([change], ExportRejected(receipt.error))
        else:
            made.append((change, receipt))
    return made


def _as_ours(error: ExportError | SourceError) -> ExportError:
    """Return the error; an answer that an exporter could not read (a page of a proxy) may pass."""
    return error if isinstance(error, ExportError) else ExportUnavailable(str(error))


def _stopped(
    engine: Engine,
    target: str,
    run: _Run,
    error: EarmarkError,
    changes: Sequence[Change],
    now: datetime,
) -> Done:
    """Pause the target; what was taken goes back as it was."""
    _log.warning("Export %s stopped: %s", target, error)
    with writing(engine) as connection:
        outbox.release(connection, [parcel.number for parcel in run.parcels])
        targets.pause(connection, target, str(error))
        notices.target_stopped(connection, target, str(error), now)
    return Done(target=target, changes=tuple(changes), paused=str(error))


def _ended(engine: Engine, target: str, run: _Run, changes: Sequence[Change], door: Door) -> Done:
    """Write what became of each parcel, and what the exporter remembers."""
    now = door.now
    by_parcel: dict[int, list[Change]] = {parcel.number: [] for parcel in run.parcels}
    for change in changes:
        for number in run.wishes[(change.object, change.key)]:
            by_parcel[number].append(change)
    sent, refused = [], []
    with writing(engine) as connection:
        targets.keep(connection, target, door.state, door.before)
        for parcel in run.parcels:
            error = run.faults.get(parcel.number)
            if error is None:
                sent.append(parcel.number)
                outbox.sent(connection, parcel.number, _receipt(by_parcel[parcel.number], run), now)
            else:
                next_at = again_at(now, parcel.attempts, error)
                outbox.failed(connection, parcel.number, str(error), now, next_at)
                if next_at is None:
                    refused.append((parcel, str(error)))
        notices.deliveries_refused(connection, refused, now)
    failed = {number: str(error) for number, error in run.faults.items()}
    return Done(target=target, sent=tuple(sent), failed=failed, changes=tuple(changes))


def _receipt(changes: Sequence[Change], run: _Run) -> dict[str, object]:
    return {
        "changes": [
            {
                "action": change.action,
                "object": change.object,
                "remote_id": run.made.get((change.object, change.key), change.remote_id),
                **({"reason": change.reason} if change.reason else {}),
            }
            for change in changes
        ]
    }


def _lumps(changes: Sequence[Change], most: int) -> list[list[Change]]:
    """Cut the plan into runs of one object and action, each as long as may be sent at once."""
    lumps: list[list[Change]] = []
    order = list(dict.fromkeys(change.object for change in changes))
    for change in sorted(changes, key=lambda each: (order.index(each.object), each.action)):
        if change.action == "skip":
            continue
        last = lumps[-1] if lumps else []
        fits = (
            last and len(last) < most and (last[0].object, last[0].action) == (change.object, change.action)
        )
        if fits:
            last.append(change)
        else:
            lumps.append([change])
    return lumps


def _is_orphan(change: Change, run: _Run) -> bool:
    return change.parent is not None and _above(change, run) is None


def _hung(change: Change, run: _Run) -> Change:
    return change if change.parent is None else replace(change, parent_id=_above(change, run))


def _above(change: Change, run: _Run) -> str | None:
    return change.parent_id or run.made.get(("company", change.parent or ""))


def _placed(one: Wanted, there: Remote | None) -> Wanted:
    """Return what is wanted with the target's own id of it, where we know that."""
    return replace(one, crm_id=there.remote_id) if there and there.remote_id else one


def _is_as_left(one: Wanted, there: Remote | None) -> bool:
    return there is not None and there.hash == _hash(one)


def _hash(one: Wanted) -> str:
    told = json.dumps([dict(one.fields), dict(one.blanks)], sort_keys=True, default=str)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def _step(one: Wanted) -> Change:
    return Change(action="skip", object=one.object, key=one.key, account=one.account, parent=one.parent)

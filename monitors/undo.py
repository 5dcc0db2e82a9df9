"""Taking a run back: the inverse of each change that it made, the latest first, where it is still ours."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from earmark.contract import Change, Exporter, Receipt, Wanted, inverse
from earmark.errors import ExportRejected
from monitors.door import Door
from storage import deliveries
from storage.deliveries import Delivered
from storage.engine import Engine, reading, writing

__all__ = ["undo", "undo_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A change that was made, its way back, and whether nothing of it is left to take back."""

    done: Delivered
    back: Change
    is_back: bool = False


async def undo_plan(
    engine: Engine, exporter: Exporter, door: Door, batch: str
) -> list[tuple[Delivered, Change]]:
    """Return what would take a run back, each change with the one that it answers, and change nothing."""
    return [(step.done, step.back) for step in await _steps(engine, exporter, door, batch)]


async def undo(engine: Engine, target: str, exporter: Exporter, door: Door, batch: str) -> list[Change]:
    """Take a run back and return what was done; a change that fails stays on record as not undone.

    One of which nothing is left (an undo that died may have taken it back) is on record as undone.
    """
    made: list[Change] = []
    for step in await _steps(engine, exporter, door, batch):
        back = step.back
        if back.action != "skip":
            back = await _attempt(exporter, door, back)
        if back.action != "skip" or step.is_back:
            with writing(engine) as connection:
                deliveries.undone(connection, [step.done.number], door.now)
                deliveries.forget(connection, target, [(back.object, back.key)])
        made.append(back)
    return made


async def _attempt(exporter: Exporter, door: Door, back: Change) -> Change:
    """Take one change back; one that can't be is a skip with its reason, and keeps none of the others."""
    try:
        [receipt] = await exporter.apply([back], door)
    except ExportRejected as error:
        receipt = Receipt(key=back.key, error=str(error))
    return replace(back, action="skip", reason=receipt.error) if receipt.error else back


async def _steps(engine: Engine, exporter: Exporter, door: Door, batch: str) -> list[_Step]:
    """Return the way back of each change of a run that is not undone yet."""
    with reading(engine) as connection:
        done = [each for each in deliveries.of_batch(connection, batch) if each.undone_at is None]
    wanted = {
        (each.change.object, each.change.key): Wanted(
            object=each.change.object,
            key=each.change.key,
            crm_id=each.change.remote_id,
            parent=each.change.parent,
            fields=each.change.after,
        )
        for each in done
    }
    found = await exporter.find(list(wanted.values()), door) if wanted else {}
    holds = {key: dict(there.fields) for key, there in found.items()}
    steps = []
    for each in done:
        key = (each.change.object, each.change.key)
        step = _step(each, holds.get(key)) if exporter.keeps else _final(each)
        steps.append(step)
        back = step.back
        if back.action == "delete":
            holds.pop(key)
        elif back.action == "update":
            holds[key] |= dict(back.after)  # an earlier change of the same object is taken back after this
    return steps


def _step(done: Delivered, now: Mapping[str, Any] | None) -> _Step:
    back = inverse(done.change, now)
    return _Step(done=done, back=back, is_back=back.action == "skip" and _is_back(done.change, now))


def _final(done: Delivered) -> _Step:
    said = "a message that was sent can't be taken back"
    return _Step(done=done, back=replace(done.change, action="skip", reason=said))


def _is_back(change: Change, now: Mapping[str, Any] | None) -> bool:
    """Say whether what was made is gone, or what was changed holds again what it held before."""
    if now is None or change.action == "create":
        return now is None
    return inverse(replace(change, before=change.after, after=change.before), now).action != "skip"

"""Taking a run back: the inverse of each change that it made, the latest first, where it is still ours."""

from dataclasses import replace

from earmark.contract import Change, Exporter, Receipt, Wanted, inverse
from earmark.errors import ExportRejected
from monitors.door import Door
from storage import deliveries
from storage.deliveries import Delivered
from storage.engine import Engine, reading, writing

__all__ = ["undo", "undo_plan"]


async def undo_plan(
    engine: Engine, exporter: Exporter, door: Door, batch: str
) -> list[tuple[Delivered, Change]]:
    """Return what would take a run back, each change with the one that it answers, and change nothing."""
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
        back = inverse(each.change, holds.get(key))
        steps.append((each, back))
        if back.action == "delete":
            holds.pop(key)
        elif back.action == "update":
            holds[key] |= dict(back.after)  # an earlier change of the same object is taken back after this
    return steps


async def undo(engine: Engine, target: str, exporter: Exporter, door: Door, batch: str) -> list[Change]:
    """Take a run back and return what was done; a change that fails stays on record as not undone."""
    made: list[Change] = []
    for done, back in await undo_plan(engine, exporter, door, batch):
        if back.action == "skip":
            made.append(back)
            continue
        try:
            [receipt] = await exporter.apply([back], door)
        except ExportRejected as error:
            receipt = Receipt(key=back.key, error=str(error))
        if receipt.error:  # one that can't be taken back keeps none of the others
            made.append(replace(back, action="skip", reason=receipt.error))
            continue
        with writing(engine) as connection:
            deliveries.undone(connection, [done.number], door.now)
            deliveries.forget(connection, target, [(back.object, back.key)])
        made.append(back)
    return made

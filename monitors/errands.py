"""What a person asks of a target: whether it is as needed, its fields made, a run taken back."""

from collections.abc import Sequence

from earmark.config import Settings
from earmark.contract import Change, Finding
from earmark.errors import ConfigError, ExportError
from monitors.targets import opened, require
from monitors.undo import undo, undo_plan
from storage import deliveries, targets
from storage.engine import Engine, reading, writing

__all__ = ["checked", "set_up", "taken_back"]


async def checked(settings: Settings, engine: Engine, name: str) -> Sequence[Finding]:
    """Return whether token, rights, quota and fields are as needed; a target that is well goes on."""
    target = require(engine, name)
    async with opened(settings, target) as (exporter, door):
        try:
            findings = await exporter.check(door)
        except ExportError as error:
            findings = (Finding(what="answer", is_well=False, text=str(error)),)
    if all(one.is_well for one in findings):
        with writing(engine) as connection:
            targets.pause(connection, name, None)
    return findings


async def set_up(settings: Settings, engine: Engine, name: str) -> Sequence[str]:
    """Make earmark's own fields in a target, as far as they lack; return a sentence for each."""
    target = require(engine, name)
    async with opened(settings, target) as (exporter, door):
        made = await exporter.setup(door)
        with writing(engine) as connection:
            targets.keep(connection, name, door.state, door.before)
        return made


async def taken_back(settings: Settings, engine: Engine, run: str, *, dry_run: bool) -> list[Change]:
    """Take a run back where the values are still ours, and return what was done, or would be."""
    with reading(engine) as connection:
        done = deliveries.of_batch(connection, run)
    if not done:
        raise ConfigError(f"There is no run {run!r}. List them with: earmark exports outbox")
    target = require(engine, done[0].target)
    async with opened(settings, target) as (exporter, door):
        if dry_run:
            return [back for _, back in await undo_plan(engine, exporter, door, run)]
        return await undo(engine, target.id, exporter, door, run)

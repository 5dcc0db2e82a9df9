"""The beginning of a workspace: its files, and a first look at where its accounts can be watched."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from earmark.config import FILE, Settings, load
from earmark.config.sample import settings_text
from earmark.errors import ConfigError, EarmarkError
from earmark.types import Account
from monitors import discover, discoveries
from monitors.discover import Discovered
from monitors.proposals import add, proposals
from storage import polls
from storage.engine import Engine, connect, migrate, reading

__all__ = ["Exploration", "begin", "refuse_to_replace"]

_PATIENCE: Final = 10.0  # seconds in which an exploration that is told to stop has stopped


def begin(folder: Path, contact: str | None) -> Path:
    """Make a workspace in a folder: its settings and an empty database; return the settings file.

    Raises ConfigError when there is one, and for a contact that is none; then nothing is left behind.
    """
    refuse_to_replace(folder)
    file = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(settings_text(contact), encoding="utf-8")
    try:
        settings = load(folder)
    except ConfigError:
        file.unlink()
        raise
    engine = connect(settings.database_url)
    migrate(engine)
    engine.dispose()
    return file


def refuse_to_replace(folder: Path) -> None:
    """Raise ConfigError when a folder is a workspace already."""
    file = folder / FILE
    if file.exists():
        raise ConfigError(
            f"{file} is there already. Import accounts with: earmark accounts import FILE; or edit the file."
        )


class Exploration:
    """Looks at the sites of accounts on a thread of its own, one run at a time.

    Each look is remembered in the workspace as soon as it is done, so a stop loses nothing. ``done`` of
    ``total`` accounts were looked at, ``silent`` of them did not answer; ``fault`` says why it ended before
    its time.
    """

    def __init__(self) -> None:
        self.total = self.done = self.silent = 0
        self.fault = ""
        self._lock = threading.Lock()
        self._adding = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        """Whether it is under way."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, settings: Settings, engine: Engine, accounts: Sequence[Account], now: datetime) -> None:
        """Look at those of the accounts that were not looked at lately; nothing new while one is under way.

        Raises ConfigError without a contact.
        """
        _ = settings.contact
        with self._lock:
            if self.runs:
                return
            known = discoveries.known(settings.workspace / discoveries.FILE, accounts, now)
            left = [one for one in accounts if one.id not in known]
            self.total, self.done, self.silent, self.fault = len(left), 0, 0, ""
            self._adding.clear()
            if left:
                self._thread = threading.Thread(
                    target=self._run, args=(settings, engine, left, now), name="earmark-explore", daemon=True
                )
                self._thread.start()

    def add_what_comes(self) -> None:
        """Add from now on what is found to the sources, as soon as it is found."""
        self._adding.set()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        loop, task, thread = self._loop, self._task, self._thread
        if thread is None or not thread.is_alive():
            return
        if loop is not None and task is not None:
            loop.call_soon_threadsafe(task.cancel)
        thread.join(_PATIENCE)

    def _run(self, settings: Settings, engine: Engine, accounts: Sequence[Account], now: datetime) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._task = self._loop.create_task(self._look(settings, engine, accounts, now))
            try:
                self._loop.run_until_complete(self._task)
            except asyncio.CancelledError:
                self.fault = "It was stopped."
            except EarmarkError as error:
                self.fault = str(error)

    async def _look(
        self, settings: Settings, engine: Engine, accounts: Sequence[Account], now: datetime
    ) -> None:
        file = settings.workspace / discoveries.FILE
        async with discover.scouting(settings, now) as scout:
            async for look in scout.every(accounts):
                if look.reached:
                    discoveries.remember(file, look)
                else:
                    self.silent += 1
                if self._adding.is_set():
                    await asyncio.to_thread(_add, engine, look, now)
                self.done += 1


def _add(engine: Engine, look: Discovered, now: datetime) -> None:
    with reading(engine) as connection:
        found = proposals(polls.every(connection), [look])
    add(engine, found, now)

"""Whether the file of a database is still the one that was opened.

SQLite goes on with a file that somebody removed, or put another one in the place of, as if nothing had
happened; all that is written from then on goes with the last process that has it open.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from earmark.errors import StorageError

__all__ = ["SameFile"]


class SameFile:
    """Keeps an engine from working on with a file that is gone, and saves what it held beside its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self._said: str | None = None

    def before_connecting(self, *_: Any) -> None:
        """Raise StorageError where a new connection would not open what the others have open."""
        if not self._stands():
            raise StorageError(self._said or self._gone(None))

    def before_beginning(self, conn: Connection) -> None:
        """Save what the connection has open, and raise StorageError, if that is not the file any more."""
        if not self._stands():
            self._said = self._said or self._gone(self._saved(conn))
            raise StorageError(self._said)

    def forget(self, _engine: Engine) -> None:
        """Take the file that is there at the next connection for the right one."""
        self._known = self._said = None

    def _stands(self) -> bool:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return self._known is None
        except OSError:  # who can't look can't tell
            return True
        self._known = self._known or (found.st_dev, found.st_ino)
        return self._known == (found.st_dev, found.st_ino)

    def _saved(self, conn: Connection) -> Path | None:
        """Copy what the connection still reaches into a new file for its owner only."""
        now = datetime.now(UTC)
        file = self._path.with_name(f"{self._path.stem}-saved-{now:%Y-%m-%d-%H%M%S}{self._path.suffix}")
        driver: Any = conn.connection.driver_connection
        try:
            file.touch(0o600, exist_ok=False)
        except OSError:
            return None
        try:
            driver.execute("PRAGMA query_only=OFF")
            driver.execute("VACUUM INTO ?", (str(file),))
            # The log bears the name of the file: left as it is, it would be played over what stands there.
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            file.unlink(missing_ok=True)
            return None
        return file

    def _gone(self, saved: Path | None) -> str:
        put_back = f"What it held is saved: earmark restore {saved}" if saved else "earmark restore COPY"
        return (
            f"The database {self._path} was removed or replaced while earmark worked with it. "
            f"Stop all that works with it and put a copy back. {put_back}"
        )

"""CSV files by RFC 4180, written row by row, whole or not at all."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import uuid4

from earmark.errors import ConfigError

__all__ = ["write"]


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = False) -> int:
    """Write the rows as UTF-8 and return how many; with ``mark`` a byte order mark comes first.

    The file appears, or is replaced, when the last row is on disk; a failure leaves what was there.
    Raises ConfigError when the path can't be written.
    """
    part = path.with_name(f".{uuid4().hex[:12]}.part") if path.name else path
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path} is no file. Give the path of a file that may be written.")
        try:
            count = _write(part, header, rows, "utf-8-sig" if mark else "utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path} can't be written ({error.strerror or error}). Give another path, or make room for it."
        ) from error
    return count


def _write(part: Path, header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str) -> int:
    count = 0
    with part.open("x", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count

"""CSV files by RFC 4180, written row by row, whole or not at all."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from exports.whole import whole

__all__ = ["write"]


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = False) -> int:
    """Write the rows as UTF-8 and return how many; with ``mark`` a byte order mark comes first.

    Raises ConfigError when the path can't be written.
    """
    count = 0
    with whole(path) as part, part.open("x", encoding="utf-8-sig" if mark else "utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count

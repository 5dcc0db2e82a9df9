"""What discovery found, remembered in a file: what was done before a stop is not done again."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from earmark.errors import ConfigError
from earmark.types import Account
from monitors.discover import Discovered, Found

__all__ = ["FILE", "FRESH", "known", "remember"]

FILE: Final = "discovery.jsonl"
FRESH: Final = timedelta(days=30)
"""How long a look at an account counts."""
_FEW: Final = 20


def known(file: Path, accounts: Iterable[Account], now: datetime) -> dict[str, Discovered]:
    """Return the looks that still count, by account: not too old, and at the domain it has now.

    A line that was cut off when the machine stopped is no look.
    """
    accounts = list(accounts)
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            lines = _lines_of(opened, accounts)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"{file} can't be read ({error.strerror}). Correct its rights, or remove it."
        ) from error
    looks = {look.account: look for line in lines if (look := _read(line)) is not None}
    found = {}
    for account in accounts:
        look = looks.get(account.id)
        domain = account.domains[0].strip().lower().removeprefix("www.") if account.domains else ""
        if look is not None and look.domain == domain and look.at > now - FRESH:
            found[account.id] = look
    return found


def remember(file: Path, look: Discovered) -> None:
    """Add one look to the file, whole and on the disk before this returns."""
    line = json.dumps(asdict(look) | {"at": look.at.isoformat()}, ensure_ascii=False)
    try:
        with file.open("a+b") as opened:
            opened.write((b"" if _ends_a_line(file) else b"\n") + line.encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise ConfigError(f"{file} can't be written ({error.strerror}). Correct its rights.") from error


def _lines_of(lines: Iterable[str], accounts: Sequence[Account]) -> list[str]:
    """Return the lines that may be about the accounts: of one account, few of many thousands are read."""
    if len(accounts) > _FEW:
        return list(lines)
    begins = tuple(f'{{"account": {json.dumps(one.id, ensure_ascii=False)}, ' for one in accounts)
    return [line for line in lines if line.startswith(begins)]


def _ends_a_line(file: Path) -> bool:
    size = file.stat().st_size
    if not size:
        return True
    with file.open("rb") as opened:
        opened.seek(size - 1)
        return opened.read() == b"\n"


def _read(line: str) -> Discovered | None:
    try:
        value = json.loads(line)
        found = tuple(Found(**{**one, "shows": tuple(one["shows"])}) for one in value["found"])
        return Discovered(
            account=str(value["account"]),
            domain=str(value["domain"]),
            at=datetime.fromisoformat(value["at"]),
            found=found,
            notes=tuple(value["notes"]),
            asked=int(value["asked"]),
        )
    except (ValueError, KeyError, TypeError):
        return None

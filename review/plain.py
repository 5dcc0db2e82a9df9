"""Values as JSON: stable keys, ISO times in UTC, and nothing that steers a terminal."""

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from earmark.types import UNTIL_NEWS, Score

__all__ = ["json_text", "plain"]

_UNSAFE = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(value: object) -> Any:
    """Return a value made of dicts, lists, texts and numbers; durations are seconds, decimals are texts.

    A snooze that the next trigger ends has the end ``trigger``, as it is written with ``--until``.
    """
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, AbstractSet):
        return sorted(map(plain, value))
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {"total": value.total, **named} if isinstance(value, Score) else named
    return _single(value)


def _single(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime():
            in_utc = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
            return "trigger" if value == UNTIL_NEWS else in_utc
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case _:
            return value


def json_text(value: object) -> str:
    """Return the value as JSON; JSON itself escapes what is below a blank, the rest is escaped here."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=2, default=str)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

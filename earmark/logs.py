"""Logs: one event, one line, on standard error; secrets masked, control characters escaped."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO
from urllib.parse import urlsplit

__all__ = ["JsonLines", "KeyValueLines", "covered", "escape", "hide", "mask", "mask_url", "start"]

MASK: Final = "•••"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@:]*(?::[^\s/@]*)?@", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"(?P<key>\b(?:[\w-]*(?:token|password|passwd|secret|api[_-]?key|authorization|signature))"
    r"[\"']?\s*[=:]\s*[\"']?(?:bearer\s+|basic\s+)?)(?P<value>[^\s\"'&,;]+)",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[^\s\"=]+")
_SHORTEST_SECRET: Final = 6

_hidden: set[str] = set()


def hide(value: str) -> None:
    """Mask this value in every log line from now on; very short values would mask ordinary words."""
    if len(value) >= _SHORTEST_SECRET:
        _hidden.add(value)


def mask(text: str) -> str:
    """Return the text without hidden values, user names and passwords in URLs, and named secrets."""
    for value in _hidden:
        text = text.replace(value, MASK)
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    return _SECRET_VALUE.sub(rf"\g<key>{MASK}", text)


def covered(body: bytes) -> bytes:
    """Return the bytes without hidden values, and otherwise as they are."""
    for value in _hidden:
        body = body.replace(value.encode(), MASK.encode())
    return body


def mask_url(url: str) -> str:
    """Return scheme, host and path only: a query or a user name may be a secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return MASK
    shown = f"[{host}]" if ":" in host else host
    return mask(f"{parts.scheme}://{shown}{port}{parts.path}" + (f"?{MASK}" if parts.query else ""))


def escape(text: str) -> str:
    """Return the text on one line: control and direction characters are written as escapes."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)


def start(*, json_lines: bool = False, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send the logs of this process to standard error; calling it again replaces the former set-up."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if json_lines else KeyValueLines())
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one.formatter, JsonLines | KeyValueLines)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in ("apscheduler", "alembic", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


class KeyValueLines(logging.Formatter):
    """``2026-11-21T09:00:00Z info monitors.poll "polled" source=wire new=3``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        fields = _fields(record)
        head = (
            f"{fields.pop('at')} {fields.pop('level')} {fields.pop('logger')} {_quoted(fields.pop('event'))}"
        )
        tail = " ".join(f"{_key(key)}={_quoted(value)}" for key, value in fields.items())
        return f"{head} {tail}".rstrip()


class JsonLines(logging.Formatter):
    """One JSON object a line, with the keys at, level, logger, event and those of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        return json.dumps(_fields(record), ensure_ascii=True, default=str)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    given = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    fields = {
        "at": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _message(record),
        **{key: value for key, value in given.items() if value is not None},
    }
    if record.exc_info:
        fields["error"] = _trace(record.exc_info)
    return {key: mask(escape(_text(key, value))) for key, value in fields.items()}


def _text(key: str, value: object) -> str:
    if _SECRET_VALUE.fullmatch(f"{key}=x"):
        return MASK
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a wrong placeholder must not lose the line
        return f"{record.msg} {record.args}"


def _trace(
    info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
) -> str:
    return logging.Formatter().formatException(info) if info[0] else ""


def _key(key: str) -> str:
    return re.sub(r"[^\w.-]", "_", key)


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

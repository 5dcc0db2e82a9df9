"""A setting written into earmark.toml, with all that stands there left as it is."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tomli_w

from earmark.config import FILE, Settings, load
from earmark.errors import ConfigError

__all__ = ["with_key", "write_settings"]

_TABLE: Final = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")


def write_settings(workspace: Path, values: Mapping[tuple[str, str], str]) -> Settings:
    """Write texts into the settings of a workspace, by table and key, and return the settings in force.

    ConfigError for a value that is none, or a file that can't be written; then it is as it was.
    """
    file = workspace / FILE
    try:
        before = file.read_text(encoding="utf-8-sig")
        text = before
        for (table, key), value in values.items():
            text = with_key(text, table, key, value)
        beside = file.with_suffix(".toml.new")
        beside.write_text(text, encoding="utf-8")
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
        try:
            return load(workspace)
        except ConfigError:
            file.write_text(before, encoding="utf-8")
            raise
    except OSError as error:
        lines = "; ".join(f"[{table}] {key} = {_toml(value)}" for (table, key), value in values.items())
        raise ConfigError(
            f"{file} can't be written: {error.strerror}. Write it there by hand: {lines}"
        ) from error


def with_key(text: str, table: str, key: str, value: str | float, what: str = FILE) -> str:
    """Return the text of a TOML file with a key of a table set; comments and order stay.

    A line of the key, or one that stands there as a comment, is replaced; else it is added to its table. A
    table within another is named with a dot; ``what`` is what the text is called. ConfigError when it
    writes the key in a way that no line of it can be replaced.
    """
    line = f"{key} = {_toml(value)}"
    lines = text.splitlines()
    start, end = _span(lines, table)
    if start is None:
        ending = [""] if lines and lines[-1].strip() else []
        done = [*lines, *ending, f"[{table}]", line]
    else:
        own = range(start + 1, end)
        is_key = re.compile(rf"^\s*{re.escape(key)}\s*=")
        is_comment = re.compile(rf"^\s*#\s*{re.escape(key)}\s*=")
        place = next((at for at in own if is_key.match(lines[at])), None)
        if place is None:
            place = next((at for at in own if is_comment.match(lines[at])), None)
        done = list(lines)
        if place is None:
            done.insert(start + 1, line)
        else:
            done[place] = line
    result = "\n".join(done) + "\n"
    _check(text, result, table, key, value, what)
    return result


def _span(lines: list[str], table: str) -> tuple[int | None, int]:
    """Return the place of a table's header, and where the next one stands."""
    start = None
    for at, line in enumerate(lines):
        match = _TABLE.match(line)
        if match is None and not line.lstrip().startswith("[["):
            continue
        if start is not None:
            return start, at
        if match is not None and match[1].strip("\"'") == table:
            start = at
    return start, len(lines)


def _check(before: str, after: str, table: str, key: str, value: str | float, what: str) -> None:
    """Make sure that the key is set, and nothing else has changed."""
    try:
        wanted = place = tomllib.loads(before)
        for part in table.split("."):
            place = place.setdefault(part, {})
        place[key] = value
        same = tomllib.loads(after) == wanted
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):
        same = False
    if not same:
        raise ConfigError(
            f"{what} can't be changed from here. Write it there by hand: [{table}] {key} = {_toml(value)}"
        )


def _toml(value: str | float) -> str:
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()

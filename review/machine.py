"""How this machine runs: the settings in force, each with what it means; secrets by name only."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from earmark.config import Settings
from earmark.logs import mask

__all__ = ["Setting", "settings_in_force"]

_TABLES = ("storage", "http", "monitor", "team", "page", "mail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its key, its value in words, what it means, and whether it is the default."""

    key: str
    value: str
    meaning: str
    is_default: bool = False


def settings_in_force(settings: Settings) -> list[Setting]:
    """Return all settings, from file and environment, and for each secret whether it is set."""
    return [*_of_tables(settings), *_secrets(settings)]


def _of_tables(settings: Settings) -> Iterator[Setting]:
    for name in _TABLES:
        table = getattr(settings, name)
        for key, field in type(table).model_fields.items():
            value = getattr(table, key)
            yield Setting(
                key=f"{name}.{key}",
                value=mask(_words(value)),
                meaning=field.description or "",
                is_default=value == field.default,
            )


def _secrets(settings: Settings) -> Iterator[Setting]:
    for name in settings.secrets.names():
        variable = settings.secrets[name].name
        is_set = bool(os.environ.get(variable))
        said = "Set." if is_set else f"Not set: export {variable}=… before earmark starts."
        yield Setting(key=f"secrets.{name}", value=f"env:{variable}", meaning=said)


def _words(value: object) -> str:
    if value is None or value in ((), ""):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} seconds"
    return str(value)

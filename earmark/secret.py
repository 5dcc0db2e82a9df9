"""Secrets by the name of their environment variable: never in a file, an error or a log."""

import os
import re
from dataclasses import dataclass
from typing import Any, Final

from earmark import logs
from earmark.errors import ConfigError

__all__ = ["REFERENCE", "Secret", "as_secret"]

REFERENCE: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
"""How a secret is written: ``env:NAME``."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by the name of its environment variable; the value is read at use and never shown."""

    name: str

    def value(self) -> str:
        """Return the secret, and mask it in every log line from now on; ConfigError if it is not set."""
        found = os.environ.get(self.name, "")
        if not found:
            raise ConfigError(
                f"The environment variable {self.name} is not set, but a setting or option names it. "
                f"Set it before starting earmark: export {self.name}=…"
            )
        logs.hide(found)
        return found

    def __str__(self) -> str:
        return f"env:{self.name}"


def as_secret(value: Any) -> Any:
    """Return the Secret that ``env:NAME`` names; ValueError for anything else."""
    match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None and not isinstance(value, Secret):
        raise ValueError("a secret is written as env:NAME, and NAME is set in the environment")
    return Secret(match[1]) if match else value

"""How the machine runs: ``earmark.toml`` in the workspace, and ``EARMARK_*`` in the environment above it.

What the team decided (accounts, sources, rules) is no setting: it lives in the database.
A secret never stands in the file; the file says ``env:NAME`` and the value is read when it is used.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from earmark.config.tables import FILE, Http, Mail, Monitor, Page, Secrets, Storage, Team, nearest
from earmark.errors import ConfigError
from earmark.secret import REFERENCE, Secret

__all__ = ["DEMO", "Settings", "clock", "clock_is_fixed", "find_workspace", "load"]

DEMO: Final = ".earmark-demo"

_SECRET_KEY = re.compile(r"(^|_)(tokens?|password|passwd|secret|key|apikey|credentials?)$", re.IGNORECASE)


class Settings(BaseSettings):
    """All settings of one workspace, validated; made by ``load``."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="EARMARK_", env_nested_delimiter="__", env_file=None
    )

    storage: Storage = Storage()
    http: Http = Http()
    monitor: Monitor = Monitor()
    team: Team = Team()
    page: Page = Page()
    mail: Mail = Mail()
    secrets: Secrets = Secrets()

    _workspace: Path = PrivateAttr(default_factory=Path.cwd)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above the file."""
        return env_settings, init_settings

    @property
    def workspace(self) -> Path:
        """The folder that these settings belong to."""
        return self._workspace

    @property
    def database_url(self) -> str:
        """The URL to connect to: references resolved, a relative SQLite path taken from the workspace."""
        reference = REFERENCE.fullmatch(self.storage.url)
        url = Secret(reference[1]).value() if reference else self.storage.url
        scheme, slashes, path = url.partition(":///")
        if slashes and scheme.startswith("sqlite") and path and path != ":memory:":
            return f"{scheme}:///{self._workspace.joinpath(Path(path).expanduser()).resolve()}"
        return url

    @property
    def contact(self) -> str:
        """The contact that every request names; ConfigError if there is none."""
        if self.http.contact is None:
            raise ConfigError(
                "http.contact is not set. Each place that you poll must be able to reach you: write "
                f'[http] contact = "you@company.example" (e-mail or web address) into '
                f"{self._workspace / FILE}, or set EARMARK_HTTP__CONTACT."
            )
        return self.http.contact


def load(workspace: Path) -> Settings:
    """Return the settings of a workspace; ConfigError names file, key, fault and remedy."""
    file = workspace / FILE
    given = _read(file)
    _refuse_plain_secrets(file, given)
    _refuse_unknown_variables()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigError(_explain(file, error)) from error
    except ValueError as error:  # a value of the environment that is no JSON where JSON is needed
        raise ConfigError(f"The environment: {error}. Correct or unset that variable.") from error
    settings._workspace = workspace.resolve()  # noqa: SLF001 - our own private attribute, set once here
    return settings


def find_workspace(start: Path) -> tuple[Path, bool]:
    """Return the nearest folder upward with a settings file and True; else the demo's and False.

    The demo workspace stands in ``start`` and need not exist yet.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder, True
    return start / DEMO, False


def clock() -> datetime:
    """Return the time, aware UTC; EARMARK_NOW fixes it for one-shot verbs."""
    text = os.environ.get("EARMARK_NOW", "").strip()
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            f"EARMARK_NOW is {text!r}, which is no moment with a time zone. "
            "Write it like 2026-05-01T00:00:00Z, or unset it."
        )
    return moment.astimezone(UTC)


def clock_is_fixed() -> bool:
    """Return whether EARMARK_NOW holds the clock."""
    return bool(os.environ.get("EARMARK_NOW", "").strip())


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {FILE} in {file.parent}. Begin one there with: earmark init"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}. Correct that place.") from error
    except OSError as error:
        raise ConfigError(
            f"{file} can't be read: {error.strerror}. Check the file and its rights."
        ) from error


def _leaves(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{path}.{key}" if path else key
        values = value if isinstance(value, list) else [value]
        for one in values:
            if isinstance(one, dict):
                yield from _leaves(one, name)
            elif isinstance(one, str):
                yield name, one


def _refuse_plain_secrets(file: Path, given: Mapping[str, Any]) -> None:
    for name, value in _leaves(given):
        if not value or REFERENCE.fullmatch(value):
            continue
        table, _, key = name.rpartition(".")
        if table == "secrets" or _SECRET_KEY.search(key) or _holds_password(value):
            variable = f"EARMARK_{re.sub(r'[^A-Za-z0-9]+', '_', name).upper()}"
            if name == "storage.url":
                variable = "EARMARK_DATABASE"
            raise ConfigError(
                f"{file}: {name} holds a plain secret. Put it into an environment variable, {variable} for "
                f'example, and write "env:{variable}" in its place.'
            )


def _refuse_unknown_variables() -> None:
    """Tables are checked with the rest; this finds a variable whose very table does not exist."""
    for variable in os.environ:
        table = variable.upper().removeprefix("EARMARK_").partition("__")[0].lower()
        if variable.upper().startswith("EARMARK_") and "__" in variable and table not in _keys([]):
            raise ConfigError(
                f"The environment variable {variable} names an unknown table"
                f"{nearest(table, _keys([]))}. Correct or unset it."
            )


def _holds_password(value: str) -> bool:
    if "://" not in value:
        return False
    try:
        parts = urlsplit(value)
        secret_in_query = re.search(r"(?i)(^|&)(password|token|secret|api_?key)=", parts.query)
        web_user = parts.scheme in {"http", "https"} and parts.username
        return bool(parts.password or web_user or secret_in_query)
    except ValueError:
        return False


def _explain(file: Path, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    name, variable = ".".join(path), "EARMARK_" + "__".join(path).upper()
    where = f"The environment variable {variable}" if _from_environment(variable) else f"{file}: {name}"
    if first["type"] == "extra_forbidden":
        return f"{where} is an unknown key{nearest(path[-1], _keys(path[:-1]))}. Correct or remove it."
    message = str(first["msg"]).removeprefix("Value error, ").replace("Input should be", "it should be")
    return f"{where} has a wrong value: {message}."


def _from_environment(variable: str) -> bool:
    return any(name.upper() == variable for name in os.environ)


def _keys(path: list[str]) -> tuple[str, ...]:
    """Return the keys that are known at a place; at the top, keys of tables too, with their table."""
    if not path:
        return tuple(Settings.model_fields)
    field = Settings.model_fields.get(path[0])
    table = field.annotation if field else None
    if len(path) == 1 and isinstance(table, type) and issubclass(table, BaseModel):
        return tuple(table.model_fields)
    return ()

"""How the machine runs: ``earmark.toml`` in the workspace, and ``EARMARK_*`` in the environment above it.

What the team decided (accounts, sources, rules) is no setting: it lives in the database.
A secret never stands in the file; the file says ``env:NAME`` and the value is read when it is used.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from earmark.errors import ConfigError
from earmark.secret import REFERENCE, Secret, as_secret

__all__ = [
    "DEMO",
    "FILE",
    "Http",
    "Monitor",
    "Secrets",
    "Settings",
    "Storage",
    "Team",
    "clock",
    "clock_is_fixed",
    "find_workspace",
    "load",
]

FILE: Final = "earmark.toml"
DEMO: Final = ".earmark-demo"
_LAST_PORT: Final = 65535

_SECRET_KEY = re.compile(r"(^|_)(tokens?|password|passwd|secret|key|apikey|credentials?)$", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+")


def _as_duration(value: Any) -> Any:
    try:
        return value if isinstance(value, timedelta) else timedelta(seconds=float(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("it should be a number of seconds") from None


def _as_list(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [part.strip(" []\"'") for part in value.split(",") if part.strip(" []\"'")]


Seconds = Annotated[timedelta, BeforeValidator(_as_duration), Field(gt=timedelta(0))]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Storage(_Table):
    """Where the database is."""

    url: str = Field(
        "sqlite:///earmark.db",
        repr=False,
        description="SQLite path (relative to the workspace), postgresql+psycopg://…, or env:NAME.",
    )


class Http(_Table):
    """How earmark behaves towards the places it polls."""

    contact: str | None = Field(
        None, description="Your e-mail or web address; each place you poll can see it. Needed for polling."
    )
    allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_as_list)] = Field(
        (), description="Private addresses that may be polled: host:port or a CIDR network."
    )
    deadline: Seconds = Field(timedelta(seconds=30), description="Seconds for one request, all told.")
    max_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="Largest answer, after decompression.")
    per_host: int = Field(2, ge=1, le=16, description="Requests at a time to one host.")
    per_day: int = Field(5000, ge=1, description="Requests to one host on one day (UTC).")
    spacing: Annotated[timedelta, BeforeValidator(_as_duration), Field(ge=timedelta(0))] = Field(
        timedelta(seconds=1), description="Seconds between two requests to one host."
    )

    @field_validator("contact")
    @classmethod
    def _reachable(cls, contact: str | None) -> str | None:
        if contact is None or not contact.strip():
            return None
        contact = contact.strip()
        if _MAIL.fullmatch(contact) or (
            contact.startswith(("https://", "http://")) and urlsplit(contact).hostname and " " not in contact
        ):
            return contact
        raise ValueError("it should be an e-mail address or a web address (https://…)")


class Monitor(_Table):
    """How the monitor works."""

    tick: Seconds = Field(timedelta(seconds=15), description="Seconds between two looks at what is due.")
    parallel: int = Field(32, ge=1, le=500, description="Polls at a time.")
    workers: int = Field(2, ge=1, le=64, description="Processes that parse what was fetched.")
    metrics: str | None = Field(
        None, description="Where /healthz and /metrics answer, such as 127.0.0.1:9464; off by default."
    )

    @field_validator("metrics")
    @classmethod
    def _is_an_address(cls, where: str | None) -> str | None:
        host, _, port = (where or "").strip().rpartition(":")
        if not host and not port:
            return None
        try:
            ip_address(host.strip("[]"))
            if port.isdecimal() and int(port) <= _LAST_PORT:
                return f"{host}:{port}"
        except ValueError:
            pass
        raise ValueError("it should be an address and a port of this machine, such as 127.0.0.1:9464")


class Team(_Table):
    """Who works with the list."""

    time_zone: str = Field("UTC", description="Zone in which days begin, such as Europe/Berlin.")
    touches_a_day: int = Field(40, ge=1, description="Accounts that the team can contact in a day.")

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            _zone(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {name!r}; write one such as Europe/Berlin") from error
        return name

    @property
    def zone(self) -> tzinfo:
        """The time zone of the team."""
        return _zone(self.time_zone)


class Secrets(BaseModel):
    """Secrets by the name that sources and targets use for them."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Annotated[Secret, BeforeValidator(as_secret)]] = Field(init=False)

    def __getitem__(self, name: str) -> Secret:
        """Return a secret; ConfigError with the nearest name if there is none."""
        try:
            return self.__pydantic_extra__[name]
        except KeyError:
            raise ConfigError(
                f"There is no secret {name!r}{_nearest(name, self.names())}. "
                f'Add it to the table [secrets] of {FILE}: {name} = "env:NAME".'
            ) from None

    def names(self) -> tuple[str, ...]:
        """Return the names, sorted."""
        return tuple(sorted(self.__pydantic_extra__))


class Settings(BaseSettings):
    """All settings of one workspace, validated; made by ``load``."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="EARMARK_", env_nested_delimiter="__", env_file=None
    )

    storage: Storage = Storage()
    http: Http = Http()
    monitor: Monitor = Monitor()
    team: Team = Team()
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


@cache
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)  # UTC works where no zone data is installed


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
                f"{_nearest(table, _keys([]))}. Correct or unset it."
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
        return f"{where} is an unknown key{_nearest(path[-1], _keys(path[:-1]))}. Correct or remove it."
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


def _nearest(wrong: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(wrong.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known here: {', '.join(known)}" if known else ""

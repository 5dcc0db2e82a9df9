"""The tables of ``earmark.toml``, each a frozen model; ``earmark.config.loading`` reads them."""

import difflib
import re
from datetime import UTC, timedelta, tzinfo
from functools import cache
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_settings import NoDecode

from earmark.errors import ConfigError
from earmark.secret import Secret, as_secret

__all__ = ["FILE", "Http", "Mail", "Monitor", "Page", "Secrets", "Storage", "Team", "nearest"]

FILE: Final = "earmark.toml"
_LAST_PORT: Final = 65535
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


def _address(where: str) -> str:
    host, _, port = where.strip().rpartition(":")
    try:
        ip_address(host.strip("[]"))
        if port.isdecimal() and int(port) <= _LAST_PORT:
            return f"{host}:{port}"
    except ValueError:
        pass
    raise ValueError("it should be an address and a port of this machine, such as 127.0.0.1:9464")


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
        return _address(where or "") if (where or "").strip() else None


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


class Page(_Table):
    """Where the page answers, and to whom."""

    address: str = Field("127.0.0.1:8787", description="Address and port of this machine that it listens on.")
    hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_as_list)] = Field(
        (), description="Names under which people reach it; requests for any other host are refused."
    )
    url: str | None = Field(
        None, description="Its address as people see it, such as https://earmark.company.example; for links."
    )

    @field_validator("address")
    @classmethod
    def _listens(cls, where: str) -> str:
        return _address(where)

    @field_validator("url")
    @classmethod
    def _is_a_place(cls, url: str | None) -> str | None:
        if not (url or "").strip():
            return None
        parts = urlsplit((url or "").strip())
        if parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment:
            return (url or "").strip().rstrip("/")
        raise ValueError(
            "it should be a web address without a query, such as https://earmark.company.example"
        )


class Mail(_Table):
    """The mail server that sends the digest."""

    server: str | None = Field(
        None, description="Host of the mail server (SMTP); without one no mail is sent."
    )
    port: int = Field(587, ge=1, le=_LAST_PORT, description="Its port: 587 with STARTTLS, 465 with TLS.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is secured; none only for a server on this machine."
    )
    user: str | None = Field(None, description="Name to log in with; its password is the secret mail.")
    sender: str | None = Field(None, description="Address that the digest comes from.")

    @field_validator("sender")
    @classmethod
    def _is_a_mailbox(cls, sender: str | None) -> str | None:
        if sender is None or _MAIL.fullmatch(sender.strip()):
            return sender.strip() if sender else None
        raise ValueError("it should be an e-mail address")


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
                f"There is no secret {name!r}{nearest(name, self.names())}. "
                f'Add it to the table [secrets] of {FILE}: {name} = "env:NAME".'
            ) from None

    def names(self) -> tuple[str, ...]:
        """Return the names, sorted."""
        return tuple(sorted(self.__pydantic_extra__))


@cache
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)  # UTC works where no zone data is installed


def nearest(wrong: str, known: tuple[str, ...]) -> str:
    """Return the end of a sentence that helps: the known word that is nearest, or all that are known."""
    near = difflib.get_close_matches(wrong.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known here: {', '.join(known)}" if known else ""

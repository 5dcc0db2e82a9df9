"""Headers: what earmark says of itself, what may travel where, and what an answer's headers come to."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from earmark.errors import ConfigError, SourceChanged

__all__ = ["OURS", "PORTABLE", "headers_of", "user_agent", "validator"]

OURS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""Headers that no source sets: they say who we are and how the exchange is bounded."""

PORTABLE: Final = frozenset(
    {"accept", "accept-language", "content-type", "if-modified-since", "if-none-match"}
)
"""Headers that may follow a redirect to another host; any other may be a credential."""

_SINGLE: Final = frozenset({"content-length", "date", "etag", "last-modified", "location", "retry-after"})
"""Headers of which the first counts; others are lists, which commas may join."""

_MOST_HEADERS: Final = 200
_MOST_HEADER_BYTES: Final = 64 * 1024
_LONGEST_VALIDATOR: Final = 4096
_CONTACT: Final = re.compile(r"[!-'*-~]{1,200}")


def user_agent(contact: str, version: str) -> str:
    """Return the User-Agent, which says who polls and how to reach them; ConfigError without a contact."""
    contact = contact.strip()
    if not contact:
        raise ConfigError(
            "contact under [http] in earmark.toml is missing. Write an e-mail or web address under which the "
            "places that you poll can reach you."
        )
    if not _CONTACT.fullmatch(contact):
        raise ConfigError(
            f"contact under [http] in earmark.toml can't be sent: {contact[:80]!r}. "
            "Write an e-mail or web address, without blanks or brackets."
        )
    return f"earmark/{version} (+{contact})"


def headers_of(raw: Sequence[tuple[bytes, bytes]], where: str) -> Mapping[str, str]:
    """Return headers by lower-case name, as Latin-1, so that their very bytes can be had back.

    Raises SourceChanged for more headers than a page needs.
    """
    if len(raw) > _MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > _MOST_HEADER_BYTES:
        raise SourceChanged(
            f"{where} answered with more headers than any page needs. Check that the address is right."
        )
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1").lower(), value_bytes.decode("latin-1")
        if name not in headers:
            headers[name] = value
        elif name not in _SINGLE:
            headers[name] += f", {value}"
    return MappingProxyType(headers)


def validator(value: str | None) -> str | None:
    """Return an ETag or Last-Modified as it came; None for one too long to be sent back."""
    return value if value and len(value) <= _LONGEST_VALIDATOR else None

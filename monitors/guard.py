"""Which addresses earmark may connect to: a pure policy over what a URL says and what its name resolves to.

The verdict falls on the very address that is connected to, never on a name: whoever owns a name also
chooses what it resolves to. The table is our own, because ``ipaddress.is_global`` of the Pythons that
we support calls several ways to this machine and its network global.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

from earmark.errors import ConfigError, SourceRefused, SourceUnavailable
from earmark.logs import mask

__all__ = [
    "DENIED",
    "PUBLIC_V6",
    "Allow",
    "admit",
    "check_url",
    "literal",
    "place",
    "refusal",
    "without_keys",
]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DENIED: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("169.254.169.254/32", "a cloud metadata address"),
        ("100.100.100.200/32", "a cloud metadata address"),
        ("168.63.129.16/32", "a cloud metadata address"),
        ("192.0.0.192/32", "a cloud metadata address"),
        ("0.0.0.0/8", "an address of this machine"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's private address"),
        ("127.0.0.0/8", "an address of this machine"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address kept for protocols"),
        ("192.0.2.0/24", "an address kept for documentation"),
        ("192.88.99.0/24", "an address of 6to4 relays"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address kept for benchmarks"),
        ("198.51.100.0/24", "an address kept for documentation"),
        ("203.0.113.0/24", "an address kept for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("fd00:ec2::254/128", "a cloud metadata address"),
        ("fd20:ce::254/128", "a cloud metadata address"),
        ("::/128", "an address of this machine"),
        ("::1/128", "an address of this machine"),
        ("64:ff9b:1::/48", "a private translated address"),
        ("100::/64", "an address that discards everything"),
        ("2001::/23", "an address kept for protocols"),
        ("2001:db8::/32", "an address kept for documentation"),
        ("3fff::/20", "an address kept for documentation"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
"""Networks that are refused, the most telling reason first."""

PUBLIC_V6: Final = IPv6Network("2000::/3")
"""All of the IPv6 space that has been given out for public use; whatever is outside is refused."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")
_METADATA: Final = tuple(network for network, reason in DENIED if "metadata" in reason)

_LONGEST_URL: Final = 8192
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_USERINFO: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*@")
_NO_HOST: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?:[/?#]|$)")
_LAST_PORT: Final = 65535
_SECRET_SEGMENT: Final = re.compile(r"(?=\w*\d)\w{16,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4,12}){4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Allow:
    """The operator's exceptions: names and addresses with a port, and networks with any port."""

    names: frozenset[tuple[str, int]] = frozenset()
    addresses: frozenset[tuple[Address, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read ``host:port``, ``ip:port``, ``[ipv6]:port`` and CIDR entries; ConfigError names a bad one."""
        names: set[tuple[str, int]] = set()
        addresses: set[tuple[Address, int]] = set()
        networks: list[Network] = []
        for entry in entries:
            if "/" in entry:
                networks.append(_network_of(entry))
                continue
            host, port = _host_and_port(entry)
            address = literal(host)
            if address is None:
                names.add((host, port))
            else:
                addresses.add((address, port))
        return cls(frozenset(names), frozenset(addresses), tuple(networks))

    def permits(self, host: str, port: int, address: Address) -> bool:
        """Say whether an entry excepts this address.

        A name opens whatever it resolves to, save cloud metadata: that takes an entry of its own.
        """
        if (address, port) in self.addresses or any(address in network for network in self.networks):
            return True
        return (host.rstrip("."), port) in self.names and not any(address in n for n in _METADATA)


def literal(host: str) -> Address | None:
    """Return the address that a host is written as, or None when it is a name."""
    try:
        return ip_address(host.rstrip("."))
    except ValueError:
        return None


def refusal(address: str) -> str | None:
    """Say what kind of address may not be connected to ("a private address"), or None for a public one.

    An address that carries another one inside (mapped, compatible, NAT64, 6to4, Teredo) is as bad as it.
    """
    parsed = literal(address)
    if parsed is None or "%" in address:
        return "an address that only means something on this machine" if parsed else "no address"
    return _refusal(parsed)


def admit(host: str, port: int, answers: Sequence[str], allow: Allow) -> tuple[str, ...]:
    """Return the addresses to connect to, in order, when every one of a name's answers is acceptable.

    One refused answer refuses all: a name that points both outside and inside is up to no good.
    Raises SourceRefused for that, SourceUnavailable when there is no answer.
    """
    if not answers:
        raise SourceUnavailable(f"No address was found for {host}. Check how the name is written.")
    for answer in answers:
        reason = refusal(answer)
        parsed = literal(answer)
        if reason is None or (parsed and "%" not in answer and allow.permits(host, port, parsed)):
            continue
        where = f"{host} is {reason}" if answer == host else f"{host} leads to {reason} ({answer[:60]})"
        shown = f"[{host}]" if ":" in host else host
        raise SourceRefused(
            f"{where}, which earmark does not connect to. If it is meant to be polled, "
            f'add "{shown}:{port}" to allow under [http] in earmark.toml.'
        )
    return tuple(answers)


def check_url(url: str, *, scheme: str, host: str, port: int | None = None) -> None:
    """Refuse an address that is no plain http(s) URL; the parts are those of the parser that connects.

    ``url`` is the text as it was written, absolute or (in a redirect) relative.
    Raises SourceRefused for another scheme, a name or password in it, characters by which two parsers
    come to two different hosts, and a host that is a number in disguise (``0x7f.1``).
    """
    if len(url) > _LONGEST_URL:
        raise _refused(url, f"is longer than {_LONGEST_URL} characters")
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise _refused(url, "has a backslash, a blank or a control character in it")
    if scheme not in {"http", "https"}:
        raise _refused(url, "does not begin with http:// or https://")
    if _USERINFO.match(url):
        raise _refused(url, "has a user name or password in it")
    if not host or _NO_HOST.match(url):
        raise _refused(url, "names no host")
    if port is not None and not 0 < port <= _LAST_PORT:
        raise _refused(url, f"has a port that does not exist ({port})")
    last = host.rstrip(".").rpartition(".")[2]
    if literal(host) is None and (_NUMBER.fullmatch(last) or "%" in host):
        raise _refused(url, "has a number in disguise as its host")


def place(url: str) -> str:
    """Return a URL fit for an error text: scheme, host and path, without anything that may be a secret.

    Query, fragment, user name and password go; parts of the path that look like a token become "…".
    """
    try:
        parts = urlsplit(url)
        authority = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an unreadable address"
    segments = [_SECRET_SEGMENT.sub("…", segment) for segment in parts.path.split("/")]
    shown = f"{parts.scheme}://{authority}" if authority else f"{parts.scheme}:"
    shown += "/".join(segments) if authority or parts.scheme == "file" else "…"
    clean = "".join(character if character.isprintable() else "�" for character in shown)
    return clean if len(clean) <= 200 else clean[:199] + "…"  # noqa: PLR2004 - a line or two of text


def without_keys(url: str) -> str:
    """Return a URL with "…" or dots for what may be a key in it: long tokens, and values of named secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an unreadable address"
    hidden = [_SECRET_SEGMENT.sub("…", part) for part in parts[2:]]
    return mask(urlunsplit((parts.scheme, parts.netloc, *hidden)))


def _refused(url: str, why: str) -> SourceRefused:
    return SourceRefused(f"The address {place(url)} {why}. Write a plain http:// or https:// address.")


def _refusal(address: Address) -> str | None:
    for network, reason in DENIED:
        if address in network and not _is_teredo(address):
            return reason
    if isinstance(address, IPv4Address):
        return None
    for inner in _inner(address):
        hidden = _refusal(inner)
        if hidden is not None:
            return f"{hidden} inside an IPv6 one"
    carries = address.ipv4_mapped is not None or address in _NAT64
    return None if carries or address in PUBLIC_V6 else "no public address"


def _is_teredo(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.teredo is not None


def _inner(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address carries."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64 or address in _NAT64_LOCAL or address in _COMPATIBLE:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _network_of(entry: str) -> Network:
    try:
        network = ip_network(entry)
    except ValueError as error:
        raise _bad_entry(entry, str(error)) from error
    if network.prefixlen == 0:
        raise _bad_entry(entry, "that would switch the guard off")
    return network


def _host_and_port(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= _LAST_PORT:
        raise _bad_entry(entry, "the port is missing")
    if bracketed:
        try:
            return str(IPv6Address(host[1:-1])), int(port)
        except AddressValueError as error:
            raise _bad_entry(entry, str(error)) from error
    if not re.fullmatch(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?", host):
        raise _bad_entry(entry, "the host is not a plain name or address; IPv6 takes brackets")
    return host.lower(), int(port)


def _bad_entry(entry: str, why: str) -> ConfigError:
    return ConfigError(
        f'"{entry}" under [http] allow in earmark.toml can\'t be used: {why}. '
        'Write "host:port", "127.0.0.1:8123", "[::1]:8123" or a network such as "10.1.0.0/16".'
    )

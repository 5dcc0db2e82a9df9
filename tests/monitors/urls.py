"""Odd addresses of web pages, by a seeded grammar, and a resolver that is up to no good."""

import random
import socket
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address

__all__ = ["Liar", "is_public", "odd_urls", "written_as"]

INSIDE = """
127.0.0.1 127.1.2.3 0.0.0.0 10.0.0.5 172.16.0.9 192.168.1.4 169.254.169.254 100.64.0.1 100.100.100.200
192.0.0.192 198.18.0.1 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fc00::1 fd00:ec2::254 ff02::1
""".split()  # noqa: SIM905 - a table of words reads better
OUTSIDE = "93.184.215.14"
NAMES = (
    "localhost",
    "LOCALHOST",
    "metadata.google.internal",
    "feeds.example",
    "ⓛocalhost",
    "xn--a-ecp.example",
)
SCHEMES = (
    ["http://"] * 24
    + ["https://"] * 12
    + ["HTTP://", "hTTp://", "ftp://", "file://", "gopher://", "unix://", "javascript:", "data:", "http:"]
    + ["http:/", "http:///", "//", "///", "http:\\\\", "http://http://", " http://", "ws://", "http+unix://"]
)
BEFORE = [
    "",
    "",
    "",
    "",
    "user@",
    "feeds.example@",
    "feeds.example:80@",
    "a:b@c@",
    "%40",
    "feeds.example\\@",
    "@",
]
PORTS = ["", "", "", ":80", ":443", ":8080", ":0", ":65536", ":-1", ":80:90", ":８０", ": 80", ":080", ":"]
AFTER = [
    "",
    "/",
    "/feed",
    "?x=1",
    "#x",
    "/@feeds.example",
    "#@feeds.example/",
    "?@feeds.example",
    "\\",
    "/../",
    "%2f",
]
NOISE = ["\t", "\n", "\r", " ", "\x00", "\u200b", "\u00ad", "\\", "%00", "\u2028", "。"]


def odd_urls(number: int, seed: int) -> list[str]:
    """Return so many addresses, the same ones for the same seed."""
    chance = random.Random(seed)
    return [_odd_url(chance) for _ in range(number)]


def _odd_url(chance: random.Random) -> str:
    address = ip_address(chance.choice(INSIDE) if chance.random() < 0.6 else chance.getrandbits(32))
    named = chance.choice(NAMES) if chance.random() < 0.3 else f"feed-{chance.randrange(3000)}.example"
    host = named if chance.random() < 0.4 else chance.choice(written_as(address, chance))
    if chance.random() < 0.1:
        host += chance.choice([".", "..", ".nip.example", ".localhost", "%2e", "。"])
    pick = chance.choice
    url = f"{pick(SCHEMES)}{pick(BEFORE)}{host}{pick(PORTS)}{pick(AFTER)}"
    if chance.random() < 0.15:
        place = chance.randrange(len(url) + 1)
        url = url[:place] + chance.choice(NOISE) + url[place:]
    return url


def written_as(address: IPv4Address | IPv6Address, chance: random.Random) -> list[str]:
    """Return the dresses in which an address may come."""
    if isinstance(address, IPv6Address):
        full = address.exploded
        return [
            f"[{address}]",
            f"[{full}]",
            f"[{full.upper()}]",
            f"[{address}%25eth0]",
            f"[{address}%lo]",
        ] * 2
    number, parts = int(address), str(address).split(".")
    bytes_ = [int(part) for part in parts]
    mixed = ".".join(chance.choice([part, hex(int(part)), f"0{int(part):o}", f"00{part}"]) for part in parts)
    plain = str(address)
    return [
        plain,
        plain,
        str(number),
        hex(number),
        f"0{number:o}",
        f"{bytes_[0]}.{number & 0xFFFFFF}",
        f"{bytes_[0]}.{bytes_[1]}.{number & 0xFFFF}",
        f"0x{bytes_[0]:x}.{number & 0xFFFFFF}",
        str(number + 2**32),
        mixed,
        ".".join(f"{part:03d}" for part in bytes_),
        plain.replace(".", "。"),
        plain.replace(".", "．"),
        plain.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)}),
        "".join(chr(0x2460 + int(c) - 1) if c in "123456789" else "⓪" if c == "0" else c for c in plain),
        f"[::ffff:{plain}]",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
        f"[::{plain}]",
        f"[64:ff9b::{plain}]",
        f"[64:ff9b:1::{plain}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
        f"[{IPv6Address(0x2001 << 112 | int(IPv4Address(OUTSIDE)) << 64 | (number ^ 0xFFFFFFFF))}]",
        f"[{plain}]",
        f"%31{plain[1:]}",
    ]


def is_public(address: str) -> bool:
    """Say whether an address is public, by the tables of Python and not by ours."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not parsed.is_multicast
    inner = [parsed.ipv4_mapped, parsed.sixtofour, *(parsed.teredo or ())]
    if int(parsed) >> 32 in {0, 0x0064_FF9B << 64}:
        inner.append(IPv4Address(int(parsed) & 0xFFFFFFFF))
    if carried := [one for one in inner if one is not None]:
        return all(is_public(str(one)) for one in carried)
    return parsed.is_global and not parsed.is_multicast and not parsed.is_site_local


class Liar:
    """A resolver that reads numbers as the C library does, and answers for names as it likes.

    A name is public when it is first asked for and private ever after (DNS rebinding), or both at once.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> tuple[str, ...]:
        again = host in self.asked
        self.asked.append(host)
        read = _as_the_c_library(host)
        if read is not None:
            return (read,)
        inside = self._chance.choice(INSIDE)
        if again:
            return (inside,)
        return self._chance.choice([(OUTSIDE,), (OUTSIDE,), (OUTSIDE, inside), (inside, OUTSIDE), (inside,)])


def _as_the_c_library(host: str) -> str | None:
    for text in (host, host.rstrip("."), unicodedata.normalize("NFKC", host).replace("。", ".")):
        try:
            return str(IPv4Address(socket.inet_aton(text)))
        except (OSError, UnicodeError, ValueError):
            continue
    return "127.0.0.1" if host.lower().rstrip(".").endswith("localhost") else None

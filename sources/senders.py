"""Who really sent a letter: what the receiving server found, and whom the user listed.

The From line of a letter is written by whoever sends it. It counts when the receiving server says that a
DKIM signature of that very domain is good. Anybody can write that header too, so it is believed only of the
server that the user names, and only the topmost one: a server puts its own above whatever came with the
letter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message  # generic for the type checker only

__all__ = ["Sender", "is_bulk", "sender_of", "why_not"]

_ASIDE = re.compile(r"\((?:[^()\\]|\\.)*\)|\"(?:[^\"\\]|\\.)*\"")  # a comment or a quoted string
_LONGEST = 10_000
_RESULT = re.compile(r"^\s*([a-z-]+)\s*=\s*([a-z]+)\b", re.IGNORECASE)
_SIGNER = re.compile(r"\bheader\.(?:d|i)\s*=\s*\"?(?:[^\s@;\"]*@)?([a-z0-9.-]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>,\"]{1,200}@([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom the From line names; ``address`` and ``domain`` are in lower case."""

    name: str
    address: str
    domain: str

    def within(self, *domains: str) -> bool:
        """Say whether the address is, or its domain lies within, one of these."""
        return any(
            self.address == one if "@" in one else self.domain == one or self.domain.endswith("." + one)
            for one in domains
        )


def sender_of(message: "Message[str, str]") -> Sender | None:
    """Return the one sender of a letter; None when the From line names nobody, or several."""
    lines = _lines(message, "From")
    if len(lines) != 1:
        return None
    pairs = getaddresses(lines)
    if len(pairs) != 1:
        return None
    name, address = pairs[0]
    found = _ADDRESS.fullmatch(address.strip())
    if found is None:
        return None
    return Sender(" ".join(name.split()), found.group().lower(), found[1].lower())


def why_not(
    message: "Message[str, str]", sender: Sender, *, authserv: str | None, listed: Sequence[str]
) -> str:
    """Return why a letter does not count, or an empty string when it does.

    ``authserv`` names the receiving server whose Authentication-Results are believed; ``listed`` holds
    addresses and domains that count without proof, unless that server says that DMARC failed.
    """
    results = _results(message, authserv)
    if any(method == "dmarc" and verdict == "fail" for method, verdict, _ in results):
        return "the receiving server says that its sender is forged"
    if sender.within(*(one.strip().lower().removeprefix("@") for one in listed)):
        return ""
    for method, verdict, rest in results:
        signer = _SIGNER.search(rest)
        if method == "dkim" and verdict == "pass" and signer and _aligned(signer[1], sender.domain):
            return ""
    return "nothing proves its sender"


def is_bulk(message: "Message[str, str]") -> bool:
    """Say whether a letter went to a list of readers, as newsletters and alerts do."""
    return any(_lines(message, name) for name in ("List-Id", "List-Unsubscribe"))


def _results(message: "Message[str, str]", authserv: str | None) -> list[tuple[str, str, str]]:
    """Return method, verdict and properties of each result in the named server's topmost header."""
    if not authserv:
        return []
    for line in _lines(message, "Authentication-Results"):
        server, *parts = _without_asides(line).split(";")
        if server.split()[:1] == [authserv.strip().lower()]:
            found = [(_RESULT.match(part), part) for part in parts]
            return [(match[1], match[2], part) for match, part in found if match]
    return []


def _without_asides(line: str) -> str:
    """Return a header line in lower case without what its sender may have written into it.

    A server quotes the envelope's addresses, and whoever sends chooses these. A line in which something
    stays open says nothing.
    """
    shorter, line = line[:_LONGEST].lower(), ""
    while shorter != line:  # comments may hold comments
        shorter, line = _ASIDE.sub(" ", shorter), shorter
    return "" if any(mark in line for mark in '"()') else line


def _aligned(signer: str, domain: str) -> bool:
    longer, shorter = sorted((signer.strip("."), domain), key=len, reverse=True)
    return "." in shorter and (longer == shorter or longer.endswith("." + shorter))


def _lines(message: "Message[str, str]", name: str) -> list[str]:
    # The parsed headers raise on some malformed lines; the raw ones never do.
    return [" ".join(str(value).split()) for key, value in message.raw_items() if key.lower() == name.lower()]

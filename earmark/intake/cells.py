"""What one cell of an account file says, cleaned."""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from earmark.intake.hosts import FREE_MAIL, SHARED

__all__ = [
    "LARGEST_STAFF",
    "domain_in",
    "domains_in",
    "parts_of",
    "size_in",
    "slug_of",
    "text_in",
    "value_in",
]

_DIRT = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"\s{2,}|[^\S ]")
_NOTHING = frozenset(
    {"", "-", "--", "—", "?", ".", "n/a", "#n/a", "na", "null", "none", "nan", "nil", "unknown"}
)

_HOST = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+"
    r"(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})"
)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/*|^//")
_WWW = re.compile(r"^www\d?\.(?=[^.]+\.)")

_RANGE = re.compile(r"(\d[\d.,' ]*)\s*([kKmM]?)\s*(?:-|–|—|to|bis|\.\.)\s*(\d[\d.,' ]*)\s*([kKmM]?)")
_NUMBER = re.compile(r"(\d[\d.,' ]*)\s*([kKmM]?)")
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
_SHARED_ENDS: Final = (".linkedin.com", ".facebook.com")
_LONGEST_SHOWN: Final = 60
_MOST_DIGITS: Final = 9
LARGEST_STAFF: Final = 50_000_000
"""More people than this work for nobody."""


def text_in(cell: str) -> str:
    """Return the text without control and invisible characters, spaces collapsed."""
    if not cell:
        return cell
    if cell.isascii() and cell.isprintable() and "  " not in cell:
        return cell.strip()
    cell = unicodedata.normalize("NFC", _SPACES.sub(" ", cell))
    return _SPACES.sub(" ", _DIRT.sub("", cell)).strip()


def value_in(cell: str) -> str | None:
    """Return the text of a cell, or None where it says nothing (empty, n/a, null …)."""
    text = text_in(cell)
    return None if text.lower() in _NOTHING else text


def parts_of(cell: str) -> tuple[str, ...]:
    """Return the values of a cell that holds several, split at ``;`` or ``|`` or line ends, once each."""
    if not cell:
        return ()
    parts = (value_in(part) for part in re.split(r"[;|\r\n]", cell))
    return tuple(dict.fromkeys(part for part in parts if part))


def domains_in(cell: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the domains of a cell, and a sentence for each value that is none."""
    bare = cell.strip().lower()
    if _HOST.fullmatch(bare) and not (bare.startswith("www") or _is_shared(bare) or bare in FREE_MAIL):
        return (bare,), ()  # as most lists have them: a million of them should take no time
    found: dict[str, None] = {}
    faults: list[str] = []
    for part in re.split(r"[;,|\s]+", text_in(cell)):
        if not part or part.lower() in _NOTHING:
            continue
        domain, fault = domain_in(part, name)
        if domain:
            found[domain] = None
        elif fault:
            faults.append(fault)
    return tuple(found), tuple(faults)


def domain_in(value: str, name: str = "") -> tuple[str | None, str | None]:
    """Return the host that a domain, web address or e-mail address stands for; else why there is none.

    Hosts that many share (free mail, social networks, site builders) are no company's domain: they
    count only where they stand bare and look like the name, as github.com does for GitHub.
    """
    shown = _short(value)
    rest = _SCHEME.sub("", value.lower().strip("<>\"'()"))
    address, _, path = rest.partition("/")
    _, at, host = address.rpartition("@")
    host = host.partition("?")[0].partition("#")[0].partition(":")[0].rstrip(".")
    host = _ascii_host(_WWW.sub("", host))
    if not host or not _HOST.fullmatch(host):
        return None, f"{shown!r} is no domain; left out"
    is_mail, is_shared = host in FREE_MAIL, _is_shared(host)
    if not is_mail and not is_shared:
        return host, None
    own = not path.strip("/") and _resembles(host, name)
    if is_mail and (at or not own):
        return None, f"{shown!r} is free mail, not the company's domain; left out"
    if is_shared and not own:
        return None, f"{shown!r} is a place that many companies share; left out"
    return host, None


@lru_cache(maxsize=4096)  # a list has few sizes
def size_in(cell: str) -> tuple[int | None, str | None]:
    """Return a number of employees; the middle of a range (51-200 → 125), the bound of 10,001+."""
    text = value_in(cell)
    if text is None:
        return None, None
    if span := _RANGE.search(text):
        low, high = _count(span[1], span[2] or span[4]), _count(span[3], span[4])
        number = (low + high) // 2 if low is not None and high is not None else None
    else:
        match = _NUMBER.search(text)
        number = _count(match[1], match[2]) if match else None
    if number is None or number > LARGEST_STAFF:
        return None, f"{_short(text)!r} is no number of employees; left out"
    return number, None


def slug_of(text: str) -> str:
    """Return an id made of a text: lower-case letters and digits joined by hyphens, never empty."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    slug = "-".join(re.findall(r"[^\W_]+", bare))[:100].strip("-")
    return slug or "x-" + blake2b(text.encode("utf-8", "replace"), digest_size=5).hexdigest()


def _is_shared(host: str) -> bool:
    return host in SHARED or host.endswith(_SHARED_ENDS)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _letters(text: str) -> str:
    return "".join(re.findall(r"[a-z0-9]+", text.lower()))


def _resembles(host: str, name: str) -> bool:
    label, own = _letters(host.split(".")[-2]), _letters(name)
    return bool(own) and (own.startswith(label) or label.startswith(own))


def _count(digits: str, unit: str) -> int | None:
    """Read 1,200 and 1.200 and 1 200 as thousands, 1.5k as a fraction."""
    digits = digits.strip(" .,'")
    if fraction := re.fullmatch(r"(\d+)[.,](\d{1,2})", digits):
        return round(float(f"{fraction[1]}.{fraction[2]}") * _TIMES[unit.lower()])
    whole = re.sub(r"[.,' ]", "", digits)
    return int(whole) * _TIMES[unit.lower()] if whole.isascii() and len(whole) <= _MOST_DIGITS else None

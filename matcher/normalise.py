"""Text to tokens, links and texts to identity: the one normal form that both sides of a match use.

A token is a run of letters and digits in lower case, without marks ("Société" → "societe"). A possessive
``'s`` is dropped, a contraction stays whole ("it's" → "its"), an elided article stands alone ("l'Oréal" →
"l", "oreal"), and "&" reads "and". Tokens are UTF-8 bytes: translating and splitting bytes is by far the
quickest way to get them.
"""

import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

__all__ = [
    "Token",
    "canonical_url",
    "event_id",
    "fingerprint",
    "fold",
    "tokens_of",
    "words_of",
]

_DIGEST: Final = 12  # bytes: 24 hexadecimal digits
_JOINED, _APART = b"\x00", b" "  # what becomes of an apostrophe; same length, so offsets hold

_LIGATURES: Final = {
    "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ħ": "h", "ŧ": "t",
    "ŋ": "n", "ĸ": "k", "ƒ": "f", "ə": "e",
    "’": "'", "‘": "'", "ʼ": "'", "＇": "'", "‛": "'", "´": "'", "′": "'",
    "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "", "\xad": "",
}  # fmt: skip

_ALPHABET: Final = bytes(
    byte + 32
    if 65 <= byte <= 90  # noqa: PLR2004 - A to Z
    else byte
    if chr(byte).isalnum() or byte >= 128 or byte == 39  # noqa: PLR2004 - other scripts, the apostrophe
    else 32
    for byte in range(256)
)
"""ASCII letters to lower case; digits, the apostrophe and bytes of other scripts stay; the rest is blank."""

_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_WIDE: Final = re.compile(r"[^\x00-\x7f]|&")  # what may become more or fewer bytes than one
_QUOTED: Final = re.compile(rb"(?<![^ ])[^ ']*'[^ ]*")  # whole runs only, so that it stays linear
_RUN: Final = re.compile(rb"[^ ]+")
_CONTRACTED: Final = frozenset(
    b"it that what who here there let he she where how why when this everyone everybody somebody".split()
)
_ELIDED: Final = frozenset((b"d", b"l", b"qu"))

_TRACKING: Final = re.compile(
    r"utm_.*|mc_[ce]id|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|_hsenc|_hsmi|hsctatracking|"
    r"mkt_tok|cmpid|ocid|ncid|ref_src|ref_url|spm|wt_mc|xtor|at_medium|at_campaign|guccounter|guce_referrer.*|"
    r"smid|smtyp|feedtype|feedname|from_rss",
    re.IGNORECASE,
)
_SAFE: Final = "/%:@!$&'()*+,;=~-._"  # what may stand in a path as it is
_PORTS: Final = {"http": 80, "https": 443}


class Token(NamedTuple):
    """A token and its place: ``text[start:end]`` folds to ``word``."""

    word: bytes
    start: int
    end: int


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    """Return one character in lower case without marks; punctuation of any script is a blank."""
    bare = _LIGATURES.get(character, character)  # an acute accent that stands for an apostrophe decomposes
    for _ in range(2):  # casefolding may compose what decomposes again
        bare = unicodedata.normalize("NFKD", bare).casefold()
        bare = "".join(_LIGATURES.get(c, c) for c in bare if not unicodedata.combining(c))
    return "".join(c if c.isascii() or c.isalnum() else " " for c in bare)


def _raw(text: str) -> bytes:
    """Return the text as bytes, in which nothing but letters, digits, apostrophes and blanks is left."""
    if not text.isascii():
        text = _NON_ASCII.sub(lambda match: _plain(match[0]), text)
    if "&" in text:
        text = text.replace("&", " and ")
    raw = text.encode("utf-8", "replace").translate(_ALPHABET)
    return _QUOTED.sub(_unquoted, raw) if b"'" in raw else raw


def _unquoted(match: re.Match[bytes]) -> bytes:
    """Return the run with each apostrophe joined, blanked, or dropped with its possessive s."""
    run = match[0]
    core = run.strip(b"'")
    lead = len(run) - len(run.lstrip(b"'"))
    tail = len(run) - lead - len(core)
    parts = core.split(b"'")
    possessive = len(parts) > 1 and parts[-1] == b"s" and parts[-2] not in _CONTRACTED
    if possessive:
        tail += 2
        parts.pop()
    out = [_APART * lead, parts[0]]
    for before, part in pairwise(parts):
        apart = before in _ELIDED or not before or not part
        out += (_APART if apart else _JOINED, part)
    return b"".join((*out, _APART * tail))


def words_of(text: str) -> list[bytes]:
    """Return the tokens of a text without their places: the fast path."""
    if text.isascii() and "'" not in text and "&" not in text:  # as most texts are
        return text.encode().translate(_ALPHABET).split()
    raw = _raw(text)
    return (raw.replace(_JOINED, b"") if _JOINED in raw else raw).split()


def fold(text: str) -> str:
    """Return the text in normal form: its tokens, one blank apart."""
    return b" ".join(words_of(text)).decode("utf-8", "replace")


_token = partial(tuple.__new__, Token)  # a body has hundreds: this makes one without a step of Python


@lru_cache(maxsize=4)  # title and text of one event are asked for by several rooms of the matcher
def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text with their places in it: the same tokens as ``words_of``."""
    raw = _raw(text)
    spans = [run.span() for run in _RUN.finditer(raw)]
    words = (raw.replace(_JOINED, b"") if _JOINED in raw else raw).split()
    plain = text.isascii() and "&" not in text
    places = spans if plain else _places(text, spans)
    starts, ends = zip(*places, strict=True) if places else ((), ())
    return tuple(map(_token, zip(words, starts, ends, strict=True)))


def _places(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return which characters of the text the spans of its bytes come from."""
    starts, origins, steps = [0], [0], [1]  # stretches of bytes; in each, one character a byte, or one in all
    for match in _WIDE.finditer(text):
        width = len(_plain(match[0]).replace("&", " and ").encode("utf-8", "replace"))
        if width == 1:
            continue  # as most marks and accents are
        index = match.start()
        at = starts[-1] + index - origins[-1]
        starts += (at, at + width)
        origins += (index, index + 1)
        steps += (0, 1)

    def place(byte: int) -> int:
        stretch = bisect_right(starts, byte) - 1
        return origins[stretch] + (byte - starts[stretch]) * steps[stretch]

    if len(starts) == 1:
        return list(spans)
    return [(place(start), place(end - 1) + 1) for start, end in spans]


def canonical_url(url: str | None) -> str | None:
    """Return the link without what changes from visit to visit, or None for what is no web link.

    Host in lower case, no fragment, no default port, no tracking parameters, parameters sorted.
    """
    try:
        parts = urlsplit((url or "").strip())
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in _PORTS or not host:
        return None
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _PORTS[scheme]:
        host = f"{host}:{port}"
    query = sorted(
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(key)
    )
    path = quote(parts.path, safe=_SAFE) or "/"
    return urlunsplit((scheme, host, path, urlencode(query), ""))


def _digest(*parts: str) -> str:
    # The length in front keeps ("ab", "c") and ("a", "bc") apart.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST).hexdigest()


def fingerprint(title: str, text: str = "") -> str:
    """Return 24 hexadecimal digits that stay the same while the words of title and text do."""
    folded = fold(title), fold(text)
    return _digest(*(folded if any(folded) else (title.strip(), text.strip())))


def event_id(source: str, external_id: str) -> str:
    """Return 24 hexadecimal digits that follow from the source and the event's id there, alone."""
    return _digest(source, external_id)

"""The body of an answer: decoded under a limit, so that a small bomb can't become a large one.

httpx decodes without a limit on the output: one read of 64 KB may become 64 MB before anybody looks.
So the raw bytes are taken and inflated here, step by step.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

from earmark.errors import SourceChanged
from monitors.faults import cut_short

__all__ = ["ENCODINGS", "read_body"]

ENCODINGS: Final = "gzip, deflate"
"""What we ask for, in the form of an Accept-Encoding header; nothing else is decoded."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW_DEFLATE: Final = -zlib.MAX_WBITS
_DIGITS: Final = re.compile(r"[0-9]{1,20}")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_STEP: Final = 65536
_MOST_MEMBERS: Final = 1000
_PIECES_BETWEEN_BREATHS: Final = 256


async def read_body(
    pieces: AsyncIterator[bytes], headers: Mapping[str, str], *, limit: int, where: str
) -> bytes:
    """Return the decoded body, of at most ``limit`` bytes both as sent and decoded.

    ``headers`` are those of the answer, names in lower case; ``where`` names the page in error texts.
    Raises SourceChanged for an encoding that we did not ask for, a body that isn't in its encoding or is
    too large, and SourceUnavailable for one that was cut off.
    """
    inflate = _decoder_of(headers.get("content-encoding", ""), where)
    declared = headers.get("content-length", "")
    if _DIGITS.fullmatch(declared) and int(declared) > limit:
        raise _too_large(where, limit)
    body = bytearray()
    sent = 0
    count = 0
    async for piece in pieces:
        sent += len(piece)
        count += 1
        if count % _PIECES_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)  # a body in a million pieces must not keep the others waiting
        if sent > limit:
            raise _too_large(where, limit)
        if inflate is None:
            body += piece
        else:
            _inflate_into(body, inflate, piece, limit, where)
    if inflate is not None and not inflate.whole:
        raise cut_short(where)
    return bytes(body)


def _inflate_into(body: bytearray, inflate: "_Inflate", piece: bytes, limit: int, where: str) -> None:
    try:
        inflate.feed(piece)
        while decoded := inflate.take():
            if len(body) + len(decoded) > limit:
                raise _too_large(where, limit)
            body += decoded
    except zlib.error as error:
        raise SourceChanged(
            f"{where} says that its answer is compressed, but it can't be unpacked. "
            "Open it in a browser; if it is broken there too, tell its owner."
        ) from error


def _decoder_of(encoding: str, where: str) -> "_Inflate | None":
    tokens = [token.strip().lower() for token in encoding.split(",")]
    tokens = [token for token in tokens if token not in {"", "identity"}]
    if not tokens:
        return None
    if tokens in (["gzip"], ["x-gzip"]):
        return _Inflate(_GZIP)
    if tokens == ["deflate"]:
        return _Inflate(None)
    raise SourceChanged(
        f'{where} answered in the encoding "{encoding[:60]}", though earmark asked for {ENCODINGS} only. '
        "Tell its owner, or use another address of the same feed."
    )


def _too_large(where: str, limit: int) -> SourceChanged:
    return SourceChanged(
        f"{where} answered with more than {limit / 2**20:.4g} MiB, and was cut off. "
        "Check that the address is a feed and no download; max_bytes under [http] is the limit."
    )


class _Inflate:
    """Inflates gzip (of one or more members) or deflate (zlib or raw), a bounded step at a time."""

    def __init__(self, wbits: int | None) -> None:
        self._wbits = wbits
        self._unpacker = zlib.decompressobj(wbits) if wbits else None
        self._waiting = b""
        self._started = False
        self._members = 1

    @property
    def whole(self) -> bool:
        """Nothing is missing: the last member ended, or nothing came at all."""
        return not self._started or (self._unpacker is not None and self._unpacker.eof)

    def feed(self, piece: bytes) -> None:
        self._waiting += piece
        self._started = self._started or bool(piece)

    def take(self) -> bytes:
        """Return the next decoded bytes, at most 64 KiB; empty when more input is needed."""
        while self._waiting:
            unpacker = self._unpacker or self._open_deflate()
            if unpacker is None:
                return b""
            if unpacker.eof:
                if not self._next_member():
                    return b""
                continue
            decoded = unpacker.decompress(self._waiting, _STEP)
            self._waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            if decoded:
                return decoded
        return self._flushed()

    def _flushed(self) -> bytes:
        """Return what the unpacker still holds after the last input byte, within the same bound."""
        if self._unpacker is None or self._unpacker.eof:
            return b""
        return self._unpacker.decompress(b"", _STEP)

    def _open_deflate(self) -> "zlib._Decompress | None":
        """Tell a zlib header from raw deflate; both are sent under the name deflate."""
        if len(self._waiting) < 2:  # noqa: PLR2004 - the length of that header
            return None
        first, second = self._waiting[:2]
        with_header = first & 0x0F == zlib.DEFLATED and (first * 256 + second) % 31 == 0
        self._unpacker = zlib.decompressobj(_ZLIB if with_header else _RAW_DEFLATE)
        return self._unpacker

    def _next_member(self) -> bool:
        """Begin another gzip member, or drop what follows the end, as every browser does."""
        if self._wbits == _GZIP and self._waiting[:2] == _GZIP_MAGIC:
            self._members += 1
            if self._members > _MOST_MEMBERS:
                raise zlib.error("too many members")  # each costs time, even when it holds nothing
            self._unpacker = zlib.decompressobj(_GZIP)
            return True
        if self._wbits != _GZIP or not _GZIP_MAGIC.startswith(self._waiting):
            self._waiting = b""
        return False

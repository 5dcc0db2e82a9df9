"""The bounded decoding of bodies, apart from any network."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SourceChanged, SourceError
from monitors.body import read_body

LIMIT = 2**20
WINDOWS = {"gzip": (31,), "deflate": (15, -15)}


async def one_by_one(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def read(pieces: Iterable[bytes], encoding: str = "", limit: int = LIMIT) -> bytes:
    headers = {"content-encoding": encoding}
    return asyncio.run(read_body(one_by_one(pieces), headers, limit=limit, where="the page"))


def packed(body: bytes, window: int, level: int = 9) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, window)
    return packer.compress(body) + packer.flush()


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(
    st.sampled_from([(encoding, window) for encoding, windows in WINDOWS.items() for window in windows]),
    st.binary(max_size=200),
    st.integers(1, 2000),
    st.integers(0, 9),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_what_was_packed_comes_back_however_it_is_cut(
    way: tuple[str, int], seed: bytes, times: int, level: int, places: list[int]
) -> None:
    encoding, window = way
    body = seed * times
    assert read(cut(packed(body, window, level), places), encoding) == body


@pytest.mark.parametrize("size", [65535, 65536, 65537, 65539, 65793, 66050, 131073, 131075])
@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_the_last_bytes_are_not_left_in_the_unpacker(size: int, encoding: str, window: int) -> None:
    assert read([packed(b"a" * size, window)], encoding) == b"a" * size


@given(
    st.sampled_from(["", "gzip", "deflate"]),
    st.lists(st.binary(max_size=300), max_size=10),
    st.integers(0, 500),
)
def test_whatever_the_bytes_the_outcome_is_a_bounded_body_or_a_sentence(
    encoding: str, pieces: list[bytes], limit: int
) -> None:
    try:
        assert len(read(pieces, encoding, limit)) <= limit
    except SourceError as error:
        assert str(error).startswith("the page ")  # noqa: PT017 - most bytes are no body, some are


def test_a_body_in_a_million_pieces_lets_others_run_in_between() -> None:
    async def scenario() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        running = asyncio.create_task(other())
        await read_body(one_by_one([b"a"] * 10_000), {}, limit=LIMIT, where="the page")
        running.cancel()
        return turns

    assert asyncio.run(scenario()) >= 10


@pytest.mark.parametrize("length", ["524288000", "99999999999999999999"])
def test_a_length_beyond_the_limit_is_enough_to_stop(length: str) -> None:
    taken: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        taken.append(b"a")
        yield b"a"

    with pytest.raises(SourceChanged, match="more than 1 MiB"):
        asyncio.run(read_body(pieces(), {"content-length": length}, limit=LIMIT, where="the page"))
    assert taken == []

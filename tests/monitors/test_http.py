"""The fetcher towards a real server: what it sends, what it returns, where it goes and where it doesn't."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from earmark.errors import ConfigError, SourceChanged, SourceRefused, SourceUnavailable
from monitors.http import Answer
from tests.monitors.hostile import Hostile, Seen, a_fetcher, answer, raw

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture(scope="module", autouse=True)
def _no_socket_is_left_open() -> Iterator[None]:
    yield
    gc.collect()  # a socket left open warns when it is collected, and a warning is an error


async def fetch(server: Hostile, path: str = "/feed", **changes: Any) -> Answer:
    async with a_fetcher(server) as fetcher:
        return await fetcher.fetch("GET", server.url(path), **changes)


async def test_a_request_says_honestly_who_asks_and_what_it_can_read(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"<rss/>")
    await fetch(server, "/feed?b=2&a=1", headers={"Accept": "application/rss+xml", "X-Key": "k"})
    seen = server.seen[0]
    assert (seen.method, seen.target) == ("GET", "/feed?b=2&a=1")
    assert seen.headers == {
        "host": server.allow,
        "user-agent": "earmark/1.2.3 (+ops@norvik.example)",
        "accept-encoding": "gzip, deflate",
        "connection": "close",
        "accept": "application/rss+xml",
        "x-key": "k",
    }


async def test_a_source_can_not_disguise_itself_or_its_host(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x")
    forged = {"User-Agent": "Mozilla", "HOST": "inside", "Accept-Encoding": "br", "Content-Length": "9"}
    await fetch(server, headers=forged)
    headers = server.seen[0].headers
    assert headers["user-agent"].startswith("earmark/")
    assert headers["host"] == server.allow
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "content-length" not in headers


@pytest.mark.parametrize(
    "contact", ["", "  ", "ops norvik", "ops@norvik.example)\r\nX: y", "ops(at)norvik", "é@x"]
)
async def test_a_fetcher_without_a_usable_contact_is_not_made(contact: str) -> None:
    with pytest.raises(ConfigError, match="contact under"):
        a_fetcher(contact=contact)


async def test_a_bad_exception_is_found_before_anything_is_fetched() -> None:
    with pytest.raises(ConfigError, match=r'"10\.0\.0\.1" under \[http\] allow'):
        a_fetcher(allow=["10.0.0.1"])


async def test_json_and_forms_are_posted_with_their_type(server: Hostile) -> None:
    server.pages["/ask"] = answer(b"{}")
    async with a_fetcher(server) as fetcher:
        await fetcher.fetch("POST", server.url("/ask"), json={"q": "Norvik"})
        await fetcher.fetch("post", server.url("/ask"), data={"q": "a b&c"})
    first, second = server.seen
    assert (first.method, first.headers["content-type"], first.body) == (
        "POST",
        "application/json",
        b'{"q":"Norvik"}',
    )
    assert (second.method, second.headers["content-type"], second.body) == (
        "POST",
        "application/x-www-form-urlencoded",
        b"q=a+b%26c",
    )


@pytest.mark.parametrize("headers", [{"X": "a\r\nHost: inside"}, {"X\r\nY": "a"}, {"X": "€"}, {"é": "a"}])
async def test_a_header_can_not_smuggle_another_one(server: Hostile, headers: dict[str, str]) -> None:
    server.pages["/feed"] = answer(b"x")
    with pytest.raises(SourceRefused, match="headers"):
        await fetch(server, headers=headers)
    assert server.seen == []


async def test_cookies_are_not_kept(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x", "Set-Cookie: id=1; Path=/")
    async with a_fetcher(server) as fetcher:
        await fetcher.fetch("GET", server.url("/feed"))
        await fetcher.fetch("GET", server.url("/feed"))
    assert "cookie" not in server.seen[1].headers


async def test_no_proxy_or_log_in_of_the_environment_is_used(
    server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.pages["/feed"] = answer(b"x")
    assert (await fetch(server)).body == b"x"


async def test_an_answer_holds_the_page_as_it_came(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"\x00\xff<rss/>", "Content-Type: text/xml", "X-A: 1", "x-a: 2")
    got = await fetch(server, "/feed#part")
    assert (got.url, got.status, got.body) == (server.url("/feed"), 200, b"\x00\xff<rss/>")
    assert (got.headers["content-type"], got.headers["x-a"]) == ("text/xml", "1, 2")
    assert (got.etag, got.last_modified, got.moved_to, got.not_modified) == (None, None, None, False)
    assert timedelta(0) < got.elapsed < timedelta(seconds=20)


async def test_an_empty_page_is_an_answer(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"")
    server.pages["/none"] = raw(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert (await fetch(server)).body == b""
    assert (await fetch(server, "/none")).status == 204


async def test_a_page_of_http_1_0_ends_where_the_connection_ends(server: Hostile) -> None:
    server.pages["/feed"] = raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>", b"</rss>")
    assert (await fetch(server)).body == b"<rss></rss>"


async def test_a_chunked_page_is_put_together(server: Hostile) -> None:
    server.pages["/feed"] = raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"2;x=y\r\nde\r\n0\r\n\r\n"
    )
    assert (await fetch(server)).body == b"abcde"


ETAGS = ['"abc"', 'W/"abc"', "abc", '"a"b"', "''", '"a, b"', 'W/"', '"\xe9\xff"', "w/abc;gzip"]


@pytest.mark.parametrize("etag", ETAGS)
async def test_validators_go_back_byte_for_byte(server: Hostile, etag: str) -> None:
    modified = "Sat, 21 nov 2026  09:00:00 +0000 (odd)"

    async def page(seen: Seen, writer: asyncio.StreamWriter) -> None:
        same = seen.headers.get("if-none-match") == etag and seen.headers["if-modified-since"] == modified
        status = "304 Not Modified" if same else "200 OK"
        await answer(b"" if same else b"x", f"ETag: {etag}", f"Last-Modified: {modified}", status=status)(
            seen, writer
        )

    server.pages["/feed"] = page
    first = await fetch(server)
    assert (first.etag, first.last_modified) == (etag, modified)
    second = await fetch(server, validators=(first.etag, first.last_modified))
    assert second.not_modified
    assert (second.status, second.body) == (304, b"")
    assert (second.etag, second.last_modified) == (etag, modified)


async def test_a_304_without_validators_keeps_those_that_were_sent(server: Hostile) -> None:
    server.pages["/feed"] = raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    got = await fetch(server, validators=('"a"', None))
    assert (got.not_modified, got.etag, got.last_modified) == (True, '"a"', None)
    assert "if-modified-since" not in server.seen[0].headers


async def test_validators_are_never_invented(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x", "Date: Sat, 21 Nov 2026 09:00:00 GMT")
    got = await fetch(server, validators=(None, None))
    assert not {"if-none-match", "if-modified-since"} & server.seen[0].headers.keys()
    assert (got.etag, got.last_modified) == (None, None)


async def test_of_two_etags_the_first_counts_and_a_huge_one_is_not_kept(server: Hostile) -> None:
    server.pages["/two"] = answer(b"x", 'ETag: "a"', 'ETag: "b"')
    server.pages["/huge"] = answer(b"x", f'ETag: "{"a" * 5000}"')
    assert (await fetch(server, "/two")).etag == '"a"'
    assert (await fetch(server, "/huge")).etag is None


async def test_a_304_that_nobody_asked_for_is_no_answer(server: Hostile) -> None:
    server.pages["/feed"] = raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    with pytest.raises(SourceChanged, match="304"):
        await fetch(server)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, SourceChanged),
        (401, SourceRefused),
        (403, SourceRefused),
        (404, SourceUnavailable),
        (405, SourceChanged),
        (407, SourceRefused),
        (408, SourceUnavailable),
        (410, SourceRefused),
        (425, SourceUnavailable),
        (429, SourceUnavailable),
        (451, SourceRefused),
        (206, SourceChanged),
        (300, SourceChanged),
        (305, SourceChanged),
        (500, SourceUnavailable),
        (502, SourceUnavailable),
        (503, SourceUnavailable),
        (599, SourceUnavailable),
        (999, SourceUnavailable),
    ],
)
async def test_a_status_becomes_the_error_that_says_what_to_do_next(
    server: Hostile, status: int, error: type[Exception]
) -> None:
    server.pages["/feed"] = answer(b"sorry", status=f"{status} Sorry")
    with pytest.raises(error) as caught:
        await fetch(server, "/feed?token=hush")
    text = str(caught.value)
    assert f"HTTP {status}" in text
    assert server.url("/feed") in text
    assert "hush" not in text
    if isinstance(caught.value, SourceRefused):
        assert caught.value.status == status

"""The door of exporters towards a real server: what is sent, what comes back, and what is never told."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from earmark.contract import Page
from earmark.errors import ExportError, ExportRefused, ExportRejected, ExportUnavailable, SourceRefused
from monitors.door import Door
from tests.builders import NOW
from tests.monitors.hostile import Hostile, a_fetcher, answer, raw

pytestmark = pytest.mark.anyio
TOKEN = "sk-3f9a-very-secret"  # noqa: S105 - of no service


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


async def ask(
    server: Hostile, method: str = "POST", path: str = "/in", *, deadline: float = 30, **given: Any
) -> Page:
    async with a_fetcher(server, deadline=timedelta(seconds=deadline)) as fetcher:
        door = Door(fetcher, name="crm", clock=lambda: NOW, per_second=1e6)
        return await door.request(method, given.pop("url", server.url(path)), **given)


async def test_what_is_sent_arrives_as_it_was_meant(server: Hostile) -> None:
    server.pages["/in"] = answer(b'{"id": 7}', status="201 Created")
    page = await ask(server, json={"name": "Ødegård"}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (page.status, page.json()) == (201, {"id": 7})
    await ask(server, form={"grant_type": "client credentials"}, params={"a b": "c&d"})
    first, second = server.seen
    assert json.loads(first.body) == {"name": "Ødegård"}
    assert first.headers["content-type"] == "application/json"
    assert first.headers["authorization"] == f"Bearer {TOKEN}"
    assert (second.target, second.body) == ("/in?a+b=c%26d", b"grant_type=client+credentials")
    assert second.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_is_sent_as_it_is(server: Hostile, method: str) -> None:
    server.pages["/in"] = answer(b"{}")
    await ask(server, method)
    assert [seen.method for seen in server.seen] == [method]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_comes_back_and_is_not_followed(server: Hostile, status: str) -> None:
    server.pages["/in"] = answer(b"", f"Location: {server.url('/elsewhere')}", status=status)
    page = await ask(server, headers={"Authorization": TOKEN})
    assert page.status == int(status[:3])
    assert [seen.target for seen in server.seen] == ["/in"]


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "409 Conflict", "422 No"])
async def test_what_is_wrong_with_one_object_is_the_exporters_to_read(server: Hostile, status: str) -> None:
    server.pages["/in"] = answer(b'{"message": "no"}', status=status)
    assert (await ask(server)).json() == {"message": "no"}


@pytest.mark.parametrize("url", ["http://127.0.0.2:9/", "http://10.0.0.1/", "http://[::1]:9/"])
async def test_a_private_address_gets_nothing_and_stops_the_target(server: Hostile, url: str) -> None:
    with pytest.raises(ExportRefused):
        await ask(server, url=url)
    async with a_fetcher(server) as fetcher:
        with pytest.raises(SourceRefused):
            await fetcher.send("POST", url, content=b"x")
    assert server.seen == []


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("Retry-After: 120", timedelta(minutes=2)),
        ("Retry-After: Sat, 21 Nov 2026 10:00:00 GMT", timedelta(hours=1)),
        ("Retry-After: soon", None),
        ("Retry-After: -5", None),
        ("Retry-After: 9999999999", None),
        ("X-Nothing: 1", None),
    ],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_busy_target_says_how_long(
    server: Hostile, status: str, header: str, pause: timedelta | None
) -> None:
    server.pages["/in"] = answer(b"", header, status=status)
    with pytest.raises(ExportUnavailable) as caught:
        await ask(server)
    assert caught.value.retry_after == pause


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (answer(b'{"message": "Bad token"}', status="401 Unauthorized"), ExportRefused),
        (answer(b"[" * 9_000, status="403 Forbidden"), ExportRefused),
        (answer(b"\xff", status="500 Internal Server Error"), ExportUnavailable),
        (answer(b"", status="408 Request Timeout"), ExportUnavailable),
        (raw(b""), ExportUnavailable),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), ExportUnavailable),
        (raw(b"nonsense\r\n\r\n"), ExportUnavailable),
        (answer(b"x" * 11 * 2**20), ExportRejected),
    ],
)
async def test_no_secret_shows_up_however_it_fails(
    server: Hostile, handler: Any, error: type[ExportError]
) -> None:
    server.pages["/in"] = handler
    with pytest.raises(error) as caught:
        await ask(server, path=f"/in?key={TOKEN}", headers={"Authorization": TOKEN}, json={"token": TOKEN})
    chain: BaseException | None = caught.value
    while chain is not None:
        assert TOKEN not in str(chain)
        chain = chain.__cause__


async def test_the_words_of_a_refusal_are_told_and_cut_short(server: Hostile) -> None:
    server.pages["/in"] = answer(json.dumps({"message": "w" * 900}).encode(), status="403 Forbidden")
    with pytest.raises(ExportRefused, match=r"HTTP 403\): w{200}\. Check the token") as caught:
        await ask(server)
    assert "earmark exports check crm" in str(caught.value)


async def test_a_target_that_says_nothing_is_given_up_in_time(server: Hostile) -> None:
    async def silent(*_: object) -> None:
        await asyncio.Event().wait()

    server.pages["/in"] = silent
    with pytest.raises(ExportUnavailable, match=r"0\.2 s"):
        await ask(server, deadline=0.2)


async def test_requests_keep_the_pace_of_their_target(server: Hostile) -> None:
    server.pages["/in"] = answer(b"{}")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="crm", per_second=0.001, clock=lambda: NOW, sleep=sleep)
        for _ in range(3):
            await door.request("GET", server.url("/in"))
    assert len(waits) == 2
    assert waits[0] == pytest.approx(1000, abs=60)
    assert waits[1] == pytest.approx(2000, abs=60)


async def test_a_file_appears_whole_or_not_at_all(server: Hostile, tmp_path: Path) -> None:
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="crm", per_second=1, clock=lambda: NOW)
        door.file(tmp_path / "a.json", b"old")
        door.file(tmp_path / "a.json", b"new")
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="folder"):
            door.file(tmp_path / "folder", b"x")
    assert (tmp_path / "a.json").read_bytes() == b"new"
    left = [each.name for each in tmp_path.iterdir()]  # noqa: ASYNC240 - a few files of the test
    assert sorted(left) == ["a.json", "folder"]

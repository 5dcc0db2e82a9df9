"""The stream of changes: it tells of each, breathes when there is none, and ends."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from earmark.config import Page, load
from review.page.app import create
from review.page.keys import cookie_of, page_token
from review.page.live import Live
from review.page.serve import Server
from storage import rulebook, sessions, users
from storage.counters import CHANGES, bump
from storage.engine import Connection, Engine, connect, migrate, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team, browser, log_in

pytestmark = pytest.mark.slow

KEY = "k" * 32


def _everybody(_: Connection, secrets: frozenset[str]) -> frozenset[str]:
    return secrets


def _moved(engine: Engine) -> int:
    with writing(engine) as conn:
        bump(conn, CHANGES)
    with reading(engine) as conn:
        return rulebook.changes_version(conn)


def _run(work: Callable[[Engine], Any], tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/live.db")
    try:
        migrate(engine)
        asyncio.run(asyncio.wait_for(work(engine), 20))
    finally:
        engine.dispose()


async def _next(stream: AsyncIterator[str], beginning: str) -> str:
    async for said in stream:
        if said.startswith(beginning):
            return said
    return ""


def test_each_change_is_told_to_every_listener_by_one_look(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        live = Live(engine, _everybody, look=0.01)
        async with aclosing(live.stream(KEY)) as one, aclosing(live.stream(KEY)) as other:
            for stream in (one, other):
                assert "data: 0" in await _next(stream, "event")
            version = await asyncio.to_thread(_moved, engine)
            for stream in (one, other):
                assert f"data: {version}\n" in await _next(stream, "event")
            assert live.listeners == 2
            assert sum(task.get_name() == "live" for task in asyncio.all_tasks()) == 1
        assert live.listeners == 0

    _run(work, tmp_path)


def test_listeners_that_come_at_once_share_one_look_and_leave_nothing_behind(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        live = Live(engine, _everybody, look=0.01)
        streams = [live.stream(KEY) for _ in range(5)]
        for said in await asyncio.gather(*(_next(stream, "event") for stream in streams)):
            assert "data: 0" in said
        assert sum(task.get_name() == "live" for task in asyncio.all_tasks()) == 1
        waiting = [asyncio.create_task(_next(stream, "event")) for stream in streams]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert live.listeners == 0
        await asyncio.sleep(0)
        assert not [
            task for task in asyncio.all_tasks() if task.get_name() == "live" and not task.cancelling()
        ]

    _run(work, tmp_path)


def test_nobody_is_looked_for_when_nobody_listens(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        live = Live(engine, _everybody, look=0.01)
        async with aclosing(live.stream(KEY)) as stream:
            await _next(stream, "event")
        await asyncio.sleep(0)
        assert not [
            task for task in asyncio.all_tasks() if task.get_name() == "live" and not task.cancelling()
        ]
        async with aclosing(live.stream(KEY)) as stream:
            assert await _next(stream, "event"), "and a listener that comes later is heard"

    _run(work, tmp_path)


def test_a_silent_line_breathes(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        live = Live(engine, _everybody, look=0.01, heartbeat=0.01)
        async with aclosing(live.stream(KEY)) as stream:
            await _next(stream, "event")
            assert await _next(stream, ":")

    _run(work, tmp_path)


def test_every_stream_ends_when_the_page_stops(tmp_path: Path) -> None:
    async def work(engine: Engine) -> None:
        live = Live(engine, _everybody, look=0.01)

        async def listened() -> list[str]:
            return [said async for said in live.stream(KEY)]

        listeners = [asyncio.create_task(listened()) for _ in range(3)]
        async with aclosing(live.stream(KEY)) as last:
            await _next(last, "event")
            await live.close()
        for said in await asyncio.gather(*listeners):
            assert said[0].startswith("retry")

    _run(work, tmp_path)


def test_a_stream_ends_when_its_key_opens_nothing_any_more_and_the_others_go_on(tmp_path: Path) -> None:
    keys = {"ada", "bo"}

    def still(_: Connection, secrets: frozenset[str]) -> frozenset[str]:
        return secrets & keys

    async def work(engine: Engine) -> None:
        live = Live(engine, still, look=0.01)
        async with aclosing(live.stream("ada")) as ada, aclosing(live.stream("bo")) as bo:
            for stream in (ada, bo):
                await _next(stream, "event")
            keys.remove("bo")
            assert not await _next(bo, "event"), "it ends"
            assert live.listeners == 1
            version = await asyncio.to_thread(_moved, engine)
            assert f"data: {version}\n" in await _next(ada, "event")

    _run(work, tmp_path)


def _disabled(conn: Connection, _secret: str) -> None:
    users.disable(conn, "rea", NOW)


def _out(conn: Connection, secret: str) -> None:
    sessions.end(conn, secret)


def _out_everywhere(conn: Connection, _secret: str) -> None:
    sessions.end_all(conn, "rea")


@pytest.mark.parametrize("undo", [_disabled, _out, _out_everywhere])
def test_a_stream_ends_with_the_session_or_the_user(
    page: Served, engine: Engine, undo: Callable[[Connection, str], None]
) -> None:
    a_team(engine)
    with browser(page) as client:
        log_in(client, "rea")
        with client.stream("GET", "/live") as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("data:"))
            with writing(engine) as conn:
                undo(conn, client.cookies[page.cookie])
            assert list(lines)[-1:] == [""], "the stream ends, whole"
        assert client.get("/live").status_code == 401


def test_a_stream_of_the_workspaces_token_ends_with_the_first_user(page: Served, engine: Engine) -> None:
    with page.client.stream("GET", "/live") as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("data:"))
        a_team(engine)
        assert not [line for line in lines if line.startswith("data:")], "the stream ends"
    assert page.get("/live").status_code == 401


def test_the_page_streams_over_the_wire_and_a_stranger_hears_nothing(
    page: Served, stranger: httpx.Client, engine: Engine
) -> None:
    assert stranger.get("/live").status_code == 401
    with page.client.stream("GET", "/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        first = next(line for line in lines if line.startswith("data:"))
        version = _moved(engine)
        second = next(line for line in lines if line.startswith("data:"))
    assert int(first.removeprefix("data: ")) < version == int(second.removeprefix("data: "))


def test_a_server_that_stops_waits_for_no_listener(workspace: Path, engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    settings = load(workspace).model_copy(update={"page": Page(address=f"127.0.0.1:{port}")})
    token = page_token(workspace)
    config = uvicorn.Config(create(settings, engine, token), port=port, log_config=None)
    server = Server(config, lambda: None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", cookies={cookie_of(token): token}, trust_env=False
    )
    with client, client.stream("GET", "/live") as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("data:"))
        server.should_exit = True
        assert not [line for line in lines if line.startswith("data:")], "the stream ends"
    thread.join(5)
    assert not thread.is_alive()

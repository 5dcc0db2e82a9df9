"""The full-screen list under test: who works it, over which database, and what stands on it."""

from datetime import UTC

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from review.desk import Desk
from review.triage import Triage
from storage.engine import Engine
from tests.builders import NOW

__all__ = ["alone", "anyio_backend", "at", "desk", "head", "names", "press", "said"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine=engine, now=lambda: NOW, zone=UTC, touches=40, by="ida")


def names(app: Triage) -> list[str]:
    return [row.name for row in app._board.rows]


def said(app: Triage) -> str:
    return str(app.screen_stack[0].query_one("#state", Static).content)


def head(app: Triage) -> str:
    return str(app.screen_stack[0].query_one("#head", Static).content)


def at(app: Triage) -> int:
    return app.screen_stack[0].query_one("#list", DataTable).cursor_row


def alone(app: Triage, count: int = 1) -> list[int]:
    """Return where rows stand that go when their one reason does."""
    return [place for place, row in enumerate(app._board.rows) if row.account and not row.more][:count]


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()

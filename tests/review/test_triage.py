"""The full-screen list, driven by its keys over the demo's workspace."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from textual.widgets import DataTable, Static

from review.desk import Desk
from review.plain import plain
from review.triage import Triage
from storage import accounts, latency, standing, triggers
from storage.engine import Engine, connect, migrate, reading
from tests.builders import NOW
from tests.review.page.conftest import demo_workspace, engine, workspace

__all__ = ["demo_workspace", "engine", "workspace"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine=engine, now=lambda: NOW, zone=UTC, touches=40, by="ida")


def names(app: Triage) -> list[str]:
    return [row.name for row in app._rows]


def said(app: Triage) -> str:
    return str(app.query_one("#state", Static).content)


async def test_a_key_decides_and_the_next_row_takes_the_place(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        before = names(app)
        place, row = next((number, one) for number, one in enumerate(app._rows) if not one.more)
        await pilot.press(*["j"] * place, "d", "2")
        await pilot.pause()
        assert names(app) == before[:place] + before[place + 1 :]
        assert app.query_one("#list", DataTable).cursor_row == place
        assert "Dismissed" in said(app)
        with reading(desk.engine) as connection:
            trigger = triggers.get(connection, row.trigger)
            assert trigger is not None
            assert trigger.state == "dismissed"
        await pilot.press("u")
        await pilot.pause()
        assert names(app) == before


async def test_the_cursor_moves_and_its_note_is_shown_and_known_to_be_looked_at(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("j", "j", "k")
        assert app.query_one("#list", DataTable).cursor_row == 1
        note = str(app.query_one("#note", Static).content)
        assert f"REF       {app._rows[1].trigger}" in note
    with reading(desk.engine) as connection:
        opened = {
            one.trigger for one in latency.listings(connection, NOW.replace(year=2000)) if one.opened_at
        }
    assert app._rows[1].trigger in opened or app._rows[1].mark == "backfill"


@pytest.mark.parametrize(
    "keys",
    [
        ("plus",),
        ("c", "1"),
        ("h", "2"),
        ("h", "4"),
        ("t", "2"),
        ("a", "1"),
        ("exclamation_mark", "1"),
        ("n", "h", "i", "enter"),
    ],
)
async def test_every_key_acts_on_an_account_and_undo_puts_it_back(desk: Desk, keys: tuple[str, ...]) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        place = next(number for number, row in enumerate(app._rows) if row.account)
        await pilot.press(*["j"] * place)
        account = app._rows[place].account
        assert account is not None
        with reading(desk.engine) as connection:
            before = accounts.get(connection, account), plain(triggers.of_account(connection, account))
        rows = names(app)
        await pilot.press(*keys)
        await pilot.pause()
        with reading(desk.engine) as connection:
            assert standing.last(connection, "ida") is not None, said(app)
        await pilot.press("u")
        await pilot.pause()
        with reading(desk.engine) as connection:
            after = accounts.get(connection, account), plain(triggers.of_account(connection, account))
        assert after == before
        assert names(app) == rows


async def test_without_a_target_an_export_says_how_to_add_one(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("e")
        await pilot.pause()
        assert "earmark exports add" in said(app)


async def test_escape_leaves_a_menu_and_nothing_was_done(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("d", "escape", "u")
        await pilot.pause()
        assert "There is nothing of yours left to undo." in said(app)


async def test_a_search_leaves_what_has_the_words(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("slash", *"lumen", "enter")
        await pilot.pause()
        assert names(app) == ["Lumenforge"]


async def test_an_empty_list_says_so(tmp_path: Path) -> None:
    for made in _empty(tmp_path):
        app = Triage(Desk(engine=made, now=lambda: NOW, zone=UTC, touches=40, by="ida"))
        async with app.run_test() as pilot:
            await pilot.press("d", "plus", "y", "v", "e")
            assert "Nothing to do now" in str(app.query_one("#note", Static).content)


def _empty(folder: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{folder / 'earmark.db'}")
    migrate(made)
    yield made
    made.dispose()

"""The full-screen list, driven by its keys over the demo's workspace: what is done with rows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from textual.widgets import DataTable, OptionList

from earmark.errors import StorageError
from review import triage as screen
from review.desk import Desk
from review.plain import plain
from review.triage import Triage
from storage import accounts, standing, triggers, users
from storage.counters import CHANGES, bump
from storage.engine import Engine, connect, migrate, reading, writing
from tests.builders import NOW
from tests.review.page.conftest import demo_workspace, engine, workspace
from tests.review.triaged import alone, anyio_backend, at, desk, names, press, said
from tests.storage.lists import on_list

__all__ = ["anyio_backend", "demo_workspace", "desk", "engine", "workspace"]
pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_key_decides_and_the_next_row_takes_the_place(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        before = names(app)
        (place,) = alone(app)
        row = app._board.rows[place]
        await press(pilot, *["j"] * place, "d", "2")
        assert names(app) == before[:place] + before[place + 1 :]
        assert at(app) == place
        assert "Dismissed" in said(app)
        with reading(desk.engine) as connection:
            trigger = triggers.get(connection, row.trigger)
            assert trigger is not None
            assert trigger.state == "dismissed"
        await press(pilot, "k", "k", "u")
        assert names(app) == before
        assert at(app) == place, "an undo leads to the row that it was about"


async def test_after_an_action_that_leaves_the_row_the_cursor_is_on_the_next(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        before = names(app)
        await press(pilot, "j", "plus")
        assert (names(app), at(app)) == (before, 2)
        app.action_step(len(before))
        await press(pilot, "plus")
        assert at(app) == len(before) - 2, "the last row has none behind it: the one before"


async def test_the_cursor_moves_and_its_note_is_shown_and_known_to_be_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, looked = list[str](), list[str]()
    monkeypatch.setattr(screen, "_READ", 0.001)

    def note_of(text: str) -> str:
        shown.append(text)
        return text

    monkeypatch.setattr(screen, "note_of", note_of)
    monkeypatch.setattr(Desk, "looked_at", lambda _, row: looked.append(row.trigger))
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "j", "j", "k")
        assert at(app) == 1
        assert f"REF       {app._board.rows[1].trigger}" in shown[-1]
        while app._board.rows[1].trigger not in looked:
            await pilot.pause(0.01)


def test_what_was_looked_at_is_written_once_and_a_busy_database_keeps_nobody_from_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(each for each in desk.shown().rows if each.account)
    written = list[object]()
    monkeypatch.setattr("review.desk.latency.opened", lambda _, ids, now: written.append((ids, now)))
    desk.looked_at(row)
    assert written == [([row.trigger], NOW)]

    def busy(*_: object) -> None:
        raise StorageError("The database is busy.")

    monkeypatch.setattr("review.desk.latency.opened", busy)
    desk.looked_at(row)


async def test_every_key_acts_on_an_account_and_undo_puts_it_back(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        place = next(number for number, row in enumerate(app._board.rows) if row.account)
        account = app._board.rows[place].account
        assert account is not None
        rows, before = names(app), _state(desk, account)
        for keys in (
            ("plus",),
            ("c", "1"),
            ("h", "2"),
            ("h", "4"),
            ("t", "2"),
            ("a", "m"),
            ("exclamation_mark", "1"),
            ("n", "h", "i", "enter"),
            ("d", "7", "n", "o", "enter"),
            ("d", "down", "down", "enter"),
        ):
            app.action_step(place - at(app))
            await press(pilot, *keys)
            with reading(desk.engine) as connection:
                assert standing.last(connection, "ida") is not None, (keys, said(app))
            await press(pilot, "u")
            assert _state(desk, account) == before, keys
            assert names(app) == rows, keys


def _state(desk: Desk, account: str) -> object:
    with reading(desk.engine) as connection:
        return accounts.get(connection, account), plain(triggers.of_account(connection, account))


async def test_many_actions_are_taken_back_one_by_one_without_limit(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        before = names(app)
        for _ in range(8):
            await press(pilot, "d", "8")
        assert names(app) != before
        for _ in range(8):
            await press(pilot, "ctrl+z")
        assert names(app) == before
        await press(pilot, "u")
        assert "There is nothing of yours left to undo." in said(app)


async def test_what_is_selected_is_acted_on_at_once(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        places = alone(app, 2)
        gone = [names(app)[place] for place in places]
        for place in places:
            app.action_step(place - at(app))
            await press(pilot, "x")
        assert said(app).startswith("2 selected.")
        await press(pilot, "x", "x")
        before = names(app)
        await press(pilot, "c", "2")
        assert all(name in said(app) for name in gone)
        assert names(app) == [name for name in before if name not in gone]
        assert not app._board.selected
        await press(pilot, "u", "u")
        assert names(app) == before


async def test_the_selection_is_extended_by_rows_and_left_by_escape(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "J", "J")
        assert app._board.selected == {row.trigger for row in app._board.rows[:3]}
        assert at(app) == 2
        await press(pilot, "escape", "j", "K")
        assert app._board.selected == {row.trigger for row in app._board.rows[2:4]}


async def test_all_in_view_are_selected_and_many_are_asked_about(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        rows = names(app)
        await press(pilot, "*", "a")
        assert said(app).startswith(f"{len(rows)} selected.")
        await press(pilot, "plus", "escape")
        with reading(desk.engine) as connection:
            assert standing.last(connection, "ida") is None, "nothing is done without a yes"
        assert len(app._board.selected) == len(rows)
        await press(pilot, "plus", "y")
        assert "Accepted" in said(app)
        assert {row.state.value for row in app._board.rows} == {"accepted"}


async def test_what_came_in_meanwhile_shows_itself_and_the_cursor_stays_on_its_row(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        places = alone(app, 2)
        held = names(app)[places[1]]
        app.action_step(places[1])
        await press(pilot, "x")
        other = replace(desk, by="bo")
        other.do("dismiss good", [app._board.rows[places[0]]])
        app._look()
        await pilot.pause()
        assert names(app)[at(app)] == held
        assert at(app) == places[1] - 1
        assert app._board.selected == {app._board.rows[at(app)].trigger}


async def test_of_two_who_act_on_one_row_the_second_is_told_who_was_quicker(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        (place,) = alone(app)
        row = app._board.rows[place]
        app.action_step(place)
        replace(desk, by="bo").do("contacted mail", [row])
        await press(pilot, "c", "1")
        assert "bo was quicker" in said(app)
        with reading(desk.engine) as connection:
            assert standing.last(connection, "ida") is None


async def test_who_waits_is_timed(desk: Desk) -> None:
    with reading(desk.engine) as connection:
        found = next(one for one in on_list(connection, NOW) if one.account)
    waits = replace(found, offered_to="ida", offered_at=NOW - timedelta(minutes=3, seconds=5))
    with writing(desk.engine) as connection:
        triggers.save(connection, [waits])
        bump(connection, CHANGES)
    app = Triage(desk)
    async with app.run_test(size=(140, 40)):
        assert app._board.rows[0].offered_to == "ida"
        assert "3:05" in str(app.query_one(DataTable).get_cell_at((0, 4)))  # type: ignore[arg-type]  # a pair


async def test_a_long_list_is_read_on_at_its_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("review.board.MOST", 5)
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "l")
        total = app._board.shown.total
        assert len(names(app)) == 5 < total
        await press(pilot, *["j"] * 7)
        assert at(app) == 7
        assert len(names(app)) == 10


async def test_it_fits_any_screen_and_its_size_may_change(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j", "space", "b")
        for width, height in ((80, 24), (60, 12), (130, 40), (200, 50)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            table = app.query_one("#list", DataTable)
            assert at(app) == 1
            assert table.size.height >= 4
            assert table.virtual_size.width <= table.size.width, "nothing need be scrolled sideways"


async def test_without_a_target_an_export_says_how_to_add_one(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "e")
        assert "earmark exports add" in said(app)


async def test_escape_leaves_a_menu_and_nothing_was_done(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "d", "escape", "u")
        assert "There is nothing of yours left to undo." in said(app)


async def test_the_names_of_people_are_no_markup(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        users.add(
            connection,
            users.User(id="x", name="[red]Eve[/] \x1b[2J", role="admin", created_at=NOW),
            "long enough, that word",
        )
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "a")
        shown = [str(one.prompt) for one in app.screen.query_one(OptionList).options]
        assert any("[red]Eve[/] \\x1b[2J" in line for line in shown)


async def test_an_empty_list_says_so(tmp_path: Path) -> None:
    for made in _empty(tmp_path):
        app = Triage(Desk(engine=made, now=lambda: NOW, zone=UTC, touches=40, by="ida"))
        async with app.run_test() as pilot:
            await press(pilot, *["d", "plus", "y", "v", "e", "x", "J", "o", "enter", "j", "n", "H", "space"])
            assert len(app.screen_stack) == 1
            for key in ("f", "ctrl+k", "?", "*", "a"):
                await press(pilot, key, "escape")
            assert names(app) == []


def _empty(folder: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{folder / 'earmark.db'}")
    migrate(made)
    yield made
    made.dispose()

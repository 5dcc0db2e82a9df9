"""The full-screen list, driven by its keys over the demo's workspace."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import DataTable, OptionList, Static

from review import triage as screen
from review.desk import Desk
from review.dialogs import Palette, Read
from review.menus import MENUS
from review.narrowing import narrowed, searched
from review.plain import plain
from review.triage import Triage
from storage import accounts, latency, standing, triggers, users, views
from storage.counters import CHANGES, bump
from storage.engine import Engine, connect, migrate, reading, writing
from tests.builders import NOW
from tests.review.page.conftest import demo_workspace, engine, page, workspace
from tests.review.page.served import Served

__all__ = ["demo_workspace", "engine", "page", "workspace"]
pytestmark = pytest.mark.anyio


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
        await press(pilot, *["j"] * len(before), "n", *"hello", "enter")
        assert at(app) == len(before) - 2, "the last row has none behind it: the one before"


async def test_the_cursor_moves_and_its_note_is_shown_and_known_to_be_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_READ", 0.0)
    shown = list[str]()
    monkeypatch.setattr(screen, "note_of", lambda text: shown.append(text) or text)
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "j", "j", "k")
        assert at(app) == 1
        assert f"REF       {app._board.rows[1].trigger}" in shown[-1]
        await pilot.pause(0.01)
        await app.workers.wait_for_complete()
    with reading(desk.engine) as connection:
        opened = {
            one.trigger for one in latency.listings(connection, NOW.replace(year=2000)) if one.opened_at
        }
    assert app._board.rows[1].trigger in opened or app._board.rows[1].mark == "backfill"


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


async def test_g_leads_to_the_lists_that_come_with_it(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        (place,) = alone(app)
        for keys in (("h", "2"), ("c", "1"), ("d", "2")):
            app.action_step(place - at(app))
            await press(pilot, *keys)
        day = names(app)
        for key, name in (("s", "Snoozed"), ("c", "Contacted"), ("d", "Dismissed"), ("h", "Hot")):
            await press(pilot, "g", key)
            assert head(app).startswith(name)
            assert names(app)
            assert names(app) != day
        await press(pilot, "g", "n")
        assert names(app) == day


async def test_mine_are_the_accounts_of_who_works_or_of_the_rep_it_is_for(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        (place,) = alone(app)
        name = names(app)[place]
        app.action_step(place - at(app))
        await press(pilot, "a", "m", "g", "m")
        assert names(app) == [name]
    app = Triage(replace(desk, owner="ida"))
    async with app.run_test(size=(140, 40)):
        assert names(app) == [name]
        assert head(app).startswith("New")


async def test_brackets_walk_the_views_those_saved_on_the_page_too(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        views.create(connection, name="Funded [b]", query="kind=funding_early", user=users.OWNER, at=NOW)
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "[")
        assert head(app).startswith("Funded [b]")
        assert {row.kind for row in app._board.rows} == {"funding_early"}
        await press(pilot, "]")
        assert head(app).startswith("New")
        await press(pilot, "]")
        assert head(app).startswith("Mine")


async def test_a_filter_is_found_by_its_words_and_taken_away_again(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        before = names(app)
        await press(pilot, "f", *"raised money", "enter")
        assert {row.kind_words for row in app._board.rows} == {"raised money"}
        await press(pilot, "f", *"score=70", "enter")
        assert all(row.score >= 70 for row in app._board.rows)
        assert "score 70" in head(app)
        await press(pilot, "f", *"score=700", "enter")
        assert "from 0 to 100" in said(app), "what can't be asked is said, and the list stays"
        assert "score 70" in head(app)
        await press(pilot, "f", *"clear", "enter")
        assert names(app) == before


async def test_the_palette_finds_every_command_by_its_words(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        before = names(app)
        await press(pilot, "ctrl+k")
        assert isinstance(app.screen, Palette)
        keys = {entry.keys for entry in app.screen._entries}
        assert keys >= {one.key_display or one.key for one in Triage.BINDINGS if isinstance(one, Binding)}
        assert keys >= {f"{menu.key} {one.key}" for menu in MENUS for one in menu.choices}
        await press(pilot, *"dismiss good", "enter")
        assert len(names(app)) <= len(before)
        assert "Dismissed" in said(app)
        await press(pilot, "ctrl+k", *"view dismissed", "enter")
        assert head(app).startswith("Dismissed")


async def test_help_says_every_key(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "?")
        assert isinstance(app.screen, Read)
        told = app.screen._text.plain
        for one in Triage.BINDINGS:
            assert isinstance(one, Binding)
            assert re.search(
                rf"^{re.escape(one.key_display or one.key)} +{one.description}$", told, re.MULTILINE
            )
        for menu in MENUS:
            for choice in menu.choices:
                assert f"{choice.key} {choice.words}" in told
        assert "Otherwise than on the page" in told
        await press(pilot, "escape")
        assert len(app.screen_stack) == 1


async def test_the_whole_account_opens_and_closes(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        place = next(number for number, row in enumerate(app._board.rows) if row.account)
        app.action_step(place)
        for key in ("o", "enter"):
            await press(pilot, key)
            assert isinstance(app.screen, Read)
            assert app._board.rows[place].name in app.screen._text.plain
            assert "History" in app.screen._text.plain
            await press(pilot, "escape")
        place = next(number for number, row in enumerate(app._board.rows) if not row.account)
        app.action_step(place - at(app))
        await press(pilot, "o")
        assert isinstance(app.screen, Read)
        assert "Evidence" in app.screen._text.plain


async def test_the_note_is_copied_in_three_forms(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        for key, mark in (("y", "WHY NOW"), ("Y", "**"), ("H", "<p>")):
            await press(pilot, key)
            assert mark in app.clipboard, key


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
        found = next(one for one in triggers.today(connection, NOW) if one.account)
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


async def test_a_search_leaves_what_has_the_words(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "slash", *"lumen", "enter")
        assert names(app) == ["Lumenforge"]
        await press(pilot, "slash", *["backspace"] * 5, *"zzzz", "enter")
        assert names(app) == []
        await press(pilot, "g", "n")
        assert len(names(app)) > 1


async def test_the_names_of_people_are_no_markup(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        users.add(
            connection,
            users.User(id="x", name="[red]Eve[/] \x1b[2J", role="rep", created_at=NOW),
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


def test_an_address_holds_one_of_what_can_be_chosen_once_and_several_of_the_rest() -> None:
    assert narrowed("kind=a", "kind", "b") == "kind=a&kind=b"
    assert narrowed("kind=a&kind=b", "kind", "a") == "kind=b"
    assert narrowed("state=snoozed&q=x", "state", "dismissed") == "q=x&state=dismissed"
    assert narrowed("state=snoozed", "state", "today") == ""
    assert narrowed("score=40", "score", "") == ""
    assert searched("q=old&kind=a", "new words") == "kind=a&q=new+words"
    assert searched("q=old", "") == ""


class _Keys(HTMLParser):
    """Collects which key of the page's bar for a row stands for which verb, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], tuple[str, str]] = {}
        self._menu, self._button, self._words = "", ("", ""), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        if tag == "summary":
            self._menu = held.get("data-key", "")
        if tag == "button" and held.get("name") == "verb" and "data-key" in held:
            self._button, self._words = (held["data-key"], held["value"]), ""
        if tag == "small":
            self._words += "|"

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button[0]:
            words, _, effect = self._words.partition("|")
            key, value = self._button
            self.found.setdefault((self._menu, key), (value, f"{words.strip()}|{effect.strip()}"))
            self._button = ("", "")


def test_the_menus_are_those_of_the_page_key_by_key(page: Served) -> None:
    keys = _Keys()
    text = page.client.get("/").text
    keys.feed(text[text.index('id="for-row"') :])
    of_page = {pair: said for pair, said in keys.found.items() if pair[0] in {menu.key for menu in MENUS}}
    assert of_page == {
        (menu.key, one.key): (one.value, f"{one.words}|{one.effect}")
        for menu in MENUS
        for one in menu.choices
    }


def test_every_key_of_the_page_means_the_same_here(page: Served) -> None:
    single = set(re.findall(r'data-key="([^"]+)"', page.client.get("/").text))
    single = {key.partition(" ")[0] for key in single if not key.isdigit()} - {"m"}
    ours = {one.key_display or one.key for one in Triage.BINDINGS if isinstance(one, Binding)}
    ours = {key for each in ours for key in each.split()}
    assert {key.replace("Control+k", "Ctrl+K") for key in single} <= ours
    assert {"x", "J", "K", "j", "k", "↓", "↑", "Esc", "Ctrl+Z", "Enter"} <= ours


def _empty(folder: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{folder / 'earmark.db'}")
    migrate(made)
    yield made
    made.dispose()

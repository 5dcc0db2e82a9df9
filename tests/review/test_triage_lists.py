"""The full-screen list, driven by its keys: which list it shows, what is found, and that the page agrees."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from review.desk import Desk
from review.keymap import KEYS
from review.menus import MENUS
from review.narrowing import narrowed, searched
from review.triage import Triage, _Over
from storage import users, views
from storage.engine import writing
from tests.builders import NOW
from tests.review.page.conftest import demo_workspace, engine, page, workspace
from tests.review.page.served import Served
from tests.review.triaged import alone, anyio_backend, at, desk, head, names, press, said

__all__ = ["anyio_backend", "demo_workspace", "desk", "engine", "page", "workspace"]
pytestmark = [pytest.mark.anyio, pytest.mark.slow]


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
        assert isinstance(app.screen, _Over)
        keys = {line.beside for line in app.screen._lines}
        assert keys >= {key.written for key in KEYS}
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
        assert isinstance(app.screen, _Over)
        told = str(app.screen._page)
        for key in KEYS:
            assert re.search(rf"^{re.escape(key.written)} +{key.words}$", told, re.MULTILINE), key
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
            assert isinstance(app.screen, _Over)
            assert app._board.rows[place].name in str(app.screen._page)
            assert "History" in str(app.screen._page)
            await press(pilot, "escape")
        place = next(number for number, row in enumerate(app._board.rows) if not row.account)
        app.action_step(place - at(app))
        await press(pilot, "o")
        assert isinstance(app.screen, _Over)
        assert "Evidence" in str(app.screen._page)


async def test_the_note_is_copied_in_three_forms(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        for key, mark in (("y", "WHY NOW"), ("Y", "**"), ("H", "<p>")):
            await press(pilot, key)
            assert mark in app.clipboard, key


async def test_a_search_leaves_what_has_the_words(desk: Desk) -> None:
    app = Triage(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "slash", *"lumen", "enter")
        assert names(app) == ["Lumenforge"]
        await press(pilot, "slash", *["backspace"] * 5, *"zzzz", "enter")
        assert names(app) == []
        await press(pilot, "g", "n")
        assert len(names(app)) > 1


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
        if tag == "details":
            self._menu = ""
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
    ours = {each for key in KEYS for each in key.written.split()}
    assert {key.replace("Control+k", "Ctrl+K") for key in single} <= ours
    assert {"x", "J", "K", "j", "k", "↓", "↑", "Esc", "Ctrl+Z", "Enter"} <= ours

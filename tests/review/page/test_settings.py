import re
from datetime import timedelta

import pytest

from review.page.render import STATIC
from storage import audit, tokens, users
from storage.audit import Deed
from storage.engine import Engine, reading, writing
from storage.users import OWNER
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import PASSWORD, a_team, browser, csrf_of, entered, log_in

NEW = "four other words, longer"


def send(page: Served, path: str, **form: object) -> str:
    """Send a form of the settings, and return what the page says then."""
    answer = page.client.post(
        path, data={"csrf": csrf_of(page.client), **form}, headers={"origin": page.url}, follow_redirects=True
    )
    return answer.text


def test_the_owner_chooses_how_the_page_looks_and_stays_the_only_one(page: Served, engine: Engine) -> None:
    assert 'data-theme="auto"' in page.get("/").text
    assert 'data-keys="on"' in page.get("/").text
    assert "Saved." in send(page, "/settings/preferences", theme="dark")
    assert 'data-theme="dark"' in page.get("/").text
    assert 'data-keys="off"' in page.get("/").text
    with reading(engine) as conn:
        assert not users.exist(conn)


@pytest.mark.parametrize("theme", ["", "neon", '"><script>', "\x00"])
def test_a_theme_that_there_is_not_is_the_systems(page: Served, theme: str) -> None:
    send(page, "/settings/preferences", theme=theme, keys="on")
    assert 'data-theme="auto"' in page.get("/").text


def test_each_user_has_preferences_of_their_own(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as ada, entered(page, "rea") as rea:
        ada.post("/settings/preferences", data={"csrf": csrf_of(ada), "theme": "dark", "keys": "on"})
        assert 'data-theme="dark"' in ada.get("/").text
        assert 'data-theme="auto"' in rea.get("/").text


def test_a_user_changes_their_password_and_their_other_browsers_are_out(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "rea") as here, entered(page, "rea") as there:
        form = {"csrf": csrf_of(here), "old": PASSWORD, "new": NEW, "again": NEW}
        assert here.post("/settings/password", data=form).status_code == 303
        assert (here.get("/").status_code, there.get("/").status_code) == (200, 401)
    with browser(page) as client:
        assert log_in(client, "rea").status_code == 401
        assert log_in(client, "rea", NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "not your password of now"),
        (PASSWORD, NEW, NEW + "!", "two new passwords differ"),
        (PASSWORD, "short", "short", "at least 10 characters"),
        (PASSWORD, "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "too easily guessed"),
        (PASSWORD, "ab" * 600, "ab" * 600, "too easily guessed"),
        (PASSWORD, NEW * 100, NEW * 100, "too long"),
        ("", "", "", "not your password of now"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    page: Served, engine: Engine, old: str, new: str, again: str, said: str
) -> None:
    a_team(engine)
    with entered(page, "rea") as client:
        form = {"csrf": csrf_of(client), "old": old, "new": new, "again": again}
        answer = client.post("/settings/password", data=form)
        assert answer.status_code == 422
        assert said in answer.text
    with browser(page) as client:
        assert log_in(client, "rea").status_code == 303


def test_the_owner_of_the_machine_has_no_password_to_change(page: Served) -> None:
    assert "Change the password" not in page.get("/settings").text
    assert "not your password of now" in send(page, "/settings/password", old="", new=NEW, again=NEW)


def test_a_token_is_shown_once_and_opens_what_was_ticked(page: Served, engine: Engine) -> None:
    said = send(page, "/settings/tokens", name="n8n <b>", scopes=["read", "act", "everything"])
    found = re.search(r'value="(earmark_api_[\w-]+)"', said)
    assert found
    with reading(engine) as conn:
        token = tokens.find(conn, found[1], "api")
    assert token is not None
    assert (token.user, token.name, token.scopes) == (OWNER, "n8n <b>", ("act", "read"))
    again = page.get("/settings/tokens").text
    assert found[1] not in again
    assert "n8n &lt;b&gt;" in again
    assert "no longer" not in again
    assert "opens nothing any more" in send(page, f"/settings/tokens/{token.id}/revoke")
    assert "gone already" in send(page, f"/settings/tokens/{token.id}/revoke")
    with reading(engine) as conn:
        assert tokens.find(conn, found[1], "api") is None


@pytest.mark.parametrize(
    "form", [{}, {"name": "x"}, {"name": " ", "scopes": "read"}, {"name": "x", "scopes": "all"}]
)
def test_a_token_for_nothing_is_not_made(page: Served, engine: Engine, form: dict[str, str]) -> None:
    assert "Say what the token is for" in send(page, "/settings/tokens", **form)
    with reading(engine) as conn:
        assert tokens.of_user(conn, OWNER) == []


def test_nobody_makes_a_token_that_may_more_than_they_or_ends_one_of_others(
    page: Served, engine: Engine
) -> None:
    a_team(engine)
    with entered(page, "rea") as client:
        form = {"csrf": csrf_of(client), "name": "x", "scopes": ["read", "admin"]}
        assert client.post("/settings/tokens", data=form).status_code == 422
        with writing(engine) as conn:
            made, secret = tokens.create(
                conn, purpose="api", user="ada", name="hers", at=NOW, scopes=["read"]
            )
        assert "hers" not in client.get("/settings/tokens").text
        client.post(f"/settings/tokens/{made.id}/revoke", data={"csrf": form["csrf"]})
        with reading(engine) as conn:
            assert tokens.find(conn, secret, "api") is not None


def test_a_manager_may_by_a_program_what_they_may_on_the_page(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "max") as client:
        form = {"csrf": csrf_of(client), "name": "x", "scopes": ["admin"]}
        assert 'value="admin"' in client.get("/settings/tokens").text
        found = re.search(r"earmark_api_[\w-]+", client.post("/settings/tokens", data=form).text)
    assert found
    headers = {"authorization": f"Bearer {found[0]}"}
    rows = {"accounts": [{"id": "new.example", "name": "New"}]}
    with browser(page) as program:
        assert program.post("/api/v1/accounts", json=rows, headers=headers).status_code == 200
        assert program.post("/api/v1/sources/x/pause", headers=headers).status_code == 403, "an admin's"


def test_who_guesses_at_the_password_of_an_open_page_has_to_wait(page: Served, engine: Engine) -> None:
    """A page that somebody left open must not tell their password to whoever sits down before it."""
    a_team(engine)
    with entered(page, "rea") as client:
        form = {"csrf": csrf_of(client), "new": NEW, "again": NEW}
        guesses = [client.post("/settings/password", data={**form, "old": f"guess {n}"}) for n in range(7)]
        assert [answer.status_code for answer in guesses] == [422] * 5 + [429] * 2
        assert "Too many wrong passwords" in guesses[-1].text
        assert client.post("/settings/password", data={**form, "old": PASSWORD}).status_code == 429
    with browser(page) as elsewhere:
        assert log_in(elsewhere, "rea").status_code == 303, "nobody else is kept out by it"


def test_the_log_says_who_did_what_and_goes_back_page_by_page(page: Served, engine: Engine) -> None:
    with writing(engine) as conn:
        for number in range(120):
            at = NOW + timedelta(minutes=number)
            audit.record(conn, Deed(at=at, by="ada", verb="source.pause", subject=f"wire-{number:03}"))
    path, seen = "/settings/log", list[str]()
    while path:
        text = page.get(path).text
        seen += re.findall(r"wire-\d{3}", text)
        found = re.search(r'href="(/settings/log\?after=[^"]+)"', text)
        path = found[1] if found else ""
    assert seen == [f"wire-{number:03}" for number in reversed(range(120))]


def test_what_is_done_in_settings_stands_in_the_log_without_any_secret(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        csrf = csrf_of(client)
        client.post("/settings/tokens", data={"csrf": csrf, "name": "n8n", "scopes": "read"})
        client.post("/settings/password", data={"csrf": csrf, "old": PASSWORD, "new": NEW, "again": NEW})
        client.post("/settings/users/rea", data={"csrf": csrf, "name": "Rea", "role": "manager"})
        client.post("/settings/users/ron/disable", data={"csrf": csrf})
        text = client.get("/settings/log").text
    for said in ("token.create", "user.password", "Rep, rea, rea@norvik.example before", "user.disable"):
        assert said in text, said
    assert NEW not in text
    assert "earmark_api_" not in text


def test_the_machine_is_shown_with_what_each_setting_means(
    page: Served,
) -> None:
    text = page.get("/settings/machine").text
    for said in (
        "storage.url",
        "team.touches_a_day",
        "Accounts that the team can contact in a day",
        "15 seconds",
    ):
        assert said in text, said
    assert re.search(r"earmark \d+\.\d+", text)


def test_no_stylesheet_asks_the_system_for_colours_that_the_viewer_may_have_chosen() -> None:
    for sheet in STATIC.glob("*.css"):
        assert "prefers-color-scheme" not in sheet.read_text(encoding="utf-8"), sheet.name

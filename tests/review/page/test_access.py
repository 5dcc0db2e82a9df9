import asyncio
import json
import threading
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from earmark.config import Page, load
from earmark.errors import ConfigError
from review.page.app import create
from review.page.attempts import Attempts, limits
from review.page.gate import Crowded, Gate
from review.page.keys import page_token
from storage import audit, sessions, users
from storage.engine import Engine, reading, writing
from storage.sessions import LASTS
from tests.builders import NOW
from tests.review.page.served import Served, served
from tests.review.page.team import PASSWORD, a_team, browser, csrf_of, entered, log_in

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)


def test_without_users_the_token_opens_the_page_and_leads_where_one_wanted(
    page: Served, workspace: Path
) -> None:
    with browser(page) as client:
        token = page_token(workspace)
        assert client.get("/enter", params={"token": token[:-1]}).status_code == 401
        answer = client.get("/enter", params={"token": token, "back": "/accounts"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/accounts")
        assert client.get("/").status_code == 200


def test_the_token_is_for_its_owner_alone(workspace: Path) -> None:
    page_token(workspace)
    assert (workspace / ".earmark-page").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example", "evil"]
)
def test_the_way_back_never_leads_elsewhere(page: Served, workspace: Path, back: str) -> None:
    with browser(page) as client:
        answer = client.get("/enter", params={"token": page_token(workspace), "back": back})
        assert answer.headers["location"] == "/"


def test_with_the_first_user_the_token_opens_nothing_any_more(
    page: Served, workspace: Path, engine: Engine
) -> None:
    assert page.get("/").status_code == 200
    a_team(engine)
    answer = page.get("/")
    assert answer.status_code == 401
    assert "Log in" in answer.text
    assert "Lumenforge" not in answer.text
    with browser(page) as client:
        answer = client.get("/enter", params={"token": page_token(workspace)})
        assert answer.headers["location"] == "/login"
        assert page.cookie not in client.cookies


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@norvik.example"])
def test_a_user_logs_in_and_is_led_to_where_they_were(page: Served, engine: Engine, name: str) -> None:
    a_team(engine)
    with browser(page) as client:
        shown = client.get("/accounts?stage=hot")
        assert shown.status_code == 401
        assert 'name="back" value="/accounts?stage=hot"' in shown.text
        answer = log_in(client, name, back="/accounts?stage=hot")
        assert (answer.status_code, answer.headers["location"]) == (303, "/accounts?stage=hot")
        assert client.get("/").status_code == 200


def test_the_cookie_is_for_the_page_alone(page: Served, engine: Engine) -> None:
    a_team(engine)
    with browser(page) as client:
        cookies = log_in(client, "ada").headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie


def test_behind_https_every_cookie_travels_by_https_alone(page: Served, engine: Engine) -> None:
    a_team(engine)
    desk = page.app.state.desk
    public = desk.settings.page.model_copy(update={"url": "https://earmark.norvik.example"})
    object.__setattr__(desk, "settings", desk.settings.model_copy(update={"page": public}))
    with browser(page) as client:
        cookies = log_in(client, "ada").headers.get_list("set-cookie")
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong"), ("ada", ""), ("", ""), ("eve", PASSWORD), ("owner", PASSWORD), ("ada\x00", PASSWORD)],
)
def test_who_does_not_know_a_password_is_told_so_and_no_more(
    page: Served, engine: Engine, name: str, password: str
) -> None:
    a_team(engine)
    with browser(page) as client:
        answer = log_in(client, name, password)
        assert answer.status_code == 401
        assert "don&#39;t belong together" in answer.text
        assert page.cookie not in client.cookies


def test_a_name_is_shown_again_as_text(page: Served, engine: Engine) -> None:
    a_team(engine)
    with browser(page) as client:
        answer = log_in(client, '"><script>alert(1)</script>\u202e', "wrong")
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text


def test_a_disabled_user_is_out_at_once_and_may_not_come_back(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "rea") as client:
        assert client.get("/").status_code == 200
        with writing(engine) as conn:
            users.disable(conn, "rea", NOW)
        assert client.get("/").status_code == 401
        assert log_in(client, "rea").status_code == 401


def test_logging_out_ends_the_session_itself(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        secret = client.cookies[page.cookie]
        answer = client.post("/logout", data={"csrf": csrf_of(client)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        client.cookies.set(page.cookie, secret)
        assert client.get("/").status_code == 401


def test_who_came_and_went_stands_in_the_log(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "rea") as client:
        client.post("/logout", data={"csrf": csrf_of(client)})
        log_in(client, "rea", "a wrong password")
    with reading(engine) as conn:
        deeds = [(deed.by, deed.verb) for deed in audit.recent(conn) if deed.by == "rea"]
    assert deeds == [("rea", "user.logout"), ("rea", "user.login")], "a stranger's attempt writes nothing"


def test_logging_out_everywhere_ends_all_sessions_of_one_user(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as here, entered(page, "ada") as there, entered(page, "max") as other:
        here.post("/logout/everywhere", data={"csrf": csrf_of(here)})
        assert [each.get("/").status_code for each in (here, there, other)] == [401, 401, 200]


def test_a_session_that_ran_out_in_mid_triage_loses_nothing(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        csrf = csrf_of(client)
        with writing(engine) as conn:
            sessions.end_all(conn, "ada")
        form = {"csrf": csrf, "back": "/?kind=funding_early", "theme": "dark"}
        answer = client.post("/settings/preferences", data=form)
        assert answer.status_code == 401
        assert "That was not done" in answer.text
        assert 'name="back" value="/?kind=funding_early"' in answer.text
        answer = log_in(client, "ada", back="/?kind=funding_early", undone="yes")
        assert answer.headers["location"] == "/?kind=funding_early"
        said = client.get("/?kind=funding_early").text
        assert "was not done: please do it once more" in said
        assert "was not done" not in client.get("/").text


def test_a_script_is_told_in_plain_words_that_the_session_is_over(page: Served, engine: Engine) -> None:
    a_team(engine)
    with browser(page) as client:
        for answer in (
            client.get("/", headers={"x-earmark": "part"}),
            client.post("/settings/preferences", headers={"x-earmark": "part"}),
            client.get("/", headers={"accept": "text/event-stream"}),
        ):
            assert answer.status_code == 401
            assert answer.headers["content-type"].startswith("text/plain")
            assert "<" not in answer.text


def test_what_is_done_prolongs_a_session_and_looking_does_not(workspace: Path, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as conn:
        secret = sessions.begin(conn, "ada", NOW)
    later = NOW + LASTS / 2
    with served(workspace, engine, now=later) as page, browser(page) as client:
        client.cookies.set(page.cookie, secret)
        csrf = csrf_of(client)
        with reading(engine) as conn:
            looked = sessions.find(conn, secret, later)
        client.post("/settings/preferences", data={"csrf": csrf, "theme": "dark", "keys": "on"})
        with reading(engine) as conn:
            done = sessions.find(conn, secret, later)
    assert looked is not None
    assert done is not None
    assert (looked.expires_at, done.expires_at) == (NOW + LASTS, later + LASTS)


def test_a_session_is_over_after_its_time(workspace: Path, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as conn:
        secret = sessions.begin(conn, "ada", NOW)
    with served(workspace, engine, now=NOW + LASTS) as page, browser(page) as client:
        client.cookies.set(page.cookie, secret)
        assert client.get("/").status_code == 401


def test_after_some_wrong_passwords_one_has_to_wait_and_is_told_how_long(
    page: Served, engine: Engine
) -> None:
    a_team(engine)
    with browser(page) as client:
        assert [log_in(client, "ada", "wrong").status_code for _ in range(5)] == [401] * 5
        answer = log_in(client, "ada")
        assert answer.status_code == 429
        assert "Try again in 1 seconds" in answer.text
        assert answer.headers["retry-after"] == "1"
        assert log_in(client, "max").status_code == 303, "another name from the same place still may"


def test_a_stranger_can_not_lock_out_a_browser_that_has_logged_in_before(
    page: Served, engine: Engine
) -> None:
    a_team(engine)
    with entered(page, "ada") as hers, browser(page) as stranger:
        hers.post("/logout", data={"csrf": csrf_of(hers)})
        for _ in range(40):
            log_in(stranger, "ada", "wrong")
        assert log_in(stranger, "ada").status_code == 429
        assert log_in(hers, "ada").status_code == 303


def test_logins_pass_two_at_a_time_some_wait_and_the_rest_is_turned_away() -> None:
    gate, at_once, most = Gate(), 0, 0
    lock, pair = threading.Lock(), threading.Barrier(2)

    def work(_: int) -> str:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        pair.wait(20)  # which one at a time would wait for in vain
        with lock:
            at_once -= 1
        return "done"

    async def one(number: int) -> str:
        try:
            return await gate.run(work, number)
        except Crowded:
            return "crowded"

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(30)), one(30))

    answers = asyncio.run(all_of_them())
    assert (answers.count("done"), answers.count("crowded"), most) == (22, 9, 2)


def test_a_crowd_is_told_to_try_again_and_nobody_is_blamed_for_it(page: Served, engine: Engine) -> None:
    a_team(engine)
    page.app.state.desk.gate._inside = 1_000
    with browser(page) as client:
        for _ in range(10):
            answer = log_in(client, "ada")
            assert answer.status_code == 503
            assert "Try again in some seconds" in answer.text
        page.app.state.desk.gate._inside = 0
        assert log_in(client, "ada").status_code == 303


def test_a_hundred_attempts_at_once_are_counted_before_they_are_let_through() -> None:
    attempts, of = Attempts(), limits("ada", "203.0.113.9", known=False)
    assert sum(not attempts.begin(of, NOW) for _ in range(100)) == 5


def test_waits_grow_up_to_a_quarter_of_an_hour_and_end_after_an_hour() -> None:
    attempts, of, now, waits = Attempts(), limits("ada", "203.0.113.9", known=False), NOW, list[float]()
    for _ in range(5):
        attempts.begin(of, now)
    for _ in range(14):
        wait = attempts.begin(of, now)
        waits.append(wait.total_seconds())
        now += wait
        assert not attempts.begin(of, now)
    assert waits[:4] == [1, 2, 4, 8]
    assert waits == sorted(waits)
    assert max(waits) == 15 * 60
    assert not attempts.begin(of, now + timedelta(hours=1))
    assert not attempts.begin(of, now + timedelta(hours=1))


def test_a_clock_that_is_put_back_makes_nobody_wait() -> None:
    attempts, of = Attempts(), limits("ada", "203.0.113.9", known=False)
    for _ in range(9):
        attempts.begin(of, NOW)
    assert attempts.begin(of, NOW)
    earlier = NOW - timedelta(days=365)
    assert not attempts.begin(of, earlier), "else one would wait for a year"
    waits = [bool(attempts.begin(of, earlier)) for _ in range(5)]
    assert waits == [False] * 4 + [True], "and counting goes on"


def test_a_name_under_attack_from_everywhere_waits_for_a_minute_at_most() -> None:
    attempts, now = Attempts(), NOW
    for number in range(5_000):
        of = limits("ada", f"198.51.{number // 250}.{number % 250}", known=False)
        now += attempts.begin(of, now)
        attempts.begin(of, now)
    assert attempts.begin(limits("ada", "203.0.113.9", known=False), now) <= timedelta(minutes=1)
    assert not attempts.begin(limits("ada", "203.0.113.9", known=True), now)


def test_one_place_is_counted_over_all_names_and_one_network_is_one_place() -> None:
    attempts = Attempts()
    let_in = [not attempts.begin(limits(f"u{n}", f"2001:db8::{n:x}", known=False), NOW) for n in range(1, 50)]
    assert sum(let_in) == 20
    assert attempts.begin(limits("ada", "2001:db8::1:1", known=False), NOW)
    assert not attempts.begin(limits("ada", "2001:db8:0:1::1", known=False), NOW)


def test_what_is_remembered_of_failures_is_bounded() -> None:
    attempts = Attempts()
    for number in range(30_000):
        attempts.begin(
            limits(f"name-{number}", f"198.{number >> 16}.{number >> 8 & 255}.{number & 255}", known=False),
            NOW,
        )
    assert len(attempts._failures) <= 20_000


@pytest.mark.parametrize("address", ["0.0.0.0:8787", "192.0.2.7:8787", "[::]:8787"])
def test_other_machines_reach_the_page_only_when_there_are_users(
    workspace: Path, engine: Engine, address: str
) -> None:
    settings = load(workspace).model_copy(update={"page": Page(address=address)})
    with pytest.raises(ConfigError, match="Add a user first: earmark users add"):
        create(settings, engine, "token")
    a_team(engine)
    assert create(settings, engine, "token")


@pytest.mark.parametrize("address", ["127.0.0.1:8787", "127.3.2.1:8787", "[::1]:8787"])
def test_this_machine_alone_reaches_the_page_without_users(
    workspace: Path, engine: Engine, address: str
) -> None:
    settings = load(workspace).model_copy(update={"page": Page(address=address)})
    assert create(settings, engine, "token")


def test_who_may_only_look_changes_nothing_but_their_own_settings(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ron") as client:
        csrf = csrf_of(client)
        answer = client.post("/settings/tokens", data={"csrf": csrf, "name": "x", "scopes": "read"})
        assert answer.status_code == 403
        assert "change nothing" in answer.text
        given = {"csrf": csrf, "theme": "dark", "keys": "off"}
        assert client.post("/settings/preferences", data=given).status_code == 303


def test_a_session_of_somebody_else_signs_no_form_of_mine(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as one, entered(page, "ada") as other:
        answer = one.post("/settings/preferences", data={"csrf": csrf_of(other), "theme": "dark"})
        assert answer.status_code == 403


def test_a_weak_hash_is_renewed_when_somebody_logs_in(page: Served, engine: Engine) -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415 - only here

    a_team(engine)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with writing(engine) as conn:
        users.set_password(conn, "ada", weak)
    with browser(page) as client:
        assert log_in(client, "ada").status_code == 303
    with reading(engine) as conn:
        assert users.password_of(conn, "ada") != weak


def test_no_log_line_holds_a_password(page: Served, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    a_team(engine)
    with browser(page) as client:
        log_in(client, "ada", "my wrong password")
        log_in(client, "ada")
    told = json.dumps([str(record.__dict__) for record in caplog.records])
    assert "a login failed" in told
    assert PASSWORD not in told
    assert "my wrong password" not in told


def test_an_unknown_name_takes_as_long_as_a_known_one(page: Served, engine: Engine) -> None:
    calls = list[str | None]()
    gate = page.app.state.desk.gate
    real = gate.run

    async def counted(work: object, *args: object) -> object:
        calls.append(str(args[0]) if args[0] else None)
        return await real(work, *args)

    gate.run = counted
    a_team(engine)
    with browser(page) as client:
        log_in(client, "ada", "wrong")
        log_in(client, "eve", "wrong")
    assert [bool(call) for call in calls] == [True, False], "both passwords went through the same check"


def test_the_login_of_a_stranger_from_another_site_is_refused(page: Served, engine: Engine) -> None:
    a_team(engine)
    with httpx.Client(base_url=page.url, trust_env=False) as client:
        form = {"name": "ada", "password": PASSWORD}
        for origin in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
            assert client.post("/login", data=form, headers=origin).status_code == 403

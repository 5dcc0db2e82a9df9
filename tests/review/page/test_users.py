from typing import Any

import pytest

from earmark.rulebook import parse
from storage import accounts, rulebook, users
from storage.engine import Engine, reading, writing
from storage.tables import rulebook as table
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import PASSWORD, a_team, browser, csrf_of, entered, log_in

REPS = '[[reps]]\nid = "rea"\nname = "Rea Lund"\nterritories = ["Nordics"]\n'


def form_of(**changes: str) -> dict[str, str]:
    return {"user": "bo", "name": "Bo Frid", "role": "rep", "password": PASSWORD, **changes}


def test_the_owner_adds_an_admin_and_from_then_on_everybody_logs_in(page: Served) -> None:
    text = page.get("/settings/users").text
    assert "There are no users yet" in text
    form = {"csrf": csrf_of(page.client), **form_of(role="admin")}
    answer = page.client.post("/settings/users", data=form, headers={"origin": page.url})
    assert answer.headers["location"] == "/login"
    said = page.get("/login").text
    assert "From now on everybody logs in" in said
    assert page.get("/").status_code == 401
    with browser(page) as client:
        assert log_in(client, "bo").status_code == 303
        assert "Bo Frid" in client.get("/").text


def test_an_admin_adds_changes_and_disables_users(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        csrf = csrf_of(client)
        assert client.post("/settings/users", data={"csrf": csrf, **form_of()}).status_code == 303
        assert "Added bo" in client.get("/settings/users").text
        given = {"csrf": csrf, "name": "Bo F.", "role": "manager", "email": "bo@norvik.example"}
        client.post("/settings/users/bo", data=given)
        with reading(engine) as conn:
            found = users.get(conn, "bo")
        assert found is not None
        assert (found.name, found.role, found.email) == ("Bo F.", "manager", "bo@norvik.example")
        with entered(page, "bo") as his:
            client.post("/settings/users/bo/disable", data={"csrf": csrf})
            assert his.get("/").status_code == 401
            client.post("/settings/users/bo/enable", data={"csrf": csrf})
            assert his.get("/").status_code == 401, "who was out logs in anew"
        new = "another long password"
        client.post("/settings/users/bo/password", data={"csrf": csrf, "password": new})
    with browser(page) as client:
        assert log_in(client, "bo").status_code == 401
        assert log_in(client, "bo", new).status_code == 303


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"user": ""}, "can&#39;t be the id"),
        ({"user": "../etc"}, "can&#39;t be the id"),
        ({"user": "a" * 61}, "can&#39;t be the id"),
        ({"user": "owner"}, "owns the machine"),
        ({"user": "ada"}, "already"),
        ({"role": "king"}, "There is no role"),
        ({"role": "managr"}, "did you mean manager?"),
        ({"email": "nobody"}, "is no e-mail address"),
        ({"email": "ada@norvik.example"}, "address of &#39;ada&#39; already"),
        ({"rep": "nobody"}, "has no rep"),
        ({"password": "short"}, "at least 10 characters"),
        ({"name": "x" * 300}, "too long"),
    ],
)
def test_what_is_wrong_is_said_above_what_was_typed(
    page: Served, engine: Engine, changes: dict[str, str], said: str
) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        answer = client.post("/settings/users", data={"csrf": csrf_of(client), **form_of(**changes)})
        assert answer.status_code == 422
        assert said in answer.text
        if "name" not in changes:
            assert 'value="Bo Frid"' in answer.text
        assert PASSWORD not in answer.text
    with reading(engine) as conn:
        assert users.get(conn, "bo") is None


def test_the_last_admin_is_kept(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        csrf = csrf_of(client)
        for path, form in (("/disable", {}), ("", {"role": "rep", "name": "Ada"})):
            answer = client.post(f"/settings/users/ada{path}", data={"csrf": csrf, **form})
            assert answer.status_code == 422
            assert "last admin" in answer.text
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["max", "rea", "ron"])
def test_only_an_admin_sees_and_changes_users(page: Served, engine: Engine, name: str) -> None:
    a_team(engine)
    with entered(page, name) as client:
        assert client.get("/settings/users").status_code == 403
        assert "/settings/users" not in client.get("/settings").text
        form: dict[str, Any] = {"csrf": csrf_of(client), "role": "admin", "name": "x"}
        assert client.post(f"/settings/users/{name}", data=form).status_code == 403
        assert client.post("/settings/users", data={**form_of(), **form}).status_code == 403


def test_a_user_is_the_rep_of_their_name_and_sees_that_territory(page: Served, engine: Engine) -> None:
    with writing(engine) as conn:
        newest = rulebook.latest(conn)
        text = (newest[1] if newest else "").split("[[reps]]")[0] + "\n" + REPS
        parse(text)
        rulebook.save(conn, text, "test", NOW)
        listed = list(accounts.every(conn).values())
    a_team(engine)
    with entered(page, "rea") as client:
        viewer = page.app.state.desk.keys._entry(client.cookies[page.cookie]).viewer
    assert viewer.rep is not None
    assert viewer.rep.territories == ("Nordics",)
    seen = {one.id for one in listed if viewer.sees(one)}
    assert seen == {one.id for one in listed if one.owner is None and one.territory in {None, "Nordics"}}
    assert viewer.sees(None)


def test_a_rulebook_that_is_broken_locks_nobody_out(page: Served, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as conn:
        users.change(conn, "rea", name="Rea", role="rep", rep="rea", email=None)
        conn.execute(table.update().values(body="broken = ["))
    with entered(page, "rea") as client:
        assert client.get("/settings").status_code == 200

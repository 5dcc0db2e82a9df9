from pathlib import Path

import pytest

from earmark.config import load
from review.passwords import fits
from storage import audit, users
from storage.engine import connect, reading
from tests.earmark.workspaces import a_workspace, earmark, json_of, well

PASSWORD = "correct horse battery staple"  # noqa: S105 - of the users of these tests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_workspace(tmp_path)


def add(folder: Path, user: str = "ada", *more: str) -> str:
    return well(folder, "users", "add", user, *more, "--password", "-", given=PASSWORD + "\n")


def kept(folder: Path, user: str) -> str | None:
    engine = connect(load(folder).database_url)
    with reading(engine) as conn:
        found = users.password_of(conn, user)
    engine.dispose()
    return found


def test_users_are_added_and_listed(folder: Path) -> None:
    assert "no users" in earmark(folder, "users", "list").stderr
    add(folder, "Ada", "--role", "admin", "--name", "Ada Lind", "--email", "ada@norvik.example")
    add(folder, "ron", "--role", "read-only")
    ada, ron = json_of(folder, "users", "list")
    assert (ada["id"], ada["name"], ada["role"], ada["email"]) == (
        "ada",
        "Ada Lind",
        "admin",
        "ada@norvik.example",
    )
    assert (ron["name"], ron["role"]) == ("ron", "read_only")
    assert "password" not in ada
    shown = well(folder, "users", "list")
    assert "Ada Lind" in shown
    assert "read only" in shown


def test_a_password_is_read_from_standard_input_or_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(folder, "ada", "--role", "admin")
    assert fits(kept(folder, "ada"), PASSWORD)
    monkeypatch.setenv("NEW_PASSWORD", "four other words")
    well(folder, "users", "password", "ada", "--password", "env:NEW_PASSWORD")
    assert fits(kept(folder, "ada"), "four other words")


def test_a_password_on_the_command_line_is_refused(folder: Path) -> None:
    result = earmark(folder, "users", "add", "ada", "--role", "admin", "--password", PASSWORD)
    assert result.exit_code == 2
    assert "can be read by others" in result.stderr
    assert PASSWORD not in result.output
    assert json_of(folder, "users", "list") == []


def test_without_a_terminal_a_password_is_not_asked_for(folder: Path) -> None:
    result = earmark(folder, "users", "add", "ada", "--role", "admin")
    assert result.exit_code == 2
    assert "no terminal to ask" in result.stderr


def test_at_a_terminal_a_password_is_asked_for_twice_and_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.cli.users.has_terminal", lambda: True)
    given = f"{PASSWORD}\nanother\n{PASSWORD}\n{PASSWORD}\n"
    result = earmark(folder, "users", "add", "ada", "--role", "admin", given=given)
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    assert fits(kept(folder, "ada"), PASSWORD)


@pytest.mark.parametrize("given", ["", "\n", "short\n", "aaaaaaaaaaaaaaaa\n", "x" * 2_000 + "\n"])
def test_a_password_that_will_not_do_adds_nobody(folder: Path, given: str) -> None:
    result = earmark(folder, "users", "add", "ada", "--role", "admin", "--password", "-", given=given)
    assert result.exit_code == 2
    assert "Take at" in result.stderr
    assert json_of(folder, "users", "list") == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("add", "bo"), "first user must be an admin"),
        (("add", "b o", "--role", "admin"), "can't be the id"),
        (("add", "bo", "--role", "amdin"), "did you mean admin?"),
        (("password", "bo"), "no user 'bo'"),
    ],
)
def test_a_fault_is_told_with_what_to_do(folder: Path, args: tuple[str, ...], said: str) -> None:
    result = earmark(folder, "users", *args, "--password", "-", given=PASSWORD)
    assert result.exit_code == 2
    assert said in result.stderr


def test_roles_change_and_users_are_disabled_and_let_in_again_and_all_is_on_record(folder: Path) -> None:
    add(folder, "ada", "--role", "admin")
    add(folder, "bo")
    assert "bo is manager now" in well(folder, "users", "role", "bo", "manager")
    assert "enters no more" in well(folder, "users", "disable", "bo", "--by", "ada")
    assert json_of(folder, "users", "list")[1]["disabled_at"]
    assert "may enter again" in well(folder, "users", "enable", "bo")
    assert earmark(folder, "users", "disable", "ada").exit_code == 2
    assert earmark(folder, "users", "role", "ada", "rep").exit_code == 2
    engine = connect(load(folder).database_url)
    with reading(engine) as conn:
        told = [(deed.verb, deed.subject) for deed in audit.recent(conn, 5)]
        by = {deed.verb: deed.by for deed in audit.recent(conn, 5)}
    engine.dispose()
    assert told == [
        ("user.enable", "bo"),
        ("user.disable", "bo"),
        ("user.change", "bo"),
        ("user.add", "bo"),
        ("user.add", "ada"),
    ]
    assert by["user.disable"] == "ada"


def test_only_the_first_line_of_standard_input_is_the_password(folder: Path) -> None:
    well(folder, "users", "add", "ada", "--role", "admin", "--password", "-", given=f"{PASSWORD}\r\nmore\n")
    assert fits(kept(folder, "ada"), PASSWORD)

import threading
from typing import Any

import pytest
from sqlalchemy import select

from earmark.errors import ConfigError
from storage import users
from storage.engine import Engine, reading, writing
from storage.tables import users as table
from storage.users import OWNER, User
from tests.builders import NOW


def a_user(name: str = "ada", **changes: Any) -> User:
    fields: dict[str, Any] = {"id": name, "name": name.title(), "role": "admin", "created_at": NOW}
    return User(**(fields | changes))


def test_a_user_comes_back_as_added(engine: Engine) -> None:
    ada = a_user(email="Ada@Norvik.example", rep="ada-lind", preferences={"theme": "dark"})
    with writing(engine) as conn:
        assert not users.exist(conn)
        users.add(conn, ada, "hash")
        assert users.exist(conn)
        assert users.get(conn, "ada") == ada
        assert users.every(conn) == [ada]
        assert users.password_of(conn, "ada") == "hash"
        assert "hash" not in repr(users.get(conn, "ada"))


@pytest.mark.parametrize("text", ["ada", " ADA ", "ada@norvik.example", "Ada@Norvik.EXAMPLE"])
def test_a_user_is_known_by_id_and_address(engine: Engine, text: str) -> None:
    with writing(engine) as conn:
        users.add(conn, a_user(email="Ada@Norvik.example"), "hash")
        users.add(conn, a_user("bo", email="bo@norvik.example"), "hash")
        found = users.known_as(conn, text)
        assert found is not None
        assert found.id == "ada"


@pytest.mark.parametrize("text", ["", "ad", "ada%", OWNER, "\x00", "\ud800", "x" * 10_000])
def test_nobody_else_is_meant(engine: Engine, text: str) -> None:
    with writing(engine) as conn:
        users.prefer(conn, OWNER, {"theme": "dark"}, NOW)
        users.add(conn, a_user(), "hash")
        assert users.known_as(conn, text) is None


def test_the_first_user_is_an_admin(engine: Engine) -> None:
    with writing(engine) as conn:
        with pytest.raises(ConfigError, match="first user must be an admin"):
            users.add(conn, a_user(role="rep"), "hash")
        assert not users.exist(conn)


def test_two_users_share_neither_id_nor_address_and_nobody_is_the_owner(engine: Engine) -> None:
    with writing(engine) as conn:
        users.add(conn, a_user(email="ada@norvik.example"), "hash")
        users.add(conn, a_user("bo"), "hash")
        with pytest.raises(ConfigError, match="a user 'ada' already"):
            users.add(conn, a_user(), "hash")
        with pytest.raises(ConfigError, match="address of 'ada' already"):
            users.add(conn, a_user("eve", email="ADA@norvik.example"), "hash")
        with pytest.raises(ConfigError, match="address of 'ada' already"):
            users.change(conn, "bo", name="Bo", role="rep", rep=None, email="ada@norvik.example")
        with pytest.raises(ConfigError, match="owns the machine"):
            users.add(conn, a_user(OWNER), "hash")


def test_somebody_stays_an_admin(engine: Engine) -> None:
    with writing(engine) as conn:
        users.add(conn, a_user(), "hash")
        users.add(conn, a_user("bo"), "hash")
        users.disable(conn, "bo", NOW)
        for refused in (
            lambda: users.disable(conn, "ada", NOW),
            lambda: users.change(conn, "ada", name="Ada", role="manager", rep=None, email=None),
        ):
            with pytest.raises(ConfigError, match="last admin"):
                refused()
        users.enable(conn, "bo")
        users.change(conn, "ada", name="Ada", role="manager", rep=None, email=None)
        assert [one.role for one in users.every(conn)] == ["manager", "admin"]


def test_two_admins_can_not_disable_one_another_at_once(engine: Engine) -> None:
    with writing(engine) as conn:
        users.add(conn, a_user(), "hash")
        users.add(conn, a_user("bo"), "hash")
    together, refused = threading.Barrier(2), list[str]()

    def disable(name: str) -> None:
        together.wait(10)
        try:
            with writing(engine) as conn:
                users.disable(conn, name, NOW)
        except ConfigError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=disable, args=(name,)) for name in ("ada", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with reading(engine) as conn:
        left = [one.id for one in users.every(conn) if one.disabled_at is None]
    assert (len(left), len(refused)) == (1, 1)


def test_a_disabled_user_does_not_enter(engine: Engine) -> None:
    with writing(engine) as conn:
        assert users.enters(conn, OWNER)
        assert not users.enters(conn, "ada")
        users.add(conn, a_user(), "hash")
        users.add(conn, a_user("bo"), "hash")
        assert users.enters(conn, "ada")
        assert not users.enters(conn, OWNER)
        users.disable(conn, "ada", NOW)
        assert not users.enters(conn, "ada")


def test_an_unknown_user_is_said_to_be_one(engine: Engine) -> None:
    with writing(engine) as conn:
        users.add(conn, a_user(), "hash")
        for refused in (
            lambda: users.disable(conn, "eve", NOW),
            lambda: users.enable(conn, "eve"),
            lambda: users.set_password(conn, "eve", "hash"),
            lambda: users.change(conn, "eve", name="Eve", role="rep", rep=None, email=None),
        ):
            with pytest.raises(ConfigError, match="no user 'eve'"):
                refused()


def test_the_owner_has_preferences_and_is_no_user(engine: Engine) -> None:
    with writing(engine) as conn:
        users.prefer(conn, OWNER, {"theme": "dark", "keys": "off"}, NOW)
        users.prefer(conn, OWNER, {"theme": ""}, NOW)
        found = users.get(conn, OWNER)
        assert found is not None
        assert dict(found.preferences) == {"keys": "off"}
        assert not users.exist(conn)
        assert users.every(conn) == []


def test_preferences_change_nothing_else_of_a_user(engine: Engine) -> None:
    bo = a_user("bo", role="rep", email="bo@norvik.example")
    with writing(engine) as conn:
        users.add(conn, a_user(), "hash")
        users.add(conn, bo, "hash")
        users.prefer(conn, "bo", {"theme": "light"}, NOW)
        found = users.get(conn, "bo")
        assert found is not None
        assert (found.role, found.email, found.preferences) == ("rep", bo.email, {"theme": "light"})
        assert users.password_of(conn, "bo") == "hash"
        assert conn.execute(select(table.c.id)).scalars().all() == ["ada", "bo"]

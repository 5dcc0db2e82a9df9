import pytest
from sqlalchemy import select

from storage import tokens, users
from storage.engine import Engine, writing
from storage.tables import tokens as table
from storage.users import OWNER, User
from tests.builders import NOW, days


def a_user(name: str = "ada", role: str = "admin") -> User:
    return User(id=name, name=name.title(), role=role, created_at=NOW)


def test_a_secret_opens_what_it_was_made_for_and_nothing_else(engine: Engine) -> None:
    with writing(engine) as conn:
        made, secret = tokens.create(
            conn, purpose="api", user=OWNER, name="n8n", at=NOW, scopes=["read", "act"], query="kind=funding"
        )
        assert tokens.find(conn, secret, "api") == made
        assert (made.scopes, made.query, made.user) == (("act", "read"), "kind=funding", OWNER)
        assert tokens.find(conn, secret, "feed") is None
        assert tokens.find(conn, secret + "x", "api") is None
        assert tokens.find(conn, made.id, "api") is None


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "' OR 1=1 --", "x" * 100_000])
def test_whatever_is_shown_as_a_secret_finds_nothing(engine: Engine, text: str) -> None:
    with writing(engine) as conn:
        tokens.create(conn, purpose="api", user=OWNER, name="n8n", at=NOW)
        assert tokens.find(conn, text, "api") is None


def test_the_database_does_not_hold_the_secret(engine: Engine) -> None:
    with writing(engine) as conn:
        _, secret = tokens.create(conn, purpose="feed", user=OWNER, name="reader", at=NOW)
        stored = " ".join(str(value) for value in conn.execute(select(table)).one())
        assert secret not in stored
        assert secret.rsplit("_", 1)[-1] not in stored


def test_a_revoked_token_opens_nothing_and_only_its_user_revokes_it(engine: Engine) -> None:
    with writing(engine) as conn:
        made, secret = tokens.create(conn, purpose="api", user=OWNER, name="n8n", at=NOW)
        assert not tokens.revoke(conn, made.id, "bo", NOW)
        assert tokens.find(conn, secret, "api") == made
        assert tokens.revoke(conn, made.id, OWNER, NOW)
        assert not tokens.revoke(conn, made.id, OWNER, NOW)
        assert tokens.find(conn, secret, "api") is None
        assert tokens.of_user(conn, OWNER) == []


def test_a_token_ends_with_its_user_and_comes_back_with_them(engine: Engine) -> None:
    with writing(engine) as conn:
        users.add(conn, a_user(), "hash")
        users.add(conn, a_user("bo", "rep"), "hash")
        made, secret = tokens.create(conn, purpose="api", user="bo", name="n8n", at=NOW)
        assert tokens.find(conn, secret, "api") == made
        users.disable(conn, "bo", NOW)
        assert tokens.find(conn, secret, "api") is None
        users.enable(conn, "bo")
        assert tokens.find(conn, secret, "api") == made


def test_the_tokens_of_the_machines_owner_end_when_there_are_users(engine: Engine) -> None:
    with writing(engine) as conn:
        _, secret = tokens.create(conn, purpose="api", user=OWNER, name="n8n", at=NOW)
        assert tokens.find(conn, secret, "api") is not None
        users.add(conn, a_user(), "hash")
        assert tokens.find(conn, secret, "api") is None


def test_the_tokens_of_a_user_are_listed_newest_first_by_purpose(engine: Engine) -> None:
    with writing(engine) as conn:
        for day, (purpose, user) in enumerate(
            [("api", "ada"), ("feed", "ada"), ("api", "ada"), ("api", "bo")]
        ):
            tokens.create(conn, purpose=purpose, user=user, name=f"{day}", at=NOW + days(day))
        assert [one.name for one in tokens.of_user(conn, "ada")] == ["2", "1", "0"]
        assert [one.name for one in tokens.of_user(conn, "ada", "api")] == ["2", "0"]


def test_a_use_is_noted_once_an_hour(engine: Engine) -> None:
    with writing(engine) as conn:
        made, _ = tokens.create(conn, purpose="api", user=OWNER, name="n8n", at=NOW)
        for hours, noted in ((1, 1), (1.5, 1), (2.5, 2.5)):
            tokens.used(conn, made.id, NOW + days(hours / 24))
            [found] = tokens.of_user(conn, OWNER)
            assert found.used_at == NOW + days(noted / 24)

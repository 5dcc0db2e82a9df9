from sqlalchemy import func, select

from storage import sessions, users
from storage.engine import Engine, writing
from storage.sessions import LASTS
from storage.tables import sessions as table
from storage.users import User
from tests.builders import NOW, days

HOUR = days(1 / 24)


def test_a_session_is_found_by_its_secret_until_it_is_over(engine: Engine) -> None:
    with writing(engine) as conn:
        secret = sessions.begin(conn, "ada", NOW)
        found = sessions.find(conn, secret, NOW + LASTS - HOUR)
        assert found is not None
        assert (found.user, found.expires_at) == ("ada", NOW + LASTS)
        assert sessions.find(conn, secret, NOW + LASTS) is None
        assert sessions.find(conn, secret + "x", NOW) is None


def test_the_database_does_not_hold_the_secret(engine: Engine) -> None:
    with writing(engine) as conn:
        secret = sessions.begin(conn, "ada", NOW)
        assert secret not in " ".join(str(value) for value in conn.execute(select(table)).one())


def test_what_is_done_prolongs_a_session_written_once_an_hour(engine: Engine) -> None:
    with writing(engine) as conn:
        secret = sessions.begin(conn, "ada", NOW)
        for moment, ends in (
            (NOW + HOUR / 2, NOW + LASTS),
            (NOW + HOUR, NOW + HOUR + LASTS),
            (NOW + HOUR * 1.5, NOW + HOUR + LASTS),
        ):
            sessions.prolong(conn, secret, moment)
            found = sessions.find(conn, secret, moment)
            assert found is not None
            assert found.expires_at == ends


def test_a_session_that_is_over_can_not_be_prolonged(engine: Engine) -> None:
    with writing(engine) as conn:
        secret = sessions.begin(conn, "ada", NOW)
        sessions.prolong(conn, secret, NOW + LASTS)
        assert sessions.find(conn, secret, NOW + LASTS) is None


def test_a_session_ends_alone_or_with_all_of_its_user(engine: Engine) -> None:
    with writing(engine) as conn:
        here, there, other, bo = (sessions.begin(conn, user, NOW) for user in ("ada", "ada", "ada", "bo"))
        sessions.end(conn, other)
        assert sessions.find(conn, other, NOW) is None
        assert sessions.end_all(conn, "ada", but=here) == 1
        assert sessions.find(conn, there, NOW) is None
        assert [len(sessions.of_user(conn, user, NOW)) for user in ("ada", "bo")] == [1, 1]
        assert sessions.end_all(conn, "ada") == 1
        assert sessions.find(conn, here, NOW) is None
        assert sessions.find(conn, bo, NOW) is not None


def test_sessions_that_are_over_are_forgotten_when_one_begins(engine: Engine) -> None:
    with writing(engine) as conn:
        sessions.begin(conn, "ada", NOW)
        sessions.begin(conn, "bo", NOW + LASTS)
        assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 1


def test_many_secrets_are_asked_for_at_once(engine: Engine) -> None:
    with writing(engine) as conn:
        for name in ("ada", "bo"):
            users.add(conn, User(id=name, name=name, role="admin", created_at=NOW), "hash")
        ada, bo, over = (
            sessions.begin(conn, who, at) for who, at in (("ada", NOW), ("bo", NOW), ("ada", NOW - LASTS / 2))
        )
        asked = {ada, bo, over, "unknown"}
        assert sessions.standing(conn, asked, NOW) == {ada, bo, over}
        assert sessions.standing(conn, asked, NOW + LASTS / 2) == {ada, bo}
        users.disable(conn, "bo", NOW)
        assert sessions.standing(conn, asked, NOW) == {ada, over}
        assert sessions.standing(conn, (), NOW) == frozenset()

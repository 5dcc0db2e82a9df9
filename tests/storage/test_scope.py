from collections.abc import Sequence

import pytest
from sqlalchemy import select

from earmark.types import Account
from storage import accounts
from storage.engine import Engine, writing
from storage.scope import Scope, within
from storage.tables import accounts as table
from tests.builders import an_account

ADA = Scope(names=frozenset({"ada", "ada lind"}), territories=frozenset({"north", "west"}))
ANYWHERE = Scope(names=frozenset({"bo"}))
LIST: Sequence[Account] = [
    an_account("Own", owner="Ada Lind", territory="South"),
    an_account("Shouted", owner="ADA  LIND"),
    an_account("Others", owner="Bo", territory="North"),
    an_account("Near", territory="north"),
    an_account("Far", territory="South"),
    an_account("Nowhere"),
]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (None, {"own", "shouted", "others", "near", "far", "nowhere"}),
        (ADA, {"own", "shouted", "near", "nowhere"}),
        (ANYWHERE, {"others", "near", "far", "nowhere"}),
        (Scope(names=frozenset()), {"near", "far", "nowhere"}),
    ],
    ids=["all", "territories", "any territory", "nobody"],
)
def test_the_database_and_one_look_agree_on_what_is_within(
    engine: Engine, scope: Scope | None, seen: set[str]
) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, LIST)
        found = set(conn.execute(select(table.c.id).where(within(conn, scope))).scalars())
        assert found == seen
        if scope is not None:
            assert found == {one.id for one in LIST if scope.holds(one.owner, one.territory)}


def test_a_scope_holds_for_an_alias_of_the_table_too(engine: Engine) -> None:
    other = table.alias()
    with writing(engine) as conn:
        accounts.upsert(conn, LIST)
        query = select(other.c.id).where(within(conn, ADA, other))
        assert set(conn.execute(query).scalars()) == {"own", "shouted", "near", "nowhere"}


def test_an_empty_list_has_nothing_within(engine: Engine) -> None:
    with writing(engine) as conn:
        assert conn.execute(select(table.c.id).where(within(conn, ADA))).all() == []

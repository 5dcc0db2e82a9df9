from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.lifecycle import Stage
from earmark.types import Account, Changes, Contact, Suppression
from storage import accounts, history, rulebook
from storage.engine import Engine, reading, writing
from tests.builders import NOW, an_account, days


def a_contact(account: str = "norvik-labs", **changes: Any) -> Contact:
    return Contact(**({"id": "c-1", "account": account, "name": "A. Berg"} | changes))


def test_an_account_comes_back_as_it_was(engine: Engine) -> None:
    account = an_account(
        aliases=("Norvik", "Norvik AB"),
        not_aliases=("Norvik Shipping",),
        tickers=("NVK",),
        tier="A",
        owner="Kim",
        territory="north",
        industry="software",
        size=250,
        city="Tromsø",
        country="Norway",
        extra={"plan": "b"},
        crm_ids={"crm": "42"},
        stage=Stage.HOT,
        stage_since=NOW,
        snoozed_until=NOW + days(3),
        suppression=Suppression(reason="customer", by="Kim", until=NOW + days(9)),
    )
    plain = an_account("Osk Ltd", domains=())
    with writing(engine) as conn:
        accounts.upsert(conn, [account, plain])
        assert accounts.get(conn, account.id) == account
        assert accounts.every(conn) == {account.id: account, plain.id: plain}
        assert accounts.get(conn, "unknown") is None
        assert accounts.count(conn) == 2


def test_an_import_counts_what_it_added_changed_and_left(engine: Engine) -> None:
    listed = [an_account(f"Company {number}") for number in range(1_100)]
    with writing(engine) as conn:
        assert accounts.upsert(conn, iter(listed)) == accounts.Upserted(added=1_100)
        assert accounts.upsert(conn, listed) == accounts.Upserted(same=1_100)
        moved = [replace(account, city="Riga") for account in listed[:3]]
        upserted = accounts.upsert(conn, [*moved, *listed[3:], an_account("Osk Ltd")])
    assert upserted == accounts.Upserted(added=1, changed=3, same=1_097)


def test_a_row_that_is_there_twice_counts_once_and_the_last_one_holds(engine: Engine) -> None:
    with writing(engine) as conn:
        twice = [an_account(city="Riga"), an_account(city="Oslo")]
        assert accounts.upsert(conn, twice) == accounts.Upserted(added=1)
        stored = accounts.get(conn, "norvik-labs")
    assert stored is not None
    assert stored.city == "Oslo"


def test_an_import_leaves_what_became_of_an_account(engine: Engine) -> None:
    lived: dict[str, Any] = {
        "stage": Stage.WARM,
        "stage_since": NOW,
        "snoozed_until": NOW + days(2),
        "suppression": Suppression(reason="legal", by="Kim"),
    }
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        history.save(conn, Changes(accounts=(an_account(**lived),)), NOW)
        accounts.upsert(conn, [an_account(city="Riga")])
        assert accounts.get(conn, "norvik-labs") == an_account(city="Riga", **lived)


_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "aliases": st.lists(st.sampled_from(["Nor", "Vik", "NV"]), max_size=2).map(tuple),
        "size": st.none() | st.integers(0, 3),
        "extra": st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
        "tier": st.none() | st.sampled_from(["A", "None", ""]),
    },
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_FIELDS, second=_FIELDS)
def test_an_account_counts_as_changed_if_and_only_if_it_differs(
    engine: Engine, first: dict[str, Any], second: dict[str, Any]
) -> None:
    before, after = an_account(**first), an_account(**second)
    with writing(engine) as conn:
        accounts.upsert(conn, [before])
        assert accounts.upsert(conn, [after]).changed == int(before != after)
        assert accounts.get(conn, after.id) == after


@pytest.fixture
def listed(engine: Engine) -> Engine:
    names = ["Norvik Labs", "Norvik", "Große Ærø & Co.", "Old Norvik Holding", "100% Fish", "Alphabet"]
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account(name) for name in names])
        sudur = an_account("Sudur", aliases=("Fjordtech",), domains=("sudur.example", "norvik.test"))
        accounts.upsert(conn, [sudur])
    return engine


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("norvik", ["Norvik", "Norvik Labs", "Old Norvik Holding", "Sudur"]),
        ("NORVIK LABS", ["Norvik Labs"]),
        ("norvik-labs", ["Norvik Labs"]),
        ("norviklabs.example", ["Norvik Labs"]),
        ("norvik.test", ["Sudur"]),
        ("fjordtech", ["Sudur"]),
        ("grosse aerø", []),
        ("große ærø", ["Große Ærø & Co."]),
        ("100%", ["100% Fish"]),
        ("%", ["100% Fish"]),
        ("_", []),
        ("  ", []),
        ("nowhere", []),
    ],
)
def test_an_account_is_found_as_a_person_names_it(listed: Engine, text: str, names: list[str]) -> None:
    with reading(listed) as conn:
        assert [account.name for account in accounts.find(conn, text)] == names


def test_a_search_ends_at_its_limit(listed: Engine) -> None:
    with reading(listed) as conn:
        assert [account.name for account in accounts.find(conn, "norvik", limit=2)] == [
            "Norvik",
            "Norvik Labs",
        ]


def test_contacts_are_kept_by_account_and_strangers_refused(engine: Engine) -> None:
    known = [
        a_contact(id=f"c-{n}", title="CFO", email="a@norvik.example", relation="champion") for n in (2, 1)
    ]
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        stranger = a_contact("unlisted", id="c-9")
        assert accounts.upsert_contacts(conn, [*known, stranger]) == accounts.Upserted(
            added=2, refused=("c-9",)
        )
        assert accounts.upsert_contacts(conn, known) == accounts.Upserted(same=2)
        renamed = [replace(known[0], name="B. Berg"), known[1]]
        assert accounts.upsert_contacts(conn, renamed) == accounts.Upserted(changed=1, same=1)
        found = accounts.contacts(conn, ["norvik-labs", "unlisted"])
    assert found == {"norvik-labs": (known[1], renamed[0])}


def test_the_lexicon_grows_with_accounts_contacts_and_suppression_but_not_with_stages(
    engine: Engine,
) -> None:
    account = an_account()
    seen = []
    with writing(engine) as conn:

        def note() -> None:
            seen.append(rulebook.lexicon_version(conn))

        note()
        accounts.upsert(conn, [account])
        note()
        accounts.upsert(conn, [account])
        note()
        accounts.upsert_contacts(conn, [a_contact()])
        note()
        moved: Account = replace(account, stage=Stage.HOT, stage_since=NOW, snoozed_until=NOW)
        history.save(conn, Changes(accounts=(moved,)), NOW)
        note()
        stopped = replace(moved, suppression=Suppression(reason="opt_out", by="Kim"))
        history.save(conn, Changes(accounts=(stopped,)), NOW)
        note()
        history.save(conn, Changes(accounts=(stopped,)), NOW)
        note()
        history.save(conn, Changes(accounts=(moved,)), NOW)
        note()
        rulebook.save(conn, "threshold = 30.0", "Kim", NOW)
        note()
    assert seen == [0, 1, 1, 2, 2, 3, 3, 4, 5]

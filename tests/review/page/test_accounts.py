"""The list of accounts: found by what is asked, page by page; companies to add."""

import re

import pytest
from sqlalchemy import text

from earmark.types import Account
from storage import accounts
from storage.engine import Engine, reading, writing
from tests.builders import an_account
from tests.review.page.served import Served
from tests.review.page.team import a_team, csrf_of, entered


def names_on(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/accounts/[^"]*">([^<]*)</a>', html)


def add(engine: Engine, *new: Account) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, new)


def test_the_list_is_in_the_order_of_names_and_leads_to_each_account(page: Served) -> None:
    shown = names_on(page.get("/accounts").text)
    assert len(shown) > 20
    assert [one.casefold() for one in shown] == sorted(one.casefold() for one in shown)
    first = re.search(r'href="(/accounts/[^"?]+\.example)"', page.get("/accounts").text)
    assert first
    assert page.get(first[1]).status_code == 200


def test_each_filter_narrows_the_list(page: Served, engine: Engine) -> None:
    add(
        engine,
        an_account("Tundra Looms", owner="Ida Holm", territory="nordics", tier="1"),
        an_account("Tundra Mills", owner="Bo Frid", territory="dach", tier="2"),
    )
    for query, expected in (
        ("q=tundra", ["Tundra Looms", "Tundra Mills"]),
        ("q=tundramills.example", ["Tundra Mills"]),
        ("q=tundra&owner=Ida+Holm", ["Tundra Looms"]),
        ("q=tundra&territory=dach", ["Tundra Mills"]),
        ("q=tundra&tier=1", ["Tundra Looms"]),
        ("q=tundra&stage=cold", ["Tundra Looms", "Tundra Mills"]),
        ("q=tundra&stage=hot", []),
        ("q=tundra&owner=nobody", []),
        ("q=tundra&barred=1", []),
    ):
        assert names_on(page.get(f"/accounts?{query}").text) == expected, query


@pytest.mark.parametrize(
    "words", ["'", "%", "_", "🙂", "x" * 299, '" OR 1=1 --', "<script>alert(1)</script>"]
)
def test_any_words_may_be_looked_for(page: Served, words: str) -> None:
    answer = page.client.get("/accounts", params={"q": words})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_the_pages_together_are_the_whole_list_once(page: Served, engine: Engine) -> None:
    add(
        engine, *(an_account(f"Loom {number:03}") for number in range(130)), an_account("Loom 000", id="twin")
    )
    seen: list[str] = []
    where: str | None = "/accounts?q=loom"
    while where:
        html = page.get(where).text
        seen += re.findall(r'<th scope="row"><a href="/accounts/([^"]*)"', html)
        following = re.search(r'rel="next" href="([^"]*)"', html)
        where = following[1].replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 131
    assert seen == sorted(seen, key=lambda id_: ("loom-000" if id_ == "twin" else id_, id_))


def test_a_list_without_accounts_says_how_to_begin(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("delete from contacts"))
        connection.execute(text("delete from accounts"))
    html = page.get("/accounts").text
    assert "There are no accounts yet" in html
    assert 'href="/accounts/import"' in html


def test_a_discovered_company_is_added_with_its_reasons_or_ignored(page: Served, engine: Engine) -> None:
    html = page.get("/accounts/discovered?fit=0").text
    names = re.findall(r'name="name" value="([^"]+)"', html)
    assert names
    with reading(engine) as connection:
        before = accounts.count(connection)
    done = page.post("/accounts/discovered/add", {"name": names[0], "domain": "tundralooms.example"})
    assert done.status_code == 303
    with reading(engine) as connection:
        assert accounts.count(connection) == before + 1
        added = accounts.get(connection, "tundralooms.example")
    assert added is not None
    assert added.name == names[0]
    others = [one for one in dict.fromkeys(names) if one != names[0]]
    assert page.post("/accounts/discovered/ignore", {"name": others[0]}).status_code == 303
    after = page.get("/accounts/discovered?fit=0").text
    assert f'value="{names[0]}"' not in after
    assert f'value="{others[0]}"' not in after


def test_what_is_no_domain_is_said_beside_the_form(page: Served) -> None:
    answer = page.post("/accounts/discovered/add", {"name": "Tundra Looms", "domain": "not a domain"})
    assert answer.status_code == 422
    assert "is no domain" in answer.text


def test_a_rep_finds_no_account_of_somebody_else(page: Served, engine: Engine) -> None:
    a_team(engine)
    add(engine, an_account("Tundra Looms", owner="rea"), an_account("Tundra Mills", owner="Bo Frid"))
    with entered(page, "rea") as rea:
        assert names_on(rea.get("/accounts?q=tundra").text) == ["Tundra Looms"]
        assert "Bo Frid" not in rea.get("/accounts").text
        assert rea.get("/accounts/tundra-looms").status_code == 200
        assert rea.get("/accounts/tundra-mills").status_code == 404
        assert rea.get("/accounts/tundra-mills?show=coverage").status_code == 404
        csrf = csrf_of(rea)
        form = {"csrf": csrf, "account": "tundra-mills", "event": "x", "own": "yes"}
        assert rea.post("/accounts/teach", data=form).status_code == 404
        talk = re.search(r'href="(/conversations/[0-9a-z]+)"', rea.get("/conversations").text)
        assert talk
        linked = rea.post(f"{talk[1]}/link", data={"csrf": csrf, "account": "Tundra Mills"})
        assert linked.status_code == 422
        assert "No account on your list" in linked.text
        for where in ("/accounts/import", "/welcome"):
            assert rea.get(where).status_code == 403
        assert rea.post("/accounts/edit", data={"csrf": csrf, "account": "tundra-looms"}).status_code == 403


def test_who_may_only_look_is_offered_no_form_of_an_account(page: Served, engine: Engine) -> None:
    a_team(engine)
    add(engine, an_account("Tundra Looms"))
    with entered(page, "ron") as ron:
        html = ron.get("/accounts/tundra-looms").text
        assert 'action="/act"' not in html
        assert "Edit the record" not in html
        form = {"csrf": csrf_of(ron), "name": "Tundra Yards"}
        assert ron.post("/accounts/discovered/add", data=form).status_code == 403

"""Triggers over the API: newest first, in pieces that stay, with all that explains one."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from review.api.pieces import as_word
from storage import rulebook, tables, tokens
from storage.engine import Engine, writing
from tests.builders import NOW
from tests.review.api.conftest import Api
from tests.review.page.served import Served
from tests.review.page.team import a_team


def walked(client: httpx.Client, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Return all items of a list, piece by piece."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = client.get(path, params={**asked, "after": after})
        assert answer.status_code == 200, answer.text
        piece = answer.json()
        found += piece["items"]
        after = piece["next_after"]
        if after is None:
            return found


def test_the_newest_come_first_with_ids_that_stay(api: Api) -> None:
    client = api("read")
    first, again = walked(client, "/triggers"), walked(client, "/triggers")
    assert len(first) > 10
    assert first == again
    moments = [(one["created_at"], one["id"]) for one in first]
    assert moments == sorted(moments, reverse=True)
    assert {"headline", "why_now", "link", "page", "name", "score"} <= first[0].keys()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_pieces_join_to_the_whole_whatever_comes_meanwhile(api: Api, engine: Engine, size: int) -> None:
    client = api("read")
    whole = [one["id"] for one in walked(client, "/triggers")]
    first = client.get("/triggers", params={"limit": size}).json()
    with writing(engine) as connection:  # the last one becomes the newest
        connection.execute(
            update(tables.triggers)
            .where(tables.triggers.c.id == whole[0])
            .values(created_at=NOW + timedelta(hours=1))
        )
    rest: list[dict[str, Any]] = []
    after = first["next_after"]
    while after:
        piece = client.get("/triggers", params={"limit": size, "after": after}).json()
        rest, after = rest + piece["items"], piece["next_after"]
    assert [one["id"] for one in [*first["items"], *rest]] == whole


def test_since_gives_only_what_came_after(api: Api, engine: Engine) -> None:
    client = api("read")
    newest = walked(client, "/triggers")[0]["id"]
    with writing(engine) as connection:
        moved = update(tables.triggers).where(tables.triggers.c.id == newest)
        connection.execute(moved.values(created_at=NOW + timedelta(hours=1)))
    since = (NOW + timedelta(minutes=30)).isoformat()
    assert [one["id"] for one in walked(client, "/triggers", since=since)] == [newest]


def test_kinds_states_and_accounts_narrow_the_list(api: Api) -> None:
    client = api("read")
    whole = walked(client, "/triggers")
    one = next(each for each in whole if each["account"])
    for name, value in (("kind", one["kind"]), ("state", one["state"]), ("account", one["account"])):
        part = walked(client, "/triggers", **{name: value})
        assert part == [each for each in whole if each[name] == value]


def test_one_has_its_note_its_score_and_its_evidence(api: Api) -> None:
    client = api("read")
    item = next(one for one in walked(client, "/triggers") if one["account"])
    found = client.get(f"/triggers/{item['id']}").json()
    assert {**found, **item} == found
    assert found["note_text"].startswith(found["headline"])
    assert "<article" in found["note_html"]
    parts = found["score_parts"]
    product = 100 * parts["fit"] * parts["intent"] * parts["freshness"] * parts["confidence"]
    assert parts["total"] == pytest.approx(product, abs=0.06)
    quotes = [quote["words"] for told in found["evidence"] for quote in told["quotes"]]
    assert quotes
    assert found["publishers"]


def test_its_note_is_the_one_that_the_page_gives_by_the_plays_of_now(
    api: Api, page: Served, engine: Engine
) -> None:
    client = api("read")
    item = next(one for one in walked(client, "/triggers") if one["account"] and one["state"] == "open")
    before = client.get(f"/triggers/{item['id']}").json()["note_text"]
    play = f'[[plays]]\nid = "p"\nkind = "{item["kind"]}"\ntalk = ["Ask who signs for it."]\n'
    with writing(engine) as connection:
        rulebook.save(connection, play, "test", NOW)
    for form in ("text", "markdown", "html"):
        told = client.get(f"/triggers/{item['id']}").json()[f"note_{form}"]
        assert "Ask who signs for it." in told
        assert told == page.get(f"/triggers/{item['id']}/note?form={form}").text
    assert "Ask who signs for it." not in before


def test_a_beginning_of_an_id_is_no_trigger(api: Api) -> None:
    client = api("read")
    for beginning in {one["id"][:1] for one in walked(client, "/triggers")}:
        answer = client.get(f"/triggers/{beginning}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_conversation_has_no_account(api: Api) -> None:
    alone = [one for one in walked(api("read"), "/triggers") if one["account"] is None]
    assert alone
    assert alone[0]["name"] is None
    assert alone[0]["link"]


def test_a_rep_gets_their_territory_alone(api: Api, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as connection:
        connection.execute(update(tables.accounts).values(owner="somebody else"))
        own = update(tables.accounts).where(tables.accounts.c.name.startswith("Lumenforge"))
        connection.execute(own.values(owner="rea"))
    manager, rep = walked(api("read", user="max"), "/triggers"), walked(api("read", user="rea"), "/triggers")
    assert {one["name"].split()[0] for one in rep if one["account"]} == {"Lumenforge"}
    hidden = next(one for one in manager if one["account"] and not one["name"].startswith("Lumenforge"))
    answer = api("read", user="rea").get(f"/triggers/{hidden['id']}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/triggers/nothing", 404),
        ("/triggers?after=xyz", 422),
        ("/triggers?limit=0", 422),
        ("/triggers?limit=100000", 422),
        ("/triggers?since=someday", 422),
        ("/triggers?state=nonsense", 422),
        ("/nowhere", 404),
    ],
)
def test_what_can_not_be_is_a_sentence_in_json(api: Api, path: str, status: int) -> None:
    answer = api("read").get(path)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "code"}
    assert len(answer.json()["error"]) > 10


def test_the_words_of_others_stay_text(api: Api, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(tables.events).values(title="<script>alert(1)</script>"))
    client = api("read")
    found = client.get("/triggers")
    assert found.headers["content-type"] == "application/json"
    assert found.headers["x-content-type-options"] == "nosniff"


def test_a_token_that_is_none_opens_nothing(page: Served, api: Api, engine: Engine) -> None:
    with httpx.Client(base_url=f"{page.url}/api/v1", trust_env=False) as client:
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic b3duZXI6"}):
            answer = client.get("/triggers", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
    client = api("read")
    assert client.get("/triggers").status_code == 200
    with writing(engine) as connection:
        for token in tokens.of_user(connection, "owner", "api"):
            tokens.revoke(connection, token.id, "owner", NOW)
    assert client.get("/triggers").status_code == 401


def test_a_cookie_of_the_page_is_no_token(page: Served) -> None:
    assert page.get("/api/v1/triggers").status_code == 401


def test_the_key_of_the_page_is_a_token_until_there_are_users(page: Served, engine: Engine) -> None:
    key = page.client.cookies[page.cookie]
    with httpx.Client(
        base_url=f"{page.url}/api/v1", headers={"authorization": f"Bearer {key}"}, trust_env=False
    ) as client:
        assert client.get("/triggers").status_code == 200
        a_team(engine)
        assert client.get("/triggers").status_code == 401


def test_a_feeds_token_does_not_open_the_api(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        _, secret = tokens.create(connection, purpose="feed", user="owner", name="f", at=NOW)
    with httpx.Client(base_url=f"{page.url}/api/v1", trust_env=False) as client:
        assert client.get("/triggers", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_too_many_calls_are_put_off(api: Api, page: Served) -> None:
    client = api("read")
    next(
        route for route in page.app.routes if getattr(route, "path", "") == "/api/v1"
    ).app.state.pace._most = 3
    codes = [client.get("/triggers?limit=1").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert int(client.get("/triggers").headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "asked",
    [
        "/triggers?since=9999-12-31T23:59:59-23:59",
        "/triggers?since=0001-01-01T00:00:00%2B23:59",
        "/judgements?since=9999-12-31",
        "/views/rows?query=since%3D9999-12-31T23%3A59%3A59-23%3A59",
        *(
            f"/{room}?after={as_word(*place)}"
            for room, place in (
                ("accounts", ("\ud800", "\ud800")),
                ("accounts", ("\x00", "a")),
                ("judgements", (10**30,)),
                ("sources", (10**30, "a")),
                ("triggers", ("9999-12-31T23:59:59-23:59", "a")),
            )
        ),
    ],
)
def test_a_place_or_a_day_that_is_none_is_told_or_finds_nothing(api: Api, asked: str) -> None:
    answer = api("read").get(asked)
    assert answer.status_code in {200, 422}, answer.text
    assert "items" in answer.json() or "bug" not in answer.json()["error"]

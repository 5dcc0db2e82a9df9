"""Accounts, sources, replay and views over the API."""

import time
from typing import Any

import httpx
import pytest

from storage import accounts, audit, polls
from storage.engine import Engine, reading, writing
from tests.builders import an_account
from tests.review.api.conftest import Api
from tests.review.api.test_triggers import walked
from tests.review.page.served import Served
from tests.review.page.team import a_team

# Accounts


def test_accounts_come_by_name_in_pieces(api: Api) -> None:
    client = api("read")
    whole = walked(client, "/accounts")
    assert len(whole) > 10
    assert [one["id"] for one in walked(client, "/accounts", limit=4)] == [one["id"] for one in whole]
    assert walked(client, "/accounts", text="lumen")[0]["name"].startswith("Lumenforge")
    ready = walked(client, "/accounts", stage="outreach_ready")
    assert ready
    assert {one["stage"] for one in ready} == {"outreach_ready"}


def test_one_account_has_all_that_explains_it(api: Api) -> None:
    client = api("read")
    ready = next(one for one in walked(client, "/accounts", stage="outreach_ready") if one["reasons"])
    told = client.get(f"/accounts/{ready['id']}").json()
    assert told["account"]["name"] == ready["name"]
    assert told["reasons"]
    assert told["transitions"]
    assert client.get("/accounts/nothing-like-it").status_code == 404


def test_rows_of_a_list_are_put_in_and_speak_only_of_what_they_name(api: Api, engine: Engine) -> None:
    client = api("admin")
    row: dict[str, Any] = {
        "id": "kestrel-works",
        "name": "Kestrel Works",
        "domains": ["kestrel.example"],
        "size": 90,
    }
    assert client.post("/accounts", json={"accounts": [row]}).json() == {"added": 1, "changed": 0, "same": 0}
    again = {"accounts": [{"id": "kestrel-works", "name": "Kestrel Works", "owner": "Ada"}]}
    assert client.post("/accounts", json=again).json() == {"added": 0, "changed": 1, "same": 0}
    with reading(engine) as connection:
        held = accounts.get(connection, "kestrel-works")
        assert audit.recent(connection, 1)[0].verb == "accounts import"
    assert held
    assert (held.domains, held.size, held.owner) == (("kestrel.example",), 90, "Ada")


def test_who_is_renamed_is_known_by_the_former_name_too(api: Api, engine: Engine) -> None:
    client = api("admin")
    for name in ("Kestrel Works", "Lumen Forge"):
        row = {"id": "kestrel", "name": name, "domains": ["kestrel.example"]}
        assert client.post("/accounts", json={"accounts": [row]}).status_code == 200
    with reading(engine) as connection:
        held = accounts.get(connection, "kestrel")
    assert held
    assert (held.name, held.aliases) == ("Lumen Forge", ("Kestrel Works",))


def test_a_rep_is_told_of_no_relative_beyond_their_territory(api: Api, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as connection:
        accounts.upsert(
            connection,
            [
                an_account("Kestrel Group", owner="somebody else"),
                an_account("Kestrel North", owner="rea", parent="kestrel-group"),
                an_account("Kestrel South", owner="rea", parent="kestrel-group"),
            ],
        )
    told = {
        user: [one["id"] for one in api("read", user=user).get("/accounts/kestrel-north").json()["relatives"]]
        for user in ("max", "rea")
    }
    assert told == {"max": ["kestrel-group", "kestrel-south"], "rea": ["kestrel-south"]}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": "x", "name": "y", "size": 2**63},
        {"id": "Not A Slug", "name": "x"},
        {"id": "x", "name": ""},
        {"id": "x", "name": "y", "stage": "hot"},
    ],
)
def test_a_row_that_can_not_be_is_refused_and_nothing_is_kept(
    api: Api, engine: Engine, row: dict[str, str]
) -> None:
    good = {"id": "kestrel-works", "name": "Kestrel Works"}
    answer = api("admin").post("/accounts", json={"accounts": [good, row]})
    assert answer.status_code == 422
    with reading(engine) as connection:
        assert accounts.get(connection, "kestrel-works") is None


# Sources


def test_sources_are_listed_added_paused_and_resumed(api: Api, engine: Engine) -> None:
    client = api("admin")
    before = walked(client, "/sources", limit=3)
    assert client.get("/sources", params={"limit": len(before)}).json()["next_after"] is None
    assert {one["id"] for one in before} == {one["id"] for one in walked(client, "/sources")}
    added = client.post("/sources", json={"kind": "feed", "options": {"url": "https://new.example/feed"}})
    assert added.status_code == 201, added.text
    name = added.json()["id"]
    assert client.post(f"/sources/{name}/pause").json()["state"] == "paused"
    with reading(engine) as connection:
        held = polls.get(connection, name)
        verbs = [deed.verb for deed in audit.recent(connection, 2)]
    assert held
    assert not held.enabled
    assert verbs == ["source.pause", "source.add"]
    assert client.post(f"/sources/{name}/resume").status_code == 200
    assert client.get(f"/sources/{name}").json()["is_enabled"] is True
    assert client.get("/sources/nothing").status_code == 404
    assert client.post("/sources/nothing/pause").status_code == 404


def test_options_that_can_not_be_are_refused_with_a_sentence(api: Api) -> None:
    client = api("admin")
    for body in (
        {"kind": "fed", "options": {}},
        {"kind": "feed", "options": {}},
        {"kind": "feed", "options": {"ulr": "x"}},
    ):
        answer = client.post("/sources", json=body)
        assert answer.status_code == 422
        assert len(answer.json()["error"]) > 20


def test_a_source_is_tested_and_nothing_is_stored(api: Api, engine: Engine) -> None:
    client = api("admin")
    name = client.get("/sources").json()["items"][0]["id"]
    with reading(engine) as connection:
        before = polls.get(connection, name)
    told = client.post(f"/sources/{name}/test").json()
    assert told["events"], told
    with reading(engine) as connection:
        assert polls.get(connection, name) == before


# Replay


def over(client: httpx.Client) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told: dict[str, Any] = client.get("/replay").json()
        if told["is_over"]:
            return told
        time.sleep(0.1)
    raise AssertionError("the replay did not end")


def test_a_replay_is_begun_watched_and_told(api: Api) -> None:
    client = api("admin")
    assert client.get("/replay").status_code == 404
    begun = client.post("/replay", json={"days": 30})
    assert begun.status_code == 202, begun.text
    told = over(client)
    assert told["state"] == "done", told
    assert told["result"]["found"]["now"] == told["result"]["found"]["new"], (
        "the rules in force change nothing"
    )
    assert told["result"]["found"]["events"] > 0


def test_a_replay_is_bounded_and_its_rules_are_read_first(api: Api) -> None:
    client = api("admin")
    assert client.post("/replay", json={"days": 4000}).status_code == 422
    assert client.post("/replay", json={"rulebook": "not = [toml"}).status_code == 422
    assert client.get("/replay").status_code == 404


def test_a_replay_is_called_off(api: Api) -> None:
    client = api("admin")
    client.post("/replay", json={})
    client.delete("/replay")
    assert over(client)["state"] in {"called off", "done"}


# Views


def test_views_are_listed_kept_and_shown(api: Api, page: Served) -> None:
    client = api("act")
    kept = client.post("/views", json={"name": "Funding", "query": "?kind=funding_early"})
    assert kept.status_code == 201, kept.text
    assert "Funding" in [one["name"] for one in client.get("/views").json()]
    shown = walked(client, "/views/rows", query="kind=funding_early", limit=2)
    assert shown
    assert {one["kind"] for one in shown} == {"funding_early"}
    assert walked(client, "/views/rows", query="?kind=funding_early") == shown
    assert client.get("/views/rows", params={"query": "state=nonsense"}).status_code == 422
    for after in ("nonsense", "all", "hot~1~x"):
        asked = {"query": "sort=newest", "after": after}
        assert client.get("/views/rows", params=asked).status_code == 422, "not the first piece again"
    assert "Funding" in page.get("/").text


def test_only_a_manager_keeps_a_view_for_everybody(api: Api, engine: Engine) -> None:
    a_team(engine)
    body = {"name": "Ours", "query": "", "shared": True}
    assert api("act", user="rea").post("/views", json=body).status_code == 403
    assert api("act", user="max").post("/views", json=body).status_code == 201

"""What people do, done by programs: it follows the same rules, is told in words, and can be taken back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from storage import accounts, audit, outbox, tables, targets
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.api.conftest import Api
from tests.review.page.team import a_team
from tests.review.page.walk import dump


def a_reason(client: httpx.Client) -> dict[str, Any]:
    items = client.get("/triggers", params={"limit": 100}).json()["items"]
    found: dict[str, Any] = next(
        one for one in items if one["account"] and one["state"] == "open" and one["stage"] == "outreach_ready"
    )
    return found


def volatile(told: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in told.items() if key not in {"judgements", "transitions", "stage_since"}
    }


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("accept", {}),
        ("dismiss", {"value": "off_topic"}),
        ("dismiss", {"value": "too_old"}),
        ("contacted", {"value": "call"}),
        ("snooze", {"until": "5d"}),
        ("assign", {"value": "Ada"}),
        ("outcome", {"value": "reply"}),
        ("suppress", {"value": "customer"}),
        ("remark", {"text": "Called, nobody there."}),
    ],
)
def test_after_undo_the_answer_is_the_one_before(api: Api, verb: str, more: dict[str, str]) -> None:
    client = api("act")
    reason = a_reason(client)
    if verb == "outcome":
        client.post("/actions", json={"verb": "contacted", "trigger": reason["id"], "value": "call"})
    paths = (f"/triggers/{reason['id']}", f"/accounts/{reason['account']}")
    before = [volatile(client.get(path).json()) for path in paths]
    answer = client.post("/actions", json={"verb": verb, "trigger": reason["id"], **more})
    assert answer.status_code == 200, answer.text
    assert answer.json()["said"]
    back = client.post("/undo", json={})
    assert back.status_code == 200, back.text
    after = [volatile(client.get(path).json()) for path in paths]
    assert [one.get("account") for one in after] == [one.get("account") for one in before]
    assert [one.get("stage") for one in after] == [one.get("stage") for one in before]
    assert after[0] == before[0]


def test_a_snooze_is_on_the_account(api: Api, engine: Engine) -> None:
    client = api("act")
    account = a_reason(client)["account"]
    assert (
        client.post("/actions", json={"verb": "snooze", "account": account, "until": "3d"}).status_code == 200
    )
    with reading(engine) as connection:
        held = accounts.get(connection, account)
    assert held
    assert held.snoozed_until == NOW + timedelta(days=3)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"verb": "accept"}, 422),
        ({"verb": "accept", "trigger": "x", "account": "y"}, 422),
        ({"verb": "accept", "trigger": "nothing-like-it"}, 404),
        ({"verb": "snooze", "account": "nothing-like-it"}, 404),
        ({"verb": "explode", "account": "y"}, 422),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(api: Api, body: dict[str, str], status: int) -> None:
    answer = api("act").post("/actions", json=body)
    assert answer.status_code == status
    assert len(answer.json()["error"]) > 10


def test_a_verdict_that_there_is_not_changes_nothing(api: Api) -> None:
    client = api("act")
    reason = a_reason(client)
    answer = client.post("/actions", json={"verb": "dismiss", "trigger": reason["id"], "value": "ugly"})
    assert answer.status_code == 422
    assert client.get(f"/triggers/{reason['id']}").json()["state"] == "open"


def test_a_verdict_is_given_listed_and_taken_back(api: Api) -> None:
    client = api("act")
    reason = a_reason(client)
    for verdict, state in (("good", "accepted"), ("off_topic", "dismissed")):
        answer = client.post("/judgements", json={"trigger": reason["id"], "verdict": verdict, "text": "So."})
        assert answer.status_code == 200, answer.text
        assert client.get(f"/triggers/{reason['id']}").json()["state"] == state
        newest = client.get("/judgements").json()["items"][0]
        assert (newest["trigger"], newest["verdict"], newest["by"]) == (reason["id"], verdict, "owner")
        client.post("/undo", json={"trigger": reason["id"]})
        assert client.get("/judgements").json()["items"][0]["taken_back_at"]


@pytest.mark.parametrize("path", ["/judgements", "/actions"])
def test_a_program_names_the_reason_that_a_duplicate_tells_again(api: Api, path: str) -> None:
    client = api("act")
    items = client.get("/triggers", params={"limit": 100}).json()["items"]
    held = {one["kind"]: one["id"] for one in items if one["account"] == "norviklabs.example"}
    twin, other = held["new_office_or_market"], held["funding_early"]
    given = {"verdict": "duplicate"} if path == "/judgements" else {"verb": "dismiss", "value": "duplicate"}
    refused = client.post(path, json={"trigger": twin, "of": twin, **given})
    assert refused.status_code == 422
    assert "itself" in refused.text
    assert client.post(path, json={"trigger": twin, "of": other, **given}).status_code == 200
    assert client.get(f"/triggers/{twin}").json()["state"] == "merged"
    assert client.post("/undo", json={"trigger": twin}).status_code == 200
    assert client.get(f"/triggers/{twin}").json()["state"] == "open"


def test_verdicts_come_in_pieces(api: Api) -> None:
    client = api("act")
    ids = [one["id"] for one in client.get("/triggers").json()["items"] if one["state"] == "open"][:5]
    for name in ids:
        client.post("/judgements", json={"trigger": name, "verdict": "other"})
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        piece = client.get("/judgements", params={"limit": 2, "after": after}).json()
        found += [one["trigger"] for one in piece["items"]]
        after = piece["next_after"]
    assert found == ids[::-1]
    assert (
        client.get("/judgements", params={"since": (NOW + timedelta(days=1)).isoformat()}).json()["items"]
        == []
    )


def test_an_account_is_handed_to_the_default_target_once(api: Api, engine: Engine) -> None:
    client = api("act")
    reason = a_reason(client)
    wish = {"verb": "export", "trigger": reason["id"]}
    refused = client.post("/actions", json=wish)
    assert (refused.status_code, "There is no target yet" in refused.text) == (422, True)
    with writing(engine) as connection:
        targets.add(connection, "hook", "webhook", {"url": "https://hook.example/in"}, NOW)
    assert "goes to hook" in client.post("/actions", json=wish).text
    assert client.post("/actions", json=wish).status_code == 200, "sent again it goes out once"
    with reading(engine) as connection:
        held = [parcel.outgoing.account for parcel in outbox.find(connection, target="hook")]
        assert (audit.recent(connection)[0].by, audit.recent(connection)[0].verb) == ("owner", "export")
    assert held == [reason["account"]]


def test_a_rep_acts_in_their_territory_alone(api: Api, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as connection:
        connection.execute(update(tables.accounts).values(owner="somebody else"))
    reason = a_reason(api("read", user="max"))
    rep = api("act", user="rea")
    for path, body in (
        ("/actions", {"verb": "accept", "trigger": reason["id"]}),
        ("/actions", {"verb": "snooze", "account": reason["account"], "until": "3d"}),
        ("/judgements", {"trigger": reason["id"], "verdict": "good"}),
        ("/undo", {"account": reason["account"]}),
    ):
        assert rep.post(path, json=body).status_code == 404, path


def test_two_programs_on_one_trigger_are_told_who_was_quicker(api: Api, engine: Engine) -> None:
    a_team(engine)
    one, other = api("act", user="max"), api("act", user="ada")
    reason = a_reason(one)
    body = {"verb": "dismiss", "trigger": reason["id"], "value": "off_topic"}
    assert one.post("/actions", json=body).status_code == 200
    told = other.post("/actions", json={**body, "value": "too_old"}).json()
    assert "quicker" in " ".join(told["said"])


@pytest.mark.parametrize("verb", ["accept", "dismiss", "assign", "contacted", "outcome", "remark"])
def test_what_is_sent_twice_is_kept_as_the_manual_says(api: Api, engine: Engine, verb: str) -> None:
    client = api("act")
    listed = client.get("/triggers", params={"state": "open"}).json()["items"]
    value = {"dismiss": "off_topic", "assign": "ann", "contacted": "call", "outcome": "reply"}.get(verb, "")
    trigger = next(one["id"] for one in listed if one["account"])
    wish = {"verb": verb, "value": value, "text": "told", "trigger": trigger}
    assert client.post("/actions", json=wish).status_code == 200
    once = dump(engine)["actions"]
    assert client.post("/actions", json=wish).status_code == 200
    again = len(dump(engine)["actions"]) - len(once)
    assert again == (verb in {"contacted", "outcome", "remark"})

"""Two accounts that are one company, over the API."""

from storage import accounts
from storage.engine import Engine, writing
from tests.builders import an_account
from tests.review.api.conftest import Api

NORVIK = "norviklabs.example"


def test_a_merge_is_told_done_listed_and_taken_back(api: Api, engine: Engine) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, [an_account("Norvik Robotics")])
    client = api("admin")
    wish = {"keeps": NORVIK, "goes": "norvik-robotics"}
    told = client.post("/merges", json=wish).json()
    assert told["merge"] is None
    assert "becomes part of Norvik Labs" in told["told"][0]
    assert client.get("/accounts/norvik-robotics").json()["account"]["id"] == "norvik-robotics"
    done = client.post("/merges", json=wish | {"dry_run": False}).json()
    assert client.get("/accounts/norvik-robotics").json()["account"]["id"] == NORVIK
    assert [one["id"] for one in client.get("/merges").json()] == [done["merge"]]
    assert client.post("/merges", json=wish).status_code == 422, "they are one already"
    back = client.post("/merges/undo", json={"merge": done["merge"]}).json()
    assert (back["keeps"], back["goes"]) == (NORVIK, "norvik-robotics")
    assert client.get("/merges").json() == []
    assert client.post("/merges/undo", json={"merge": done["merge"]}).status_code == 422


def test_a_token_to_act_merges_nothing(api: Api) -> None:
    client = api("act")
    assert client.post("/merges", json={"keeps": NORVIK, "goes": "x"}).status_code == 403
    assert client.post("/merges/undo", json={"merge": "x"}).status_code == 403

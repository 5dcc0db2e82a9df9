"""The page over PostgreSQL: it shows what it shows over SQLite, and what a morning does is kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, select, text

from earmark.types import TriggerState
from review.page.viewer import OWNER
from storage import tokens, triggers
from storage.engine import Connection, Engine, migrate, reading, writing
from storage.tables import metadata
from tests.builders import NOW
from tests.review.page.served import Served, served
from tests.review.page.team import a_team, browser, csrf_of, entered, log_in
from tests.review.page.walk import dump, fetched, places, values_of
from tests.storage.databases import opened, postgresql

pytestmark = pytest.mark.slow

ROW = re.compile(r'data-row="([0-9a-f]+)"')
LISTS = (
    "/",
    "/?q=series",
    "/?owner=nobody&sort=newest",
    "/?sort=ending",
    "/?state=everything",
    "/?state=dismissed",
    "/?state=snoozed",
    "/?tier=A&kind=funding_early",
    "/?mark=live&since=-7d",
    "/?score=20&stage=hot",
    "/accounts?q=lum&stage=outreach_ready&fit=0.5",
    "/accounts?owner=nobody&barred=1",
    "/accounts/discovered?fit=0&decided=1",
    "/conversations",
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgresql() as url, opened(url) as made:
        migrate(made)
        yield url


@pytest.fixture
def engine(address: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A PostgreSQL database with all that the demo's holds, which is the workspace's from now on."""
    with opened(address) as made, opened(f"sqlite:///{workspace / 'earmark.db'}") as demo:
        with reading(demo) as old, writing(made) as new:
            for table in reversed(metadata.sorted_tables):
                new.execute(table.delete())
            for table in metadata.sorted_tables:
                if rows := [dict(row) for row in old.execute(select(table)).mappings()]:
                    new.execute(insert(table), rows)
            _count_on(new)
        monkeypatch.setenv("EARMARK_STORAGE__URL", address)
        yield made


@pytest.fixture
def page(workspace: Path, engine: Engine) -> Iterator[Served]:
    with served(workspace, engine) as found:
        yield found


@pytest.fixture
def over_sqlite(workspace: Path, page: Served) -> Iterator[Served]:
    """The same page over the demo's own file."""
    assert page
    with opened(f"sqlite:///{workspace / 'earmark.db'}") as demo, served(workspace, demo) as found:
        yield found


def _count_on(connection: Connection) -> None:
    """Let the numbers of rows go on behind those that were copied."""
    for table in metadata.sorted_tables:
        number = table.autoincrement_column
        if number is not None:
            name, column = table.name, number.name
            last = f"(SELECT max({column}) FROM {table.fullname})"  # noqa: S608 - names of our own tables
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence(:name, :column), coalesce({last}, 1))"),
                {"name": f'"{name}"', "column": column},
            )


def test_each_screen_answers_as_it_does_over_sqlite(
    page: Served, over_sqlite: Served, engine: Engine
) -> None:
    before = dump(engine)
    asked = [place for place in places(page.app, values_of(engine)) if place.method == "GET"]
    assert len(asked) > 30
    answered = {str(place): fetched(page.client, place).status_code for place in asked}
    assert answered == {str(place): fetched(over_sqlite.client, place).status_code for place in asked}
    assert max(answered.values()) < 500
    assert dump(engine) == before


@pytest.mark.parametrize("path", LISTS)
def test_each_list_holds_what_it_does_over_sqlite(page: Served, over_sqlite: Served, path: str) -> None:
    one, other = page.get(path), over_sqlite.get(path)
    assert one.status_code == other.status_code == 200
    assert ROW.findall(one.text) == ROW.findall(other.text)
    assert _links(one.text) == _links(other.text)


def _links(page: str) -> list[str]:
    return re.findall(r'href="(/accounts/[^"]+|/triggers/[^"]+)"', page)


def test_a_morning_is_kept_and_taken_back(page: Served, engine: Engine) -> None:
    first, other, third, *_ = (_account_rows(page))[1:]
    assert page.post("/act", {"verb": "dismiss too_old", "trigger": first, "text": "twice \x00 told"})
    assert page.post("/act", {"verb": "accept", "trigger": other})
    assert page.post("/act", {"verb": "snooze", "value": "5d", "trigger": third})
    assert page.post("/opened", {"trigger": [other, third]}).status_code == 204
    assert _states(engine, first, other) == [TriggerState.DISMISSED, TriggerState.ACCEPTED]
    shown = ROW.findall(page.get("/").text)
    assert not {first, third} & set(shown)
    assert third in ROW.findall(page.get("/?state=snoozed").text)
    for _ in range(3):
        assert page.post("/undo").status_code == 303
    assert _states(engine, first, other) == [TriggerState.OPEN, TriggerState.OPEN]
    assert {first, other, third} <= set(ROW.findall(page.get("/").text))


def test_views_feeds_and_digests_are_kept(page: Served, stranger: httpx.Client) -> None:
    assert page.post("/views", {"name": "Mornings", "query": "kind=funding_early"}).status_code == 303
    assert "Mornings" in page.get("/").text
    made = page.post("/feeds", {"query": "", "name": "All"}).text
    address = re.search(r"/feed/earmark_feed_[\w-]+", made)
    assert address
    for form in ("atom", "json"):
        assert "Lumenforge" in stranger.get(f"{address[0]}.{form}").text
    assert page.post("/digest", {"every": "daily", "hour": "7"}).status_code in {303, 422}


def test_a_team_logs_in_and_each_sees_their_own(page: Served, engine: Engine) -> None:
    a_team(engine)
    with browser(page) as client:
        assert log_in(client, "rea", "a wrong password").status_code == 401
    with entered(page, "rea") as rep, entered(page, "ada") as admin:
        assert len(ROW.findall(rep.get("/").text)) < len(ROW.findall(admin.get("/").text))
        form = {"csrf": csrf_of(rep), "user": "eve", "role": "admin", "password": "another long password"}
        assert rep.post("/settings/users", data=form).status_code == 403
        form = {"csrf": csrf_of(rep)}
        assert rep.post("/logout/everywhere", data=form).status_code == 303
        assert rep.get("/").status_code == 401


def test_the_api_acts_as_it_does_over_sqlite(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        _, secret = tokens.create(
            connection, purpose="api", user=OWNER.id, name="n8n", at=NOW, scopes=["admin"]
        )
    with browser(page) as client:
        client.headers.update({"authorization": f"Bearer {secret}", "content-type": "application/json"})
        rows = client.get("/api/v1/views/rows", params={"limit": 3}).json()
        assert [one["id"] for one in rows["items"]] == ROW.findall(page.get("/?after=all").text)[:3]
        trigger = rows["items"][-1]["id"]
        given = json.dumps({"trigger": trigger, "verdict": "off_topic", "text": "told \x00 by a program"})
        told = client.post("/api/v1/judgements", content=given)
        assert told.status_code == 200, told.text
        assert client.get(f"/api/v1/triggers/{trigger}").json()["state"] == "dismissed"
        assert client.get("/api/v1/judgements").json()["items"][0]["trigger"] == trigger
        assert client.post("/api/v1/undo", json={}).status_code == 200
        row = {
            "id": "odd",
            "name": "Odd \x00 \u202e Ltd",
            "size": 10**12,
            "owner": "\x00",
            "crm_ids": {"x": "\x00"},
        }
        told = client.post("/api/v1/accounts", json={"accounts": [row]})
        assert told.status_code in {200, 422}, told.text


def _account_rows(page: Served) -> list[str]:
    return re.findall(r'data-row="([0-9a-f]+)"(?! data-conversation)', page.get("/").text)


def _states(engine: Engine, *ids: str) -> list[TriggerState]:
    with reading(engine) as connection:
        return [found.state for one in ids if (found := triggers.get(connection, one))]

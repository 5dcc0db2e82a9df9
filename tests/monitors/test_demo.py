import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from earmark.config import load
from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.types import Account, Trigger, TriggerState
from monitors import demo, recorded
from monitors.pipeline import Written
from monitors.up import poll_once
from sources.feed import parse_feed
from storage import accounts, events, stories, triggers
from storage.engine import connect, reading
from tests.builders import NOW


def get(port: int, path: str, **headers: str) -> tuple[int, str | None, bytes]:
    connection = HTTPConnection(recorded.HOST, port, timeout=5)
    connection.request(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers.get("ETag"), body


# The recorded pages


@pytest.mark.parametrize("name", recorded.demo_pages(NOW))
def test_every_recorded_page_is_a_feed_in_true_form(name: str) -> None:
    page = recorded.demo_pages(NOW)[name]
    feed = parse_feed(page.body, page.content_type, f"http://{recorded.HOST}:1/{name}")
    assert feed.title
    assert len(feed.events) >= 3
    assert all(event.title and event.url for event in feed.events)
    assert len({event.external_id for event in feed.events}) == len(feed.events)
    assert all(event.published_at is None or event.published_at < NOW for event in feed.events)


def test_dates_count_back_from_the_day_and_the_same_day_gives_the_same_bytes() -> None:
    pages = recorded.demo_pages(NOW)
    assert pages == recorded.demo_pages(NOW)
    assert pages != recorded.demo_pages(NOW + timedelta(days=1))
    newest = (NOW - timedelta(hours=15)).isoformat(timespec="seconds")
    assert newest.encode() in pages["backoffice-board.atom"].body
    assert not any(b"{{" in page.body for page in pages.values())


# The server


@pytest.fixture
def port() -> Iterator[int]:
    with recorded.serve({"a.xml": recorded.RecordedPage(body=b"<rss/>", content_type="text/xml")}) as port:
        yield port


def test_the_server_gives_a_page_and_then_a_304_for_its_validator(port: int) -> None:
    status, etag, body = get(port, "/a.xml")
    assert (status, body) == (200, b"<rss/>")
    assert etag is not None
    assert get(port, "/a.xml", If_None_Match=etag) == (304, etag, b"")
    assert get(port, "/a.xml", If_None_Match='"another"')[0] == 200


def test_the_server_gives_nothing_but_its_pages(port: int) -> None:
    for path in ("/", "/b.xml", "/../pyproject.toml", "/accounts.csv"):
        assert get(port, path)[0] == 404


def test_a_taken_port_is_a_sentence_and_leaving_frees_it(port: int) -> None:
    with pytest.raises(ConfigError, match=f"Port {port} on this machine is taken"), recorded.serve({}, port):
        pass
    page = {"b.xml": recorded.RecordedPage(body=b"b", content_type="text/xml")}
    assert not recorded.is_served(page, port)
    with recorded.serve(page) as another:
        assert recorded.is_served(page, another)
    assert not recorded.is_served(page, another)
    assert not [thread for thread in threading.enumerate() if thread.name == "earmark-recorded"][1:]


# The workspace


def test_the_demo_replaces_nothing_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "earmark.toml").write_text("# mine\n")
    with pytest.raises(ConfigError, match="not the demo"):
        demo.create(tmp_path)
    assert (tmp_path / "earmark.toml").read_text() == "# mine\n"


def test_a_demo_that_is_running_is_not_replaced(tmp_path: Path) -> None:
    workspace = tmp_path / ".earmark-demo"
    demo.create(workspace)
    with demo.serving(workspace):
        with pytest.raises(ConfigError, match="is running"):
            demo.create(workspace)
        with demo.serving(workspace):
            pass  # a second verb polls what the first one serves
    demo.create(workspace)
    assert [path.name for path in tmp_path.iterdir()] == [".earmark-demo"]


def test_a_damaged_mark_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{")
    with pytest.raises(ConfigError, match="Remove the folder"), demo.serving(tmp_path):
        pass


def test_the_demo_never_touches_a_database_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_STORAGE__URL", f"sqlite:///{tmp_path}/mine.db")
    with pytest.raises(ConfigError, match="EARMARK_STORAGE__URL"):
        demo.create(tmp_path / ".earmark-demo")
    assert not list(tmp_path.iterdir())


def test_another_workspace_is_not_served_at_all(tmp_path: Path) -> None:
    with demo.serving(tmp_path):
        assert not demo.is_demo(tmp_path)


# What it shows


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Written]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_NOW", NOW.isoformat())
        workspace = tmp_path_factory.mktemp("demo") / ".earmark-demo"
        yield workspace, demo.run(workspace)
    shutil.rmtree(workspace)


@pytest.fixture
def opened(shown: tuple[Path, list[Written]]) -> dict[str, list[Trigger]]:
    """The triggers of each account by its name, those on the list only."""
    listed, found = named(shown[0]), {}
    engine = connect(load(shown[0]).database_url)
    with reading(engine) as connection:
        for account in listed.values():
            on_it = triggers.find(connection, account=account.id, state=TriggerState.OPEN)
            found[account.name] = on_it
    engine.dispose()
    return found


def named(workspace: Path) -> dict[str, Account]:
    engine = connect(load(workspace).database_url)
    with reading(engine) as connection:
        found = accounts.every(connection)
    engine.dispose()
    return {account.name: account for account in found.values()}


def test_every_page_was_read(shown: tuple[Path, list[Written]]) -> None:
    workspace, written = shown
    assert len(written) == len(recorded.demo_pages(NOW))
    assert all(each.new > 0 for each in written)
    engine = connect(load(workspace).database_url)
    with reading(engine) as connection:
        assert events.count(connection) == sum(each.new for each in written) >= 80
    engine.dispose()


def test_one_story_told_by_five_outlets_is_one_trigger(
    shown: tuple[Path, list[Written]], opened: dict[str, list[Trigger]]
) -> None:
    rounds = [trigger for trigger in opened["Norvik Labs"] if trigger.kind.startswith("funding")]
    assert len(rounds) == 1
    engine = connect(load(shown[0]).database_url)
    with reading(engine) as connection:
        story = stories.get(connection, rounds[0].story)
    engine.dispose()
    assert story is not None
    assert len(story.publishers) == 5
    assert rounds[0].note is not None
    assert "$42 million" in " ".join(sentence.text for sentence in rounds[0].note.sentences)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Marlowe", "the news is about Marlowe Mining"),
        ("Atlas", "the news is about Atlas Copper"),
        ("Mosaic Learning", "a Roman mosaic is no company; the launch is older than its window"),
        ("Quillstone Press", "nothing was said about it"),
        ("Thornbury Ventures", "a fund that closes its own fund raised nothing for itself"),
        ("Elmcroft Dental Group", "an undated entry of a first poll is kept, and is no trigger"),
    ],
)
def test_a_trap_gives_no_reason_to_call(opened: dict[str, list[Trigger]], name: str, why: str) -> None:
    kinds = {trigger.kind for trigger in opened[name]} - {"product_launch"}
    assert not kinds, why


def test_a_denied_rumour_holds_no_account_up(
    shown: tuple[Path, list[Written]], opened: dict[str, list[Trigger]]
) -> None:
    assert named(shown[0])["Halden Robotics"].stage is Stage.COLD
    assert not [trigger for trigger in opened["Halden Robotics"] if trigger.polarity != "suppress"]


def test_old_news_is_no_reason(opened: dict[str, list[Trigger]]) -> None:
    assert not [trigger for trigger in opened["Pinefield Logistics"] if trigger.kind == "acquires"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Norvik Labs", "funding_early"),
        ("Lumenforge", "funding_seed"),
        ("Vellmar Cloud", "funding_growth"),
        ("Meridian Freight Systems", "exec_hire"),
        ("Copperwheel Mobility", "acquires"),
        ("Pelagia Shipping", "new_office_or_market"),
        ("Falcon Ridge Insurance", "ipo_filing"),
        ("Driftwood Games", "layoffs"),
        ("Tesselwork Semiconductors", "partnership"),
    ],
)
def test_what_happened_is_named_for_the_account_it_happened_to(
    opened: dict[str, list[Trigger]], name: str, kind: str
) -> None:
    assert kind in {trigger.kind for trigger in opened[name]}


def test_a_disclosed_complaint_makes_its_account_hot(shown: tuple[Path, list[Written]]) -> None:
    assert named(shown[0])["Tamarind Health"].stage is Stage.HOT


def test_polling_the_demo_again_finds_nothing_new(shown: tuple[Path, list[Written]]) -> None:
    workspace, first = shown
    with demo.serving(workspace):
        again = poll_once(load(workspace), [each.source for each in first])
    assert len(again) == len(first)
    assert sum(each.new + each.revised + each.triggers for each in again) == 0


def test_the_mark_says_when_it_was_made_and_where_it_is_served(shown: tuple[Path, list[Written]]) -> None:
    mark = json.loads((shown[0] / "demo.json").read_text())
    assert datetime.fromisoformat(mark["made_at"]) == NOW
    assert NOW.tzinfo is UTC
    assert 1024 < mark["port"] < 65536

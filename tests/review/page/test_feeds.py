"""Feeds: an address that shows one view to whoever holds it, and nothing else to anybody."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import feedparser
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import update

from earmark import logs
from review.feeds import Entry, Feed, as_atom, as_json, tag_of
from storage import tables, tokens
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team


def a_feed(page: Served, query: str = "", **form: str) -> str:
    """Make a feed and return the path of its address, without the ending."""
    answer = page.post("/feeds", {"query": query, **form})
    assert answer.status_code == 200, answer.text
    found = re.search(r'value="([^"]+/feed/[^"]+)\.atom"', answer.text)
    assert found
    return urlsplit(found[1]).path


def test_a_reader_reads_a_view_by_its_address_alone(page: Served, stranger: httpx.Client) -> None:
    path = a_feed(page, name="Mornings")
    answer = stranger.get(f"{path}.atom")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/atom+xml")
    read = feedparser.parse(answer.content)
    assert not read.bozo
    assert read.feed.title == "Mornings · earmark"
    assert len(read.entries) > 10
    assert any("Lumenforge" in entry.title for entry in read.entries)
    assert all("/triggers/" in entry.link for entry in read.entries)
    assert all(entry.id.startswith("urn:earmark:trigger:") for entry in read.entries)


def test_both_forms_hold_the_same(page: Served, stranger: httpx.Client) -> None:
    path = a_feed(page)
    atom = feedparser.parse(stranger.get(f"{path}.atom").content)
    plain = json.loads(stranger.get(f"{path}.json").content)
    assert plain["version"] == "https://jsonfeed.org/version/1.1"
    assert [one["id"] for one in plain["items"]] == [one.id.rpartition(":")[2] for one in atom.entries]
    assert [one["title"] for one in plain["items"]] == [one.title for one in atom.entries]


def test_a_view_narrows_its_feed(page: Served, stranger: httpx.Client) -> None:
    whole = stranger.get(f"{a_feed(page)}.json").json()["items"]
    part = stranger.get(f"{a_feed(page, '?kind=funding_early')}.json").json()["items"]
    assert 0 < len(part) < len(whole)


def test_who_knows_it_is_told_that_nothing_changed(
    page: Served, stranger: httpx.Client, engine: Engine
) -> None:
    path = a_feed(page)
    first = stranger.get(f"{path}.atom")
    again = stranger.get(f"{path}.atom", headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    with writing(engine) as connection:
        connection.execute(update(tables.triggers).values(state="dismissed"))
    assert stranger.get(f"{path}.atom", headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_a_revoked_feed_shows_nothing(page: Served, stranger: httpx.Client, engine: Engine) -> None:
    path = a_feed(page)
    with reading(engine) as connection:
        (token,) = tokens.of_user(connection, "owner", "feed")
    assert page.post(f"/feeds/{token.id}/revoke").status_code == 303
    assert stranger.get(f"{path}.atom").status_code == 404
    assert "None yet" in page.get("/feeds").text


@pytest.mark.parametrize("path", ["/feed/x.atom", "/feed/.json", "/feed/earmark_feed_x.json", "/feed/x.exe"])
def test_an_address_that_was_guessed_shows_nothing(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code in {404, 422}


def test_an_address_does_not_come_into_the_log(
    page: Served, stranger: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = a_feed(page)

    def broken(*_: Any) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("review.page.feeds.as_atom", broken)
    assert stranger.get(f"{path}.atom").status_code == 500
    record = next(one for one in caplog.records if one.name == "review.page.app")
    shown = logs.KeyValueLines().format(record)
    assert "/feed/" in shown
    assert path.rpartition("/")[2] not in shown


def test_the_address_is_shown_once(page: Served) -> None:
    path = a_feed(page)
    assert path not in page.get("/feeds").text


def test_a_feed_shows_no_more_than_its_owner_may_see(stranger: httpx.Client, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as connection:
        connection.execute(update(tables.accounts).values(owner="somebody else"))
        _, secret = tokens.create(connection, purpose="feed", user="rea", name="Mine", at=NOW, query="")
    items = stranger.get(f"/feed/{secret}.json").json()["items"]
    with reading(engine) as connection:
        alone = {row.id for row in connection.execute(tables.triggers.select()) if row.account is None}
    assert {one["id"] for one in items} <= alone
    with writing(engine) as connection:
        connection.execute(update(tables.users).where(tables.users.c.id == "rea").values(disabled_at=NOW))
    assert stranger.get(f"/feed/{secret}.json").status_code == 404


def test_a_token_of_another_purpose_is_no_address(stranger: httpx.Client, engine: Engine) -> None:
    with writing(engine) as connection:
        _, secret = tokens.create(connection, purpose="api", user="owner", name="x", at=NOW, scopes=["read"])
    assert stranger.get(f"/feed/{secret}.json").status_code == 404


def test_a_view_that_can_not_be_is_refused(page: Served, engine: Engine) -> None:
    answer = page.post("/feeds", {"query": "state=nonsense"})
    assert answer.status_code == 422
    with reading(engine) as connection:
        assert tokens.of_user(connection, "owner", "feed") == []


def test_whatever_was_fetched_is_text_in_a_feed(page: Served, stranger: httpx.Client, engine: Engine) -> None:
    hostile = "<script>alert(1)</script>\u202e ]]> &amp; \x07"
    with writing(engine) as connection:
        connection.execute(update(tables.accounts).values(name=hostile))
        connection.execute(update(tables.events).values(title=hostile, author=hostile, publisher=hostile))
    path = a_feed(page)
    read = feedparser.parse(stranger.get(f"{path}.atom").content)
    assert not read.bozo
    assert read.entries
    assert "\u202e" not in stranger.get(f"{path}.json").text


@given(some.text(max_size=300))
def test_any_text_makes_a_feed_that_is_read_back(text: str) -> None:
    from review.feeds import _lines, _plain  # noqa: PLC0415 - what an entry is made with

    entry = Entry(
        id="one",
        title=_plain(text, 300),
        url="https://earmark.team.example/triggers/one",
        source=None,
        published_at=NOW,
        text=_lines(text),
        html=_lines(text),
        kind="funding",
    )
    feed = Feed(title="T", page="https://earmark.team.example/", id="f", updated_at=NOW, entries=(entry,))
    read = feedparser.parse(as_atom(feed))
    assert not read.bozo, (text, read.bozo_exception)
    assert len(read.entries) == 1
    assert json.loads(as_json(feed))["items"][0]["title"] == entry.title
    assert tag_of(as_atom(feed)) == tag_of(as_atom(feed))

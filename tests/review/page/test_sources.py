"""The sources on the page: over the demo's feeds, which are served on this machine."""

import asyncio
import html
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from earmark.config import Settings
from earmark.contract import Page
from earmark.errors import EarmarkError, SourceUnavailable
from earmark.types import Action, Judgement, Mark, Verdict
from monitors.discover import Scout
from review.acting import carry_out
from review.page import outward as visits
from review.page import scouting as rooms
from storage import audit, events, judgements, polls, stories, triggers, workers
from storage.engine import Engine, reading, writing
from storage.polls import Finished
from tests.builders import NOW, a_stored_event
from tests.review.page.served import Served
from tests.review.page.team import a_team, csrf_of, entered
from tests.review.page.walk import dump

T = TypeVar("T")

KEY = "0123456789abcdef0123456789abcdef"


def text_of(markup: str) -> str:
    """Return what a person reads: without tags, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def ids_of(markup: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/sources/of/([^"]+)"', markup)


def fail(engine: Engine, source: str, error: str = "It did not answer within 20 s.") -> None:
    with writing(engine) as connection:
        again = NOW + timedelta(minutes=40)
        polls.finish(
            connection,
            [
                Finished(
                    source=source,
                    started_at=NOW,
                    finished_at=NOW,
                    outcome="unavailable",
                    error=error,
                    failures=3,
                    next_poll_at=again,
                )
            ],
        )


def configured(engine: Engine, source: str) -> polls.Configured:
    with reading(engine) as connection:
        found = polls.get(connection, source)
    assert found is not None
    return found


def test_what_wants_a_person_stands_first_in_plain_words(page: Served, engine: Engine) -> None:
    fail(engine, "market-wire")
    with writing(engine) as connection:
        polls.pause(connection, "deal-ledger", "deal-ledger.example answered 410 Gone.")
        polls.set_enabled(connection, "city-business", enabled=False)
    shown = page.get("/sources").text
    ids = ids_of(shown)
    assert ids[:2] == ["deal-ledger", "market-wire"]
    assert ids[-1] == "city-business"
    told = text_of(shown)
    assert "deal-ledger.example answered 410 Gone. It is not asked again" in told
    assert "Failed 3 times in a row" in told
    assert "Paused by a person" in told
    assert "stopped 1" in told
    assert ids_of(page.get("/sources?state=failing").text) == ["market-wire"]


def test_the_list_says_how_much_each_brings_a_day_and_what_of_it_is_acted_on(
    page: Served, engine: Engine
) -> None:
    with reading(engine) as connection:
        [one] = triggers.find(connection, kind="hiring_role", limit=1)  # all of them are from there
    carry_out(engine, Action(verb="accept", by="ada", trigger=one.id), now=NOW, zone=UTC)
    row = page.get("/sources?q=norvik-careers").text.partition("<tbody>")[2]
    assert re.search(r'data-l="New a day">4\.0<', row)
    assert "25 % of 4" in text_of(row)
    assert "25 %: 1 of 4 triggers it told first" in text_of(page.get("/sources/of/norvik-careers").text)


def test_a_place_that_is_watched_already_is_named_when_it_is_added_again(
    page: Served, engine: Engine
) -> None:
    url = configured(engine, "city-business").options["url"]
    page.post("/sources/add", {"kind": "feed", "o.url": url})
    assert "city-business watches the same place already" in text_of(page.get("/sources").text)
    for _ in range(2):
        page.post("/sources/add", {"kind": "hackernews", "o.queries": "month-end close"})
    assert "hackernews watches the same place already" in text_of(page.get("/sources").text)


def test_a_page_that_nobody_polls_for_says_so_until_a_monitor_lives(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        workers.forget(connection, NOW, after=timedelta(days=-9999))
    assert "Nothing polls now" in page.get("/sources").text
    with writing(engine) as connection:
        workers.begin(connection, "w", "box", 1, workers.clock(connection))
    assert "Nothing polls now" not in page.get("/sources").text


def test_when_the_monitor_ended_is_told_by_the_clock_that_it_lives_by(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        workers.forget(connection, NOW, after=timedelta(days=-9999))
        at = workers.clock(connection)
        workers.begin(connection, "w", "box", 1, at - timedelta(hours=3, minutes=5))
    shown = page.get("/sources").text
    assert re.search(r"Nothing polls now: the monitor ended <time[^>]*>3 h ago<", shown), "not by the page's"


def test_sources_are_found_by_words_and_kind_and_an_empty_answer_leads_back(page: Served) -> None:
    assert ids_of(page.get("/sources", params={"q": "FORUM ops"}).text) == ["finance-ops-forum"]
    assert ids_of(page.get("/sources", params={"kind": "reddit"}).text) == []
    nothing = page.get("/sources", params={"q": "100%_x"})
    assert "No source is like that." in nothing.text
    assert 'href="/sources">Show all' in nothing.text


def test_every_source_stands_on_one_page_of_many(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        for number in range(120):
            polls.add(connection, f"more-{number:03}", "feed", {"url": f"https://h{number}.example/"}, NOW)
        for number in range(0, 120, 7):
            polls.pause(connection, f"more-{number:03}", "gone")
        everything = sorted(one.id for one in polls.every(connection))
    seen: list[str] = []
    path = "/sources"
    while path:
        shown = page.get(path).text
        seen += ids_of(shown)
        following = re.search(r'class="button" href="([^"]+)">More', shown)
        path = html.unescape(following[1]) if following else ""
    assert sorted(seen) == everything
    assert all(name.startswith("more-") for name in seen[:18])


def test_a_page_that_is_just_full_leads_to_no_empty_one(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        for number in range(50 - len(polls.every(connection))):
            polls.add(connection, f"more-{number:03}", "feed", {"url": f"https://h{number}.example/"}, NOW)
    shown = page.get("/sources").text
    assert len(ids_of(shown)) == 50
    assert 'class="button" href="/sources?' not in shown


@pytest.mark.parametrize("after", ["x", "99999999999999999999|y", "1|", "|"])
def test_a_cut_address_is_told_or_gives_a_page(page: Served, after: str) -> None:
    answer = page.get("/sources", params={"after": after})
    assert answer.status_code in {200, 422}
    assert "bug" not in answer.text


def test_a_workspace_without_sources_says_what_to_do(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        for one in polls.every(connection):
            polls.remove(connection, one.id)
    told = page.get("/sources").text
    assert "Nothing is watched yet." in told
    assert 'href="/sources/discover"' in told


def test_one_source_shows_its_pace_polls_and_events_with_safe_links(page: Served, engine: Engine) -> None:
    hostile = a_stored_event(
        "<script>alert(1)</script>\u202eevil",
        id="hostile",
        source="meridian-newsroom",
        external_id="hostile",
        url="javascript:alert(1)",
        mark=Mark.LIVE,
    )
    with writing(engine) as connection:
        events.insert(connection, [hostile])
    shown = page.get("/sources/of/meridian-newsroom").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;evil" in shown
    assert "javascript:" not in shown
    assert "Ingrid Maas joins as chief financial officer" in shown
    assert 'rel="noopener noreferrer" target="_blank"' in shown
    told = text_of(shown)
    assert "meridianfreight.example" in told
    assert "because it has news about once in" in told
    assert page.get("/sources/of/nowhere").status_code == 404


def test_a_test_shows_what_it_would_bring_and_stores_nothing(page: Served, engine: Engine) -> None:
    before = dump(engine)
    shown = page.post("/sources/test", {"source": "meridian-newsroom"})
    assert shown.status_code == 200
    assert "Nothing was stored." in shown.text
    assert "Ingrid Maas joins as chief financial officer" in shown.text
    assert dump(engine) == before


def test_a_test_of_what_does_not_answer_says_why(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        polls.add(connection, "gone", "feed", {"url": "http://127.0.0.1:9/feed"}, NOW)
    shown = page.post("/sources/test", {"source": "gone"})
    assert shown.status_code == 200
    assert "It could not be read." in shown.text


def test_visits_are_few_at_a_time_and_the_next_one_is_told_to_wait(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "_room", threading.BoundedSemaphore(1))
    with visits._room:
        answer = page.post("/sources/test", {"source": "deal-ledger"})
        assert answer.status_code == 422
        assert "Try again in a few seconds" in answer.text
        assert page.get("/sources").status_code == 200
    assert page.post("/sources/test", {"source": "deal-ledger"}).status_code == 200


def test_a_visit_that_takes_too_long_is_given_up() -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(EarmarkError, match="took longer than 0 seconds"):
        visits.outward(never(), longest=timedelta(milliseconds=20))


def test_pausing_resuming_and_removing_are_told_and_written_down(page: Served, engine: Engine) -> None:
    with reading(engine) as connection:
        held = len(events.find(connection, source="deal-ledger", limit=1_000))
    assert held
    answer = page.post("/sources/pause", {"source": "deal-ledger", "back": "/sources?state=ok"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources?state=ok")
    assert not configured(engine, "deal-ledger").enabled
    page.post("/sources/resume", {"source": "deal-ledger"})
    assert configured(engine, "deal-ledger").enabled
    page.post("/sources/remove", {"source": "deal-ledger"})
    assert "deal-ledger is removed" in page.get("/sources").text
    with reading(engine) as connection:
        assert polls.get(connection, "deal-ledger") is None
        assert len(events.find(connection, source="deal-ledger", limit=1_000)) == held
        done = [(one.verb, one.subject, one.by) for one in audit.recent(connection)]
    verbs = ["source.remove", "source.resume", "source.pause"]
    assert done[:3] == [(verb, "deal-ledger", "owner") for verb in verbs]


def test_polling_now_makes_it_due_unless_it_is_paused(page: Served, engine: Engine) -> None:
    assert configured(engine, "deal-ledger").next_poll_at > NOW
    page.post("/sources/poll", {"source": "deal-ledger"})
    assert configured(engine, "deal-ledger").next_poll_at == NOW
    page.post("/sources/pause", {"source": "market-wire"})
    page.post("/sources/poll", {"source": "market-wire"})
    assert "Resume it first." in page.get("/sources").text
    assert configured(engine, "market-wire").next_poll_at > NOW


def test_a_source_is_tried_and_added_by_the_form_of_its_kind(page: Served, engine: Engine) -> None:
    url = str(configured(engine, "deal-ledger").options["url"])
    form = {
        "kind": "feed",
        "name": "deals-again",
        "o.url": url,
        "o.include": "round\nraises",
        "o.every": "2h",
    }
    form |= {"o.trust": "1.0", "o.backfill": "30d"}
    before = dump(engine)
    tried = page.post("/sources/add", {**form, "do": "try"})
    assert "What it tells now" in tried.text
    assert 'value="deals-again"' in tried.text
    assert url in tried.text
    assert dump(engine) == before
    added = page.post("/sources/add", {**form, "do": "add"})
    assert added.headers["location"] == "/sources/of/deals-again"
    expected = {"url": url, "include": ["round", "raises"], "every": 7200}
    assert configured(engine, "deals-again").options == expected


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "feed", "o.url": "not an address"}, "Option 'url' of source kind 'feed' can't be used"),
        ({"kind": "feed"}, "Option 'url' of source kind 'feed' is missing"),
        ({"kind": "bluesky", "o.identifier": "a", "o.queries": "b", "o.app_password": "hunter2"}, "env:NAME"),
        ({"kind": "feed", "o.url": "https://a.example/", "o.trust": "a lot"}, "Write a number"),
        (
            {"kind": "feed", "o.url": "https://a.example/", "name": "deal-ledger"},
            "There is a source 'deal-ledger' already",
        ),
    ],
)
def test_a_refused_form_comes_back_with_what_was_typed(page: Served, form: dict[str, str], said: str) -> None:
    answer = page.post("/sources/add", {**form, "o.language": "typed-by-hand"})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert 'value="typed-by-hand"' in answer.text


def test_an_unknown_kind_is_told_with_the_nearest(page: Served) -> None:
    answer = page.get("/sources/add", params={"kind": "redit"})
    assert answer.status_code == 422
    assert "Did you mean &#39;reddit&#39;?" in answer.text


def test_another_address_begins_anew_and_another_pace_does_not(page: Served, engine: Engine) -> None:
    known = configured(engine, "deal-ledger")
    url = str(known.options["url"])
    page.post("/sources/edit", {"source": "deal-ledger", "o.url": url, "o.every": "2h"})
    paced = configured(engine, "deal-ledger")
    assert paced.options == {"url": url, "every": 7200}
    assert paced.first_polled_at == known.first_polled_at
    page.post("/sources/edit", {"source": "deal-ledger", "o.url": "https://other.example/f", "o.every": "2h"})
    other = configured(engine, "deal-ledger")
    assert (other.first_polled_at, other.last_ok_at, dict(other.pages), dict(other.state)) == (
        None,
        None,
        {},
        {},
    )
    assert other.next_poll_at == NOW
    page.post("/sources/edit", {"source": "deal-ledger", "o.url": "https://other.example/f", "o.every": "2h"})
    assert "Nothing was changed." in page.get("/sources").text


def test_a_key_within_an_address_is_shown_nowhere_and_survives_an_edit(page: Served, engine: Engine) -> None:
    options = {"url": f"https://a.example/feeds/{KEY}/7"}
    with writing(engine) as connection:
        polls.add(connection, "alert", "google_alerts", options, NOW)
        polls.add(connection, "secretive", "feed", options, NOW)
    for path in ("/sources", "/sources/of/alert", "/sources/of/secretive", "/sources/edit?source=alert"):
        assert KEY not in page.get(path).text
    assert KEY not in page.get("/sources/edit?source=secretive").text
    for name in ("alert", "secretive"):
        page.post("/sources/edit", {"source": name, "o.url": "", "o.every": "3h"})
        assert configured(engine, name).options == options | {"every": 10800}


def test_lists_of_feeds_come_in_and_go_out(page: Served, engine: Engine) -> None:
    exported = page.get("/sources/feeds.opml")
    assert "attachment" in exported.headers["content-disposition"]
    again = page.post("/sources/import", files={"file": ("feeds.opml", exported.content)})
    assert again.status_code == 303
    with reading(engine) as connection:
        assert len(polls.every(connection)) == 13
    new = exported.content.replace(b"deal-ledger.json", b"another.json")
    page.post("/sources/import", files={"file": ("feeds.opml", new)})
    assert "1 added; 12 watched already." in text_of(page.get("/sources").text)
    refused = page.post("/sources/import", files={"file": ("notes.txt", b"hello")})
    assert refused.status_code == 422
    assert "notes.txt is no OPML file" in refused.text


def test_a_source_whose_reasons_are_thrown_away_is_proposed_to_be_muted(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        found = triggers.find(connection, limit=None)
        told = {one.id: stories.get(connection, one.story) for one in found}
        mine = [
            name
            for name, story in told.items()
            if story and any(match.event.source == "market-wire" for match in story.matches)
        ]
        verdicts = [Verdict.OFF_TOPIC, Verdict.OFF_TOPIC, Verdict.GOOD, Verdict.GOOD, Verdict.TOO_OLD]
        judgements.save(
            connection,
            [
                Judgement(id=f"verdict-{place}", trigger=name, verdict=verdict, by="ada", at=NOW, text="")
                for place, (name, verdict) in enumerate(zip(mine, verdicts, strict=False))
            ],
        )
        assert len(mine) >= len(verdicts)
    shown = page.get("/sources/of/market-wire").text
    assert "3 of 5 verdicts on what it tells were bad (60 %)." in text_of(shown)
    trust = re.search(r'name="trust" value="([^"]+)"', shown)
    assert trust is not None
    page.post("/sources/believe", {"source": "market-wire", "trust": trust[1]})
    after = configured(engine, "market-wire")
    assert after.options["trust"] == float(trust[1]) == 0.4
    assert after.first_polled_at is not None
    assert "verdicts on what it tells were bad" not in page.get("/sources/of/deal-ledger").text


FOUND = {
    "https://meridianfreight.example/": "<html><body><a href='https://jobs.lever.co/meridian'>Jobs</a></body></html>",
    "https://api.lever.co/v0/postings/meridian?mode=json&limit=1": "[]",
}


def test_an_accounts_own_sources_are_found_and_added(
    page: Served, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(url: str) -> Page:
        if url not in FOUND:
            raise SourceUnavailable(f"{url} was not found.", status=404)
        return Page(url=url, status=200, headers={}, body=FOUND[url].encode())

    async def run(function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    @asynccontextmanager
    async def scouting(_: Settings, now: datetime) -> AsyncIterator[Scout]:
        yield Scout(ask, run, now)

    monkeypatch.setattr(rooms, "scouting", scouting)
    shown = page.post("/sources/discover", {"account": "meridianfreight.example"}).text
    [name] = re.findall(r'name="pick" value="([^"]+)"', shown)
    assert "lever" in text_of(shown).lower()
    with reading(engine) as connection:
        account = page.get("/sources/discover", params={"account": "Meridian Freight"})
        assert account.status_code == 200
    chosen = re.search(r'name="account" value="([^"]+)"', shown)
    assert chosen is not None
    page.post("/sources/discover/add", {"account": chosen[1], "pick": name})
    assert configured(engine, name).kind == "jobs"
    page.post("/sources/discover/add", {"account": chosen[1], "pick": name})
    with reading(engine) as connection:
        assert sum(one.kind == "jobs" for one in polls.every(connection)) == 1
    nobody = page.post("/sources/discover", {"account": "nobody at all"})
    assert nobody.status_code == 422
    assert "No account matches" in nobody.text


def test_only_an_admin_changes_sources_and_all_may_look(page: Served, engine: Engine) -> None:
    a_team(engine)
    for name in ("max", "rea", "ron"):
        with entered(page, name) as client:
            shown = client.get("/sources")
            assert shown.status_code == 200
            assert "/sources/pause" not in shown.text
            assert "/sources/pause" not in client.get("/sources/of/deal-ledger").text
            for path in ("pause", "resume", "poll", "test", "remove", "edit", "believe"):
                form = {"csrf": csrf_of(client), "source": "deal-ledger", "trust": "0.1"}
                assert client.post(f"/sources/{path}", data=form).status_code == 403
            assert client.get("/sources/add").status_code == 403
    assert configured(engine, "deal-ledger").enabled
    with entered(page, "ada") as client:
        form = {"csrf": csrf_of(client), "source": "deal-ledger"}
        assert client.post("/sources/pause", data=form).status_code == 303
    assert not configured(engine, "deal-ledger").enabled


def test_the_kinds_are_shown_with_what_they_need(page: Served) -> None:
    told = text_of(page.get("/sources/kinds").text)
    assert "Needs an app password of a Bluesky account" in told
    assert page.get("/sources/kinds").text.count("<h2>") >= 28

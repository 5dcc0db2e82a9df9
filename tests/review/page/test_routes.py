"""A walk over all routes of the page: who adds one need not come here, it is found."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from earmark.types import Account
from review.page.keys import page_token
from review.page.viewer import OWNER, Role, Viewer
from storage import accounts, audit, polls, sessions, targets, tokens, users
from storage.audit import Deed
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team, browser, csrf_of, entered
from tests.review.page.walk import Place, dump, fetched, places, values_of

pytestmark = pytest.mark.slow  # each walk asks for every route of the page

OPEN = ("/enter", "/login", "/unsubscribe/", "/feed/")
"""What a stranger may ask for: the way in, and what a secret in the path opens."""
OF_SELF = ("/logout", "/settings/preferences", "/settings/password", "/settings/tokens/", "/digest", "/feeds")
"""What somebody may change who may only look: what is their own."""
API = "/api/"
SECRETS = {
    "address": "https://alerts.norvik.example/feeds/07713/s3cr3t-capability",
    "hook": "T0PSECRETHOOK",
    "variable": "v4lue-0f-a-variable",
}
STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
UNSEEN = re.compile(r'<option value="[^"]*"|<input type="(hidden|checkbox|radio)"[^>]*>')
"""What a form gives back as it was given, and nobody sees."""
HOSTILE = 'Lumenforge "><script>alert(1)</script><img src=x onerror=alert(2)>\u202eevil\u200b\ufeff\x00🚀'


def walk(page: Served, engine: Engine, account: str | None = None) -> list[Place]:
    found = places(page.app, values_of(engine, account))
    assert len(found) > 20
    assert {"/", "/login", "/settings"} <= {place.declared for place in found}
    return found


def is_open(place: Place) -> bool:
    return place.path.startswith(OPEN)


def changing(found: list[Place]) -> list[Place]:
    return [each for each in found if each.method != "GET" and not is_open(each)]


def looking(found: list[Place]) -> list[Place]:
    return [each for each in found if each.method == "GET"]


@pytest.mark.parametrize("is_team", [False, True], ids=["alone", "team"])
def test_a_stranger_is_refused_everywhere(page: Served, engine: Engine, is_team: bool) -> None:  # noqa: FBT001
    if is_team:
        a_team(engine)
    with browser(page) as client:
        for place in walk(page, engine):
            answer = fetched(client, place)
            assert "Lumenforge" not in answer.text, place
            if not is_open(place):
                assert answer.status_code == 401, place


def test_a_stranger_changes_nothing(page: Served, engine: Engine) -> None:
    a_team(engine)
    before = dump(engine)
    with browser(page) as client:
        for place in walk(page, engine):
            fetched(client, place)
    assert dump(engine) == before


def test_looking_never_writes(page: Served, engine: Engine) -> None:
    with writing(engine) as conn:
        tokens.create(conn, purpose="api", user=OWNER.id, name="n8n", at=NOW, scopes=["read"])
        users.prefer(conn, OWNER.id, {"theme": "dark"}, NOW)
    before = dump(engine)
    for place in looking(walk(page, engine)):
        answer = fetched(page.client, place)
        assert answer.status_code < 500, (place, answer.text[-500:])
    assert dump(engine) == before


def test_a_form_without_our_word_is_refused_everywhere(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        before = dump(engine)
        for place in changing(walk(page, engine)):
            expected = 401 if place.path.startswith(API) else 403
            for form in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
                assert fetched(client, place, data=form).status_code == expected, place
    assert dump(engine) == before


def test_a_form_of_another_site_is_refused_everywhere(page: Served, engine: Engine) -> None:
    csrf = page.csrf if 'name="csrf"' in page.get("/").text else csrf_of(page.client)
    before = dump(engine)
    for place in changing(walk(page, engine)):
        expected = 401 if place.path.startswith(API) else 403  # there a cookie opens nothing
        for origin in ("https://evil.example", "null", "http://[", f"{page.url}.evil.example"):
            answer = fetched(page.client, place, data={"csrf": csrf}, headers={"origin": origin})
            assert answer.status_code == expected, place
        assert fetched(page.client, place, data={"csrf": csrf}).status_code == expected, place
    assert dump(engine) == before


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example"])
def test_no_route_answers_for_another_host(page: Served, engine: Engine, host: str) -> None:
    for place in walk(page, engine):
        assert fetched(page.client, place, headers={"host": host}).status_code == 403, place
    assert page.get("/static/page.css", headers={"host": host}).status_code == 403


def test_every_answer_carries_the_headers_that_bind_a_browser(page: Served, engine: Engine) -> None:
    for place in looking(walk(page, engine)):
        headers = fetched(page.client, place).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, place
        assert "frame-ancestors 'none'" in policy, place
        assert "unsafe" not in policy, place
        assert headers["x-content-type-options"] == "nosniff", place
        assert headers["referrer-policy"] == "same-origin", place
        assert "server" not in headers or "uvicorn" in headers["server"], place


def test_no_page_holds_script_style_or_handlers_of_its_own(page: Served, engine: Engine) -> None:
    for place in looking(walk(page, engine)):
        answer = fetched(page.client, place)
        if answer.headers.get("content-type", "").startswith("text/html"):
            bare = re.sub(r'<script [^>]*src="/static/[^"]+"[^>]*></script>', "", answer.text)
            assert "<script" not in bare, place
            assert "<style" not in bare, place
            assert not re.search(r"<[^>]*\s(style|on\w+)=", bare), place
            assert not re.search(r'(src|href)="(?!/|#|\?|data:,|https?://[^"]+" [^>]*rel="noopener)', bare), (
                place
            )


def test_who_may_only_look_is_refused_every_change(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ron") as client:
        form = {"csrf": csrf_of(client)}
        before = dump(engine)
        for place in changing(walk(page, engine)):
            if not place.path.startswith((*OF_SELF, API)):
                assert fetched(client, place, data=form).status_code == 403, place
        assert dump(engine) == before


def test_an_account_beyond_the_territory_of_a_rep_is_nowhere(page: Served, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as conn:
        listed = list(accounts.every(conn).values())
        accounts.upsert(
            conn, [changed(each, owner="rea" if each is listed[0] else "somebody else") for each in listed]
        )
        owned = [each for each in accounts.every(conn).values() if each.owner != "rea"]
    theirs = next(each.id for each in owned if has_trigger(engine, each.id))
    with entered(page, "rea") as client:
        found = [each for each in looking(walk(page, engine, theirs)) if not is_open(each)]
        for place in found:
            if "{account_id" in place.declared or "{trigger_id" in place.declared:
                assert fetched(client, place).status_code in {404} | (
                    {401} if API in place.path else set()
                ), place
        for place in looking(walk(page, engine, listed[0].id)):
            text = fetched(client, place).text
            names = {each.name for each in owned} - {"Norvik Labs"}  # the sample on which plays are tried
            assert not [name for name in names if re.search(rf"{name}(?! Mining)", text)], place


def test_a_rep_changes_nothing_beyond_their_territory(page: Served, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as conn:
        listed = list(accounts.every(conn).values())
        accounts.upsert(conn, [changed(each, owner="somebody else") for each in listed])
    theirs = next(each.id for each in listed if has_trigger(engine, each.id))
    held = values_of(engine, theirs)
    form = {"trigger": held["trigger_id"], "account": theirs, "event": "1", "own": "1", "role": "admin"}
    with entered(page, "rea") as client:
        form["csrf"] = csrf_of(client)
        before = dump(engine)
        for place in changing(walk(page, engine, theirs)):
            if not place.path.startswith((*OF_SELF, API)):
                fetched(client, place, data=form)
        for deed in ("accept", "dismiss off_topic", "assign rea", "snooze 5d", "contacted call", "remark"):
            fetched(client, Place(method="POST", declared="/act", path="/act"), data={**form, "verb": deed})
        after = dump(engine)
    kept = ("accounts", "triggers", "actions", "judgements", "transitions", "users", "rulebook", "outbox")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_the_token_that_opens_a_page_stands_in_none(page: Served, workspace: Path, engine: Engine) -> None:
    token = page_token(workspace)
    for place in looking(walk(page, engine)):
        assert token not in fetched(page.client, place).text, place


def test_no_page_shows_a_secret(page: Served, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORVIK_HOOK", SECRETS["hook"])
    monkeypatch.setenv("NORVIK_TOKEN", SECRETS["variable"])
    with writing(engine) as conn:
        polls.add(conn, "alerts", "google_alerts", {"url": SECRETS["address"]}, NOW)
        targets.add(conn, "chat", "webhook", {"url": "env:NORVIK_HOOK", "secret": "env:NORVIK_TOKEN"}, NOW)
        _, secret = tokens.create(conn, purpose="api", user="ada", name="n8n", at=NOW, scopes=["read"])
    a_team(engine)
    with reading(engine) as conn:
        hashes = [users.password_of(conn, each.id) or "" for each in users.every(conn)]
    with entered(page, "ada") as client:
        own = client.cookies[page.cookie]
        hidden = [*SECRETS.values(), "s3cr3t-capability", secret, *hashes, own]
        asked = looking(walk(page, engine))
        more = [
            Place(method="GET", declared=path, path=path) for path in ("/sources/alerts", "/exports/chat")
        ]
        for place in [*asked, *more]:
            text = fetched(client, place).text
            assert not [each for each in hidden if each in text], place


def test_hostile_names_are_text_on_every_page(page: Served, engine: Engine) -> None:
    a_team(engine, max={"name": HOSTILE.replace("\x00", "")})
    with writing(engine) as conn:
        [first, *_] = [each for each in accounts.every(conn).values() if each.name.startswith("Lumenforge")]
        accounts.upsert(
            conn, [changed(first, name=HOSTILE, owner=HOSTILE, aliases=(HOSTILE,), industry=HOSTILE)]
        )
        audit.record(conn, Deed(at=NOW, by=HOSTILE, verb="user.add", subject=HOSTILE, text=HOSTILE * 20_000))
        tokens.create(conn, purpose="api", user="ada", name=HOSTILE, at=NOW, scopes=["read"])
        sessions.begin(conn, "max", NOW)
    seen, wrong = 0, list[str]()
    with entered(page, "ada") as client:
        for place in looking(walk(page, engine, first.id)):
            answer = fetched(client, place)
            assert answer.status_code < 500, place
            assert len(answer.content) < 500_000, place
            if answer.headers.get("content-type", "").startswith("text/html"):
                shown = UNSEEN.sub("", answer.text)
                wrong += [f"{place}: {shown[max(0, at - 80) : at + 9]!r}" for at in ran(shown)]
                seen += "&lt;script&gt;alert(1)" in answer.text
    assert not wrong, "\n".join(wrong)
    assert seen >= 3, "the names were shown, as text"


def ran(text: str) -> list[int]:
    """Return where a page holds what a browser would run, or what turns or hides the text around it."""
    return [found.start() for found in re.finditer("<script>alert|<img src=x", text)] + [
        found.start() for found in STEERING.finditer(text)
    ]


def test_the_order_of_roles_is_kept(page: Served, engine: Engine) -> None:
    a_team(engine)
    opened = {}
    for name in ("ada", "max", "rea", "ron"):
        with entered(page, name) as client:
            opened[name] = {
                place.path
                for place in looking(walk(page, engine))
                if fetched(client, place).status_code == 200
            }
    assert opened["ada"] >= opened["max"] >= opened["ron"]
    assert "/settings/users" in opened["ada"] - opened["max"]
    assert "/settings/log" in opened["max"] - opened["rea"]
    assert {"/", "/settings", "/settings/tokens"} <= opened["ron"] & opened["rea"]


def test_a_path_that_is_none_is_told_in_words(page: Served, stranger: httpx.Client) -> None:
    answer = page.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "Not Found" not in answer.text
    assert stranger.get("/nowhere").status_code == 404


def test_an_application_says_what_a_viewer_may() -> None:
    roles = [Viewer(id="x", name="x", role=role) for role in Role]
    assert [[viewer.may(role) for role in Role] for viewer in roles] == [
        [number <= other for other in range(4)] for number in range(4)
    ]


def changed(account: Account, **changes: Any) -> Account:
    return replace(account, **changes)


def has_trigger(engine: Engine, account: str) -> bool:
    return values_of(engine, account)["trigger_id"] != "1"

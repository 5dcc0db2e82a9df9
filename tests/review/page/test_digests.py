"""Digests as they are mailed: each once, nothing skipped, left in one click, and acting only when asked."""

import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from earmark.config import Http, Mail, Page, Settings, load
from earmark.types import Mark, TriggerState
from review import digest, mailing
from review.mailing import SETTLED, Sent, send_due
from review.page.digests import _drive
from storage import accounts, digests, outbox, tables, targets, triggers
from storage.digests import Schedule
from storage.engine import Engine, reading, writing
from tests.builders import NOW, ago, days
from tests.monitors.smtp import Smtp
from tests.monitors.smtp import served as posting
from tests.review.page.served import Served
from tests.review.page.team import a_team, entered
from tests.storage.lists import on_list

HOUR = timedelta(hours=1)
LATER = NOW + days(1)
"""When the tests mail: a day after the demo was polled."""


@pytest.fixture
def server() -> Iterator[Smtp]:
    with posting(Smtp()) as running:
        yield running


@pytest.fixture
def live(engine: Engine) -> Engine:
    """The demo as if its news had come one by one: what comes with a first poll is never told."""
    with writing(engine) as connection:
        connection.execute(update(tables.triggers).values(mark=Mark.LIVE.value))
    return engine


def settings_of(workspace: Path, server: Smtp, **mail: Any) -> Settings:
    box = {"server": "127.0.0.1", "port": server.port, "security": "none", "sender": "news@team.example"}
    return load(workspace).model_copy(
        update={
            "mail": Mail(**(box | mail)),
            "http": Http(contact="owner@team.example", allow=(f"127.0.0.1:{server.port}",)),
            "page": Page(url="https://earmark.team.example"),
        }
    )


def keep(engine: Engine, user: str = "owner", **changes: Any) -> None:
    fields: dict[str, Any] = {
        "user": user,
        "every": "daily",
        "hour": 8,
        "through": ago(1),
        "next_at": LATER - HOUR,
    }
    with writing(engine) as connection:
        digests.keep(connection, Schedule(**(fields | changes)))


def held(engine: Engine, user: str = "owner") -> Schedule:
    with reading(engine) as connection:
        found = digests.get(connection, user)
    assert found is not None
    return found


def send(settings: Settings, engine: Engine, now: datetime = LATER) -> list[Sent]:
    return list(send_due(settings, engine, lambda: now))


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def reasons_in(letter: EmailMessage) -> set[str]:
    return set(re.findall(r"/triggers/(\S+)", text_of(letter)))


def link_of(letter: EmailMessage) -> str:
    found = re.search(r"<https://[^/]+(/unsubscribe/[^>]+)>", letter["List-Unsubscribe"])
    assert found
    return found[1]


# Sending


def test_what_is_due_is_mailed_once(workspace: Path, live: Engine, server: Smtp) -> None:
    keep(live)
    settings = settings_of(workspace, server)
    (sent,) = send(settings, live)
    assert sent.reasons > 5
    assert send(settings, live) == []
    (letter,) = server.letters
    assert letter["To"] == "You <owner@team.example>"
    assert "Lumenforge" in text_of(letter)
    assert held(live).through == LATER - HOUR


def test_what_was_told_is_not_told_again_and_what_came_since_is(
    workspace: Path, live: Engine, server: Smtp
) -> None:
    keep(live)
    settings = settings_of(workspace, server)
    (first,) = send(settings, live)
    with writing(live) as connection:
        one = on_list(connection, NOW)[0]
        connection.execute(
            update(tables.triggers).where(tables.triggers.c.id == one.id).values(created_at=LATER + HOUR)
        )
    (second,) = send(settings, live, LATER + days(1))
    assert (first.reasons > 1, second.reasons) == (True, 1)
    assert len({each["Message-ID"] for each in server.letters}) == 2


def test_nothing_new_sends_nothing_and_moves_on(workspace: Path, live: Engine, server: Smtp) -> None:
    keep(live, through=LATER - 2 * HOUR)
    assert send(settings_of(workspace, server), live) == [Sent(user="owner")]
    assert not server.letters
    found = held(live)
    assert (found.through, found.sent_at) == (LATER - HOUR, None)
    assert found.next_at is not None
    assert found.next_at > LATER


def test_what_comes_with_a_first_poll_is_never_told(workspace: Path, engine: Engine, server: Smtp) -> None:
    keep(engine)
    assert send(settings_of(workspace, server), engine) == [Sent(user="owner")]
    assert not server.letters


def test_it_waits_until_all_of_its_time_is_stored(workspace: Path, live: Engine, server: Smtp) -> None:
    keep(live, next_at=LATER)
    settings = settings_of(workspace, server)
    assert send(settings, live, LATER + SETTLED - timedelta(seconds=1)) == []
    assert len(send(settings, live, LATER + SETTLED)) == 1


def test_a_process_killed_between_sending_and_recording_sends_the_same_letter_again(
    workspace: Path, live: Engine, server: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(live)
    settings = settings_of(workspace, server)

    class Killed(BaseException):
        pass

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(mailing, "_record", killed)
        with pytest.raises(Killed):
            send(settings, live)
    assert send(settings, live, LATER + timedelta(minutes=1)) == []  # its lease is not over
    assert len(send(settings, live, LATER + days(3))) == 2  # the same one, then what came since
    first, again = server.letters[:2]
    assert first["Message-ID"] == again["Message-ID"]
    assert reasons_in(first) == reasons_in(again)


def test_two_processes_at_once_send_each_letter_once(workspace: Path, live: Engine, server: Smtp) -> None:
    with writing(live) as connection:
        connection.execute(update(tables.triggers).values(created_at=NOW))
    a_team(live)
    for user in ("ada", "max"):
        keep(live, user)
    settings = settings_of(workspace, server)
    threads = [threading.Thread(target=send, args=(settings, live)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(each["To"] for each in server.letters) == [
        "Ada <ada@norvik.example>",
        "Max <max@norvik.example>",
    ] or sorted(each["To"].addresses[0].addr_spec for each in server.letters) == [
        "ada@norvik.example",
        "max@norvik.example",
    ]


@pytest.mark.parametrize(
    ("rude", "taken"), [({"RCPT": b"451 later\r\n"}, 0), ({".": None}, 1), ({".": b"554 no\r\n"}, 1)]
)
def test_a_server_that_fails_is_tried_again_with_the_same_letter_and_said(
    workspace: Path, live: Engine, server: Smtp, rude: dict[str, bytes | None], taken: int
) -> None:
    keep(live)
    settings = settings_of(workspace, server)
    server.rude = rude
    (sent,) = send(settings, live)
    assert sent.error
    found = held(live)
    assert (found.failures, found.last_error, found.through) == (1, sent.error, ago(1))
    assert send(settings, live) == []
    server.rude = {}
    (again,) = send(settings, live, LATER + timedelta(minutes=2))
    assert not again.error
    assert len(server.letters) == taken + 1
    assert len({each["Message-ID"] for each in server.letters}) == 1
    assert held(live).failures == 0


def test_one_that_fails_does_not_keep_the_next_one_back(workspace: Path, live: Engine, server: Smtp) -> None:
    a_team(live, max={"email": None})
    keep(live, "max")
    keep(live, "ada", next_at=LATER - HOUR / 2)
    sent = {each.user: each.error for each in send(settings_of(workspace, server), live)}
    assert "no e-mail address" in sent["max"]
    assert sent["ada"] == ""


def test_a_letter_that_can_not_be_made_is_told_and_does_not_keep_the_next_one_back(
    workspace: Path, live: Engine, server: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_team(live)
    keep(live, "max")
    keep(live, "ada", next_at=LATER - HOUR / 2)
    made = digest.letter

    def broken(digest: Any, envelope: Any, *rest: Any, **more: Any) -> EmailMessage:
        if envelope.user == "max":
            raise ZeroDivisionError
        return made(digest, envelope, *rest, **more)

    monkeypatch.setattr(mailing, "letter", broken)
    sent = {each.user: each.error for each in send(settings_of(workspace, server), live)}
    assert "This is a bug" in sent["max"]
    assert sent["ada"] == ""


def test_without_a_mail_server_it_is_said_and_waits(workspace: Path, live: Engine) -> None:
    keep(live)
    (sent,) = send(load(workspace), live)
    assert "mail.server" in sent.error
    assert held(live).through == ago(1)


def test_a_rep_is_told_of_their_territory_alone(workspace: Path, live: Engine, server: Smtp) -> None:
    a_team(live)
    with writing(live) as connection:
        connection.execute(update(tables.accounts).values(owner="somebody else"))
        connection.execute(
            update(tables.accounts).where(tables.accounts.c.name.startswith("Lumenforge")).values(owner="rea")
        )
    keep(live, "rea")
    keep(live, "max")
    sent = {each.user: each.reasons for each in send(settings_of(workspace, server), live)}
    told = {each["To"].addresses[0].addr_spec: text_of(each) for each in server.letters}
    assert sent["rea"] < sent["max"]
    assert "Lumenforge" in told["rea@norvik.example"]
    assert "Norvik" not in told["rea@norvik.example"].split("--")[0]


def test_somebody_who_was_disabled_is_told_nothing(workspace: Path, live: Engine, server: Smtp) -> None:
    a_team(live)
    keep(live, "max")
    with writing(live) as connection:
        connection.execute(update(tables.users).where(tables.users.c.id == "max").values(disabled_at=NOW))
    assert send(settings_of(workspace, server), live) == [Sent(user="max")]
    assert not server.letters


def test_a_view_narrows_what_is_told(workspace: Path, live: Engine, server: Smtp) -> None:
    keep(live)
    settings = settings_of(workspace, server)
    (whole,) = send(settings, live)
    keep(live, query="kind=funding_early", through=ago(1))
    with writing(live) as connection:
        connection.execute(update(tables.digests).values(through=ago(1), next_at=LATER - HOUR))
    (part,) = send(settings, live)
    assert 0 < part.reasons < whole.reasons


def test_webhooks_hear_of_it_and_the_ledger_knows_that_it_was_told(
    workspace: Path, live: Engine, server: Smtp
) -> None:
    with writing(live) as connection:
        hook = {"url": "https://hooks.example/in", "secret": "env:HOOK_KEY"}
        targets.add(connection, "hook", "webhook", hook, NOW)
    keep(live)
    (sent,) = send(settings_of(workspace, server), live)
    with reading(live) as connection:
        (parcel,) = [each for each in outbox.find(connection) if each.outgoing.topic == "digest.ready"]
        told = connection.execute(
            tables.triggers.select().where(tables.triggers.c.notified_at == LATER)
        ).all()
    assert parcel.outgoing.payload["reasons"] == sent.reasons
    assert parcel.outgoing.payload["user"] == "owner"
    assert told


def test_the_page_mails_by_itself(
    page: Served, workspace: Path, live: Engine, server: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(live) as connection:
        connection.execute(update(tables.triggers).values(created_at=NOW - 2 * HOUR))
    keep(live, next_at=NOW - HOUR)
    monkeypatch.setattr("review.page.digests.LOOK_EVERY", 0.01)
    desk = page.app.state.desk
    object.__setattr__(desk, "settings", settings_of(workspace, server))
    stop = threading.Event()
    thread = threading.Thread(target=_drive, args=(desk, stop))
    thread.start()
    try:
        for _ in range(500):
            if server.letters:
                break
            stop.wait(0.02)
    finally:
        stop.set()
        thread.join(10)
    assert len(server.letters) == 1


# Leaving


def sent_letter(workspace: Path, engine: Engine, server: Smtp) -> EmailMessage:
    keep(engine)
    send(settings_of(workspace, server), engine)
    return server.letters[0]


def test_a_mail_program_ends_it_with_one_post_and_no_cookie(
    workspace: Path, live: Engine, server: Smtp, page: Served, stranger: httpx.Client
) -> None:
    del page
    link = link_of(sent_letter(workspace, live, server))
    answer = stranger.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    with reading(live) as connection:
        assert digests.get(connection, "owner") is None


def test_following_the_link_ends_nothing(
    workspace: Path, live: Engine, server: Smtp, stranger: httpx.Client
) -> None:
    link = link_of(sent_letter(workspace, live, server))
    answer = stranger.get(link)
    assert answer.status_code == 200
    assert 'method="post"' in answer.text
    assert held(live)


def test_a_link_that_was_made_up_ends_nothing(live: Engine, stranger: httpx.Client) -> None:
    keep(live)
    assert stranger.post("/unsubscribe/owner").status_code == 404
    assert stranger.get("/unsubscribe/earmark_unsubscribe_x").status_code == 404
    assert held(live)


# Confirming


def a_reason(engine: Engine) -> tuple[str, str]:
    with reading(engine) as connection:
        found = next(one for one in on_list(connection, NOW) if one.account)
    assert found.account
    return found.id, found.account


def state_of(engine: Engine, trigger: str) -> TriggerState:
    with reading(engine) as connection:
        found = triggers.get(connection, trigger)
    assert found
    return found.state


@pytest.mark.parametrize("verb", ["contacted", "dismiss", "snooze"])
def test_a_link_of_a_letter_asks_first(page: Served, engine: Engine, verb: str) -> None:
    trigger, account = a_reason(engine)
    answer = page.get(f"/confirm/{verb}/{trigger}")
    assert answer.status_code == 200
    assert 'method="post"' in answer.text
    assert ('<option value="call">By phone' in answer.text) == (verb == "contacted")
    assert state_of(engine, trigger) is TriggerState.OPEN
    with reading(engine) as connection:
        before = accounts.get(connection, account)
    assert before
    assert before.snoozed_until is None


def test_what_was_confirmed_is_done(page: Served, engine: Engine) -> None:
    trigger, account = a_reason(engine)
    assert page.post(f"/confirm/snooze/{trigger}", {"value": "3d"}).status_code == 303
    with reading(engine) as connection:
        found = accounts.get(connection, account)
    assert found
    assert found.snoozed_until == NOW + days(3)
    answer = page.post(f"/confirm/dismiss/{trigger}", {"value": "off_topic"})
    assert answer.status_code == 303
    assert state_of(engine, trigger) is TriggerState.DISMISSED


def test_a_link_about_what_is_gone_is_a_sentence(page: Served, engine: Engine) -> None:
    trigger, _ = a_reason(engine)
    assert page.get("/confirm/dismiss/nothing-like-it").status_code == 404
    assert page.get(f"/confirm/erase/{trigger}").status_code == 404


def test_a_rep_can_confirm_nothing_beyond_their_territory(page: Served, engine: Engine) -> None:
    trigger, account = a_reason(engine)
    a_team(engine)
    with writing(engine) as connection:
        connection.execute(
            update(tables.accounts).where(tables.accounts.c.id == account).values(owner="somebody else")
        )
    with entered(page, "rea") as client:
        assert client.get(f"/confirm/dismiss/{trigger}").status_code == 404


# Setting


def test_somebody_says_when_they_want_it_and_sees_what_it_would_say(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(tables.triggers).values(mark=Mark.LIVE.value))
    shown = page.get("/digest").text
    assert "reasons to make contact" in shown
    answer = page.post("/digest", {"every": "weekly", "hour": "7", "weekday": "0", "query": "owner=me"})
    assert answer.status_code == 303
    found = held(engine)
    assert (found.every, found.hour, found.weekday, found.query) == ("weekly", 7, 0, "owner=me")
    assert (found.through, found.next_at) == (NOW, datetime(2026, 11, 23, 7, tzinfo=NOW.tzinfo))
    assert page.post("/digest", {"every": "never"}).status_code == 303
    with reading(engine) as connection:
        assert digests.get(connection, "owner") is None


def test_a_view_that_can_not_be_is_refused_with_a_sentence(page: Served, engine: Engine) -> None:
    answer = page.post("/digest", {"every": "daily", "hour": "7", "query": "state=nonsense"})
    assert answer.status_code == 422
    assert "nonsense" in answer.text
    with reading(engine) as connection:
        assert digests.get(connection, "owner") is None


def test_a_failure_is_shown_where_it_was_set(
    page: Served, workspace: Path, live: Engine, server: Smtp
) -> None:
    keep(live)
    server.rude = {"RCPT": b"550 no such user\r\n"}
    send(settings_of(workspace, server), live)
    assert "no such user" in page.get("/digest").text

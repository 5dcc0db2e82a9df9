import shutil
from pathlib import Path
from typing import Any

import pytest

from earmark.contract import Letter
from earmark.errors import ConfigError, SourceChanged, SourceRefused
from earmark.testing import FakePoll, events_from
from sources.mailbox import MailboxSource
from sources.registry import build
from tests.builders import NOW
from tests.sources.dropped import DATA, DroppedContract, cases, dropped, expected, told

PAGES = DATA / "mailbox"
SERVER = "mx.seller.example"


class TestMailbox(DroppedContract):
    kind_of_source = MailboxSource
    options = {"authserv": SERVER}  # noqa: RUF012 - a test's own options
    pages = {  # noqa: RUF012 - a test's own pages
        name: (PAGES / name).read_bytes()
        for name in ("google-alerts.eml", "f5bot.eml", "sales-navigator.eml")
    }


@pytest.mark.parametrize("page", cases("mailbox"), ids=lambda page: page.stem)
def test_a_letter_makes_the_events_beside_it(page: Path, tmp_path: Path) -> None:
    shutil.copy(page, tmp_path)
    assert told(MailboxSource(path=tmp_path, authserv=SERVER)) == expected(page)


# Over IMAP


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> MailboxSource:
    monkeypatch.setenv("SELLER_MAIL", "app-password")
    return MailboxSource.model_validate(
        {"host": "imap.seller.example", "user": "sdr", "password": "env:SELLER_MAIL", "authserv": SERVER}
    )


def letter(number: int, name: str = "plain-newsletter.eml") -> Letter:
    return Letter(uid=number, raw=(PAGES / name).read_bytes())


def test_it_remembers_the_last_letter_and_asks_for_those_after_it(mailbox: MailboxSource) -> None:
    state: dict[str, Any] = {}
    first, second = letter((7 << 32) + 4), letter((7 << 32) + 5, "google-alerts.eml")
    assert len(events_from(mailbox, FakePoll({}, now=NOW, state=state, letters=[first]))) == 2
    assert state == {"uidvalidity": 7, "uid": 4}
    later = events_from(mailbox, FakePoll({}, now=NOW, state=state, letters=[first, second]))
    assert {event.publisher for event in later} == {"Seedline Daily", "Freight & Ports Weekly"}
    assert state == {"uidvalidity": 7, "uid": 5}


def test_a_letter_that_does_not_count_is_counted_and_named_and_the_others_go_on(
    mailbox: MailboxSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    state: dict[str, Any] = {}
    letters = [letter(1, "forged.eml"), Letter(uid=2, raw=b"\xff\xfe no letter"), letter(3)]
    assert len(events_from(mailbox, FakePoll({}, now=NOW, state=state, letters=letters))) == 2
    assert (state["left_out"], state["uid"]) == (2, 3)
    reasons = [vars(record)["reason"] for record in caplog.records]
    assert reasons[0] == "nothing proves its sender"
    assert "no e-mail" in reasons[1]


def test_a_strange_state_is_a_first_visit(mailbox: MailboxSource) -> None:
    state: dict[str, Any] = {"uid": "x", "uidvalidity": -1, "left_out": None}
    assert events_from(mailbox, FakePoll({}, now=NOW, state=state, letters=[letter(1)]))


def test_more_entries_than_one_poll_holds_come_with_the_next(
    mailbox: MailboxSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.mailbox.MOST_EVENTS", 3)
    letters, state = [letter(1), letter(2, "google-alerts.eml"), letter(3, "f5bot.eml")], dict[str, Any]()
    parts = [len(events_from(mailbox, FakePoll({}, now=NOW, state=state, letters=letters))) for _ in range(3)]
    assert parts == [4, 2, 0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "give either host"),
        ({"host": "a.example", "path": "/x", "authserv": "m"}, "give either host"),
        ({"host": "a.example", "authserv": "m"}, "takes user and password"),
        ({"path": "/x"}, "alert mail can be forged"),
        ({"path": "/x", "authserv": "m", "password": "hunter2"}, "env:NAME"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        build("mailbox", options)
    assert "hunter2" not in str(caught.value)


def test_a_password_that_is_not_set_pauses_this_source_alone(
    mailbox: MailboxSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SELLER_MAIL")
    with pytest.raises(SourceRefused, match="SELLER_MAIL is not set"):
        events_from(mailbox, FakePoll({}, now=NOW))


# From a folder


def test_a_forged_letter_in_a_folder_is_counted(tmp_path: Path) -> None:
    shutil.copy(PAGES / "forged.eml", tmp_path)
    state: dict[str, Any] = {}
    source = MailboxSource(path=tmp_path, authserv=SERVER)
    assert events_from(source, FakePoll({}, now=NOW, state=state)) == []
    assert state["left_out"] == 1
    assert "nothing proves its sender" in state["left_out_last"]


def test_one_bad_file_costs_only_itself_and_is_named_once_alone(tmp_path: Path) -> None:
    dropped(tmp_path, bad__eml="no letter", good__eml=(PAGES / "plain-newsletter.eml").read_bytes())
    source, state = MailboxSource(path=tmp_path, authserv=SERVER), dict[str, Any]()
    assert len(events_from(source, FakePoll({}, now=NOW, state=state))) == 2
    with pytest.raises(SourceChanged, match=r"1 can't be read; .*bad\.eml: It is no e-mail"):
        events_from(source, FakePoll({}, now=NOW, state=state))
    (tmp_path / "bad.eml").unlink()
    assert events_from(source, FakePoll({}, now=NOW, state=state)) == []

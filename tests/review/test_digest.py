"""The digest: when it is due, and a letter that is whole, short and harmless whatever was fetched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE
from review.digest import MOST, Digest, Entry, Envelope, letter, next_due, period_of
from review.today import Row, rows_of
from storage.digests import Schedule
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.review.triggers import a_story, a_trigger

BERLIN = ZoneInfo("Europe/Berlin")
WIRE = policy.SMTP.clone(max_line_length=500)
DAILY = Schedule(user="ada", every="daily", hour=8)
ADA = Envelope(
    user="ada",
    name="Ada",
    to="ada@team.example",
    page="https://earmark.team.example",
    leave="https://earmark.team.example/unsubscribe/earmark_unsubscribe_x",
    every="daily",
)


def a_row(**changes: Any) -> Row:
    event = a_stored_event(changes.pop("title", "Norvik Labs raises $20 million"))
    account = an_account()
    (row,) = rows_of(
        [[a_trigger()]],
        {account.id: account},
        {"story-1": a_story((a_match(event),))},
        CATALOGUE,
        NOW,
    )
    return replace(row, **changes)


def a_digest(*rows: Row, total: int | None = None, why: str = "It raised $20 million.") -> Digest:
    entries = tuple(Entry(row=row, why=why, is_hot=row.stage is Stage.HOT) for row in rows)
    return Digest(after=ago(1), through=NOW, entries=entries, total=len(rows) if total is None else total)


def a_letter(digest: Digest, **changes: Any) -> EmailMessage:
    fields: dict[str, Any] = {"period": NOW, "zone": UTC, "now": NOW, "sender": "news@team.example"}
    made = letter(digest, ADA, **(fields | changes))
    read = message_from_bytes(made.as_bytes(policy=WIRE), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def parts(read: EmailMessage) -> tuple[str, str]:
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    assert text is not None
    assert html is not None
    return str(text.get_content()), str(html.get_content())


# When


def test_the_hour_is_that_of_the_team_on_both_sides_of_the_clock_change() -> None:
    winter = next_due(DAILY, datetime(2026, 3, 27, 12, tzinfo=UTC), BERLIN)
    summer = next_due(DAILY, datetime(2026, 3, 29, 1, tzinfo=UTC), BERLIN)
    assert (winter.hour, summer.hour) == (7, 6)


def test_an_hour_that_spring_leaves_out_comes_an_hour_later() -> None:
    early = replace(DAILY, hour=2)
    due = next_due(early, datetime(2026, 3, 28, 12, tzinfo=UTC), BERLIN)
    assert due.astimezone(BERLIN).isoformat() == "2026-03-29T03:00:00+02:00"


def test_an_hour_that_autumn_repeats_comes_once() -> None:
    early = replace(DAILY, hour=2)
    due = next_due(early, datetime(2026, 10, 24, 12, tzinfo=UTC), BERLIN)
    assert due == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert next_due(early, due, BERLIN).astimezone(BERLIN).date().isoformat() == "2026-10-26"


@given(
    after=some.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=some.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    hour=some.integers(0, 23),
    weekday=some.integers(0, 6),
    every=some.sampled_from(["daily", "weekly"]),
    zone=some.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
    ),
)
def test_a_letter_comes_on_each_wanted_day_once(
    after: datetime, hour: int, weekday: int, every: str, zone: str
) -> None:
    wanted = Schedule(user="ada", every=every, hour=hour, weekday=weekday)
    place = ZoneInfo(zone)
    moments = [after]
    for _ in range(9):
        moments.append(next_due(wanted, moments[-1], place))
    dates = [moment.astimezone(place).date() for moment in moments[1:]]
    step = 1 if every == "daily" else 7
    assert [(later - dates[0]).days for later in dates] == [step * number for number in range(9)]
    assert moments[1] - after <= timedelta(days=step, hours=2)
    if every == "weekly":
        assert {date.weekday() for date in dates} == {weekday}


def test_after_a_long_pause_one_letter_tells_all() -> None:
    held = replace(DAILY, next_at=datetime(2026, 11, 10, 8, tzinfo=UTC))
    assert period_of(held, NOW, UTC) == datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_a_letter_that_was_tried_keeps_its_name_however_late() -> None:
    first = datetime(2026, 11, 10, 8, tzinfo=UTC)
    held = replace(DAILY, next_at=first, lease_until=NOW)
    assert period_of(held, NOW, UTC) == first


# What


def test_text_and_html_say_the_same() -> None:
    for said in parts(a_letter(a_digest(a_row()))):
        assert "Norvik Labs raises $20 million" in said
        assert "It raised $20 million." in said
        assert "wire.example" in said
        assert "/triggers/trigger-1" in said
        for verb in ("contacted", "snooze", "dismiss"):
            assert f"https://earmark.team.example/confirm/{verb}/trigger-1" in said


def test_the_headers_end_it_in_one_click_and_name_it_for_good() -> None:
    one, again = a_letter(a_digest(a_row())), a_letter(a_digest(), now=NOW + days(1))
    assert one["List-Unsubscribe"] == f"<{ADA.leave}>"
    assert one["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one["Auto-Submitted"] == "auto-generated"
    assert "digest.team.example" in one["List-Id"]
    assert one["Message-ID"] == again["Message-ID"]
    assert one["Message-ID"] != a_letter(a_digest(), period=NOW + days(1))["Message-ID"]
    assert one["References"] == again["References"]


def test_only_what_can_be_done_is_offered() -> None:
    """A conversation has no account that could be snoozed."""
    for said in parts(a_letter(a_digest(a_row(account=None)))):
        assert "/confirm/dismiss/" in said
        assert "/confirm/snooze/" not in said


def test_further_reasons_are_counted_as_on_the_list() -> None:
    for more, words in ((1, "+1 reason."), (2, "+2 reasons."), (0, " d. Contact by")):
        for said in parts(a_letter(a_digest(a_row(more=more, at=ago(2), unconfirmed=False)))):
            assert words in said


def test_hot_ones_are_said_in_the_subject() -> None:
    read = a_letter(a_digest(a_row(stage=Stage.HOT), a_row()))
    assert read["Subject"] == "2 reasons to make contact, 1 hot: Norvik Labs"


def test_what_does_not_fit_is_counted() -> None:
    for said in parts(a_letter(a_digest(*[a_row()] * MOST, total=1_000))):
        assert f"{1_000 - MOST} more on the list" in said


HOSTILE = [
    "<script>alert(1)</script>",
    "\u202egnp.exe\u2066 hidden\u200b",
    "line\r\nBcc: all@team.example\r\n\r\nBody",
    "NUL\x00 and \x1b[31mred",
    "👩‍💻" * 200,
    "x" * 100_000,
    "\ud800 half",
    '"><img src=https://spy.example/p.gif>',
]


@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_was_fetched_is_text(words: str) -> None:
    row = a_row(name=words, happened=words, publisher=words, fit=words, kind_words=words)
    made = letter(a_digest(row, why=words[:300]), ADA, NOW, UTC, NOW, sender="news@team.example")
    raw = made.as_bytes(policy=WIRE)
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    text, html = parts(read)
    assert read["Bcc"] is None
    assert read["To"] == "Ada <ada@team.example>"
    assert "<script" not in html
    assert "<img" not in html
    for sign in "\x00\x1b\u202e\u2066\u200b":
        assert sign not in text + html + read["Subject"]
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@given(some.lists(some.text(max_size=400), min_size=1, max_size=6))
def test_no_text_breaks_a_letter_or_makes_it_long(texts: list[str]) -> None:
    rows = [a_row(name=text, happened=text * 5, publisher=text) for text in texts] * (MOST // len(texts))
    made = letter(a_digest(*rows), ADA, NOW, UTC, NOW, sender="news@team.example")
    raw = made.as_bytes(policy=WIRE)
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert len(parts(read)[1].encode()) < 100_000
    assert read["Message-ID"] == made["Message-ID"]


def test_a_letter_fetches_nothing_from_anywhere() -> None:
    _, html = parts(a_letter(a_digest(a_row())))
    assert "<img" not in html
    assert "<link" not in html
    assert "url(" not in html
    assert "@import" not in html

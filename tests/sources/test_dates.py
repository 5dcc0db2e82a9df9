from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.dates import read_date

NINE = "2026-11-20T09:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Fri, 20 Nov 2026 09:00:00 +0000", NINE),
        ("Fri, 20 Nov 2026 09:00:00 GMT", NINE),
        ("Fri, 20 Nov 2026 09:00 GMT", NINE),
        ("  Fri, 20 Nov 2026\n 09:00:00 Z ", NINE),
        ("20 Nov 26 09:00:00 UT", NINE),
        ("Fri, 20 Nov 2026 04:00:00 EST", NINE),
        ("Fri, 20 Nov 2026 01:00:00 PST", NINE),
        ("Fr, 20 Nov 2026 10:00:00 MEZ", NINE),
        ("Fri, 20 Nov 2026 14:30:00 +0530", NINE),
        ("Fri, 20 Nov 2026 10:00:00 GMT+01:00", NINE),
        ("Fri, 20 Nov 2026 09:00:00 QQQ", NINE),
        ("Fri, 20 Nov 2026 09:00:00 +9999", NINE),
        ("Friday, November 20, 2026 9:00 AM", NINE),
        ("Nov. 20, 2026, 9:00 a.m.", NINE),
        ("2026-11-20T09:00:00Z", NINE),
        ("2026-11-20T09:00Z", NINE),
        ("2026-11-20t09:00:00.123456789z", NINE),
        ("2026-11-20T01:00:00-08:00", NINE),
        ("2026-11-20T01:00:00-0800", NINE),
        ("2026-11-20 09:00:00", NINE),
        ("2026-11-20 09:00:00 UTC", NINE),
        ("20261120T090000Z", NINE),
        ("2026-11-20", "2026-11-20T00:00:00+00:00"),
        ("20261120", "2026-11-20T00:00:00+00:00"),
        ("20 November 2026", "2026-11-20T00:00:00+00:00"),
        ("Nov 20, 2026 12:05 AM", "2026-11-20T00:05:00+00:00"),
        ("Nov 20, 2026 12:05 PM", "2026-11-20T12:05:00+00:00"),
        ("31 Dec 98 23:59:60 GMT", "1998-12-31T23:59:59+00:00"),
    ],
)
def test_a_date_is_read(text: str, moment: str) -> None:
    found = read_date(text)
    assert found is not None
    assert found.isoformat() == moment


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "09:00",  # a lenient parser would make it today
        "Monday",
        "2026",
        "2026-11",
        "Mon, 16 Nov 2026 24:10:00 EST",
        "2026-11-16T24:00:00Z",
        "2026-02-31",
        "Fri, 20 Foo 2026 09:00:00 GMT",
        "Nov 20, 2026 13:05 PM",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59-05:00",
        "٢٠٢٦-١١-٢٠",
        "2026-11-20" + " " * 50 + "x" * 50,
    ],
)
def test_what_names_no_moment_is_no_date(text: str | None) -> None:
    assert read_date(text) is None


@given(st.text(alphabet="0123456789 -:TZ+,.NovFriGMTap", max_size=40) | st.text(max_size=40))
def test_any_text_is_an_aware_moment_or_none(text: str) -> None:
    found = read_date(text)
    assert found is None or found.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 - made aware below
def test_what_python_writes_is_read_back(moment: datetime) -> None:
    aware = moment.replace(microsecond=0, tzinfo=UTC)
    assert read_date(aware.isoformat()) == aware
    assert read_date(aware.strftime("%a, %d %b %Y %H:%M:%S +0000")) == aware

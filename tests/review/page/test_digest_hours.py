"""When a digest goes: at the hour of who reads it, and not before what belongs in it is decided."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from earmark.config import Http, Mail, Settings, load
from earmark.errors import ConfigError
from earmark.types import Mark
from review.mailing import PATIENCE, SETTLED, Settling, preview, send_due
from review.page.keys import viewer_of
from review.subscribing import leave, subscribe
from review.zones import zone_named, zone_of, zones
from storage import agenda, audit, digests, tables, users
from storage.digests import Schedule
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.monitors.smtp import Smtp
from tests.monitors.smtp import served as posting
from tests.review.page.served import Served
from tests.review.page.team import a_team, entered

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def server() -> Iterator[Smtp]:
    with posting(Smtp()) as running:
        yield running


@pytest.fixture
def settings(workspace: Path, server: Smtp) -> Settings:
    box = Mail(server="127.0.0.1", port=server.port, security="none", sender="news@team.example")
    http = Http(contact="owner@team.example", allow=(f"127.0.0.1:{server.port}",))
    return load(workspace).model_copy(update={"mail": box, "http": http})


def wanted(engine: Engine, settings: Settings, user: str, zone: str, now: datetime, **more: Any) -> Schedule:
    with writing(engine) as connection:
        viewer = viewer_of(connection, user)
        assert viewer is not None
        schedule = Schedule(user=user, every="daily", hour=8, **more)
        made, _ = subscribe(connection, settings, viewer, schedule, zone, by=user, now=now)
    return made


def held(engine: Engine, user: str) -> Schedule | None:
    with reading(engine) as connection:
        return digests.get(connection, user)


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"], ids=["spring", "autumn"])
def test_each_is_told_at_their_own_hour_on_both_sides_of_the_clock_change(
    engine: Engine, settings: Settings, change: str
) -> None:
    a_team(engine)
    now = datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(days=2)
    for user, zone in (("ada", "Europe/Berlin"), ("max", "America/New_York"), ("rea", "")):
        wanted(engine, settings, user, zone, now)
    told: dict[str, list[datetime]] = {}
    quarters = [now + timedelta(minutes=15 * number) for number in range(1, 5 * 24 * 4)]
    moment = now

    def clock() -> datetime:
        return moment + SETTLED

    for moment in quarters:
        for sent in send_due(settings, engine, clock):
            assert not sent.error
            told.setdefault(sent.user, []).append(moment)
    for user, zone in (("ada", "Europe/Berlin"), ("max", "America/New_York"), ("rea", "UTC")):
        here = [each.astimezone(ZoneInfo(zone)) for each in told[user]]
        assert {(each.hour, each.minute) for each in here} == {(8, 0)}, user
        days = [each.date() for each in here]
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))], user
        assert len(days) >= 4


def test_the_letter_says_times_of_the_zone_of_who_reads_it(
    engine: Engine, settings: Settings, server: Smtp
) -> None:
    with writing(engine) as connection:
        connection.execute(
            update(tables.triggers).values(mark=Mark.LIVE.value, created_at=NOW + timedelta(hours=1))
        )
    made = wanted(engine, settings, "owner", "Asia/Kathmandu", NOW)
    assert made.next_at is not None
    later = made.next_at + SETTLED
    (sent,) = send_due(settings, engine, lambda: later)
    assert sent.reasons
    (letter,) = server.letters
    assert NOW.astimezone(ZoneInfo("Asia/Kathmandu")).strftime("Since %a %d %b %Y %H:%M") in str(letter)


def test_a_zone_is_chosen_on_the_page_kept_and_taken_back(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ada") as client:
        csrf = client.get("/digest").text.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"csrf": csrf, "every": "daily", "hour": "8", "zone": "Europe/Berlin"}
        assert client.post("/digest", data=form).status_code == 303
        found = held(engine, "ada")
        assert found is not None
        assert found.next_at == datetime(2026, 11, 22, 7, tzinfo=UTC)
        assert "08:00 (Europe/Berlin)" in client.get("/digest").text
        client.post("/digest", data=form | {"zone": ""})
        found = held(engine, "ada")
        assert found is not None
        assert found.next_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    with reading(engine) as connection:
        kept = users.get(connection, "ada")
    assert kept is not None
    assert dict(kept.preferences) == {}


@pytest.mark.parametrize("zone", ["Europe/Belrin", "Europe", "../etc/passwd", "/etc/localtime", "x" * 5_000])
def test_a_zone_that_is_none_is_told_and_what_was_typed_stays(
    page: Served, engine: Engine, zone: str
) -> None:
    answer = page.post("/digest", {"every": "weekly", "hour": "6", "weekday": "4", "zone": zone})
    assert answer.status_code == 422
    assert held(engine, "owner") is None
    if len(zone) < 100:
        assert "There is no time zone" in answer.text
        assert '<option value="6" selected>06:00' in answer.text
        assert '<option value="4" selected>Friday' in answer.text
        assert f'value="{zone}"' in answer.text


def test_a_slip_in_a_zone_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="did you mean Europe/Berlin"):
        zone_named("Europe/Belrin")
    assert all(zone_named(each) == each for each in zones())


def test_a_zone_that_is_gone_leaves_the_one_of_the_team(engine: Engine, settings: Settings) -> None:
    with writing(engine) as connection:
        users.prefer(connection, "owner", {"zone": "Mars/Olympus"}, NOW)
        viewer = viewer_of(connection, "owner")
        assert viewer is not None
        assert zone_of(viewer, settings) == settings.team.zone
        preview(connection, settings, viewer, NOW)


def test_who_changed_and_ended_a_digest_is_in_the_log(engine: Engine, settings: Settings) -> None:
    wanted(engine, settings, "owner", "Europe/Berlin", NOW)
    with writing(engine) as connection:
        assert leave(connection, "owner", by="ada", now=NOW, how="by hand")
        assert not leave(connection, "owner", by="ada", now=NOW), "there was none any more"
        found = [(deed.by, deed.verb, deed.text) for deed in audit.recent(connection)]
    began = ("owner", "digest.set", "daily at 8:00, Europe/Berlin")
    assert found == [("ada", "digest.end", "by hand"), began]


# Decided first


def due(engine: Engine, at: datetime | None) -> None:
    with writing(engine) as connection:
        agenda.remember(connection, {"a:lumenforge": at})


def test_letters_wait_until_what_fell_due_meanwhile_is_decided(engine: Engine) -> None:
    """The sweep dates it back: a letter made before it would leave it out, and the next one as well."""
    with writing(engine) as connection:
        connection.execute(tables.agenda.delete())
    settling, now = Settling(), NOW
    assert settling.is_over(engine, now)
    due(engine, now - timedelta(hours=6))
    assert not settling.is_over(engine, now)
    due(engine, now + timedelta(days=1))
    assert settling.is_over(engine, now)


def test_letters_do_not_wait_for_a_monitor_that_does_not_run(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(tables.agenda.delete())
    settling = Settling()
    due(engine, NOW - timedelta(hours=6))
    moments = [NOW + timedelta(minutes=minute) for minute in range(0, 20, 5)]
    assert [settling.is_over(engine, each) for each in moments] == [False, False, False, True]
    assert moments[3] - moments[0] == PATIENCE
    due(engine, None)
    assert settling.is_over(engine, NOW), "and it begins anew when the sweep has caught up"
    due(engine, NOW - timedelta(hours=6))
    assert not settling.is_over(engine, NOW)


def test_what_is_due_this_minute_keeps_no_letter_back(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(tables.agenda.delete())
    due(engine, NOW - SETTLED + timedelta(seconds=1))
    assert Settling().is_over(engine, NOW)

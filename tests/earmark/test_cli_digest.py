"""The verb digest: what it would say, who is told when, and a round of mailing by hand."""

from pathlib import Path

import pytest

from storage import digests
from storage.digests import Schedule
from storage.engine import writing
from tests.builders import NOW, ago, an_event
from tests.earmark.workspaces import FUNDING, HIRE, a_workspace, earmark, json_of, tell, well
from tests.monitors.smtp import Smtp, served
from tests.storage.databases import opened


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    folder = a_workspace(tmp_path)
    tell(folder, [an_event("Old news", external_id="old", published_at=ago(3))], ago(2))
    tell(folder, [FUNDING, HIRE])
    return folder


def test_a_preview_prints_the_letter_and_changes_nothing(desk: Path) -> None:
    said = well(desk, "digest", "--preview")
    assert "Norvik Labs" in said
    assert "/confirm/contacted/" in said
    assert json_of(desk, "digest") == []
    told = json_of(desk, "digest", "--preview")
    assert (told["total"], told["entries"][0]["row"]["name"]) == (1, "Norvik Labs")


def test_a_preview_can_be_looked_at_in_a_browser(desk: Path, tmp_path: Path) -> None:
    well(desk, "digest", "--html", str(tmp_path / "letter.html"))
    page = (tmp_path / "letter.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "Norvik Labs" in page
    nowhere = earmark(desk, "digest", "--html", str(tmp_path / "no" / "letter.html"))
    assert (nowhere.exit_code, "can't be written" in nowhere.output) == (2, True)


def test_it_is_set_shown_and_ended(desk: Path) -> None:
    assert "Nobody is told by mail" in well(desk, "digest")
    (desk / "earmark.toml").write_text('[http]\ncontact = "owner@team.example"\n')
    said = earmark(desk, "digest", "--every", "weekly", "--hour", "7", "--on", "Friday").output
    assert "2026-11-27 at 07:00" in said
    (held,) = json_of(desk, "digest")
    assert (held["user"], held["every"], held["hour"], held["weekday"]) == ("owner", "weekly", 7, 4)
    assert "weekly" in well(desk, "digest")
    assert json_of(desk, "digest", "--every", "daily", "--hour", "7")["next_at"] == "2026-11-22T07:00:00Z"
    assert json_of(desk, "digest", "--every", "never") == {"user": "owner", "every": "never"}
    assert json_of(desk, "digest") == []


def test_a_zone_is_given_and_the_view_of_the_page_is_kept(desk: Path) -> None:
    (desk / "earmark.toml").write_text('[http]\ncontact = "owner@team.example"\n')
    with opened(f"sqlite:///{desk / 'earmark.db'}") as engine, writing(engine) as connection:
        digests.keep(connection, Schedule(user="owner", every="daily", hour=8, query="owner=me"))
    said = earmark(desk, "digest", "--every", "daily", "--hour", "6", "--zone", "Asia/Tokyo").output
    assert "2026-11-22 at 06:00" in said
    (held,) = json_of(desk, "digest")
    assert (held["query"], held["next_at"]) == ("owner=me", "2026-11-21T21:00:00Z")
    well(desk, "digest", "--every", "daily", "--hour", "5")
    assert json_of(desk, "digest")[0]["next_at"] == "2026-11-21T20:00:00Z", "the zone is kept too"
    wrong = earmark(desk, "digest", "--every", "daily", "--zone", "Asia/Tokio")
    assert (wrong.exit_code, "did you mean Asia/Tokyo" in wrong.output) == (2, True)


def test_a_day_that_is_none_is_a_sentence(desk: Path) -> None:
    result = earmark(desk, "digest", "--every", "weekly", "--on", "someday")
    assert result.exit_code == 2
    assert "someday" in result.output


def test_a_user_who_is_none_is_a_sentence(desk: Path) -> None:
    result = earmark(desk, "digest", "--preview", "--user", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.output


def test_what_is_due_is_mailed_by_hand_and_a_fault_is_an_exit_code(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(Smtp()) as server:
        (desk / "earmark.toml").write_text(
            f'[http]\ncontact = "owner@team.example"\nallow = ["127.0.0.1:{server.port}"]\n'
            f'[mail]\nserver = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            'sender = "news@team.example"\n'
        )
        monkeypatch.setenv("EARMARK_NOW", ago(1).isoformat())
        well(desk, "digest", "--every", "daily", "--hour", "10")
        monkeypatch.setenv("EARMARK_NOW", NOW.replace(hour=11).isoformat())
        server.rude = {"RCPT": b"451 later\r\n"}
        failed = earmark(desk, "digest", "--send")
        assert failed.exit_code == 1
        assert "later" in failed.output
        server.rude = {}
        assert "Nothing is due" in well(desk, "digest", "--send")
        monkeypatch.setenv("EARMARK_NOW", NOW.replace(hour=12).isoformat())
        assert "owner: " in well(desk, "digest", "--send")
        assert len(server.letters) == 1

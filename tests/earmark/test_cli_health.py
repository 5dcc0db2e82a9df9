import re
from datetime import timedelta
from pathlib import Path

import pytest

from earmark.config import load
from earmark.doctor import examine
from earmark.errors import StorageError
from review.health import Level
from storage import polls
from storage.engine import connect, writing
from storage.polls import Finished
from tests.builders import NOW, ago, an_event
from tests.earmark.workspaces import FUNDING, a_workspace, earmark, json_of, tell, well


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    return a_workspace(tmp_path)


def test_latency_says_what_each_step_took(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json_of(desk, "latency") == []
    assert "Nothing to measure yet" in well(desk, "latency")
    tell(desk, [an_event("Old news", external_id="old", published_at=ago(3))], ago(2))
    tell(desk, [FUNDING])
    (row,) = json_of(desk, "latency")
    assert row["source"] == "wire"
    assert FUNDING.published_at is not None
    assert row["published_to_fetched"]["p95"] == (NOW - FUNDING.published_at).total_seconds()
    assert row["published_to_fetched"]["count"] == 1, "what a first poll finds tells nothing of the pace"
    assert row["fetched_to_listed"] == {"count": 1, "p50": 0.0, "p95": 0.0}
    assert row["listed_to_contacted"] is None
    monkeypatch.setenv("EARMARK_NOW", (NOW + timedelta(hours=3)).isoformat())
    well(desk, "contacted", "norvik-labs")
    (row,) = json_of(desk, "latency")
    assert row["listed_to_contacted"] == {"count": 1, "p50": 10800.0, "p95": 10800.0}
    lines = [re.split(r" {2,}", line.strip()) for line in well(desk, "latency").splitlines()]
    (named,) = [line for line in lines if line[0] == "source"]
    (told,) = [line for line in lines if line[0] == "wire"]
    said = dict(zip(named, told, strict=True))
    assert said["→ matched"] == said["→ list"] == "0.0 s / 0.0 s (1)"
    assert said["→ contacted"] == "3 h / 3 h (1)"
    assert said["most"] in {"earmark", "the team"}
    well(desk, "undo", "norvik-labs")
    assert json_of(desk, "latency")[0]["listed_to_contacted"] is None


def test_the_way_of_one_trigger_is_told_moment_by_moment(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(desk, [an_event("Old news", external_id="old", published_at=ago(3))], ago(2))
    tell(desk, [FUNDING])
    (trigger,) = [one["id"] for one in json_of(desk, "triggers")]
    before = json_of(desk, "latency", trigger)
    assert FUNDING.published_at is not None
    assert before["published_at"] == FUNDING.published_at.isoformat().replace("+00:00", "Z")
    assert before["last_polled_without_it_at"] == ago(2).isoformat().replace("+00:00", "Z")
    assert (before["opened_at"], before["contacted_at"]) == (None, None)
    json_of(desk, "show", "norvik-labs")
    assert json_of(desk, "latency", trigger)["opened_at"] is None, "no person has looked"
    monkeypatch.setenv("EARMARK_NOW", (NOW + timedelta(hours=1)).isoformat())
    well(desk, "show", "norvik-labs")
    monkeypatch.setenv("EARMARK_NOW", (NOW + timedelta(days=40)).isoformat())
    well(desk, "why", trigger)
    well(desk, "contacted", "norvik-labs")
    after = json_of(desk, "latency", trigger)
    assert after["opened_at"] == (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert after["door"] == "team"
    assert "Most of the time lies with the team." in well(desk, "latency", trigger)
    assert earmark(desk, "latency", "nothing").exit_code == 1


def test_a_look_is_noted_no_more_than_the_database_lets(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(desk, [FUNDING])

    def refused(*_: object) -> None:
        raise StorageError("The database is read-only.")

    monkeypatch.setattr("storage.latency.opened", refused)
    assert "Norvik Labs" in well(desk, "show", "norvik-labs")


def test_latency_of_the_future_is_a_sentence(desk: Path) -> None:
    result = earmark(desk, "latency", "--since", "2027-01-01")
    assert (result.exit_code, "in the future" in result.stderr) == (2, True)


def test_a_silent_source_is_seen_in_the_list_and_by_the_doctor(desk: Path) -> None:
    engine = connect(load(desk).database_url)
    with writing(engine) as connection:
        silent = Finished(
            source="wire",
            started_at=NOW,
            finished_at=NOW,
            outcome="unchanged",
            next_poll_at=NOW + timedelta(hours=1),
            rhythm=(ago(30), ago(29), ago(28)),
            silent_since=ago(1),
        )
        polls.finish(connection, [silent])
    engine.dispose()
    (row,) = json_of(desk, "sources", "list")
    assert (row["state"], row["last_news_at"]) == ("silent", ago(28).isoformat().replace("+00:00", "Z"))
    assert "no news for 28 days" in well(desk, "sources", "list")
    (finding,) = [one for one in examine(desk, NOW) if one.name == "source"]
    assert (finding.level, "earmark sources test wire" in finding.remedy) == (Level.WARN, True)
    assert "no news for 28 days" in finding.words


def test_the_list_of_sources_says_what_came_of_their_triggers(desk: Path) -> None:
    (before,) = json_of(desk, "sources", "list")
    assert (before["triggers_in_30_days"], before["acted_on_in_30_days"]) == (0, 0)
    tell(desk, [FUNDING])
    assert "0 of 1" in well(desk, "sources", "list")
    well(desk, "contacted", "norvik-labs")
    (after,) = json_of(desk, "sources", "list")
    assert (after["triggers_in_30_days"], after["acted_on_in_30_days"]) == (1, 1)
    assert "1 of 1" in well(desk, "sources", "list")

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE
from earmark.types import Action, Mark
from review.acting import carry_out
from review.charts import SERIES
from review.insights import PERIODS, calibration, insights, kind_days, meetings, tiring
from storage import events, figures, polls, rulebook, triggers
from storage.engine import Engine, reading, writing
from storage.figures import Judged, RuleActed
from storage.latency import acted_on
from storage.worked import Worked
from tests.builders import NOW, a_stored_event, days
from tests.review.page.filled import forms_of
from tests.review.page.served import Served, served
from tests.review.page.team import a_team, entered

DAY = (NOW.date() - date(1970, 1, 1)).days


@pytest.fixture(autouse=True)
def _patient(page: Served) -> None:
    """Wait for every count: a busy machine takes its time."""
    page.app.state.bench.counts._patience = 60


def do(engine: Engine, verb: str, **changes: Any) -> None:
    carry_out(engine, Action(verb=verb, by="ida", **changes), now=NOW, zone=ZoneInfo("UTC"))


def some_trigger(engine: Engine, kind: str) -> tuple[str, str | None]:
    with reading(engine) as connection:
        found = triggers.find(connection, kind=kind, limit=1)[0]
    return found.id, found.account


@pytest.mark.parametrize("period", PERIODS)
def test_insights_are_shown_for_each_period_within_the_bounds_of_a_page(page: Served, period: int) -> None:
    answer = page.get(f"/insights?days={period}")
    assert answer.status_code == 200
    assert len(answer.content) < 60_000
    assert f'href="/insights?days={period}" aria-current="true"' in answer.text
    assert "style=" not in answer.text
    assert "raised money" in answer.text


@pytest.mark.parametrize("query", ["?days=7", "?days=-1", ""])
def test_a_period_that_is_not_offered_is_the_usual_one(page: Served, query: str) -> None:
    assert 'href="/insights?days=90" aria-current="true"' in page.get(f"/insights{query}").text


def test_under_each_chart_stands_its_table(page: Served) -> None:
    text = page.get("/insights").text
    assert text.count('role="img"') == text.count("<summary>As a table") > 3
    heads = re.findall(r"<thead><tr>(.*?)</tr>", text)
    assert all('scope="col"' in head for head in heads)


def test_where_there_is_nothing_it_says_from_when_on_there_will_be(page: Served) -> None:
    text = unescape(page.get("/insights").text)
    for sentence in (
        "from the first outreach on that is logged as contacted",
        "from the first verdict on",
        "from the second poll of a source on",
        "Figures begin on",
    ):
        assert sentence in text


def test_how_long_each_step_takes_is_told_by_its_middle_and_its_end(page: Served, engine: Engine) -> None:
    late = [
        a_stored_event(
            f"Live {number}",
            id=f"live-{number}",
            external_id=f"live-{number}",
            fingerprint=f"live-{number}",
            source="city-business",
            mark=Mark.LIVE,
            published_at=NOW - timedelta(hours=number + 2),
            seen_at=NOW - timedelta(hours=1),
        )
        for number in (1, 2, 9)
    ]
    with writing(engine) as connection:
        events.insert(connection, late)
    told = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.get("/insights").text)))
    assert "published → fetched 3.0 h, 19 of 20 within 10.0 h" in told


def test_what_people_did_is_in_the_figures(page: Served, engine: Engine) -> None:
    funded, account = some_trigger(engine, "funding_early")
    other, _ = some_trigger(engine, "layoffs")
    assert account is not None
    do(engine, "contacted", trigger=funded, value="call")
    do(engine, "outcome", trigger=funded, value="meeting")
    do(engine, "dismiss", trigger=other, value="off_topic")
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.get("/insights").text)))
    assert "Meetings per 100 reasons, by kind" in text
    assert "100 of 100 (1 of 1)" in text
    assert re.search(r"ida 1 1 100", text)
    assert "0% (0 of 1)" in text  # the verdict against
    with reading(engine) as connection:
        found = insights(connection, NOW, 30, ZoneInfo("UTC"))
    assert dict(found.funnel)["contacted"] == 1
    assert dict(found.funnel)["meeting"] == 1
    assert sum(count for _, count in found.standing) == 33
    assert [one.count for one in found.calibration] == [0]


def test_what_was_taken_back_is_not_counted(engine: Engine) -> None:
    funded, account = some_trigger(engine, "funding_early")
    assert account is not None
    do(engine, "contacted", trigger=funded, value="call")
    do(engine, "undo", account=account)
    with reading(engine) as connection:
        found = insights(connection, NOW, 30, ZoneInfo("UTC"))
    assert dict(found.funnel)["contacted"] == 0
    assert found.meetings == ()


def test_the_database_counts_like_the_list_of_all_triggers(engine: Engine) -> None:
    for name in ("UTC", "Asia/Kolkata", "America/Los_Angeles"):
        zone = ZoneInfo(name)
        with reading(engine) as connection:
            counted = figures.by_kind_and_day(connection, NOW - days(400), NOW + days(1), zone)
            listed = triggers.find(connection, limit=None)
        told = Counter(
            (one.kind, (one.created_at.astimezone(zone).date() - date(1970, 1, 1)).days) for one in listed
        )
        assert counted == told


def test_a_day_is_that_of_the_clock_on_the_wall_also_when_it_is_turned() -> None:
    zone = ZoneInfo("Europe/Berlin")
    shifts = figures._shifts(NOW - days(365), NOW, zone)
    assert [offset for _, offset in shifts] == [3600, 7200, 3600]
    assert [f"{at:%m-%d %H}" for at, _ in shifts[1:]] == ["03-29 01", "10-25 01"]


def test_rates_agree_with_those_of_the_list_of_sources(engine: Engine) -> None:
    trigger, _ = some_trigger(engine, "funding_early")
    do(engine, "accept", trigger=trigger)
    with reading(engine) as connection:
        by_rule = figures.acted_by_rule(connection, NOW - days(90))
        by_source = acted_on(connection, NOW - days(90))
    told: Counter[str] = Counter()
    acted: Counter[str] = Counter()
    for one in by_rule:
        told[one.source] += one.triggers
        acted[one.source] += one.acted_on
    assert told == {source: one.triggers for source, one in by_source.items()}
    assert {source: acted[source] for source in told} == {
        source: one.acted_on for source, one in by_source.items()
    }
    assert acted.total() == 1


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(sorted(CATALOGUE)), st.integers(DAY - 400, DAY)), st.integers(1, 9)
    ),
    st.sampled_from(PERIODS),
)
def test_no_trigger_of_the_period_is_lost_among_the_kinds(
    counts: dict[tuple[str, int], int], period: int
) -> None:
    first = NOW.date() - days(period - 1)
    found = kind_days(counts, first, period, CATALOGUE)
    assert found.total == sum(n for (_, day), n in counts.items() if day > DAY - period)
    assert len(found.series) <= SERIES
    assert all(len(values) == len(found.labels) for _, values in found.series)


def test_scores_fall_into_fifths_with_their_interval() -> None:
    said = [
        Judged(score=score, is_good=good)
        for score, good in ((100, True), (80, True), (79, False), (0, False))
    ]
    found = calibration(said)
    assert [(one.name, one.count, one.of) for one in found] == [
        ("score 0 to 20", 0, 1),
        ("score 60 to 80", 0, 1),
        ("score 80 to 100", 2, 2),
    ]
    assert all(0 <= one.low < one.high <= 1 for one in found)


def test_meetings_are_told_of_all_and_by_each_view() -> None:
    def worked(number: int, rep: str, *outcomes: str) -> Worked:
        return Worked(trigger=str(number), kind="layoffs", source="", rep=rep, outcomes=frozenset(outcomes))

    rows = meetings(
        [worked(1, "ida", "reply", "meeting"), worked(2, "ida", "won"), worked(3, "ole", "no_answer")]
    )
    told = {(row.by, row.name): (row.worked, row.meetings) for row in rows}
    assert told == {
        ("all", "all"): (3, 2),
        ("kind", "layoffs"): (3, 2),
        ("source", "unknown"): (3, 2),
        ("rep", "ida"): (2, 2),
        ("rep", "ole"): (1, 0),
    }


def told_of(kind: str, source: str, count: int, acted: int = 0, waiting: int = 0) -> RuleActed:
    return RuleActed(source=source, kind=kind, triggers=count, acted_on=acted, waiting=waiting)


def test_what_tires_is_told_beyond_doubt_and_of_reasons_to_call_that_had_their_time() -> None:
    rows = [
        told_of("funding_early", "dull", 40, acted=2),
        told_of("exec_hire", "dull", 20, acted=1),
        told_of("exec_hire", "fine", 40, acted=30),
        told_of("exec_hire", "few", 5),
        told_of("exec_hire", "fresh", 40, waiting=38),
        told_of("layoffs", "warns", 40),  # nobody is expected to act on it
        told_of("gone_kind", "gone", 40),
    ]
    found = tiring(rows, CATALOGUE, lambda one: one.source)
    assert [(one.name, one.count, one.of) for one in found] == [("dull", 3, 60)]
    assert [one.name for one in tiring(rows, CATALOGUE, lambda one: one.kind)] == ["funding_early"]


@pytest.fixture
def tired(workspace: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The page eight days later, when nobody did anything, and less is enough to tire."""
    monkeypatch.setattr("review.insights._TIRING", 0.6)
    with served(workspace, engine, now=NOW + days(8)) as page:
        page.app.state.bench.counts._patience = 60
        yield page


def proposed(page: Served, action: str, key: str) -> list[dict[str, list[str]]]:
    """The forms of Insights that lead there and speak of this source or kind."""
    text = page.get("/insights?days=30").text
    return [form.fields for form in forms_of(text) if form.action == action and [key] in form.fields.values()]


def test_a_source_that_tires_is_believed_half_or_muted_by_one_click(tired: Served, engine: Engine) -> None:
    [half] = proposed(tired, "/sources/believe", "city-business")
    assert (half["trust"], half["back"]) == (["0.5"], ["/insights?days=30"])
    assert tired.post("/sources/believe", half).headers["location"] == "/insights?days=30"
    with reading(engine) as connection:
        known = polls.get(connection, "city-business")
    assert known is not None
    assert known.options["trust"] == 0.5
    assert proposed(tired, "/sources/believe", "city-business") == []  # once is enough
    [mute] = proposed(tired, "/sources/pause", "city-business")
    assert tired.post("/sources/pause", mute).status_code == 303
    assert proposed(tired, "/sources/pause", "city-business") == []
    assert tired.post("/sources/resume", {"source": "city-business"}).status_code == 303
    assert len(proposed(tired, "/sources/pause", "city-business")) == 1


def test_a_kind_that_tires_counts_half_or_nothing_as_a_new_version(tired: Served, engine: Engine) -> None:
    usual = CATALOGUE["hiring_role"].intent
    with reading(engine) as connection:
        number, before = rulebook.latest(connection) or (0, "")
    assert "#" in before
    half, mute = proposed(tired, "/rules/kinds/weigh", "hiring_role")
    assert half["intent"] == [str(round(usual / 2, 2))]
    for form, intent in ((half, round(usual / 2, 2)), (mute, 0)):
        assert tired.post("/rules/kinds/weigh", form).headers["location"] == "/insights?days=30"
        with reading(engine) as connection:
            newest = rulebook.latest(connection)
            kinds = rulebook.decided(connection, ()).kinds
        assert newest is not None
        number += 1
        assert newest[0] == number
        assert all(line in newest[1].splitlines() for line in before.splitlines())  # its comments too
        assert kinds["hiring_role"].intent == intent
    assert proposed(tired, "/rules/kinds/weigh", "hiring_role") == []
    tired.post(f"/rules/versions/{number - 2}/back", {"over": str(number)})
    assert len(proposed(tired, "/rules/kinds/weigh", "hiring_role")) == 2


@pytest.mark.parametrize("form", [{"kind": "zebra", "intent": "0"}, {"kind": "hiring_role", "intent": "2"}])
def test_no_kind_is_weighed_that_is_none_or_by_more_than_all(
    page: Served, engine: Engine, form: dict[str, str]
) -> None:
    assert page.post("/rules/kinds/weigh", form).status_code in {400, 422}
    with reading(engine) as connection:
        assert [one.number for one in rulebook.versions(connection)] == [1]


def test_nothing_is_proposed_before_anybody_had_the_time_to_answer(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.insights._TIRING", 0.6)
    assert "To hear less of" not in page.get("/insights").text


def test_who_may_not_change_it_sees_what_tires_and_no_button(tired: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(tired, "rea") as rep:
        text = rep.get("/insights?days=30").text
    assert "To hear less of" in text
    assert "An admin may do that." in text
    assert "A manager may do that." in text
    assert [form.action for form in forms_of(text) if form.method == "post"] in ([], ["/logout"])


def test_a_stranger_sees_no_insights(stranger: httpx.Client) -> None:
    assert "raised money" not in stranger.get("/insights").text


def test_a_count_that_takes_long_lets_nobody_wait(page: Served) -> None:
    gate = Event()
    page.app.state.bench.counts._patience = 0.01
    for _ in range(3):
        page.app.state.bench.counts._pool.submit(gate.wait, 10)
    waits = page.get("/insights?days=365")
    assert waits.status_code == 200
    assert "are being counted" in waits.text
    gate.set()
    page.app.state.bench.counts._patience = 10
    assert "raised money" in page.get("/insights?days=365").text


def test_how_other_reps_do_is_for_managers(page: Served, engine: Engine) -> None:
    a_team(engine)
    for name, kind in (("rea", "funding_early"), ("max", "layoffs")):
        trigger, _ = some_trigger(engine, kind)
        carry_out(
            engine,
            Action(verb="contacted", by=name, trigger=trigger, value="call"),
            now=NOW,
            zone=ZoneInfo("UTC"),
        )
    row = '<th scope="row">{}</th>'.format
    with entered(page, "max") as manager:
        text = manager.get("/insights").text
        assert row("rea") in text
        assert row("max") in text
    with entered(page, "rea") as rep:
        text = rep.get("/insights").text
        assert row("rea") in text
        assert row("max") not in text

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from html import unescape
from pathlib import Path

import httpx
import pytest

from earmark.rulebook import parse
from review.fields import TABLES
from review.tables import rows_of
from review.trial import span_of
from review.trying import Ask, State, Trials, _Run
from storage import audit, rulebook
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.filled import forms_of, send
from tests.review.page.served import Served
from tests.review.page.team import a_team, csrf_of, entered

SECOND = """\
threshold = 90  # a comment of ours

[[problems]]
id = "slow"
name = "Slow"
phrases = ["slow close"]
"""

OTHER = """\
threshold = 99

[[icp]]
field = "size"
op = "at_least"
value = 100000

[[problems]]
id = "zebras"
name = "Zebras"
phrases = ["zebras on the loose"]

[[compounds]]
id = "new_money"
name = "New money"
rule = "funding <= 90 d"
"""


def in_force(engine: Engine) -> tuple[int, str]:
    with reading(engine) as connection:
        newest = rulebook.latest(connection)
    assert newest is not None
    return newest


def said(page: Served, answer: httpx.Response) -> str:
    """Follow the way back and return what is said there once."""
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)
    text = page.get(answer.headers["location"]).text
    found = re.search(r'class="said"[^>]*>([^<]*)<', text)
    assert found
    return unescape(found[1])


def until_over(page: Served, seconds: float = 240) -> str:
    """Return the trial once nothing more will come; the page's own script asks in the same way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        shown = page.get("/rules/trial", headers={"x-earmark": "part"}).text
        if 'data-running="no"' in shown:
            return shown
        time.sleep(0.05)
    raise AssertionError("the trial goes on and on")


@contextmanager
def acting_as(name: str, page: Served, engine: Engine) -> Iterator[Served]:
    """The page as a user of a team sees it."""
    a_team(engine)
    with entered(page, name) as client:
        yield replace(page, client=client)


def test_every_table_of_the_rulebook_has_its_screen_and_its_form(page: Served) -> None:
    overview = page.get("/rules").text
    for table in TABLES.values():
        assert f'href="/rules/{table.name}"' in overview
        assert page.get(f"/rules/{table.name}").status_code == 200
        form = page.get(f"/rules/{table.name}/edit" if table.keyed else f"/rules/{table.name}").text
        for field in table.fields:
            assert f'name="{field.name}"' in form, (table.name, field.name)


def test_what_there_is_not_is_told(page: Served) -> None:
    for path in (
        "/rules/weather",
        "/rules/problems/edit?key=none",
        "/rules/versions/99",
        "/rules/weather/edit",
    ):
        answer = page.get(path)
        assert answer.status_code == 404
        assert "There is no" in answer.text or "has no table" in answer.text


@pytest.mark.parametrize(
    "table", [table for table in TABLES.values() if table.name != "plays"], ids=lambda t: t.name
)
def test_a_form_sent_as_it_stands_changes_no_rule(page: Served, engine: Engine, table: object) -> None:
    assert hasattr(table, "name")
    one = TABLES[table.name]
    before = in_force(engine)[1]
    for key, _ in rows_of(parse(before), one):
        path = f"/rules/{one.name}/edit?key={key}" if one.keyed else f"/rules/{one.name}"
        answer = send(page, path, f"/rules/{one.name}/edit", then="draft")
        assert answer.status_code == 303, answer.text
    draft = page.get("/rules/draft").text
    if rows_of(parse(before), one):
        assert "No rule is different" in draft


def test_a_problem_is_changed_by_its_form_and_saved_with_who_it_was(page: Served, engine: Engine) -> None:
    answer = send(
        page,
        "/rules/problems/edit?key=slow-close",
        "/rules/problems/edit",
        phrases="month-end close\r\n\r\n  late books ",
        examples="Our month-end close drags on.",
        then="save",
    )
    assert "Saved as version 2" in said(page, answer)
    number, text = in_force(engine)
    problem = parse(text).problems[0]
    assert number == 2
    assert problem.phrases == ("month-end close", "late books")
    assert problem.examples == ("Our month-end close drags on.",)
    with reading(engine) as connection:
        deed = audit.recent(connection)[0]
        assert rulebook.versions(connection)[0].by == "owner"
    assert (deed.by, deed.verb, deed.subject) == ("owner", "rulebook.apply", "version 2")
    assert "problems changed: slow-close" in deed.text


@pytest.mark.parametrize(
    ("path", "changes", "sentence"),
    [
        ("problems/edit?key=slow-close", {"examples": "We sell boats."}, "misses its example"),
        (
            "problems/edit?key=slow-close",
            {"counterexamples": "The month-end close."},
            "finds its counterexample",
        ),
        ("problems/edit?key=slow-close", {"rule": "close NEAR/5 ("}, "rule"),
        ("problems/edit?key=slow-close", {"id": ""}, "id"),
        ("problems/edit", {"id": "slow-close", "name": "Twice"}, "twice"),
        ("icp/edit?key=1", {"value": "many"}, "whole number"),
        ("icp/edit?key=1", {"weight": "heavy"}, "takes a number"),
        ("icp/edit?key=1", {"value": "1\n2"}, "2 are given"),
        ("compounds/edit", {"id": "a", "name": "A", "rule": "fundin <= 3 d"}, "Did you mean 'funding'?"),
        ("kinds/edit", {"kind": "layoffs", "opens_days": "90", "closes_days": "2"}, "follow each other"),
        ("reps/edit", {"id": "ida", "away": "2026-12-24 to 2026-12-01"}, "before the first"),
        ("reps/edit", {"id": "ida", "away": "Christmas"}, "away"),
        ("reps/edit", {"id": "ida", "manager": "nobody"}, "none of them"),
        ("limits", {"threshold": "101"}, "threshold"),
        ("hours", {"hours.zone": "Mars/Base"}, "no time zone"),
        ("proofs/edit", {"id": "p", "text": "Told", "url": "ftp://x"}, "url"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(
    page: Served, engine: Engine, path: str, changes: dict[str, str], sentence: str
) -> None:
    table = path.partition("/")[0].partition("?")[0]
    answer = send(page, f"/rules/{path}", f"/rules/{table}/edit", then="save", **changes)
    assert answer.status_code == 422
    shown = unescape(answer.text)
    alert = re.search(r'role="alert">([^<]+)<', shown)
    assert alert, shown
    assert sentence in alert[1]
    form = next(one for one in forms_of(answer.text) if one.action == f"/rules/{table}/edit")
    for name, value in changes.items():
        assert form.fields[name] == [value]
    assert in_force(engine)[0] == 1


def test_a_draft_counts_for_nothing_until_it_is_saved_and_survives_a_reload(
    page: Served, engine: Engine
) -> None:
    send(page, "/rules/limits", "/rules/limits/edit", threshold="44", then="draft")
    send(page, "/rules/icp/edit?key=3", "/rules/icp/edit", then="remove")
    assert in_force(engine)[0] == 1
    for _ in range(2):
        shown = unescape(page.get("/rules/draft").text)
        assert "threshold: 20 → 44" in shown
        assert "icp gone: tier is C" in shown
    assert 'value="44"' in page.get("/rules/limits").text
    assert "Saved as version 2" in said(page, send(page, "/rules/draft", "/rules/draft", then="save"))
    rules = parse(in_force(engine)[1])
    assert (rules.threshold, len(rules.icp)) == (44, 2)
    assert "There is no draft" in page.get("/rules/draft").text


def test_a_draft_is_thrown_away(page: Served, engine: Engine) -> None:
    send(page, "/rules/limits", "/rules/limits/edit", threshold="44", then="draft")
    form = next(form for form in forms_of(page.get("/rules/draft").text) if ("then", "drop") in form.buttons)
    page.client.post(form.action, data={**form.fields, "then": "drop"}, headers={"origin": page.url})
    assert "There is no draft" in page.get("/rules/draft").text
    assert in_force(engine)[0] == 1


def test_the_whole_text_is_kept_letter_by_letter(page: Served, engine: Engine) -> None:
    answer = send(page, "/rules/text", "/rules/text", text=SECOND.replace("\n", "\r\n"), then="save")
    assert "Saved as version 2" in said(page, answer)
    assert in_force(engine) == (2, SECOND)
    again = send(page, "/rules/text", "/rules/text", then="save")
    assert "Nothing changed" in said(page, again)
    assert in_force(engine)[0] == 2


def test_a_text_that_is_wrong_is_shown_again_with_the_reason(page: Served, engine: Engine) -> None:
    answer = send(page, "/rules/text", "/rules/text", text="treshold = 3\n", then="draft")
    assert answer.status_code == 422
    assert "Did you mean 'threshold'?" in unescape(answer.text)
    form = next(one for one in forms_of(answer.text) if one.action == "/rules/text")
    assert form.fields["text"] == ["treshold = 3\n"]
    assert in_force(engine)[0] == 1


def test_nobody_writes_over_a_version_that_came_in_between_without_seeing_it(
    page: Served, engine: Engine
) -> None:
    form = next(one for one in forms_of(page.get("/rules/text").text) if one.action == "/rules/text")
    with writing(engine) as connection:
        rulebook.save(connection, SECOND, "ida", NOW)
    mine = {**form.fields, "text": "threshold = 30\n", "then": "save"}
    answer = page.client.post("/rules/text", data=mine, headers={"origin": page.url})
    assert answer.status_code == 422
    assert "ida saved version 2" in answer.text
    assert "a comment of ours" in answer.text
    assert in_force(engine)[1] == SECOND
    again = next(one for one in forms_of(answer.text) if one.action == "/rules/text")
    page.client.post("/rules/text", data={**again.fields, "then": "save"}, headers={"origin": page.url})
    assert in_force(engine) == (3, "threshold = 30\n")


def test_a_version_shows_what_it_changed_and_can_be_gone_back_to(page: Served, engine: Engine) -> None:
    first = in_force(engine)[1]
    send(page, "/rules/text", "/rules/text", text=SECOND, then="save")
    shown = unescape(page.get("/rules/versions/2").text)
    assert "<ins>+ threshold = 90" in shown
    assert "<del>− threshold = 20.0" in shown
    assert "Go back" not in shown
    answer = send(page, "/rules/versions/1", "/rules/versions/1/back")
    assert "Saved as version 3" in said(page, answer)
    assert in_force(engine) == (3, first)


def test_a_shipped_compound_is_switched_on(page: Served, engine: Engine) -> None:
    before = in_force(engine)[1]
    answer = send(page, "/rules/compounds", "/rules/compounds/on")
    assert "Saved as version 2" in said(page, answer)
    assert in_force(engine)[1].startswith(before.rstrip())
    assert len(parse(in_force(engine)[1]).compounds) == 1
    assert "holds for" in page.get("/rules/compounds").text


def test_a_form_says_that_comments_would_go(page: Served, engine: Engine) -> None:
    assert "The text has comments" in page.get("/rules/limits").text
    with writing(engine) as connection:
        rulebook.save(connection, "threshold = 30\n", "ida", NOW)
    assert "The text has comments" not in page.get("/rules/limits").text


def test_hostile_words_of_a_rulebook_stay_words(page: Served) -> None:
    bad = "<script>alert(1)</script>\u202e"
    send(
        page,
        "/rules/problems/edit",
        "/rules/problems/edit",
        id=bad,
        name=bad,
        phrases=bad + "\nslow",
        then="save",
    )
    for path in ("/rules", "/rules/problems", "/rules/text", "/rules/versions/2"):
        text = page.get(path).text
        assert "<script>alert" not in text
    assert "\u202e" not in page.get("/rules/problems").text


@pytest.mark.parametrize("name", ["rea", "ron"])
def test_who_may_not_decide_sees_the_rules_and_changes_nothing(
    page: Served, engine: Engine, name: str
) -> None:
    with acting_as(name, page, engine) as theirs:
        assert theirs.get("/rules").status_code == 200
        assert 'name="then"' not in theirs.get("/rules/limits").text
        word = csrf_of(theirs.client, "/rules/limits")
        form = {"csrf": word, "text": "threshold = 1\n", "then": "save", "compound": "x", "threshold": "1"}
        for path in (
            "text",
            "draft",
            "trial",
            "versions/1/back",
            "compounds/on",
            "limits/edit",
            "plays/edit",
        ):
            answer = theirs.client.post(f"/rules/{path}", data=form)
            assert answer.status_code == 403, path
    assert in_force(engine)[0] == 1


def test_a_manager_leaves_what_is_for_an_admin(page: Served, engine: Engine) -> None:
    with acting_as("max", page, engine) as theirs:
        for table, field in (("limits", {"targets": "crm"}), ("retention", {"retention.events_days": "10"})):
            answer = send(theirs, f"/rules/{table}", f"/rules/{table}/edit", then="save", **field)
            assert answer.status_code == 422
            assert "for an admin" in answer.text
        answer = send(theirs, "/rules/limits", "/rules/limits/edit", threshold="7", then="save")
        assert answer.status_code == 303
    with reading(engine) as connection:
        assert [one.by for one in rulebook.versions(connection)] == ["max", "demo"]


def test_a_draft_is_its_authors_alone(page: Served, engine: Engine) -> None:
    with acting_as("max", page, engine) as theirs:
        send(theirs, "/rules/limits", "/rules/limits/edit", threshold="7", then="draft")
        with entered(page, "ada") as other:
            assert "There is no draft" in other.get("/rules/draft").text
        assert "threshold: 20 → 7" in unescape(theirs.get("/rules/draft").text)


def test_a_stranger_sees_no_rules(stranger: httpx.Client) -> None:
    for path in ("/rules", "/rules/text", "/rules/trial", "/rules/plays", "/insights"):
        answer = stranger.get(path)
        assert answer.status_code in {303, 401}
        assert "month-end" not in answer.text


def test_a_draft_is_tried_on_the_last_days_and_says_what_it_would_have_done(
    page: Served, engine: Engine
) -> None:
    send(page, "/rules/text", "/rules/text", text=OTHER, then="draft")
    answer = send(page, "/rules/draft", "/rules/trial", then="begin")
    assert answer.headers["location"] == "/rules/trial"
    shown = unescape(until_over(page))
    assert "Tried on the 90 days" in shown, shown
    assert re.search(r"Demoted by the draft: [1-9]", shown)
    told = re.sub(r"</?strong>", "", shown)
    assert re.search(
        r"It would have given [1-9]\d* reasons of [1-9]\d* texts: [1-9]\d* that the rules in force", told
    )
    assert re.search(r"Only the draft gives [1-9]", shown)
    assert "Norvik Labs</strong> New money" in shown
    assert re.search(r"[1-9]\d* of \d+ accounts get another fit", shown)
    assert "holds for no account" in shown
    assert "zebras</strong>: 0 of" in shown
    assert "paper-expenses</strong>" not in shown
    assert in_force(engine)[0] == 1
    send(page, "/rules/limits", "/rules/limits/edit", threshold="98", then="draft")
    assert "The draft changed since" in page.get("/rules/trial").text


def test_a_newer_trial_calls_off_the_one_before_and_one_can_be_called_off(page: Served) -> None:
    send(page, "/rules/limits", "/rules/limits/edit", threshold="50", then="draft")
    send(page, "/rules/draft", "/rules/trial", then="begin")
    trials: Trials = page.app.state.bench.trials
    first = trials._runs["owner"]
    send(page, "/rules/draft", "/rules/trial", then="begin")
    first.join(20)
    assert not first.is_alive()
    assert first.trying.state is State.CALLED_OFF
    answer = send(page, "/rules/trial", "/rules/trial", then="stop")
    assert "called off" in said(page, answer)
    assert "called off" in until_over(page).lower()


def test_a_trial_ends_when_its_time_is_up(page: Served, workspace: Path) -> None:
    page.app.state.bench.trials._limit = 0.0
    send(page, "/rules/limits", "/rules/limits/edit", threshold="50", then="draft")
    send(page, "/rules/draft", "/rules/trial", then="begin")
    assert "took longer than" in until_over(page)
    assert workspace.is_dir()


def test_a_long_step_of_a_trial_says_how_much_of_it_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("review.trying.monotonic", lambda: clock[0])
    ask = Ask(url="", text="", span=span_of(NOW), zone=UTC)
    run = _Run(ask, threading.Semaphore(), 60, 1)
    told = []
    for seconds, word in (
        (0, ("events read", 2_000, 60_000)),
        (2, ("events read", 4_000, 60_000)),
        (58, ("events read", 12_000, 60_000)),
        (200, ("events read", 60_000, 60_000)),
        (0, ("bundles decided", 1, 64)),
        (60, ("bundles decided", 2, 64)),
    ):
        clock[0] += seconds
        run._heard(word)
        told.append(run.trying.said)
    assert told == [
        "2,000 of 60,000 events read",
        "4,000 of 60,000 events read",
        "12,000 of 60,000 events read, about 5 min more",
        "60,000 of 60,000 events read",
        "1 of 64 bundles decided",
        "2 of 64 bundles decided, about 62 min more",
    ]


def test_a_trial_that_needs_too_much_memory_fails_alone(page: Served) -> None:
    page.app.state.bench.trials._memory = 1
    send(page, "/rules/limits", "/rules/limits/edit", threshold="50", then="draft")
    send(page, "/rules/draft", "/rules/trial", then="begin")
    assert "It failed" in until_over(page)
    assert page.get("/rules").status_code == 200


def test_the_profile_in_force_is_shown_on_the_list_without_a_draft(page: Served) -> None:
    send(page, "/rules/icp", "/rules/trial", then="begin")
    shown = unescape(until_over(page))
    assert "No account gets another fit" in shown
    assert "At least 100 people: the close is shared by a team.</th>" in shown
    assert "draft changed" not in shown
    told = re.sub(r"</?strong>", "", shown)
    assert re.search(r"The rules in force would have given [1-9]\d* reasons of [1-9]\d* texts\.", told)
    assert re.search(r"All [1-9]\d*; these 5 and others", shown)
    assert "by the draft: 0" not in shown


def test_a_table_shows_words_and_only_columns_that_hold_something(page: Served) -> None:
    shown = page.get("/rules/icp").text
    assert "<td>is one of</td>" in shown
    assert "Counterexamples" not in page.get("/rules/problems").text


def test_a_rulebook_that_is_none_any_more_can_be_mended_as_text(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE rulebook SET body = 'an_older_key = 1'")
    assert "unknown key an_older_key" in page.get("/rules").text
    answer = send(page, "/rules/text", "/rules/text", text="threshold = 31\n", then="save")
    assert "Saved as version 2" in said(page, answer)
    assert page.get("/rules/versions/2").status_code == 200


def test_rules_that_can_not_hold_together_are_told_before_and_after_saving(
    page: Served, engine: Engine
) -> None:
    send(page, "/rules/icp/edit", "/rules/icp/edit", field="size", op="at_most", value="9", then="draft")
    assert "can't hold together" in unescape(page.get("/rules/draft").text)
    answer = send(page, "/rules/draft", "/rules/draft", then="save")
    assert "Look at this: size at least 100 and size at most 9 can't hold together." in said(page, answer)
    assert in_force(engine)[0] == 2


def test_a_problem_that_is_in_every_text_is_told(page: Served) -> None:
    send(
        page,
        "/rules/problems/edit",
        "/rules/problems/edit",
        id="all",
        name="All",
        phrases="a\nthe\nto\nof\nin",
        then="draft",
    )
    assert "narrow its rule" in unescape(page.get("/rules/draft").text)

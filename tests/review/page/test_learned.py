"""What it learned, on the page: listed with its effect, and taken back."""

import html
import re

from earmark.types import Action, TriggerState, Verdict
from review.acting import carry_out
from review.today import kind_words
from storage import accounts, judgements, lessons, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team, csrf_of, entered

UTC = NOW.tzinfo


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def dismissed(engine: Engine, verdict: Verdict, *, by: str = "ada") -> str:
    """Dismiss a reason of an account that has an owner, and return its trigger."""
    with reading(engine) as connection:
        found = [one for one in triggers.every_open(connection) if one.account]
        held = accounts.of(connection, {one.account for one in found if one.account})
    chosen = next(one for one in found if one.account and held[one.account].owner)
    assert UTC is not None
    action = Action(verb="dismiss", by=by, trigger=chosen.id, value=verdict.value)
    carry_out(engine, action, now=NOW, zone=UTC)
    return chosen.id


def buttons(markup: str, words: str) -> list[str]:
    """Return the names that the forms with this button send."""
    found = re.findall(r'<button[^>]* name="name" value="([^"]+)"[^>]*>([^<]+)</button>', markup)
    return [html.unescape(name) for name, button in found if button == words]


def test_before_the_first_verdict_it_says_what_teaches(page: Served) -> None:
    assert "Nothing was taught or judged yet." in page.get("/learned").text


def test_a_verdict_is_listed_with_its_effect_and_taken_back(page: Served, engine: Engine) -> None:
    trigger = dismissed(engine, Verdict.OFF_TOPIC)
    shown = page.get("/learned").text
    told = text_of(shown)
    assert "off topic" in told
    assert "Counts against" in told
    [name] = buttons(shown, "Undo")
    page.post("/learned/undo", {"name": name})
    with reading(engine) as connection:
        assert judgements.every(connection) == []
        again = triggers.get(connection, trigger)
    assert again is not None
    assert again.state is TriggerState.OPEN
    assert "Nothing was taught or judged yet." in page.get("/learned").text


def test_a_lesson_of_a_name_is_listed_and_taken_back(page: Served, engine: Engine) -> None:
    with reading(engine) as connection:
        account = next(iter(accounts.every(connection)))
    lesson = lessons.Lesson(
        id="lesson-1", name="<b>Norvik</b>", is_own=False, by="ada", at=NOW, effect="1 text was read again."
    )
    with writing(engine) as connection:
        lessons.save(connection, account, [lesson])
    shown = page.get("/learned").text
    assert "&lt;b&gt;Norvik&lt;/b&gt;" in shown
    assert "never means it" in shown
    assert buttons(shown, "Undo") == ["lesson-1"]
    page.post("/learned/undo", {"name": "lesson-1"})
    with reading(engine) as connection:
        assert lessons.learned(connection) == []
    page.post("/learned/undo", {"name": "lesson-1"})
    assert "taken back already" in page.get("/learned").text


def test_what_a_verdict_does_is_told_in_the_words_of_the_page(page: Served, engine: Engine) -> None:
    trigger = dismissed(engine, Verdict.OFF_TOPIC)
    with reading(engine) as connection:
        found = triggers.get(connection, trigger)
    assert found is not None
    told = text_of(page.get("/learned").text)
    assert f"{kind_words(found.kind)}: off topic" in told
    assert f"Counts against “{kind_words(found.kind)}” from" in told
    assert found.kind not in told


def test_a_verdict_on_a_conversation_touches_no_account(page: Served, engine: Engine) -> None:
    with reading(engine) as connection:
        talk = next(one for one in triggers.find(connection, limit=None) if one.account is None)
    assert UTC is not None
    action = Action(verb="dismiss", by="ada", trigger=talk.id, value=Verdict.CUSTOMER_OR_OPEN_DEAL.value)
    carry_out(engine, action, now=NOW, zone=UTC)
    told = text_of(page.get("/learned").text)
    assert "it has no account" in told
    assert "suppressed" not in told


def test_a_rule_shows_its_interval_begins_anew_and_goes_back(page: Served, engine: Engine) -> None:
    dismissed(engine, Verdict.OFF_TOPIC)
    shown = page.get("/learned").text
    bar = re.search(r'aria-label="(\d+) %, between (\d+) and (\d+) %"', shown)
    assert bar is not None
    mean, low, high = map(int, bar.groups())
    assert low < mean < high
    rules = buttons(shown, "Begin anew")
    assert rules
    page.post("/learned/undo", {"name": rules[0]})
    anew = page.get("/learned").text
    assert "It began anew; before: 0 good, 1 bad." in anew
    assert rules[0] in buttons(anew, "Count all again")
    page.post("/learned/undo", {"name": rules[0]})
    assert rules[0] in buttons(page.get("/learned").text, "Begin anew")


def test_rules_are_shown_source_by_source(page: Served, engine: Engine) -> None:
    dismissed(engine, Verdict.OFF_TOPIC)
    [source, *_] = {name.partition("@")[2] for name in buttons(page.get("/learned").text, "Begin anew")}
    assert buttons(page.get("/learned", params={"source": source}).text, "Begin anew")
    assert not buttons(page.get("/learned", params={"source": "nowhere"}).text, "Begin anew")


def test_a_rep_sees_and_takes_back_what_is_of_their_accounts_alone(page: Served, engine: Engine) -> None:
    a_team(engine)
    dismissed(engine, Verdict.OFF_TOPIC)
    with reading(engine) as connection:
        [said] = judgements.every(connection)
        [rule, *_] = [f"{said.kind}@{source}" for source in said.sources]
    with entered(page, "rea") as client:
        assert "Counts against" not in client.get("/learned").text
        form = {"csrf": csrf_of(client), "name": said.id}
        assert client.post("/learned/undo", data=form).status_code == 404
        assert client.post("/learned/undo", data={**form, "name": rule}).status_code == 403
    with entered(page, "ron") as client:
        shown = client.get("/learned").text
        assert "Counts against" in shown
        assert not buttons(shown, "Undo")
        form = {"csrf": csrf_of(client), "name": said.id}
        assert client.post("/learned/undo", data=form).status_code == 403
    with reading(engine) as connection:
        assert len(judgements.every(connection)) == 1
    with entered(page, "max") as client:
        form = {"csrf": csrf_of(client), "name": said.id}
        assert client.post("/learned/undo", data=form).status_code == 303
    with reading(engine) as connection:
        assert judgements.every(connection) == []

import re
from html import unescape

import pytest

from earmark.rulebook import parse
from earmark.rulebook.placeholders import PLACEHOLDERS
from earmark.triggers import CATALOGUE
from earmark.types import Play
from review.page.viewer import Role, Viewer
from review.plays import SAMPLE, preview, speakers
from storage import rulebook
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.filled import forms_of, send
from tests.review.page.served import Served

EDIT = "/rules/plays/edit"


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def shown(html: str) -> str:
    found = re.search(r'<section id="preview".*?</section>', html, re.DOTALL)
    assert found
    return words(found[0])


def test_every_kind_says_who_speaks_for_it(page: Served) -> None:
    text = page.get("/rules/plays").text
    for kind in CATALOGUE.values():
        assert f"{kind.key.replace('_', ' ')}<br>" in text
    assert "new-money" in text
    assert "Write your own" in text


def test_the_play_for_a_kind_comes_before_the_one_for_all() -> None:
    every, own = Play(id="all", kind="*"), Play(id="mine", kind="layoffs")
    by_kind = {one.kind: one for one in speakers([every, own])}
    assert by_kind["layoffs"].own == own
    assert by_kind["exec_hire"].own == every
    assert speakers([])[0].own is None


def test_a_play_is_shown_on_a_real_trigger_of_its_kind(page: Served) -> None:
    text = shown(page.get(f"{EDIT}?key=new-money").text)
    assert "On a trigger of yours: Norvik Labs raised money" in text
    assert "Congratulations on the Series B, Norvik Labs." in text
    assert "Ask for: CFO, Head of Finance Systems" in text


def test_a_kind_without_a_trigger_is_shown_on_the_sample(page: Served) -> None:
    answer = send(
        page,
        EDIT,
        EDIT,
        kind="contract_renewal_window",
        id="renew",
        opener="Your {tool} ends on {deadline}.",
        talk="{account} pays {amount}",
        steps="call\nwrite",
        then="preview",
    )
    text = shown(answer.text)
    assert "so this is a sample" in text
    assert "Your Billhaus ends on 2027-01-01." in text
    assert "Norvik Labs pays $20 million" in text
    assert "Touch 2: write" in text


def test_the_sample_has_a_word_for_every_placeholder() -> None:
    assert SAMPLE.keys() == PLACEHOLDERS


def test_a_preview_writes_nothing_and_the_script_gets_its_part_alone(page: Served, engine: Engine) -> None:
    answer = send(
        page, f"{EDIT}?key=new-money", EDIT, {"x-earmark": "part"}, opener="Well: {amount}!", then="preview"
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Well: $42" in shown(answer.text)
    with reading(engine) as connection:
        newest = rulebook.latest(connection)
    assert newest is not None
    assert newest[0] == 1
    assert "There is no draft" in page.get("/rules/draft").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"opener": "Hello {acount}"}, "there is no placeholder {acount}; the nearest is {account}"),
        ({"talk": "One { alone"}, "a brace stands alone"),
        ({"steps": "call {person}"}, "steps take no placeholders"),
    ],
)
def test_a_play_that_can_not_be_filled_is_refused_with_what_is_meant(
    page: Served, changes: dict[str, str], sentence: str
) -> None:
    for then, status in (("preview", 200), ("save", 422)):
        answer = send(page, f"{EDIT}?key=new-money", EDIT, None, then=then, **changes)
        assert answer.status_code == status
        assert sentence in unescape(answer.text)
        form = next(form for form in forms_of(answer.text) if form.action == EDIT)
        for name, value in changes.items():
            assert form.fields[name] == [value]


def test_what_a_rep_would_not_read_is_told_with_the_reason(engine: Engine) -> None:
    lines = ("They lost {percent} of it", "It raised {amount}", "Ask: what now?")
    play = Play(id="mine", kind="funding_early", talk=lines, opener="Hello there")
    with reading(engine) as connection:
        found = preview(connection, play, (), NOW)
    assert ("talk", "Ask: what now?") in found.lines
    left = " ".join(found.left_out)
    assert "nobody told {percent}" in left
    assert "The opener holds no fact" in left
    assert "what now" not in left


def test_an_opener_that_is_too_long_is_told(engine: Engine) -> None:
    play = Play(id="mine", kind="funding_early", opener="{amount} " + "word " * 60)
    with reading(engine) as connection:
        found = preview(connection, play, (), NOW)
    assert any("The opener has 61 words" in said for said in found.left_out)
    assert any(section == "opener" for section, _ in found.lines)  # ours speaks in its place


def test_a_new_play_begins_with_ours_and_is_saved(page: Served, engine: Engine) -> None:
    form = next(form for form in forms_of(page.get(f"{EDIT}?kind=layoffs").text) if form.action == EDIT)
    assert form.fields["kind"] == ["layoffs"]
    assert form.fields["opener"][0]
    answer = send(page, f"{EDIT}?kind=layoffs", EDIT, id="lean", opener="About {quote}", then="save")
    assert answer.headers["location"] == "/rules/plays"
    with reading(engine) as connection:
        newest = rulebook.latest(connection)
    assert newest is not None
    saved = next(play for play in parse(newest[1]).plays if play.id == "lean")
    assert (saved.kind, saved.opener) == ("layoffs", "About {quote}")
    assert len(saved.talk) == 3


def test_there_is_no_play_of_a_name_nobody_gave(page: Served) -> None:
    assert page.get(f"{EDIT}?key=nobody").status_code == 404


def test_a_rep_is_shown_no_account_that_is_not_theirs(engine: Engine) -> None:
    rep = Viewer(id="ida", name="Ida", role=Role.REP)
    play = Play(id="mine", kind="funding_early", opener="{amount}")
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE accounts SET owner = 'ole'")
    with reading(engine) as connection:
        assert preview(connection, play, (), NOW, rep.sees).about is None
        assert preview(connection, play, (), NOW).about == "Norvik Labs raised money"

"""One row opened, and its note to copy."""

import pytest

from matcher.note import erase
from review.detail import Detail, detail
from storage import stories, triggers
from storage.engine import Engine, reading, writing
from storage.removal import remove
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.test_today import rows_of


def _opened(engine: Engine, trigger: str) -> Detail:
    with reading(engine) as conn:
        found = triggers.get(conn, trigger)
        assert found is not None
        opened = detail(conn, found, NOW)
    assert opened is not None
    return opened


def test_every_row_opens_with_a_quote_that_stands_in_its_text(page: Served, engine: Engine) -> None:
    for trigger in rows_of(page):
        opened = _opened(engine, trigger)
        assert opened.reasons[0].trigger.id == trigger
        story = opened.reasons[0].story
        assert story is not None
        texts = [" ".join(f"{m.event.title} {m.event.text}".split()) for m in story.matches]
        for proof in opened.proofs[trigger]:
            quote = "".join(words for words, _ in proof.pieces)
            assert len(quote) <= 282
            plain = " ".join(quote.strip("…").split())
            assert any(plain in text for text in texts)
            assert any(is_match for _, is_match in proof.pieces)
        assert opened.timeline == tuple(sorted(opened.timeline, key=lambda each: each.at, reverse=True))
        told = [each.words for each in opened.timeline]
        assert len(told) == len(set(told)), "each thing is told once"


def test_an_account_opens_with_all_its_reasons_the_picked_one_first(page: Served, engine: Engine) -> None:
    several = [_opened(engine, trigger) for trigger in rows_of(page)]
    rich = next(each for each in several if len(each.reasons) > 1)
    other = rich.reasons[1].trigger.id
    assert _opened(engine, other).reasons[0].trigger.id == other
    assert {each.trigger.id for each in _opened(engine, other).reasons} == {
        each.trigger.id for each in rich.reasons
    }


@pytest.mark.parametrize(("form", "mark"), [("text", "WHY NOW"), ("markdown", "**"), ("html", "<article")])
def test_a_note_is_given_as_plain_text_in_each_form(page: Served, form: str, mark: str) -> None:
    trigger = rows_of(page)[1]
    answer = page.get(f"/triggers/{trigger}/note?form={form}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert mark in answer.text


def test_a_page_of_its_own_says_when_there_is_none(page: Served) -> None:
    trigger = rows_of(page)[0]
    assert page.get(f"/triggers/{trigger}").status_code == 200
    for name in ("gone", trigger[:-1], "' OR 1=1"):
        assert page.get(f"/triggers/{name}").status_code == 404
        assert page.get(f"/triggers/{name}/note").status_code == 404
    assert page.get(f"/triggers/{trigger}/note?form=pdf").status_code == 422


def test_a_trigger_whose_evidence_was_erased_still_opens(page: Served, engine: Engine) -> None:
    trigger = rows_of(page)[1]
    with writing(engine) as conn:
        found = triggers.get(conn, trigger)
        assert found is not None
        story = stories.get(conn, found.story)
        assert story is not None
        remove(conn, [match.event.id for match in story.matches], erase)
    answer = page.get(f"/triggers/{trigger}")
    assert answer.status_code == 200
    assert "evidence removed" in answer.text
    assert _opened(engine, trigger).proofs[trigger] == ()

"""What texts say of a company outside the list, and how well that fits."""

from typing import Any

import pytest

from earmark.types import Certainty, Fact, Hint, HintKind, IcpRule, Span, Story, StoryFact
from matcher.outside import Outsider, fit_of, outsider_of, speaks
from tests.builders import a_match, a_stored_event
from tests.storage.nouns import a_story


def told(title: str, text: str = "", *, name: str = "Quillby Systems", **changes: Any) -> Story:
    hints = changes.pop("hints", ())
    event = a_stored_event(title, text=text, hints=hints)
    start = title.index(name)
    span = Span(event=event.id, field="title", start=start, end=start + len(name), quote=name)
    match = a_match(event, account=None, company="quillby systems", evidence=(span,), facts=())
    return a_story(match, **changes)


def test_the_name_is_as_most_texts_write_it() -> None:
    stories = [
        told("Quillby Systems raises money"),
        told("QUILLBY SYSTEMS raises", name="QUILLBY SYSTEMS"),
        told("Quillby Systems grows"),
    ]
    assert outsider_of("quillby systems", stories).name == "Quillby Systems"


def test_its_country_is_that_of_the_words_beside_its_name_only() -> None:
    text = "Berlin-based Quillby Systems raised money. The Danish investor Fjord led the round."
    assert outsider_of("quillby systems", [told("Quillby Systems raises", text)]).countries == ("germany",)
    assert outsider_of("quillby systems", [told("Danish Quillby Systems raises")]).countries == ("denmark",)


def test_a_domain_that_the_source_gives_counts_where_it_looks_like_the_name() -> None:
    hints = (
        Hint(kind=HintKind.DOMAIN, value="wire.example"),
        Hint(kind=HintKind.DOMAIN, value="www.quillby.example"),
    )
    assert outsider_of("quillby systems", [told("Quillby Systems raises", hints=hints)]).domain == (
        "quillby.example"
    )
    assert outsider_of("quillby systems", [told("Quillby Systems raises", hints=hints[:1])]).domain is None


def test_its_size_is_what_a_story_of_its_headcount_says() -> None:
    facts = (StoryFact(key="headcount", value=500, span=None, publishers=("wire",)),)
    story = told("Quillby Systems passes 500 people", kind="headcount_milestone", facts=facts)
    cuts = told("Quillby Systems cuts 500 jobs", kind="layoffs", facts=facts)
    assert outsider_of("quillby systems", [story]).headcount == 500
    assert outsider_of("quillby systems", [cuts]).headcount is None


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (IcpRule(field="industry", op="in", value=("Banking", "Insurance")), 1.0),
        (IcpRule(field="industry", op="is", value="Pharmaceuticals"), 0.0),
        (IcpRule(field="industry", op="is", value="software"), 0.5),
        (IcpRule(field="country", op="in", value=("DACH",)), 1.0),
        (IcpRule(field="country", op="is", value="France"), 0.0),
        (IcpRule(field="size", op="at_least", value=100), 1.0),
        (IcpRule(field="size", op="at_least", value=1000), 0.0),
        (IcpRule(field="tier", op="is", value="A"), 0.5),
    ],
)
def test_a_rule_holds_fails_or_the_texts_do_not_say(rule: IcpRule, value: float) -> None:
    outsider = Outsider(name="Quillby", countries=("germany",), sectors=("finance",), headcount=250)
    assert fit_of(outsider, (rule,)).value == value


def test_what_no_text_says_counts_half_and_without_rules_all_fit() -> None:
    rules = (IcpRule(field="country", op="is", value="DE"), IcpRule(field="size", op="at_least", value=5))
    assert fit_of(Outsider(name="Quillby"), rules).value == 0.5
    assert fit_of(Outsider(name="Quillby"), ()).value == 1.0


@pytest.mark.parametrize("certainty", [Certainty.RUMOUR, Certainty.DENIED])
def test_neither_a_rumour_nor_a_denial_speaks(certainty: Certainty) -> None:
    assert speaks(told("Quillby Systems raises"))
    assert not speaks(told("Quillby Systems raises", certainty=certainty))
    assert not speaks(a_story(a_match(facts=(Fact(key="amount", value=1),)), matches=()))

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.rulebook import (
    Compound,
    Hours,
    IcpRule,
    Kind,
    Play,
    Problem,
    Proof,
    Rep,
    Retention,
    Rulebook,
    parse,
    render,
)
from review.fields import TABLES
from review.tables import row_from, rows_of, text_with, typed_of

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"))
WORD = st.text(LETTERS, min_size=1, max_size=12)
WORDS = st.lists(WORD, max_size=4).map(tuple)
DAY = st.dates(date(2020, 1, 1), date(2030, 1, 1))
AWAY = st.lists(st.tuples(DAY, DAY).map(lambda pair: (min(pair), max(pair))), max_size=3).map(tuple)
PROBLEM = st.builds(
    Problem, id=WORD, name=WORD, phrases=WORDS, not_phrases=WORDS, rivals=WORDS, rule=st.just("onboarding"),
    examples=WORDS, counterexamples=WORDS,
)  # fmt: skip
ICP = st.one_of(
    st.builds(IcpRule, field=WORD, op=st.just("in"), value=st.lists(WORD, min_size=1).map(tuple)),
    st.builds(IcpRule, field=WORD, op=st.just("at_least"), value=st.integers(0, 10**6)),
    st.builds(
        IcpRule, field=WORD, op=st.sampled_from(["is", "contains"]), value=WORD, weight=st.floats(-9, 9)
    ),
)
REP = st.builds(
    Rep, id=WORD, name=WORD, email=st.none() | WORD, territories=WORDS, most=st.none() | st.integers(0, 99),
    away=AWAY,
)  # fmt: skip
BOOK = st.builds(
    Rulebook,
    threshold=st.floats(0, 100),
    companies=WORDS,
    targets=WORDS,
    floor=st.none() | st.floats(0.01, 0.99),
    patience=st.dictionaries(st.sampled_from([Stage.CONTACTED, Stage.WARM, Stage.HOT]), st.floats(1, 400)),
    problems=st.lists(PROBLEM, max_size=3, unique_by=lambda one: one.id).map(tuple),
    icp=st.lists(ICP, max_size=3).map(tuple),
    reps=st.lists(REP, max_size=3, unique_by=lambda one: one.id).map(tuple),
    plays=st.just(
        (Play(id="all", steps=("call",)), Play(id="b", kind="layoffs", talk=("a", "b"), opener="{quote}"))
    ),
    kinds=st.just({"layoffs": Kind(half_life_days=3.5, polarity="suppress")}),
    proofs=st.just((Proof(id="p", text="t"),)),
    compounds=st.just((Compound(id="c", name="C", rule="funding <= 3 d", stages=(Stage.COLD, Stage.HOT)),)),
    hours=st.just(Hours(zone="Europe/Berlin", days=(0, 6))),
    retention=st.just(Retention(events_days=4)),
)


@settings(max_examples=40, deadline=None)
@given(BOOK)
def test_every_form_sent_as_it_stands_leaves_the_rulebook_as_it_is(book: Rulebook) -> None:
    text = render(book)
    for table in TABLES.values():
        for key, row in rows_of(parse(text), table):
            again = row_from(table, typed_of(table, row))
            assert parse(text_with(text, table, key, again)) == book, (table.name, key)


@settings(max_examples=40, deadline=None)
@given(BOOK)
def test_a_row_that_is_taken_out_and_written_again_is_the_last(book: Rulebook) -> None:
    text = render(book)
    for table in TABLES.values():
        rows = rows_of(book, table)
        if not table.keyed or not rows:
            continue
        key, row = rows[0]
        less = text_with(text, table, key, None)
        assert len(rows_of(parse(less), table)) == len(rows) - 1
        more = text_with(less, table, None, row_from(table, typed_of(table, row)))
        assert [one for _, one in rows_of(parse(more), table)] == [*(one for _, one in rows[1:]), row]


@given(st.dictionaries(st.sampled_from(["id", "name", "most", "away", "manager", "territories"]), st.text()))
def test_whatever_is_typed_gives_a_rulebook_or_a_sentence(typed: dict[str, str]) -> None:
    table = TABLES["reps"]
    with suppress(ConfigError):  # and nothing else
        assert len(rows_of(parse(text_with("", table, None, row_from(table, typed))), table)) == 1


def test_blank_lines_and_the_line_ends_of_a_browser_are_no_values() -> None:
    row = row_from(TABLES["problems"], {"id": " a ", "name": "A", "phrases": "one\r\n\r\n  two  \r\n"})
    assert row == {"id": "a", "name": "A", "phrases": ["one", "two"]}


@pytest.mark.parametrize(("line", "days"), [("2026-01-02", ["2026-01-02"] * 2), ("a to b", ["a", "b"])])
def test_one_day_alone_is_first_and_last(line: str, days: list[str]) -> None:
    assert row_from(TABLES["reps"], {"id": "x", "away": line})["away"] == [days]


def test_a_row_that_is_gone_is_not_written_over_another() -> None:
    table: Any = TABLES["problems"]
    with pytest.raises(ConfigError, match="no problem 'b' any more"):
        text_with('[[problems]]\nid = "a"\nname = "A"\n', table, "b", {"id": "b", "name": "B"})


def test_a_kind_is_changed_once() -> None:
    text = "[kinds.layoffs]\nintent = 0.1\n"
    with pytest.raises(ConfigError, match="'layoffs' is changed already"):
        text_with(text, TABLES["kinds"], None, {"kind": "layoffs", "intent": 0.2})

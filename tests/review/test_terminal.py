"""What the terminal shows, and what it must never do."""

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from earmark.lifecycle import Cause, Stage
from earmark.triggers import CATALOGUE
from earmark.types import Match, Score, Span, Transition
from matcher.fit import Fit
from review.account import AccountView, Reason, TriggerView, stage_at
from review.plain import json_text, plain
from review.terminal import age, print_account, print_reasons, print_today, safe, shorten
from review.today import rows_of
from tests.builders import NOW, a_match, a_stored_event, ago, an_account
from tests.review.triggers import a_story, a_trigger

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def a_console(*, terminal: bool = True, width: int = 100) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False
    )


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def a_reason(match: Match) -> Reason:
    score = Score(fit=1.0, intent=0.9, freshness=0.5, confidence=0.9)
    return Reason(trigger=a_trigger(), kind_words="raised money", score=score, story=a_story((match,)))


def a_view(match: Match, *, terminal: bool = True) -> str:
    console = a_console(terminal=terminal)
    view = TriggerView(reason=a_reason(match), account=an_account(), transitions=(), judgements=())
    print_reasons(console, view, UTC)
    return output(console)


def a_move(before: Stage, after: Stage, days_ago: float) -> Transition:
    return Transition(
        id=f"move-{days_ago}",
        account="norvik-labs",
        at=ago(days_ago),
        before=before,
        after=after,
        cause=Cause.TRIGGERED,
        actor="earmark",
        reason="Norvik Labs raised money.",
    )


@given(st.text(max_size=80))
def test_a_fetched_text_never_reaches_the_terminal_as_control(text: str) -> None:
    event = a_stored_event(f"x{text}", text=text, url=f"https://wire.example/{text}")
    shown = ESCAPE.sub("", a_view(a_match(event, evidence=())))
    assert not any((ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160 for char in shown)


def test_markup_in_a_headline_is_shown_as_it_is() -> None:
    event = a_stored_event("[bold red]Norvik Labs[/] raises [link=https://evil.example]money[/link]")
    assert event.title in a_view(a_match(event, evidence=()))


def test_the_proof_is_coloured_on_a_terminal_and_quoted_elsewhere() -> None:
    event = a_stored_event("Norvik Labs raises $20 million Series B")
    span = Span(event=event.id, field="title", start=12, end=30, quote=event.title[12:30])
    match = a_match(event, evidence=(span,))
    assert "Norvik Labs «raises $20 million» Series B" in a_view(match, terminal=False)
    assert "\x1b[1;33mraises $20 million" in a_view(match)


def test_a_long_text_is_cut_to_what_lies_around_the_proof() -> None:
    text = "early " * 200 + "Norvik Labs raised $20 million." + " late" * 200
    start = text.index("Norvik")
    span = Span(event="event-1", field="text", start=start, end=start + 31, quote=text[start : start + 31])
    shown = a_view(a_match(a_stored_event("Notes", text=text), evidence=(span,)), terminal=False)
    assert "«Norvik Labs raised $20 million.»" in " ".join(shown.split())
    assert len(shown) < 1500


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=6))
def test_however_spans_overlap_no_character_is_lost_or_doubled(places: list[tuple[int, int]]) -> None:
    event = a_stored_event("abcdefghij" * 6)
    spans = tuple(
        Span(event=event.id, field="title", start=start, end=end, quote=event.title[start:end])
        for start, length in places
        if (end := min(60, start + length)) > start
    )
    shown = a_view(a_match(event, evidence=spans), terminal=False)
    assert event.title in shown.replace("«", "").replace("»", "")


def test_an_account_with_nothing_says_so() -> None:
    console = a_console(terminal=False)
    view = AccountView(
        account=an_account(),
        at=NOW,
        stage=Stage.COLD,
        since=None,
        fit=Fit(value=1.0, sentence="There are no rules.", reasons=()),
        reasons=(),
        ended=(),
        transitions=(),
        contacts=(),
        abstentions=(),
    )
    print_account(console, view, UTC)
    assert "none now" in output(console)
    assert "it has not moved yet" in output(console)
    assert "Ended" not in output(console)


def test_the_stage_follows_from_the_moves() -> None:
    moves = [
        a_move(Stage.COLD, Stage.OUTREACH_READY, 9),
        a_move(Stage.OUTREACH_READY, Stage.OUTREACH_READY, 7),
        a_move(Stage.OUTREACH_READY, Stage.CONTACTED, 5),
    ]
    assert stage_at([]) == (Stage.COLD, None)
    assert stage_at(moves[:2]) == (Stage.OUTREACH_READY, ago(9))
    assert stage_at(moves) == (Stage.CONTACTED, ago(5))


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(minutes=5), "5 m"),
        (timedelta(hours=30), "30 h"),
        (timedelta(days=12), "12 d"),
        (timedelta(days=-1), "ahead"),
    ],
)
def test_an_age_is_one_short_word(passed: timedelta, shown: str) -> None:
    assert age(NOW - passed, NOW) == shown


def test_texts_are_shortened_and_made_safe() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert safe("a\n b\x1b[1m") == "a b\\x1b[1m"


@dataclass(frozen=True)
class Sample:
    at: datetime
    day: date
    lasts: timedelta
    amount: Decimal
    names: frozenset[str]
    stage: Stage
    score: Score


def test_values_become_plain_json() -> None:
    sample = Sample(
        at=NOW,
        day=NOW.date(),
        lasts=timedelta(hours=1),
        amount=Decimal("20000000.50"),
        names=frozenset({"b", "a"}),
        stage=Stage.COLD,
        score=Score(fit=1.0, intent=0.5, freshness=1.0, confidence=1.0),
    )
    value = json.loads(json_text({"sample": sample, "pair": (1, None)}))
    assert value["pair"] == [1, None]
    assert value["sample"]["at"] == "2026-11-21T09:00:00Z"
    assert value["sample"]["day"] == "2026-11-21"
    assert value["sample"]["lasts"] == 3600
    assert value["sample"]["amount"] == "20000000.50"
    assert value["sample"]["names"] == ["a", "b"]
    assert value["sample"]["score"]["total"] == 50.0


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4))
def test_json_loses_nothing_and_steers_nothing(value: dict[str, str]) -> None:
    text = json_text(value)
    assert json.loads(text) == plain(value)
    assert not any((ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160 for char in text)


def test_the_days_of_the_list_are_those_of_the_team() -> None:
    late = NOW.replace(hour=23, minute=30) + timedelta(days=3)
    account = an_account()
    trigger = a_trigger(opens_at=late, expires_at=late + timedelta(days=30))
    rows = rows_of([[trigger]], {account.id: account}, {"story-1": a_story()}, CATALOGUE, NOW)
    shown = []
    for zone in (UTC, ZoneInfo("Europe/Berlin")):
        console = a_console(terminal=False, width=160)
        print_today(console, rows, NOW.astimezone(zone))
        shown.append(re.findall(r"\d\d (?:Nov|Dec)", output(console)))
    assert shown == [["24 Dec", "24 Nov"], ["25 Dec", "25 Nov"]], "until, and best from"

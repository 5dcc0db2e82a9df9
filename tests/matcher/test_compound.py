"""Compounds: several reasons that stand together, in whatever order they are told."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.lifecycle import Stage
from earmark.rulebook import parse
from earmark.types import (
    Action,
    Certainty,
    Fact,
    Hint,
    HintKind,
    History,
    Lexicon,
    Mark,
    Reading,
    Role,
    Trigger,
    TriggerState,
)
from matcher.agenda import wakes_at
from matcher.decide import act, decide
from matcher.gathered import is_gathered
from matcher.score import LIVE
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, is_nothing, readings, stored, told

END = NOW + days(400)


def _book(rule: str, **more: Any) -> Lexicon:
    lines = "".join(f"{key} = {value!r}\n" for key, value in more.items())
    head = 'targets = ["crm"]\n[[compounds]]\nid = "budget_and_seat"\nname = "Money and a seat to fill"\n'
    return parse(f'{head}rule = "{rule}"\n{lines}').lexicon({}, 1)


BOOK = _book("funding <= 60 d AND hiring_role(sales) <= 30 d AND NOT layoffs <= 45 d")
RANDOM = _book("funding <= 50 d AND exec_hire 2-40 d AND NOT layoffs <= 15 d")
TWO_OF_THREE = _book("funding <= 50 d AND exec_hire <= 40 d AND product_launch <= 20 d", at_least=2)
CHANGING = _book("funding <= 40 d AND NOT exec_hire 5-12 d")


def _event(kind: str, day: float, *, role: Role = Role.SUBJECT, title: str = "", **changes: Any) -> Reading:
    fields = {key: changes.pop(key) for key in ("mark", "publisher", "hints", "seen_at") if key in changes}
    name = f"{kind}-{day}{title}"
    event = a_stored_event(
        title or f"Norvik Labs: {kind} {day}",
        id=name,
        external_id=name,
        url=f"https://wire.example/{name}",
        published_at=ago(day),
        fingerprint=f"{sum(ord(c) * 31**n for n, c in enumerate(name)) % 10**20:024d}",
        **fields,
    )
    return a_reading(a_match(event, kind=kind, role=role, **changes))


def _funding(day: float = 12, **changes: Any) -> Reading:
    return _event("funding_early", day, role=Role.RAISER, **changes)


def _job(day: float = 5, title: str = "Account Executive", **changes: Any) -> Reading:
    hint = Hint(kind=HintKind.BOARD, value="norvik", strength=1.0)
    return _event(
        "hiring_role", day, title=title, hints=(hint,), facts=(Fact(key="role", value=title),), **changes
    )


def _layoffs(day: float, **changes: Any) -> Reading:
    return _event("layoffs", day, **changes)


def _together(history: History, kind: str = "budget_and_seat") -> list[Trigger]:
    return [trigger for trigger in history.pasts[ACCOUNT].triggers if trigger.kind == kind]


def _one(history: History) -> Trigger:
    (trigger,) = _together(history)
    return trigger


def _swept(history: History, moments: list[datetime], lexicon: Lexicon) -> History:
    for moment in sorted(moments):
        history = stored(history, decide((), history, lexicon, moment))
    return history


def _shape(history: History) -> set[tuple[object, ...]]:
    """All of the live compounds that must not depend on the order of arrival."""
    past = history.pasts[ACCOUNT]
    events = {
        story.id: (tuple(match.event.id for match in story.matches), story.first_at, story.last_at)
        for story in past.stories
    }
    return {
        (
            each.kind,
            events[each.story],
            each.decays_from,
            each.expires_at,
            each.mark,
            each.certainty,
            (each.score.fit, each.score.intent, each.score.confidence),
        )
        for each in past.triggers
        if each.kind == "budget_and_seat" and each.state in LIVE
    }


books = st.sampled_from((RANDOM, TWO_OF_THREE, CHANGING))


@given(readings(), st.randoms(use_true_random=False), st.lists(st.integers(1, 3), max_size=7), books)
def test_any_order_of_arrival_ends_in_the_same_compounds(
    some: list[Reading], chance: Any, sizes: list[int], book: Lexicon
) -> None:
    at_once = told([some], a_history(), book)
    shuffled = some[:]
    chance.shuffle(shuffled)
    batches, rest = [], shuffled
    for size in sizes:
        batches.append(rest[:size])
        rest = rest[size:]
    assert _shape(told([*batches, rest], a_history(), book)) == _shape(at_once)


@given(readings(), st.permutations(range(7)), books)
def test_what_comes_late_gives_what_it_would_have_given_in_time(
    some: list[Reading], order: list[int], book: Lexicon
) -> None:
    in_time = sorted(some, key=lambda reading: reading.event.order)
    late = [some[place] for place in order if place < len(some)]

    def lived(arriving: list[Reading]) -> History:
        history = a_history()
        for number, reading in enumerate(arriving):
            history = stored(history, decide([reading], history, book, NOW + days(number)))
        return _swept(history, [NOW + days(8)], book)

    assert _shape(lived(late)) == _shape(lived(in_time))


@given(readings(), st.lists(st.floats(0, 399).map(lambda number: NOW + days(number)), max_size=8), books)
def test_a_late_sweep_ends_compounds_like_punctual_ones(
    some: list[Reading], when: list[datetime], book: Lexicon
) -> None:
    history = told([some], a_history(), book)
    assert _swept(history, [*when, END], book) == _swept(history, [END], book)


@given(readings(), st.lists(st.floats(0, 399).map(lambda number: NOW + days(number)), max_size=6), books)
def test_the_agenda_wakes_for_each_begin_and_end_and_for_nothing_else(
    some: list[Reading], when: list[datetime], book: Lexicon
) -> None:
    history = told([some], a_history(), book)
    assert is_nothing(decide(some, history, book, NOW))
    for moment in sorted([*when, END]):
        due = wakes_at(history.pasts[ACCOUNT], book)
        changes = decide((), history, book, moment)
        if due is None or due > moment:
            assert is_nothing(changes)
        history = stored(history, changes)
        after = wakes_at(history.pasts[ACCOUNT], book)
        assert after is None or after > moment


def test_two_reasons_that_stand_together_are_one_trigger_more_with_the_words_of_both() -> None:
    history = told([[_funding()], [_job()]], a_history(), BOOK)
    trigger = _one(history)
    assert (trigger.state, trigger.decays_from) == (TriggerState.OPEN, ago(5))
    assert trigger.expires_at == ago(5) + days(30), "then the posting no longer counts"
    story = next(story for story in history.pasts[ACCOUNT].stories if story.id == trigger.story)
    assert is_gathered(story)
    assert {match.kind for match in story.matches} == {"funding_early", "hiring_role"}
    assert trigger.note
    assert trigger.note.headline == "Norvik Labs: Money and a seat to fill"
    quoted = {span.event for sentence in trigger.note.sentences for span in sentence.spans}
    assert quoted == {match.event.id for match in story.matches}


def test_it_is_as_sure_as_its_least_sure_part_and_counts_no_part_twice() -> None:
    parts = told([[_funding(confidence=0.6)], [_job()]], a_history(), Lexicon())
    history = told([[_funding(confidence=0.6)], [_job()]], a_history(), BOOK)
    trigger = _one(history)
    assert trigger.score.confidence == 0.6
    assert trigger.score.intent == 0.95, "nothing is stacked on it"
    others = {each.id: each.score for each in history.pasts[ACCOUNT].triggers if each.id != trigger.id}
    assert others == {each.id: each.score for each in parts.pasts[ACCOUNT].triggers}, "and it lifts no part"


def test_another_function_is_not_what_was_asked_for() -> None:
    assert not _together(told([[_funding(), _job(title="Backend Engineer")]], a_history(), BOOK))


@pytest.mark.parametrize(("about", "found"), [("finance, c_level", 1), ("sales", 0), ("subject", 1)])
def test_a_condition_asks_for_function_seniority_and_role(about: str, found: int) -> None:
    book = _book(f"exec_hire({about}) <= 60 d AND funding <= 60 d")
    fact = Fact(key="role", value="chief financial officer")
    hire = _event("exec_hire", 4, facts=(fact,))
    assert len(_together(told([[_funding(), hire]], a_history(), book))) == found


def test_what_must_not_be_ends_it_whenever_it_is_told() -> None:
    before = told([[_layoffs(9)], [_funding()], [_job()]], a_history(), BOOK)
    assert not _together(before)
    after = told([[_funding()], [_job()], [_layoffs(2)]], a_history(), BOOK)
    assert [each.state for each in _together(after)] == [TriggerState.EXPIRED]


def test_it_begins_when_what_barred_it_is_long_enough_ago_and_the_agenda_knows() -> None:
    history = told([[_layoffs(40), _funding(2), _job(1)]], a_history(), BOOK)
    assert not _together(history)
    assert wakes_at(history.pasts[ACCOUNT], BOOK) == NOW + days(5)
    trigger = _one(_swept(history, [NOW + days(9)], BOOK))
    assert (trigger.created_at, trigger.decays_from) == (NOW + days(5), NOW + days(5))


def test_what_is_barred_for_a_while_ends_and_is_the_same_trigger_when_it_holds_again() -> None:
    book = _book("funding <= 60 d AND NOT layoffs <= 10 d")
    history = told([[_funding(12)]], a_history(), book)
    before = _one(history)
    history = told([[_layoffs(4)]], history, book, NOW + days(1))
    assert (_one(history).state, _one(history).ended_at) == (TriggerState.EXPIRED, NOW + days(1))
    assert wakes_at(history.pasts[ACCOUNT], book) == NOW + days(6)
    again = _one(_swept(history, [NOW + days(8)], book))
    assert (again.id, again.state, again.decays_from) == (before.id, TriggerState.OPEN, NOW + days(6))


def test_a_part_that_was_dismissed_counts_no_more_until_that_is_taken_back() -> None:
    history = told([[_funding()], [_job()]], a_history(), BOOK)
    funding = next(t for t in history.pasts[ACCOUNT].triggers if t.kind == "funding_early")
    wrong = Action(verb="dismiss", by="ann", trigger=funding.id, value="wrong_account")
    without = stored(history, act(wrong, history, BOOK, NOW + days(1)))
    assert _one(without).state is TriggerState.EXPIRED
    back = Action(verb="undo", by="ann", account="norvik-labs")
    again = stored(without, act(back, without, BOOK, NOW + days(2)))
    assert _one(again) == _one(history)


def test_the_same_set_alerts_once_and_a_set_that_forms_anew_alerts_again() -> None:
    history, sent = a_history(), []
    for batch in ([_funding(12)], [_job(5)], [_layoffs(1)], [_layoffs(1, certainty=Certainty.DENIED)]):
        changes = decide(batch, history, BOOK, NOW)
        sent += [each.key for each in changes.outgoing if each.topic == "account.promoted"]
        history = stored(history, changes)
    one = _one(history)
    assert one.state is TriggerState.OPEN, "the layoffs were denied"
    later = _swept(history, [NOW + days(27)], BOOK)
    assert _one(later).state is TriggerState.EXPIRED
    new = told([[_job(-30, seen_at=NOW + days(30))]], later, BOOK, NOW + days(30))
    assert {each.state for each in _together(new)} == {TriggerState.EXPIRED, TriggerState.OPEN}
    assert len({each.id for each in _together(new)}) == 2


def test_a_dismissed_compound_stays_dismissed_when_its_parts_are_told_again() -> None:
    history = told([[_funding()], [_job()]], a_history(), BOOK)
    verdict = Action(verb="dismiss", by="ann", trigger=_one(history).id, value="off_topic")
    history = stored(history, act(verdict, history, BOOK, NOW))
    history = told([[_funding(publisher="Fjord Post", title="Norvik Labs has fresh money")]], history, BOOK)
    history = told([[_job(3, "Sales Manager")]], history, BOOK, NOW + days(1))
    assert _one(history).state is TriggerState.DISMISSED


def test_at_least_so_many_of_them_are_enough() -> None:
    book = _book("funding <= 60 d AND hiring_role <= 30 d AND product_launch <= 30 d", at_least=2)
    assert not _together(told([[_funding()]], a_history(), book))
    assert _together(told([[_funding(), _event("product_launch", 3)]], a_history(), book))


def test_it_speaks_of_accounts_in_its_stages_only_and_of_those_that_come_there() -> None:
    book = _book("funding <= 60 d AND hiring_role <= 30 d", stages=["contacted"])
    history = told([[_funding(), _job()]], a_history(), book)
    assert not _together(history)
    mail = Action(verb="contacted", by="ann", account="norvik-labs")
    assert _together(stored(history, act(mail, history, book, NOW)))
    engaged = a_history(an_account(stage=Stage.CONTACTED, stage_since=ago(2)))
    assert _together(told([[_funding(), _job()]], engaged, book))


def test_of_backfill_alone_it_is_backfill_and_a_rumour_makes_it_a_rumour() -> None:
    old = told([[_funding(mark=Mark.BACKFILL), _job()]], a_history(), BOOK)
    assert _one(old).mark is Mark.LIVE
    rumour = told([[_funding(certainty=Certainty.RUMOUR), _job()]], a_history(), BOOK)
    assert _one(rumour).certainty is Certainty.RUMOUR


def test_a_compound_that_left_the_rulebook_ends() -> None:
    history = told([[_funding()], [_job()]], a_history(), BOOK)
    later = _swept(history, [NOW + days(1)], Lexicon())
    assert _one(later).state is TriggerState.EXPIRED
    assert is_nothing(decide((), later, Lexicon(), NOW + days(2)))


def test_a_reason_counts_no_longer_than_its_kind_lives() -> None:
    book = _book("hiring_role <= 300 d AND funding <= 300 d")
    trigger = _one(told([[_funding(), _job()]], a_history(), book))
    assert trigger.expires_at <= ago(5) + days(60)

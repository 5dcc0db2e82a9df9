"""Verdicts, outcomes and actions: kept, taken back, counted by rule."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE
from earmark.types import Action, Age, Changes, Judgement, Outcome, TrackRecord, Verdict
from storage import accounts, actions, counters, events, history, judgements, outcomes, rulebook
from storage.engine import Engine, reading, writing
from storage.record import Said, ages_of, over_time, records_of
from storage.scope import Scope
from tests.builders import NOW, ago, an_account, days
from tests.storage.nouns import a_story, a_told_match, a_trigger, some_events

FIRST, SECOND = some_events(1, source="wire")[0], some_events(1, source="post")[0]
TOLD = replace(SECOND, id="post-event-0")
STORY = a_story(a_told_match(FIRST), a_told_match(TOLD))
LONE = a_story(a_told_match(FIRST), id="story-2", kind="exec_hire")


def a_judgement(verdict: Verdict, trigger: str = "trigger-of-story-1", **changes: object) -> Judgement:
    judgement = Judgement(id=f"{verdict}-of-{trigger}", trigger=trigger, verdict=verdict, by="ann", at=NOW)
    return replace(judgement, **changes)  # type: ignore[arg-type]  # a test names fields of its own


def begun(engine: Engine, *said: Judgement) -> Engine:
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        events.insert(conn, [FIRST, TOLD])
        old = a_trigger(LONE, decays_from=ago(30), problem="hiring")
        history.save(conn, Changes(stories=(STORY, LONE), triggers=(a_trigger(STORY), old)), NOW)
        judgements.save(conn, said)
    return engine


def records(engine: Engine) -> tuple[TrackRecord, ...]:
    with reading(engine) as conn:
        return rulebook.lexicon(conn).records


def test_a_verdict_counts_for_every_source_that_tells_the_story(engine: Engine) -> None:
    begun(engine, a_judgement(Verdict.GOOD), a_judgement(Verdict.OFF_TOPIC, "trigger-of-story-2"))
    assert records(engine) == (
        TrackRecord(kind="exec_hire", source="wire", problem="hiring", bad=1),
        TrackRecord(kind="funding_early", source="post", good=1),
        TrackRecord(kind="funding_early", source="wire", good=1),
    )


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_verdicts_on_the_rule_count(engine: Engine, verdict: Verdict) -> None:
    begun(engine, a_judgement(verdict))
    counted = {one.good - one.bad for one in records(engine)}
    against = {Verdict.WRONG_ACCOUNT, Verdict.OFF_TOPIC}
    assert counted == ({1} if verdict is Verdict.GOOD else {-1} if verdict in against else set())


def test_of_several_verdicts_on_a_trigger_the_last_one_counts(engine: Engine) -> None:
    later = a_judgement(Verdict.OFF_TOPIC, id="later", at=NOW + timedelta(minutes=1))
    begun(engine, later, a_judgement(Verdict.GOOD), a_judgement(Verdict.OTHER, at=NOW + days(1)))
    assert {(one.good, one.bad) for one in records(engine)} == {(0, 1)}


def test_what_was_taken_back_does_not_count_and_can_be_said_again(engine: Engine) -> None:
    said = a_judgement(Verdict.GOOD)
    begun(engine, said)
    with writing(engine) as conn:
        version = rulebook.lexicon_version(conn)
        judgements.take_back(conn, [said.id], NOW + days(1))
        assert rulebook.lexicon_version(conn) > version
        assert judgements.of_trigger(conn, said.trigger) == []
        assert judgements.every(conn) == []
        (gone,) = judgements.every(conn, taken_back=True)
        version = rulebook.lexicon_version(conn)
        judgements.take_back(conn, ["nothing"], NOW)
        assert rulebook.lexicon_version(conn) == version
        judgements.save(conn, [replace(said, by="ben")])
        assert [one.by for one in judgements.of_trigger(conn, said.trigger)] == ["ben"]
    assert gone.taken_back_at == NOW + days(1)
    assert [gone.holds(NOW - days(1)), gone.holds(NOW), gone.holds(NOW + days(2))] == [False, True, False]


def test_a_remark_gives_no_new_lexicon_and_a_verdict_does(engine: Engine) -> None:
    begun(engine)
    for verdict, grows in ((Verdict.OTHER, 0), (Verdict.NOT_NOW, 0), (Verdict.GOOD, 1), (Verdict.TOO_OLD, 1)):
        with writing(engine) as conn:
            before = counters.value(conn, counters.LEXICON)
            judgements.save(conn, [a_judgement(verdict)])
            assert counters.value(conn, counters.LEXICON) - before == grows, verdict


def test_a_rule_begins_anew_and_goes_back(engine: Engine) -> None:
    begun(engine, a_judgement(Verdict.OFF_TOPIC))
    with writing(engine) as conn:
        judgements.begin_anew(conn, "funding_early@wire")
        assert {one.source for one in rulebook.lexicon(conn).records} == {"post"}
        judgements.save(conn, [a_judgement(Verdict.GOOD, at=NOW + days(1))])
        assert {(one.source, one.good, one.bad) for one in rulebook.lexicon(conn).records} == {
            ("post", 1, 0),
            ("wire", 1, 0),
        }
        assert judgements.go_back(conn, "funding_early@wire")
        assert not judgements.go_back(conn, "funding_early@wire")
        assert judgements.anew(conn) == {}


def test_a_verdict_is_found_by_how_its_id_begins(engine: Engine) -> None:
    begun(engine, a_judgement(Verdict.GOOD, id="abcdef1"), a_judgement(Verdict.OTHER, id="abc%def"))
    with reading(engine) as conn:
        assert [one.id for one in judgements.find(conn, "abc")] == ["abc%def", "abcdef1"]
        assert [one.id for one in judgements.find(conn, "abc%")] == ["abc%def"]


def test_too_old_ages_the_kind_in_its_sources_only(engine: Engine) -> None:
    begun(engine, a_judgement(Verdict.TOO_OLD, "trigger-of-story-2"))
    usual = CATALOGUE["exec_hire"]
    with reading(engine) as conn:
        lexicon = rulebook.lexicon(conn)
    least = max(days(30), usual.expires / 4, usual.opens)
    assert lexicon.ages == (Age(kind="exec_hire", source="wire", most=least),)
    assert lexicon.kinds == CATALOGUE
    with writing(engine) as conn:
        judgements.take_back(conn, [a_judgement(Verdict.TOO_OLD, "trigger-of-story-2").id], NOW)
        assert rulebook.lexicon(conn).ages == ()


def a_said(**changes: Any) -> Said:
    fields: dict[str, Any] = {
        "number": 1, "id": "j", "trigger": "t", "verdict": Verdict.TOO_OLD, "by": "ann", "at": NOW,
        "text": "", "taken_back_at": None, "account": None, "key": "t:x", "kind": "exec_hire",
        "problem": None, "age": days(40), "events": frozenset(), "sources": ("wire",),
    }  # fmt: skip
    return Said(**(fields | changes))


def test_the_least_age_of_each_source_counts_and_an_unknown_kind_has_none() -> None:
    said = [
        a_said(age=days(90)),
        a_said(age=days(70)),
        a_said(age=days(120), sources=("post", "wire")),
        a_said(kind="gone"),
    ]
    assert ages_of(said, CATALOGUE) == (
        Age(kind="exec_hire", source="post", most=days(120)),
        Age(kind="exec_hire", source="wire", most=days(70)),
    )
    assert records_of(said) == ()


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_an_age_never_ends_a_kind_before_its_best_time_nor_makes_it_last_longer(kind: str) -> None:
    usual = CATALOGUE[kind]
    (hasty,) = ages_of([a_said(kind=kind, age=timedelta(0))], CATALOGUE)
    (late,) = ages_of([a_said(kind=kind, age=days(9999))], CATALOGUE)
    assert max(usual.opens, usual.expires / 4) == hasty.most
    assert late.most == usual.expires


@given(st.data())
def test_what_follows_over_time_is_what_follows_of_the_verdicts_that_hold_then(data: st.DataObject) -> None:
    verdicts = st.sampled_from(
        [Verdict.GOOD, Verdict.OFF_TOPIC, Verdict.WRONG_ACCOUNT, Verdict.TOO_OLD, Verdict.OTHER]
    )
    moments = st.integers(0, 9).map(lambda number: NOW + days(number))
    said = []
    for number in range(1, data.draw(st.integers(0, 9)) + 1):
        at, back = data.draw(moments), data.draw(st.none() | moments)
        trigger = data.draw(st.sampled_from("abc"))
        said.append(
            a_said(
                number=number,
                trigger=trigger,
                verdict=data.draw(verdicts),
                at=at,
                taken_back_at=back if back is None or back > at else None,
                sources={"a": ("wire",), "b": ("post", "wire"), "c": ("post",)}[trigger],
                age=days(data.draw(st.integers(1, 200))),
            )
        )
    said.sort(key=lambda one: (one.at, one.number))
    anew = data.draw(st.sampled_from([{}, {"exec_hire@wire": 2}]))
    changes = list(over_time(said, CATALOGUE, anew))
    assert [at for at, _, _ in changes] == sorted({at for at, _, _ in changes})
    for number in range(10):
        moment = NOW + days(number)
        holds = [one for one in said if one.holds(moment)]
        records, ages = next(((r, a) for at, r, a in reversed(changes) if at <= moment), ((), ()))
        assert (records, ages) == (records_of(holds, anew), ages_of(holds, CATALOGUE))


def an_outcome(number: int, **changes: object) -> Outcome:
    outcome = Outcome(
        id=f"o-{number}", account="norvik-labs", trigger=None, outcome="reply", by="ann", at=ago(number)
    )
    return replace(outcome, **changes)  # type: ignore[arg-type]  # a test names fields of its own


def test_outcomes_are_kept_once_listed_by_time_and_taken_back(engine: Engine) -> None:
    some = [an_outcome(1), an_outcome(3), an_outcome(2, account="other", trigger="t", outcome="won")]
    with writing(engine) as conn:
        outcomes.save(conn, some)
        outcomes.save(conn, some)
        assert outcomes.of_accounts(conn, ["norvik-labs"]) == {"norvik-labs": (some[1], some[0])}
        assert outcomes.since(conn, ago(2)) == [some[2], some[0]]
        history.save(conn, Changes(taken_back=("o-1", "o-2")), NOW)
        assert outcomes.since(conn, ago(9)) == [some[1]]


def test_actions_come_back_as_they_were_done_with_the_past_they_are_about(engine: Engine) -> None:
    begun(engine)
    done = [
        Action(verb="dismiss", by="ann", trigger="trigger-of-story-1", value="off_topic", text="no; really"),
        Action(verb="snooze", by="ann", account="norvik-labs", until=NOW + days(3)),
        Action(verb="accept", by="ann", trigger="gone"),
    ]
    with writing(engine) as conn:
        for number, action in enumerate(done):
            actions.save(conn, [action], NOW + days(number))
        keyed = list(actions.keyed(conn, NOW, NOW + days(9)))
        assert keyed == [(NOW, "a:norvik-labs", done[0]), (NOW + days(1), "a:norvik-labs", done[1])]
        assert list(actions.keyed(conn, NOW + days(1), NOW + days(1))) == []


def test_the_database_counts_verdicts_as_they_are_counted_one_by_one(engine: Engine) -> None:
    begun(engine)
    chance = random.Random(11)
    triggers = ("trigger-of-story-1", "trigger-of-story-2")
    for turn in range(30):
        said = [
            a_judgement(
                chance.choice(list(Verdict)),
                chance.choice(triggers),
                id=f"said-{number}",
                at=NOW + timedelta(minutes=chance.randrange(4)),
            )
            for number in range(turn % 7)
        ]
        with writing(engine) as conn:
            judgements.save(conn, said)
            judgements.take_back(conn, [one.id for one in said if chance.random() < 0.3], NOW + days(1))
            if turn == 20:
                judgements.begin_anew(conn, "funding_early@wire")
                judgements.begin_anew(conn, "exec_hire/hiring@wire")
        with reading(engine) as conn:
            every, anew = judgements.every(conn), judgements.anew(conn)
            assert judgements.records(conn, anew) == records_of(every, anew)
            assert judgements.records(conn) == records_of(every)
            assert judgements.ages(conn, CATALOGUE) == ages_of(every, CATALOGUE)
            assert judgements.ages(conn, {}) == ()
            for limit in (1, 3, 50):
                assert judgements.newest(conn, limit) == list(reversed(every))[:limit]


def test_the_newest_verdicts_are_those_of_a_reps_own_accounts(engine: Engine) -> None:
    begun(engine, a_judgement(Verdict.GOOD))
    with reading(engine) as conn:
        assert len(judgements.newest(conn, 9, Scope(names=frozenset({"nobody"})))) == 1
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account(owner="bo")])
    with reading(engine) as conn:
        assert judgements.newest(conn, 9, Scope(names=frozenset({"nobody"}))) == []
        assert len(judgements.newest(conn, 9, Scope(names=frozenset({"bo"})))) == 1

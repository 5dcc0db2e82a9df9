"""Replay: stored days lived through again give what the live line gave; other rules give what they would."""

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import pytest
from sqlalchemy import select

from earmark.errors import EarmarkError
from earmark.types import Action, Event, Lexicon, Play, Verdict
from matcher.act import OUTCOMES, act
from matcher.learning import throttled
from monitors.comparison import compared
from monitors.effects import look_again
from monitors.relive import Reason, Span
from monitors.replay import replay
from monitors.sweep import sweep
from monitors.teaching import teach
from storage import accounts, events, history, judgements, rulebook, triggers
from storage import stories as tales
from storage.engine import Engine, reading, writing
from storage.tables import events as event_rows
from storage.tables import matches, stories
from storage.tables import triggers as trigger_rows
from tests.builders import NOW, an_account, an_event, days
from tests.monitors.line import contents, lexicon_of, poll, prepared

pytestmark = pytest.mark.slow

COMPANIES = ("Norvik Labs", "Oskarion Freight", "Zephyrine Bio", "Fennelworks", "Halden Group")
TEXTS = (
    "{} raises $20 million Series B",
    "{} raises $40 million Series C",
    "{} appoints Ingrid Maas as chief financial officer",
    "{} opens Singapore office",
    "{} lays off 40 people",
    "{} acquires Tessel",
    "{} denies that it raises $20 million Series B",
    "{} files for bankruptcy",
)
RULES = 'threshold = 20\nfloor = 0.99\ntargets = ["crm"]\n'
START = NOW - days(60)
Key = tuple[str | None, str, frozenset[str]]


def a_span(since: datetime = START, until: datetime = NOW) -> Span:
    return Span(warm_from=since, since=since, until=until, list_at=until)


def decided(engine: Engine, text: str | None = None) -> Lexicon:
    with reading(engine) as conn:
        return rulebook.decided(conn, text_toml=text)


def live_reasons(engine: Engine) -> set[Key]:
    """Return what the live line came to, read from its tables."""
    query = select(trigger_rows.c.id, trigger_rows.c.account, trigger_rows.c.kind, matches.c.event)
    query = query.outerjoin(matches, matches.c.story == trigger_rows.c.story)
    query = query.where(trigger_rows.c.state != "merged")
    told: dict[tuple[str, str | None, str], set[str]] = {}
    with reading(engine) as conn:
        for row in conn.execute(query):
            told.setdefault((row.id, row.account, row.kind), set()).update({row.event} - {None})
    return {(account, kind, frozenset(events)) for (_, account, kind), events in told.items()}


def keys(reasons: Iterable[Reason]) -> set[Key]:
    return {(reason.account, reason.kind, reason.events) for reason in reasons}


def do(engine: Engine, action: Action, now: datetime) -> bool:
    """Let a person act as the command line does; tell whether the action fitted."""
    with writing(engine) as conn:
        story = None
        if action.trigger is not None:
            trigger = triggers.get(conn, action.trigger)
            story = tales.get(conn, trigger.story) if trigger else None
        key = story.key if story else f"a:{action.account}"
        past = history.load(conn, [key], now - days(3650), now)
        try:
            changes = act(action, past, rulebook.lexicon(conn), now)
        except EarmarkError:
            return False
        if changes.taken_back:
            judgements.take_back(conn, changes.taken_back, now)
            changes = act(action, past, rulebook.lexicon(conn), now)
        history.save(conn, changes, now)
        look_again(conn, key, changes, now)
    return True


def some_action(chance: Random, engine: Engine, now: datetime) -> Action:
    with reading(engine) as conn:
        held = triggers.find(conn, limit=None)
    account = f"{chance.choice(COMPANIES).lower().replace(' ', '-')}"
    verb = chance.choice(
        ("accept", "dismiss", "dismiss", "contacted", "snooze", "outcome", "undo", "suppress")
    )
    by_verb = {
        "dismiss": [each.value for each in Verdict],
        "outcome": list(OUTCOMES),
        "suppress": ["rival", "open_deal"],
    }
    of_trigger = verb in ("accept", "dismiss") and held
    return Action(
        verb=verb,
        by=chance.choice(("ann", "ben")),
        account=None if of_trigger else account,
        trigger=chance.choice(sorted(held, key=lambda each: each.id)).id if of_trigger else None,
        value=chance.choice(by_verb.get(verb, [""])),
        until=now + days(chance.randint(1, 20)) if verb in ("snooze", "suppress") else None,
    )


def some_days(engine: Engine, seed: int, rounds: int = 40) -> int:
    """Live through random days: polls of two sources, people's actions, sweeps; return how many acted."""
    chance, now, acted = Random(seed), START, 0
    for number in range(rounds):
        now += timedelta(hours=chance.randint(1, 40), minutes=chance.randint(0, 59))
        told: list[Event] = [
            an_event(
                chance.choice(TEXTS).format(chance.choice(COMPANIES)),
                external_id=f"{number}-{place}",
                url=f"https://wire.example/{number}-{place}",
                published_at=now - days(chance.choice((0, 0, 1, 4, 30))),
                publisher=chance.choice(("Baltic Wire", "Fjord Post")),
            )
            for place in range(chance.randint(0, 4))
        ]
        poll(engine, told, source=chance.choice(("wire", "post")), now=now)
        if chance.random() < 0.6:
            now += timedelta(minutes=chance.randint(1, 300))
            sweep(engine, lexicon_of(engine), now)
        for _ in range(chance.randint(0, 2)):
            now += timedelta(minutes=chance.randint(1, 90))
            acted += do(engine, some_action(chance, engine, now), now)
    sweep(engine, lexicon_of(engine), NOW)
    return acted


def team(engine: Engine, rules: str = RULES) -> Engine:
    prepared(engine, *map(an_account, COMPANIES), sources=("wire", "post"))
    with writing(engine) as conn:
        rulebook.save(conn, rules, by="test", at=START)
    return engine


@pytest.mark.parametrize("seed", [1, 4])
def test_replay_gives_the_live_result_with_what_people_did(engine: Engine, seed: int) -> None:
    assert some_days(team(engine), seed) > 10
    before = contents(engine, less=())
    (replayed,) = replay(engine, [decided(engine)], a_span())
    live = live_reasons(engine)
    assert len(live) > 15
    assert keys(reason for past in replayed.pasts for reason in past.reasons) == live
    with reading(engine) as conn:
        stages = {account.id: account.stage for account in accounts.every(conn).values()}
    assert {past.account: past.stage for past in replayed.pasts if past.account} == {
        account: stages[account] for account in stages if any(p.account == account for p in replayed.pasts)
    }
    assert sum(past.missed for past in replayed.pasts) == 0
    assert contents(engine, less=()) == before, "a replay writes nothing"


def test_the_history_of_the_test_holds_what_could_go_wrong(engine: Engine) -> None:
    """Guard the test above: verdicts throttled a rule on the way, stories merged, people took things back."""
    assert some_days(team(engine), 1) > 10
    with reading(engine) as conn:
        said = judgements.every(conn, taken_back=True)
        merged = conn.execute(select(stories.c.id).where(stories.c.merged_into.is_not(None))).all()
        seen = conn.execute(select(event_rows.c.id)).all()
    assert len(seen) > 40
    assert len({one.verdict for one in said}) > 3
    assert merged
    assert any(one.taken_back_at for one in said)
    assert any(throttled(record, 0.99) for record in lexicon_of(engine).records)


def test_several_processes_give_what_one_gives(sqlite_engine: Engine) -> None:
    some_days(team(sqlite_engine), 4, rounds=12)
    rules = [
        decided(sqlite_engine),
        decided(sqlite_engine, 'threshold = 90\ncompanies = ["Norvik Labs Oy"]\n'),
    ]
    told: list[tuple[str, int, int]] = []
    alone = replay(sqlite_engine, rules, a_span())
    both = replay(
        sqlite_engine, rules, a_span(), processes=2, tell=lambda what, done, of: told.append((what, done, of))
    )
    assert both == alone
    assert {(what, done) for what, done, of in told if done == of} >= {
        ("events read", alone[0].events),
    }
    assert told[-1][0] == "bundles decided"
    assert told[-1][1] == told[-1][2]


class _Deadly:
    """Whoever unpickles it dies, as a process does that the system kills at its start."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def test_a_process_that_dies_at_its_start_ends_the_replay_with_a_sentence(sqlite_engine: Engine) -> None:
    team(sqlite_engine)
    names = [f"Oskarion {number}" for number in range(10_000)]  # more than fits into the pipe to a process
    lexicon = replace(
        decided(sqlite_engine), companies=tuple(names), plays=cast("tuple[Play, ...]", (_Deadly(),))
    )
    with pytest.raises(EarmarkError, match="--processes 1"):
        replay(sqlite_engine, [lexicon], a_span(), processes=2)


def test_companies_that_are_not_listed_leave_no_past(engine: Engine) -> None:
    team(engine)
    told = [an_event("Quintarre Mills raises $20 million Series B"), an_event(external_id="funds")]
    poll(engine, told, now=NOW - days(1))
    (now,) = replay(engine, [decided(engine)], a_span())
    assert (now.events, [past.key for past in now.pasts]) == (2, ["a:norvik-labs"])
    assert keys(reason for past in now.pasts for reason in past.reasons) == live_reasons(engine)


def test_other_rules_change_alerts_stages_and_the_list(engine: Engine) -> None:
    team(engine, "threshold = 20\n")
    funding = an_event("Norvik Labs raises $20 million Series B", published_at=NOW - days(2))
    office = an_event(
        "Oskarion Freight opens Singapore office",
        external_id="office",
        url="https://wire.example/office",
        published_at=NOW - days(3),
    )
    poll(engine, [funding, office], now=NOW - days(2) + timedelta(hours=1))
    span = Span(warm_from=START, since=NOW - days(10), until=NOW, list_at=NOW - days(1))
    tried = "threshold = 20\n[kinds.new_office_or_market]\nintent = 0.0\n"
    now, new = replay(engine, [decided(engine), decided(engine, tried)], span)
    found = compared(now, new, (), span, UTC)
    assert (found.events, found.days) == (2, 10)
    assert (found.now.alerts, found.new.alerts, found.new.reasons) == (2, 1, 2)
    assert found.now.alerts_a_day == pytest.approx(0.2)
    assert found.now.by_day == ((f"{NOW - days(2):%Y-%m-%d}", 2),)
    assert [one.account for one in found.demoted] == ["oskarion-freight"]
    assert found.promoted == ()
    assert [row.account for row in found.off_list] == ["oskarion-freight"]
    assert found.on_list == ()
    back = compared(new, now, (), span, UTC)
    assert [one.account for one in back.promoted] == ["oskarion-freight"]
    assert [row.account for row in back.on_list] == ["oskarion-freight"]


def test_precision_is_estimated_from_the_verdicts_on_the_same_events(engine: Engine) -> None:
    team(engine, "threshold = 20\n")
    told = [
        an_event(f"{name} raises $20 million Series B", external_id=name, url=f"https://wire.example/{place}")
        for place, name in enumerate(COMPANIES)
    ]
    poll(engine, told)
    with reading(engine) as conn:
        held = triggers.find(conn, limit=None)
    assert len(held) == len(COMPANIES)
    for number, trigger in enumerate(sorted(held, key=lambda one: one.id)):
        value = ("good", "off_topic", "not_now", "wrong_account", "off_topic")[number]
        verb = "accept" if value == "good" else "dismiss"
        do(
            engine,
            Action(verb=verb, by="ann", trigger=trigger.id, value="" if verb == "accept" else value),
            NOW,
        )
    span = a_span(until=NOW + days(1))
    (now,) = replay(engine, [decided(engine)], span)
    with reading(engine) as conn:
        said = judgements.every(conn)
    figures = compared(now, now, said, span, UTC).now
    assert (figures.good, figures.bad) == (1, 3)
    assert figures.precision.mean == pytest.approx(3 / 7)
    assert figures.precision.low < figures.precision.mean < figures.precision.high


def test_actions_that_fit_nothing_by_the_new_rules_are_counted_and_left_out(engine: Engine) -> None:
    team(engine, "threshold = 20\n")
    poll(engine, [an_event()], now=NOW - days(1))
    with reading(engine) as conn:
        (trigger,) = triggers.find(conn)
    assert do(engine, Action(verb="accept", by="ann", trigger=trigger.id), NOW - timedelta(hours=3))
    lexicon = decided(engine)
    other = replace(lexicon, accounts={"norvik-labs": an_account("Quite Another", id="norvik-labs")})
    now, new = replay(engine, [lexicon, other], a_span())
    assert [sum(past.missed for past in one.pasts) for one in (now, new)] == [0, 1]
    assert not any(past.reasons for past in new.pasts)


def test_a_conversation_and_an_account_that_left_the_list_are_lived_through_too(engine: Engine) -> None:
    team(engine)
    question = an_event(
        "What do you use instead of Billhaus for invoices?",
        text="We want to leave Billhaus. Which tool would you recommend for invoices?",
        thread_url="https://forum.example/t/1",
        url="https://forum.example/t/1",
    )
    poll(
        engine, [question, an_event(external_id="funds", url="https://wire.example/funds")], now=NOW - days(1)
    )
    lexicon = decided(engine)
    listed = {name: account for name, account in lexicon.accounts.items() if name != "norvik-labs"}
    now, new = replay(engine, [lexicon, replace(lexicon, accounts=listed)], a_span())
    assert keys(reason for past in now.pasts for reason in past.reasons) == live_reasons(engine)
    assert {reason.account for past in new.pasts for reason in past.reasons} == {None}


def test_only_what_was_seen_in_the_span_is_replayed(engine: Engine) -> None:
    team(engine)
    for age, name in ((40, "old"), (10, "warm"), (1, "new")):
        event = an_event(
            f"Norvik Labs raises ${age} million Series B",
            external_id=name,
            url=f"https://wire.example/{name}",
            published_at=NOW - days(age),
        )
        poll(engine, [event], now=NOW - days(age))
    span = Span(warm_from=NOW - days(20), since=NOW - days(5), until=NOW, list_at=NOW)
    (now,) = replay(engine, [decided(engine)], span)
    assert now.events == 2
    found = compared(now, now, (), span, UTC)
    assert found.now.reasons == sum(
        reason.created_at >= span.since for past in now.pasts for reason in past.reasons
    )


def test_a_snooze_or_suppression_before_its_action_is_not_there(engine: Engine) -> None:
    team(engine)
    poll(engine, [an_event()], now=NOW - days(3))
    assert do(engine, Action(verb="suppress", by="ann", account="norvik-labs", value="rival"), NOW - days(1))
    early = Span(warm_from=START, since=START, until=NOW, list_at=NOW - days(2))
    late = replace(early, list_at=NOW)
    lists = [replay(engine, [decided(engine)], span)[0] for span in (early, late)]
    assert [[past.account for past in one.pasts if past.score is not None] for one in lists] == [
        ["norvik-labs"],
        [],
    ]


def test_an_empty_history_is_an_empty_replay(engine: Engine) -> None:
    team(engine)
    (now,) = replay(engine, [decided(engine)], a_span())
    assert (now.pasts, now.events) == ((), 0)
    found = compared(now, now, (), a_span(), UTC)
    assert (found.now.alerts, found.promoted, found.on_list) == (0, (), ())


def test_a_text_that_a_person_corrected_is_read_as_corrected(engine: Engine) -> None:
    team(engine)
    poll(
        engine,
        [
            an_event(),
            an_event(
                "Norvik Labs opens Singapore office", external_id="office", url="https://wire.example/o"
            ),
        ],
        now=NOW - days(1),
    )
    with reading(engine) as conn:
        account = accounts.get(conn, "norvik-labs")
        told = {event.external_id: event for event in events.stream(conn)}
    assert account is not None
    (before,) = replay(engine, [decided(engine)], a_span())
    assert told["entry-1"].id in {
        event for past in before.pasts for why in past.reasons for event in why.events
    }
    teach(engine, account, told["entry-1"], is_own=False, by="ann", now=NOW, name="Norvik Labs", alone=True)
    (after,) = replay(engine, [decided(engine)], a_span())
    assert {event for past in after.pasts for why in past.reasons for event in why.events} == {
        told["office"].id
    }

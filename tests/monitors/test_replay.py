"""Replay: stored days lived through again give what the live line gave; other rules give what they would."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from earmark.errors import EarmarkError
from earmark.types import Action, Event, Lexicon, Verdict
from matcher.act import OUTCOMES, act
from monitors.comparison import compared
from monitors.relive import Reason, Span
from monitors.replay import replay
from monitors.sweep import sweep
from storage import accounts, history, judgements, rulebook, triggers
from storage.engine import Engine, reading, writing
from storage.tables import events as event_rows
from storage.tables import matches, stories
from storage.tables import triggers as trigger_rows
from tests.builders import NOW, an_account, an_event, days
from tests.monitors.line import contents, lexicon_of, poll, prepared

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
RULES = 'threshold = 20\nfloor = 0.6\ntargets = ["crm"]\n'
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
            story = triggers.story(conn, trigger.story) if trigger else None
        key = story.key if story else f"a:{action.account}"
        past = history.load(conn, [key], now - days(3650), now)
        try:
            changes = act(action, past, rulebook.lexicon(conn), now)
        except EarmarkError:
            return False
        history.save(conn, changes, now)
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


@pytest.mark.parametrize("seed", [1, 2, 3])
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

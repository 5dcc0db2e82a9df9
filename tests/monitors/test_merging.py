"""Two accounts that are one company: merged by hand, seen as one, and parted again."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from earmark.errors import ConfigError, EarmarkError
from earmark.intake import Key, crm_key
from earmark.types import Account, Action, Contact, Event, Suppression, Trigger
from matcher.act import act
from matcher.decide import decide
from matcher.read import Matcher
from monitors import merging, pipeline
from monitors.poll import Outcome
from monitors.relive import Span
from monitors.replay import replay
from monitors.sweep import sweep
from storage import accounts, history, lookup, merges, outbox, polls, rulebook, transitions, triggers
from storage.engine import Engine, reading, writing
from storage.tables import outbox as outbox_rows
from tests.builders import NOW, an_account, an_event, days
from tests.monitors.line import SOURCE, contents, finished, lexicon_of, poll, prepared
from tests.storage.databases import emptied

HOUR = timedelta(hours=1)
NORVIK, ROBOTICS = "norvik-gmbh", "norvik-robotics"
KEEPS = an_account("Norvik GmbH", domains=("norvik.example",), crm_ids={"hubspot": "1"})
GOES = an_account(
    "Norvik Robotics",
    domains=("norvik-robotics.example",),
    aliases=("NVK Robotics",),
    tickers=("NVKR",),
    owner="ada",
    industry="Robotics",
    crm_ids={"hubspot": "2", "pipedrive": "9"},
)
"""What each list says of the company."""

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
_LEFT = ("audit", "counters", "merges", "polls", "sources", "transitions")


def an_entry(title: str, name: str, age: float = 1) -> Event:
    url = f"https://{name}.example/{name}"
    return an_event(title, external_id=name, url=url, published_at=NOW - days(age))


RAISES = an_entry("Norvik GmbH raises $20 million Series B", "raises", 3)
RAISES_TOO = an_entry("Norvik Robotics raises $20 million Series B", "raises-too", 3)
LAYS_OFF = an_entry("Norvik Robotics lays off 40 people", "lays-off", 2)
OPENS = an_entry("Norvik GmbH opens a new office in Hamburg", "opens", 2)
LATER = an_entry("NVK Robotics appoints Ida Holm as chief financial officer", "later", 0.2)
ALL = (RAISES, RAISES_TOO, LAYS_OFF, OPENS, LATER)


@pytest.fixture
def begun(engine: Engine) -> Engine:
    return with_both(engine)


def with_both(engine: Engine, *told: Event) -> Engine:
    prepared(engine, KEEPS, GOES)
    with writing(engine) as conn:
        accounts.upsert_contacts(conn, [Contact(id="ida", account=ROBOTICS, name="Ida Holm")])
    poll(engine, told or (RAISES, LAYS_OFF), now=NOW - 5 * HOUR)
    return engine


def merge(engine: Engine, now: datetime = NOW) -> merges.Merge:
    return merging.merge(engine, NORVIK, ROBOTICS, by="ann", now=now)


def part(engine: Engine, made: merges.Merge, now: datetime = NOW + HOUR) -> None:
    merging.part(engine, made.id, by="ann", now=now)


def do(engine: Engine, action: Action, now: datetime = NOW) -> None:
    with reading(engine) as conn:
        trigger = triggers.get(conn, action.trigger) if action.trigger else None
        account = trigger.account if trigger else action.account
    with writing(engine) as conn:
        past = history.load(conn, [f"a:{account}"], NOW - days(3650), now)
        history.save(conn, act(action, past, rulebook.lexicon(conn), now), now)


def settled(engine: Engine, now: datetime) -> None:
    """Let both pasts be looked at, so that nothing is left to be decided."""
    with writing(engine) as conn:
        past = history.load(conn, [f"a:{NORVIK}", f"a:{ROBOTICS}"], NOW - days(3650), now)
        listed = [one.account for one in past.pasts.values() if one.account]
        history.save(conn, decide((), past, rulebook.lexicon(conn, listed), now), now)


def listed(engine: Engine, account: str = NORVIK) -> Account:
    with reading(engine) as conn:
        found = accounts.get(conn, account)
    assert found is not None
    return found


def held(engine: Engine, state: str | None = None) -> list[Trigger]:
    with reading(engine) as conn:
        return triggers.find(conn, state=state, limit=None)


def speaking(engine: Engine) -> set[tuple[str | None, str]]:
    return {(one.account, one.kind) for one in held(engine) if one.state in {"open", "accepted"}}


def sent(engine: Engine) -> list[str]:
    with reading(engine) as conn:
        return sorted(conn.execute(select(outbox_rows.c.key)).scalars())


def state(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table, but for the moment at which a score was last looked at."""
    rows = contents(engine, less=_LEFT)
    looked = re.compile(
        r"freshness=[^,]*|'freshness', value=[^,]*|\"?'[0-9.]+'\"?(?=, \"'(?:live|backfill)'\")"
    )
    return rows | {"triggers": [looked.sub("", str(row)) for row in rows["triggers"]]}


def test_the_one_that_stays_knows_what_both_lists_said(begun: Engine) -> None:
    merge(begun)
    one = listed(begun)
    assert (one.name, one.owner, one.industry) == ("Norvik GmbH", "ada", "Robotics")
    assert set(one.domains) == {"norvik.example", "norvik-robotics.example"}
    assert {"Norvik Robotics", "NVK Robotics"} <= set(one.aliases)
    assert one.tickers == ("NVKR",)
    assert one.crm_ids == {"hubspot": "1", "pipedrive": "9"}
    with reading(begun) as conn:
        assert set(accounts.every(conn)) == {NORVIK}
        assert accounts.count(conn) == 1
        assert [each.id for each in accounts.find(conn, "norvik robotics")] == [NORVIK]
        assert [each.id for each in accounts.contacts(conn, [NORVIK])[NORVIK]] == ["ida"]
    assert listed(begun, ROBOTICS) == one, "an old link leads to it"


def test_the_reasons_of_both_are_those_of_one_and_nothing_is_told_again(begun: Engine) -> None:
    known = sent(begun)
    before = {one.id for one in held(begun)}
    merge(begun)
    assert {account for account, _ in speaking(begun)} == {NORVIK}
    assert {one.id for one in held(begun)} == before
    sweep(begun, lexicon_of(begun), NOW + HOUR)
    assert [key for key in sent(begun) if key not in known] == []


def test_a_story_that_both_told_speaks_once(engine: Engine) -> None:
    with_both(engine, RAISES, RAISES_TOO)
    assert len(speaking(engine)) == 2
    made = merge(engine)
    assert [one.state.value for one in held(engine)].count("merged") == 1
    assert len([one for one in held(engine) if one.state == "open"]) == 1
    part(engine, made)
    assert speaking(engine) == {(NORVIK, "funding_early"), (ROBOTICS, "funding_early")}


def test_what_a_person_dismissed_at_the_one_is_not_asked_again_at_the_other(engine: Engine) -> None:
    with_both(engine, RAISES, RAISES_TOO)
    own = next(one for one in held(engine) if one.account == ROBOTICS)
    do(engine, Action(verb="dismiss", by="bo", trigger=own.id, value="off_topic"), NOW - HOUR)
    merge(engine)
    assert speaking(engine) == set()


def test_news_by_any_name_of_either_is_its_news_and_told_once(begun: Engine) -> None:
    merge(begun)
    known = sent(begun)
    poll(begun, [LATER, RAISES_TOO], now=NOW + HOUR)
    assert {account for account, _ in speaking(begun)} == {NORVIK}
    fresh = {key.partition(":")[0] for key in sent(begun) if key not in known}
    assert fresh <= {NORVIK}


def test_a_poll_that_read_with_the_old_list_tells_the_one_that_stays(begun: Engine) -> None:
    with reading(begun) as conn:
        configured = polls.get(conn, "wire")
    assert configured is not None
    outcome = Outcome(source="wire", result="new", started_at=NOW, events=(LATER,))
    arrivals = pipeline.read(begun, outcome, configured, SOURCE)
    old = lexicon_of(begun)
    read = pipeline.think(Matcher(old), arrivals)
    assert {match.account for one in read for match in one.matches} == {ROBOTICS}
    merge(begun)
    pipeline.write(begun, arrivals, read, finished("wire", NOW), lexicon=old, now=NOW)
    assert {one.account for one in held(begun)} == {NORVIK}


def test_the_further_stage_and_the_stricter_suppression_hold(begun: Engine) -> None:
    do(begun, Action(verb="contacted", by="bo", account=ROBOTICS), NOW - HOUR)
    do(begun, Action(verb="suppress", by="bo", account=ROBOTICS, value="opt_out"), NOW - HOUR / 2)
    before = listed(begun)
    made = merge(begun)
    one = listed(begun)
    assert one.stage == "contacted"
    assert one.suppression == Suppression(reason="opt_out", by="bo")
    part(begun, made)
    assert listed(begun) == before
    assert listed(begun, ROBOTICS).suppression == Suppression(reason="opt_out", by="bo")


def test_parting_brings_both_back_exactly(begun: Engine) -> None:
    settled(begun, NOW)
    before = state(begun)
    part(begun, merge(begun), NOW)
    assert state(begun) == before


@settings(
    max_examples=8, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_parting_brings_both_back_whatever_was_told_and_done(engine: Engine, data: st.DataObject) -> None:
    emptied(engine)
    told = data.draw(st.lists(st.sampled_from(ALL), min_size=1, unique_by=lambda one: one.external_id))
    with_both(engine, *told)
    for number in range(data.draw(st.integers(0, 3))):
        some = sorted(held(engine), key=lambda one: one.id)
        if not some:
            break
        verb, value = data.draw(
            st.sampled_from(
                [("accept", ""), ("dismiss", "off_topic"), ("contacted", ""), ("dismiss", "too_old")]
            )
        )
        trigger = data.draw(st.sampled_from([one.id for one in some]))
        try:
            do(
                engine,
                Action(verb=verb, by="bo", trigger=trigger, value=value),
                NOW - HOUR + number * HOUR / 9,
            )
        except EarmarkError:
            continue
    settled(engine, NOW)
    before = state(engine)
    part(engine, merge(engine), NOW)
    after = state(engine)
    known, out = before.pop("outbox"), after.pop("outbox")
    assert after == before
    assert [row for row in out if row in known] == known
    more = {key for key in sent(engine) if not any(repr(key) in row for row in known)}
    assert all(":" not in key for key in more), (
        "a target hears of the stage, there and back, and of no reason"
    )


def test_news_that_came_meanwhile_goes_to_whom_it_names_and_is_told_nobody_again(begun: Engine) -> None:
    made = merge(begun)
    poll(begun, [LATER, RAISES_TOO, OPENS], now=NOW + HOUR)
    known = sent(begun)
    part(begun, made, NOW + 2 * HOUR)
    assert (ROBOTICS, "funding_early") in speaking(begun)
    assert (NORVIK, "funding_early") in speaking(begun)
    assert len([one for one in held(begun) if one.state == "open" and one.kind == "funding_early"]) == 2
    sweep(begun, lexicon_of(begun), NOW + 3 * HOUR)
    assert sent(begun) == known


def test_the_same_lists_again_bring_nothing_back(begun: Engine) -> None:
    merge(begun)
    before = listed(begun)
    with writing(begun) as conn:
        again = accounts.upsert(conn, [KEEPS, GOES])
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert listed(begun) == before
    with writing(begun) as conn:
        accounts.upsert(conn, [replace(GOES, city="Kiel", owner="bo")])
    assert (listed(begun).city, listed(begun).owner) == ("Kiel", "bo")
    with reading(begun) as conn:
        assert set(accounts.every(conn)) == {NORVIK}


def test_an_import_meanwhile_is_each_ones_own_after_parting(begun: Engine) -> None:
    made = merge(begun)
    with writing(begun) as conn:
        accounts.upsert(conn, [replace(GOES, city="Kiel"), replace(KEEPS, size=90)])
    part(begun, made)
    assert (listed(begun).city, listed(begun).size, listed(begun).owner) == (None, 90, None)
    assert (listed(begun, ROBOTICS).city, listed(begun, ROBOTICS).size) == ("Kiel", None)


def test_an_owner_given_meanwhile_stays(begun: Engine) -> None:
    made = merge(begun)
    do(begun, Action(verb="assign", by="bo", account=NORVIK, value="cy"), NOW + HOUR / 2)
    with writing(begun) as conn:
        accounts.upsert(conn, [replace(GOES, city="Kiel")])
    assert listed(begun).owner == "cy"
    part(begun, made)
    assert (listed(begun).owner, listed(begun, ROBOTICS).owner) == ("cy", "ada")


def test_the_crms_id_of_either_means_the_one(begun: Engine) -> None:
    merge(begun)
    keys = [crm_key("hubspot", "1"), crm_key("hubspot", "2"), Key("domain", "norvik-robotics.example")]
    with reading(begun) as conn:
        assert set(lookup.meant(conn, keys).values()) == {(NORVIK,)}


def test_what_waits_for_the_crm_goes_to_the_record_of_the_one(begun: Engine) -> None:
    made = merge(begun)
    with reading(begun) as conn:
        waiting = [one.outgoing for one in outbox.pending(conn, NOW + days(1))]
    assert {one.account for one in waiting} == {NORVIK}
    assert {one.payload["account"] for one in waiting} == {NORVIK}
    part(begun, made)
    with reading(begun) as conn:
        assert ROBOTICS in {one.outgoing.payload["account"] for one in outbox.pending(conn, NOW + days(1))}


@pytest.mark.parametrize("taken_back", [False, True], ids=["held", "taken back"])
def test_a_replay_sees_one_account_and_what_people_did_to_either(engine: Engine, taken_back: bool) -> None:  # noqa: FBT001
    with_both(engine, RAISES, LAYS_OFF, OPENS)
    own = next(one for one in held(engine) if one.account == ROBOTICS)
    do(engine, Action(verb="dismiss", by="bo", trigger=own.id, value="off_topic"), NOW - HOUR)
    if taken_back:
        with reading(engine) as conn:
            last = transitions.of_account(conn, ROBOTICS)[-1]
        do(engine, Action(verb="undo", by="bo", account=ROBOTICS, value=last.id), NOW - HOUR / 2)
    merge(engine)
    began = NOW - days(30)
    span = Span(warm_from=began, since=began, until=NOW + HOUR, list_at=NOW + HOUR)
    with reading(engine) as conn:
        rules = [rulebook.decided(conn)]
    (one,) = replay(engine, rules, span)
    assert [past.key for past in one.pasts] == [f"a:{NORVIK}"]
    assert [past.missed for past in one.pasts] == [0]
    assert one.pasts[0].stage == listed(engine).stage
    listed_now = {why.kind for why in one.pasts[0].reasons}
    assert listed_now == {trigger.kind for trigger in held(engine)}


def test_a_merge_says_before_what_it_does(begun: Engine) -> None:
    with reading(begun) as conn:
        told = " ".join(merging.prospect(conn, NORVIK, ROBOTICS).lines)
    assert "Norvik Robotics (norvik-robotics) becomes part of Norvik GmbH" in told
    assert "owner ada" in told
    assert "1 contact" in told
    assert "hubspot" in told
    assert listed(begun, ROBOTICS).id == ROBOTICS, "nothing was changed"


def test_it_is_taken_back_by_its_own_verb_and_once(begun: Engine) -> None:
    made = merge(begun)
    with pytest.raises(EarmarkError, match=made.id):
        do(begun, Action(verb="undo", by="ann", account=NORVIK), NOW + HOUR)
    part(begun, made)
    with pytest.raises(ConfigError, match="No single merge"):
        part(begun, made)
    with pytest.raises(ConfigError, match="already"):
        merging.merge(begun, NORVIK, NORVIK, by="ann", now=NOW)
    again = merge(begun, NOW + 2 * HOUR)
    assert listed(begun, ROBOTICS).id == NORVIK
    part(begun, again, NOW + 3 * HOUR)
    assert listed(begun, ROBOTICS).id == ROBOTICS


def test_of_three_that_are_one_the_last_merge_is_taken_back_first(begun: Engine) -> None:
    first = merge(begun)
    with writing(begun) as conn:
        accounts.upsert(conn, [an_account("Norvik Holding")])
    second = merging.merge(begun, "norvik-holding", NORVIK, by="ann", now=NOW + HOUR)
    assert listed(begun, ROBOTICS).id == "norvik-holding"
    assert "Norvik Robotics" in listed(begun, ROBOTICS).aliases
    with pytest.raises(ConfigError, match=second.id):
        part(begun, first)
    part(begun, second, NOW + 2 * HOUR)
    part(begun, first, NOW + 3 * HOUR)
    assert {listed(begun, name).id for name in (NORVIK, ROBOTICS)} == {NORVIK, ROBOTICS}


def test_relatives_keep_their_family(begun: Engine) -> None:
    with writing(begun) as conn:
        accounts.upsert(conn, [an_account("Unit", parent=ROBOTICS), replace(KEEPS, parent=ROBOTICS)])
    made = merge(begun)
    assert listed(begun).parent is None
    assert listed(begun, "unit").parent == NORVIK
    part(begun, made)
    assert listed(begun).parent == ROBOTICS
    assert listed(begun, "unit").parent == ROBOTICS

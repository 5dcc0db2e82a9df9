"""What the targets are told of a change, under which key: a key is told once for ever."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from earmark.lifecycle import Cause, Stage
from earmark.types import (
    Account,
    Certainty,
    Lexicon,
    Mark,
    Outgoing,
    Past,
    Role,
    Story,
    StoryFact,
    Suppression,
    Transition,
    Trigger,
    TriggerState,
)
from matcher.layout import as_html, as_markdown, as_text
from matcher.outgoing import outgoing, payload_of
from tests.builders import NOW, a_match, a_stored_event, ago, days
from tests.exports.lines import QUOTE, a_ready_account, a_trigger

LEXICON = Lexicon(targets=("crm",))


def a_move(number: int = 1, **changes: Any) -> Transition:
    fields: dict[str, Any] = {
        "id": f"move-{number}",
        "account": "norvik-labs",
        "at": NOW,
        "before": Stage.COLD,
        "after": Stage.OUTREACH_READY,
        "cause": Cause.TRIGGERED,
        "actor": "earmark",
        "reason": "It raised money.",
        "trigger": "trigger-1",
    }
    return Transition(**(fields | changes))


def a_story(amount: int = 20, currency: str = "USD", **changes: Any) -> Story:
    fields: dict[str, Any] = {
        "id": "story-1",
        "key": "a:norvik-labs",
        "account": "norvik-labs",
        "company": None,
        "kind": "funding_early",
        "role": Role.RAISER,
        "certainty": Certainty.ANNOUNCED,
        "facts": (
            StoryFact(key="amount", value=Decimal(amount), span=None, publishers=()),
            StoryFact(key="currency", value=currency, span=None, publishers=()),
            StoryFact(key="round", value=f"Round {amount}", span=None, publishers=()),
        ),
        "matches": (
            a_match(a_stored_event(url=None)),
            a_match(a_stored_event(url="https://wire.example/2")),
            a_match(a_stored_event(url="https://wire.example/3")),
        ),
        "publishers": ("Fjord Wire",),
        "first_at": ago(1),
        "last_at": ago(1),
        "created_at": NOW,
    }
    return Story(**(fields | changes))


def a_past(
    account: Account | None = None,
    *moves: Transition,
    triggers: tuple[Trigger, ...] | None = None,
    story: Story | None = None,
) -> Past:
    return Past(
        account=account or a_ready_account(),
        triggers=(a_trigger(),) if triggers is None else triggers,
        stories=(a_story(id="other"), story or a_story()),
        transitions=moves,
    )


def sent(before: Past, after: Past, *quiet: str, lexicon: Lexicon = LEXICON) -> list[tuple[str, str]]:
    return [(one.topic, one.key) for one in outgoing(before, after, quiet, lexicon)]


def test_a_promotion_is_told_to_each_target_under_its_account_and_trigger() -> None:
    before, after = a_past(), a_past(None, a_move())
    told = outgoing(before, after, (), Lexicon(targets=("crm", "chat")))
    payload = payload_of(a_ready_account(), after, a_trigger()) | {
        "transition": "move-1",
        "before": "cold",
        "after": "outreach_ready",
        "cause": "triggered",
        "reason": "It raised money.",
        "at": "2026-11-21T09:00:00+00:00",
    }
    assert told == tuple(
        Outgoing(
            target=target,
            topic="account.promoted",
            key="norvik-labs:trigger-1",
            account="norvik-labs",
            payload=payload,
        )
        for target in ("crm", "chat")
    )
    assert outgoing(before, after, (), Lexicon()) == ()
    assert outgoing(before, replace(after, account=None), (), LEXICON) == ()


def test_only_what_moved_since_is_told() -> None:
    assert sent(a_past(None, a_move()), a_past(None, a_move())) == []
    stay = a_move(2, before=Stage.OUTREACH_READY)
    moved = a_move(3, before=Stage.OUTREACH_READY, after=Stage.CONTACTED, trigger=None)
    assert sent(a_past(None, a_move()), a_past(None, a_move(), stay, moved)) == [
        ("account.stage_changed", "move-3")
    ]


def test_one_trigger_promotes_once_and_later_moves_are_changes_of_stage() -> None:
    lost = a_move(2, before=Stage.OUTREACH_READY, after=Stage.COLD, cause=Cause.TRIGGERS_GONE)
    again, hot = a_move(3), a_move(4, before=Stage.OUTREACH_READY, after=Stage.HOT)
    assert sent(a_past(), a_past(None, a_move(), lost, again, hot)) == [
        ("account.promoted", "norvik-labs:trigger-1"),
        ("account.stage_changed", "move-2"),
        ("account.stage_changed", "move-3"),
        ("account.stage_changed", "move-4"),
    ]


def test_each_trigger_promotes_for_itself() -> None:
    both = (a_trigger(), a_trigger(id="trigger-2"))
    hot = a_move(2, before=Stage.OUTREACH_READY, after=Stage.HOT, trigger="trigger-2")
    assert sent(a_past(triggers=both), a_past(None, a_move(), hot, triggers=both)) == [
        ("account.promoted", "norvik-labs:trigger-1"),
        ("account.promoted", "norvik-labs:trigger-2"),
    ]


@pytest.mark.parametrize(
    ("changes", "topics"),
    [
        ({"after": Stage.COLD}, []),
        ({"after": Stage.CONTACTED}, ["account.stage_changed"]),
        ({"undoes": "move-0"}, ["account.stage_changed"]),
        ({"trigger": None}, ["account.stage_changed"]),
        ({"trigger": "gone"}, ["account.stage_changed"]),
    ],
)
def test_what_is_no_promotion_is_told_as_a_change_of_stage_or_not_at_all(
    changes: dict[str, Any], topics: list[str]
) -> None:
    assert [topic for topic, _ in sent(a_past(), a_past(None, a_move(**changes)))] == topics


def test_backfill_moves_in_silence_unless_a_person_moved_it() -> None:
    old = (a_trigger(mark=Mark.BACKFILL),)
    assert sent(a_past(triggers=old), a_past(None, a_move(), triggers=old)) == []
    by_ann = a_past(None, a_move(actor="ann"), triggers=old)
    assert sent(a_past(triggers=old), by_ann) == [("account.promoted", "norvik-labs:trigger-1")]
    without = a_move(trigger=None, after=Stage.COLD, before=Stage.OUTREACH_READY)
    assert sent(a_past(triggers=old), a_past(None, without, triggers=old)) == [
        ("account.stage_changed", "move-1")
    ]


def test_a_reason_that_is_out_is_told_again_when_its_figure_changed_and_once() -> None:
    before, after = a_past(), a_past(story=a_story(28))
    [told] = outgoing(before, after, (), LEXICON)
    assert (told.topic, told.key) == ("account.promoted", "norvik-labs:trigger-1:0a537fb013d5")
    assert told.payload == payload_of(a_ready_account(), after, a_trigger()) | {"revised": True}
    assert sent(after, after) == []
    assert sent(a_past(), a_past(story=a_story(currency="EUR"))) != []
    assert sent(a_past(), a_past(story=a_story(certainty=Certainty.DONE))) == [], "the trigger says how sure"
    other = replace(a_story(), facts=a_story().facts[:2])
    assert sent(a_past(), a_past(story=other)) == [], "a round that is named later is nothing new"


@pytest.mark.parametrize(
    "changes", [{"kind": "funding_growth"}, {"certainty": Certainty.DONE}, {"role": Role.INVESTOR}]
)
def test_a_reason_that_changed_in_kind_certainty_or_role_is_told_again(changes: dict[str, Any]) -> None:
    assert len(sent(a_past(), a_past(triggers=(a_trigger(**changes),)))) == 1


@pytest.mark.parametrize(
    "account",
    [
        a_ready_account(stage=Stage.CONTACTED),
        a_ready_account(suppression=Suppression(reason="customer", by="ann")),
    ],
)
def test_news_of_a_reason_are_told_only_while_somebody_should_call(account: Account) -> None:
    assert sent(a_past(account), a_past(account, story=a_story(28))) == []


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ({}, {"state": TriggerState.ACCEPTED}, 1),
        ({}, {"state": TriggerState.DISMISSED}, 0),
        ({"state": TriggerState.DISMISSED}, {}, 0),
        ({}, {"mark": Mark.BACKFILL}, 0),
        ({"id": "trigger-0"}, {}, 0),
    ],
)
def test_news_of_a_reason_are_told_only_of_one_that_was_out_and_is(
    was: dict[str, Any], now: dict[str, Any], told: int
) -> None:
    open_one = a_trigger(id="open")
    before = a_past(triggers=(a_trigger(**was), open_one))
    after = a_past(triggers=(a_trigger(**now), open_one), story=a_story(28))
    assert [key.split(":")[1] for _, key in sent(before, after)] == [*["trigger-1"] * told, "open"]


def test_two_tellings_that_became_one_are_nothing_new_and_the_others_are_told() -> None:
    both = (a_trigger(), a_trigger(id="trigger-2", story="other"))
    before = a_past(triggers=both)
    after = replace(before, stories=(a_story(28, id="other"), a_story(28)))
    assert [key.rpartition(":")[0] for _, key in sent(before, after, "story-1")] == ["norvik-labs:trigger-2"]


def test_a_hot_reason_that_goes_to_the_next_rep_is_told_under_an_offer_of_its_own() -> None:
    def offered(to: str | None, moment: float = 0) -> Past:
        first = a_trigger(id="trigger-0", story="gone")
        return a_past(triggers=(first, a_trigger(offered_to=to, offered_at=ago(moment))))

    [told] = outgoing(offered("ann", 1), offered("bo"), (), LEXICON)
    assert (told.topic, told.key) == ("account.handed_over", "norvik-labs:trigger-1:bo:20261121T090000")
    assert (told.payload["owner"], told.payload["offered_from"]) == ("bo", "ann")
    assert told.payload["trigger"] == "trigger-1"
    assert sent(offered("ann"), offered("ann")) == []
    assert sent(offered(None), offered("bo")) == sent(offered("bo"), offered(None)) == []
    assert sent(a_past(triggers=()), offered("bo")) == []


def test_a_payload_is_flat_and_whole() -> None:
    account = a_ready_account(
        domains=("norvik.example", "norvik.no"),
        aliases=("Norvik",),
        industry="ports",
        size=120,
        country="NO",
        territory="north",
        tier="A",
        crm_ids={"hubspot": "81"},
    )
    trigger = a_trigger()
    note = trigger.note
    assert note is not None
    assert payload_of(account, a_past(account), trigger) == {
        "account": "norvik-labs",
        "name": "Norvik Labs",
        "domain": "norvik.example",
        "domains": ["norvik.example", "norvik.no"],
        "aliases": ["Norvik"],
        "industry": "ports",
        "size": 120,
        "country": "NO",
        "territory": "north",
        "tier": "A",
        "owner": "Ada Lind",
        "stage": "outreach_ready",
        "crm_ids": {"hubspot": "81"},
        "trigger": "trigger-1",
        "kind": "funding_early",
        "polarity": "buy",
        "certainty": "announced",
        "score": 81.0,
        "happened_at": ago(1).isoformat(),
        "opens_at": ago(1).isoformat(),
        "closes_at": (NOW + days(44)).isoformat(),
        "expires_at": (NOW + days(149)).isoformat(),
        "link": "https://wire.example/2",
        "headline": "Norvik Labs raised money",
        "why_now": "It raised money: $20 million, Series B (2026-11-20).",
        "quote": QUOTE,
        "publisher": "Fjord Wire",
        "who": "Ask for: finance lead.",
        "opener": "Congratulations on the round.",
        "next": "Best time to call: 2026-11-20 to 2027-01-04.",
        "note_text": as_text(note, trigger.score),
        "note_markdown": as_markdown(note, trigger.score),
        "note_html": as_html(note, trigger.score),
    }


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    bare = a_trigger(undated=True, note=None, story="gone")
    payload = payload_of(a_ready_account(domains=()), a_past(), bare)
    assert (payload["domain"], payload["happened_at"], payload["link"]) == (None, None, None)
    assert payload["headline"] == ""
    assert "note_text" not in payload
    unlinked = a_past(story=a_story(matches=(a_match(a_stored_event(url=None)),)))
    assert payload_of(a_ready_account(), unlinked, a_trigger())["link"] is None
    assert "trigger" not in payload_of(a_ready_account(), a_past(), None)


def test_the_sentences_of_a_section_are_one_text_with_an_end_to_each() -> None:
    note = a_trigger().note
    assert note is not None
    why, *others = note.sentences
    said = tuple(replace(why, text=text) for text in ("It grows", "", "Yes!", "Who?", "More…"))
    trigger = a_trigger(note=replace(note, sentences=(*said, *others)))
    told = payload_of(a_ready_account(), a_past(), trigger)["why_now"]
    assert told == "It grows. Yes! Who? More…"


def test_a_note_without_evidence_quotes_nobody() -> None:
    note = a_trigger().note
    assert note is not None
    kept = tuple(one for one in note.sentences if one.section != "evidence")
    payload = payload_of(a_ready_account(), a_past(), a_trigger(note=replace(note, sentences=kept)))
    assert (payload["quote"], payload["publisher"]) == ("", "")

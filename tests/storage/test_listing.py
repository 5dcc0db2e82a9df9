"""The list in pages, held against the plain way to make it: all triggers, grouped and sorted."""

import random
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import Account, Changes, Mark, Suppression, Trigger, TriggerState
from storage import accounts, barred, events, fitting, history, listing, newest, search, tally, triggers
from storage.engine import Connection, Engine, reading, writing
from storage.scope import Scope
from storage.wanted import Order, State, Wanted
from tests.builders import NOW, ago, an_account, days
from tests.storage.nouns import a_story, a_told_match, a_trigger, some_events

STAGES = (Stage.OUTREACH_READY, Stage.WARM, Stage.HOT, Stage.COLD, Stage.CONTACTED)
KINDS = ("funding_early", "exec_hire", "award_recognition")


def _accounts(chance: random.Random) -> list[Account]:
    return [
        an_account(
            f"Norvik {number}",
            stage=chance.choice(STAGES),
            snoozed_until=NOW + days(chance.choice((-1, 2))) if chance.random() < 0.2 else None,
            suppression=Suppression(reason="legal", by="ann") if chance.random() < 0.1 else None,
            owner=chance.choice((None, "Ann", "ann", "bo")),
            territory=chance.choice((None, "DACH", "Nordics")),
            tier=chance.choice((None, "A", "B")),
        )
        for number in range(12)
    ]


def _triggers(chance: random.Random, listed: list[Account]) -> list[Trigger]:
    made = []
    for number in range(45):
        state = chance.choice((TriggerState.OPEN,) * 5 + tuple(TriggerState))
        open_still = state in {TriggerState.OPEN, TriggerState.ACCEPTED}
        made.append(
            replace(
                a_trigger(),
                id=f"{number:04x}",
                story=f"story-{number}",
                account=chance.choice(listed).id if chance.random() < 0.9 else None,
                kind=chance.choice(KINDS),
                problem=chance.choice((None, None, "churn", "cost")),
                mark=chance.choice((Mark.LIVE, Mark.LIVE, Mark.BACKFILL)),
                state=state,
                polarity=chance.choice((Polarity.BUY, Polarity.BUY, Polarity.SUPPRESS)),
                created_at=ago(chance.randrange(5)),
                expires_at=NOW + days(chance.choice((-1, 3, 3, 9))),
                ended_at=None if open_still else ago(chance.randrange(3)),
                offered_to="ann" if chance.random() < 0.1 else None,
            )
        )
    return made


@pytest.fixture
def made(engine: Engine) -> tuple[list[Account], list[Trigger], dict[str, float]]:
    chance = random.Random(7)
    listed = _accounts(chance)
    held = _triggers(chance, listed)
    scores = {trigger.id: float(chance.randrange(1, 9)) for trigger in held}
    told = [replace(one, source=f"wire-{place % 5}") for place, one in enumerate(some_events(len(held)))]
    tales = [
        a_story(a_told_match(event, account=each.account, company=None), id=each.story)
        for event, each in zip(told, held, strict=True)
    ]
    with writing(engine) as conn:
        accounts.upsert(conn, listed)
        events.insert(conn, told)
        history.save(conn, Changes(accounts=tuple(listed), stories=tuple(tales), triggers=tuple(held)), NOW)
        triggers.refresh(conn, scores)
    return listed, held, scores


def _plainly(
    wanted: Wanted, made: tuple[list[Account], list[Trigger], dict[str, float]], scope: Scope | None = None
) -> list[str]:
    """Return the best trigger of each row as anybody would find it who has all of them."""
    listed, held, scores = made
    by_id = {account.id: account for account in listed}
    offered = {
        each.account or each.id
        for each in held
        if each.offered_to in wanted.owners and each.state is TriggerState.OPEN
    }
    fits = [
        each
        for each in held
        if _fits(each, by_id.get(each.account or ""), wanted, scope, offered, scores[each.id])
    ]
    sign = 1 if wanted.order is Order.ENDING else -1

    def place(each: Trigger) -> tuple[Any, ...]:
        value = {
            Order.SCORE: scores[each.id],
            Order.NEWEST: each.created_at.timestamp(),
            Order.ENDING: each.expires_at.timestamp(),
            Order.ENDED: each.ended_at.timestamp() if each.ended_at else 0,
        }[wanted.order]
        return (sign * value, sign * int(each.id, 16))

    rows: dict[str, Trigger] = {}
    for each in sorted(fits, key=place):
        rows.setdefault(each.account or each.id, each)
    hot = {each.account or each.id for each in held if each.offered_to and each.state is TriggerState.OPEN}
    hot |= {account.id for account in listed if account.stage is Stage.HOT}
    if len(wanted.parts) > 1:
        return [
            one.id for key, one in sorted(rows.items(), key=lambda row: (row[0] not in hot, place(row[1])))
        ]
    return [one.id for one in rows.values()]


def _fits(
    each: Trigger,
    account: Account | None,
    wanted: Wanted,
    scope: Scope | None,
    offered: Collection[str] = (),
    score: float = 0.0,
) -> bool:
    waits = each.state in {TriggerState.OPEN, TriggerState.ACCEPTED} and each.expires_at > NOW
    snoozed = account is not None and account.snoozed_until is not None and account.snoozed_until > NOW
    shown = account is None or (account.stage in STAGES[:3] and not snoozed and account.suppression is None)
    of_state = {
        State.TODAY: waits and shown and each.polarity is not Polarity.SUPPRESS,
        State.SNOOZED: waits and snoozed,
        State.EVERYTHING: each.state is not TriggerState.MERGED,
    }.get(wanted.state, each.state.value == wanted.state.value)
    owner = (account.owner or "").lower() if account else ""
    owned = not (wanted.owners or wanted.unowned) or (
        owner in wanted.owners
        or (wanted.unowned and account is not None and account.owner is None)
        or (each.account or each.id) in offered
    )
    return (
        of_state
        and owned
        and (not wanted.kinds or each.kind in wanted.kinds)
        and (not wanted.tiers or (account is not None and account.tier in wanted.tiers))
        and (not wanted.stages or (account is not None and account.stage.value in wanted.stages))
        and (wanted.since is None or each.created_at >= wanted.since)
        and score >= wanted.score
        and (not wanted.problems or each.problem in wanted.problems)
        and (not wanted.mark or each.mark.value == wanted.mark)
        and (not wanted.sources or f"wire-{int(each.id, 16) % 5}" in wanted.sources)
        and (scope is None or account is None or scope.holds(account.owner, account.territory))
    )


WISHES = [
    Wanted(),
    *(Wanted(state=state) for state in (State.SNOOZED,)),
    *(Wanted(state=state, order=Order.ENDED) for state in (State.DISMISSED, State.CONTACTED, State.EXPIRED)),
    Wanted(state=State.EVERYTHING, order=Order.NEWEST),
    Wanted(order=Order.NEWEST),
    Wanted(order=Order.ENDING),
    Wanted(kinds=("exec_hire", "award_recognition")),
    Wanted(owners=frozenset({"ann"})),
    Wanted(owners=frozenset({"bo"}), unowned=True),
    Wanted(unowned=True, order=Order.NEWEST),
    Wanted(tiers=("A",), stages=("warm", "outreach_ready")),
    Wanted(since=NOW - timedelta(days=2)),
]
ORDERS = {
    State.TODAY: (Order.SCORE, Order.NEWEST, Order.ENDING),
    State.SNOOZED: (Order.SCORE, Order.NEWEST, Order.ENDING),
    State.EVERYTHING: (Order.NEWEST,),
}
ASKED: list[dict[str, Any]] = [
    {"kinds": ("exec_hire",)},
    {"problems": ("churn",)},
    {"mark": "backfill"},
    {"tiers": ("B",)},
    {"stages": ("cold", "hot")},
    {"owners": frozenset({"ann"})},
    {"unowned": True},
    {"score": 5.0},
    {"since": NOW - timedelta(days=3)},
    {"sources": ("wire-1", "wire-3")},
    {"words": "raised mon"},
    {"words": "acme"},
    {"kinds": KINDS[:2], "tiers": ("A", "B"), "score": 2.0, "mark": "live"},
]
EVERYWHERE = [
    Wanted(state=state, order=order, **asked)
    for state in State
    for order in ORDERS.get(state, (Order.ENDED, Order.NEWEST))
    for asked in ASKED
]


@pytest.mark.slow
@pytest.mark.parametrize(("few", "steps"), [(5_000, 1_000), (5, 3), (-1, 3)])
def test_whatever_is_asked_a_list_is_the_same_however_few_steps_are_taken_along_it(
    engine: Engine, made: Any, monkeypatch: pytest.MonkeyPatch, few: int, steps: int
) -> None:
    monkeypatch.setattr(listing, "_STEPS", steps)
    monkeypatch.setattr(fitting, "_FEW", few)
    monkeypatch.setattr(fitting, "_FEW_ACCOUNTS", few)
    monkeypatch.setattr(search, "_FEW", max(few, 0))
    with reading(engine) as conn:
        for wanted in [*WISHES, *EVERYWHERE]:
            plainly = _plainly(replace(wanted, words=""), made) if wanted.words != "acme" else []
            assert _paged(conn, wanted, 4) == plainly, wanted


def test_no_more_rows_are_counted_than_are_asked_for(engine: Engine, made: Any) -> None:
    wanted = Wanted(state=State.EVERYTHING, order=Order.NEWEST)
    many = len(_plainly(wanted, made))
    with reading(engine) as conn:
        for most in (1, 5, many, many + 1):
            assert tally.count(conn, wanted, NOW, most=most) == min(most, many)
        assert tally.is_long(conn, len(made[1]) - 1)
        assert not tally.is_long(conn, len(made[1]))


def test_pages_of_any_size_give_the_list_once_and_in_its_order(engine: Engine, made: Any) -> None:
    with reading(engine) as conn:
        for wanted in WISHES:
            plainly = _plainly(wanted, made)
            for step in (1, 3, 50):
                assert _paged(conn, wanted, step) == plainly, (wanted, step)
            assert tally.count(conn, wanted, NOW) == len(plainly), wanted


def _paged(conn: Connection, wanted: Wanted, step: int) -> list[str]:
    found, after = list[str](), listing.FIRST
    while page := listing.page(conn, wanted, NOW, after=after, limit=step):
        assert len(page) <= step
        found += [group.best.id for group in page]
        after = page[-1].place
    return found


@pytest.mark.parametrize(
    "scope",
    [
        Scope(names=frozenset({"ann"})),
        Scope(names=frozenset({"ann"}), territories=frozenset({"dach"})),
        Scope(names=frozenset({"nobody"}), territories=frozenset({"nordics"})),
    ],
)
def test_a_rep_sees_their_own_part(engine: Engine, made: Any, scope: Scope) -> None:
    with reading(engine) as conn:
        page = listing.page(conn, Wanted(), NOW, scope=scope)
        count = tally.count(conn, Wanted(), NOW, scope)
    assert [group.best.id for group in page] == _plainly(Wanted(), made, scope)
    assert count == len(page)


@pytest.mark.usefixtures("made")
def test_further_reasons_are_those_of_the_account_whatever_was_asked_of_the_best(
    engine: Engine,
) -> None:
    with reading(engine) as conn:
        whole = {group.best.account: group for group in listing.page(conn, Wanted(), NOW)}
        page = listing.page(conn, Wanted(kinds=("exec_hire",)), NOW)
    assert page
    for group in page:
        if group.best.account is not None:
            one = whole[group.best.account]
            names = {one.best.id, *(each.trigger for each in one.further)}
            assert {group.best.id, *(each.trigger for each in group.further)} <= names | {group.best.id}


@pytest.mark.usefixtures("made")
def test_values_count_the_rows_that_a_filter_would_leave(engine: Engine) -> None:
    with reading(engine) as conn:
        counts = tally.values(conn, Wanted(), NOW)
        for kind, many in counts["kind"].items():
            assert many == tally.count(conn, Wanted(kinds=(kind,)), NOW)
        for stage, many in counts["stage"].items():
            assert many == tally.count(conn, Wanted(stages=(stage,)), NOW)
        for tier, many in counts["tier"].items():
            assert many == tally.count(conn, Wanted(tiers=(tier,)), NOW)
        assert sum(counts["stage"].values()) <= tally.count(conn, Wanted(), NOW)


@pytest.mark.parametrize("owners", [frozenset[str](), frozenset({"ann"})])
def test_the_best_reasons_of_those_who_are_barred_are_read_best_first(
    engine: Engine, made: Any, owners: frozenset[str]
) -> None:
    listed, held, scores = made
    fitting = [each for each in held if each.account and each.ended_at is None and each.expires_at > NOW]
    shown = {each.account for each in fitting if _fits(each, _by_id(listed, each), Wanted(), None)}
    best: dict[str, float] = {}
    for each in fitting:
        account = _by_id(listed, each)
        if account.id not in shown and (not owners or (account.owner or "").lower() in owners):
            best[account.id] = max(best.get(account.id, 0.0), scores[each.id])
    with reading(engine) as conn:
        found = barred.best(conn, NOW, owners=owners)
        assert [each.id for each in barred.best(conn, NOW, limit=3, owners=owners)] == [
            each.id for each in found[:3]
        ]
        assert barred.count(conn, NOW, owners=owners) == len(found) == len(best) > 0
    assert {each.account: scores[each.id] for each in found} == best
    assert [scores[each.id] for each in found] == sorted(best.values(), reverse=True)


def _by_id(listed: list[Account], each: Trigger) -> Account:
    return next(account for account in listed if account.id == each.account)


def test_what_is_offered_to_somebody_is_theirs_whatever_they_are_called_and_whichever_reason_it_is(
    engine: Engine,
) -> None:
    account = an_account("Norvik 1", stage=Stage.WARM, owner="Bo")
    told = some_events(2)
    tales = [a_story(a_told_match(each, account=account.id, company=None), id=each.id) for each in told]
    held = [
        replace(a_trigger(), id=name, story=tale.id, account=account.id, offered_to=to, kind=kind)
        for name, tale, to, kind in zip(("best", "other"), tales, (None, "ada-lind"), KINDS, strict=False)
    ]
    with writing(engine) as conn:
        accounts.upsert(conn, [account])
        events.insert(conn, told)
        history.save(conn, Changes(accounts=(account,), stories=tuple(tales), triggers=tuple(held)), NOW)
        triggers.refresh(conn, {"best": 9.0, "other": 1.0})
    with reading(engine) as conn:
        for owner in ("ada lind", "bo"):
            found = listing.page(conn, Wanted(owners=frozenset({owner})), NOW)
            assert [group.best.id for group in found] == ["best"], owner
        assert not listing.page(conn, Wanted(owners=frozenset({"cem"})), NOW)


@pytest.mark.parametrize("steps", [1_000, 1, 6])
def test_what_came_last_is_the_same_however_few_steps_are_taken(
    engine: Engine, made: Any, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(newest, "_STEPS", steps)
    whole = sorted(made[1], key=lambda each: (each.created_at, each.id), reverse=True)
    asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        *(((), ()), (("exec_hire",), ()), ((), ("dismissed", "expired")), (("nothing",), ())),
        *((KINDS[:2], ("open",)), (KINDS, ("merged",)), ((), ("merged", "open"))),
    ]
    with reading(engine) as conn:
        for kinds, states in asked:
            fits = [
                each.id
                for each in whole
                if (not kinds or each.kind in kinds)
                and (each.state.value in states if states else each.state is not TriggerState.MERGED)
            ]
            found, before = list[str](), None
            while piece := newest.made(conn, limit=4, before=before, kinds=kinds, states=states):
                found += [each.id for each in piece]
                before = (piece[-1].created_at, piece[-1].id)
            assert found == fits, (kinds, states)

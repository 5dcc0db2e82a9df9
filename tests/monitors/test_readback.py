"""What a CRM tells is done here, once, and never against a person; on both databases, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from earmark.config import Settings
from earmark.contract import Change, Receipt
from earmark.types import Account, Suppression
from exports import registry
from monitors.readback import EVERY
from monitors.targets import Targets
from storage import accounts, deliveries, outcomes, rulebook, targets, transitions, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW, ago, an_account, an_event
from tests.exports.fakes.cabinet import Cabinet, CabinetExporter
from tests.monitors.hostile import Hostile, answer
from tests.monitors.line import contents, poll, prepared

pytestmark = pytest.mark.anyio
ACCOUNT = "norvik-labs"
LATER = NOW + timedelta(minutes=7)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry._KINDS, "every", lambda: {"cabinet": CabinetExporter})


@pytest.fixture
def team(engine: Engine, server: Hostile) -> Engine:
    """One account with an open trigger, and the target crm; the CRM's id of another account is known."""
    known = an_account("Oskarion Freight", crm_ids={"cabinet": "81"}, domains=("oskarion.example",))
    prepared(engine, an_account(), known, an_account("Zephyrine Bio"))
    poll(engine, [an_event()])
    with writing(engine) as connection:
        targets.add(connection, "crm", "cabinet", {"base_url": server.url("/")}, NOW)
    return engine


def crew(engine: Engine, server: Hostile, hours: float = 0) -> Targets:
    http = {"contact": "ops@norvik.example", "allow": [server.allow]}
    return Targets(Settings(http=http), engine, now=lambda: LATER + timedelta(hours=hours))


def news(**told: Any) -> dict[str, Any]:
    return {"remote_id": "7", "key": ACCOUNT, "at": NOW.isoformat()} | told


def account(engine: Engine, name: str = ACCOUNT) -> Account:
    with reading(engine) as connection:
        found = accounts.get(connection, name)
    assert found is not None
    return found


async def test_all_that_a_crm_tells_is_done_and_the_second_reading_changes_nothing(
    team: Engine, server: Hostile
) -> None:
    with reading(team) as connection:
        [trigger] = triggers.every_open(connection)
    told = [
        news(owner="ann"),
        news(contacted_at=ago(0.1).isoformat(), ref=trigger.id),
        news(outcome="meeting", ref=trigger.id),
        news(suppression="open_deal"),
    ]
    Cabinet(news=told).on(server)
    heard = await crew(team, server).read("crm")
    assert [action.verb for action in heard.done] == ["assign", "contacted", "outcome", "suppress"]
    assert {action.by for action in heard.done} == {"crm:crm"}
    now = account(team)
    assert (now.owner, now.stage) == ("ann", "hot")
    assert now.suppression == Suppression(reason="open_deal", by="crm:crm")
    with reading(team) as connection:
        assert [one.outcome for one in outcomes.of_accounts(connection, [ACCOUNT])[ACCOUNT]] == ["meeting"]
        actors = {move.actor for move in transitions.of_accounts(connection, [ACCOUNT])[ACCOUNT]}
    assert actors == {"earmark", "crm:crm"}
    before = contents(team, less=("targets", "counters"))
    with writing(team) as connection:  # the place is lost: all is told again
        targets.keep(connection, "crm", {}, {"cursor": 4})
    again = await crew(team, server, hours=1).read("crm")
    assert (again.told, again.done) == (4, ())
    assert contents(team, less=("targets", "counters")) == before


async def test_an_account_is_found_by_our_key_what_we_wrote_the_crms_id_or_its_domain(
    team: Engine, server: Hostile
) -> None:
    company = Change(action="create", object="company", key="zephyrine-bio")
    with writing(team) as connection:
        made = [(company, Receipt(key="zephyrine-bio", remote_id="z-1"))]
        deliveries.done(connection, "crm", "run", made, NOW, hashes={})
    told = [
        news(key=None, remote_id="81", owner="by id"),
        news(key=None, remote_id="z-1", owner="by what we wrote"),
        news(key="gone", remote_id="9", domain="norviklabs.example", owner="by domain"),
        news(key=None, remote_id="nobody", domain="unlisted.example", owner="x"),
    ]
    Cabinet(news=told).on(server)
    heard = await crew(team, server).read("crm")
    assert heard.told == 4
    owners = {name: account(team, name).owner for name in (ACCOUNT, "oskarion-freight", "zephyrine-bio")}
    assert owners == {ACCOUNT: "by domain", "oskarion-freight": "by id", "zephyrine-bio": "by what we wrote"}


async def test_what_the_crm_suppressed_ends_when_the_crm_says_so_and_what_a_person_did_stays(
    team: Engine, server: Hostile
) -> None:
    opted_out = Suppression(reason="opt_out", by="ann")
    with writing(team) as connection:
        accounts.upsert(connection, [an_account("Orlo", suppression=opted_out)])
    cabinet = Cabinet(news=[news(suppression="customer"), news(key="orlo", suppression="customer")])
    cabinet.on(server)
    await crew(team, server).read("crm")
    assert account(team).suppression == Suppression(reason="customer", by="crm:crm")
    assert account(team, "orlo").suppression == opted_out
    cabinet.news += [news(suppression=None), news(key="orlo", suppression="")]
    await crew(team, server, hours=1).read("crm")
    assert account(team).suppression is not None
    cabinet.news += [news(suppression="open_deal")]
    await crew(team, server, hours=2).read("crm")
    assert account(team).suppression == Suppression(reason="open_deal", by="crm:crm")
    cabinet.news += [news(suppression="")]
    await crew(team, server, hours=3).read("crm")
    assert account(team).suppression is None
    assert account(team, "orlo").suppression == opted_out


async def test_a_customer_is_won_once_however_often_the_deal_is_touched(
    team: Engine, server: Hostile
) -> None:
    cabinet = Cabinet(news=[news(outcome="opportunity"), news(outcome="won")]).on(server)
    await crew(team, server).read("crm")
    cabinet.news += [news(outcome="won", at=ago(-0.01).isoformat())]
    heard = await crew(team, server, hours=1).read("crm")
    assert heard.done == ()
    cabinet.news += [news(outcome="lost", at=ago(-0.02).isoformat())]
    heard = await crew(team, server, hours=2).read("crm")
    assert [action.value for action in heard.done] == ["lost"]
    assert account(team).suppression == Suppression(reason="customer", by="crm:crm")


async def test_what_is_told_twice_in_one_reading_is_done_once(team: Engine, server: Hostile) -> None:
    touched = ago(-0.001).isoformat()
    twice = [
        news(owner="ann"),
        news(outcome="opportunity"),
        news(owner="ann", outcome="opportunity", at=touched),
    ]
    Cabinet(news=twice).on(server)
    heard = await crew(team, server).read("crm")
    assert [(action.verb, action.value) for action in heard.done] == [
        ("assign", "ann"),
        ("outcome", "opportunity"),
    ]


async def test_what_was_told_last_holds_in_whatever_order_it_comes(team: Engine, server: Hostile) -> None:
    Cabinet(news=[news(owner="bo"), news(owner="ann", at=ago(1).isoformat())]).on(server)
    await crew(team, server).read("crm")
    assert account(team).owner == "bo"


async def test_each_deal_has_an_outcome_of_its_own(team: Engine, server: Hostile) -> None:
    with reading(team) as connection:
        [trigger] = triggers.every_open(connection)
    other = news(outcome="lost", at=ago(-0.001).isoformat(), ref="of somebody else")
    Cabinet(news=[news(outcome="lost", ref=trigger.id), other]).on(server)
    heard = await crew(team, server).read("crm")
    assert [(action.value, action.trigger) for action in heard.done] == [("lost", trigger.id), ("lost", None)]


async def test_a_name_that_two_reps_share_means_neither(team: Engine, server: Hostile) -> None:
    reps = "".join(f'[[reps]]\nid = "{name}"\nname = "Ann Lee"\n' for name in ("ann", "lee"))
    with writing(team) as connection:
        rulebook.save(connection, 'targets = ["crm"]\n' + reps, by="test", at=NOW)
    Cabinet(news=[news(owner=" LEE "), news(key="zephyrine-bio", owner="Ann Lee")]).on(server)
    before = account(team, "zephyrine-bio").owner
    await crew(team, server).read("crm")
    assert (account(team).owner, account(team, "zephyrine-bio").owner) == ("lee", before)


async def test_a_busy_target_is_read_again_when_it_says_so(team: Engine, server: Hostile) -> None:
    server.pages["/news"] = answer(b"{}", "Retry-After: 7200", status="429 Too Many Requests")
    heard = await crew(team, server).read("crm")
    with reading(team) as connection:
        target = targets.get(connection, "crm")
    assert target is not None
    assert (heard.told, target.next_read_at) == (0, LATER + timedelta(hours=2))


async def test_what_happened_long_ago_moves_nothing(team: Engine, server: Hostile) -> None:
    old = ago(40).isoformat()
    Cabinet(news=[news(outcome="meeting", at=old), news(contacted_at=old)]).on(server)
    assert (await crew(team, server).read("crm")).done == ()
    assert account(team).stage == "outreach_ready"


async def test_what_happened_thirty_days_ago_is_just_in_time(team: Engine, server: Hostile) -> None:
    last = (LATER - timedelta(days=30)).isoformat()
    Cabinet(news=[news(contacted_at=last, at=last), news(outcome="meeting", at=last)]).on(server)
    heard = await crew(team, server).read("crm")
    assert [action.verb for action in heard.done] == ["contacted", "outcome"]


async def test_what_a_person_took_back_is_not_said_again(team: Engine, server: Hostile) -> None:
    Cabinet(news=[news(outcome="reply")]).on(server)
    await crew(team, server).read("crm")
    with writing(team) as connection:
        held = outcomes.of_accounts(connection, [ACCOUNT])[ACCOUNT]
        outcomes.take_back(connection, [one.id for one in held], LATER)
        targets.keep(connection, "crm", {}, {"cursor": 1})
    assert (await crew(team, server, hours=1).read("crm")).done == ()


async def test_an_owner_is_one_of_the_reps_when_there_are_some(team: Engine, server: Hostile) -> None:
    reps = '[[reps]]\nid = "ann"\nname = "Ann Lee"\nemail = "ann@seller.example"\n'
    with writing(team) as connection:
        rulebook.save(connection, 'targets = ["crm"]\n' + reps, by="test", at=NOW)
    told = [news(owner="ANN@seller.example"), news(key="zephyrine-bio", owner="somebody else")]
    Cabinet(news=told).on(server)
    before = account(team, "zephyrine-bio").owner
    await crew(team, server).read("crm")
    assert (account(team).owner, account(team, "zephyrine-bio").owner) == ("ann", before)


async def test_what_does_not_fit_is_told_and_the_rest_is_done(team: Engine, server: Hostile) -> None:
    Cabinet(news=[news(outcome="champagne"), news(owner="ann")]).on(server)
    heard = await crew(team, server).read("crm")
    assert "'champagne' is no outcome" in heard.left[0]
    assert account(team).owner == "ann"


@pytest.mark.parametrize(
    ("status", "hours"), [("503 Unavailable", 1), ("403 Forbidden", 24), ("400 Bad Request", 1)]
)
async def test_a_target_that_can_not_be_read_says_why_and_is_read_again_from_the_same_place(
    team: Engine, server: Hostile, status: str, hours: int
) -> None:
    cabinet = Cabinet(news=[news(owner="ann")]).on(server)
    server.pages["/news"] = answer(b"{}", status=status)
    heard = await crew(team, server).read("crm")
    assert heard.error
    with reading(team) as connection:
        target = targets.get(connection, "crm")
    assert target is not None
    assert (target.last_error, target.paused_reason, target.last_read_at) == (heard.error, None, None)
    assert target.next_read_at == LATER + timedelta(hours=hours)
    cabinet.on(server)
    assert len((await crew(team, server, hours).read("crm")).done) == 1


async def test_targets_are_read_each_hour_by_themselves(team: Engine, server: Hostile) -> None:
    Cabinet(news=[news(owner="ann")]).on(server)
    assert await crew(team, server).to_be_read() == ["crm"]
    await crew(team, server).listen("crm")
    assert account(team).owner == "ann"
    assert await crew(team, server).to_be_read() == []
    assert await crew(team, server, EVERY / timedelta(hours=1)).to_be_read() == ["crm"]


async def test_what_runs_by_itself_reads_back_what_is_due(team: Engine, server: Hostile) -> None:
    Cabinet(news=[news(owner="ann")]).on(server)
    stop = asyncio.Event()
    running = asyncio.create_task(crew(team, server).run(stop))
    async with asyncio.timeout(20):
        # A database has no event to wait for.
        while (await asyncio.to_thread(account, team)).owner != "ann":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await running


async def test_a_fleet_reads_back_what_is_due(team: Engine, server: Hostile) -> None:
    fleet = pytest.importorskip("monitors.fleet", reason="The fleet needs the extra earmark[fleet].")
    Cabinet(news=[news(owner="ann")]).on(server)
    duties = {duty.name: duty for duty in fleet.duties(timedelta(seconds=5), crew(team, server))}
    assert await duties["read"].subjects(None) == ["crm"]
    await duties["read"].work(None, "crm")
    assert account(team).owner == "ann"
    assert await duties["read"].subjects(None) == []


async def test_hundreds_of_accounts_are_told_of_at_once(team: Engine, server: Hostile) -> None:
    listed = [an_account(f"Company {number}") for number in range(120)]
    with writing(team) as connection:
        accounts.upsert(connection, listed)
    Cabinet(news=[news(key=one.id, remote_id=one.id, owner="ann") for one in listed]).on(server)
    heard = await crew(team, server).read("crm")
    assert len(heard.done) == 120
    with reading(team) as connection:
        assert {accounts.of(connection, [one.id])[one.id].owner for one in listed} == {"ann"}

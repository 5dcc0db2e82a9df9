"""What goes to a target by hand: what is on the list of today, as far as it was not told already."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earmark.config import Settings
from earmark.contract import Change
from earmark.lifecycle import Stage
from earmark.types import Account, Outgoing, Past, Trigger
from matcher.outgoing import payload_of
from monitors.deliver import plan
from monitors.targets import opened
from storage import accounts, outbox, stories, triggers
from storage.engine import Connection, Engine, reading, writing
from storage.outbox import Parcel, State
from storage.targets import Target

__all__ = ["LeftOut", "planned", "queued"]

_READY: Final = frozenset({Stage.OUTREACH_READY, Stage.WARM, Stage.HOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An account with a reason that does not go out, and why."""

    account: str
    name: str
    reason: str


def queued(engine: Engine, target: Target, now: datetime, owner: str | None = None) -> list[LeftOut]:
    """Put what is on the list and was not told yet into the outbox, and return what is left out."""
    with writing(engine) as connection:
        new, left = _choice(connection, target, now, owner)
        outbox.add(connection, new, now)
        outbox.hasten(connection, now, target=target.id)
    return left


async def planned(
    settings: Settings, engine: Engine, target: Target, now: datetime, owner: str | None = None
) -> tuple[list[Change], list[LeftOut]]:
    """Return what ``queued`` and a drive would change, and change nothing."""
    with reading(engine) as connection:
        new, left = _choice(connection, target, now, owner)
        waiting = outbox.find(connection, target=target.id, state=State.WAITING, limit=10_000)
    told = {parcel.outgoing.key for parcel in waiting}
    fresh = [
        Parcel(number=-place, outgoing=outgoing, attempts=0, created_at=now, next_at=now)
        for place, outgoing in enumerate(new, start=1)
        if outgoing.key not in told
    ]
    async with opened(settings, target, now=lambda: now) as (exporter, door):
        return await plan(engine, target.id, exporter, door, [*waiting, *fresh]), left


def _choice(
    connection: Connection, target: Target, now: datetime, owner: str | None
) -> tuple[list[Outgoing], list[LeftOut]]:
    """Return the promotions of today's list, the best reason of each account, and who is left out."""
    best: dict[str, Trigger] = {}
    for trigger in triggers.today(connection, now):
        if trigger.account is not None:
            best.setdefault(trigger.account, trigger)
    listed = accounts.of(connection, best)
    told = stories.of(connection, [trigger.story for trigger in best.values()])
    keys = {f"{account}:{trigger.id}" for account, trigger in best.items()}
    sent = outbox.known(connection, target.id, keys)
    new, left = [], []
    for account_id, trigger in best.items():
        account, story = listed.get(account_id), told.get(trigger.story)
        if account is None or story is None:
            continue
        key = f"{account_id}:{trigger.id}"
        if against := _against(account, owner, is_told=key in sent):
            left.append(LeftOut(account=account_id, name=account.name, reason=against))
            continue
        payload = payload_of(account, Past(account=account, stories=(story,)), trigger)
        new.append(
            Outgoing(target=target.id, topic="account.promoted", key=key, account=account_id, payload=payload)
        )
    return new, left


def _against(account: Account, owner: str | None, *, is_told: bool) -> str:
    if is_told:
        return "it was told already"
    if account.stage not in _READY:
        return f"its stage is {account.stage.value.replace('_', ' ')}"
    if owner is not None and (account.owner or "").casefold() != owner.strip().casefold():
        return f"its owner is {account.owner}" if account.owner else "it has no owner"
    return ""

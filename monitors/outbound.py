"""What goes to a target by hand: what is on the list of today, as far as it was not told already."""

from datetime import datetime
from typing import Final

from earmark.config import Settings
from earmark.contract import Change
from earmark.types import Outgoing, Past
from exports.choice import LeftOut, choose
from exports.line import Line
from exports.profiles import Profile
from matcher.outgoing import payload_of
from monitors.deliver import against, plan
from monitors.targets import opened
from storage import accounts, outbox, stories, triggers
from storage.engine import Connection, Engine, reading, writing
from storage.outbox import Parcel, State
from storage.targets import Target

__all__ = ["planned", "queued"]

_PROFILE: Final = Profile(name="target", about="", per="account", columns=())
"""To a target goes what goes into a file of accounts: each once, with its best reason."""


def queued(engine: Engine, target: Target, now: datetime, owner: str | None = None) -> list[LeftOut]:
    """Put what is on the list and was not told yet into the outbox, and return what is left out."""
    with writing(engine) as connection:
        new, left = _choice(connection, target, now, owner)
        outbox.add(connection, new, now)
        outbox.wanted_again(connection, new, now)
        outbox.hasten(connection, now, target=target.id)
    return left


async def planned(
    settings: Settings, engine: Engine, target: Target, now: datetime, owner: str | None = None
) -> tuple[list[Change], list[LeftOut]]:
    """Return what ``queued`` and a drive would change, and change nothing."""
    with reading(engine) as connection:
        new, left = _choice(connection, target, now, owner)
        held = outbox.find(connection, target=target.id, state=State.WAITING, limit=10_000)
        barred = against(connection, held, now)
    waiting = [parcel for parcel in held if parcel.number not in barred]
    told = {parcel.outgoing.key for parcel in held}
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
    """Return the promotions of the accounts that are ready, and who is left out."""
    found = triggers.every_open(connection)
    listed = accounts.of(connection, {one.account for one in found if one.account})
    lines = [
        Line(trigger=one, account=listed.get(one.account or ""), score=one.score.total)
        for one in found
        if one.account is not None
    ]
    choice = choose(_PROFILE, lines, {}, now, owner=owner)
    told = stories.of(connection, [line.trigger.story for line in choice.lines])
    sent = outbox.known(connection, target.id, map(_key, choice.lines))
    new, left = [], list(choice.left_out)
    for line in choice.lines:
        account, story, key = line.account, told.get(line.trigger.story), _key(line)
        if account is None or story is None:
            continue
        if key in sent:
            left.append(LeftOut(account=account.id, name=account.name, reason="it was told already"))
            continue
        payload = payload_of(account, Past(account=account, stories=(story,)), line.trigger)
        new.append(
            Outgoing(target=target.id, topic="account.promoted", key=key, account=account.id, payload=payload)
        )
    return new, left


def _key(line: Line) -> str:
    return f"{line.trigger.account}:{line.trigger.id}"

"""An account handed to a target by hand: put into the outbox, delivered by what drives it."""

from datetime import datetime

from earmark.errors import EarmarkError
from earmark.types import Account, Outgoing, Past, Trigger, TriggerState
from exports.choice import suppression_of
from matcher.outgoing import payload_of
from matcher.score import score_now
from review.deeds import Target as Row
from review.rules import lexicon_now
from storage import accounts, outbox, stories, targets, triggers
from storage.engine import Connection
from storage.targets import Target

__all__ = ["default_target", "push"]

_WAITING = frozenset({TriggerState.OPEN, TriggerState.ACCEPTED})


def default_target(connection: Connection) -> Target | None:
    """Return the target that one key hands an account to: the first that was set up, of those not paused."""
    held = sorted(targets.every(connection), key=lambda each: (each.created_at, each.id))
    return next((each for each in held if each.paused_reason is None), held[0] if held else None)


def push(connection: Connection, row: Row, now: datetime) -> str:
    """Let an account go out with its best reason; say in words to which target.

    EarmarkError says why it can't go, and what to do.
    """
    target = default_target(connection)
    if target is None:
        raise EarmarkError(
            "There is no target yet. Add one on the page Exports, or with: earmark exports add"
        )
    account = accounts.get(connection, row.account) if row.account else None
    if account is None:
        raise EarmarkError(
            f"{row.name} has no account, so there is nothing to hand to {target.id}. Link it first."
        )
    if held := suppression_of(account, now):
        raise EarmarkError(f"{account.name} is not handed to {target.id}: {held}.")
    best = _best(connection, row, now)
    story = stories.get(connection, best.story) if best else None
    if best is None or story is None:
        raise EarmarkError(f"{account.name} has no open reason to hand to {target.id}.")
    return _put(connection, target, account, best, Past(account=account, stories=(story,)), now)


def _put(
    connection: Connection, target: Target, account: Account, best: Trigger, past: Past, now: datetime
) -> str:
    key = f"{account.id}:{best.id}"
    if outbox.known(connection, target.id, [key]):
        return f"{target.id} was told of {account.name} and this reason already."
    payload = payload_of(account, past, best)
    new = Outgoing(target=target.id, topic="account.promoted", key=key, account=account.id, payload=payload)
    outbox.add(connection, [new], now)
    outbox.wanted_again(connection, [new], now)
    outbox.hasten(connection, now, target=target.id)
    paused = f" It is paused: {target.paused_reason}" if target.paused_reason else ""
    return f"{account.name} goes to {target.id} with the next delivery.{paused}"


def _best(connection: Connection, row: Row, now: datetime) -> Trigger | None:
    """Return the best reason that waits; of several that are worth the same, the one that was chosen."""
    kinds = lexicon_now(connection).kinds
    held = [each for each in triggers.of_account(connection, row.account or "") if each.state in _WAITING]
    return max(held, key=lambda each: (score_now(each, now, kinds), each.id == row.trigger), default=None)

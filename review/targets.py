"""Where exports go, as a person looks at them: what waits, what stands still, what a plan would do."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from earmark.contract import Change
from exports.registry import kinds
from storage import accounts, outbox, targets
from storage.engine import Connection
from storage.outbox import Parcel, State
from storage.targets import Target

__all__ = ["Banner", "Standing", "Step", "banners", "counted", "every", "parcels", "steps", "told"]

_ACTIONS: Final = ("create", "update", "delete", "skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One target: how many deliveries are in each state, and what its kind can do."""

    target: Target
    counts: dict[str, int]
    about: str
    reads: bool

    @property
    def state(self) -> str:
        """The state in a word: stopped, failing or ok."""
        return "stopped" if self.target.paused_reason else "failing" if self.target.last_error else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A target that stands still until a person looks, why, and how much waits for it."""

    target: str
    reason: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of a plan in words, with the exact JSON of what is written, or why it is not."""

    action: str
    object: str
    subject: str
    body: str
    before: str
    reason: str


def every(connection: Connection) -> list[Standing]:
    """Return all targets by name."""
    counts = outbox.counts(connection)
    known = kinds()
    return [
        Standing(
            target=one,
            counts={state.value: counts.get((one.id, state), 0) for state in State},
            about=known[one.kind].about if one.kind in known else "its package is not installed",
            reads=one.kind in known and known[one.kind].reads,
        )
        for one in targets.every(connection)
    ]


def banners(connection: Connection) -> list[Banner]:
    """Return the targets that stand still until a person looks."""
    stopped = [one for one in targets.every(connection) if one.paused_reason]
    counts = outbox.counts(connection) if stopped else {}
    return [
        Banner(target=one.id, reason=one.paused_reason or "", waiting=counts.get((one.id, State.WAITING), 0))
        for one in stopped
    ]


def parcels(
    connection: Connection,
    *,
    target: str | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int = 50,
    sees: Callable[[Any], bool] | None = None,
) -> tuple[list[Parcel], int | None]:
    """Return the newest deliveries before a number, and the number of the last one if there are more.

    ``sees`` says of an account whether its deliveries are shown.
    """
    found = outbox.find(connection, target=target, state=state, limit=limit + 1, before=before)
    more, found = found[limit:], found[:limit]
    last = found[-1].number if more else None
    if sees is None:
        return found, last
    known = accounts.of(connection, {one.outgoing.account for one in found if one.outgoing.account})
    return [one for one in found if sees(known.get(one.outgoing.account or ""))], last


def counted(changes: Iterable[Change]) -> dict[str, int]:
    """Return how many changes there are of each action."""
    return dict(Counter(change.action for change in changes))


def told(changes: Sequence[Change]) -> str:
    """Return the count in words, such as ``create 3, update 12, skip 5``; empty for no change."""
    held = counted(changes)
    return ", ".join(f"{action} {held[action]}" for action in _ACTIONS if action in held)


def steps(changes: Iterable[Change]) -> list[Step]:
    """Return the changes as steps, what is skipped last."""
    found = [
        Step(
            action=change.action,
            object=change.object,
            subject=change.account or change.key,
            body=_json(change.after),
            before=_json(change.before) if change.action in {"update", "delete"} else "",
            reason=change.reason,
        )
        for change in changes
    ]
    return sorted(found, key=lambda step: step.action == "skip")


def _json(fields: Any) -> str:
    return json.dumps(dict(fields), ensure_ascii=False, indent=1, default=str) if fields else ""

"""Notices: what a webhook is told of earmark itself, committed with what caused it.

A source that begins to fail or falls silent, and works again; a delivery that was refused for good, a target
that stopped; a digest that was sent. Each goes out once, to every webhook that takes what comes by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from earmark.types import Outgoing
from storage import outbox, polls, targets, troubles
from storage.engine import Connection
from storage.outbox import Parcel
from storage.polls import Finished
from storage.troubles import Trouble

__all__ = ["TOPICS", "deliveries_refused", "digest_ready", "finish", "target_stopped"]

TOPICS: Final = frozenset({"digest.ready", "export.failed", "source.failing"})
"""The types of these messages; that one of them was refused is told to nobody, or it would never end."""

_TAKES: Final = "webhook"
_POLLED: Final = frozenset({"changed", "new", "refused", "unavailable", "unchanged"})
_State = Literal["failing", "silent", "works", "speaks"]


def finish(connection: Connection, finished: Sequence[Finished], at: datetime) -> None:
    """Write how polls went, and tell which sources begin to fail, fall silent or recover by them."""
    _tell_turns(connection, finished, at)
    polls.finish(connection, finished)


def deliveries_refused(connection: Connection, refused: Iterable[tuple[Parcel, str]], at: datetime) -> None:
    """Tell which deliveries wait for a person now, each with what its target said."""
    for parcel, said in refused:
        outgoing = parcel.outgoing
        if outgoing.topic in TOPICS:
            continue
        payload = {
            "target": outgoing.target,
            "state": "refused",
            "error": said,
            "remedy": f"Mend it, then: earmark exports retry {outgoing.target}",
            "delivery": parcel.number,
            "topic": outgoing.topic,
            "account": outgoing.account,
            "at": at.isoformat(),
        }
        key = f"delivery:{parcel.number}:{at.isoformat()}"
        _tell(connection, _takers(connection, but=outgoing.target), "export.failed", key, payload, at)


def target_stopped(connection: Connection, target: str, reason: str, at: datetime) -> None:
    """Tell that a target takes nothing more until a person looks."""
    payload = {
        "target": target,
        "state": "stopped",
        "error": reason,
        "remedy": f"Mend it, then: earmark exports resume {target}",
        "delivery": None,
        "topic": None,
        "account": None,
        "at": at.isoformat(),
    }
    key = f"target:{target}:{at.isoformat()}"
    _tell(connection, _takers(connection, but=target), "export.failed", key, payload, at)


def digest_ready(connection: Connection, user: str, told: Mapping[str, Any], at: datetime) -> None:
    """Tell that somebody's digest was sent; ``told`` holds its time and its figures."""
    key = f"digest:{user}:{told['period']}"
    _tell(connection, _takers(connection), "digest.ready", key, {"user": user, **told}, at)


def _tell_turns(connection: Connection, finished: Sequence[Finished], at: datetime) -> None:
    takers = _takers(connection)
    if not takers:
        return
    before = troubles.of(connection, [poll.source for poll in finished])
    for poll in finished:
        state = _turned(poll, before.get(poll.source))
        if state is not None:
            key = f"source:{poll.source}:{poll.started_at.isoformat()}"
            _tell(connection, takers, "source.failing", key, _of_source(poll, state), at)


def _takers(connection: Connection, but: str = "") -> list[str]:
    return [
        one.id
        for one in targets.every(connection)
        if one.kind == _TAKES and one.id != but and one.options.get("automatic", True)
    ]


def _tell(
    connection: Connection,
    takers: Sequence[str],
    topic: str,
    key: str,
    payload: Mapping[str, Any],
    at: datetime,
) -> None:
    told = [Outgoing(target=target, topic=topic, key=key, account=None, payload=payload) for target in takers]
    outbox.add(connection, told, at)


def _turned(poll: Finished, before: Trouble | None) -> _State | None:
    """Return what begins or ends with a poll; None for what goes on, and for one that could not be made."""
    if poll.outcome not in _POLLED:
        return None
    was_ill = before is not None and before.failures > 0
    was_silent = before is not None and before.silent_since is not None
    if poll.error is not None:
        return None if was_ill else "failing"
    if was_ill:
        return "works" if poll.silent_since is None else "silent"
    if (poll.silent_since is not None) == was_silent:
        return None
    return "speaks" if was_silent else "silent"


def _of_source(poll: Finished, state: _State) -> dict[str, Any]:
    return {
        "source": poll.source,
        "state": state,
        "is_well": state in {"works", "speaks"},
        "error": poll.error or ("It answers, but has had no news for too long." if state == "silent" else ""),
        "is_stopped": poll.paused_reason is not None,
        "next_poll_at": poll.next_poll_at.isoformat(),
        "remedy": "" if state in {"works", "speaks"} else f"See: earmark sources test {poll.source}",
        "at": poll.finished_at.isoformat(),
    }

"""What discovery proposes as sources: those that are new, and those that are watched already."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from monitors.discover import Discovered
from sources.discover import address_key
from storage import polls
from storage.engine import Engine, writing
from storage.polls import Configured

__all__ = ["Proposal", "add", "free", "keys_of", "proposals"]

_CHUNK: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A source that could be added for an account, why, and what it would cost.

    ``state`` is new, added, or watched already.
    """

    account: str
    id: str
    kind: str
    options: Mapping[str, Any]
    reason: str
    requests_a_day: int
    shows: tuple[str, ...]
    state: str


def proposals(
    configured: Iterable[Configured], looks: Iterable[Discovered], only: Sequence[str] | None = None
) -> list[Proposal]:
    """Return what was found with its state; ``only`` names the kinds that are wanted."""
    known = list(configured)
    watched = {key: one.id for one in known for key in keys_of(one)}
    ids = {one.id for one in known}
    rows = []
    for look in looks:
        for found in look.found:
            if only and found.kind not in only:
                continue
            is_new = found.key not in watched
            if is_new:
                watched[found.key] = free(found.id, ids)
                ids.add(watched[found.key])
            rows.append(
                Proposal(
                    account=look.account,
                    id=watched[found.key],
                    kind=found.kind,
                    options=found.options,
                    reason=found.reason,
                    requests_a_day=found.requests,
                    shows=found.shows,
                    state="new" if is_new else "watched already",
                )
            )
    return rows


def add(engine: Engine, rows: Sequence[Proposal], at: datetime) -> list[Proposal]:
    """Add the new ones and return all with their state.

    They go in a few in each transaction, so that a monitor at work waits only briefly.
    """
    new = [row for row in rows if row.state == "new"]
    for start in range(0, len(new), _CHUNK):
        with writing(engine) as connection:
            for row in new[start : start + _CHUNK]:
                polls.add(connection, row.id, row.kind, dict(row.options), at)
    return [replace(row, state="added") if row.state == "new" else row for row in rows]


def keys_of(configured: Configured) -> list[str]:
    """Return what a configured source watches, as ``Found.key`` says it."""
    options = configured.options
    keys = [address_key(str(options["url"]))] if isinstance(options.get("url"), str) else []
    if options.get("board") and options.get("token"):
        keys.append(f"{options['board']}:{str(options['token']).lower()}")
    return keys


def free(wanted: str, taken: Container[str]) -> str:
    """Return the id that is wanted, with a number if it is taken."""
    tries = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(one for one in tries if one not in taken)

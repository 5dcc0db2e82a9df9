"""Memory: the words in which a transition keeps what was before it, so that undo puts exactly that back.

They end the transition's reason, fit for a person: ``Before: outreach_ready since 2026-11-20T09:00:00+00:00;
not snoozed; trigger 4f1c open.`` Only what the action changed is in them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.lifecycle import Stage
from earmark.types import Account, Past, Suppression, Transition, Trigger, TriggerState

__all__ = ["as_it_was", "remembered", "said"]

_LEAD: Final = "Before: "
_NOTHING: Final = "the same"
_TIME: Final = r"\d[\dT:+.-]*\d"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_PIECE: Final = re.compile(
    r"(?P<same>the same)"
    rf"|stage (?P<stage>\w+)(?: since (?P<since>{_TIME}))?"
    r"|(?P<awake>not snoozed)"
    rf"|snoozed until (?P<snoozed>{_TIME})"
    r"|(?P<free>not suppressed)"
    rf"|suppressed as (?P<reason>{_QUOTED}) by (?P<by>{_QUOTED})(?: until (?P<until>{_TIME}))?"
    rf"|trigger (?P<trigger>\S+) (?P<state>[a-z]+)(?: since (?P<ended>{_TIME}))?"
)


def remembered(before: Past, after: Past) -> str:
    """Return what of the past an action changed, as it was before, in words."""
    return f"{_LEAD}{'; '.join(_pieces(before, after)) or _NOTHING}."


def said(move: Transition) -> str:
    """Return the reason of a transition without its memory."""
    found = _memory(move.reason)
    return move.reason if found is None else move.reason[: found[0]].rstrip()


def as_it_was(move: Transition, past: Past) -> Past | None:
    """Return the past with what a transition changed put back; None when it remembers nothing."""
    found = _memory(move.reason)
    if found is None or past.account is None:
        return None
    account, states = past.account, dict[str, tuple[TriggerState, datetime | None]]()
    for piece in found[1]:
        if piece["trigger"]:
            states[piece["trigger"]] = (TriggerState(piece["state"]), _time(piece["ended"]))
        else:
            account = _put_back(account, piece)
    return replace(past, account=account, triggers=tuple(_reset(each, states) for each in past.triggers))


def _put_back(account: Account, piece: re.Match[str]) -> Account:
    if piece["stage"]:
        return replace(account, stage=Stage(piece["stage"]), stage_since=_time(piece["since"]))
    if piece["awake"] or piece["snoozed"]:
        return replace(account, snoozed_until=_time(piece["snoozed"]))
    if piece["free"]:
        return replace(account, suppression=None)
    if piece["reason"]:
        reason, by = json.loads(piece["reason"]), json.loads(piece["by"])
        return replace(account, suppression=Suppression(reason=reason, by=by, until=_time(piece["until"])))
    return account


def _reset(trigger: Trigger, states: dict[str, tuple[TriggerState, datetime | None]]) -> Trigger:
    if trigger.id not in states or trigger.state is TriggerState.MERGED:
        return trigger
    state, ended_at = states[trigger.id]
    return replace(trigger, state=state, ended_at=ended_at)


def _pieces(before: Past, after: Past) -> Iterator[str]:
    was, now = before.account, after.account
    if was is not None and now is not None:
        if (was.stage, was.stage_since) != (now.stage, now.stage_since):
            yield f"stage {was.stage}" + (f" since {was.stage_since.isoformat()}" if was.stage_since else "")
        if was.snoozed_until != now.snoozed_until:
            yield f"snoozed until {was.snoozed_until.isoformat()}" if was.snoozed_until else "not snoozed"
        if was.suppression != now.suppression:
            yield _suppressed(was.suppression)
    changed = {trigger.id: trigger.state for trigger in after.triggers}
    for trigger in before.triggers:
        if changed.get(trigger.id, trigger.state) is not trigger.state:
            since = f" since {trigger.ended_at.isoformat()}" if trigger.ended_at else ""
            yield f"trigger {trigger.id} {trigger.state}{since}"


def _suppressed(suppression: Suppression | None) -> str:
    if suppression is None:
        return "not suppressed"
    until = f" until {suppression.until.isoformat()}" if suppression.until else ""
    return f"suppressed as {json.dumps(suppression.reason)} by {json.dumps(suppression.by)}{until}"


def _memory(reason: str) -> tuple[int, list[re.Match[str]]] | None:
    """Return where the memory begins and its pieces, or None when the text ends in none."""
    start = reason.find(_LEAD)
    while start >= 0:
        pieces, at = [], start + len(_LEAD)
        while (piece := _PIECE.match(reason, at)) is not None:
            pieces.append(piece)
            at = piece.end()
            if not reason.startswith("; ", at):
                break
            at += 2
        if pieces and reason[at:] == ".":
            return start, pieces
        start = reason.find(_LEAD, start + 1)
    return None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

"""What is done on the list: verdicts, outreach, snoozes and the rest, on one row or on many; and undo."""

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from earmark.errors import EarmarkError, StorageError
from earmark.types import Verdict
from review import deeds
from review.deeds import Deed
from review.page.call import Asked, Call, local
from review.page.today import screen, wish_of
from review.pushing import push

__all__ = ["router"]

router = APIRouter()

Ids = Annotated[list[str] | None, Form()]
Word = Annotated[str, Form()]
_MOST_SAID = 5
_MOST = 200
_LONGEST = 2_000  # characters of a remark


class _Chosen(BaseModel):
    """What a form of the list sends: ``verb`` may carry its value behind a blank.

    ``of`` is the reason that a duplicate tells again, ``to`` the one whom "assign to" means.
    """

    verb: str = ""
    trigger: list[str] = Field([], max_length=_MOST)
    account: list[str] = Field([], max_length=_MOST)
    value: str = ""
    text: str = ""
    until: str = ""
    of: str = Field("", max_length=64)
    to: str = Field("", max_length=200)
    seen: str = ""
    back: str = "/"


@router.post("/act")
def _act(call: Asked, chosen: Annotated[_Chosen, Form()]) -> Response:
    """Do what was chosen to each row that was chosen, and say what was done, row by row."""
    try:
        deed = _deed(call, chosen)
        with call.reading() as connection:
            targets, failed = deeds.targets_of(connection, chosen.trigger, chosen.account, call.scope)
    except StorageError:
        raise
    except EarmarkError as error:
        return _answer(call, chosen.back, [], [str(error)])
    if not targets and not failed:
        failed = ["Nothing was chosen. Choose a row first."]
    seen = int(chosen.seen) if chosen.seen.isdecimal() else None
    done, more = deeds.do(call.engine, deed, targets, now=call.now, zone=call.zone, seen=seen)
    return _answer(call, chosen.back, done, [*failed, *more])


@router.post("/undo")
def _undo(call: Asked, trigger: Word = "", account: Word = "", back: Word = "/") -> Response:
    """Take back what the viewer did last, or the last thing done to what is named."""
    failed: list[str] = []
    said: list[str] = []
    try:
        with call.reading() as connection:
            targets, failed = deeds.targets_of(
                connection, [trigger] if trigger else [], [account] if account else [], call.scope
            )
        if not failed:
            target = targets[0] if targets else None
            said = deeds.undo(call.engine, call.viewer.id, now=call.now, zone=call.zone, target=target)
    except StorageError:
        raise
    except EarmarkError as error:
        failed = [str(error)]
    return _answer(call, back, said, failed)


@router.post("/export")
def _export(call: Asked, trigger: Ids = None, back: Word = "/") -> Response:
    """Hand the accounts of these triggers to the default target: it goes out with the next delivery."""
    said = list[str]()
    with call.writing() as connection:
        targets, failed = deeds.targets_of(connection, (trigger or [])[:_MOST], (), call.scope)
        for target in targets:
            try:
                said.append(push(connection, target, call.now))
            except StorageError:
                raise
            except EarmarkError as error:
                if str(error) not in failed:
                    failed.append(str(error))
        if said:
            call.log(connection, "export", ", ".join(target.name for target in targets)[:200], said[0])
    if not targets and not failed:
        failed = ["Nothing was chosen. Choose a row first."]
    return _answer(call, back, said, failed)


def _deed(call: Call, chosen: _Chosen) -> Deed:
    """Return what was chosen; a snooze's value is its end, one assigns to "me", "nobody" or ``to``."""
    verb, _, given = chosen.verb.strip().partition(" ")
    value, until = given or chosen.value.strip(), chosen.until
    if verb == "snooze" and not until:
        value, until = "", value
    if verb == "assign":
        mine = call.viewer.rep.id if call.viewer.rep else call.viewer.id
        value = {"me": mine, "nobody": "", "to": chosen.to.strip()}.get(value, value)
    of = chosen.of.strip() if value == Verdict.DUPLICATE else ""
    end = deeds.until_of(until, call.now, call.zone)
    return Deed(
        verb=verb,
        by=call.viewer.id,
        value=value,
        text=chosen.text.strip()[:_LONGEST],
        until=end,
        of=of or None,
    )


def _answer(call: Call, back: str, done: list[str], failed: list[str]) -> Response:
    """Go back to the list and say what was done; the script takes the list's part at once."""
    said = _joined([*failed, *done])
    where = local(back)
    parts = urlsplit(where)
    if not call.wants_part:
        return call.back(where, said)
    wish = wish_of(call, parse_qsl(parts.query))
    return call.page(
        "_part.html", status=422 if failed and not done else 200, **screen(call, wish), said=said
    )


def _joined(lines: list[str]) -> str:
    rest = len(lines) - _MOST_SAID
    more = f" And {rest} more." if rest > 0 else ""
    return " ".join(lines[:_MOST_SAID]) + more

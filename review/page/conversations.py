"""Conversations: forum posts without an account, what to answer, and whose they are."""

from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Response

from earmark.errors import ConfigError
from earmark.types import TriggerState
from monitors.teaching import ascribe
from review.conversations import Conversation, conversation, conversations
from review.page.account import told_of
from review.page.call import Asked, Call, needs
from review.page.viewer import Role
from storage import accounts
from storage.conversations import Rank

__all__ = ["router"]

router = APIRouter()
_STATES: Final = {
    "waiting": (TriggerState.OPEN, TriggerState.ACCEPTED),
    "contacted": (TriggerState.CONTACTED,),
    "dismissed": (TriggerState.DISMISSED,),
}
_CANDIDATES: Final = 8


@router.get("/conversations")
def _listed(
    call: Asked,
    problem: Annotated[str, Query(max_length=300)] = "",
    state: Annotated[str, Query(max_length=20)] = "waiting",
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show what somebody says in public, the best first."""
    states = _STATES.get(state, _STATES["waiting"])
    with call.reading() as connection:
        found = conversations(
            connection, call.now, problem=problem or None, states=states, after=_rank(after)
        )
        listed = accounts.count(connection)
    query = {"problem": problem, "state": state}
    following = f"{found.after.score!r}|{found.after.id}" if found.after else ""
    return call.page(
        "conversations.html",
        found=found,
        problem=problem,
        state=state if state in _STATES else "waiting",
        states=list(_STATES),
        next=f"/conversations?{urlencode(query | {'after': following})}" if following else "",
        back=f"/conversations?{urlencode(query)}",
        listed=listed,
    )


@router.get("/conversations/{trigger}")
def _shown(call: Asked, trigger: str) -> Response:
    """Show one conversation."""
    return _page(call, _found(call, trigger))


@router.post("/conversations/{trigger}/link", dependencies=[needs(Role.REP)])
def _link(call: Asked, trigger: str, account: Annotated[str, Form(max_length=300)] = "") -> Response:
    """Say whose a conversation is: an account by its id, name or domain."""
    found = _found(call, trigger)
    with call.reading() as connection:
        exact = accounts.get(connection, account.strip())
        meant = [exact] if exact else accounts.find(connection, account, limit=_CANDIDATES)
    meant = [one for one in meant if call.viewer.sees(one)]
    if len(meant) != 1:
        fault = (
            f"No account on your list is called {account[:80]!r}." if not meant else "Which of these is it?"
        )
        return _page(call, found, fault=fault, meant=meant, typed=account)
    try:
        taught = ascribe(call.engine, meant[0], found.event, by=call.viewer.id, now=call.now)
    except ConfigError as error:
        return _page(call, found, fault=str(error), typed=account)
    return call.back(f"/accounts/{quote(meant[0].id)}", told_of(taught, meant[0]))


def _found(call: Call, trigger: str) -> Conversation:
    with call.reading() as connection:
        found = conversation(connection, trigger, call.now)
    if found is None:
        raise HTTPException(404, "There is no such conversation; it may be an account's by now.")
    return found


def _page(call: Call, found: Conversation, fault: str = "", meant: object = (), typed: str = "") -> Response:
    return call.page(
        "conversation.html",
        status=422 if fault else 200,
        one=found,
        fault=fault,
        meant=meant,
        typed=typed,
        back=f"/conversations/{found.trigger.id}",
    )


def _rank(after: str) -> Rank | None:
    score, bar, id_ = after.partition("|")
    try:
        return Rank(float(score), id_) if bar else None
    except ValueError:
        return None

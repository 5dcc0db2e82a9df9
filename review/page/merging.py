"""Two accounts that are the same company: the other one is found, what would happen is shown, then done."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Response

from earmark.types import Account
from monitors import merging
from review.page.call import Asked, Call, needs
from review.page.viewer import Role
from storage import accounts

__all__ = ["router"]

router = APIRouter()
_CANDIDATES: Final = 20
_Text = Annotated[str, Query(max_length=300)]
_Id = Annotated[str, Form(max_length=300)]


@router.get("/accounts/merge", dependencies=[needs(Role.MANAGER)])
def _shown(call: Asked, account: _Text = "", text: _Text = "", other: _Text = "") -> Response:
    """Find the other account by its name; then show what would happen, whichever of the two stays."""
    with call.reading() as connection:
        here = call.visible(accounts.get(connection, account))
        found = accounts.find(connection, text, limit=_CANDIDATES) if text else []
        chosen = call.visible(accounts.get(connection, other)) if other else None
        ways = [] if chosen is None else [_way(call, here, chosen), _way(call, chosen, here)]
        told = [merging.prospect(connection, keeps.id, goes.id) for keeps, goes in ways]
    return call.page(
        "account_merge.html",
        account=here,
        text=text,
        found=[one for one in found if one.id != here.id and call.viewer.sees(one)],
        told=told,
    )


@router.post("/accounts/merge", dependencies=[needs(Role.MANAGER)])
def _merge(call: Asked, keeps: _Id, goes: _Id) -> Response:
    """Let one account become part of the other."""
    with call.reading() as connection:
        stays, other = (call.visible(accounts.get(connection, each)) for each in (keeps, goes))
    merging.merge(call.engine, stays.id, other.id, by=call.viewer.id, now=call.now)
    said = f"{other.name} is part of {stays.name} now. Take it back under “The same company”."
    return call.back(f"/accounts/{quote(stays.id)}", said)


@router.post("/accounts/part", dependencies=[needs(Role.MANAGER)])
def _part(call: Asked, merge: _Id) -> Response:
    """Take a merge back."""
    made = merging.part(call.engine, merge, by=call.viewer.id, now=call.now)
    with call.reading() as connection:
        other = accounts.get(connection, made.goes)
    name = other.name if other else made.goes
    return call.back(f"/accounts/{quote(made.keeps)}", f"{name} is an account of its own again.")


def _way(call: Call, keeps: Account, goes: Account) -> tuple[Account, Account]:
    return call.visible(keeps), call.visible(goes)

"""Merges: two accounts that are one company, and the way back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from monitors import merging
from review.api.caller import Called, Right, needs
from review.page.viewer import Role
from storage import accounts, merges

__all__ = ["MergeItem", "Merged", "Parting", "Wish", "router"]

router = APIRouter(prefix="/merges", tags=["accounts"], dependencies=[needs(Right.READ)])
_MANAGER = [needs(Right.ADMIN, Role.MANAGER)]
_Id = Annotated[str, Field(min_length=1, max_length=300)]


class Wish(BaseModel):
    """Two accounts that are one company; without ``dry_run: false`` it is only told what would happen."""

    model_config = ConfigDict(extra="forbid")

    keeps: _Id = Field(description="The id of the account that stays.")
    goes: _Id = Field(description="The id of the one that becomes part of it.")
    dry_run: bool = True


class Merged(BaseModel):
    """What happens or would, a sentence each, and the id by which it is taken back (none in a dry run)."""

    keeps: str
    goes: str
    told: list[str]
    merge: str | None


class Parting(BaseModel):
    """Which merge is to be taken back."""

    model_config = ConfigDict(extra="forbid")

    merge: _Id


class MergeItem(BaseModel):
    """A merge that holds."""

    id: str
    keeps: str
    goes: str
    by: str
    at: datetime


@router.get("", name="list_merges")
def _listed(caller: Called) -> list[MergeItem]:
    """List the merges that hold, as far as their accounts are the user's to see."""
    with caller.reading() as connection:
        held = merges.every(connection)
        stays = accounts.of(connection, [one.keeps for one in held])
    return [
        MergeItem(id=one.id, keeps=one.keeps, goes=one.goes, by=one.by, at=one.at)
        for one in held
        if one.keeps in stays and caller.viewer.sees(stays[one.keeps])
    ]


@router.post("", name="merge_accounts", dependencies=_MANAGER)
def _merge(caller: Called, wish: Wish) -> Merged:
    """Say that two accounts are one company: the one that stays has all of both."""
    with caller.reading() as connection:
        told = merging.prospect(connection, wish.keeps, wish.goes)
        for each in (told.keeps, told.goes):
            caller.visible(each)
    keeps, goes, made = told.keeps.id, told.goes.id, None
    if not wish.dry_run:
        made = merging.merge(caller.engine, keeps, goes, by=caller.viewer.id, now=caller.now).id
    return Merged(keeps=keeps, goes=goes, told=list(told.lines), merge=made)


@router.post("/undo", name="undo_merge", dependencies=_MANAGER)
def _undo(caller: Called, parting: Parting) -> MergeItem:
    """Take a merge back: both are as they were; what was done since stays with the one that stayed."""
    one = merging.part(caller.engine, parting.merge, by=caller.viewer.id, now=caller.now)
    return MergeItem(id=one.id, keeps=one.keeps, goes=one.goes, by=one.by, at=one.at)

"""Accounts: the list by name, one with its reasons, and rows of a list put in."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from earmark.intake.cells import LARGEST_STAFF
from earmark.lifecycle import Stage
from earmark.types import Account
from review.account import account_view
from review.accounts import Wanted, entries
from review.api.caller import Called, Right, needs
from review.api.pieces import After, Limit, Piece, as_word, from_word
from review.page.viewer import Role
from review.plain import plain
from storage import accounts, roster
from storage.directory import Place

__all__ = ["AccountDetail", "AccountItem", "AccountRow", "AccountRows", "Put", "router"]

router = APIRouter(prefix="/accounts", tags=["accounts"], dependencies=[needs(Right.READ)])


class AccountItem(BaseModel):
    """An account of the list; ``fit`` is 0 to 1, ``reasons`` counts its open triggers."""

    id: str
    name: str
    domains: list[str]
    owner: str | None
    territory: str | None
    tier: str | None
    industry: str | None
    country: str | None
    size: int | None
    stage: Stage
    crm_ids: dict[str, str]
    is_suppressed: bool
    fit: float
    reasons: int


class AccountDetail(BaseModel):
    """An account with all that explains where it stands; times are ISO, durations seconds."""

    account: dict[str, Any] = Field(description="the record")
    at: datetime
    stage: Stage
    since: datetime | None = Field(description="since when it is in its stage")
    fit: dict[str, Any] = Field(description="the share, and the sentence of each rule")
    reasons: list[dict[str, Any]] = Field(description="open triggers with their stories, the best first")
    ended: list[dict[str, Any]]
    transitions: list[dict[str, Any]]
    contacts: list[dict[str, Any]]
    abstentions: list[dict[str, Any]] = Field(description="texts that may name it, and why that is unsure")
    relatives: list[dict[str, Any]] = Field(
        description="parent, subsidiaries and sisters, as far as they are the user's to see"
    )
    paths: list[dict[str, Any]] = Field(description="people who may open its door")


class AccountRow(BaseModel):
    """A row of your list; fields that are left out stay as they are. Stage and snooze are no fields of it."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$", description="A slug of your own; it never changes."
    )
    name: str = Field(min_length=1, max_length=300)
    domains: list[str] = Field([], max_length=50)
    aliases: list[str] = Field([], max_length=50)
    tickers: list[str] = Field([], max_length=20)
    tier: str | None = None
    owner: str | None = None
    territory: str | None = None
    industry: str | None = None
    size: int | None = Field(None, ge=0, le=LARGEST_STAFF)
    city: str | None = None
    country: str | None = None
    crm_ids: dict[str, str] = {}


class AccountRows(BaseModel):
    """Rows of your list, each whole or in part."""

    accounts: list[AccountRow] = Field(min_length=1, max_length=5_000)


class Put(BaseModel):
    """How many rows were new, how many changed something, and how many said what was known."""

    added: int
    changed: int
    same: int


@router.get("", name="list_accounts")
def _listed(
    caller: Called,
    limit: Limit = 50,
    after: After = "",
    text: Annotated[str, Query(max_length=200, description="Part of a name, an id or a domain.")] = "",
    stage: Annotated[Stage | None, Query()] = None,
    owner: Annotated[str | None, Query(description="Whose; empty for nobody's.")] = None,
    territory: Annotated[str | None, Query()] = None,
    tier: Annotated[str | None, Query()] = None,
) -> Piece[AccountItem]:
    """List accounts by name, as far as they are the user's to see."""
    place = from_word(after, str, str)
    wanted = Wanted(text=text, stage=stage, owner=owner, territory=territory, tier=tier)
    with caller.reading() as connection:
        leaf = entries(
            connection,
            wanted,
            scope=caller.viewer.scope,
            after=Place(*place) if place else None,
            limit=limit,
        )
    items = [_item(one.account, one.fit, one.reasons) for one in leaf.entries]
    return Piece(items=items, next_after=as_word(leaf.after.folded, leaf.after.id) if leaf.after else None)


@router.get("/{account_id}", name="get_account")
def _one(caller: Called, account_id: str) -> AccountDetail:
    """Return one account: its record, stage, fit, open and ended reasons, moves, people and ambiguities."""
    with caller.reading() as connection:
        account = caller.visible(accounts.get(connection, account_id))
        view = account_view(connection, account, caller.now)
    theirs = tuple(filter(caller.viewer.sees, view.relatives))
    return AccountDetail.model_validate(plain(replace(view, relatives=theirs)))


@router.post("", name="put_accounts", dependencies=[needs(Right.ADMIN, Role.MANAGER)])
def _put(caller: Called, rows: AccountRows) -> Put:
    """Add accounts, or change those that are there; what was not there is watched from now on."""
    alike: dict[frozenset[str], list[Account]] = {}
    for row in rows.accounts:
        alike.setdefault(frozenset(row.model_fields_set - {"id"}), []).append(_account(row))
    added = changed = same = 0
    with caller.writing() as connection:
        for given, some in alike.items():
            told = roster.upsert(connection, some, given, caller.now)
            added, changed, same = added + told.added, changed + told.changed, same + told.same
        caller.log(connection, "accounts import", f"{len(rows.accounts)} accounts", "By the API.")
    return Put(added=added, changed=changed, same=same)


def _account(row: AccountRow) -> Account:
    many = {name: tuple(getattr(row, name)) for name in ("domains", "aliases", "tickers")}
    return Account(**(row.model_dump() | many))


def _item(account: Account, fit: float, reasons: int) -> AccountItem:
    return AccountItem(
        id=account.id,
        name=account.name,
        domains=list(account.domains),
        owner=account.owner,
        territory=account.territory,
        tier=account.tier,
        industry=account.industry,
        country=account.country,
        size=account.size,
        stage=account.stage,
        crm_ids=dict(account.crm_ids),
        is_suppressed=account.suppression is not None,
        fit=round(fit, 3),
        reasons=reasons,
    )

"""Accounts: the list, whom to add to it, and whom nobody may contact."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Response

from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from review.accounts import Wanted, entries
from review.discovered import discovered, dismiss, listed_anew
from review.page.call import Asked, Call, needs
from review.page.viewer import Role
from storage import directory
from storage.directory import Place

__all__ = ["router"]

router = APIRouter()
_MONTH: Final = timedelta(days=30)
_MOST: Final = 50
_Text = Annotated[str, Form(max_length=300)]
_Word = Annotated[str, Query(max_length=300)]


@router.get("/accounts")
def _listed(  # noqa: PLR0913, PLR0917 - each is a filter
    call: Asked,
    q: _Word = "",
    stage: _Word = "",
    owner: _Word = "",
    territory: _Word = "",
    tier: _Word = "",
    fit: _Word = "",
    barred: bool = False,  # noqa: FBT001, FBT002 - a box of a form
    after: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Show a page of the list."""
    asked = {"q": q, "stage": stage, "owner": owner, "territory": territory, "tier": tier, "fit": fit}
    wanted = Wanted(
        text=q,
        stage=Stage(stage) if stage in set(Stage) else None,
        owner="" if owner == "nobody" else owner or None,
        territory=territory or None,
        tier=tier or None,
        fit_at_least=_share(fit),
    )
    with call.reading() as connection:
        leaf = entries(
            connection,
            wanted,
            scope=call.scope,
            suppressed=True if barred else None,
            after=_place(after),
            limit=_MOST,
        )
        values = directory.values_of(connection, call.scope)
    query = urlencode(
        {key: value for key, value in asked.items() if value} | ({"barred": "1"} if barred else {})
    )
    following = f"{leaf.after.folded}|{leaf.after.id}" if leaf.after else ""
    return call.page(
        "accounts.html",
        leaf=leaf,
        asked=asked,
        barred=barred,
        values=values,
        stages=list(Stage),
        query=query,
        next=f"/accounts?{query}&{urlencode({'after': following})}" if following else "",
        is_first=not after,
    )


@router.get("/accounts/discovered")
def _discovered(
    call: Asked,
    fit: _Word = "0.5",
    decided: bool = False,  # noqa: FBT001, FBT002 - a box of a form
    page: Annotated[int, Query(ge=1, le=200)] = 1,
) -> Response:
    """Show companies outside the list that something happened to."""
    return _suggest(call, fit=fit, decided=decided, page=page)


@router.post("/accounts/discovered/add", dependencies=[needs(Role.REP)])
def _add(
    call: Asked,
    name: _Text,
    domain: _Text = "",
    industry: _Text = "",
    country: _Text = "",
    owner: _Text = "",
    back: _Text = "/accounts/discovered",
) -> Response:
    """Put a company on the list; what happened to it becomes its own at once."""
    if not name.strip():
        return _suggest(call, fault="Give the name of the company.")
    mine = call.viewer.rep.id if call.viewer.rep and not call.viewer.sees_all else None
    try:
        account, own = listed_anew(
            call.engine,
            name,
            by=call.viewer.id,
            now=call.now,
            domain=domain.strip() or None,
            industry=industry.strip() or None,
            country=country.strip() or None,
            owner=owner.strip() or mine,
        )
    except ConfigError as error:
        return _suggest(call, fault=str(error))
    reasons = "no story of it is a reason yet" if not own else f"{own} of its stories are reasons now"
    return call.back(back, f"{account.name} is on the list as {account.id}: {reasons}.")


@router.post("/accounts/discovered/ignore", dependencies=[needs(Role.REP)])
def _ignore(call: Asked, name: _Text, back: _Text = "/accounts/discovered") -> Response:
    """Never suggest a company again."""
    suggestion = dismiss(call.engine, name, by=call.viewer.id, now=call.now)
    if suggestion is None:
        return call.back(back, f"{name} is not suggested any more.")
    with call.writing() as connection:
        call.log(
            connection, "accounts dismiss", suggestion.company, f"{suggestion.name} is not suggested again."
        )
    return call.back(back, f"{suggestion.name} is not suggested again.")


def _suggest(
    call: Call, *, fit: str = "0.5", decided: bool = False, page: int = 1, fault: str = ""
) -> Response:
    least = _share(fit)
    with call.reading() as connection:
        found = discovered(
            connection,
            call.now,
            since=call.now - _MONTH,
            fit_at_least=0.5 if least is None else least,
            decided=decided,
        )
    start = (page - 1) * _MOST
    return call.page(
        "accounts_discovered.html",
        status=422 if fault else 200,
        found=found,
        shown=found.suggestions[start : start + _MOST],
        fit=fit,
        decided=decided,
        page=page,
        has_more=len(found.suggestions) > start + _MOST,
        fault=fault,
    )


def _share(text: str) -> float | None:
    """Return a share from 0 to 1, or None for what is none."""
    try:
        share = float(text)
    except ValueError:
        return None
    return min(1.0, max(0.0, share)) if share == share else None  # noqa: PLR0124 - NaN is not itself


def _place(after: str) -> Place | None:
    name, bar, id_ = after.partition("|")
    return Place(name, id_) if bar else None

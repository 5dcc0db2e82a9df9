"""Finding an account's own sources, starting from its site."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Response

from earmark.config import Settings
from earmark.errors import ConfigError
from earmark.types import Account
from monitors.discover import Discovered, scouting
from monitors.discoveries import FILE, known, remember
from monitors.proposals import add, proposals
from review.page.call import Asked, Call, needs
from review.page.outward import outward
from review.page.viewer import Role
from storage import accounts, polls
from storage.engine import Connection

__all__ = ["chosen_account", "router"]

router = APIRouter()
_LONGEST: Final = timedelta(seconds=90)
_MANY: Final = 9
_Text = Annotated[str, Form(max_length=300)]


@router.get("/sources/discover", dependencies=[needs(Role.ADMIN)])
def _asked(call: Asked, account: Annotated[str, Query(max_length=300)] = "") -> Response:
    """Show what was found of an account, or ask for one."""
    if not account.strip():
        return _page(call)
    with call.reading() as connection:
        chosen = chosen_account(connection, account)
    looks = known(call.settings.workspace / FILE, [chosen], call.now)
    return _page(call, chosen, looks.get(chosen.id))


@router.post("/sources/discover", dependencies=[needs(Role.ADMIN)])
def _look(call: Asked, account: _Text) -> Response:
    """Look at the site of an account, and remember what is there."""
    with call.reading() as connection:
        chosen = chosen_account(connection, account)
    look = outward(_explored(call.settings, chosen, call.now), longest=_LONGEST)
    if look.reached:
        remember(call.settings.workspace / FILE, look)
    return _page(call, chosen, look)


@router.post("/sources/discover/add", dependencies=[needs(Role.ADMIN)])
def _add(call: Asked, account: _Text, pick: Annotated[list[str], Form()] = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Add those of the found sources that were picked."""
    with call.reading() as connection:
        chosen = chosen_account(connection, account)
        looks = known(call.settings.workspace / FILE, [chosen], call.now)
        found = proposals(polls.every(connection), looks.values())
    picked = [one for one in found if one.id in pick and one.state == "new"]
    add(call.engine, picked, call.now)
    with call.writing() as connection:
        for one in picked:
            call.log(connection, "source.add", one.id, f"Found for {chosen.name}: {one.reason}")
    said = f"{len(picked)} added for {chosen.name}." if picked else "None was picked, so none was added."
    return call.back("/sources", said)


async def _explored(settings: Settings, account: Account, now: datetime) -> Discovered:
    async with scouting(settings, now) as scout:
        return await scout.explore(account)


def _page(call: Call, account: Account | None = None, look: Discovered | None = None) -> Response:
    rows = []
    if look is not None:
        with call.reading() as connection:
            rows = proposals(polls.every(connection), [look])
    return call.page("source_discover.html", account=account, look=look, rows=rows)


def chosen_account(connection: Connection, text: str) -> Account:
    """Return the one account that is meant by an id, a name or a domain; ConfigError for none or several."""
    found = accounts.find(connection, text.strip(), limit=_MANY)
    wanted = text.strip().casefold()
    exact = [one for one in found if wanted in {one.id.casefold(), one.name.casefold(), *one.domains}]
    chosen = exact or found
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise ConfigError(f"No account matches {text!r}. Look it up under Accounts.")
    several = ", ".join(f"{one.name} ({one.id})" for one in chosen[:8])
    raise ConfigError(f"{text!r} may mean several accounts: {several}. Give one of these ids.")

"""One account: what speaks for a call, what happened, what its sources can show, what could not be told."""

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Query, Response

from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE
from earmark.types import Account, StoredEvent
from matcher.act import OUTCOMES, SUPPRESSIONS
from monitors.teaching import Taught, teach
from review.account import AccountView, account_view
from review.coverage import Coverage, coverage_of, told_words
from review.deeds import CHANNELS
from review.editing import edited
from review.moments import read_moment
from review.owners import owners
from review.page.call import Asked, Call, needs, said_to
from review.page.viewer import Role
from review.progress import progress_of
from review.timeline import timeline
from sources.registry import kinds
from storage import accounts, directory, events, merges, outcomes, polls
from storage.engine import Connection

__all__ = ["router", "told_of"]

router = APIRouter()
_MOST_STEPS: Final = 60
_OUTCOMES: Final = sorted(OUTCOMES, key=("no_answer", "reply", "meeting", "opportunity", "won", "lost").index)
_Text = Annotated[str, Form(max_length=2_000)]


@router.post("/accounts/edit", dependencies=[needs(Role.MANAGER)])
def _edit(  # noqa: PLR0913, PLR0917 - each is a field of the form
    call: Asked,
    account: _Text,
    name: _Text = "",
    domains: _Text = "",
    aliases: _Text = "",
    not_aliases: _Text = "",
    owner: _Text = "",
    territory: _Text = "",
    tier: _Text = "",
    industry: _Text = "",
    size: _Text = "",
    country: _Text = "",
) -> Response:
    """Change what the list says of an account."""
    told = {
        "name": name,
        "domains": domains,
        "aliases": aliases,
        "not_aliases": not_aliases,
        "owner": owner,
        "territory": territory,
        "tier": tier,
        "industry": industry,
        "size": size,
        "country": country,
    }
    with call.reading() as connection:
        held = call.visible(accounts.get(connection, account))
    try:
        with call.writing() as connection:
            changed = edited(connection, held.id, told)
            if changed:
                call.log(connection, "accounts edit", held.id, f"Changed: {', '.join(changed)}.")
    except ConfigError as error:
        return _page(call, held, fault=str(error), typed=told)
    said = f"Changed: {', '.join(changed)}." if changed else "Nothing was different."
    return call.back(_way(held.id), said)


@router.post("/accounts/teach", dependencies=[needs(Role.REP)])
def _teach(
    call: Asked,
    account: _Text,
    event: _Text,
    own: Annotated[bool, Form()],
    name: _Text = "",
    alone: Annotated[bool, Form()] = False,  # noqa: FBT002 - a box of a form
) -> Response:
    """Teach whether words of a text name the account; its texts are read again."""
    with call.reading() as connection:
        held = call.visible(accounts.get(connection, account))
        text = _event(connection, event)
    taught = teach(
        call.engine,
        held,
        text,
        is_own=own,
        by=call.viewer.id,
        now=call.now,
        name=name.strip() or None,
        alone=alone,
    )
    return call.back(_way(held.id), told_of(taught, held))


@router.get("/accounts/{account_id:path}")
def _shown(
    call: Asked,
    account_id: str,
    at: Annotated[str, Query(max_length=40)] = "",
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show an account, now or as it stood on a day; or what its sources can show."""
    with call.reading() as connection:
        account = call.visible(accounts.get(connection, account_id))
    if account.id != account_id:
        return call.back(_way(account.id), said_to(call.request))  # it was merged into this one
    if show == "coverage":
        return _coverage(call, account)
    return _page(call, account, at=at)


def told_of(taught: Taught, account: Account) -> str:
    """Return in words what was learned, and what followed."""
    lesson = taught.lesson
    what = "is a name of" if lesson.is_own else "never means"
    where = ", in that text alone" if lesson.alone else ""
    states = [f"a reason is {one.state.value} now" for one in taught.changes.triggers]
    learned = f"Learned: “{lesson.name[:80]}” {what} {account.name}{where}."
    return " ".join([learned, lesson.effect, "; ".join(states)]).strip()


def _page(
    call: Call, account: Account, *, at: str = "", fault: str = "", typed: dict[str, str] | None = None
) -> Response:
    moment, fault = _moment(call, at) if at else (call.now, fault)
    with call.reading() as connection:
        view = account_view(connection, account, moment)
        came = outcomes.of_accounts(connection, [account.id]).get(account.id, ())
        records = directory.records_of(connection, account.id)
        watching = directory.watched_by(connection, account)
        compounds = progress_of(connection, account, moment)
        whom = owners(connection)
        parts = merges.into(connection, account.id)
        records += [record for one in parts for record in directory.records_of(connection, one.goes)]
    steps = timeline(view, came, records)
    return call.page(
        "account.html",
        status=422 if fault else 200,
        view=view,
        account=account,
        at=at,
        why_stage=_why(view),
        records=records,
        watching=watching,
        compounds=compounds,
        steps=steps[:_MOST_STEPS],
        more=max(0, len(steps) - _MOST_STEPS),
        typed=typed or _as_typed(account),
        fault=fault,
        channels=[channel for channel, _ in CHANNELS],
        outcomes=_OUTCOMES,
        suppressions=SUPPRESSIONS,
        owners=whom,
        parts=parts,
        back=_way(account.id),
        stages=list(Stage),
    )


def _coverage(call: Call, account: Account) -> Response:
    with call.reading() as connection:
        configured = polls.every(connection)
        listed = directory.meant_by(connection, told_words(configured)) | {account.id: account}
    found = coverage_of(account, listed, configured, kinds(), call.now)
    return call.page(
        "account_coverage.html",
        account=account,
        found=found,
        rows=_rows(found),
        remedies=[
            (one.kind, list(dict.fromkeys(CATALOGUE[key].words for key in one.adds)))
            for one in found.remedies
        ],
    )


def _rows(found: Coverage) -> list[tuple[str, str, list[str], tuple[str, ...]]]:
    """Return what can be seen in few rows: how surely, a mark, the kinds of reason, and by which sources."""
    each = [("yes", "good", key, by) for key, by in found.shown.items()]
    each += [("if it tells of it in a feed of its own", "", key, by) for key, by in found.if_told.items()]
    each += [("only if the press happens to tell", "warn", key, ()) for key in found.by_chance]
    each += [("no", "bad", key, ()) for key in found.blind]
    rows: dict[tuple[str, str, tuple[str, ...]], dict[str, None]] = {}
    for surely, mark, key, by in each:
        rows.setdefault((surely, mark, by), {})[CATALOGUE[key].words] = None
    return [(surely, mark, list(words), by) for (surely, mark, by), words in rows.items()]


def _moment(call: Call, at: str) -> tuple[datetime, str]:
    """Return the end of a day that a person names, and what is wrong with it."""
    try:
        return min(call.now, read_moment(at, call.now, call.zone, end_of_day=True)), ""
    except ConfigError as error:
        return call.now, str(error)


def _why(view: AccountView) -> str:
    """Return why the account is in its stage: the move that brought it there."""
    move = next((one for one in reversed(view.transitions) if one.after is not one.before), None)
    return f"{move.reason} ({move.actor})" if move else "It has not moved yet."


def _as_typed(account: Account) -> dict[str, str]:
    return {
        "name": account.name,
        "domains": "; ".join(account.domains),
        "aliases": "; ".join(account.aliases),
        "not_aliases": "; ".join(account.not_aliases),
        "owner": account.owner or "",
        "territory": account.territory or "",
        "tier": account.tier or "",
        "industry": account.industry or "",
        "size": "" if account.size is None else str(account.size),
        "country": account.country or "",
    }


def _event(connection: Connection, event_id: str) -> StoredEvent:
    found = events.get(connection, [event_id]).get(event_id)
    if found is None:
        raise HTTPException(404, "That text is not stored any more.")
    return found


def _way(account_id: str) -> str:
    return f"/accounts/{quote(account_id)}"

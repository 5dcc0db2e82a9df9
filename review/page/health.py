"""Health: how well the watching goes, with what to do; how long things take; what can't be seen."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from monitors.health import health_of as fares
from monitors.latency import Ledger, ledger
from review.coverage import told_words, watchers
from review.delays import delays
from review.health import blind_spots, health_of
from review.page.call import Asked
from review.page.scouting import chosen_account
from review.remembered import remembered
from storage import accounts, directory, latency, polls, watching
from storage.engine import Connection

__all__ = ["router"]

router = APIRouter()
_MOST: Final = 20
_SPANS: Final = {"1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_ILL: Final = ("stopped", "failing", "silent")


@router.get("/health")
def _health(call: Asked) -> Response:
    """Show what was found, the worst first."""
    with call.reading() as connection:
        found = health_of(connection, call.settings, call.now)
        first = [(one, fares(one, call.now)) for one in watching.listed(connection, call.now, limit=_MOST)]
        counted = watching.states(connection, call.now)
    return call.page(
        "health.html",
        found=found,
        ill=[(one, health) for one, health in first if health.state in _ILL],
        ill_total=sum(counted.get(name, 0) for name in _ILL),
    )


@router.get("/health/latency")
def _latency(call: Asked, since: Annotated[str, Query(max_length=10)] = "7d") -> Response:
    """Show how long each step takes, source by source, and at whose door the time lies."""
    span = since if since in _SPANS else "7d"
    begin = call.now - _SPANS[span]

    def measured(connection: Connection) -> list[Ledger]:
        return ledger(latency.arrivals(connection, begin), latency.listings(connection, begin))

    with call.reading() as connection:
        steps = remembered(connection, ("ledger", span), measured)
    slowest = sorted(steps, key=_usual, reverse=True)
    return call.page(
        "health_latency.html",
        ledgers=delays(slowest[:_MOST]),
        total=len(steps),
        span=span,
        spans=list(_SPANS),
        with_source=True,
    )


@router.get("/health/coverage")
def _coverage(call: Asked, account: Annotated[str, Query(max_length=300)] = "") -> Response:
    """Show what today's sources can't show; of one account, on its own page."""
    if account.strip():
        with call.reading() as connection:
            chosen = call.visible(chosen_account(connection, account))
        return RedirectResponse(f"/accounts/{quote(chosen.id)}?show=coverage", status_code=303)
    with call.reading() as connection:
        return call.page(
            "health_coverage.html",
            spots=blind_spots(connection, call.now),
            watched=remembered(connection, ("watched accounts",), _watched),
            total=accounts.count(connection),
        )


def _watched(connection: Connection) -> int:
    """Return how many accounts a source of their own watches."""
    configured = [one for one in polls.every(connection) if one.enabled and not one.paused_reason]
    return len(watchers(directory.meant_by(connection, told_words(configured)), configured))


def _usual(one: Ledger) -> timedelta:
    """Return how long half of what a source tells takes to be seen."""
    return one.published_to_fetched.p50 if one.published_to_fetched else timedelta()

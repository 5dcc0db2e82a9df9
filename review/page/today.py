"""Today: the list of the day."""

from fastapi import APIRouter, Response

from review.page.call import Asked
from review.today import day

__all__ = ["router"]

router = APIRouter()


@router.get("/")
def _today(call: Asked) -> Response:
    """Show the list of the day."""
    since = call.now.astimezone(call.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    touches = call.settings.team.touches_a_day
    with call.reading() as connection:
        found = day(connection, call.now, touches=touches, since=since, zone=call.zone)
    return call.page("today.html", day=found)

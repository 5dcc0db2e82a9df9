"""The way in: by the token that ``earmark up`` prints."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from review.page.call import desk_of, local
from review.page.keys import COOKIE

__all__ = ["router"]

router = APIRouter()
_STAYS = 30 * 24 * 3600  # seconds


@router.get("/enter")
def _enter(
    request: Request, token: Annotated[str, Query()] = "", back: Annotated[str, Query()] = "/"
) -> Response:
    """Let the owner of the workspace in, who has its token."""
    if not desk_of(request).keys.opens(token):
        raise HTTPException(401, "That address is of another workspace, or cut short. See: earmark page")
    answer = RedirectResponse(local(back), status_code=303)
    answer.set_cookie(COOKIE, token, max_age=_STAYS, httponly=True, samesite="lax")
    return answer

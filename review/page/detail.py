"""The opened row's own routes: its note to copy, and that somebody looked at it."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Response
from fastapi.responses import PlainTextResponse

from review.deeds import targets_of
from review.notes import Form as NoteForm
from review.notes import note_of
from review.page.call import Asked
from review.page.today import picked_of
from storage import latency

__all__ = ["router"]

router = APIRouter()
_MOST_OPENED = 50


@router.get("/triggers/{trigger_id}/note")
def _note(call: Asked, trigger_id: str, form: Annotated[NoteForm, Query()] = NoteForm.TEXT) -> Response:
    """Give the note of a trigger to copy: plain text in each form, also what is Markdown or HTML."""
    with call.reading() as connection:
        picked = picked_of(connection, call, trigger_id)
    note = note_of(picked.reasons[0], form, call.now) if picked else ""
    if not note:
        raise HTTPException(404, "There is no note of that reason: it is gone, or its evidence was erased.")
    return PlainTextResponse(note)


@router.post("/opened")
def _opened(call: Asked, trigger: Annotated[list[str] | None, Form()] = None) -> Response:
    """Note when somebody first looked at these: the time from there to outreach is measured."""
    with call.writing() as connection:
        theirs, _ = targets_of(connection, (trigger or [])[:_MOST_OPENED], (), call.scope)
        latency.opened(connection, [one.trigger for one in theirs if one.trigger], call.now)
    return Response(status_code=204)

"""Plays on the page: which play speaks for each kind, and its form with what a rep would read."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from earmark.errors import EarmarkError
from earmark.rulebook import parse
from earmark.rulebook.placeholders import PLACEHOLDERS
from earmark.types import Play
from matcher.scripts import PLAYS
from review.fields import TABLES
from review.page.bench import Typed, Work, keep, work
from review.page.call import Asked, Call, needs
from review.page.viewer import Role
from review.plays import Preview, preview, speakers
from review.tables import row_from, row_of, text_with, typed_of

__all__ = ["router"]

router = APIRouter(prefix="/rules/plays")
_MANAGER = [needs(Role.MANAGER)]
_TABLE = TABLES["plays"]
_UNNAMED = "preview"
_WRONG = 422


@router.get("")
def _plays(call: Asked) -> Response:
    """Show for every kind which play speaks."""
    held = work(call)
    plays = _typed_plays(held.text)
    return call.page("plays.html", work=held, table=_TABLE, plays=plays, speakers=speakers(plays))


@router.get("/edit")
def _edit(
    call: Asked, key: Annotated[str | None, Query()] = None, kind: Annotated[str, Query()] = "*"
) -> Response:
    """Show a play as a form, beside what a rep would read; without a key one that begins as ours."""
    held = work(call)
    if key is None:
        ours = PLAYS.get(kind) or Play(id="")
        row = {"kind": kind, "personas": ours.personas, "talk": ours.talk, "opener": ours.opener}
    else:
        found = row_of(held.rulebook, _TABLE, key)
        if found is None:
            raise HTTPException(404, f"There is no play {key!r}.")
        row = {"kind": "*", **found}
    return _form(call, held, key=key, typed=typed_of(_TABLE, row))


@router.post("/edit", dependencies=_MANAGER)
def _put(call: Asked, form: Typed) -> Response:
    """Take a play: into the draft, or in force at once; or show what a rep would read of it."""
    held = work(call)
    key = str(form["key"]) if "key" in form else None
    then, over = str(form.get("then", "draft")), str(form.get("over", ""))
    typed = {field.name: str(form.get(field.name, "")) for field in _TABLE.fields}
    if then == "preview":
        return _form(call, held, key=key, typed=typed, part=call.wants_part)
    try:
        row = None if then == "remove" else row_from(_TABLE, typed)
        text = text_with(held.text, _TABLE, key, row)
        base = int(over) if over.isdecimal() else held.over
        return keep(call, text, over=base, in_draft=then != "save", where="/rules/plays")
    except EarmarkError as error:
        return _form(call, held, key=key, typed=typed, wrong=str(error))


def _form(
    call: Call,
    held: Work,
    *,
    key: str | None,
    typed: dict[str, str],
    wrong: str = "",
    part: bool = False,
) -> Response:
    shown, why_not = _previewed(call, held, key, typed)
    return call.page(
        "plays_preview.html" if part else "plays_form.html",
        status=_WRONG if wrong else 200,
        work=held,
        table=_TABLE,
        key=key,
        typed=typed,
        wrong=wrong,
        preview=shown,
        why_not=why_not,
        placeholders=sorted(PLACEHOLDERS),
    )


def _previewed(call: Call, held: Work, key: str | None, typed: dict[str, str]) -> tuple[Preview | None, str]:
    """Return what a rep would read of the play as it is typed, or in words why nothing can be shown."""
    named = {**typed, "id": typed["id"].strip() or _UNNAMED}
    try:
        row = row_from(_TABLE, named)
        plays = _typed_plays(text_with(held.text, _TABLE, key, row))
    except EarmarkError as error:
        return None, str(error)
    play = next(one for one in plays if one.id == row["id"])
    with call.reading() as connection:
        return preview(connection, play, plays, call.now, call.viewer.sees), ""


def _typed_plays(text: str) -> tuple[Play, ...]:
    return parse(text).lexicon({}, 0).plays

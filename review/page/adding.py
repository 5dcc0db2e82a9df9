"""Adding and changing sources: the kinds there are, a form made of a kind's options, lists of feeds."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Response, UploadFile

from earmark.contract import Source
from earmark.errors import ConfigError
from earmark.triggers import CATALOGUE
from monitors.pace import EVERY
from monitors.poll import Outcome
from review.coverage import GENERAL
from review.opml import feeds_of, import_feeds
from review.options import as_written, fields_of, options_of
from review.page.call import Asked, Call, needs
from review.page.sources import found, place_of, visited
from review.page.viewer import Role
from review.page.written import Written
from review.sources import add, alike
from review.today import kind_words
from sources.catalogue import cards
from sources.registry import build, kinds
from storage import polls
from storage.polls import Configured

__all__ = ["router"]

router = APIRouter()
_TUNING: Final = frozenset({"every", "expect_every", "backfill", "trust", "language", "include", "exclude"})
"""Options that say how a place is read. With any other one changed, it is another place."""
_LONGEST_LIST: Final = 20_000_000  # bytes
_MOST_TOLD: Final = 5
_Text = Annotated[str, Form(max_length=200)]


@router.get("/sources/kinds")
def _kinds(call: Asked) -> Response:
    """Show the kinds of source: what each needs, costs and can show."""
    found = [(card, tuple(dict.fromkeys(map(_words_of, card.shows)))) for card in cards(EVERY)]
    return call.page("source_kinds.html", cards=found, general=GENERAL)


@router.get("/sources/add", dependencies=[needs(Role.ADMIN)])
def _blank(call: Asked, kind: Annotated[str, Query(max_length=100)] = "feed") -> Response:
    """Show the form of a kind."""
    return _form(call, kind, {})


@router.post("/sources/add", dependencies=[needs(Role.ADMIN)])
def _add(call: Asked, written: Written, kind: _Text, name: _Text = "", do: _Text = "add") -> Response:
    """Add a source, or try it first."""
    model = _model(kind)
    try:
        options = options_of(model, written)
        build(kind, options)
        draft = Configured(id=name or "the new source", kind=kind, options=options, next_poll_at=call.now)
        if do == "try":
            return _form(call, kind, options, name=name, outcome=visited(call, draft))
        with call.writing() as connection:
            same = alike(connection, draft)
            chosen = add(connection, kind, options, call.now, name.strip() or None)
            call.log(connection, "source.add", chosen, f"Of the kind {kind}.")
    except ConfigError as error:
        return _form(call, kind, as_written(model, written), name=name, fault=str(error))
    told = f" {same} watches the same place already: keep one of them." if same else ""
    return call.back(
        place_of(chosen), f"{chosen} is added; it is polled within a minute if the monitor runs.{told}"
    )


@router.get("/sources/edit", dependencies=[needs(Role.ADMIN)])
def _edit(call: Asked, source: Annotated[str, Query(max_length=500)]) -> Response:
    """Show the options of a source as a form."""
    with call.reading() as connection:
        known = found(connection, source)
    return _form(call, known.kind, known.options, source=known)


@router.post("/sources/edit", dependencies=[needs(Role.ADMIN)])
def _change(call: Asked, written: Written, source: _Text) -> Response:
    """Give a source other options."""
    with call.writing() as connection:
        known = found(connection, source)
        model = _model(known.kind)
        try:
            options = options_of(model, written, known.options)
            build(known.kind, options)
        except ConfigError as error:
            values = as_written(model, written, known.options)
            return _form(call, known.kind, values, source=known, fault=str(error))
        changed = {
            name for name in {*options, *known.options} if options.get(name) != known.options.get(name)
        }
        if not changed:
            return call.back(place_of(source), "Nothing was changed.")
        anew = bool(changed - _TUNING)
        polls.alter(connection, source, known.kind, options, call.now, anew=anew)
        call.log(connection, "source.edit", source, f"Changed: {', '.join(sorted(changed))}.")
    begins = (
        " It begins anew, as it watches something else: what is there already alerts nobody." if anew else ""
    )
    return call.back(place_of(source), f"{source} is changed.{begins}")


@router.get("/sources/feeds.opml")
def _as_opml(call: Asked) -> Response:
    """Give the feeds as a file that feed readers import."""
    with call.reading() as connection:
        body, _ = feeds_of(polls.every(connection))
    told = {"content-disposition": 'attachment; filename="earmark-feeds.opml"'}
    return Response(body, media_type="text/x-opml", headers=told)


@router.post("/sources/import", dependencies=[needs(Role.ADMIN)], max_body_size=_LONGEST_LIST)
def _import(call: Asked, file: UploadFile) -> Response:
    """Add the feeds of an OPML file."""
    body = file.file.read()
    with call.writing() as connection:
        done = import_feeds(connection, body, file.filename or "The file", call.now)
        if done.added:
            call.log(connection, "source.import", file.filename or "OPML", f"{len(done.added)} added.")
    told = [f"{len(done.added):,} added", f"{len(done.watched_already):,} watched already"]
    told += [f"{len(done.refused):,} refused: {' '.join(done.refused[:_MOST_TOLD])}"] if done.refused else []
    return call.back("/sources", "; ".join(told) + ".")


def _form(
    call: Call,
    kind: str,
    values: Any,
    *,
    source: Configured | None = None,
    name: str = "",
    fault: str = "",
    outcome: Outcome | None = None,
) -> Response:
    """Show the options of a kind with what stands in them, and what is wrong with it."""
    model = _model(kind)
    about = " ".join((model.__doc__ or "").strip().partition("\n\n")[0].split())
    return call.page(
        "source_form.html",
        status=422 if fault else 200,
        kind=kind,
        kinds=sorted(kinds()),
        about=about,
        auth=model.auth,
        terms=model.terms,
        fields=fields_of(model, values, shared=Source),
        source=source,
        name=name,
        fault=fault,
        outcome=outcome,
    )


def _model(kind: str) -> type[Source]:
    """Return a kind; ConfigError names the nearest one."""
    known = kinds().get(kind)
    if known is None:
        build(kind, {})
        raise ConfigError(f"There is no source kind '{kind}'.")
    return known


def _words_of(key: str) -> str:
    return kind_words(key) if key in CATALOGUE else key.replace("_", " ")

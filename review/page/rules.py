"""The rulebook on the page: its tables as forms, its text, its versions, and a trial before it counts."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response

from earmark.errors import ConfigError, EarmarkError
from earmark.triggers import CATALOGUE
from review.compounds import Offered, offered
from review.fields import TABLES, Shape, Table
from review.page.bench import Typed, Work, bench_of, keep, open_bench, work
from review.page.call import Asked, Call, needs
from review.page.viewer import Role
from review.settings_file import with_key
from review.tables import row_from, row_of, rows_of, text_with, typed_of
from review.trial import DAYS, span_of
from review.trying import Ask
from review.versions import changes, compared, remarks
from storage import rulebook

__all__ = ["router"]

router = APIRouter(prefix="/rules", lifespan=open_bench)
_MANAGER = [needs(Role.MANAGER)]
_SHOWN_VERSIONS = 50
_WRONG = 422
_Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("")
def _overview(call: Asked) -> Response:
    """Show what the team decided, table by table, and who decided it when."""
    held = work(call)
    with call.reading() as connection:
        versions = rulebook.versions(connection)
    book = held.rulebook
    tables = [(table, len(rows_of(book, table)) if table.keyed else None) for table in TABLES.values()]
    return call.page(
        "rules.html",
        work=held,
        tables=tables,
        changed=changes(held.newest.text, held.text) if held.draft else (),
        versions=versions[:_SHOWN_VERSIONS],
        days=DAYS,
    )


@router.get("/text")
def _text(call: Asked) -> Response:
    """Show the whole rulebook as text."""
    held = work(call)
    return call.page("rules_text.html", work=held, text=held.text, over=held.over, wrong="", lines=())


@router.post("/text", dependencies=_MANAGER)
def _put_text(
    call: Asked,
    text: Annotated[str, Form()] = "",
    over: Annotated[int, Form()] = 0,
    then: Annotated[str, Form()] = "draft",
) -> Response:
    """Take a whole text: as it is, with its comments."""
    text = text.replace("\r\n", "\n")
    try:
        return keep(call, text, over=over, in_draft=then != "save", where="/rules")
    except EarmarkError as error:
        held = work(call)
        lines = compared(held.newest.text, text) if over != held.newest.number else ()
        return call.page(
            "rules_text.html",
            status=_WRONG,
            work=held,
            text=text,
            over=held.newest.number,
            wrong=str(error),
            lines=lines,
        )


@router.get("/draft")
def _draft(call: Asked) -> Response:
    """Show what the draft changes, line by line."""
    return _draft_page(call, work(call))


@router.post("/draft", dependencies=_MANAGER)
def _settle(call: Asked, then: Annotated[str, Form()], over: Annotated[int, Form()] = 0) -> Response:
    """Save the draft, or throw it away."""
    held = work(call)
    if held.draft is None:
        return call.back("/rules", "There is no draft any more.")
    if then != "save":
        bench_of(call).drafts.drop(call.viewer.id)
        return call.back("/rules", "The draft is thrown away.")
    try:
        return keep(call, held.text, over=max(over, held.over), in_draft=False, where="/rules")
    except EarmarkError as error:
        return _draft_page(call, held, wrong=str(error))


@router.get("/versions/{number}")
def _version(call: Asked, number: _Number) -> Response:
    """Show a version: its text, and how it differs from the one before and from the one in force."""
    with call.reading() as connection:
        text = rulebook.text_of(connection, number)
        before = rulebook.text_of(connection, number - 1) or ""
        newest = rulebook.latest(connection)
        known = [one for one in rulebook.versions(connection) if one.number == number]
    if text is None or newest is None or not known:
        raise HTTPException(404, f"There is no version {number} of the rulebook.")
    return call.page(
        "rules_version.html",
        version=known[0],
        text=text,
        newest=newest[0],
        lines=compared(before, text),
        since=compared(text, newest[1]) if number != newest[0] else (),
    )


@router.post("/versions/{number}/back", dependencies=_MANAGER)
def _go_back(call: Asked, number: _Number, over: Annotated[int, Form()] = 0) -> Response:
    """Put an earlier version in force again, as a new one."""
    with call.reading() as connection:
        text = rulebook.text_of(connection, number)
    if text is None:
        raise HTTPException(404, f"There is no version {number} of the rulebook.")
    return keep(call, text, over=over, in_draft=False, where="/rules")


@router.get("/trial", dependencies=_MANAGER)
def _trial(call: Asked) -> Response:
    """Show how far the viewer's trial is, and what it found."""
    shown = "rules_trial_part.html" if call.wants_part else "rules_trial.html"
    held = work(call)
    trying = bench_of(call).trials.of(call.viewer.id)
    return call.page(shown, work=held, trying=trying, days=DAYS, draft_tried=_is_tried(held, trying))


@router.post("/trial", dependencies=_MANAGER)
def _try(call: Asked, then: Annotated[str, Form()] = "begin") -> Response:
    """Try the draft on the last days, or call the trial off."""
    trials = bench_of(call).trials
    if then == "stop":
        trials.call_off(call.viewer.id)
        return call.back("/rules/trial", "The trial is called off.")
    held = work(call)
    url = call.engine.url.render_as_string(hide_password=False)
    ask = Ask(url=url, text=held.text, span=span_of(call.now), zone=call.zone)
    trials.begin(call.viewer.id, ask)
    return call.back("/rules/trial")


@router.post("/compounds/on", dependencies=_MANAGER)
def _switch_on(call: Asked, compound: Annotated[str, Form()]) -> Response:
    """Add a compound that earmark ships."""
    held = work(call)
    found = next((one for one in _offered(call, held) if one.id == compound and not one.on), None)
    if found is None:
        return call.back("/rules/compounds", f"{compound} is on already, or not shipped.")
    text = f"{held.text.rstrip()}\n\n{found.text}".lstrip()
    return keep(call, text, over=held.over, in_draft=held.draft is not None, where="/rules/compounds")


@router.post("/kinds/weigh", dependencies=_MANAGER)
def _weigh(
    call: Asked,
    kind: Annotated[str, Form(max_length=200)],
    intent: Annotated[float, Form(ge=0, le=1)],
    back: Annotated[str, Form(max_length=2_000)] = "/rules/kinds",
) -> Response:
    """Let a kind speak for less, or for nothing: it is listed then, and promotes nobody by itself."""
    if kind not in CATALOGUE:
        raise ConfigError(f"There is no kind {kind!r} in the catalogue.")
    held = work(call)
    text = with_key(held.text, f"kinds.{kind}", "intent", intent, "The rulebook")
    return keep(call, text, over=held.over, in_draft=held.draft is not None, where=back)


@router.get("/{name}")
def _table(call: Asked, name: str) -> Response:
    """Show the rows of one table."""
    table = _named(name)
    held = work(call)
    if not table.keyed:
        return _form(call, table, held, key="", typed=typed_of(table, _row(held, table, "")))
    rows = [(key, typed_of(table, row)) for key, row in rows_of(held.rulebook, table)]
    more = _offered(call, held) if table.name == "compounds" else ()
    columns = [
        field
        for field in table.fields
        if field.name != table.keyed and any(typed[field.name] for _, typed in rows)
    ]
    return call.page("rules_table.html", work=held, table=table, rows=rows, columns=columns, offered=more)


@router.get("/{name}/edit")
def _edit(call: Asked, name: str, key: Annotated[str | None, Query()] = None) -> Response:
    """Show a row as a form; without a key an empty one."""
    table = _named(name)
    held = work(call)
    row = {} if key is None else _row(held, table, key)
    return _form(call, table, held, key=key, typed=typed_of(table, row))


@router.post("/{name}/edit", dependencies=_MANAGER)
def _put(call: Asked, name: str, form: Typed) -> Response:
    """Take a row: into the draft, or in force at once; or take it out of the draft."""
    table = _named(name)
    held = work(call)
    key = str(form["key"]) if "key" in form else None
    then, over = str(form.get("then", "draft")), str(form.get("over", ""))
    several = {field.name for field in table.fields if field.shape is Shape.SEVERAL}
    typed = {
        field.name: "\n".join(map(str, form.getlist(field.name)))
        if field.name in several
        else str(form.get(field.name, ""))
        for field in table.fields
    }
    where = f"/rules/{table.name}" if table.keyed else "/rules"
    try:
        row = None if then == "remove" else row_from(table, typed)
        text = text_with(held.text, table, key, row)
        base = int(over) if over.isdecimal() else held.over
        return keep(call, text, over=base, in_draft=then != "save", where=where)
    except EarmarkError as error:
        return _form(call, table, held, key=key, typed=typed, wrong=str(error))


def _draft_page(call: Call, held: Work, *, wrong: str = "") -> Response:
    with call.reading() as connection:
        told = remarks(connection, held.text, call.now) if held.draft else ()
    return call.page(
        "rules_draft.html",
        status=_WRONG if wrong else 200,
        work=held,
        changed=changes(held.newest.text, held.text) if held.draft else (),
        remarks=told,
        lines=compared(held.newest.text, held.text),
        wrong=wrong,
        days=DAYS,
    )


def _form(
    call: Call,
    table: Table,
    held: Work,
    *,
    key: str | None,
    typed: dict[str, str],
    wrong: str = "",
) -> Response:
    return call.page(
        "rules_form.html",
        status=_WRONG if wrong else 200,
        table=table,
        work=held,
        key=key,
        typed=typed,
        wrong=wrong,
        has_comments=_has_comments(held.text),
        problems=[one.id for one in held.rulebook.problems],
    )


def _named(name: str) -> Table:
    table = TABLES.get(name)
    if table is None:
        raise HTTPException(404, f"The rulebook has no table {name!r}.")
    return table


def _row(held: Work, table: Table, key: str) -> dict[str, Any]:
    row = row_of(held.rulebook, table, key)
    if row is None:
        raise HTTPException(404, f"There is no {table.one} {key!r}.")
    return row


def _offered(call: Call, held: Work) -> tuple[Offered, ...]:
    with call.reading() as connection:
        return offered(connection, held.text)


def _is_tried(held: Work, trying: Any) -> bool:
    return trying is not None and trying.ask.text == held.text


def _has_comments(text: str) -> bool:
    return any(line.lstrip().startswith("#") for line in text.splitlines())

"""Import: a file of accounts, contacts or suppressions, what its columns mean, what became of its rows."""

from datetime import UTC, datetime, time
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, File, Form, HTTPException, Response, UploadFile
from fastapi.responses import StreamingResponse

from earmark.errors import ConfigError
from earmark.intake import Subject
from matcher.act import SUPPRESSIONS
from review import importing
from review.importing import EXCEL, LARGEST, Barring
from review.page.call import Asked, Call, needs
from review.page.viewer import Role
from storage.beginning import begun

__all__ = ["router"]

router = APIRouter(dependencies=[needs(Role.MANAGER)])
_FORM: Final = 64 * 1024
"""Bytes of a form beside its file."""
_SHOWN: Final = 200
_WORDS: Final = {
    "": "do not take",
    "account": "company",
    "account_id": "id of the account",
    "domains": "web address or domain",
    "aliases": "other names",
    "emails": "e-mail",
    "first": "first name",
    "last": "last name",
    "not_aliases": "names that never mean it",
    "parent": "parent company",
    "relation": "how we know them",
    "since": "known since",
    "size": "employees",
}


@router.get("/accounts/import")
def _asked(call: Asked, subject: str = "accounts") -> Response:
    """Ask for the file."""
    return _ask(call, subject)


@router.post("/accounts/import", max_body_size=LARGEST + _FORM)
def _uploaded(
    call: Asked, upload: Annotated[UploadFile, File()], subject: Annotated[str, Form()] = "accounts"
) -> Response:
    """Keep the file, and lead to what its columns were taken for."""
    if subject not in get_args(Subject):
        raise HTTPException(404, "There is no such list.")
    if not upload.filename:
        return _ask(call, subject, fault="Choose a file first.")
    workspace = call.settings.workspace
    try:
        file = importing.keep(workspace, subject, upload.filename, upload.file, call.now)  # type: ignore[arg-type]  # it is one of Subject, as checked above
    except ConfigError as error:
        return _ask(call, subject, fault=str(error))
    return call.back(f"/accounts/import/{file.key}")


@router.get("/accounts/import/{key}")
def _looked_at(call: Asked, key: str) -> Response:
    """Show what the columns were taken for; after the import, what became of the rows."""
    if (told := importing.taken(call.settings.workspace, key)) is not None:
        with call.reading() as connection:
            steps = begun(connection)
        shown = told.lines[:_SHOWN]
        return call.page(
            "imported.html", told=told, lines=shown, key=key, begun=steps.rules and steps.sources
        )
    return _preview(call, _file(call, key))


@router.post("/accounts/import/{key}")
def _taken_in(
    call: Asked,
    key: str,
    field: Annotated[list[str], Form()],
    reason: Annotated[str, Form()] = "customer",
    until: Annotated[str, Form()] = "",
) -> Response:
    """Take the file in as its columns were chosen."""
    workspace = call.settings.workspace
    if importing.taken(workspace, key) is not None:
        return call.back(f"/accounts/import/{key}", "That file was taken in already.")
    file = _file(call, key)
    try:
        headers = importing.looked_at(file).headers
        chosen = dict(zip(headers, field, strict=False))
        told = importing.take_in(
            call.engine,
            file,
            chosen,
            by=call.viewer.id,
            now=call.now,
            zone=call.zone,
            barring=Barring(reason=_reason(reason), until=_until(call, until)),
        )
    except ConfigError as error:
        return _preview(call, file, fault=str(error), chosen=field)
    with call.writing() as connection:
        call.log(connection, f"{file.subject} import", file.name, told.words)
    return call.back(f"/accounts/import/{key}")


@router.get("/accounts/import/{key}/report.csv")
def _report(call: Asked, key: str) -> Response:
    """Give the report of the rows as a file."""
    told = importing.taken(call.settings.workspace, key)
    if told is None:
        raise HTTPException(404, "There is no report of that import any more: it is kept for a day.")
    return StreamingResponse(
        importing.report_lines(told),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="import-report.csv"'},
    )


def _ask(call: Call, subject: str, fault: str = "") -> Response:
    if subject not in get_args(Subject):
        raise HTTPException(404, "There is no such list.")
    status = 422 if fault else 200
    return call.page(
        "import.html",
        subject=subject,
        fault=fault,
        megabytes=LARGEST // 1024 // 1024,
        excel=EXCEL,
        status=status,
    )


def _file(call: Call, key: str) -> importing.File:
    file = importing.file_of(call.settings.workspace, key)
    if file is None or not file.path.exists():
        raise HTTPException(404, "That file is not here any more. Upload it again.")
    return file


def _preview(call: Call, file: importing.File, fault: str = "", chosen: list[str] | None = None) -> Response:
    seen = importing.looked_at(file)
    fields = chosen if chosen is not None and len(chosen) == len(seen.headers) else seen.fields
    values: dict[str, Any] = {
        "file": file,
        "seen": seen,
        "fields": fields,
        "choices": [(field, _in_words(field, file.subject)) for field in seen.choices],
        "reasons": SUPPRESSIONS,
        "crm": _crm_named(seen.crm) if seen.crm else "",
        "fault": fault,
    }
    return call.page("import_preview.html", status=422 if fault else 200, **values)


def _crm_named(crm: str) -> str:
    """Return a CRM's name as it writes it."""
    return {"hubspot": "HubSpot"}.get(crm, crm.title())


def _in_words(field: str, subject: str) -> str:
    if field == "extra":
        return "keep as it is" if subject == "accounts" else "do not take"
    if field.startswith("crm:"):
        return f"id in {_crm_named(field[4:])}"
    return _WORDS.get(field, field.replace("_", " "))


def _reason(reason: str) -> str:
    if reason not in SUPPRESSIONS:
        raise ConfigError(f"{reason!r} is no reason; give one of {', '.join(SUPPRESSIONS)}.")
    return reason


def _until(call: Call, text: str) -> datetime | None:
    """Return the end of the day that a date field says, in the zone of the team."""
    if not text.strip():
        return None
    try:
        day = datetime.fromisoformat(text.strip()).date()
    except ValueError:
        raise ConfigError(f"{text[:40]!r} is no day. Write it like 2027-03-31.") from None
    return datetime.combine(day, time(23, 59, 59), call.zone).astimezone(UTC)

"""The list as a file: CSV or a workbook, by the profile of what reads it, whole or of one view."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from earmark.errors import ConfigError
from exports import workbook
from exports.choice import Choice
from exports.profiles import PROFILES, Profile, columns_of, rows_of
from exports.registry import profile as profile_named
from review.files import choice_of
from review.listing import asked_of
from review.page.call import Asked, Call
from review.views import shown
from storage import listing

__all__ = ["router"]

router = APIRouter()
_FORMS: Final = ("csv", "xlsx")
_AT_ONCE: Final = 200  # lines in one piece of the answer
_CHUNK: Final = 65_536
_MOST_ROWS: Final = 50_000
_MOST_LEFT: Final = 50
_Word = Annotated[str, Query(max_length=2_000)]


@router.get("/exports/files")
def _offered(call: Asked, profile: _Word = "", view: _Word = "") -> Response:
    """Show which files there are, and of a chosen one what is in it and what is left out."""
    chosen = profile_named(profile) if profile else None
    with call.reading() as connection:
        views = shown(connection, call.viewer.id, view)
    choice = _choice(call, chosen, view) if chosen else None
    return call.page(
        "export_files.html",
        profiles=PROFILES,
        chosen=chosen,
        view=view,
        views=views,
        choice=choice,
        left=choice.left_out[:_MOST_LEFT] if choice else (),
    )


@router.get("/exports/files/{name}")
def _file(call: Asked, name: str, view: _Word = "") -> Response:
    """Give a file, such as hubspot-companies.csv."""
    stem, _, form = name.rpartition(".")
    if form not in _FORMS:
        raise ConfigError(f"There is no file {name!r}. Choose one: /exports/files")
    profile = profile_named(stem)
    choice = _choice(call, profile, view)
    columns = columns_of(profile, choice.lines)
    header = [column.header for column in columns]
    rows = rows_of(profile, columns, choice.lines)
    told = {"content-disposition": f'attachment; filename="{profile.name}.{form}"'}
    if form == "xlsx":
        return _workbook(header, rows, told)
    pieces = _pieces(header, rows, mark=profile.spreadsheet)
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=told)


def _choice(call: Call, profile: Profile, view: str) -> Choice:
    """Return what goes into a file: what the viewer may see, and what their view holds."""
    sees = None if call.viewer.sees_all else call.viewer.sees
    with call.reading() as connection:
        only = None
        if view:
            wish = asked_of(parse_qsl(view), call.viewer.names, call.now, call.zone)
            rows = listing.page(connection, wish.wanted, call.now, limit=_MOST_ROWS, scope=call.scope)
            only = {row.best.id for row in rows} | {one.trigger for row in rows for one in row.further}
        return choice_of(connection, profile, call.now, sees=sees, only=only)


def _pieces(header: list[str], rows: Iterable[list[str]], *, mark: bool) -> Iterator[bytes]:
    """Yield a CSV file by RFC 4180, some lines at a time."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\r\n")
    held.write("\ufeff" if mark else "")
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number % _AT_ONCE == 0:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def _workbook(header: list[str], rows: Iterable[list[str]], told: dict[str, str]) -> Response:
    """Write a workbook and send it; nothing of it stays behind, whether it arrives or not."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        file = Path(folder) / "list.xlsx"
        workbook.write(file, header, rows)
        opened = file.open("rb")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return StreamingResponse(_chunks(opened), media_type=kind, headers=told)


def _chunks(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while chunk := opened.read(_CHUNK):
            yield chunk

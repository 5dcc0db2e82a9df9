"""One call of the page: who calls, the database, the clock, and how an answer is made."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from earmark.config import Settings
from earmark.types import Account
from review.page.keys import Keys
from review.page.render import templates
from review.page.viewer import Role, Viewer
from storage import engine as database
from storage.audit import Deed, record
from storage.engine import Connection, Engine
from storage.scope import Scope

__all__ = ["Asked", "Call", "Desk", "desk_of", "local", "needs"]

_SAID = "earmark_said"
_SAID_FOR = 60  # seconds
_LONGEST_SAID = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all calls of one page share; it is ``app.state.desk``."""

    settings: Settings
    engine: Engine
    keys: Keys
    clock: Callable[[], datetime]


def desk_of(request: Request) -> Desk:
    """Return what the page behind a request shares."""
    desk: Desk = request.app.state.desk
    return desk


def local(where: str) -> str:
    """Return a way within the page; the list for one that leads elsewhere."""
    return where if where.startswith("/") and not where.startswith(("//", "/\\")) else "/"


class Call:
    """One call, by somebody who may make it."""

    def __init__(self, request: Request, desk: Desk, viewer: Viewer, csrf: str) -> None:
        self.request, self.desk, self.viewer, self.csrf = request, desk, viewer, csrf
        self.settings, self.engine = desk.settings, desk.engine
        self.now = desk.clock()

    @property
    def zone(self) -> tzinfo:
        """The time zone of the team."""
        return self.settings.team.zone

    @property
    def wants_part(self) -> bool:
        """Whether our script asks, and takes a part of the page in the place of a redirection."""
        return self.request.headers.get("x-earmark") == "part"

    @property
    def scope(self) -> Scope | None:
        """The part of the list that the viewer may see, for what reads lists; None for all of it."""
        return self.viewer.scope

    def visible(self, account: Account | None) -> Account:
        """Return an account that the viewer may see; 404 for one beyond their territory, as for none."""
        if account is None or not self.viewer.sees(account):
            raise HTTPException(404, "There is no such account on your list.")
        return account

    def log(self, connection: Connection, verb: str, subject: str, text: str = "") -> None:
        """Write down who did what, in the transaction that does it.

        Every change that is no action on an account or a trigger (those are kept by themselves) says so
        here: the verb ("source.pause"), what it was done to, and a sentence. Never a secret.
        """
        deed = Deed(at=self.now, by=self.viewer.id, verb=verb, subject=subject, text=text)
        record(connection, deed)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database."""
        with database.reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are kept all or none."""
        with database.writing(self.engine) as connection:
            yield connection

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page made of a template; it knows the ``call`` besides these values."""
        said = unquote(self.request.cookies.get(_SAID, ""))
        shown: Mapping[str, Any] = {"call": self, "now": self.now, "said": said, **values}
        answer = HTMLResponse(templates.get_template(template).render(shown), status_code=status)
        if said:
            answer.delete_cookie(_SAID)
        return answer

    def back(self, where: str, said: str = "") -> Response:
        """Return the way back after something was done; ``said`` is shown there once."""
        answer = RedirectResponse(local(where), status_code=303)
        if said:
            answer.set_cookie(
                _SAID, quote(said[:_LONGEST_SAID]), max_age=_SAID_FOR, httponly=True, samesite="lax"
            )
        return answer


async def _call(request: Request) -> Call:
    """Return the call of somebody who is let in; 401 for others, 403 for a form that is not ours."""
    desk = desk_of(request)
    entered = await desk.keys.entered(request)
    if entered is None:
        raise HTTPException(401, "Log in first.")
    viewer, csrf = entered
    if request.method not in {"GET", "HEAD"}:
        form = await request.form()
        if not desk.keys.is_ours(csrf, str(form.get("csrf", ""))):
            raise HTTPException(403, "This form is too old, or not ours. Load the page again.")
    return Call(request, desk, viewer, csrf)


Asked = Annotated[Call, Depends(_call)]
"""The call, for a route of the page; a form that changes something is checked by then."""


def needs(role: Role) -> Any:
    """Return what lets only those call a route who have this role or a higher one."""

    def check(call: Asked) -> None:
        if not call.viewer.may(role):
            raise HTTPException(403, f"Only a {role.value.replace('_', ' ')} may do this.")

    return Depends(check)

"""One call of the page: who calls, the database, the clock, and how an answer is made."""

from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from earmark.config import DEMO
from review.page.keys import Entry
from review.page.render import templates
from review.page.viewer import OWNER, Role
from review.page.visit import Desk, Visit, desk_of

__all__ = ["Asked", "AskedOfSelf", "Call", "local", "needs", "said_to", "tell"]

_SCREENS = (
    ("/", "Today"),
    ("/conversations", "Conversations"),
    ("/accounts", "Accounts"),
    ("/sources", "Sources"),
    ("/rules", "Rules"),
    ("/exports", "Exports"),
    ("/learned", "Learned"),
    ("/insights", "Insights"),
    ("/health", "Health"),
    ("/settings", "Settings"),
)
_READS = frozenset({"GET", "HEAD"})
_SAID = "said"
_SAID_FOR = 60  # seconds
_LONGEST_SAID = 1_000


def local(where: str) -> str:
    """Return a way within the page; the list for one that leads elsewhere."""
    return where if where.startswith("/") and not where.startswith(("//", "/\\")) else "/"


def said_to(request: Request) -> str:
    """Return the sentence that is to be shown once to who sends this request."""
    return unquote(request.cookies.get(desk_of(request).keys.cookie(_SAID), ""))


def tell(answer: Response, said: str, desk: Desk) -> Response:
    """Return an answer after which a sentence is shown once, on the page that is opened next."""
    if said:
        answer.set_cookie(
            desk.keys.cookie(_SAID),
            quote(said[:_LONGEST_SAID]),
            max_age=_SAID_FOR,
            httponly=True,
            samesite="lax",
            secure=desk.is_secure,
        )
    return answer


class Call(Visit):
    """One call, by somebody who may make it."""

    def __init__(self, request: Request, desk: Desk, entry: Entry) -> None:
        super().__init__(request, desk, entry.viewer)
        self.entry, self.csrf = entry, entry.csrf

    @property
    def wants_part(self) -> bool:
        """Whether our script asks, and takes a part of the page in the place of a redirection."""
        return self.request.headers.get("x-earmark") == "part"

    @property
    def is_personal(self) -> bool:
        """Whether the viewer logged in, and can log out."""
        return self.viewer.id != OWNER.id

    @property
    def screens(self) -> tuple[tuple[str, str], ...]:
        """The screens of the page: where each is, and what it is called."""
        return _SCREENS

    def is_at(self, path: str) -> bool:
        """Tell whether the page that is asked for belongs to a screen."""
        here = self.request.url.path
        return here == path or (path != "/" and here.startswith(f"{path}/"))

    @property
    def is_demo(self) -> bool:
        """Whether this is the demo, whose companies are made up."""
        return self.settings.workspace.name == DEMO

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page made of a template; it knows the ``call`` besides these values."""
        said = said_to(self.request)
        shown = {"call": self, "now": self.now, "said": said, **values}
        answer = HTMLResponse(templates.get_template(template).render(shown), status_code=status)
        if said:
            answer.delete_cookie(self.desk.keys.cookie(_SAID))
        return answer

    def back(self, where: str, said: str = "") -> Response:
        """Return the way back after something was done; ``said`` is shown there once."""
        return tell(RedirectResponse(local(where), status_code=303), said, self.desk)


async def _entered(request: Request) -> Call:
    """Return the call of somebody who is let in; 401 for others, 403 for a form that is not ours."""
    desk = desk_of(request)
    entry = await desk.keys.entered(request)
    if request.method in _READS:
        if entry is None:
            raise HTTPException(401, "Log in first.")
        return Call(request, desk, entry)
    form = await request.form()  # a stranger's is small: see Doors
    if entry is None:
        request.state.undone = local(str(form.get("back") or "/"))
        raise HTTPException(401, "You are logged out. That was not done; all that you did before is kept.")
    if not desk.keys.is_ours(entry.csrf, str(form.get("csrf", ""))):
        raise HTTPException(403, "This form is too old, or not ours. Load the page again.")
    await run_in_threadpool(desk.keys.prolong, entry)
    return Call(request, desk, entry)


AskedOfSelf = Annotated[Call, Depends(_entered)]
"""The call, for a route that changes nothing but what is the viewer's own: whoever is let in may make it."""


async def _call(call: AskedOfSelf) -> Call:
    if call.request.method not in _READS and not call.viewer.may(Role.REP):
        raise HTTPException(
            403, "You may look at everything and change nothing. Ask an admin for another role."
        )
    return call


Asked = Annotated[Call, Depends(_call)]
"""The call, for a route of the page; a form that changes something is checked by then.

Who may only look is refused every form. Who changes their own settings alone: see ``AskedOfSelf``.
"""


def needs(role: Role) -> Any:
    """Return what lets only those call a route who have this role or a higher one."""

    def check(call: Asked) -> None:
        if not call.viewer.may(role):
            whom = "an admin" if role is Role.ADMIN else f"a {role.value}"
            raise HTTPException(403, f"Only {whom} may do this. Ask one, or ask an admin for that role.")

    return Depends(check)

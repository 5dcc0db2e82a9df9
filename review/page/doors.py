"""The doors of the page: which hosts it answers for, where forms may come from, what a browser may do."""

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.page.keys import Keys, bearer_of

__all__ = ["Doors", "names_of"]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Not "no-referrer": with it a browser sends "Origin: null" with every form, and we would refuse them all.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_READS: Final = frozenset({"GET", "HEAD"})
_SMALL: Final = 100_000
"""Bytes that anybody may send: more than any form without a file."""
_OPEN: Final = "/unsubscribe/"
"""Whoever holds such a link may post to it: a mail provider does (RFC 8058), from no page of ours."""
_PROGRAMS: Final = "/api/v1/"
_HERE: Final = ("127.0.0.1", "localhost", "[::1]")


def names_of(address: str, hosts: Iterable[str], url: str | None) -> frozenset[str]:
    """Return the hosts that a page answers for, each with and without its port."""
    own, _, port = address.rpartition(":")
    public = [urlsplit(url).netloc] if url else []
    named = [*_HERE, own, *hosts]
    return frozenset(name.lower() for name in (*named, *(f"{each}:{port}" for each in named), *public))


class Doors:
    """ASGI middleware: refuses other hosts and foreign forms, and says what a browser may do with an answer.

    ``broke`` makes the answer to a call at which something failed; it goes out by the same door.

    A form comes from here when its Origin is one of our hosts. A browser sends one with every form. A call
    of the API needs none: its token is its only key, and no browser adds that by itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str],
        keys: Keys,
        broke: Callable[[Request, Exception], Response],
    ) -> None:
        self._app, self._hosts, self._keys, self._broke = app, hosts, keys, broke

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = ended = False

        async def guarded(message: Message) -> None:
            nonlocal begun, ended
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        if "\x00" in scope["path"] or b"%00" in scope["query_string"] or b"\x00" in scope["query_string"]:
            refused = PlainTextResponse("No address here holds the sign NUL. Correct it.", status_code=400)
            await refused(scope, receive, guarded)
            return
        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        app = PlainTextResponse(refusal, status_code=403) if refusal else self._app
        if not refusal and await self._is_load_of_stranger(Request(scope)):
            app = PlainTextResponse("Log in first; nothing of that was kept.", status_code=401)
        try:
            await app(scope, receive, guarded)
        except Exception as error:  # a call that fails becomes an answer
            if begun and not ended:
                raise  # the connection ends, so that nobody takes half an answer for a whole one
            if not begun:
                await self._broke(Request(scope), error)(scope, receive, guarded)

    async def _is_load_of_stranger(self, request: Request) -> bool:
        """Tell whether somebody unknown sends a file: a form is read whole before it is asked whose it is."""
        if request.method in _READS:
            return False
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) <= _SMALL:
            return False
        if request.url.path.startswith(_PROGRAMS):
            return not await self._keys.opens_api(bearer_of(request))
        return await self._keys.entered(request) is None

    def _refusal(self, method: str, path: str, headers: Headers) -> str:
        if headers.get("host", "").lower() not in self._hosts:
            return "This page does not answer for that host. Add it to page.hosts in earmark.toml."
        if method in _READS or path.startswith((_OPEN, _PROGRAMS)):
            return ""
        if self._is_here(headers.get("origin", "")):
            return ""
        return "This form does not come from this page."

    def _is_here(self, origin: str) -> bool:
        try:
            return urlsplit(origin).netloc.lower() in self._hosts
        except ValueError:  # a host that is none, such as http://[
            return False

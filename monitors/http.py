"""The bounded fetcher: everything earmark asks of the outside goes through it.

A request is guarded (``monitors.guard``), waits for its turn (``monitors.turns``), and has one deadline
over name, connection, redirects and body. httpx reads addresses and writes bodies; the exchange itself is
one httpcore connection, without the client's cookies, proxies, environment and unbounded decoding.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, cast

import anyio
import httpcore
import httpx

from earmark.errors import SourceChanged, SourceRefused
from monitors.body import ENCODINGS, read_body
from monitors.dial import Line, Resolve, Resolver
from monitors.faults import cut_short, rejected, too_slow, unreached, unsendable
from monitors.guard import Allow, admit, check_url, literal, place
from monitors.headers import OURS, PORTABLE, headers_of, user_agent, validator
from monitors.hosts import PER_DAY, Hosts
from monitors.retry import retry_after
from monitors.turns import Turns

__all__ = ["MOST_REDIRECTS", "Answer", "Fetcher"]

MOST_REDIRECTS: Final = 5

_SUCCESS: Final = frozenset(range(200, 300)) - {206}  # a part of a page was not asked for
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})
_TO_GET: Final = frozenset({301, 302})
_SEE_OTHER: Final = 303
_NOT_MODIFIED: Final = 304
_BUSY: Final = frozenset({429, 503})
_LOST: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.RemoteProtocolError,
    anyio.ClosedResourceError,  # the fetcher was closed during a TLS handshake
    ssl.SSLError,
)
"""How a connection fails, or is found broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer: 2xx, or 304 to a conditional request (``not_modified``, empty body).

    ``url`` is where it came from after redirects; ``moved_to`` is the same, if every redirect on the way
    was permanent. Header names are in lower case; ``etag`` and ``last_modified`` are the host's bytes as
    Latin-1, to be sent back as they are.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    etag: str | None
    last_modified: str | None
    moved_to: str | None
    not_modified: bool
    elapsed: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One request of a chain of redirects."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes = b""
    any_status: bool = False

    @property
    def where(self) -> str:
        return place(str(self.url))

    @property
    def conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Fetcher:
    """Fetches pages within bounds; use it as an async context manager, in one event loop.

    ``contact`` (an e-mail or web address) stands in the User-Agent. ``allow`` excepts addresses from the
    guard: "host:port", "ip:port" or a CIDR network. ``deadline`` bounds one fetch with its redirects, without
    the wait for a turn at the host: at most ``per_host`` requests at once, ``spacing`` apart. ``max_bytes``
    bounds a body, as sent and decoded. ``hosts`` counts at most ``per_day`` requests to one host, and keeps
    until when a host wants to be left alone.
    Raises ConfigError for a missing contact or a bad entry of ``allow``.
    """

    def __init__(  # noqa: PLR0913 - each is a knob of its own, named by the caller
        self,
        *,
        contact: str,
        version: str,
        allow: Sequence[str] = (),
        deadline: timedelta = timedelta(seconds=30),
        max_bytes: int = 10 * 2**20,
        per_host: int = 2,
        spacing: timedelta = timedelta(seconds=1),
        per_day: int = PER_DAY,
        at_once: int = 100,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._user_agent = user_agent(contact, version)
        self._allow = Allow.parse(allow)
        self._deadline, self._max_bytes, self._now = deadline, max_bytes, now
        self.hosts = Hosts(per_day=per_day, now=now)
        self.per_host = per_host
        self._turns = Turns(per_host, spacing, clock=clock, sleep=sleep)
        self._room = asyncio.Semaphore(at_once)
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._resolver = Resolver()
        self._resolve = resolve or self._resolver
        self._lines: set[Line] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; a fetch that is under way ends with SourceUnavailable."""
        for line in list(self._lines):
            await line.aclose()
        self._resolver.close()

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Resolve a host, once, to the addresses that may be connected to, for what isn't HTTP.

        Raises SourceRefused when any of them is refused, SourceUnavailable when there is none.
        """
        written = literal(host)
        answers = [str(written)] if written else await self._resolve(host, port)
        return admit(host, port, answers, self._allow)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        validators: tuple[str | None, str | None] | None = None,
    ) -> Answer:
        """Send a request and return the answer; ``validators`` are an earlier etag and last_modified.

        Raises SourceUnavailable (no whole answer in time, 404, 408, 425, 429, 5xx; ``retry_after`` says what
        the host asked for), SourceRefused (401, 403, 407, 410, 451, or our guard) and SourceChanged (any
        other status, endless redirects, too much, or not in an encoding that we asked for).
        """
        started = time.monotonic()
        body = None if json is None and data is None else httpx.Request("POST", "/", json=json, data=data)
        ask = _first(method, url, headers or {}, body, validators)
        left = self._deadline.total_seconds()
        seen = {(ask.method, str(ask.url))}
        permanent = True
        for _ in range(MOST_REDIRECTS + 1):
            reply, spent = await self._in_turn(ask, left)
            if reply.status not in _REDIRECTS:
                moved = permanent and len(seen) > 1
                return _answer(ask, reply, moved=moved, elapsed=timedelta(seconds=time.monotonic() - started))
            left -= spent
            permanent = permanent and reply.status in _PERMANENT
            ask = _redirected(ask, reply)
            if (ask.method, str(ask.url)) in seen:
                break
            seen.add((ask.method, str(ask.url)))
        raise SourceChanged(
            f"{place(url)} redirects in a circle, or more than {MOST_REDIRECTS} times (last to {ask.where}). "
            "Open it in a browser and use the address where it ends."
        )

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        """Send a request once and return the answer whatever its status; redirects are not followed.

        Raises SourceUnavailable without a whole answer in time, SourceRefused by our guard, SourceChanged
        for an answer that is too large or not in an encoding that we asked for.
        """
        started = time.monotonic()
        asked = {name.lower(): value for name, value in (headers or {}).items() if name.lower() not in OURS}
        asked.setdefault("accept", "*/*")
        address = _address(url, None)
        ask = _Ask(method=method.upper(), url=address, headers=asked, content=content, any_status=True)
        reply, _ = await self._in_turn(ask, self._deadline.total_seconds())
        return _answer(ask, reply, moved=False, elapsed=timedelta(seconds=time.monotonic() - started))

    async def _in_turn(self, ask: _Ask, seconds: float) -> tuple[_Reply, float]:
        """Wait for a turn at the host, then ask it within so many seconds; also return those spent."""
        host = ask.url.host
        self.hosts.heed(host)
        async with self._turns.turn(host), self._room:
            self.hosts.heed(host)  # another request may have been told to wait meanwhile
            self.hosts.count(host)
            began = time.monotonic()
            try:
                async with asyncio.timeout(seconds):
                    reply = await self._exchange(ask)
            except TimeoutError as error:
                raise too_slow(ask.where, self._deadline) from error
            return reply, time.monotonic() - began

    async def _exchange(self, ask: _Ask) -> _Reply:
        """Ask once, on a connection of its own."""
        request = _request(ask, self._user_agent)
        line = Line(self._resolve, self._allow)
        connection = httpcore.AsyncHTTPConnection(
            request.url.origin, ssl_context=self._tls, network_backend=line
        )
        self._lines.add(line)
        response: httpcore.Response | None = None
        try:
            response = await connection.handle_async_request(request)
            return await self._read(ask, response)
        except httpcore.LocalProtocolError as error:
            raise unsendable(ask.where) from error
        except _LOST as error:
            raise (cut_short(ask.where) if response is not None else unreached(ask.where, error)) from error
        finally:
            self._lines.discard(line)
            await line.aclose()

    async def _read(self, ask: _Ask, response: httpcore.Response) -> _Reply:
        headers = headers_of(response.headers, ask.where)
        reply = _Reply(status=response.status, headers=headers)
        if ask.any_status:
            self._note_pause(ask.url.host, reply)
        elif reply.status in _REDIRECTS or (reply.status == _NOT_MODIFIED and ask.conditional):
            return reply
        elif reply.status not in _SUCCESS:
            pause = self._note_pause(ask.url.host, reply)
            raise rejected(ask.where, reply.status, pause)
        stream = cast("AsyncIterable[bytes]", response.stream)  # httpcore's type is that of both its worlds
        async with aclosing(cast("AsyncGenerator[bytes, None]", aiter(stream))) as pieces:
            body = await read_body(pieces, headers, limit=self._max_bytes, where=ask.where)
        return replace(reply, body=body)

    def _note_pause(self, host: str, reply: _Reply) -> timedelta | None:
        """Remember for the whole host what it asked for on 429 or 503."""
        if reply.status not in _BUSY:
            return None
        now = self._now()
        header, date = reply.headers.get("retry-after"), reply.headers.get("date")
        pause = retry_after(header, date=date, now=now)
        if pause:
            self.hosts.pause(host, pause)
        return pause


def _first(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: httpx.Request | None,
    validators: tuple[str | None, str | None] | None,
) -> _Ask:
    """Return the first request of a fetch."""
    asked = {name.lower(): value for name, value in headers.items() if name.lower() not in OURS}
    etag, last_modified = validators or (None, None)
    if etag:
        asked["if-none-match"] = etag
    if last_modified:
        asked["if-modified-since"] = last_modified
    asked.setdefault("accept", "*/*")
    if body is not None:
        asked.setdefault("content-type", body.headers["content-type"])
    return _Ask(
        method=method.upper(),
        url=_address(url, None),
        headers=asked,
        content=body.read() if body is not None else b"",
    )


def _redirected(ask: _Ask, reply: _Reply) -> _Ask:
    """Return the request that a redirect leads to, without what only the first host may see."""
    location = reply.headers.get("location", "").strip()
    if not location:
        raise SourceChanged(
            f"{ask.where} redirects (HTTP {reply.status}) without saying where to. Open it in a browser."
        )
    url = _address(_as_utf8(location).replace(" ", "%20"), ask.url)
    headers, method, content = dict(ask.headers), ask.method, ask.content
    if (reply.status == _SEE_OTHER and method != "HEAD") or (reply.status in _TO_GET and method == "POST"):
        method, content = "GET", b""
        headers.pop("content-type", None)
    if not _same_or_upgraded(ask.url, url):
        private = headers.keys() - PORTABLE
        if content or (private and ask.url.scheme == "https" and url.scheme == "http"):
            raise SourceRefused(
                f"{ask.where} redirects to {place(str(url))}, which must not see what this request carries. "
                "If you trust that address, use it as the address of the source."
            )
        headers = {name: value for name, value in headers.items() if name in PORTABLE}
    return _Ask(method=method, url=url, headers=headers, content=content)


def _address(text: str, base: httpx.URL | None) -> httpx.URL:
    """Return a checked address; the parser that checks it is the one that connects."""
    try:
        url = (base.join(text) if base else httpx.URL(text)).copy_with(fragment=None)
        host, _ = url.host, url.netloc  # httpx reads them late: punycode that is none, a zone beyond ASCII
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceRefused(
            f"The address {place(text)} can't be read. Write a plain http:// or https:// address."
        ) from error
    check_url(text, scheme=url.scheme, host=host, port=url.port)
    return url


def _same_or_upgraded(old: httpx.URL, new: httpx.URL) -> bool:
    """Say whether both are one origin, or the new one is the same host on https."""
    if old.host != new.host:
        return False
    ports = {"http": 80, "https": 443}
    before = (old.scheme, old.port or ports[old.scheme])
    after = (new.scheme, new.port or ports[new.scheme])
    return before == after or (before, after) == (("http", 80), ("https", 443))


def _request(ask: _Ask, user_agent: str) -> httpcore.Request:
    headers = {"Host": ask.url.netloc.decode("ascii"), "User-Agent": user_agent}
    headers |= {"Accept-Encoding": ENCODINGS, "Connection": "close"}
    headers |= {name.title(): value for name, value in ask.headers.items()}
    if ask.content or ask.method in {"POST", "PUT", "PATCH"}:
        headers["Content-Length"] = str(len(ask.content))
    try:
        raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    except UnicodeEncodeError as error:
        raise unsendable(ask.where) from error
    target = httpcore.URL(
        scheme=ask.url.raw_scheme, host=ask.url.raw_host, port=ask.url.port, target=ask.url.raw_path
    )
    return httpcore.Request(ask.method, target, headers=raw, content=ask.content)


def _answer(ask: _Ask, reply: _Reply, *, moved: bool, elapsed: timedelta) -> Answer:
    not_modified = reply.status == _NOT_MODIFIED
    sent = ask.headers if not_modified else {}
    return Answer(
        url=str(ask.url),
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        etag=validator(reply.headers.get("etag", sent.get("if-none-match"))),
        last_modified=validator(reply.headers.get("last-modified", sent.get("if-modified-since"))),
        moved_to=str(ask.url) if moved else None,
        not_modified=not_modified,
        elapsed=elapsed,
    )


def _as_utf8(text: str) -> str:
    """Return a Latin-1 header as the UTF-8 that it usually is."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text

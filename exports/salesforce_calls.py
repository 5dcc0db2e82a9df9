"""Calls to Salesforce: the token, questions page by page, and collections of records answered one by one."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from earmark import logs
from earmark.contract import Delivery, Page
from earmark.errors import ExportRefused, ExportRejected, ExportUnavailable, SourceError
from earmark.secret import Secret
from exports.company import cut, words

__all__ = ["MOST_AT_ONCE", "VERSION", "Salesforce", "Saved"]

VERSION: Final = "v64.0"
MOST_AT_ONCE: Final = 200
"""The most records of one collection."""

_DATA: Final = f"/services/data/{VERSION}"
_TOKEN: Final = "/services/oauth2/token"  # noqa: S105 - a path
_EXPIRED: Final = "INVALID_SESSION_ID"
_BUSY: Final = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "ENTITY_IS_DELETED", "REQUEST_RUNNING_TOO_LONG"}
)
"""What passes: after it the record is looked for again."""
_UNABLE: Final = frozenset(
    {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "API_DISABLED_FOR_ORG", "INSUFFICIENT_ACCESS"}
)
"""What every further request would be told too: a field or a right is missing."""
_CODE: Final = re.compile(r"[a-zA-Z_]{1,60}")
_USAGE: Final = re.compile(r"api-usage=(\d+)/(\d+)")
_USED_UP: Final = "Limit exceeded"
"""The words of Salesforce when the quota of 24 hours is used up, which it answers with 403."""
_PAUSE: Final = timedelta(hours=1)
_SESSION: Final = "salesforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of one record: its id, or why it was refused; ``is_busy`` when that passes."""

    id: str | None = None
    error: str = ""
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class _Session:
    token: str
    host: str
    user: str

    def __repr__(self) -> str:
        return f"session of {self.user or 'nobody'} at {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salesforce:
    """One organisation as one door reaches it; the token lives in the door's memory."""

    delivery: Delivery
    host: str
    client_id: Secret
    client_secret: Secret

    async def user(self) -> str:
        """Return the id of the user that earmark acts as; "" where Salesforce does not say."""
        return (await self._session()).user

    async def usage(self) -> tuple[int, int] | None:
        """Return how many requests the organisation used in 24 hours, and how many it has."""
        page = await self._request("GET", f"{_DATA}/query", params={"q": "SELECT Id FROM Account LIMIT 1"})
        self._told(page)
        found = _USAGE.search(page.headers.get("sforce-limit-info", ""))
        return (int(found[1]), int(found[2])) if found else None

    async def pages(self, soql: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the rows of a question, page by page.

        Raises ExportRefused when a field or the right to read it is missing.
        """
        path, params = f"{_DATA}/query", {"q": soql}
        while path:
            told = self._told(await self._request("GET", path, params=params))
            rows = told.get("records") if isinstance(told, dict) else None
            if not isinstance(told, dict) or not isinstance(rows, list):
                raise _odd()
            yield [row for row in rows if isinstance(row, dict)]
            following = told.get("nextRecordsUrl")
            path, params = (following if isinstance(following, str) else ""), {}

    async def rows(self, soql: str) -> list[dict[str, Any]]:
        """Return all rows of a question."""
        return [row async for page in self.pages(soql) for row in page]

    async def upsert(self, kind: str, key: str, records: Sequence[Mapping[str, Any]]) -> list[Saved]:
        """Make records, or change those that have the same ``key``, our own external id."""
        return await self._saved("PATCH", f"{_DATA}/composite/sobjects/{kind}/{key}", kind, records)

    async def write(
        self, verb: Literal["create", "update"], kind: str, records: Sequence[Mapping[str, Any]]
    ) -> list[Saved]:
        """Make records, or change those of these ids; each has an answer, in their order."""
        method = "POST" if verb == "create" else "PATCH"
        return await self._saved(method, f"{_DATA}/composite/sobjects", kind, records)

    async def delete(self, ids: Sequence[str]) -> list[Saved]:
        """Delete records; each has an answer, in their order."""
        params = {"ids": ",".join(ids), "allOrNone": "false"}
        page = await self._request("DELETE", f"{_DATA}/composite/sobjects", params=params)
        return self._each(page, len(ids))

    def address(self, record: str | None) -> str | None:
        """Return where a person sees a record."""
        session = self.delivery.memory.get(_SESSION)
        return f"{session.host}/{record}" if record and isinstance(session, _Session) else None

    async def _saved(
        self, method: str, path: str, kind: str, records: Sequence[Mapping[str, Any]]
    ) -> list[Saved]:
        """Write a collection; what was busy is tried once more, and is then left for later."""
        saved = await self._collection(method, path, kind, records)
        busy = [place for place, each in enumerate(saved) if each.is_busy]
        if busy:
            again = await self._collection(method, path, kind, [records[place] for place in busy])
            for place, each in zip(busy, again, strict=True):
                saved[place] = each
        left = next((each for each in saved if each.is_busy), None)
        if left is not None:
            raise ExportUnavailable(f"Salesforce was busy: {left.error} It is tried again later.")
        return saved

    async def _collection(
        self, method: str, path: str, kind: str, records: Sequence[Mapping[str, Any]]
    ) -> list[Saved]:
        body = [{"attributes": {"type": kind}, **record} for record in records]
        page = await self._request(method, path, json={"allOrNone": False, "records": body})
        return self._each(page, len(records))

    def _each(self, page: Page, count: int) -> list[Saved]:
        """Return the answer to each record; a whole answer of 200 says nothing about them."""
        told = self._told(page)
        if not isinstance(told, list) or len(told) != count:
            raise ExportUnavailable("Salesforce did not answer for each record. They are looked for later.")
        return [_saved(one) for one in told]

    async def _request(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str] | None = None
    ) -> Page:
        """Send a request; when the token that we had is refused, once more with a new one."""
        is_new = _SESSION not in self.delivery.memory
        session = await self._session()
        try:
            page = await self._send(session, method, path, json, params)
        except ExportRefused as error:
            if _USED_UP in str(error):
                raise ExportUnavailable(
                    "The Salesforce requests of 24 hours are used up. It goes on when some are free again.",
                    retry_after=_PAUSE,
                ) from error
            if is_new:
                raise
        else:
            if is_new or _code_of(page) != _EXPIRED:
                return page
        self.delivery.memory.pop(_SESSION, None)
        return await self._send(await self._session(), method, path, json, params)

    async def _send(
        self, session: _Session, method: str, path: str, json: Any, params: Mapping[str, str] | None
    ) -> Page:
        headers = {"authorization": f"Bearer {session.token}"}
        url = f"{session.host}{path}"
        return await self.delivery.request(method, url, json=json, params=params, headers=headers)

    async def _session(self) -> _Session:
        """Return the session in memory, or a new one by client credentials."""
        known = self.delivery.memory.get(_SESSION)
        if isinstance(known, _Session):
            return known
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id.value(),
            "client_secret": self.client_secret.value(),
        }
        page = await self.delivery.request("POST", f"{self.host}{_TOKEN}", form=form)
        told = _json(page)
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(told, dict) or page.status >= 500:  # noqa: PLR2004 - the server is at fault
            raise _odd()
        if not isinstance(token, str) or not token:
            code = words(told.get("error"))
            raise ExportRefused(
                f"Salesforce gave no token ({code if _CODE.fullmatch(code) else page.status}). Look at the "
                "External Client App: client credentials on, a run-as user, id and secret as they are set."
            )
        logs.hide(token)
        session = _Session(token, _host(told.get("instance_url"), self.host), _user(told.get("id")))
        self.delivery.memory[_SESSION] = session
        return session

    def _told(self, page: Page) -> Any:
        """Return what a page says; ExportError for what concerns the request as a whole."""
        told = _json(page)
        if page.status == 200:  # noqa: PLR2004 - every good answer to what we ask
            return told
        code, message = _code_of(page), _message_of(told)
        if code in _UNABLE:
            raise ExportRefused(
                f"Salesforce lacks a field, or we lack the right to it: {message} ({code}). "
                "See which: earmark exports check"
            )
        if 400 <= page.status < 500:  # noqa: PLR2004 - our request is at fault
            raise ExportRejected(f"Salesforce refused the request: {message} ({code or page.status}).")
        raise _odd()


def _json(page: Page) -> Any:
    try:
        return page.json()
    except SourceError as error:
        raise _odd() from error


def _odd() -> ExportUnavailable:
    return ExportUnavailable(
        "Salesforce answered in another shape than it should, as in maintenance. It is tried again later."
    )


def _saved(one: Any) -> Saved:
    if not isinstance(one, dict):
        raise _odd()
    name = one.get("id")
    if one.get("success") is True:
        if not isinstance(name, str):
            raise _odd()
        return Saved(id=name)
    errors = [each for each in one.get("errors") or () if isinstance(each, dict)]
    code = _code(errors[0]) if errors else ""
    return Saved(error=" ".join(map(_fault, errors)) or "It gives no reason.", is_busy=code in _BUSY)


def _fault(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a record: the fields, the words of Salesforce, and its code."""
    fields = error.get("fields")
    named = ", ".join(words(name) for name in fields) if isinstance(fields, list) else ""
    message = cut(" ".join(words(error.get("message")).split()), 400)
    return f"{f'{named}: ' if named else ''}{message} ({_code(error) or 'no code'})."


def _code(error: Mapping[str, Any]) -> str:
    """Return the code of an error: of an item it is called otherwise than of a request."""
    return words(error.get("statusCode") or error.get("errorCode"))


def _code_of(page: Page) -> str:
    if page.status == 200:  # noqa: PLR2004 - no error
        return ""
    told = _json(page)
    return _code(told[0]) if isinstance(told, list) and told and isinstance(told[0], dict) else ""


def _message_of(told: Any) -> str:
    first = told[0] if isinstance(told, list) and told else told
    message = words(first.get("message")) if isinstance(first, dict) else ""
    return cut(" ".join(message.split()), 400) or "it gives no reason"


def _host(url: Any, known: str) -> str:
    """Return scheme and host of the instance; the host we know where the answer has none as safe."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return known
    is_safe = parts and parts.netloc and parts.scheme == urlsplit(known).scheme
    return f"{parts.scheme}://{parts.netloc}" if parts and is_safe else known


def _user(identity: Any) -> str:
    name = identity.rpartition("/")[2] if isinstance(identity, str) else ""
    return name if name.startswith("005") else ""

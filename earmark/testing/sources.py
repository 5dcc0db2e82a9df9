"""The test kit of sources: the same checks for our own kinds and for those of other packages.

A subclass of ``SourceContract`` gives a source and recorded pages, and pytest runs the checks::

    class TestLobsters(SourceContract):
        source = Lobsters(site="https://forum.example/")
        pages = {"https://forum.example/newest.json": Path("newest.json").read_bytes()}
"""

import asyncio
import importlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import SecretStr

from earmark.contract import Feed, Letter, Page, Source
from earmark.errors import SourceChanged, SourceError, SourceUnavailable
from earmark.types import Event

__all__ = ["FakePoll", "Recorded", "SourceContract", "events_from"]

P = ParamSpec("P")
T = TypeVar("T")
Recorded = Page | bytes | str | Exception

_CLOCK_SKEW = timedelta(days=1)
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]+\d*);")
_BLOCK_PAGE = b"<!DOCTYPE html><html><head><title>Blocked</title></head><body>Log in to go on.</body></html>"
_NO_TEXT = bytes(range(128, 256)) * 8
_HOSTILE = (
    b"\0" * 64,
    b"{",
    b"[]",
    b"{}",
    b'{"items": 1}',
    b'{"items": [null, 1, {}, {"id": {}, "url": [], "title": 7}]}',
    b"[" * 5_000,
    b"null",
    b"<rss>",
    b"<rss><channel><item>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>&#xD800;</title></entry></feed>",
    b"<rss><channel><item><title>x</title><link>http://[::1</link></item></channel></rss>",
    b"\xff\xfe<\0r\0s\0s\0>\0",
    b"/etc/passwd",
    b"http://127.0.0.1:1/feed",
)
_MUTATIONS = 40


class FakePoll:
    """A ``Poll`` that answers from recorded pages and runs every parse in place.

    ``pages`` maps an address to a page, a body, or the error to raise (``Unchanged()`` for a 304); any
    other address is SourceUnavailable. ``asked`` lists the addresses asked for, in order. ``read_feed``
    reads feeds in place of earmark's own parser.
    """

    def __init__(
        self,
        pages: Mapping[str, Recorded],
        *,
        now: datetime | None = None,
        state: dict[str, Any] | None = None,
        read_feed: Callable[[bytes, str, str], Feed] | None = None,
        letters: Sequence[Letter] = (),
    ) -> None:
        self.now = now or datetime.now(UTC)
        self.state = {} if state is None else state
        self.asked: list[str] = []
        self._pages = pages
        self._letters = letters
        self._read_feed = read_feed or _own_parser()

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, conditional: bool = True
    ) -> Page:
        """Return the recorded page of an address, or raise the recorded error."""
        del headers, conditional
        return self._answer(url)

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Return the recorded page of an address, whatever is sent, or raise the recorded error."""
        del json, data, headers
        return self._answer(url)

    async def feed(self, page: Page) -> Feed:
        """Parse a page as a feed, here and now."""
        return self._read_feed(page.body, page.content_type, page.url)

    async def parse(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function, here and now."""
        return function(*args, **kwargs)

    async def mail(
        self, host: str, *, user: str, password: str, folder: str = "INBOX", after: int = 0, port: int = 993
    ) -> Sequence[Letter]:
        """Return the recorded letters after a uid, whatever the mailbox."""
        del host, user, password, folder, port
        return [letter for letter in self._letters if letter.uid > after]

    def files(self, folder: Path, pattern: str = "*") -> Sequence[Path]:
        """List the files of a folder, oldest first."""
        if not folder.is_dir():
            raise SourceUnavailable(f"There is no folder {folder}. Create it, or correct the option.")
        found = (path for path in folder.glob(pattern) if path.is_file())
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def _answer(self, url: str) -> Page:
        self.asked.append(url)
        answer = self._pages.get(url)
        if answer is None:
            raise SourceUnavailable(f"{url} is not among the recorded pages: {', '.join(self._pages)}.")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Page):
            return answer
        body = answer.encode() if isinstance(answer, str) else answer
        return Page(url=url, status=200, headers={}, body=body)


def _own_parser() -> Callable[[bytes, str, str], Feed]:
    # By name: this room may not import sources, and a plugin's tests should need earmark only.
    return cast("Callable[[bytes, str, str], Feed]", importlib.import_module("sources.feed").parse_feed)


def events_from(source: Source, poll: FakePoll) -> list[Event]:
    """Return what one poll of a source yields, in order."""

    async def collect() -> list[Event]:
        return [event async for event in source.poll(poll)]

    return asyncio.run(collect())


class SourceContract:
    """What every source promises, as tests: subclass it, set ``source`` and ``pages``, run pytest.

    ``now`` is the time of the poll; set it when the recorded pages need an older or newer one.
    """

    source: ClassVar[Source]
    pages: ClassVar[Mapping[str, Recorded]]
    now: ClassVar[datetime | None] = None

    def events(self) -> list[Event]:
        """Return what a poll of the recorded pages yields."""
        return events_from(self.source, FakePoll(self.pages, now=self.now))

    def test_yields_something_from_the_recorded_pages(self) -> None:
        """At least one event comes out of the sample."""
        _expect(bool(self.events()), "The source yields nothing from its recorded pages.")

    def test_ids_are_unique_and_stable(self) -> None:
        """Two polls of the same pages give the same ids, none of them twice or empty."""
        first = [event.external_id for event in self.events()]
        second = [event.external_id for event in self.events()]
        twice = sorted({name for name in first if first.count(name) > 1})
        _expect(not twice, f"These ids come more than once in one poll: {twice}.")
        _expect(first == second, "Two polls of the same pages give different ids.")
        _expect(all(first), "An event has an empty id.")

    def test_titles_and_texts_are_plain(self) -> None:
        """No title holds mark-up, entities or line breaks, and none is empty."""
        for event in self.events():
            found = _MARKUP.search(event.title)
            _expect(found is None, f"Title {event.title!r} holds mark-up: strip it.")
            _expect(
                event.title == " ".join(event.title.split()) != "", f"Title {event.title!r} is not plain."
            )

    def test_times_are_aware_and_past(self) -> None:
        """Every time has a zone and none lies in the future; None is right where the source gives none."""
        latest = (self.now or datetime.now(UTC)) + _CLOCK_SKEW
        for event in self.events():
            for time in (event.published_at, event.occurred_at):
                _expect(time is None or time.tzinfo is not None, f"{event.external_id}: {time} has no zone.")
                _expect(time is None or time <= latest, f"{event.external_id}: {time} lies in the future.")

    def test_links_are_web_addresses(self) -> None:
        """Links are absolute http or https addresses, or None."""
        for event in self.events():
            for link in (event.url, event.thread_url):
                right = link is None or _is_web(link)
                _expect(right, f"{event.external_id}: {link!r} is no http or https address.")

    def test_options_survive_a_json_round_trip(self) -> None:
        """Options written as JSON and read again make the same source."""
        again = type(self.source).model_validate(_options(self.source))
        _expect(again == self.source, "The source read from its own options differs.")

    def test_every_option_has_a_description(self) -> None:
        """Each option says what it means, and the class and the kind have a name."""
        bare = [name for name, field in type(self.source).model_fields.items() if not field.description]
        _expect(not bare, f"These options have no description: {bare}.")
        _expect(
            bool(type(self.source).__doc__), "The class has no docstring: it is shown in the list of kinds."
        )
        _expect(bool(getattr(type(self.source), "kind", "")), "The class has no 'kind'.")

    def test_an_empty_body_is_told_as_a_change(self) -> None:
        """An empty answer raises SourceChanged; silence would look like a quiet day."""
        self._changed(b"")

    def test_a_block_page_is_told_as_a_change(self) -> None:
        """An HTML page with status 200 raises SourceChanged."""
        self._changed(_BLOCK_PAGE)

    def test_undecodable_bytes_are_told_as_a_change(self) -> None:
        """Bytes that are no text raise SourceChanged."""
        self._changed(_NO_TEXT)

    def test_only_source_errors_escape_whatever_the_bytes(self) -> None:
        """Hostile bodies, and recorded ones cut and scrambled, raise SourceError or nothing."""
        for body in (*_HOSTILE, *_mutations(self.pages)):
            try:
                events_from(self.source, FakePoll(self._everywhere(body), now=self.now))
            except SourceError:
                continue
            except Exception as error:
                raise AssertionError(
                    f"{type(error).__name__} escapes for the body {body[:200]!r}."
                ) from error

    def _changed(self, body: bytes) -> None:
        try:
            events_from(self.source, FakePoll(self._everywhere(body), now=self.now))
        except SourceChanged as error:
            _expect(bool(str(error)), "SourceChanged says nothing.")
        else:
            raise AssertionError(f"No SourceChanged for the body {body[:80]!r}.")

    def _everywhere(self, body: bytes) -> Mapping[str, Recorded]:
        return dict.fromkeys(self.pages, body)


def _mutations(pages: Mapping[str, Recorded]) -> list[bytes]:
    chance = random.Random(20261121)  # noqa: S311 - the same mutations in every run
    bodies = [body for body in map(_body, pages.values()) if body]
    return [_mutated(chance.choice(bodies), chance) for _ in range(_MUTATIONS if bodies else 0)]


def _mutated(body: bytes, chance: random.Random) -> bytes:
    here, there = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    kind = chance.randrange(4)
    if kind == 0:  # cut off
        return body[:there]
    if kind == 1:  # a piece missing
        return body[:here] + body[there:]
    if kind == 2:  # noqa: PLR2004 - a piece twice
        return body[:there] + body[here:]
    return body[:here] + chance.randbytes(8) + body[here + 8 :]


def _body(recorded: Recorded) -> bytes:
    if isinstance(recorded, Page):
        return recorded.body
    if isinstance(recorded, Exception):
        return b""
    return recorded.encode() if isinstance(recorded, str) else recorded


def _options(source: Source) -> dict[str, Any]:
    written = source.model_dump(mode="json")
    secrets = {name: value for name, value in source if isinstance(value, SecretStr)}
    return written | {name: value.get_secret_value() for name, value in secrets.items()}


def _is_web(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _expect(right: bool, sentence: str) -> None:  # noqa: FBT001 - an assertion
    if not right:
        raise AssertionError(sentence)

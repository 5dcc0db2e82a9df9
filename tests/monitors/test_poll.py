import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from earmark.contract import Poll, Source, Unchanged
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.types import Event
from monitors import poll as poll_module
from monitors.parse import ParsePool
from monitors.poll import Outcome, poll_source
from storage.polls import Configured, Validators
from tests.builders import NOW, an_event
from tests.monitors.hostile import Handler, Hostile, a_fetcher, answer


class OnePage(Source):
    """Yields one event for each line of a page."""

    kind: ClassVar[str] = "one_page"
    url: str

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        page = await poll.get(self.url)
        for line in page.text().splitlines():
            yield an_event(line, external_id=line)
        poll.state["polls"] = poll.state.get("polls", 0) + 1


def configured(**changes: Any) -> Configured:
    fields: dict[str, Any] = {"id": "lines", "kind": "one_page", "options": {}, "next_poll_at": NOW}
    return Configured(**(fields | changes))


def polled(
    served: Mapping[str, Handler], *, source: Source | None = None, before: Configured | None = None
) -> tuple[Outcome, Hostile]:
    async def run() -> tuple[Outcome, Hostile]:
        async with Hostile(dict(served)) as server, a_fetcher(server) as fetcher, ParsePool() as pool:
            url = f"http://127.0.0.1:{server.port}/lines"
            known = before or configured()
            known = replace(
                known, pages={key.replace("PORT", str(server.port)): v for key, v in known.pages.items()}
            )
            chosen = source or OnePage(url=url)
            return await poll_source(known, chosen, fetcher, pool, NOW), server

    return asyncio.run(run())


def raising(error: BaseException, after: int = 1) -> Source:
    class Raising(Source):
        kind: ClassVar[str] = "raising"

        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            poll.state["touched"] = True
            for number in range(after):
                yield an_event(f"line {number}", external_id=str(number))
            raise error

    return Raising()


def test_a_poll_brings_events_with_what_must_be_stored_beside_them() -> None:
    outcome, server = polled(
        {"/lines": answer(b"one\ntwo", 'ETag: W/"x y"', "Last-Modified: odd, as it came")}
    )
    assert [event.title for event in outcome.events] == ["one", "two"]
    assert outcome.result == "new"
    assert outcome.state == {"polls": 1}
    (validators,) = outcome.pages.values()
    assert (validators.etag, validators.last_modified) == ('W/"x y"', "odd, as it came")
    assert len(server.seen) == 1


def test_a_304_ends_the_poll_quietly_and_keeps_the_validators() -> None:
    known = Validators(etag='"abc"', last_modified=None, body_hash="h")
    before = configured(pages={"http://127.0.0.1:PORT/lines": known}, state={"polls": 4})
    outcome, server = polled({"/lines": answer(status="304 Not Modified")}, before=before)
    assert (outcome.result, outcome.events, outcome.error) == ("unchanged", (), None)
    assert list(outcome.pages.values()) == [known]
    assert server.seen[0].headers["if-none-match"] == '"abc"'


def test_an_unchanged_body_is_not_read_even_without_validators() -> None:
    first, _ = polled({"/lines": answer(b"one\ntwo")})
    ((_, validators),) = first.pages.items()
    before = configured(pages={"http://127.0.0.1:PORT/lines": validators})
    second, _ = polled({"/lines": answer(b"one\ntwo")}, before=before)
    assert (second.result, second.events) == ("unchanged", ())
    third, _ = polled({"/lines": answer(b"one\ntwo\nthree")}, before=before)
    assert len(third.events) == 3


def test_an_unconditional_page_leaves_no_address_behind() -> None:
    class Cursor(OnePage):
        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            page = await poll.get(f"{self.url}?key=hidden&after=17", conditional=False)
            yield an_event(page.text())

    async def run() -> Outcome:
        async with Hostile({"/a": answer(b"x", 'ETag: "1"')}) as server, a_fetcher(server) as fetcher:
            source = Cursor(url=f"http://127.0.0.1:{server.port}/a")
            async with ParsePool() as pool:
                return await poll_source(configured(), source, fetcher, pool, NOW)

    outcome = asyncio.run(run())
    assert len(outcome.events) == 1
    assert outcome.pages == {}


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (SourceUnavailable("The host is down. It is tried again."), "unavailable"),
        (SourceRefused("The host says no. Look at it.", status=403), "refused"),
        (SourceChanged("This is no feed. Look at it."), "changed"),
        (ZeroDivisionError("secret detail"), "changed"),
    ],
)
def test_a_failure_is_a_value_and_keeps_what_came_before_it(error: Exception, result: str) -> None:
    outcome, _ = polled({}, source=raising(error, after=2))
    assert outcome.result == result
    assert outcome.error
    assert "secret detail" not in outcome.error
    assert len(outcome.events) == 2
    assert outcome.pages == {}
    assert outcome.state is None


def test_a_failed_poll_stores_no_validators_so_that_the_next_sees_everything_again() -> None:
    class Half(OnePage):
        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            await poll.get(self.url)
            yield an_event()
            raise SourceChanged("Half of it is missing. Look at it.")

    async def run() -> Outcome:
        async with Hostile({"/a": answer(b"x", 'ETag: "1"')}) as server, a_fetcher(server) as fetcher:
            source = Half(url=f"http://127.0.0.1:{server.port}/a")
            async with ParsePool() as pool:
                return await poll_source(configured(), source, fetcher, pool, NOW)

    assert asyncio.run(run()).pages == {}


def test_an_unchanged_second_page_keeps_what_the_first_brought() -> None:
    outcome, _ = polled({}, source=raising(Unchanged(), after=3))
    assert (outcome.result, len(outcome.events), outcome.error) == ("new", 3, None)


def test_a_hang_ends_by_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Source):
        kind: ClassVar[str] = "hanging"

        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            yield an_event(published_at=poll.now)
            await asyncio.Event().wait()

    monkeypatch.setattr(poll_module, "DEADLINE", timedelta(seconds=0.05))
    outcome, _ = polled({}, source=Hanging())
    assert outcome.result == "unavailable"
    assert len(outcome.events) == 1


def test_an_endless_source_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_module, "MOST_EVENTS", 10)
    outcome, _ = polled({}, source=raising(AssertionError("never reached"), after=1_000_000))
    assert outcome.result == "changed"
    assert "more than 10 events" in (outcome.error or "")


@pytest.mark.parametrize("state", [{"x": object()}, {"x": "y" * 1_000_001}])
def test_a_state_that_is_no_json_or_too_large_is_refused(state: dict[str, Any]) -> None:
    class Hoarding(Source):
        kind: ClassVar[str] = "hoarding"

        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            poll.state.update(state)
            yield an_event()

    outcome, _ = polled({}, source=Hoarding())
    assert outcome.result == "changed"
    assert len(outcome.events) == 1


def test_a_bad_state_is_told_also_where_nothing_was_new() -> None:
    class Odd(Source):
        kind: ClassVar[str] = "odd"

        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            poll.state["x"] = object()
            if not poll.state:
                yield an_event()
            raise Unchanged

    outcome, _ = polled({}, source=Odd())
    assert (outcome.result, outcome.state) == ("changed", None)
    assert "not JSON" in (outcome.error or "")


def test_the_state_of_a_source_is_its_own_copy() -> None:
    stored = {"seen": [1]}

    class Growing(Source):
        kind: ClassVar[str] = "growing"

        async def poll(self, poll: Poll) -> AsyncIterator[Event]:
            poll.state["seen"].append(2)
            yield an_event()

    outcome, _ = polled({}, source=Growing(), before=configured(state=stored))
    assert outcome.state == {"seen": [1, 2]}
    assert stored == {"seen": [1]}
    assert json.dumps(outcome.state)

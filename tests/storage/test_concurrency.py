import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import permutations
from threading import Barrier

import pytest

from earmark.lifecycle import Stage
from earmark.types import Lexicon, Past, Reading, StoredEvent
from matcher.decide import decide
from storage import accounts, events, history, outbox
from storage.engine import Engine, reading, writing
from tests.builders import NOW, a_match, a_stored_event, ago, an_account
from tests.storage.databases import emptied, opened

KEY = "a:norvik-labs"
LEXICON = Lexicon(accounts={"norvik-labs": an_account()}, targets=("crm",), threshold=10.0)


def tellings(number: int) -> list[StoredEvent]:
    """Return one story as several outlets tell it, hours apart."""
    return [
        a_stored_event(
            id=f"event-{n}",
            source=f"outlet-{n}",
            external_id=f"entry-{n}",
            url=f"https://outlet{n}.example/1",
            publisher=f"Outlet {n}",
            published_at=ago(1) + timedelta(hours=n),
            fingerprint=f"{n:024x}",
        )
        for n in range(number)
    ]


def write_down(engine: Engine, *new: StoredEvent) -> None:
    with writing(engine) as conn:
        stored = events.insert(conn, new)
        readings = [Reading(event=event, matches=(a_match(event),)) for event in new if event.id in stored]
        if readings:
            moments = [reading.event.order[0] for reading in readings]
            past = history.load(conn, [KEY], min(moments), max(moments))
            history.save(conn, decide(readings, past, LEXICON, NOW), NOW)


def outcome(engine: Engine) -> tuple[Past, int]:
    with writing(engine) as conn:
        past = history.load(conn, [KEY], NOW, NOW).pasts[KEY]
        return past, len(outbox.pending(conn, NOW))


@contextmanager
def workers(engine: Engine, number: int) -> Iterator[list[Engine]]:
    """Give each worker connections of its own, as if it were another process."""
    with ExitStack() as stack:
        url = engine.url.render_as_string(hide_password=False)
        yield [stack.enter_context(opened(url)) for _ in range(number)]


def together(tasks: list[Callable[[], None]]) -> None:
    start = Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        start.wait(10)
        task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        for done in [pool.submit(run, task) for task in tasks]:
            done.result()


def test_workers_that_write_one_story_at_once_make_one(engine: Engine) -> None:
    told = tellings(4)
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
    write_down(engine, *told)
    expected, sent = outcome(engine)
    assert (len(expected.stories), len(expected.triggers), sent) == (1, 1, 1)
    with workers(engine, 4) as crowd:
        for order in list(permutations(range(4)))[::8]:
            emptied(engine)
            with writing(engine) as conn:
                accounts.upsert(conn, [an_account()])
            together([partial(write_down, worker, told[n]) for n, worker in zip(order, crowd, strict=True)])
            past, sent = outcome(engine)
            assert sent == 1
            assert len(past.triggers) == len(past.transitions) == 1
            assert past.account is not None
            assert past.account.stage is Stage.OUTREACH_READY
            # The id of a story is that of whoever came first; what it tells is the same for all.
            assert [replace(story, id="") for story in past.stories] == [
                replace(story, id="") for story in expected.stories
            ]


def test_workers_that_store_the_same_events_at_once_store_each_once(engine: Engine) -> None:
    told = tellings(3)
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
    with workers(engine, 3) as crowd:
        together([partial(write_down, worker, *told[n:], *told[:n]) for n, worker in enumerate(crowd)])
    past, sent = outcome(engine)
    assert [len(story.matches) for story in past.stories] == [3]
    assert (len(past.triggers), sent) == (1, 1)


def test_workers_that_load_the_same_pasts_in_any_order_never_block_for_ever(engine: Engine) -> None:
    keys = [f"a:account-{n}" for n in range(40)]

    def work(worker: Engine, step: int) -> None:
        for turn in range(10):
            mine = keys[turn :: step + 1][:: (-1) ** turn]
            with writing(worker) as conn:
                history.load(conn, mine, NOW, NOW)

    with workers(engine, 3) as crowd:
        together([partial(work, worker, n) for n, worker in enumerate(crowd)])


_DYING = """
import sys
from storage import accounts, events, history
from storage.engine import connect, writing
from tests.builders import NOW, an_account
from tests.storage.test_concurrency import KEY, LEXICON, decide, tellings
from tests.builders import a_match
from earmark.types import Reading

with writing(connect(sys.argv[1])) as conn:
    told = tellings(2)
    accounts.upsert(conn, [an_account()])
    events.insert(conn, told)
    past = history.load(conn, [KEY], NOW, NOW)
    readings = [Reading(event=event, matches=(a_match(event),)) for event in told]
    history.save(conn, decide(readings, past, LEXICON, NOW), NOW)
    print("written, not kept", flush=True)
    sys.stdin.read()
"""


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_and_blocks_nobody(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-W", "ignore", "-c", _DYING, url]
    # The command is our own Python and the text above.
    with subprocess.Popen(  # noqa: S603 - see above
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "written, not kept\n"
        dying.kill()
    with reading(engine) as conn:
        assert events.count(conn) == accounts.count(conn) == 0
    past, sent = outcome(engine)
    assert (past, sent) == (Past(account=None), 0)
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
    write_down(engine, *tellings(2))
    assert len(outcome(engine)[0].stories) == 1


@pytest.mark.parametrize("number", [1_000, 5_000])
def test_thousands_of_pasts_can_be_locked_at_once(engine: Engine, number: int) -> None:
    with writing(engine) as conn:
        keys = [f"a:account-{n}" for n in range(number)]
        assert len(history.load(conn, keys, NOW, NOW).pasts) == number

"""How quick the page is with a long list: server time and size of an answer, change after change.

``python -m bench.page [TRIGGERS [ACCOUNTS [ADDRESS OF A DATABASE]]]`` makes such a list (100,000 open
triggers of 30,000 accounts, and a tenth as many accounts without one) and asks for each address of the list
thirty times, the counter of changes moving before each; it prints the median and the 95th percentile, by the
clock and of CPU alone, and bytes. A database at an address that is given must be empty, or made by this: it
can be used again. What is counted beside is waited for between the calls, not within them.
"""

import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from earmark.config import load
from earmark.lifecycle import Stage
from earmark.types import Account, Changes, History, Lexicon, Note, Past, Role, Story, Trigger
from matcher.decide import decide
from matcher.stories import identity
from monitors.sweep import refresh_scores
from review.page.app import create
from review.page.keys import cookie_of
from review.page.render import warm
from storage import accounts, events, history, rulebook, stories, triggers
from storage.counters import CHANGES, bump
from storage.engine import Engine, connect, migrate, reading, writing
from tests.builders import a_match, a_stored_event, an_account
from tests.matcher.pasts import a_reading

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
KINDS = ("funding_early", "exec_hire", "product_launch", "award_recognition", "partnership", "promotion")
WORDS = ("Norvik", "Brightquay", "Ostrava", "Pelluma", "Tarnwood", "Quillmere", "Hexford", "Aldersund")
QUERIES = (
    *("q=norvik", "q=award", "q=pelluma+hex", "q=29999", "q=nothing", "sort=newest&q=norvik"),
    *("kind=partnership&tier=B", "kind=award_recognition", "tier=C", "tier=none", "stage=hot", "stage=cold"),
    *("owner=ann", "owner=nobody", "owner=none", "score=90", "since=-1d", "mark=backfill", "problem=none"),
    *("source=none", "sort=newest", "owner=ann&sort=newest", "sort=ending", "sort=ending&kind=partnership"),
    *("state=everything", "state=everything&q=award", "state=everything&tier=A&stage=hot"),
    *("state=everything&stage=cold", "state=everything&kind=partnership", "state=everything&mark=backfill"),
    *("state=dismissed", "state=snoozed", "state=expired&tier=A"),
)
TIMES = 30
BATCH = 2_000


def account_of(number: int) -> Account:
    """Return an account of the list."""
    name = f"{WORDS[number % 8]} {WORDS[number // 8 % 8]} {number}"
    stages = (Stage.OUTREACH_READY, Stage.OUTREACH_READY, Stage.WARM)
    return an_account(
        name,
        id=f"acct-{number}",
        aliases=(f"{WORDS[number % 8]} {number}",),
        stage=stages[number % 3] if number % 1_000 else Stage.HOT,
        stage_since=NOW - timedelta(days=3),
        owner=(None, "ann", "bo", "cem")[number % 4],
        tier="ABC"[number % 3],
        industry="Software",
        country="DE",
        size=10 * number,
    )


def _told(number: int, listed: int) -> tuple[Story, Trigger]:
    """Return the template of a story and its trigger for one number: decided as in life, then copied."""
    kind = KINDS[number % len(KINDS)]
    account = account_of(number % listed)
    title = f"{account.name} tells of its {kind.replace('_', ' ')} number {number}"
    event = a_stored_event(
        title,
        text=f"{title}. " + "All that is known of it so far stands in this note of a few lines. " * 8,
        id=identity("event", number),
        external_id=str(number),
        fingerprint=identity("print", number),
        published_at=NOW - timedelta(minutes=7 * (number % 5_000)),
        seen_at=NOW - timedelta(minutes=5 * (number % 5_000)),
        url=f"https://wire-{number % 50}.example/{number}",
    )
    made = _template(kind)
    story = replace(
        made.stories[0],
        id=identity("story", number),
        key=f"a:{account.id}",
        account=account.id,
        matches=(replace(made.stories[0].matches[0], event=event, account=account.id),),
    )
    trigger = replace(
        made.triggers[0],
        id=identity("trigger", number),
        account=account.id,
        story=story.id,
        created_at=event.seen_at,
        decays_from=event.happened_at or NOW,
        note=_note(made.triggers[0].note, account, title),
    )
    return story, trigger


_templates: dict[str, Changes] = {}


def _template(kind: str) -> Changes:
    if kind not in _templates:
        role = Role.RAISER if kind.startswith("funding") else Role.SUBJECT
        match = a_match(a_stored_event(published_at=NOW - timedelta(days=1)), kind=kind, role=role)
        past = History(pasts={"a:norvik-labs": Past(account=an_account())})
        _templates[kind] = decide([a_reading(match)], past, Lexicon(), NOW)
    return _templates[kind]


def _note(note: Note | None, account: Account, title: str) -> Note | None:
    first = note.sentences[0] if note else None
    if note is None or first is None:
        return note
    return replace(
        note, headline=f"{account.name} {title}", sentences=(replace(first, text=title), *note.sentences[1:])
    )


def fill(engine: Engine, count: int, listed: int) -> None:
    """Store so many open triggers of so many accounts."""
    with writing(engine) as conn:
        moved = tuple(account_of(number) for number in range(listed))
        accounts.upsert(conn, [*moved, *(an_account(f"Silent {n}") for n in range(listed // 10))])
        history.save(conn, Changes(accounts=moved), NOW)
    for start in range(0, count, BATCH):
        told = [_told(number, listed) for number in range(start, min(count, start + BATCH))]
        with writing(engine) as conn:
            events.insert(conn, [story.matches[0].event for story, _ in told])
            stories.save(conn, [story for story, _ in told], {})
            triggers.save(conn, [trigger for _, trigger in told])
    with reading(engine) as conn:
        lexicon = rulebook.lexicon(conn, ())
    refresh_scores(engine, lexicon, NOW)


async def measure(engine: Engine, folder: Path) -> None:
    """Ask for each address and print how long the answers took."""
    token = "t" * 32
    (folder / "earmark.toml").write_text("", encoding="utf-8")
    app = create(load(folder), engine, token, now=lambda: NOW)
    warm()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8787", cookies={cookie_of(token): token}, timeout=60
    ) as client:
        first = (await client.get("/?after=all")).text
        picked = first.split('data-row="', 1)[-1].split('"', 1)[0]
        await _ask(
            client, engine, "/", "/?after=all", f"/part?after=all&pick={picked}", f"/triggers/{picked}"
        )
        await _ask(client, engine, *(f"/?{query}" for query in QUERIES), "/learned")


async def _ask(client: httpx.AsyncClient, engine: Engine, *paths: str) -> None:
    for path in paths:
        took, busy, size = list[float](), list[float](), 0
        for _ in range(TIMES):
            with writing(engine) as conn:
                bump(conn, CHANGES)
            start, cpu = time.perf_counter(), time.process_time()
            answer = await client.get(path)
            took.append(1_000 * (time.perf_counter() - start))
            busy.append(1_000 * (time.process_time() - cpu))
            answer.raise_for_status()
            size = len(answer.content)
            for beside in [one for one in threading.enumerate() if one.name == "count"]:
                beside.join()
        rows = answer.text.count("data-row=")
        said = "  ".join(f"{name} {_spread(times)}" for name, times in (("wall", took), ("CPU", busy)))
        print(f"{path[:36]:36} {said}  first {took[0]:4.0f}  {size / 1024:5.1f} KB  {rows} rows", flush=True)


def _spread(times: list[float]) -> str:
    return f"p50 {statistics.median(times):4.0f} p95 {statistics.quantiles(times, n=20)[-1]:4.0f} ms"


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def main() -> None:
    """Make the list and measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    listed = int(sys.argv[2]) if len(sys.argv) > 2 else 30_000  # noqa: PLR2004 - the second word
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[3] if len(sys.argv) > 3 else f"sqlite:///{folder}/earmark.db"  # noqa: PLR2004 - third
        with _engine(url) as engine:
            migrate(engine)
            with reading(engine) as conn:
                empty = accounts.count(conn) == 0
            if empty:
                start = time.perf_counter()
                fill(engine, count, listed)
                print(f"{count:,} triggers of {listed:,} accounts in {time.perf_counter() - start:.0f} s")
            asyncio.run(measure(engine, Path(folder)))


if __name__ == "__main__":
    main()

"""The straight line on real input: real accounts, real headlines and posts, over HTTP, twice.

Serves the events of ``../shared/eval`` as feeds, one per outlet and forum, imports its accounts, polls
everything twice and prints the figures; then runs ``evaluate`` and its scorer. That material may not be
shipped, so it lies beside the checkout; without it the script says so and ends.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

ROOT: Final = Path(__file__).resolve().parents[1]
EVAL: Final = ROOT.parent / "shared" / "eval"
NOW: Final = "2026-05-01T00:00:00Z"
os.environ["EARMARK_NOW"] = NOW

from earmark.config import Settings, clock, load  # noqa: E402 - the clock is fixed before anything reads it
from earmark.intake import read_accounts  # noqa: E402
from earmark.triggers import CATALOGUE, Polarity  # noqa: E402
from earmark.types import TriggerState  # noqa: E402
from matcher import proof  # noqa: E402
from monitors import evaluate, recorded  # noqa: E402
from monitors.pipeline import Written  # noqa: E402
from monitors.up import poll_once  # noqa: E402
from storage import accounts, events, polls, triggers  # noqa: E402
from storage.engine import connect, migrate, reading, writing  # noqa: E402

MOST: Final = 1_000_000


def main() -> int:
    """Run it all; 0 when the second poll found nothing new, or when there is nothing to run on."""
    if not EVAL.is_dir():
        print(f"skipped: there is no {EVAL.relative_to(ROOT.parent)} beside this checkout to read from")
        return 0
    by_outlet = entries_by_outlet([EVAL / "events.jsonl", EVAL / "natural.jsonl"])
    pages = {f"{slug}.xml": as_rss(slug, entries) for slug, entries in by_outlet.items()}
    with tempfile.TemporaryDirectory() as folder, recorded.serve(pages) as port:
        workspace = Path(folder)
        settings = begin(workspace, port, sorted(pages))
        again = run_polls(settings, sorted(by_outlet))
        show_result(settings)
        show_scores(workspace)
    return 1 if again else 0


def entries_by_outlet(paths: Iterable[Path]) -> dict[str, list[dict[str, Any]]]:
    """Return the events of the files by the slug of their outlet."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line)
            name = event["outlet"] or event["source_kind"]
            found[re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")].append(event)
    return found


def as_rss(title: str, events: Iterable[Mapping[str, Any]]) -> recorded.RecordedPage:
    """Return an RSS 2.0 page of the events, as an outlet would publish them."""
    items = "\n".join(_item(event) for event in events)
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>{escape(title)}</title>'
        f"<link>https://{title}.example/</link><description>{escape(title)}</description>\n{items}\n"
        "</channel></rss>\n"
    )
    return recorded.RecordedPage(body=body.encode(), content_type="application/rss+xml; charset=utf-8")


def _item(event: Mapping[str, Any]) -> str:
    parts = [
        f"<title>{escape(event['title'])}</title>",
        f'<guid isPermaLink="false">{escape(event["id"])}</guid>',
        f"<link>{escape(event['url'])}</link>" if event["url"] else "",
        f"<description>{escape(escape(event['text']))}</description>" if event["text"] else "",
    ]
    if event["published"]:
        published = format_datetime(datetime.fromisoformat(event["published"]))
        parts.append(f"<pubDate>{published}</pubDate>")
    return f"<item>{''.join(parts)}</item>"


def begin(workspace: Path, port: int, names: Iterable[str]) -> Settings:
    """Make a workspace with the real accounts and one source per page."""
    (workspace / "earmark.toml").write_text(
        '[http]\ncontact = "real-input@earmark.example"\nspacing = 0\nper_host = 16\n'
        f'allow = ["{recorded.HOST}:{port}"]\n',
        "utf-8",
    )
    settings = load(workspace)
    engine = connect(settings.database_url)
    migrate(engine)
    with measured("accounts imported"), writing(engine) as connection:
        intake = read_accounts(EVAL / "accounts.csv")
        upserted = accounts.upsert(connection, intake)
    print(f"  {intake.report.words}; added {upserted.added:,}")
    with writing(engine) as connection:
        for name in names:
            options = {"url": f"http://{recorded.HOST}:{port}/{name}", "backfill": "all"}
            polls.add(connection, Path(name).stem, "feed", options, clock())
    return settings


def run_polls(settings: Settings, sources: list[str]) -> int:
    """Poll everything twice and print what came.

    Return how many events the second poll took for new, and sources it left out: 0 is what is promised.
    """
    with measured("first poll"):
        first = poll_once(settings)
    _show("first poll", first)
    with measured("second poll"):
        second = poll_once(settings, sources)
    _show("second poll", second)
    unasked = len(sources) - len(second)
    return unasked + sum(written.new + written.revised for written in second)


def _show(name: str, polled: list[Written]) -> None:
    total = Counter[str]()
    for written in polled:
        for field in ("new", "revised", "known", "baseline", "undated", "triggers", "promoted"):
            total[field] += getattr(written, field)
    print(f"  {name}: {len(polled)} sources; " + ", ".join(f"{key} {n:,}" for key, n in total.items()))


def show_result(settings: Settings) -> None:
    """Print what the database holds after the polls."""
    engine = connect(settings.database_url)
    with reading(engine) as connection:
        states = {state: triggers.find(connection, state=state, limit=MOST) for state in TriggerState}
        listed = accounts.every(connection)
        recent = polls.every(connection)
        ages = [clock() - event.happened_at for event in events.stream(connection) if event.happened_at]
    stages = Counter(account.stage for account in listed.values())
    notes = [(each.note, listed.get(each.account or "")) for each in states[TriggerState.OPEN] if each.note]
    unproven = [word for note, account in notes for word in proof.unproven(note, account)]
    failing = [source for source in recent if source.last_error]
    longest = max(kind.expires for kind in CATALOGUE.values() if kind.polarity is Polarity.BUY)
    expired = sum(age > longest for age in ages)
    print(
        f"events: {len(ages):,} dated, {expired:,} of them expired on arrival (over {longest.days} days old)"
    )
    print("triggers: " + ", ".join(f"{state} {len(found):,}" for state, found in states.items()))
    print(f"notes: {len(notes):,} on open triggers; names, numbers and dates without proof: {len(unproven)}")
    print("accounts: " + ", ".join(f"{stage} {n:,}" for stage, n in sorted(stages.items())))
    print(
        f"sources failing: {len(failing)}" + "".join(f"\n  {each.id}: {each.last_error}" for each in failing)
    )


def show_scores(folder: Path) -> None:
    """Run ``evaluate`` on the labelled events and the ambiguous sentences, and print their scores."""
    for labelled, gold in (("events.jsonl", "gold.jsonl"), ("ambiguous.jsonl", "ambiguous.jsonl")):
        out = folder / f"predicted-{labelled}"
        with measured(f"evaluate {labelled}"):
            evaluate.run(EVAL / "accounts.csv", EVAL / labelled, out)
        command = [sys.executable, str(EVAL / "score.py"), str(EVAL / gold), str(out), "--boot", "200"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
        print(done.stdout or done.stderr)


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print wall time, CPU time with all ended workers, and peak memory, when the block ends."""
    start, cpu = time.perf_counter(), _cpu_seconds()
    yield
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(
        f"{what}: {time.perf_counter() - start:.1f} s, {_cpu_seconds() - cpu:.1f} CPU s; "
        f"peak memory so far {own} MB, of one worker {worker} MB",
        flush=True,
    )


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    sys.exit(main())

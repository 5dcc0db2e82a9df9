"""A workspace for tests of the command line: real settings, a real database, events through the real line."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from earmark.cli import app
from earmark.config import load
from earmark.types import Event
from matcher.read import Matcher
from monitors import pipeline
from monitors.poll import Outcome
from sources.registry import build
from storage import polls, rulebook
from storage.engine import connect, reading, writing
from storage.polls import Finished
from tests.builders import NOW, ago, an_event

ACCOUNTS = """\
name,domain,industry,country,employees,tier,owner,Segment
Norvik Labs,norviklabs.example,Robotics,Norway,51-200,A,Ada Lind,North
Oskarion Freight,oskarion.example,Logistics,Latvia,240,B,Bo Frid,East
Zephyrine Bio,zephyrine.example,Biotech,Denmark,90,A,Ada Lind,North
"""

FUNDING = an_event(
    "Norvik Labs raises $20 million Series B",
    external_id="funding",
    text="Norvik Labs raised $20 million in a Series B round led by Fjord Capital.",
    publisher="wire.example",
)
HIRE = an_event(
    "Norvik Labs appoints Ingrid Maas as chief financial officer",
    external_id="hire",
    url="https://wire.example/hire",
    publisher="wire.example",
    published_at=ago(3),
)
OFFICE = an_event(
    "Oskarion Freight opens Singapore office",
    external_id="office",
    url="https://wire.example/office",
    publisher="wire.example",
    published_at=ago(2),
)


def earmark(folder: Path, *args: str, given: str | None = None) -> Result:
    """Run a verb in a folder."""
    return CliRunner().invoke(app, ["--workspace", str(folder), *args], input=given)


def well(folder: Path, *args: str, given: str | None = None) -> str:
    """Run a verb that must end well, and return its output."""
    result = earmark(folder, *args, given=given)
    assert result.exit_code == 0, (args, result.output, result.exception)
    return result.stdout


def json_of(folder: Path, *args: str) -> Any:
    """Run a verb with --json and return what it says."""
    return json.loads(well(folder, *args, "--json"))


def a_workspace(folder: Path, accounts: str = ACCOUNTS) -> Path:
    """Begin a workspace with three accounts and one source, which is never polled over the network."""
    file = folder / "list.csv"
    file.write_text(accounts, encoding="utf-8")
    well(folder, "init", str(file), "--contact", "sdr@norvik.example")
    well(folder, "sources", "add", "https://wire.example/feed.xml", "--id", "wire")
    return folder


def tell(folder: Path, events: Sequence[Event], now: datetime = NOW) -> None:
    """Let the source tell events, as if it had been polled."""
    engine = connect(load(folder).database_url)
    with reading(engine) as connection:
        configured = polls.get(connection, "wire")
        lexicon = rulebook.lexicon(connection)
    assert configured is not None
    source = build(configured.kind, configured.options)
    outcome = Outcome(source="wire", result="new", started_at=now, events=tuple(events))
    arrivals = pipeline.read(engine, outcome, configured, source)
    readings = pipeline.think(Matcher(lexicon), arrivals)
    finished = Finished(
        source="wire", started_at=now, finished_at=now, outcome="new", next_poll_at=now, seen=len(events)
    )
    pipeline.write(engine, arrivals, readings, finished, lexicon=lexicon, now=now)
    engine.dispose()


def fail(folder: Path, error: str, *, paused: bool = False) -> None:
    """Let a poll of the source fail."""
    engine = connect(load(folder).database_url)
    with writing(engine) as connection:
        finished = Finished(
            source="wire",
            started_at=NOW,
            finished_at=NOW,
            outcome="refused" if paused else "unavailable",
            error=error,
            paused_reason=error if paused else None,
            failures=1,
            next_poll_at=NOW,
        )
        polls.finish(connection, [finished])
    engine.dispose()

"""Packages of third parties, installed for real: the good one works, the hostile one harms nobody."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT, run_python

pytestmark = pytest.mark.slow
RUBBISH = {
    "dict": "a dict where an event belongs",
    "none": "a NoneType where an event belongs",
    "number": "external_id is a int",
    "time": "published_at is a str",
    "hints": "hints is a str",
    "lone surrogate": "a state that is not JSON",
}
HERE = Path(__file__).parent
POLL = """
import asyncio, json, sys
from datetime import UTC, datetime, timedelta
import monitors.poll as poll
from earmark.contract import Page
from matcher.read import Matcher
from earmark.types import Lexicon
from monitors.identity import identified
from sources.registry import broken, build, kinds
from storage.polls import Configured

poll.DEADLINE = timedelta(seconds=0.2)

class Fetcher:
    async def fetch(self, method, url, **_):
        from monitors.http import Answer
        return Answer(url=url, status=200, headers={}, body=b"SHIPS\\nMV Norvik\\n", etag=None,
                      last_modified=None, moved_to=None, not_modified=False, elapsed=timedelta())

now = datetime(2026, 11, 21, 9, tzinfo=UTC)
told = {}
for name, kind, options in json.loads(sys.argv[1]):
    configured = Configured(id=name, kind=kind, options=options, next_poll_at=now)
    outcome = asyncio.run(poll.poll_source(configured, build(kind, options), Fetcher(), None, now))
    stored = [identified(event, source=name, now=now) for event in outcome.events]
    for event in stored:
        Matcher(Lexicon()).read(event)
    told[name] = [outcome.result, outcome.error, [event.title for event in outcome.events]]
print(json.dumps({"kinds": list(kinds()), "broken": dict(broken()), "told": told,
                  "feed": kinds()["feed"].__module__}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which both packages are installed."""
    folder = tmp_path_factory.mktemp("plugins")
    copies = [shutil.copytree(HERE / name, folder / name) for name in ("good", "hostile")]
    target = folder / "site"
    subprocess.run(  # noqa: S603 - our own interpreter and packages
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--target", str(target), *map(str, copies)),
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )
    return target


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, Any]:
    """What a new process with both packages sees when it polls all their kinds."""
    ship = {"url": "https://harbour.example/ships"}
    sources = [("stuck", "hangs", {}), ("rude", "leaves", {}), ("port", "harbour", ship)]
    sources += [(what, "rubbish", {"what": what}) for what in RUBBISH]
    done = run_python("-c", POLL, json.dumps(sources), PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_the_good_package_is_a_kind_like_ours_and_is_polled(found: dict[str, Any]) -> None:
    assert "harbour" in found["kinds"]
    assert found["told"]["port"] == ["new", None, ["MV Norvik arrives"]]


def test_what_can_not_be_loaded_is_named_and_our_own_kinds_stay(found: dict[str, Any]) -> None:
    assert {"raises", "exits", "feed"} == set(found["broken"])
    assert "no licence found" in found["broken"]["raises"]
    assert "earmark-hostile" in found["broken"]["exits"]
    assert "of that name already" in found["broken"]["feed"]
    assert found["feed"] == "sources.feed"
    assert {"feed", "hangs", "harbour"} <= set(found["kinds"])


def test_a_source_that_hangs_ends_at_the_deadline(found: dict[str, Any]) -> None:
    result, error, events = found["told"]["stuck"]
    assert (result, events) == ("unavailable", [])
    assert "took longer than" in error


@pytest.mark.parametrize("what", RUBBISH)
def test_rubbish_is_told_as_a_fault_of_its_kind(found: dict[str, Any], what: str) -> None:
    result, error, events = found["told"][what]
    assert result == "changed"
    assert RUBBISH[what] in error
    assert all(isinstance(title, str) for title in events)


def test_a_source_that_wants_to_end_the_program_ends_only_its_poll(found: dict[str, Any]) -> None:
    assert found["told"]["rude"][0] == "changed"


@pytest.mark.parametrize(("group", "kind"), [("sources", "city-register"), ("exports", "card-index")])
def test_a_new_package_passes_its_own_contract(tmp_path: Path, group: str, kind: str) -> None:
    package = tmp_path / "package"
    made = run_python(
        "-c",
        "import earmark.cli; earmark.cli.main()",
        group,
        "new",
        kind,
        "--folder",
        str(package),
    )
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=package,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout

"""Are the tests able to fail? One small fault at a time is put into the code, and the tests must notice.

Under fault is what decides that nothing is told twice and nothing is lost: identity, stories, the outbox,
leases, deliveries, reading back. The tree is copied to a scratch folder; each mutant is a process of its
own, two at once at most, and runs only the fast tests that run its lines, the quickest first. A mutant that
changes nothing anybody could see stands in ``mutants.json`` with the reason. Run with
``python -m bench.mutants [--each N] [--seed N] [MODULE …]``; thirty mutants of each module take some
twenty minutes.
"""

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from bench.faults import Fault, broken, faults_of

ROOT: Final = Path(__file__).resolve().parent.parent
REASONS: Final = ROOT / "bench" / "mutants.json"
AT_ONCE: Final = 2
MOST_SECONDS: Final = 20.0  # of tests for one mutant: the quickest that run its line
PROCESSOR: Final = 60  # seconds of it for one mutant, which may have made a loop without end
LIMIT: Final = 600.0  # seconds in all, for one that waits
LEFT_BEHIND: Final = (".git", ".venv", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache", "docs")

_DRIVES: Final = (
    "tests/monitors/test_deliver.py",
    "tests/monitors/test_deliver_steps.py",
    "tests/exports/test_by_name.py",
)
_POLLS: Final = ("tests/monitors/test_pipeline.py", "tests/monitors/test_repeats.py")
_STORIES: Final = (
    "tests/matcher/test_stories.py",
    "tests/matcher/test_tellings.py",
    "tests/matcher/test_duplicates.py",
    "tests/matcher/test_decide.py",
    "tests/monitors/test_joins.py",
)
MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "monitors/identity.py": ("tests/monitors/test_identity.py", *_POLLS),
    "matcher/normalise.py": ("tests/matcher/test_normalise.py", "tests/matcher/test_names.py", *_POLLS),
    "matcher/stories.py": _STORIES,
    "matcher/tellings.py": _STORIES,
    "matcher/outgoing.py": (
        "tests/matcher/test_outgoing.py",
        "tests/matcher/test_decide.py",
        "tests/matcher/test_routing.py",
    ),
    "storage/events.py": ("tests/storage/test_events.py", "tests/storage/test_concurrency.py", *_POLLS),
    "storage/outbox.py": ("tests/storage/test_outbox.py", "tests/storage/test_concurrency.py", *_DRIVES),
    "storage/deliveries.py": ("tests/storage/test_deliveries.py", *_DRIVES),
    "storage/leases.py": ("tests/storage/test_leases.py", "tests/storage/test_polls.py"),
    "monitors/deliver.py": (*_DRIVES, "tests/monitors/test_targets.py", "tests/exports/test_hubspot.py"),
    "monitors/readback.py": ("tests/monitors/test_readback.py", "tests/exports/test_crm_read_back.py"),
    "monitors/retry.py": ("tests/monitors/test_http_pace.py",),
    "monitors/turns.py": ("tests/monitors/test_http_pace.py",),
    "exports/webhook.py": ("tests/exports/test_webhook.py",),
    "exports/company.py": (
        "tests/exports/test_company.py",
        "tests/exports/test_hubspot.py",
        "tests/exports/test_attio.py",
    ),
}
_HEAVY: Final = (
    *("hypothesis", "sqlalchemy.dialects.sqlite", "alembic", "pydantic", "httpx", "respx"),
    *("bs4", "feedparser", "fastfeedparser", "charset_normalizer", "argon2", "pebble", "protego"),
)
"""What is imported once, before the processes part."""


@dataclass(slots=True)
class Reach:
    """Which tests run which lines of a module, and how long each takes."""

    lines: dict[str, dict[int, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, fault: Fault) -> list[str]:
        """Return the tests that run what the fault is in, the quickest first."""
        here = self.lines[fault.module]
        lines = fault.lines or here.keys()  # what stands at the top of a module is run by all
        tests = set().union(*(here.get(line, ()) for line in lines))
        ranked = sorted(tests, key=lambda test: (self.seconds[test], test))
        spent = accumulate(self.seconds[test] for test in ranked)
        return [test for test, sum_ in zip(ranked, spent, strict=True) if sum_ <= MOST_SECONDS] or ranked[:1]


class _Watch:
    """A plugin of pytest that writes down which lines each test runs."""

    def __init__(self, folder: Path, answer: Path) -> None:
        self._files = {str(folder / module): module for module in MODULES}
        self._answer = answer
        self._hits: dict[str, set[tuple[str, int]]] = {}
        self._now: set[tuple[str, int]] = set()
        self._seconds: dict[str, float] = defaultdict(float)
        self._bad: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        self._now = self._hits.setdefault(item.nodeid, set())
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if not report.passed:
            self._bad.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        hits = {test: sorted(lines) for test, lines in self._hits.items() if test not in self._bad}
        told = {"hits": hits, "seconds": self._seconds, "bad": sorted(self._bad)}
        self._answer.write_text(json.dumps(told), encoding="utf-8")

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        del event, arg
        return self._step if frame.f_code.co_filename in self._files else None

    def _step(self, frame: FrameType, event: str, arg: object) -> Any:
        del arg
        if event == "line":
            self._now.add((self._files[frame.f_code.co_filename], frame.f_lineno))
        return self._step


def _pytest(folder: Path, arguments: Sequence[str], plugins: Sequence[object] = ()) -> int:
    """Run tests of a copy of the tree in this very process, in silence; it ends with them."""
    os.setsid()
    os.chdir(folder)
    if not plugins:
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    # What is compiled while the lines are learned serves every mutant.
    sys.dont_write_bytecode = not plugins
    os.environ["PYTHONDONTWRITEBYTECODE"] = "" if plugins else "1"
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    sys.path[:] = [str(folder), *(path for path in sys.path if path not in {"", str(ROOT)})]
    for name in [name for name in sys.modules if name.split(".")[0] in {"bench", "tests"}]:
        del sys.modules[name]
    os.environ["PYTHONPATH"] = str(folder)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder.parent)
    quiet = ("-q", "-x", "-m", "not slow", "--hypothesis-seed=0")
    plain = ("-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider")
    imported = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    return int(pytest.main([*quiet, *plain, *imported, *arguments], plugins=list(plugins)))


def _copied(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    return folder


def _all(
    jobs: Sequence[Any], folders: Sequence[Path], run: Callable[[Any, Path], int]
) -> Iterator[tuple[Any, int]]:
    """Yield each job with the exit code of its process: one process each, as many at once as folders."""
    waiting, busy, free = list(reversed(jobs)), dict[int, tuple[Any, Path, float]](), list(folders)
    while waiting or busy:
        while waiting and free:
            job, folder = waiting.pop(), free.pop()
            pid = os.fork()
            if pid == 0:
                code = 70
                with contextlib.suppress(BaseException):
                    code = run(job, folder)
                os._exit(code)
            busy[pid] = (job, folder, time.monotonic() + LIMIT)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            for late in [late for late, (_, _, until) in busy.items() if until < time.monotonic()]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(late, signal.SIGKILL)
            time.sleep(0.02)
            continue
        job, folder, _ = busy.pop(pid)
        free.append(folder)
        yield job, os.waitstatus_to_exitcode(status)


def reach(modules: Sequence[str], folders: Sequence[Path]) -> Reach:
    """Run the tests of these modules as they are, and return which lines each of them runs."""
    found = Reach()
    files = sorted({test for module in modules for test in MODULES[module]})

    def watched(file: str, folder: Path) -> int:
        answer = folder.parent / f"{file.replace('/', '-')}.json"
        return _pytest(folder, ["--maxfail=1000", file], [_Watch(folder, answer)])

    for file, _ in _all(files, folders, watched):
        told = json.loads((folders[0].parent / f"{file.replace('/', '-')}.json").read_text(encoding="utf-8"))
        for test in told["bad"]:
            print(f"left out, for it fails or is skipped as things stand: {test}", flush=True)
        for test, lines in told["hits"].items():
            found.seconds[test] = told["seconds"][test]
            for module, line in lines:
                found.lines[module][line].add(test)
    return found


def verdicts(faults: Sequence[Fault], folders: Sequence[Path], reached: Reach) -> Iterator[tuple[Fault, str]]:
    """Yield what became of each: killed, late (killed by the clock) or survived."""

    def tried(fault: Fault | None, folder: Path) -> int:
        if fault is None:
            return _pytest(folder, sorted({test for each in faults for test in reached.of(each)[:5]}))
        place = folder / fault.module
        whole = place.read_text(encoding="utf-8")
        for stale in place.parent.glob(f"__pycache__/{place.stem}.*"):
            stale.unlink()
        place.write_text(broken(whole, fault.number), encoding="utf-8")
        try:
            return _pytest(folder, reached.of(fault))
        finally:
            place.write_text(whole, encoding="utf-8")

    if any(code for _, code in _all([None], folders, tried)):
        sys.exit("These tests fail though nothing was changed. Mend that first.")
    for fault in faults:
        if not reached.of(fault):
            yield fault, "survived"
    for fault, code in _all([fault for fault in faults if reached.of(fault)], folders, tried):
        if code < 0:  # the clock ended it, before it could put its file back
            for folder in folders:
                shutil.copy2(ROOT / fault.module, folder / fault.module)
        yield fault, "survived" if code == 0 else "late" if code < 0 else "killed"


def _chosen(module: str, each: int, seed: int) -> list[Fault]:
    """Return so many faults of a module: the same ones as long as the lines stay as they are."""
    faults = faults_of(module, (ROOT / module).read_text(encoding="utf-8"))
    by_lot = sorted(faults, key=lambda one: hashlib.sha256(f"{seed}{module}{one.what}".encode()).digest())
    return by_lot[:each]


def main() -> None:
    """Measure the modules asked for, and print the score of each and what survived."""
    parser = argparse.ArgumentParser(description="Mutation score of the code that keeps identity and outbox.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as storage/outbox.py; all without")
    parser.add_argument("--each", type=int, default=30, help="mutants of each module; 0 makes all")
    parser.add_argument("--seed", type=int, default=20, help="which of them")
    asked = parser.parse_args()
    modules = asked.modules or list(MODULES)
    reasons = json.loads(REASONS.read_text(encoding="utf-8"))
    for name in _HEAVY:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="earmark-mutants-") as scratch:
        folders = [_copied(Path(scratch) / str(number)) for number in range(AT_ONCE)]
        reached = reach(modules, folders)
        took = sum(reached.seconds.values())
        print(f"{len(reached.seconds)} tests run these lines, in {took:.0f} s", flush=True)
        total: dict[str, int] = defaultdict(int)
        for module in modules:
            excused = reasons.get(module, {})
            faults = _chosen(module, asked.each or sys.maxsize, asked.seed)
            tally: dict[str, int] = defaultdict(int)
            able = [one for one in faults if one.what not in excused]
            for fault, verdict in verdicts(able, folders, reached):
                tally[verdict] += 1
                if verdict == "survived":
                    print(f"  survived: {module}:{fault.line} {fault.what}", flush=True)
            tally["equivalent"] = sum(one.what in excused for one in faults)
            print(_line(module, tally), flush=True)
            for verdict, number in tally.items():
                total[verdict] += number
        print(_line("all", total))


def _line(name: str, tally: Mapping[str, int]) -> str:
    found = tally.get("killed", 0) + tally.get("late", 0)
    able = found + tally.get("survived", 0)
    return (
        f"{name}: {found} of {able} mutants noticed ({found / max(able, 1):.0%}), {tally.get('late', 0)} of "
        f"them by the clock; {tally.get('equivalent', 0)} more change nothing"
    )


if __name__ == "__main__":
    main()

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitors import supervise

_CHILD = """
import os, signal, sys, time
from monitors.supervise import end_with_supervisor
said = f"{sys.argv[1]} drained\\n".encode()
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, said), os._exit(0)))
end_with_supervisor()
print(sys.argv[1], "begins", os.getpid(), flush=True)
exec(sys.argv[2])
"""
_SUPERVISOR = """
import json, sys
from monitors import supervise
supervise.PAUSES = (0.05, 0.1)
children = [
    supervise.Child(name=name, command=[sys.executable, "-c", code, name, work], ends_all=frozenset(ends))
    for name, code, work, ends in json.loads(sys.argv[1])
]
sys.exit(supervise.supervise(children))
"""
FOREVER = "while True: time.sleep(60)"


@contextmanager
def supervised(*children: tuple[str, str, list[int]]) -> Iterator[subprocess.Popen[str]]:
    """Run a supervisor of these children: name, what each does, the codes with which it ends all."""
    told = json.dumps([(name, _CHILD, work, ends) for name, work, ends in children])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", _SUPERVISOR, told],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def heard(process: subprocess.Popen[str], *, lines: int) -> list[list[str]]:
    """Return so many lines of what the children said."""
    assert process.stdout is not None
    return [process.stdout.readline().split() for _ in range(lines)]


def test_a_child_that_crashes_is_started_again_and_the_other_goes_on() -> None:
    with supervised(("page", "os._exit(9)", []), ("monitor", FOREVER, [])) as process:
        said = heard(process, lines=4)
        begun = [line[0] for line in said]
        assert begun.count("monitor") == 1
        assert begun.count("page") == 3
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert "monitor drained" in process.stdout.read()


def test_a_child_that_needs_a_person_ends_all_with_its_code(tmp_path: Path) -> None:
    needed = tmp_path / "needed"
    work = f"while not os.path.exists({str(needed)!r}): time.sleep(0.02)\nos._exit(2)"
    with supervised(("monitor", work, [2, 3]), ("page", FOREVER, [])) as process:
        heard(process, lines=2)
        needed.touch()
        assert process.wait(20) == 2
        assert process.stdout is not None
        assert "page drained" in process.stdout.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_child(number: signal.Signals) -> None:
    with supervised(("page", FOREVER, []), ("monitor", FOREVER, [])) as process:
        heard(process, lines=2)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert sorted(process.stdout.read().split()) == ["drained", "drained", "monitor", "page"]


def test_no_child_outlives_its_supervisor() -> None:
    with supervised(("page", FOREVER, []), ("monitor", FOREVER, [])) as process:
        heard(process, lines=2)
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        # It ends only when nobody holds the other end any more.
        assert select.select([process.stdout], [], [], 20)[0]
        assert sorted(process.stdout.read().split()) == ["drained", "drained", "monitor", "page"]


def test_a_child_begins_when_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "LOOK_EVERY", 0.05)
    sign = tmp_path / "sign"
    asked = iter([False, False, True])
    first = supervise.Child(
        name="monitor",
        command=[sys.executable, "-c", f"open({str(sign)!r}, 'w').close(); raise SystemExit(3)"],
        ends_all=frozenset({3}),
        may_begin=lambda: next(asked),
    )
    assert supervise.supervise([first]) == 3
    assert sign.exists()
    assert next(asked, None) is None


def test_what_supervises_loads_nothing_heavy_and_is_gone_as_soon_as_its_children(tmp_path: Path) -> None:
    (tmp_path / "earmark.toml").write_text('[http]\ncontact = "ops@norvik.example"\n', encoding="utf-8")
    program = """
import sys
from monitors import supervise
heavy = {"alembic", "apscheduler", "bs4", "httpx", "sqlalchemy", "uvicorn"}
supervise.supervise = lambda _: print(sorted(heavy & sys.modules.keys())) or 0
from earmark.cli import main
sys.argv = ["earmark", "--workspace", sys.argv[1], "up"]
main()
"""
    said = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert said.stdout == "[]\n"


def test_a_child_that_does_not_drain_in_time_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "GRACE", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    stubborn = supervise.Child(name="page", command=[sys.executable, "-c", deaf])
    brief = supervise.Child(
        name="monitor", command=[sys.executable, "-c", "raise SystemExit(3)"], ends_all=frozenset({3})
    )
    begun = time.monotonic()
    assert supervise.supervise([stubborn, brief]) == 3
    assert time.monotonic() - begun < 15

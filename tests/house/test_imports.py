"""Who may import whom, and what a start costs."""

import json
import resource
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOMS, ROOT, imports_of, label, modules, name_of, run_python

LOWEST = ("earmark.types", "earmark.lifecycle", "earmark.triggers", "earmark.errors", "earmark.logs")
WORDS_AND_CONTRACTS = [path for path in modules() if name_of(path).startswith(LOWEST)]
MATCHER = [path for path in modules() if name_of(path).split(".")[0] == "matcher"]
HEAVY = {
    "alembic",
    "apscheduler",
    "fastfeedparser",
    "feedparser",
    "httpx",
    "lxml",
    "pebble",
    "sqlalchemy",
}


def contracts() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: dict[str, Any] = settings["tool"]["importlinter"]
    return found


def test_the_import_contracts_hold() -> None:
    done = run_python("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_under_contract() -> None:
    assert set(contracts()["root_packages"]) == set(ROOMS)
    layers = contracts()["contracts"][0]["layers"]
    named = {name.strip().strip("()") for layer in layers for name in layer.replace("|", ":").split(":")}
    assert named >= set(ROOMS) - {"earmark"}
    loose = [
        name
        for path in modules()
        if (name := name_of(path)) != "earmark" and not name.startswith(tuple(named))
    ]
    assert not loose, f"Modules in no layer of the import contracts: {loose}."


@pytest.mark.parametrize("path", WORDS_AND_CONTRACTS, ids=label)
def test_words_and_errors_rest_on_the_standard_library_alone(path: Path) -> None:
    foreign = {
        name
        for name in imports_of(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(LOWEST)
    }
    assert not foreign


@pytest.mark.parametrize("path", MATCHER, ids=label)
def test_the_matcher_rests_on_the_words_alone(path: Path) -> None:
    allowed = {"earmark", "matcher"}
    if name_of(path) == "matcher.english":
        allowed.add("spellchecker")  # a dictionary: pure data
    foreign = {name.split(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names) - allowed
    assert not foreign


def test_help_loads_nothing_heavy() -> None:
    done = run_python("-c", "import earmark.cli, sys, json; print(json.dumps(sorted(sys.modules)))")
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & HEAVY, "Import these inside the verbs that need them."


def test_importing_earmark_loads_no_third_party_at_all() -> None:
    done = run_python("-S", "-c", "import earmark, sys; print(len(sys.modules))")
    assert done.returncode == 0, done.stderr


def test_the_command_line_starts_nearly_as_fast_as_its_libraries() -> None:
    """Both sides on this machine, now, by CPU: a ratio holds on a slow machine and on a busy one too."""
    bare = fastest("import typer, rich.console")
    ours = fastest("import earmark.cli")
    assert ours < 3 * bare, f"earmark.cli takes {ours:.2f} s, its libraries alone {bare:.2f} s."


def fastest(statement: str) -> float:
    times = []
    for _ in range(4):
        before = cpu_of_children()
        done = run_python("-c", statement)
        times.append(cpu_of_children() - before)
        assert done.returncode == 0, done.stderr
    return min(times)


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

"""The matcher is a function: nothing but its arguments decides what it returns."""

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, label, modules, tree_of

PURE = [path for path in modules() if path.relative_to(ROOT).parts[0] == "matcher"]
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}
DOORS = {"open", "input", "print", "exec", "eval", "breakpoint"}
MODULES = {
    "random",
    "secrets",
    "socket",
    "subprocess",
    "os",
    "time",
    "asyncio",
    "threading",
    "logging",
    "uuid",
}


def impurities(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in DOORS:
                found.append(f"line {node.lineno}: {name}()")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)) if (
                name in CLOCKS
                and owner
                in {
                    "datetime",
                    "date",
                    "time",
                }
            ):
                found.append(f"line {node.lineno}: {owner}.{name}()")
            case ast.Import(names=names):
                found += [
                    f"line {node.lineno}: {each.name}" for each in names if each.name.split(".")[0] in MODULES
                ]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                found.append(f"line {node.lineno}: {module}")
    return found


@pytest.mark.parametrize("path", PURE, ids=label)
def test_the_matcher_has_no_clock_no_door_and_no_dice(path: Path) -> None:
    assert not impurities(tree_of(path))


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import date\nx = date.today()",
        "import random",
        "from os import environ",
        "text = open('names.txt').read()",
        "import time\nx = time.monotonic()",
    ],
)
def test_the_law_of_purity_sees_a_breach(code: str) -> None:
    assert impurities(ast.parse(code))


def test_the_law_of_purity_lets_plain_code_pass() -> None:
    assert not impurities(ast.parse("from datetime import datetime\ndef age(now: datetime): return now.year"))

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, label, modules, tree_of

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
SCRIPTS = sorted((ROOT / "scripts").glob("*.py")) + sorted((ROOT / "bench").glob("*.py"))


@pytest.mark.parametrize("path", [*modules(), *SCRIPTS], ids=label)
def test_a_file_stays_under_400_lines(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{label(path)} has {lines} lines; split it by noun."


@pytest.mark.parametrize("path", [*modules(), *SCRIPTS], ids=label)
def test_a_function_stays_under_60_lines(path: Path) -> None:
    long = {
        node.name: length
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) >= LONGEST_FUNCTION
    }
    assert not long, f"Functions of {label(path)} that are too long: {long}."


def test_the_rooms_hold_modules_to_measure() -> None:
    rooms = {path.relative_to(ROOT).parts[0] for path in modules()}
    assert rooms >= {"earmark", "sources", "matcher", "storage", "monitors", "review"}

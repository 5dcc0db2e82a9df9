"""Migrations form one line: one beginning, one head, no fork."""

import ast
from pathlib import Path

from tests.house.tree import ROOT

VERSIONS = ROOT / "storage" / "migrations" / "versions"


def read(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                found[name] = value
    return {name: found[name] for name in ("revision", "down_revision") if name in found}


def test_migrations_have_one_beginning_and_one_head() -> None:
    steps = [step for path in sorted(VERSIONS.glob("*.py")) if "revision" in (step := read(path))]
    revisions = [step["revision"] for step in steps]
    assert revisions
    assert len(revisions) == len(set(revisions))
    before = [step["down_revision"] for step in steps]
    assert before.count(None) == 1
    assert len(before) == len(set(before)), "two migrations follow the same one"
    assert set(before) - {None} <= set(revisions), "a migration follows one that does not exist"
    assert len(set(revisions) - set(before)) == 1

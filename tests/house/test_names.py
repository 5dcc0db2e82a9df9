import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, label, modules, name_of, tree_of

FORBIDDEN = {"utils", "util", "helpers", "helper", "core", "common", "base", "manager", "misc"}


def public_names(path: Path) -> list[str]:
    """What a module defines at its top level under a public name; imports are not its own."""
    return [
        node.name
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    ]


def declared(path: Path) -> list[str] | None:
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


@pytest.mark.parametrize("path", modules(), ids=label)
def test_a_module_says_what_it_offers_and_offers_what_it_says(path: Path) -> None:
    names = declared(path)
    if names is None:
        assert not public_names(path), f"{label(path)} has no __all__, but defines {public_names(path)}."
        return
    module = importlib.import_module(name_of(path))
    assert len(names) == len(set(names))
    missing = [name for name in names if not hasattr(module, name)]
    assert not missing, f"{label(path)} promises what it does not have: {missing}."
    if (ROOT / "earmark" / "cli") in path.parents:
        return  # a verb is offered to the command line, not to other modules
    unlisted = sorted(set(public_names(path)) - set(names))
    assert not unlisted, (
        f"Public in {label(path)} but not in __all__ (a leading _ makes it private): {unlisted}."
    )


def sort_key(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions: the order that ruff keeps."""
    kind = 0 if name.isupper() else 1 if re.match(r"_*[A-Z]", name) else 2
    return kind, name


@pytest.mark.parametrize("path", modules(), ids=label)
def test_all_is_sorted(path: Path) -> None:
    names = declared(path) or []
    assert names == sorted(names, key=sort_key)


@pytest.mark.parametrize("path", modules(), ids=label)
def test_no_name_is_a_drawer_for_anything(path: Path) -> None:
    parts = [part.strip("_") for part in path.relative_to(ROOT).with_suffix("").parts]
    assert not FORBIDDEN & set(parts), f"{label(path)} is named for no noun; name it for what it holds."

"""Who did what is on record: each form that changes something says by whom."""

import ast
from pathlib import Path

import pytest

from review import page

ROOM = Path(page.__file__).parent
SAYS_WHO = (".log(", "by=call.viewer.id", "by=user", "record(")
OF_NO_CONCERN = {
    "detail._opened": "that a reason was looked at is no deed; the time of it is kept with the reason",
    "settings._prefer": "how the page looks to somebody is their own",
    "sources._poll": "a poll is on record by itself",
}


def functions(path: Path) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def is_form(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("router.post(" in ast.unparse(each) for each in function.decorator_list)


def told(name: str, among: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], seen: set[str]) -> str:
    """Return the text of a function and of those of its module that it calls."""
    seen.add(name)
    called = {node.id for node in ast.walk(among[name]) if isinstance(node, ast.Name)} & among.keys()
    return ast.unparse(among[name]) + "".join(told(each, among, seen) for each in sorted(called - seen))


FORMS = [
    (path.stem, name, functions(path))
    for path in sorted(ROOM.glob("*.py"))
    for name, function in functions(path).items()
    if is_form(function)
]


@pytest.mark.parametrize(("module", "name", "among"), FORMS, ids=[f"{one}.{two}" for one, two, _ in FORMS])
def test_a_form_that_changes_something_says_by_whom(
    module: str, name: str, among: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
) -> None:
    text = told(name, among, set())
    writes = ".writing(" in text and f"{module}.{name}" not in OF_NO_CONCERN
    assert not writes or any(word in text for word in SAYS_WHO)


def test_there_are_forms_and_what_is_excepted_is_there() -> None:
    names = {f"{module}.{name}" for module, name, _ in FORMS}
    assert len(names) > 20
    assert names >= OF_NO_CONCERN.keys()

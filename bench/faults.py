"""The small faults that people make, and a module with one of them in it; pure."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

__all__ = ["Fault", "broken", "faults_of"]

_BRIEF: Final = 90
_UNTOUCHED: Final = frozenset({"decorator_list", "annotation", "returns", "type_comment", "op", "ops"})
_SWAPPED: Final[dict[type[Any], tuple[type[Any], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,),
}  # fmt: skip
_OTHER_NAME: Final = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_DROPPED: Final = frozenset(
    ("where", "order_by", "group_by", "limit", "distinct", "with_for_update", "desc", "strip", "rstrip")
)  # methods that give the like of what they are called on


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that a module may have: its number there, its line, what it changes, what a test must run.

    No ``lines`` means that it stands at the top of the module, which everything runs.
    """

    module: str
    number: int
    line: int
    what: str
    lines: range


def faults_of(module: str, source: str) -> list[Fault]:
    """Return every fault that the rules below make of a module."""
    faults: list[Fault] = []
    seen: Counter[str] = Counter()
    for number, (place, after) in enumerate(_choices(ast.parse(source))):
        name = f"{place.owner or 'top'}: {_brief(place.node)} → {_brief(after)}"
        seen[name] += 1
        what = name if seen[name] == 1 else f"{name} ({seen[name]})"
        line = getattr(place.node, "lineno", place.lines.start)
        faults.append(Fault(module=module, number=number, line=line, what=what, lines=place.lines))
    return faults


def broken(source: str, number: int) -> str:
    """Return the module with its fault of this number."""
    tree = ast.parse(source)
    place, after = next(islice(_choices(tree), number, None))
    held = getattr(place.parent, place.name)
    if isinstance(held, list):
        held[next(at for at, each in enumerate(held) if each is place.node)] = after
    else:
        setattr(place.parent, place.name, after)
    return ast.unparse(ast.fix_missing_locations(tree))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A part of a module: where it hangs, in which function, and the lines of its statement."""

    node: ast.AST
    parent: ast.AST
    name: str
    owner: str
    lines: range


def _choices(tree: ast.Module) -> Iterator[tuple[_Place, ast.AST]]:
    return ((place, after) for place in _places(tree, "", range(0)) for after in _changed(place.node))


def _brief(node: ast.AST) -> str:
    line = " ".join(ast.unparse(node).split())
    return line if len(line) <= _BRIEF else f"{line[:60]} … {line[-26:]}"


def _places(parent: ast.AST, owner: str, lines: range) -> Iterator[_Place]:
    """Yield what may be changed: all but decorators, annotations, and what is said only."""
    is_function = isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef)
    for name, value in ast.iter_fields(parent):
        if name in _UNTOUCHED:
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or _is_said_only(node):
                continue
            inside, where = owner, lines
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = f"{owner}.{node.name}".lstrip(".")
            if isinstance(node, ast.stmt) and (is_function or lines):
                where = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            yield _Place(node=node, parent=parent, name=name, owner=inside, lines=where)
            yield from _places(node, inside, where)


def _is_said_only(node: ast.AST) -> bool:
    """Say whether a statement does nothing that a test could see: a docstring, an import, a list of names."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__"
    return isinstance(node, ast.Import | ast.ImportFrom)


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node with one fault in it, for each that fits."""
    match node:
        case ast.Constant(value=value):
            yield from _constants(value)
        case ast.stmt():
            yield from _statements(node)
        case ast.Call():
            yield from _calls(node)
        case ast.Compare(ops=[op]):
            yield from (_with(node, ops=[other()]) for other in _SWAPPED.get(type(op), ()))
        case ast.BoolOp(op=op) | ast.BinOp(op=op):
            yield from (_with(node, op=other()) for other in _SWAPPED.get(type(op), ()))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.JoinedStr(values=values):
            told = [each for each in values if isinstance(each, ast.FormattedValue)]
            yield from (_with(node, values=[each for each in values if each is not one]) for one in told)
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, ifs=[])
        case ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))


def _constants(value: object) -> Iterator[ast.AST]:
    match value:
        case bool():
            yield ast.Constant(not value)
        case int() | float():
            yield ast.Constant(value + 1)
        case str() if " " not in value.strip():  # a sentence is for people
            yield ast.Constant(f"{value}~")


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    match node.func:
        case ast.Name(id=name) if name in _OTHER_NAME and not (name == "sorted" and node.keywords):
            yield _with(node, func=ast.Name(_OTHER_NAME[name], ast.Load()))
        case ast.Attribute(value=value, attr=name) if name in _DROPPED:
            yield value
    for keyword in node.keywords:
        if keyword.arg is not None:
            yield _with(node, keywords=[each for each in node.keywords if each is not keyword])


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=value) if not isinstance(value, ast.Yield | ast.YieldFrom):
            yield ast.Pass()
        case ast.AugAssign() | ast.Delete() | ast.Raise():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.If(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))


def _with(node: ast.AST, **changes: Any) -> ast.AST:
    """Return a shallow copy of the node with some of its parts replaced."""
    return type(node)(**{**dict(ast.iter_fields(node)), **changes})

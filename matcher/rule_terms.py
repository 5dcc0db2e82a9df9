"""What a rule is made of, and how it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "All",
    "AnyOf",
    "Condition",
    "Form",
    "Near",
    "Node",
    "Not",
    "Words",
    "nots_of",
    "render",
    "seeks",
]


class Form(Enum):
    """How the words of a rule stand for those of a text."""

    EXACT = "exact"
    FORMS = "forms"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Words:
    """Words in their order, in the title, the text, or either (``field`` is empty).

    With ``Form.PREFIX`` the last word is the beginning of one. ``gap`` others may stand between two.
    """

    words: tuple[bytes, ...]
    form: Form = Form.EXACT
    field: str = ""
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """What an event itself must be: ``field`` is author, site, company or language."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Near:
    """Both sides in one field, in either order, with at most ``within`` words between them."""

    left: "Words | AnyOf"
    right: "Words | AnyOf"
    within: int


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where the other does not."""

    of: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Holds where each of two or more does; none of them is an ``All``."""

    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one of two or more does; none of them is an ``AnyOf``."""

    of: tuple["Node", ...]


Node = Words | Condition | Near | Not | All | AnyOf


def render(node: Node) -> str:
    """Write the rule in its plainest form; ``matcher.rules.parse`` gives it back."""
    match node:
        case Words():
            return _words(node)
        case Condition():
            quote = '"' if node.field in ("author", "company") else ""
            return f"{node.field}:{quote}{node.value}{quote}"
        case Near():
            return f"{_inner(node.left)} NEAR/{node.within} {_inner(node.right)}"
        case Not():
            return f"NOT {_inner(node.of)}"
        case All():
            return " AND ".join(_inner(each) if isinstance(each, AnyOf) else render(each) for each in node.of)
        case AnyOf():
            return " OR ".join(render(each) for each in node.of)


def seeks(node: Node) -> bool:
    """Return whether words must stand in a text for the rule to hold, so that it can show them."""
    match node:
        case Words() | Near():
            return True
        case Not() | Condition():
            return False
        case All():
            return any(seeks(each) for each in node.of)
        case AnyOf():
            return all(seeks(each) for each in node.of)


def nots_of(node: Node) -> Iterator[Not]:
    """Yield what a rule takes out: each NOT that stands under no other."""
    match node:
        case Not():
            yield node
        case All() | AnyOf():
            for each in node.of:
                yield from nots_of(each)
        case _:
            return


def _words(node: Words) -> str:
    scope = f"{node.field}:" if node.field else ""
    words = [word.decode() for word in node.words]
    if node.form is Form.EXACT:
        return f'{scope}"{" ".join(words)}"'
    return f"{scope}{'-'.join(words)}{'*' if node.form is Form.PREFIX else ''}"


def _inner(node: Node) -> str:
    text = render(node)
    return f"({text})" if isinstance(node, Near | All | AnyOf) else text

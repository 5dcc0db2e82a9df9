"""The CSS selectors that people copy from a browser, as XPath; no more of CSS than that."""

import re
from typing import Final

__all__ = ["xpath_of"]

_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\*")
_SIMPLE: Final = re.compile(
    r"#(?P<id>[\w-]+)|\.(?P<class>[\w-]+)"
    r"|\[\s*(?P<name>[A-Za-z][A-Za-z0-9-]*)\s*"
    r"(?:(?P<op>[~^$*]?=)\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[\w.-]+))\s*)?\]"
)
_COMBINATOR: Final = re.compile(r"\s*(?P<child>>)\s*|\s+")
_LONGEST: Final = 500


def xpath_of(selector: str) -> str:
    """Return the XPath of a selector: tag, #id, .class, [attr], [attr*=x], descendants, children, commas.

    Raises ValueError with a sentence for anything else.
    """
    if len(selector) > _LONGEST:
        raise ValueError(f"the selector is longer than {_LONGEST} characters; use a shorter one")
    groups = re.findall(r"(?:[^,\[]|\[[^\]]*\]?)+", selector)
    if not selector.strip() or len(groups) != _commas(selector) + 1:
        raise ValueError(_unread(selector))
    return " | ".join(_path(group.strip(), selector) for group in groups)


def _commas(selector: str) -> int:
    return re.sub(r"\[[^\]]*\]", "", selector).count(",")


def _path(group: str, selector: str) -> str:
    """Return the path of one selector without commas."""
    path, place, axis = "", 0, ".//"
    while True:
        tag = _TAG.match(group, place)
        start = place
        if tag:
            place = tag.end()
        conditions = ""
        while found := _SIMPLE.match(group, place):
            conditions += f"[{_condition(found)}]"
            place = found.end()
        if place == start:
            raise ValueError(_unread(selector))
        path += f"{axis}{tag[0].lower() if tag else '*'}{conditions}"
        if place == len(group):
            return path
        step = _COMBINATOR.match(group, place)
        if not step:
            raise ValueError(_unread(selector))
        axis, place = ("/" if step["child"] else "//"), step.end()


def _condition(found: re.Match[str]) -> str:
    if found["id"]:
        return f'@id="{found["id"]}"'
    if found["class"]:
        return _has_word("class", f'"{found["class"]}"')
    name, op = f"@{found['name'].lower()}", found["op"]
    if not op:
        return name
    text = next(value for value in (found["double"], found["single"], found["bare"]) if value is not None)
    value = f"'{text}'" if '"' in text else f'"{text}"'
    if not text and op != "=":
        return "false()"  # as CSS has it: nothing begins with nothing
    return {
        "=": f"{name}={value}",
        "~=": _has_word(found["name"].lower(), value),
        "^=": f"starts-with({name},{value})",
        "*=": f"contains({name},{value})",
        "$=": f"substring({name},string-length({name})-{len(text) - 1})={value}",
    }[op]


def _has_word(attribute: str, value: str) -> str:
    return f'contains(concat(" ",normalize-space(@{attribute})," "),concat(" ",{value}," "))'


def _unread(selector: str) -> str:
    return (
        f"{selector!r} is no selector that can be read; use tags, #id, .class and [attribute=value], "
        "such as main .plans > h2"
    )

"""The compounds that earmark ships, as text for the rulebook."""

from functools import cache
from importlib.resources import files

__all__ = ["shipped", "shipped_text"]


@cache
def shipped() -> dict[str, str]:
    """Return the table of each shipped compound as TOML, by its id."""
    _, *tables = shipped_text().split("[[compounds]]\n")
    found = {}
    for table in tables:
        text = f"[[compounds]]\n{table.strip()}\n"
        found[text.split('"')[1]] = text
    return found


def shipped_text() -> str:
    """Return all shipped compounds as one rulebook."""
    return (files("matcher") / "shipped.toml").read_text("utf-8")

"""Compounds: those of the team and those that earmark ships, and for how many accounts each holds."""

from dataclasses import dataclass
from typing import Final

from earmark.rulebook import parse
from matcher.shipped import shipped, shipped_text
from storage import figures
from storage.engine import Connection

__all__ = ["Offered", "offered"]

_WIDE: Final = 0.5
_MANY: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One compound: on or off, for how many accounts it holds now, and whether that tells none apart.

    ``text`` is its table as TOML, where earmark ships it.
    """

    id: str
    name: str
    rule: str
    at_least: int | None
    on: bool
    accounts: int
    too_wide: bool
    text: str = ""


def offered(connection: Connection, text: str) -> tuple[Offered, ...]:
    """Return the compounds of a rulebook, then those that are shipped and not in it."""
    own = parse(text).compounds
    known = {one.id for one in own}
    holding = figures.accounts_by_kind(connection, known)
    reasons = figures.accounts_waiting(connection) if any(n >= _MANY for n in holding.values()) else 0
    texts = shipped()
    off = [one for one in parse(shipped_text()).compounds if one.id not in known]
    return tuple(
        Offered(
            id=one.id,
            name=one.name,
            rule=one.rule,
            at_least=one.at_least,
            on=one.id in known,
            accounts=holding.get(one.id, 0),
            too_wide=holding.get(one.id, 0) >= max(_MANY, _WIDE * reasons),
            text=texts.get(one.id, ""),
        )
        for one in (*own, *off)
    )

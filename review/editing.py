"""A person changes what the list says of one account."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from earmark.errors import ConfigError
from earmark.intake.cells import domains_in, parts_of, size_in, text_in
from earmark.types import Account
from storage import accounts, lessons, united
from storage.engine import Connection

__all__ = ["edited"]

_TEXTS: Final = ("owner", "territory", "tier", "industry", "country")
_NAMES: Final = ("aliases", "not_aliases")
_LONGEST: Final = 300


def edited(connection: Connection, account_id: str, told: Mapping[str, str]) -> list[str]:
    """Store what a form says of an account, and return which fields changed; ConfigError for what can't be.

    Names that people taught stay what they are: they are kept beside the list, and not written into it.
    """
    plain = lessons.account_with(connection, account_id, ())
    shown = accounts.get(connection, account_id) or plain
    name = text_in(told["name"])
    if not name or len(name) > _LONGEST:
        raise ConfigError("An account needs a name of at most 300 letters.")
    domains, faults = domains_in(told["domains"], name)
    if faults:
        raise ConfigError(f"{faults[0]} Write domains like osk.example; nothing was changed.")
    size, fault = size_in(told["size"])
    if fault:
        raise ConfigError(f"{fault} Nothing was changed.")
    new: dict[str, Any] = {"name": name, "domains": domains, "size": size}
    new |= {field: text_in(told[field]) or None for field in _TEXTS}
    for field in _NAMES:
        taught = set(getattr(shown, field)) - set(getattr(plain, field))
        new[field] = tuple(one for one in parts_of(told[field]) if one not in taught and one != name)
    changed = [field for field, value in new.items() if value != getattr(plain, field)]
    if "name" in changed and plain.name not in new["aliases"]:
        new["aliases"] = (*new["aliases"], plain.name)  # news will use the former name for a while
    if changed:
        own = united.imported(connection, [account_id])[account_id]
        accounts.upsert(connection, [_apart(own, plain, new, changed)])
    return [field.replace("_", " ") for field in changed]


def _apart(own: Account, shown: Account, new: Mapping[str, Any], changed: Sequence[str]) -> Account:
    """Return what the list says of the account alone: what those merged into it say stays theirs."""
    kept = {field: new[field] for field in changed}
    for field in {*kept, "aliases"} & {"aliases", "not_aliases", "domains"}:
        theirs = set(getattr(shown, field)) - set(getattr(own, field))
        kept[field] = tuple(one for one in new[field] if one not in theirs)
    return replace(own, **kept)

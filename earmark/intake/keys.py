"""What a file calls an account by: our id, a CRM's id, a domain or a name."""

from typing import Literal, NamedTuple

__all__ = ["Key", "crm_key", "keys_of_text"]


class Key(NamedTuple):
    """One way to say which account is meant; a CRM's id is written ``hubspot 81``."""

    kind: Literal["id", "crm", "domain", "name"]
    text: str


_SHORT_SALESFORCE, _LONG_SALESFORCE = 15, 18


def crm_key(crm: str, remote: str) -> Key:
    """Return the key of a CRM's id; the long form of a Salesforce id is the short one and a checksum."""
    if crm == "salesforce" and len(remote) == _LONG_SALESFORCE:
        remote = remote[:_SHORT_SALESFORCE]
    return Key("crm", f"{crm} {remote}")


def keys_of_text(text: str, crm: str | None, domain: str | None) -> tuple[Key, ...]:
    """Return what a cell may mean that only says "this account": the surest first."""
    found = [Key("id", text)]
    if crm:
        found.append(crm_key(crm, text))
    if domain:
        found.append(Key("domain", domain))
    return (*found, Key("name", text))

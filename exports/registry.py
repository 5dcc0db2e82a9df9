"""Where an export can go, by name: targets with a life of their own, and profiles of files."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from earmark.contract import Exporter
from earmark.contract.kinds import Kinds
from earmark.errors import ConfigError
from exports.profiles import PROFILES, Profile

__all__ = ["broken", "build", "kinds", "profile"]

_OWN = {
    "apprise": "exports.apprise:AppriseExporter",
    "attio": "exports.attio:AttioExporter",
    "hubspot": "exports.hubspot:HubSpotExporter",
    "pipedrive": "exports.pipedrive:PipedriveExporter",
    "salesforce": "exports.salesforce:SalesforceExporter",
    "slack": "exports.slack:SlackExporter",
    "webhook": "exports.webhook:WebhookExporter",
}
# Nothing is made of the abstract class: kinds are compared with it.
_KINDS = Kinds(Exporter, group="earmark.exporters", own=_OWN, what="export")  # type: ignore[type-abstract]


def kinds() -> Mapping[str, type[Exporter]]:
    """Return every kind of target by its name, sorted; packages that can't be loaded are left out."""
    return _KINDS.every()


def broken() -> Mapping[str, str]:
    """Return why a kind that an installed package offers can't be used, by its name."""
    return _KINDS.broken()


def build(kind: str, options: Mapping[str, Any]) -> Exporter:
    """Return an exporter of a kind with its options; ConfigError says what to edit and the nearest name."""
    return _KINDS.build(kind, options)


def profile(name: str) -> Profile:
    """Return the profile of this name; ConfigError names the nearest one."""
    found = PROFILES.get(name.strip().lower())
    if found is None:
        near = get_close_matches(name.lower(), PROFILES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PROFILES)}"
        raise ConfigError(
            f"There is no export profile {name!r}; {hint} List them with: earmark exports kinds"
        )
    return found

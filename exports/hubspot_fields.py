"""Our own company fields in HubSpot: which there are, and making those that lack."""

from collections.abc import Mapping
from typing import Any, Final

from earmark.errors import ExportRefused, ExportRejected
from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE
from exports.company import KEY, words
from exports.hubspot_calls import VERSION, HubSpot

__all__ = ["GROUP", "NAMES", "make", "there_are"]

GROUP: Final = "buyer_triggers"
"""The group of our own fields."""

_PATH: Final = f"/crm/properties/{VERSION}/companies"
_TAKEN: Final = 409


def _options(names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"label": label, "value": value, "displayOrder": place, "hidden": False}
        for place, (value, label) in enumerate(names.items())
    ]


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


_FIELDS: Final[tuple[dict[str, Any], ...]] = (
    {"name": KEY, "label": "earmark key", "type": "string", "fieldType": "text", "hasUniqueValue": True},
    {
        "name": "earmark_stage",
        "label": "earmark stage",
        "type": "enumeration",
        "fieldType": "select",
        "options": _options({stage.value: _label(stage.value) for stage in Stage}),
    },
    {
        "name": "earmark_trigger_type",
        "label": "Trigger type",
        "type": "enumeration",
        "fieldType": "select",
        "options": _options({name: _label(name) for name in CATALOGUE}),
    },
    {"name": "earmark_trigger_score", "label": "Trigger score", "type": "number", "fieldType": "number"},
    {
        "name": "earmark_trigger_summary",
        "label": "Trigger summary",
        "type": "string",
        "fieldType": "textarea",
    },
    {"name": "earmark_trigger_url", "label": "Trigger URL", "type": "string", "fieldType": "text"},
    {"name": "earmark_last_trigger_at", "label": "Last trigger at", "type": "datetime", "fieldType": "date"},
)

NAMES: Final = frozenset(field["name"] for field in _FIELDS)
"""The names of our own fields."""


async def there_are(api: HubSpot) -> frozenset[str]:
    """Return which of our own fields there are; a key that is not unique is none.

    Once all are there, it is not asked again until the process ends.
    """
    if api.delivery.memory.get(GROUP):
        return NAMES
    try:
        held = await _held(api)
    except ExportRefused:
        return frozenset()  # the key may not look at fields: notes and tasks only
    names = NAMES & held.keys() - ({KEY} if _is_spoilt(held) else set())
    api.delivery.memory[GROUP] = names == NAMES
    return names


async def make(api: HubSpot) -> list[str]:
    """Make the group and the fields that lack, add choices that are new; return a sentence for each."""
    done: list[str] = []
    page = await api.ask("POST", f"{_PATH}/groups", {"name": GROUP, "label": "Buyer triggers"})
    if page.status not in (200, 201, _TAKEN):
        raise ExportRejected(f"HubSpot did not make the group {GROUP} (HTTP {page.status}).")
    if page.status != _TAKEN:
        done.append(f"Made the group {GROUP}.")
    held = await _held(api)
    if _is_spoilt(held):
        raise ExportRejected(
            f"HubSpot has a field {KEY} without unique values, and that can't be changed. Delete it in "
            "HubSpot (Settings, Properties), then run this again."
        )
    for field in _FIELDS:
        name = field["name"]
        if name not in held:
            await api.told("POST", _PATH, {"groupName": GROUP, **field})
            done.append(f"Made the company field {name}.")
        elif new := _new_options(field, held[name]):
            options = [*_given(held[name]), *new]
            await api.told("PATCH", f"{_PATH}/{name}", {"options": options})
            done.append(f"Added {len(new)} choices to {name}.")
    return done


async def _held(api: HubSpot) -> dict[str, dict[str, Any]]:
    told = await api.told("GET", _PATH)
    results = told.get("results")
    fields = results if isinstance(results, list) else []
    return {words(each.get("name")): each for each in fields if isinstance(each, dict)}


def _is_spoilt(held: Mapping[str, Mapping[str, Any]]) -> bool:
    return KEY in held and held[KEY].get("hasUniqueValue") is not True


def _given(field: Mapping[str, Any]) -> list[dict[str, Any]]:
    options = field.get("options")
    return [one for one in options if isinstance(one, dict)] if isinstance(options, list) else []


def _new_options(field: Mapping[str, Any], there: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = {one.get("value") for one in _given(there)}
    return [one for one in field.get("options", ()) if one["value"] not in known]

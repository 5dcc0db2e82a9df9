"""Our own company attributes in Attio: which there are, and making those that lack."""

from typing import Any, Final

from earmark.errors import ExportRefused
from exports.attio_calls import Attio
from exports.company import KEY, words

__all__ = ["NAMES", "make", "there_are"]

_PATH: Final = "/v2/objects/companies/attributes"
_KNOWN: Final = "earmark_attributes"
_FIELDS: Final = (
    (KEY, "earmark key", "text"),
    ("earmark_stage", "earmark stage", "text"),
    ("earmark_trigger_type", "Trigger type", "text"),
    ("earmark_trigger_score", "Trigger score", "number"),
    ("earmark_trigger_summary", "Trigger summary", "text"),
    ("earmark_trigger_url", "Trigger URL", "text"),
    ("earmark_last_trigger_at", "Last trigger at", "timestamp"),
)

NAMES: Final = frozenset(slug for slug, _, _ in _FIELDS)
"""The slugs of our own attributes."""


async def there_are(api: Attio) -> frozenset[str]:
    """Return which of our own attributes there are; once all are, it is not asked again."""
    if api.delivery.memory.get(_KNOWN):
        return NAMES
    try:
        slugs = {
            words(one.get("api_slug"))
            async for one in api.listed(_PATH, {}, 500)
            if one.get("is_archived") is not True
        }
    except ExportRefused:
        return frozenset()
    api.delivery.memory[_KNOWN] = slugs >= NAMES
    return NAMES & slugs


async def make(api: Attio) -> list[str]:
    """Make the attributes that lack; return a sentence for each."""
    there = await there_are(api)
    done = []
    for slug, title, kind in _FIELDS:
        if slug in there:
            continue
        data: dict[str, Any] = {
            "title": title,
            "description": "Written by earmark.",
            "api_slug": slug,
            "type": kind,
            "is_required": False,
            "is_unique": slug == KEY,
            "is_multiselect": False,
            "config": {},
        }
        await api.write("POST", _PATH, data)
        done.append(f"Made the company attribute {slug}.")
    return done

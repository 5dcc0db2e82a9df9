"""The difference: what leads from one past to the next, as the changes that storage writes."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from earmark.types import Changes, Lexicon, Past
from matcher.agenda import wakes_at
from matcher.outgoing import outgoing
from matcher.routing import wants_owner

__all__ = ["changes_of"]

_NO_MERGE: Final[Mapping[str, str]] = {}


def changes_of(
    key: str,
    before: Past,
    after: Past,
    lexicon: Lexicon,
    merged: Mapping[str, str] = _NO_MERGE,
    quiet: Collection[str] = (),
) -> Changes:
    """Return what leads from one past of a key to the next, deliveries and next moment included.

    Of stories that took another over, and of ``quiet`` ones, no news is sent.
    """
    stories = {story.id: story for story in before.stories}
    triggers = {trigger.id: trigger for trigger in before.triggers}
    moved = after.account is not None and after.account != before.account
    return Changes(
        stories=tuple(story for story in after.stories if stories.get(story.id) != story),
        merged=dict(merged),
        triggers=tuple(trigger for trigger in after.triggers if triggers.get(trigger.id) != trigger),
        accounts=(after.account,) if moved and after.account is not None else (),
        transitions=after.transitions[len(before.transitions) :],
        outgoing=outgoing(before, after, {*merged.values(), *quiet}, lexicon),
        due={key: _due(after, lexicon)},
    )


def _due(after: Past, lexicon: Lexicon) -> datetime | None:
    """Return when the past wants to be looked at: at once, if its account became one that wants an owner."""
    moments = [moment for moment in (wakes_at(after, lexicon),) if moment is not None]
    if wants_owner(after, lexicon) and after.account and after.account.stage_since:
        moments.append(after.account.stage_since)
    return min(moments, default=None)

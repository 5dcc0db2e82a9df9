"""Renewal: a stored note as the user's own record and plays make it now; what sources told stays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from earmark.types import Account, Basis, Contact, Lexicon, Note, Story, Trigger
from matcher.gathered import is_gathered
from matcher.note import note_of

__all__ = ["renewed"]

_TOLD: Final = frozenset({"why_now", "evidence"})
"""Sections that are about what sources told."""


def renewed(
    trigger: Trigger,
    story: Story,
    *,
    account: Account | None,
    contacts: Sequence[Contact],
    lexicon: Lexicon,
    relatives: Sequence[Account] = (),
) -> Note | None:
    """Return the trigger's note with the record, the contacts and the plays as they are now.

    A stored note knows those of the day of its news. A section of which something was erased stays as it is;
    so do the plays of a reason that is made of others, for they are those of its parts.
    """
    old = trigger.note
    if old is None:
        return None
    fresh = note_of(trigger, story, account=account, contacts=contacts, lexicon=lexicon, relatives=relatives)
    whole = is_gathered(story)
    closed = _TOLD | {each.section for each in old.sentences if each.basis is Basis.ERASED}
    ours = {Basis.RECORD} if whole else {Basis.RECORD, Basis.PLAY}
    kept = [each for each in old.sentences if each.section in closed or each.basis not in ours]
    added = [each for each in fresh.sentences if each.section not in closed and each.basis in ours]
    headline = old.headline if whole else fresh.headline
    return replace(old, headline=headline, sentences=(*kept, *added))

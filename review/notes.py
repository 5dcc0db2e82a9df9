"""Notes of an account's reasons, as plain text, Markdown or HTML."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from matcher.layout import as_html, as_markdown, as_text
from review.account import AccountView, Reason

__all__ = ["Form", "note_of", "notes"]


class Form(StrEnum):
    """How a note is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


_WRITE: Final = {Form.TEXT: as_text, Form.MARKDOWN: as_markdown, Form.HTML: as_html}


def notes(view: AccountView, form: Form) -> list[str]:
    """Return the notes of the open reasons, the best first, with their age on the day of the view."""
    return [note for reason in view.reasons if (note := note_of(reason, form, view.at))]


def note_of(reason: Reason, form: Form, at: datetime) -> str:
    """Return the note of a reason with its age at a time; nothing where it has none."""
    note = reason.trigger.note
    return _WRITE[form](note, reason.score, at=at) if note is not None else ""

"""Notes of an account's reasons, as plain text, Markdown or HTML."""

from enum import StrEnum
from typing import Final

from matcher.layout import as_html, as_markdown, as_text
from review.account import AccountView

__all__ = ["Form", "notes"]


class Form(StrEnum):
    """How a note is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


_WRITE: Final = {Form.TEXT: as_text, Form.MARKDOWN: as_markdown, Form.HTML: as_html}


def notes(view: AccountView, form: Form) -> list[str]:
    """Return the notes of the open reasons, the best first, with their age on the day of the view."""
    return [
        _WRITE[form](reason.trigger.note, reason.score, at=view.at)
        for reason in view.reasons
        if reason.trigger.note is not None
    ]

"""Keys: who is let in. One token opens the page of a workspace that has no users, to its own machine."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from fastapi import Request

from review.page.viewer import OWNER, Viewer

__all__ = ["COOKIE", "Keys", "page_token"]

COOKIE: Final = "earmark"
_FILE: Final = ".earmark-page"


def page_token(workspace: Path) -> str:
    """Return the token of a workspace; the first time it is made, in a file that its owner alone can read."""
    file = workspace / _FILE
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()
    token = secrets.token_urlsafe(24)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(token)
    return token


class Keys:
    """The keys of one page."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def entered(self, request: Request) -> tuple[Viewer, str] | None:
        """Return who calls, and the word that their forms must carry; None for somebody unknown."""
        shown = request.cookies.get(COOKIE, "")
        if hmac.compare_digest(shown.encode(), self._token.encode()):
            return OWNER, _word(self._token)
        return None

    def opens(self, token: str) -> bool:
        """Tell whether this is the token of the page."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def is_ours(self, csrf: str, shown: str) -> bool:
        """Tell whether a form carries the word that it was given."""
        return hmac.compare_digest(csrf.encode(), shown.encode())


def _word(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()

"""What both doors give: an answer of the outside, and the type of an option that is a secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from earmark.errors import SourceChanged
from earmark.secret import Secret, as_secret

__all__ = ["Page", "SecretOption"]

SecretOption = Annotated[Secret, BeforeValidator(as_secret), PlainSerializer(str)]
"""The type of an option that is written ``env:NAME``; the source reads it with ``.value()`` at use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: final ``url`` after redirects, lower-case header names, decoded and bounded body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type with its parameters, or an empty string."""
        return self.headers.get("content-type", "")

    def text(self) -> str:
        """Return the body as text: UTF-8, or else Latin-1."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.body.decode("latin-1")

    def json(self) -> Any:
        """Return the body read as JSON; raise SourceChanged when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise SourceChanged(
                f"{self.url} answered, but not with JSON. Open it in a browser: it may ask for a log-in, "
                "or the address may have changed."
            ) from error

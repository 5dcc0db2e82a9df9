"""Forms as a browser without scripts fills them in: every field as it stands on the page, some changed."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.review.page.served import Served

__all__ = ["Filled", "forms_of", "send"]


class Filled:
    """A form of a page: where it goes, and what stands in it."""

    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: dict[str, list[str]] = {}
        self.buttons: list[tuple[str, str]] = []

    def add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Filled] = []
        self._open: Filled | None = None
        self._name = ""  # of the textarea or the choice that is open
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name, value = told.get("name") or "", told.get("value") or ""
        if tag == "form":
            self._open = Filled(told.get("action") or "", told.get("method") or "get")
            self.found.append(self._open)
        elif self._open is None:
            return
        elif (tag == "input" and told.get("type") != "checkbox") or (tag == "input" and "checked" in told):
            self._open.add(name, value)
        elif tag == "button":
            self._open.buttons.append((name, value))
        elif tag == "select":
            self._name = name
            self._open.fields.setdefault(name, [])
        elif tag == "option" and ("selected" in told or (self._name and not self._open.fields[self._name])):
            self._open.fields[self._name] = [value]
        elif tag == "textarea":
            self._name, self._text = name, []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._open is not None and self._text is not None:
            self._open.add(self._name, "".join(self._text).removeprefix("\n"))  # as HTML has it
            self._name, self._text = "", None
        elif tag == "select":
            self._name = ""


def forms_of(html: str) -> Iterator[Filled]:
    """Yield the forms of a page."""
    reader = _Reader()
    reader.feed(html)
    yield from reader.found


def send(
    page: Served, path: str, action: str, headers: dict[str, str] | None = None, /, **changes: str
) -> httpx.Response:
    """Open a page, change some fields of the form that leads to ``action``, and send it."""
    shown = page.get(path)
    form = next((one for one in forms_of(shown.text) if one.action == action), None)
    assert form is not None, f"{path} has no form that leads to {action}: {shown.status_code}"
    data: dict[str, Any] = {**form.fields, **changes}
    if "then" in changes:
        known = [value for name, value in form.buttons if name == "then"]
        assert changes["then"] in known, f"no button {changes['then']!r}, there are {known}"
    return page.client.post(action, data=data, headers={"origin": page.url, **(headers or {})})

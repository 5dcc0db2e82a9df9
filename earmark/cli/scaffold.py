"""The files of a new plugin package: a source that works, its recorded page, and its contract test."""

from collections.abc import Mapping
from typing import Final

__all__ = ["files_of", "filled"]


def files_of(kind: str) -> Mapping[str, str]:
    """Return the files of a package for a source kind, by their path in it."""
    return filled(kind, _FILES)


def filled(kind: str, files: Mapping[str, str]) -> Mapping[str, str]:
    """Return the files with the names of a kind put into their paths and texts."""
    module = f"earmark_{kind.replace('-', '_')}"
    words = {
        "@KIND@": kind,
        "@MODULE@": module,
        "@PACKAGE@": module.replace("_", "-"),
        "@VARIABLE@": f"{kind.replace('-', '_').upper()}_TOKEN",
        "@CLASS@": "".join(part.capitalize() for part in kind.replace("_", "-").split("-")),
    }
    return {_filled(path, words): _filled(text, words) for path, text in files.items()}


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(name, word)
    return text


_PROJECT: Final = """\
[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "@PACKAGE@"
version = "0.1.0"
description = "A source for earmark: @KIND@."
requires-python = ">=3.11"
dependencies = ["earmark"]

[project.entry-points."earmark.sources"]
@KIND@ = "@MODULE@:@CLASS@"

[tool.hatch.build.targets.wheel]
packages = ["@MODULE@"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
"""

_SOURCE: Final = '''\
"""The source kind ``@KIND@``."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from earmark.contract import Poll, Source
from earmark.errors import SourceChanged
from earmark.types import Event
from pydantic import Field, HttpUrl

__all__ = ["@CLASS@"]


class @CLASS@(Source):
    """Newest entries of a place that answers with JSON."""

    kind: ClassVar[str] = "@KIND@"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    terms: ClassVar[str] = "Read the terms of the place, and say here what they ask of its readers."
    shows: ClassVar[tuple[str, ...]] = ("product_launch",)

    url: HttpUrl = Field(description="Address of the list of entries.")

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield every entry that the place shows now; the engine drops what it knows."""
        page = await poll.get(str(self.url))
        answer = page.json()
        entries = answer.get("entries") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise SourceChanged(f"{page.url} answered without a list of entries. Check the address.")
        seen: set[str] = set()
        for entry in entries:
            event = _event(entry, poll.now)
            if event is not None and event.external_id not in seen:
                seen.add(event.external_id)
                yield event


def _event(entry: Any, now: datetime) -> Event | None:
    """Return the event of one entry, or None when it has no id or no title."""
    if not isinstance(entry, dict):
        return None
    key, title = _text(entry.get("id")), _text(entry.get("title"))
    if not key or not title:
        return None
    link = _text(entry.get("url"))
    return Event(
        external_id=key,
        title=title,
        url=link if link.startswith(("http://", "https://")) else None,
        text=_text(entry.get("text")),
        published_at=_date(_text(entry.get("published")), now),
    )


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _date(text: str, now: datetime) -> datetime | None:
    """Return the moment that an entry gives; none rather than a wrong one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware if aware <= now else None
'''

_SAMPLE: Final = """\
{
  "entries": [
    {
      "id": "1042",
      "title": "Norvik Labs launches a freight planner",
      "url": "https://place.example/entries/1042",
      "text": "Norvik Labs launched a planner for freight companies today.",
      "published": "2026-01-20T08:30:00+00:00"
    },
    {
      "id": "1041",
      "title": "Oskarion Freight asks for a recommendation",
      "url": "https://place.example/entries/1041",
      "text": "Which tool do you use to close the month?"
    }
  ]
}
"""

_TEST: Final = '''\
"""The contract of every source, and what is special about this one."""

from pathlib import Path

import pytest
from earmark.errors import SourceChanged
from earmark.testing import FakePoll, SourceContract, events_from

from @MODULE@ import @CLASS@

SAMPLE = Path(__file__).with_name("sample.json").read_bytes()
URL = "https://place.example/entries.json"


class TestContract(SourceContract):
    source = @CLASS@(url=URL)
    pages = {URL: SAMPLE}


def test_an_undated_entry_stays_undated() -> None:
    dated, undated = events_from(@CLASS@(url=URL), FakePoll({URL: SAMPLE}))
    assert dated.published_at is not None
    assert undated.published_at is None


def test_an_answer_without_entries_is_told() -> None:
    with pytest.raises(SourceChanged, match="without a list"):
        events_from(@CLASS@(url=URL), FakePoll({URL: b"{}"}))
'''

_README: Final = """\
# @PACKAGE@

The source kind `@KIND@` for earmark.

    pip install -e . pytest
    pytest
    earmark sources kinds
    earmark sources add @KIND@ url=https://place.example/entries.json

What to change: the options and `poll()` in `@MODULE@/__init__.py`, then the recorded page
`tests/sample.json`: a true answer of the place, with everything private taken out.
"""

_FILES: Final = {
    "pyproject.toml": _PROJECT,
    "README.md": _README,
    "@MODULE@/__init__.py": _SOURCE,
    "@MODULE@/py.typed": "",
    "tests/sample.json": _SAMPLE,
    "tests/test_@MODULE@.py": _TEST,
}

"""Kinds that read dropped files, under the checks of every source; and their golden pairs."""

import dataclasses
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Source
from earmark.errors import SourceError
from earmark.testing import FakePoll, Recorded, SourceContract, events_from
from earmark.types import Event
from tests.builders import NOW

__all__ = ["DATA", "DroppedContract", "as_json", "cases", "dropped", "expected", "told"]

DATA = Path(__file__).parent / "data"


def cases(kind: str) -> list[Path]:
    return sorted(path for path in (DATA / kind).iterdir() if not path.name.endswith(".events.json"))


def expected(page: Path) -> Any:
    return json.loads(page.with_name(page.stem + ".events.json").read_text("utf-8"))


def as_json(event: Event) -> dict[str, Any]:
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    values["hints"] = [f"{hint.kind} {hint.value} {hint.strength:g}" for hint in event.hints]
    values["facts"] = [f"{fact.key} {fact.value}" for fact in event.facts]
    kept = {name: value for name, value in values.items() if value not in (None, "", (), [])}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}


def dropped(folder: Path, **files: bytes | str) -> Path:
    """Put files into a folder, "name__csv" as name.csv, each a second younger than the one before."""
    for number, (name, body) in enumerate(files.items()):
        path = folder / name.replace("__", ".")
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        os.utime(path, (1_790_000_000 + number, 1_790_000_000 + number))
    return folder


def told(source: Source, **poll: Any) -> Any:
    """Return what a poll yields as a golden page has it: events, or the error."""
    try:
        return {"events": [as_json(event) for event in events_from(source, FakePoll({}, now=NOW, **poll))]}
    except SourceError as error:
        return {"error": str(error)}


class DroppedContract(SourceContract):
    """The contract with ``pages`` as file names and bodies; ``options`` are all but the folder."""

    kind_of_source: ClassVar[type[Source]]
    options: ClassVar[Mapping[str, Any]] = {}
    now = NOW
    folder: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        cls = type(self)
        cls.folder = tmp_path
        cls.source = cls.kind_of_source.model_validate({"path": tmp_path} | dict(cls.options))
        self._drop({name: _bytes(body) for name, body in cls.pages.items()})

    def _everywhere(self, body: bytes) -> Mapping[str, Recorded]:
        self._drop(dict.fromkeys(self.pages, body))
        return {}

    def _drop(self, files: Mapping[str, bytes]) -> None:
        for name, body in files.items():
            (self.folder / name).write_bytes(body)


def _bytes(body: Recorded) -> bytes:
    assert isinstance(body, bytes)
    return body

"""The verbs that were promised: each is there, and each that answers can answer as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from earmark.cli import app
from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, a_workspace, json_of, tell, well

VERBS = {
    "": "init check demo up poll events triggers latency today triage show why accept dismiss snooze assign "
    "contacted outcome suppress undo learned digest evaluate replay page worker migrate doctor "
    "backup restore purge erase",
    "accounts": "import list audit coverage",
    "sources": "kinds list add test discover import export new",
    "rules": "apply export try",
    "exports": "kinds new check setup run undo",
    "config": "show",
}
PROMISED = {f"{group} {verb}".strip() for group, verbs in VERBS.items() for verb in verbs.split()}
RUN = {"up", "worker", "page", "triage", "demo"}
"""They run until they are stopped, or are looked at."""
MAKE = {"init", "migrate", "evaluate", "sources add", "sources export", "sources new", "exports new"}
"""They make something, a file or a row, and say in one line which."""


def _verbs(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in getattr(command, "commands", {}).items():
        yield from _verbs(each, f"{path} {name}".strip())
    if not hasattr(command, "commands"):
        yield path, command


def _has_json(command: Any) -> bool:
    return any("--json" in parameter.opts for parameter in command.params)


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


def test_every_verb_that_was_promised_is_there_and_speaks_json_if_it_answers() -> None:
    held = dict(_verbs(get_command(app)))
    assert held.keys() >= PROMISED
    assert {name for name in PROMISED if not _has_json(held[name])} == RUN | MAKE


def test_what_is_done_is_said_as_json(tmp_path: Path) -> None:
    desk = a_workspace(tmp_path)
    tell(desk, [FUNDING])
    (row,) = json_of(desk, "today")
    account, trigger = row["account"], row["trigger"]
    for words in (
        ("accept", trigger),
        ("contacted", account, "--channel", "mail"),
        ("outcome", account, "reply"),
        ("assign", account, "bo"),
        ("remark", account, "Ask for Ida."),
        ("snooze", account),
        ("suppress", account, "rival"),
        ("unsuppress", account),
        ("dismiss", trigger, "--reason", "not_now"),
        ("undo", account),
    ):
        said = json_of(desk, *words)["said"]
        assert said, words
        assert all(isinstance(line, str) for line in said), words


def test_a_rulebook_is_applied_and_read_as_json(tmp_path: Path) -> None:
    desk = a_workspace(tmp_path)
    rules = "threshold = 25\n"
    first = json.loads(well(desk, "rules", "apply", "-", "--json", given=rules))
    assert (first["changed"], first["remarks"]) == (True, [])
    again = json.loads(well(desk, "rules", "apply", "-", "--json", given=rules))
    assert (again["changed"], again["version"]) == (False, first["version"])
    assert json_of(desk, "rules", "export")["threshold"] == 25


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("doctor",),
        ("latency",),
        ("learned",),
        ("events",),
        ("triggers",),
        ("today", "--left-out"),
        ("accounts", "list"),
        ("accounts", "audit"),
        ("sources", "kinds"),
        ("sources", "list"),
        ("exports", "kinds"),
        ("exports", "list"),
        ("config", "show"),
    ],
    ids=" ".join,
)
def test_a_reading_verb_answers_json_of_an_empty_workspace(tmp_path: Path, words: tuple[str, ...]) -> None:
    desk = a_workspace(tmp_path)
    assert isinstance(json_of(desk, *words), list | dict)

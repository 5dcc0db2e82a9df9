"""The documents say what the code does."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup, TyperOption

from earmark import errors
from earmark.cli import app
from earmark.contract import Source
from earmark.triggers import CATALOGUE
from scripts.reference import FILE, reference
from sources.registry import kinds
from tests.house.tree import ROOT


def verbs(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for name, verb in command.commands.items():
            yield from verbs(verb, f"{path} {name}".strip())
    else:
        yield path, command


VERBS = dict(verbs(typer.main.get_command(app)))


def test_the_reference_is_what_the_code_says() -> None:
    assert FILE.read_text("utf-8") == reference(), "The reference is out of date: run make reference."


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_explains_itself_and_its_options(verb: str) -> None:
    command = VERBS[verb]
    if command.hidden:
        return
    assert command.help, f"earmark {verb} has no help"
    silent = [p.name for p in command.params if isinstance(p, TyperOption) and not p.hidden and not p.help]
    assert not silent, f"options of earmark {verb} without help"
    assert f"### `earmark {verb}" in FILE.read_text("utf-8")


def test_the_verbs_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    code = "\n".join([*re.findall(r"```\n(.*?)```", readme, re.DOTALL), *re.findall(r"`([^`\n]+)`", readme)])
    named = re.findall(r"(?:^|bin/)earmark ([a-z]+(?: [a-z]+)?)", code, re.MULTILINE)
    assert {"init", "up"} <= {words.split()[0] for words in named}
    unknown = [words for words in named if not {words, words.split()[0]} & VERBS.keys()]
    assert not unknown


def test_every_error_source_option_and_trigger_kind_is_in_the_reference() -> None:
    text = FILE.read_text("utf-8")
    sources = [Source.model_fields, *(source.model_fields for source in kinds().values())]
    options = {name for fields in sources for name in fields}
    missing = [name for name in (*errors.__all__, *options, *CATALOGUE) if f"`{name}`" not in text]
    assert not missing


@pytest.mark.parametrize("kind", kinds())
def test_every_option_of_a_source_is_described(kind: str) -> None:
    fields = kinds()[kind].model_fields
    assert not [name for name, field in fields.items() if not field.description]

"""Write docs/reference.md from the code: verbs, settings, sources, trigger kinds, errors.

``make reference`` runs it; a test compares the file with what this would write.
"""

import inspect
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.core import TyperArgument, TyperGroup, TyperOption

from earmark import errors
from earmark.cli import app
from earmark.config import Settings
from earmark.contract import Source
from earmark.lifecycle import TRANSITIONS, Cause
from earmark.triggers import CATALOGUE
from monitors.pace import EVERY
from sources.catalogue import Card, cards
from sources.registry import kinds

FILE: Final = Path(__file__).resolve().parents[1] / "docs" / "reference.md"
_ENDS: Final = {
    "ConfigError": "exit 2",
    "StorageError": "exit 3",
    "LifecycleError": "a bug: exit 1 with its trace",
    "SourceUnavailable": "backs off, honours Retry-After",
    "SourceRefused": "asked again daily; a refused address waits for a person",
    "SourceChanged": "says so, polled slowly on",
    "ExportUnavailable": "tried later",
    "ExportRefused": "the target stops until a person looks",
    "ExportRejected": "shown to a person",
}


def main() -> int:
    """Write the file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(reference(), "utf-8")
    return 0


def reference() -> str:
    """Return the whole reference as Markdown."""
    parts = (_verbs(), _settings(), _sources(), _kinds(), _stages(), _errors())
    lines = [line for part in parts for line in part]
    return "\n".join(["# Reference", "", "Written from the code by `make reference`.", "", *lines])


def _verbs() -> Iterator[str]:
    yield from (
        "## Verbs",
        "",
        (
            "Exit codes: 0 done; 1 a check found a fault, or what was asked for is not there; "
            "2 something must be edited; 3 the database can't be used."
        ),
        "",
    )
    yield from _command(typer.main.get_command(app), "earmark")


def _command(command: Any, path: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        yield from _parameters(command)
        for name, verb in sorted(command.commands.items()):
            if not verb.hidden:
                yield from _command(verb, f"{path} {name}")
        return
    arguments = " ".join(_argument(each) for each in command.params if isinstance(each, TyperArgument))
    call = f"{path} {arguments}".strip()
    yield from (f"### `{call}`", "", inspect.cleandoc(command.help or ""), "")
    yield from _parameters(command)


def _argument(argument: TyperArgument) -> str:
    name = (argument.name or "").upper() + ("..." if argument.nargs < 0 else "")
    return name if argument.required else f"[{name}]"


def _parameters(command: Any) -> Iterator[str]:
    rows = [
        f"- `{', '.join([*option.opts, *option.secondary_opts])}`: {option.help or ''}"
        for option in command.params
        if isinstance(option, TyperOption) and not option.hidden and "--help" not in option.opts
    ]
    if rows:
        yield from (*rows, "")


def _settings() -> Iterator[str]:
    yield from (
        "## Settings",
        "",
        "`earmark.toml`; each key also as `EARMARK_TABLE__KEY` in the environment.",
        "",
    )
    yield from ("| key | default | means |", "|---|---|---|")
    for table, model in Settings.model_fields.items():
        if isinstance(model.annotation, type) and issubclass(model.annotation, BaseModel):
            for key, field in model.annotation.model_fields.items():
                yield f"| `{table}.{key}` | {_default(field)} | {_cell(field.description or '')} |"
    yield ""


def _sources() -> Iterator[str]:
    yield from (
        "## Sources",
        "",
        (
            "A preset is the kind `feed`, configured. Requests a day: at the usual pace, and at the least "
            "pause that the kind allows; * for each feed, board or search that the options name."
        ),
        "",
        "| kind | preset of | needs | requests a day | shows |",
        "|---|---|---|---|---|",
    )
    yield from map(_card, cards(EVERY))
    yield from (
        "",
        "Options of every kind:",
        "",
        "| option | default | means |",
        "|---|---|---|",
    )
    shared = set(Source.model_fields)
    yield from (_option(name, field) for name, field in Source.model_fields.items())
    for kind, source in sorted(kinds().items()):
        own = {name: field for name, field in source.model_fields.items() if name not in shared}
        yield from ("", f"### `{kind}`", "", inspect.cleandoc(source.__doc__ or ""), "")
        if source.terms:
            yield from (f"Terms: {source.terms}", "")
        yield from ("| option | default | means |", "|---|---|---|")
        yield from (_option(name, field) for name, field in own.items())
    yield ""


def _card(card: Card) -> str:
    each = "" if card.requests else "*"
    shown = "any" if card.shows_all else ", ".join(f"`{kind}`" for kind in card.shows)
    preset_of = f"`{card.preset_of}`" if card.preset_of else ""
    cost = f"{card.usual_cost}, at most {card.highest_cost}{each}"
    return f"| `{card.kind}` | {preset_of} | {_cell(card.auth)} | {cost} | {shown} |"


def _option(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_default(field)} | {_cell(field.description or '')} |"


def _kinds() -> Iterator[str]:
    yield from (
        "## Trigger kinds",
        "",
        "Days count from the day it happened or was published; the rulebook overrides them.",
        "",
    )
    yield from ("| kind | means | speaks for | half-life | contact | ends |", "|---|---|---|---|---|---|")
    for kind in CATALOGUE.values():
        window = f"{kind.opens.days}-{kind.closes.days}"
        yield (
            f"| `{kind.key}` | {kind.words}: {kind.why} | {kind.polarity} | {kind.half_life.days} | {window} "
            f"| {kind.expires.days} |"
        )
    yield ""


def _stages() -> Iterator[str]:
    yield from ("## Stages", "", "What is not in this table changes nothing.", "")
    yield from ("| cause | from | to |", "|---|---|---|")
    for cause in Cause:
        for (stage, moved_by), after in TRANSITIONS.items():
            if moved_by is cause:
                yield f"| {cause} | {stage} | {after} |"
    yield ""


def _errors() -> Iterator[str]:
    yield from ("## Errors", "", "Each says what happened, to which thing, and what to do.", "")
    yield from ("| error | means | then |", "|---|---|---|")
    for name in errors.__all__:
        error = getattr(errors, name)
        first = inspect.cleandoc(error.__doc__ or "").splitlines()[0]
        yield f"| `{name}` | {_cell(first)} | {_ENDS.get(name, '')} |"
    yield ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value: Any = field.default
    if value is None or value == ():
        return ""
    if isinstance(value, timedelta):
        return f"{value.days} days" if value.days and not value.seconds else f"{value.total_seconds():g} s"
    return f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())

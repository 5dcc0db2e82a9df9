"""The verbs that begin a package: with a new kind of source, or a new kind of target."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.session import notice

__all__ = ["add_to", "add_to_exports"]

Kind = Annotated[str, typer.Argument(help="The kind: lower-case letters, digits, - and _.")]
Folder = Annotated[Path | None, typer.Option(help="Where to write it; else a new folder here.")]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of the sources."""
    app.command("new")(new)


def add_to_exports(app: typer.Typer) -> None:
    """Add the verb to the group of the exports."""
    app.command("new")(new_exporter)


def new(name: Kind, folder: Folder = None) -> None:
    """Begin a package with a new kind of source: options, poll, a recorded page and a contract test."""
    from earmark.cli.scaffold import files_of
    from sources.registry import kinds

    _check(name, kinds(), "source", "city-register")
    _write(name, folder, files_of(name))


def new_exporter(name: Kind, folder: Folder = None) -> None:
    """Begin a package with a new kind of target: options, four steps, a fake of it and a contract test."""
    from earmark.cli.scaffold_exporter import exporter_files_of
    from exports.profiles import PROFILES
    from exports.registry import kinds

    _check(name, {*kinds(), *PROFILES, "csv", "jsonl"}, "export", "card-index")
    _write(name, folder, exporter_files_of(name))


def _check(name: str, known: Collection[str], what: str, example: str) -> None:
    """Refuse a name that can be none, or is taken."""
    from earmark.errors import ConfigError

    if not re.fullmatch(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", name) or len(name) > _LONGEST:
        raise ConfigError(
            f"{name!r} is no name for a kind. Use lower-case letters, digits, - and _, such as {example}."
        )
    if name in known:
        raise ConfigError(f"There is {_A[what]} kind {name!r} already. Choose another name.")


def _write(name: str, folder: Path | None, files: Mapping[str, str]) -> None:
    """Write the files into a new or empty folder, and say where and what next."""
    from earmark.errors import ConfigError

    root = folder or Path.cwd() / f"earmark-{name.replace('_', '-')}"
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ConfigError(f"{root} is there already and is not empty. Choose another place with --folder.")
    try:
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{root} can't be written ({error.strerror}). Choose another place.") from error
    typer.echo(str(root))
    notice(f"Try it: cd {root} && pip install -e . && pytest")


_A = {"source": "a source", "export": "an export"}
_LONGEST = 40

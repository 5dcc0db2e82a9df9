"""The verb that begins a package with a new kind of source."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import re
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.session import notice

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of the sources."""
    app.command("new")(new)


def new(
    name: Annotated[str, typer.Argument(help="The kind: lower-case letters, digits, - and _.")],
    folder: Annotated[Path | None, typer.Option(help="Where to write it; else a new folder here.")] = None,
) -> None:
    """Begin a package with a new kind of source: options, poll, a recorded page and a contract test."""
    from earmark.cli.scaffold import files_of
    from earmark.errors import ConfigError
    from sources.registry import kinds

    if not re.fullmatch(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", name) or len(name) > _LONGEST:
        raise ConfigError(
            f"{name!r} is no name for a kind. Use lower-case letters, digits, - and _, such as city-register."
        )
    if name in kinds():
        raise ConfigError(f"There is a source kind {name!r} already. Choose another name.")
    files = files_of(name)
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


_LONGEST = 40

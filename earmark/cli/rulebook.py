"""Verbs of the rulebook: what the team decided, as TOML."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import sys
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, nothing, notice, session_of, who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from matcher.trial import Trial

__all__ = ["app", "text_of"]


app = typer.Typer(help="The rulebook: whom you sell to, and what you say.", no_args_is_help=True)


@app.command()
def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="TOML file; - reads standard input.")],
    by: Annotated[str | None, typer.Option(help="Who decided it; else your user name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make this file the newest version of the rulebook.

    Each problem is held against its examples and counterexamples first. What is wrong with rules that can be
    applied all the same is said.
    """
    from review.versions import apply as put_in_force
    from review.versions import in_force, remarks

    session = session_of(context)
    text = text_of(file)
    with session.writing() as connection:
        number = put_in_force(connection, text, by=by or who(), at=session.now)
    with session.reading() as connection:
        version = in_force(connection).number
        found = remarks(connection, text, session.now) if number is not None else ()

    def draw(_: "Console") -> None:
        is_new = number is not None
        notice(
            f"Applied as version {version}."
            if is_new
            else f"Nothing changed: this is version {version} already."
        )
        for remark in found:
            notice(f"Look at this: {remark}")

    session.show({"version": version, "changed": number is not None, "remarks": found}, as_json, draw)


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to; else standard output.")] = None,
    version: Annotated[int | None, typer.Option(help="An earlier version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the rulebook as TOML, as it was applied; before the first, one to fill."""
    from earmark.config.sample import RULEBOOK
    from exports.whole import whole
    from storage import rulebook

    session = session_of(context)
    with session.reading() as connection:
        if version is not None:
            text = rulebook.text_of(connection, version)
        else:
            newest = rulebook.latest(connection)
            text = newest[1] if newest else RULEBOOK
    if text is None:
        nothing(f"There is no version {version} of the rulebook.")
    if file is None and as_json:
        session.show(tomllib.loads(text), as_json, lambda _: None)
        return
    if file is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    with whole(file) as part:
        part.write_text(text, encoding="utf-8")
    notice(f"Wrote {file}")


@app.command("try")
def try_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="TOML file; - reads standard input.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back to look.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Show what the problems of a file find in the stored events, and what each NOT takes out.

    Nothing is written.
    """
    from earmark.errors import ConfigError
    from earmark.rulebook import parse
    from matcher.trial import check, tried, wide
    from storage import events

    session = session_of(context)
    problems = parse(text_of(file)).lexicon({}, 0).problems
    if not problems:
        nothing(f"{file} has no problems to try. Write one under [[problems]].")
    with session.reading() as connection:
        trials = tried(events.stream(connection, since=session.now - timedelta(days=days)), problems)
    session.show(trials, as_json, lambda console: _draw(console, trials))
    for remark in wide(trials):
        notice(f"Look at this: {remark}")
    try:
        check(problems)
    except ConfigError as error:
        raise ConfigError(f"{error} Until then this file can't be applied.") from error


def _draw(console: "Console", trials: "Sequence[Trial]") -> None:
    for trial in trials:
        console.print(f"{trial.problem}: {trial.matched.count:,} matched, of {trial.texts:,} texts")
        for sample in trial.matched.samples:
            console.print(f"    {sample}")
        for clause, found in sorted(trial.removed.items()):
            console.print(f"  removed by {clause}: {found.count:,}")
            for sample in found.samples:
                console.print(f"    {sample}")


def text_of(file: Path) -> str:
    """Return the text of a rulebook (- is standard input); ConfigError when it can't be read as UTF-8."""
    from earmark.errors import ConfigError

    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"There is no file {file}. Check the name.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} can't be read as UTF-8 text: {error}.") from error

"""Verbs of the ideal customer profile: what its rules make of the list."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.session import AsJson, nothing, session_of

if TYPE_CHECKING:
    from rich.console import Console

    from matcher.icp import IcpTrial

__all__ = ["app"]

app = typer.Typer(help="The ideal customer profile (ICP): which accounts fit.", no_args_is_help=True)

_WIDEST: Final = 40


@app.command("try")
def try_(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Rulebook as TOML; - reads standard input; else the one in force.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how the accounts fit, and what each rule does to that.

    Nothing is written.
    """
    from earmark.cli.rulebook import text_of
    from earmark.rulebook import parse
    from matcher.icp import tried
    from review.versions import in_force
    from storage import accounts

    session = session_of(context)
    with session.reading() as connection:
        text = text_of(file) if file else in_force(connection).text
        rules = parse(text).lexicon({}, 0).icp
        if not rules:
            nothing("There are no ICP rules to try. Write one under [[icp]]: see earmark rules export.")
        trial = tried(accounts.each_account(connection), rules)
    session.show(trial, as_json, lambda console: _draw(console, trial))


def _draw(console: "Console", trial: "IcpTrial") -> None:
    from rich.text import Text

    from review.terminal import safe, table_of

    steps = len(trial.spread)
    for step in reversed(range(steps)):
        count = trial.spread[step]
        bar = "█" * round(_WIDEST * count / max(trial.accounts, 1))
        console.print(f"fit {step / steps:.1f} to {(step + 1) / steps:.1f}  {count:>9,}  {bar}")
    table = table_of("rule", "weight", "holds", "fails", "unknown")
    for one in trial.rules:
        counts = (f"{number:,}" for number in (one.holds, one.fails, one.unknown))
        table.add_row(Text(safe(one.rule)), f"{one.weight:g}", *counts)
    console.print(table)
    for what, several in (("Best", trial.best), ("Worst", trial.worst)):
        listed = ", ".join(f"{safe(id_)} {value:.2f}" for id_, value in several)
        console.print(f"{what}: {listed}")
    for remark in trial.remarks:
        console.print(f"Look at this: {safe(remark)}")

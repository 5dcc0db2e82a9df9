"""Verbs of the workspace: begin one, check it, look at the demo, run."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, Session, nothing, notice, session_of

if TYPE_CHECKING:
    from rich.console import Console

    from review.health import Finding
    from storage.engine import Engine

__all__ = ["add_to", "config_app"]

config_app = typer.Typer(help="Settings of the workspace.", no_args_is_help=True)
_FOR_A_PERSON = frozenset({2, 3})
"""Exit codes of faults that no new start mends: something to edit, or a database that can't be used."""
_SHOWN = 20
"""Rows of the list that ``earmark up`` prints when it changes."""


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (init, check, demo, up, worker, migrate, doctor):
        app.command()(verb)


def init(
    context: typer.Context,
    accounts: Annotated[Path | None, typer.Argument(help="Accounts as your CRM exports them.")] = None,
    contact: Annotated[
        str | None, typer.Option(help="Your e-mail or web address; each place you poll can see it.")
    ] = None,
) -> None:
    """Begin a workspace here: write earmark.toml, make the database, import the accounts."""
    from earmark.cli.accounts import import_accounts
    from earmark.intake import read_accounts
    from monitors.beginning import begin, refuse_to_replace

    session = session_of(context)
    refuse_to_replace(session.start)
    intake = read_accounts(accounts) if accounts else None  # a bad file leaves nothing behind
    if contact is None and sys.stdin.isatty():
        contact = typer.prompt("Your e-mail or web address, for the places that you poll", err=True)
    file = begin(session.start, contact)
    notice(f"Wrote {file}")
    if intake:
        import_accounts(session, intake, as_json=False)
    if contact is None:
        notice(f"Polling needs your contact: give it on the page, or in {file}: [http] contact = …")
    notice("Next: earmark up, and go on in the page; or here: earmark sources add https://…/feed.xml")


def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Check settings, accounts, rulebook and sources; exit 1 if something has to be edited."""
    from earmark.doctor import check_workspace

    session = session_of(context)
    _report(session, check_workspace(session.settings), as_json)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Examine this machine and the workspace; exit 1 if something is broken."""
    from earmark.doctor import examine

    session = session_of(context)
    _report(session, examine(session.workspace, session.now), as_json)


def demo(context: typer.Context) -> None:
    """Run the main job once on an invented list, offline, and show what comes out."""
    from earmark.config import DEMO
    from monitors import demo as demo_workspace

    session = session_of(context)
    folder = session.start if session.start.name == DEMO else session.start / DEMO
    notice(f"Making the demo workspace {folder} from invented accounts and recorded pages …")
    written = demo_workspace.run(folder)
    in_demo = Session(folder)
    notice(f"{sum(one.new for one in written)} events from {len(written)} sources.")
    _print_demo(in_demo)
    notice("Every other verb works here: earmark show ACCOUNT, earmark why TRIGGER, earmark today …")
    notice("Begin your own: earmark init accounts.csv --contact you@company.example")


def up(
    context: typer.Context,
    alone: Annotated[bool, typer.Option("--no-page", help="The monitor alone, without the page.")] = False,
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
) -> None:
    """Poll by schedule and sweep, show the list as it fills, and serve the page, until Ctrl+C."""
    from earmark.config import FILE, clock_is_fixed, find_workspace

    session = session_of(context)
    folder, is_own = find_workspace(session.start)
    if not attached and not is_own and not (folder / FILE).is_file():
        from monitors import demo as demo_workspace

        notice(f"There is no workspace here, so this is the demo, in {folder}.")
        notice("Begin your own with: earmark init accounts.csv --contact you@company.example")
        demo_workspace.create(folder)
    if alone or clock_is_fixed():
        from monitors import demo as demo_workspace
        from monitors.supervise import end_with_supervisor
        from monitors.up import up as run

        if attached:
            session.quiet = True
            end_with_supervisor()
        with demo_workspace.serving(session.workspace):
            run(session.settings, _Screen(session))
        return
    from monitors.supervise import MOVED

    code = _supervised(session)
    if code == MOVED:  # from the demo's page: one's own workspace stands beside it now
        code = _supervised(Session(folder.parent))
    raise typer.Exit(code)


def _supervised(session: Session) -> int:
    """Run the monitor and the page as two processes that share only the database; return an exit code."""
    from monitors.supervise import MOVED, Child, supervise

    if not _has_contact(session.workspace):
        notice("Nothing is polled before you say how a site's owner can reach you: the page asks for it.")
    earmark = [sys.executable, "-m", "earmark", "--workspace", str(session.workspace)]
    earmark += [flag for flag in ("--debug", "--log-json") if flag in sys.argv]
    notice("Running; Ctrl+C ends it.")
    return supervise(
        [
            Child(
                name="monitor",
                command=[*earmark, "up", "--no-page", "--attached"],
                ends_all=_FOR_A_PERSON,
                may_begin=lambda: _has_contact(session.workspace),
            ),
            Child(
                name="page",
                command=[*earmark, "page", "--attached"],
                ends_all=frozenset({MOVED}),
            ),
        ]
    )


def _has_contact(workspace: Path) -> bool:
    from earmark.config import load

    return load(workspace).http.contact is not None


def worker(context: typer.Context) -> None:
    """Work in a fleet on one PostgreSQL, on as many machines as you like, until Ctrl+C."""
    from earmark.errors import ConfigError

    session = session_of(context)
    try:
        from monitors.fleet import worker as run
    except ModuleNotFoundError as error:
        raise ConfigError(
            "A fleet needs procrastinate, which is not installed. Install it: pip install 'earmark[fleet]'"
        ) from error
    notice("Working; Ctrl+C ends it.")
    run(session.settings)


def migrate(context: typer.Context) -> None:
    """Make the database, or bring its tables to the form of this program; safe to run by several at once."""
    session = session_of(context)
    engine = _migrated(session.settings.database_url)
    try:
        if engine.dialect.name == "postgresql":
            with suppress(ModuleNotFoundError):  # without the extra "fleet" there is nothing to prepare
                from monitors.fleet import lay

                lay(engine)
    finally:
        engine.dispose()
    notice("The database is up to date.")


@config_app.command("show")
def config_show(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the settings in force, from file and environment; secrets by name only."""
    from earmark.logs import mask

    session = session_of(context)
    settings = session.settings
    values = {
        f"{table}.{key}": mask(str(value)) if isinstance(value, str) else value
        for table in ("storage", "http", "monitor", "team", "page", "mail")
        for key, value in dict(getattr(settings, table)).items()
    }
    values |= {f"secrets.{name}": str(settings.secrets[name]) for name in settings.secrets.names()}

    def draw(console: "Console") -> None:
        for key, value in values.items():
            console.print(f"{key} = {value}")

    session.show(values, as_json, draw)


@config_app.command("path")
def config_path(context: typer.Context) -> None:
    """Print the path of the settings file."""
    from earmark.config import FILE

    typer.echo(session_of(context).workspace / FILE)


class _Screen:
    """Prints the list of the day as it fills: at first the whole, then each row that came to it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: set[str] | None = None

    def __call__(self, engine: "Engine") -> None:
        from earmark.config import clock
        from review.day import day
        from review.terminal import print_today
        from storage.engine import reading

        now = clock()
        touches = self._session.settings.team.touches_a_day
        with reading(engine) as connection:
            found = day(connection, now, touches=touches, since=now, limit=_SHOWN)
        new = [row for row in found.rows if self._shown is None or row.trigger not in self._shown]
        if new or self._shown is None:
            here = now.astimezone(self._session.settings.team.zone)
            self._session.console.print(f"\n{here:%H:%M:%S}  {found.total} to do")
            print_today(self._session.console, new, here)
        self._shown = (self._shown or set()) | {row.trigger for row in new}


def _print_demo(session: Session) -> None:
    from matcher.note import as_text
    from review.day import day
    from review.terminal import print_today
    from storage import triggers

    touches = session.settings.team.touches_a_day
    with session.reading() as connection:
        rows = day(connection, session.now, touches=touches, since=session.now, everything=True).rows
        best = triggers.get(connection, rows[0].trigger) if rows else None
    print_today(session.console, rows, session.now.astimezone(session.settings.team.zone))
    if best is not None and best.note is not None:
        session.console.print()
        session.console.print(as_text(best.note, best.score))


def _migrated(url: str) -> "Engine":
    from storage.engine import connect
    from storage.engine import migrate as bring_to_head

    engine = connect(url)
    bring_to_head(engine)
    return engine


def _report(session: Session, findings: "list[Finding]", as_json: bool) -> None:
    from review.health import Level
    from review.terminal import safe

    def draw(_: object) -> None:
        for one in findings:
            words = f"{one.words} {one.remedy}".strip()
            session.console.print(f"{one.level.value:<5} {one.name:<10} {safe(words)}")

    session.show(findings, as_json, draw)
    broken = sum(one.level is Level.FAIL for one in findings)
    if broken:
        nothing(f"{broken} of {len(findings)} need an edit." if broken > 1 else "One thing needs an edit.")

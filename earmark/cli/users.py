"""Verbs on users: who may enter the page, and as what."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, notice, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

    from storage.users import User

__all__ = ["app", "has_terminal"]

app = typer.Typer(
    help="Users of the page: with the first one everybody has to log in.",
    no_args_is_help=True,
)

UserId = Annotated[str, typer.Argument(metavar="USER", help="Id of the user, such as ada.")]
RoleWord = Annotated[str, typer.Argument(metavar="ROLE", help="admin, manager, rep or read_only.")]
From = Annotated[
    str | None,
    typer.Option(
        "--password",
        metavar="env:NAME|-",
        help="Where the password stands: a variable of the environment, or - for standard input; "
        "else it is asked for. Never the password itself.",
    ),
]
By = Annotated[str | None, typer.Option(help="Who did it; else your user name.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """Show all users."""
    from storage import users

    session = session_of(context)
    with session.reading() as connection:
        found = users.every(connection)
    session.show(found, as_json, lambda console: _draw(console, found))
    if not found:
        notice("There are no users: the page opens with the address that earmark page prints.")


@app.command()
def add(
    context: typer.Context,
    user: UserId,
    role: Annotated[
        str, typer.Option(help="admin, manager, rep or read_only; the first is an admin.")
    ] = "rep",
    name: Annotated[str, typer.Option(help="Name to be shown; else the id.")] = "",
    email: Annotated[
        str | None, typer.Option(help="E-mail address: to log in with, and for digests.")
    ] = None,
    rep: Annotated[str | None, typer.Option(help="Id of the rep of the rulebook that the user is.")] = None,
    password: From = None,
    by: By = None,
) -> None:
    """Add a user; with the first one the page asks everybody to log in."""
    from review.passwords import hashed
    from review.users import add as add_user

    session = session_of(context)
    kept = hashed(_password(password))
    with session.writing() as connection:
        added = add_user(
            connection,
            user,
            role=role,
            password=kept,
            name=name,
            email=email,
            rep=rep,
            by=by or who(),
            now=session.now,
        )
    typer.echo(f"Added {added.id} as {_words(added.role)}. They log in at the address of the page.")


@app.command()
def password(context: typer.Context, user: UserId, password: From = None, by: By = None) -> None:
    """Give a user another password; they are logged out everywhere."""
    from review.passwords import hashed
    from review.users import set_password

    session = session_of(context)
    kept = hashed(_password(password))
    with session.writing() as connection:
        set_password(connection, user, kept, by=by or who(), now=session.now)
    typer.echo(f"{user} has another password, and is logged out everywhere.")


@app.command()
def role(context: typer.Context, user: UserId, role: RoleWord, by: By = None) -> None:
    """Give a user another role."""
    from review.users import change

    session = session_of(context)
    with session.writing() as connection:
        changed = change(connection, user, role=role, by=by or who(), now=session.now)
    typer.echo(f"{changed.id} is {_words(changed.role)} now.")


@app.command()
def disable(context: typer.Context, user: UserId, by: By = None) -> None:
    """Let a user in no more, from now on; what they did stays on record."""
    from review.users import disable as let_in_no_more

    session = session_of(context)
    with session.writing() as connection:
        let_in_no_more(connection, user, by=by or who(), now=session.now)
    typer.echo(f"{user} enters no more. Take it back with: earmark users enable {user}")


@app.command()
def enable(context: typer.Context, user: UserId, by: By = None) -> None:
    """Let a disabled user in again."""
    from review.users import enable as let_in

    session = session_of(context)
    with session.writing() as connection:
        let_in(connection, user, by=by or who(), now=session.now)
    typer.echo(f"{user} may enter again.")


def has_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def _password(where: str | None) -> str:
    """Return a password from where it stands; ConfigError for one on the command line itself."""
    from earmark.errors import ConfigError
    from earmark.secret import REFERENCE, Secret

    if where is None:
        if not has_terminal():
            raise ConfigError(
                "There is no terminal to ask for the password. Give it by --password - (standard input) or "
                "--password env:NAME."
            )
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return given
    if where == "-":
        return sys.stdin.readline().rstrip("\r\n")
    named = REFERENCE.fullmatch(where)
    if named is None:
        raise ConfigError(
            "A password on the command line can be read by others on this machine. "
            "Leave --password out to be asked, or give - for standard input, or env:NAME."
        )
    return Secret(named[1]).value()


def _words(role: str) -> str:
    return role.replace("_", " ")


def _draw(console: "Console", found: "list[User]") -> None:
    from review.terminal import safe, table_of

    table = table_of("User", "Name", "Role", "E-mail", "Rep", "State")
    for user in found:
        state = "disabled" if user.disabled_at else "enters"
        table.add_row(
            *map(safe, (user.id, user.name, _words(user.role), user.email or "", user.rep or "", state))
        )
    if found:
        console.print(table)

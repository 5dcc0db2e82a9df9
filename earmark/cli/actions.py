"""Verbs of people: what was done about a trigger or an account, and undo."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.session import AsJson, Session, choose_account, nothing, notice, session_of, who
from earmark.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earmark.types import Judgement
    from storage.engine import Connection

__all__ = ["add_to"]

TriggerId = Annotated[str, typer.Argument(metavar="TRIGGER", help="Id of a trigger, or how it begins.")]
AccountText = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id, name or domain.")]
Either = Annotated[
    str, typer.Argument(metavar="ACCOUNT|TRIGGER", help="An account, or the id of one trigger of it.")
]
By = Annotated[str | None, typer.Option(help="Who did it; else your user name.")]
Text = Annotated[str, typer.Option("--text", "-t", help="A remark to keep with it.")]


_OF_TRIGGERS: Final = frozenset({"accept", "dismiss"})
_OF_EITHER: Final = frozenset({"contacted", "undo"})
_SHORTEST_ID: Final = 6


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (accept, dismiss, snooze, assign, remark, contacted, outcome, suppress, unsuppress, undo):
        app.command()(verb)


def accept(
    context: typer.Context, trigger: TriggerId, text: Text = "", by: By = None, as_json: AsJson = False
) -> None:
    """Take a trigger on: it is a good reason, and somebody will make contact."""
    _say(_do(session_of(context), "accept", trigger, text=text, by=by), as_json=as_json)


def dismiss(
    context: typer.Context,
    trigger: TriggerId,
    reason: Annotated[Verdict, typer.Option(help="What is wrong with it.")] = Verdict.OTHER,
    until: Annotated[
        str | None, typer.Option(help="Until a day, where the reason hides the account: not_now, a deal.")
    ] = None,
    of: Annotated[
        str | None, typer.Option(help="The trigger that a duplicate tells again; else the likest one.")
    ] = None,
    text: Text = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Reject a trigger and say why; earmark learned shows what follows from it."""
    _say(
        _do(
            session_of(context), "dismiss", trigger, value=reason.value, until=until, of=of, text=text, by=by
        ),
        as_json=as_json,
    )


def snooze(
    context: typer.Context,
    account: AccountText,
    until: Annotated[
        str, typer.Option(help="2026-12-01, 5d, tomorrow; or trigger: until the next reason for contact.")
    ] = "1d",
    text: Text = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Hide an account from the list until a day, or until the next trigger; it goes on being watched."""
    _say(_do(session_of(context), "snooze", account, until=until, text=text, by=by), as_json=as_json)


def assign(
    context: typer.Context,
    account: AccountText,
    rep: Annotated[str, typer.Argument(help="Who works it from now on; nobody, if left out.")] = "",
    text: Text = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Give an account to a rep, or to nobody."""
    _say(_do(session_of(context), "assign", account, value=rep, text=text, by=by), as_json=as_json)


def remark(
    context: typer.Context,
    account: AccountText,
    text: Annotated[str, typer.Argument(help="What to keep with the account; show tells it again.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write something of an account; it moves nothing."""
    _say(_do(session_of(context), "remark", account, text=text, by=by), as_json=as_json)


def contacted(
    context: typer.Context,
    target: Either,
    channel: Annotated[str, typer.Option(help="How: call, mail, social …")] = "",
    text: Text = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Log outreach to an account."""
    _say(_do(session_of(context), "contacted", target, value=channel, text=text, by=by), as_json=as_json)


def outcome(
    context: typer.Context,
    account: AccountText,
    result: Annotated[str, typer.Argument(help="no_answer, reply, meeting, opportunity, won or lost.")],
    text: Text = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Log what came of an outreach."""
    _say(_do(session_of(context), "outcome", account, value=result, text=text, by=by), as_json=as_json)


def suppress(
    context: typer.Context,
    account: AccountText,
    reason: Annotated[str, typer.Argument(help="customer, opt_out, rival, open_deal or legal.")],
    until: Annotated[str | None, typer.Option(help="Until a day; else until a person ends it.")] = None,
    text: Text = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Never contact an account, for a reason."""
    _say(
        _do(session_of(context), "suppress", account, value=reason, until=until, text=text, by=by),
        as_json=as_json,
    )


def unsuppress(
    context: typer.Context, account: AccountText, text: Text = "", by: By = None, as_json: AsJson = False
) -> None:
    """End the suppression of an account."""
    _say(_do(session_of(context), "unsuppress", account, text=text, by=by), as_json=as_json)


def undo(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="ACCOUNT|TRIGGER|ID", help="An account, a trigger, or an id of learned.")
    ],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Take back the last action on an account or a trigger, or one thing that was learned."""
    from monitors.effects import undo_learned

    session = session_of(context)
    author = by or who()
    learned = undo_learned(session.engine, target, by=author, now=session.now)
    if learned is not None:
        _say([learned], as_json=as_json)
        return
    with session.reading() as connection:
        found = _said_so(connection, target)
    if found is not None:
        said = _do(session, "undo", found.trigger, value=found.id, by=author)
    else:
        said = _do(session, "undo", target, by=author)
    _say(said, as_json=as_json)


def _said_so(connection: "Connection", beginning: str) -> "Judgement | None":
    """Return the one verdict whose id begins so, unless a trigger does."""
    from storage import judgements, triggers

    if len(beginning) < _SHORTEST_ID or triggers.meant(connection, beginning) is not None:
        return None
    found = judgements.find(connection, beginning)
    return found[0] if len(found) == 1 else None


def _do(
    session: Session,
    verb: str,
    target: str,
    *,
    value: str = "",
    text: str = "",
    until: str | None = None,
    of: str | None = None,
    by: str | None = None,
) -> list[str]:
    """Carry out an action, and return what follows in words."""
    from earmark.types import UNTIL_NEWS, Action
    from review.acting import carry_out

    with session.reading() as connection:
        account, trigger = _target(connection, verb, target)
        doubled = _target(connection, verb, of)[1] if of is not None else None
    action = Action(
        verb=verb,
        by=by or who(),
        account=account,
        trigger=trigger,
        value=value,
        text=text,
        until=UNTIL_NEWS
        if until is not None and until.strip().lower() == "trigger"
        else session.moment(until),
        of=doubled,
    )
    return carry_out(session.engine, action, now=session.now, zone=session.settings.team.zone)


def _say(said: "Sequence[str]", *, as_json: bool) -> None:
    """Say what follows: to a person, or as JSON to a program."""
    if as_json:
        from review.plain import json_text

        typer.echo(json_text({"said": said}))
        return
    for line in said:
        notice(line)


def _target(connection: "Connection", verb: str, text: str) -> tuple[str | None, str | None]:
    """Return the account or the trigger that a verb is about; some verbs take either."""
    from storage import triggers

    if verb in _OF_TRIGGERS or (verb in _OF_EITHER and len(text) >= _SHORTEST_ID):
        found = triggers.meant(connection, text)
        if found is not None:
            return None, found.id
        if verb in _OF_TRIGGERS:
            nothing(f"No trigger begins with {text!r}. List them with: earmark triggers")
    return choose_account(connection, text).id, None

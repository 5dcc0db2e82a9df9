"""Verbs of people: what was done about a trigger or an account, and undo."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.session import Session, choose_account, nothing, notice, session_of, who
from earmark.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earmark.types import Action, Changes, Judgement, TriggerState
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
_MEMORY: Final = timedelta(days=3650)
"""How old a story may be of which a person says something, or takes it back."""


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (accept, dismiss, snooze, assign, contacted, outcome, suppress, unsuppress, undo):
        app.command()(verb)


def accept(context: typer.Context, trigger: TriggerId, text: Text = "", by: By = None) -> None:
    """Take a trigger on: it is a good reason, and somebody will make contact."""
    _do(session_of(context), "accept", trigger, text=text, by=by)


def dismiss(
    context: typer.Context,
    trigger: TriggerId,
    reason: Annotated[Verdict, typer.Option(help="What is wrong with it.")] = Verdict.OTHER,
    until: Annotated[
        str | None, typer.Option(help="Until a day, where the reason hides the account: not_now, a deal.")
    ] = None,
    text: Text = "",
    by: By = None,
) -> None:
    """Reject a trigger and say why; earmark learned shows what follows from it."""
    session = session_of(context)
    author = by or who()
    _do(session, "dismiss", trigger, value=reason.value, until=until, text=text, by=author)
    if reason is Verdict.WRONG_ACCOUNT:
        from monitors.effects import forget_name

        notice(forget_name(session.engine, trigger, by=author, now=session.now))


def snooze(
    context: typer.Context,
    account: AccountText,
    until: Annotated[str, typer.Option(help="A date or a distance: 2026-12-01, 5d, tomorrow.")] = "1d",
    text: Text = "",
    by: By = None,
) -> None:
    """Hide an account from the list until a day; it goes on being watched."""
    _do(session_of(context), "snooze", account, until=until, text=text, by=by)


def assign(
    context: typer.Context,
    account: AccountText,
    rep: Annotated[str, typer.Argument(help="Who works it from now on; nobody, if left out.")] = "",
    text: Text = "",
    by: By = None,
) -> None:
    """Give an account to a rep, or to nobody."""
    _do(session_of(context), "assign", account, value=rep, text=text, by=by)


def contacted(
    context: typer.Context,
    target: Either,
    channel: Annotated[str, typer.Option(help="How: call, mail, social …")] = "",
    text: Text = "",
    by: By = None,
) -> None:
    """Log outreach to an account."""
    _do(session_of(context), "contacted", target, value=channel, text=text, by=by)


def outcome(
    context: typer.Context,
    account: AccountText,
    result: Annotated[str, typer.Argument(help="no_answer, reply, meeting, opportunity, won or lost.")],
    text: Text = "",
    by: By = None,
) -> None:
    """Log what came of an outreach."""
    _do(session_of(context), "outcome", account, value=result, text=text, by=by)


def suppress(
    context: typer.Context,
    account: AccountText,
    reason: Annotated[str, typer.Argument(help="customer, opt_out, rival, open_deal or legal.")],
    until: Annotated[str | None, typer.Option(help="Until a day; else until a person ends it.")] = None,
    text: Text = "",
    by: By = None,
) -> None:
    """Never contact an account, for a reason."""
    _do(session_of(context), "suppress", account, value=reason, until=until, text=text, by=by)


def unsuppress(context: typer.Context, account: AccountText, text: Text = "", by: By = None) -> None:
    """End the suppression of an account."""
    _do(session_of(context), "unsuppress", account, text=text, by=by)


def undo(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="ACCOUNT|TRIGGER|ID", help="An account, a trigger, or an id of learned.")
    ],
    by: By = None,
) -> None:
    """Take back the last action on an account or a trigger, or one thing that was learned."""
    from monitors.effects import undo_learned

    session = session_of(context)
    author = by or who()
    said = undo_learned(session.engine, target, by=author, now=session.now)
    if said is not None:
        notice(said)
        return
    with session.reading() as connection:
        found = _said_so(connection, target)
    if found is not None:
        _do(session, "undo", found.trigger, value=found.id, by=author)
    else:
        _do(session, "undo", target, by=author)


def _said_so(connection: "Connection", beginning: str) -> "Judgement | None":
    """Return the one verdict whose id begins so, unless a trigger does."""
    from storage import judgements, triggers

    if len(beginning) < _SHORTEST_ID or triggers.get(connection, beginning) is not None:
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
    by: str | None = None,
) -> None:
    """Decide on an action and store what follows, in one transaction."""
    from earmark.types import Action

    until_at = session.moment(until)
    with session.writing() as connection:
        account, trigger = _target(connection, verb, target)
        action = Action(
            verb=verb,
            by=by or who(),
            account=account,
            trigger=trigger,
            value=value,
            text=text,
            until=until_at,
        )
        changes, before = _perform(connection, session, action)
    notice(_told(verb, changes, before, session.settings.team.zone))
    if changes.taken_back:
        from monitors.effects import remember_names

        for line in remember_names(session.engine, changes.taken_back, by=action.by, now=session.now):
            notice(line)


def _target(connection: "Connection", verb: str, text: str) -> tuple[str | None, str | None]:
    """Return the account or the trigger that a verb is about; some verbs take either."""
    from storage import triggers

    if verb in _OF_TRIGGERS or (verb in _OF_EITHER and len(text) >= _SHORTEST_ID):
        found = triggers.get(connection, text)
        if found is not None:
            return None, found.id
        if verb in _OF_TRIGGERS:
            nothing(f"No trigger begins with {text!r}. List them with: earmark triggers")
    return choose_account(connection, text).id, None


def _perform(
    connection: "Connection", session: Session, action: "Action"
) -> "tuple[Changes, dict[str, TriggerState]]":
    from matcher.act import act
    from review.rules import lexicon_of
    from storage import accounts, history

    key = _key_of(connection, action)
    account = accounts.get(connection, key[2:]) if key.startswith("a:") else None
    past = history.load(connection, [key], session.now - _MEMORY, session.now)
    lexicon = lexicon_of(connection, [account] if account else [])
    changes = act(action, past, lexicon, session.now)
    history.save(connection, changes, session.now)
    return changes, {one.id: one.state for each in past.pasts.values() for one in each.triggers}


def _key_of(connection: "Connection", action: "Action") -> str:
    from storage import triggers

    if action.account is not None:
        return f"a:{action.account}"
    trigger = triggers.get(connection, action.trigger or "")
    story = triggers.story(connection, trigger.story) if trigger else None
    if story is None:
        nothing(f"The story of trigger {action.trigger} is gone.")
    return story.key


def _told(verb: str, changes: "Changes", before: "Mapping[str, TriggerState]", zone: "tzinfo") -> str:
    """Return what follows, in words; ``before`` says which state each trigger had."""
    moves = [
        f"{move.account}: {move.before} → {move.after}"
        for move in changes.transitions
        if move.after is not move.before
    ]
    states = [
        f"trigger {one.id[:8]} is {one.state}"
        for one in changes.triggers
        if before.get(one.id) is not one.state
    ]
    hidden = [
        f"{one.id} is snoozed until {one.snoozed_until.astimezone(zone):%Y-%m-%d %H:%M}"
        for one in changes.accounts
        if one.snoozed_until
    ]
    hidden += [f"{one.id} belongs to {one.owner or 'nobody'}" for one in changes.accounts if verb == "assign"]
    hidden += [
        f"{one.id} is suppressed: {one.suppression.reason}" for one in changes.accounts if one.suppression
    ]
    back = [move.reason.removesuffix(".") for move in changes.transitions if verb == "undo" and move.undoes]
    said = "; ".join([*(moves or back), *states, *hidden]).replace("_", " ")
    recorded = "Recorded." if changes.transitions or changes.accounts else "Nothing changed."
    return said + "." if said else recorded

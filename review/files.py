"""What of the list goes into a file of a profile: its lines, and what is left out with the reason."""

from collections.abc import Callable, Container
from datetime import datetime

from earmark.types import Account, Trigger, TriggerState
from exports.choice import Choice, choose
from exports.line import Line
from exports.profiles import Profile
from exports.view import read_view
from matcher.score import score_now
from review.rules import lexicon_of
from storage import accounts, judgements, triggers
from storage.engine import Connection

__all__ = ["choice_of"]


def choice_of(
    connection: Connection,
    profile: Profile,
    now: datetime,
    *,
    owner: str | None = None,
    view: str | None = None,
    sees: Callable[[Account | None], bool] | None = None,
    only: Container[str] | None = None,
) -> Choice:
    """Return what goes into the file; ConfigError when the view can't be read.

    What ``sees`` says no to, and triggers that are not among ``only``, are neither in the file nor told as
    left out.
    """
    part = read_view(view) if view else None
    lines = _lines(connection, profile, now, sees)
    if only is not None:
        lines = [line for line in lines if line.trigger.id in only]
    listed = {line.account.id for line in lines if line.account}
    people = accounts.contacts(connection, sorted(listed)) if profile.per == "contact" else {}
    return choose(profile, lines, people, now, owner=owner, view=part)


def _lines(
    connection: Connection, profile: Profile, now: datetime, sees: Callable[[Account | None], bool] | None
) -> list[Line]:
    found = triggers.find(connection, limit=None) if profile.full else triggers.every_open(connection)
    listed = accounts.of(connection, {one.account for one in found if one.account})
    kinds_now = lexicon_of(connection).kinds
    verdicts = _verdicts(connection, found)
    # Scores of the day's begin: the same data gives the same file all day.
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        Line(
            trigger=one,
            account=listed.get(one.account or ""),
            score=score_now(one, day, kinds_now),
            verdict=verdicts.get(one.id, ""),
        )
        for one in found
        if one.state is not TriggerState.MERGED and (sees is None or sees(listed.get(one.account or "")))
    ]


def _verdicts(connection: Connection, found: list[Trigger]) -> dict[str, str]:
    """Return why triggers were dismissed: the last verdict on each."""
    dismissed = {one.id for one in found if one.state is TriggerState.DISMISSED}
    said = judgements.every(connection) if dismissed else ()
    return {one.trigger: one.verdict.value for one in said if one.trigger in dismissed}

"""What a verdict teaches beside what it does to its trigger, and how each such lesson is taken back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from earmark.errors import ConfigError
from earmark.types import Changes
from matcher.decide import decide
from monitors.teaching import teach, unteach
from storage import accounts, audit, history, judgements, lessons, rulebook, stories, triggers
from storage.audit import Deed
from storage.engine import Connection, Engine, reading, writing
from storage.record import records_of, rule_name

__all__ = ["forget_name", "look_again", "remember_names", "undo_learned"]

_MEMORY: Final = timedelta(days=3650)
"""How old a story may be of which a person says something."""


def forget_name(engine: Engine, trigger_id: str, *, by: str, now: datetime) -> str:
    """Learn from "wrong account" that the words of the text never mean it; say in words what was learned.

    The account's own name is never forgotten: then the verdict only counts against the rule.
    """
    with reading(engine) as connection:
        trigger = triggers.get(connection, trigger_id)
        story = stories.get(connection, trigger.story) if trigger else None
        account = accounts.get(connection, trigger.account) if trigger and trigger.account else None
    if account is None or story is None or not story.matches:
        return "It counts against the rule: see Learned."
    try:
        taught = teach(engine, account, story.matches[0].event, is_own=False, by=by, now=now)
    except ConfigError:
        return (
            f"It counts against the rule (see Learned), and no name is forgotten: the text has that of "
            f"{account.name} itself. Words that mean something else, in a terminal: earmark teach EVENT "
            f"{account.id} --never-us --as WORDS"
        )
    lesson = taught.lesson
    said = f"\u201c{lesson.name}\u201d never means {account.name} now"
    return f"{said}; taken back under Learned, or by: earmark undo {lesson.id}"


def remember_names(engine: Engine, taken_back: Sequence[str], *, by: str, now: datetime) -> list[str]:
    """Take back the lessons that came with verdicts which no longer hold; say so, one line each."""
    with reading(engine) as connection:
        said = {one.id: one for one in judgements.every(connection, taken_back=True)}
        gone = {(one.account, one.by, one.at) for name in taken_back if (one := said.get(name)) is not None}
        with_them = [
            (account, lesson)
            for account, lesson in lessons.learned(connection)
            if (account, lesson.by, lesson.at) in gone and not lesson.is_own
        ]
    for account, lesson in with_them:
        unteach(engine, account, lesson, by=by, now=now)
    return [f"\u201c{lesson.name}\u201d may mean {account} again." for account, lesson in with_them]


def look_again(connection: Connection, key: str, changes: Changes, now: datetime) -> None:
    """Let a past be judged at once by the verdict on it that was just given or taken back.

    Other accounts are judged by it when they are looked at next.
    """
    if not changes.judgements and not changes.taken_back:
        return
    past = history.load(connection, [key], now - _MEMORY, now)
    listed = [one.account for one in past.pasts.values() if one.account is not None]
    history.save(connection, decide((), past, rulebook.lexicon(connection, listed), now), now)


def undo_learned(engine: Engine, name: str, *, by: str, now: datetime) -> str | None:
    """Take back a lesson by how its id begins, or let a rule by its name begin anew (and, again, go back).

    Return what was done in words, or None when nothing learned has that name.
    """
    if "@" in name:
        return _begin_anew(engine, name, by, now)
    with reading(engine) as connection:
        found = lessons.find(connection, name) if len(name) >= 6 else []  # noqa: PLR2004 - as any short id
    if len(found) != 1:
        return None
    account, lesson = found[0]
    taught = unteach(engine, account, lesson, by=by, now=now)
    return f"Took back \u201c{lesson.name}\u201d of {account}: {taught.lesson.effect}"


def _begin_anew(engine: Engine, rule: str, by: str, now: datetime) -> str | None:
    with writing(engine) as connection:
        known = {
            rule_name(one.kind, one.source, one.problem) for one in records_of(judgements.every(connection))
        }
        if rule not in known:
            return None
        back = judgements.go_back(connection, rule)
        if not back:
            judgements.begin_anew(connection, rule)
        text = "All that was said of it counts again." if back else "What was said of it no longer counts."
        audit.record(connection, Deed(at=now, by=by, verb="undo", subject=rule, text=text))
    return f"{rule}: {text} Change your mind with: earmark undo {rule}"

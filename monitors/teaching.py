"""What a person teaches about a name, and what follows at once from reading its texts again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earmark.errors import ConfigError
from earmark.types import Account, Changes, Lexicon, Reading, StoredEvent
from matcher.conversations import whole
from matcher.corrections import Correction
from matcher.names import Origin, names_of
from matcher.normalise import words_of
from matcher.read import Matcher
from matcher.stories import identity
from monitors.rereading import corrections_of, decide_again
from storage import audit, lessons, readings, rulebook
from storage.audit import Deed
from storage.engine import Engine, reading, writing
from storage.lessons import Lesson

__all__ = ["Taught", "ascribe", "teach", "unteach"]

_MOST_TEXTS: Final = 500  # doubts that one lesson settles at once
_LISTED: Final = frozenset({Origin.NAME, Origin.ALIAS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A lesson, and what each text that was read again says of the account before and after it.

    What a text says is "match", "named" (without a reason to act), "undecided" or "not named".
    """

    account: str
    lesson: Lesson
    before: Mapping[str, str]
    after: Mapping[str, str]
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A change of the lessons of one account; ``texts`` are to be read again, under ``corrections``."""

    account: str
    lessons: tuple[Lesson, ...]
    texts: tuple[StoredEvent, ...]
    lexicon: Lexicon
    before: tuple[Reading, ...]
    corrections: tuple[tuple[str, Correction], ...]


def teach(
    engine: Engine,
    account: Account,
    event: StoredEvent,
    *,
    is_own: bool,
    by: str,
    now: datetime,
    name: str | None = None,
    alone: bool = False,
) -> Taught:
    """Keep a name of the account, or one that never means it, and read its texts again.

    The name is ``name``, or else the words of the event that may mean the account. Texts are the event and
    those that were undecided about the same words; with ``alone`` it corrects the reading of the event,
    and is no name. ConfigError when there is nothing to learn.
    """
    with reading(engine) as connection:
        lexicon = rulebook.lexicon(connection)
        held = lessons.of(connection, account.id)
        corrections = corrections_of(lessons.learned(connection))
        doubts = [] if alone else readings.abstentions(connection, account.id, limit=_MOST_TEXTS)
    matcher = Matcher(lexicon)
    read = _read(matcher, event, corrections)
    words = name or _quote(read, account)
    if words is None:
        raise ConfigError(
            f"That text holds no name of {account.name}. Say which of its words you mean: --as NAME"
        )
    if alone:
        _check_alone(words, account, event, is_own=is_own, read=read)
    else:
        _check(words, account, event, is_own=is_own, given=name is not None, read=read)
    lesson = Lesson(
        id=identity("lesson", account.id, words.casefold(), is_own, event.id if alone else "", now)[:12],
        name=words,
        is_own=is_own,
        by=by,
        at=now,
        alone=alone,
    )
    alike = {
        doubt.event.id: doubt.event
        for doubt in doubts
        if _stands(words_of(words), words_of(f"{doubt.event.title} | {doubt.event.text}"))
    }
    texts = tuple(({event.id: event} | alike).values())
    before = (read, *(_read(matcher, text, corrections) for text in texts[1:]))
    lesson = replace(lesson, events=tuple(text.id for text in texts))
    wish = _Wish(
        account=account.id,
        lessons=(*held, lesson),
        texts=texts,
        lexicon=lexicon,
        before=before,
        corrections=(*corrections, *corrections_of([(account.id, lesson)])),
    )
    return _fulfil(engine, wish, lesson, "teach", by, now)


def ascribe(engine: Engine, account: Account, event: StoredEvent, *, by: str, now: datetime) -> Taught:
    """Say that who wrote a text speaks for the account, though it names it nowhere; the text is read again.

    It is a lesson about this one text, taken back as any other. ConfigError when the text is linked already.
    """
    words = whole(event)
    with reading(engine) as connection:
        lexicon = rulebook.lexicon(connection)
        held = lessons.of(connection, account.id)
        corrections = corrections_of(lessons.learned(connection))
    read = _read(Matcher(lexicon), event, corrections)
    if not words or _said(read, account.id) == "match":
        raise ConfigError(f"That text is linked to {account.name} already, so nothing would change.")
    lesson = Lesson(
        id=identity("lesson", account.id, words.casefold(), True, event.id, now)[:12],  # noqa: FBT003 - as teach does
        name=words,
        is_own=True,
        by=by,
        at=now,
        alone=True,
        events=(event.id,),
    )
    wish = _Wish(
        account=account.id,
        lessons=(*held, lesson),
        texts=(event,),
        lexicon=lexicon,
        before=(read,),
        corrections=(*corrections, *corrections_of([(account.id, lesson)])),
    )
    return _fulfil(engine, wish, lesson, "teach", by, now)


def unteach(engine: Engine, account: str, lesson: Lesson, *, by: str, now: datetime) -> Taught:
    """Take a lesson back and read its texts again without it."""
    with reading(engine) as connection:
        lexicon = rulebook.lexicon(connection)
        held = lessons.of(connection, account)
        learned = lessons.learned(connection)
        texts = tuple(lessons.texts(connection, lesson.events))
    matcher = Matcher(lexicon)
    corrections = corrections_of(learned)
    wish = _Wish(
        account=account,
        lessons=tuple(one for one in held if one.id != lesson.id),
        texts=texts,
        lexicon=lexicon,
        before=tuple(_read(matcher, text, corrections) for text in texts),
        corrections=corrections_of([(owner, one) for owner, one in learned if one.id != lesson.id]),
    )
    return _fulfil(engine, wish, lesson, "teach --undo", by, now)


def _fulfil(engine: Engine, wish: _Wish, lesson: Lesson, verb: str, by: str, now: datetime) -> Taught:
    """Read the texts with the changed names, outside of a transaction, then write all that follows."""
    with reading(engine) as connection:
        account = lessons.account_with(connection, wish.account, wish.lessons)
    lexicon = replace(wish.lexicon, accounts={**wish.lexicon.accounts, account.id: account})
    matcher = Matcher(lexicon)
    after = tuple(_read(matcher, text, wish.corrections) for text in wish.texts)
    states = [{read.event.id: _said(read, account.id) for read in one} for one in (wish.before, after)]
    lesson = replace(lesson, effect=_effect(*states))
    with writing(engine) as connection:
        lessons.save(connection, account.id, [lesson if one.id == lesson.id else one for one in wish.lessons])
        changes = decide_again(connection, after, lexicon, now)
        own = "is a name" if lesson.is_own else "is no name"
        where = " in one text" if lesson.alone else ""
        text = f"“{lesson.name}” {own} of {account.name}{where}. {lesson.effect}"
        audit.record(connection, Deed(at=now, by=by, verb=verb, subject=account.id, text=text))
    return Taught(account=account.id, lesson=lesson, before=states[0], after=states[1], changes=changes)


def _read(matcher: Matcher, text: StoredEvent, corrections: Sequence[tuple[str, Correction]]) -> Reading:
    return matcher.read(text, [one for event, one in corrections if event == text.id])


def _quote(read: Reading, account: Account) -> str | None:
    """Return the words of the text that may mean the account."""
    names = names_of(account)[0]
    doubts = [*(one for one in read.abstentions if one.account == account.id), *read.abstentions]
    spans = [doubt.span for doubt in doubts]
    spans += [mention.span for mention in read.mentions if mention.account == account.id]
    return next((span.quote for span in spans if tuple(words_of(span.quote)) in names), None)


def _check(
    name: str, account: Account, event: StoredEvent, *, is_own: bool, given: bool, read: Reading
) -> None:
    """Refuse a lesson that teaches nothing, or more than the person can mean."""
    words = tuple(words_of(name))
    if given and not _stands(words, words_of(f"{event.title} | {event.text}")):
        raise ConfigError(f"The words {name!r} do not stand in that text. Copy them from it.")
    known = names_of(account)[0].get(words)
    listed = known is not None and known.origin in _LISTED
    if is_own:
        rejected = names_of(replace(account, name=name, aliases=(), domains=(), not_aliases=()))[1]
        if rejected:
            raise ConfigError(f"{name!r} can't be looked for: {rejected[0].reason}.")
        if listed:
            doubt = next((one.reason for one in read.abstentions if one.account == account.id), None)
            raise ConfigError(
                f"{name!r} is looked for as a name of {account.name} already"
                + (f", and the text stays undecided: {doubt} " if doubt else ". ")
                + "Teach the longer name that stands there, with --as, if there is one."
            )
        return
    if not given and known is not None and known.origin is Origin.NAME:
        raise ConfigError(
            f"{name!r} is the name of {account.name} itself: no text would be linked by it any more. Give "
            f"the longer words that mean something else, with --as; if that is what you want: --as {name!r}"
        )
    if known is None and (
        len(words) == 1 or any(tuple(words_of(one)) == words for one in account.not_aliases)
    ):
        raise ConfigError(f"{name!r} is not looked for as a name of {account.name}, so nothing would change.")


def _check_alone(name: str, account: Account, event: StoredEvent, *, is_own: bool, read: Reading) -> None:
    """Refuse a verdict about one text that would change nothing there."""
    if name not in event.title and name not in event.text:
        raise ConfigError(
            f"The words {name!r} do not stand in that text. Copy them from it, letter by letter."
        )
    said = _said(read, account.id)
    if is_own and said in {"match", "named"}:
        raise ConfigError(f"That text is linked to {account.name} already, so nothing would change.")
    if not is_own and said == "not named":
        raise ConfigError(f"That text is not linked to {account.name}, so nothing would change.")


def _stands(words: Sequence[bytes], text: Sequence[bytes]) -> bool:
    """Say whether the words stand in the text, one after the other."""
    size, wanted = len(words), list(words)
    return size > 0 and any(list(text[at : at + size]) == wanted for at in range(len(text) - size + 1))


def _said(read: Reading, account: str) -> str:
    if any(match.account == account for match in read.matches):
        return "match"
    if any(mention.account == account for mention in read.mentions):
        return "named"
    return "undecided" if any(doubt.account == account for doubt in read.abstentions) else "not named"


def _effect(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return in words what became of the texts."""
    moves = Counter((before[event], after[event]) for event in before)
    parts = [
        f"{count} {old} → {new}" if old != new else f"{count} still {new}"
        for (old, new), count in sorted(moves.items())
    ]
    return f"{len(before)} read again: {', '.join(parts)}."

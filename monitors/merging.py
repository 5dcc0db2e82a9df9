"""Two accounts that a person says are one company: what would happen, the merge, and the way back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.errors import ConfigError
from earmark.intake.accounts import merged
from earmark.lifecycle import Stage
from earmark.types import (
    Account,
    History,
    Lexicon,
    Past,
    Story,
    Suppression,
    Transition,
    Trigger,
    TriggerState,
)
from matcher.decide import decide
from matcher.difference import changes_of
from matcher.memory import MERGED
from matcher.merging import apart, given_back, stage_of, suppression_of, together, unfolded
from matcher.read import Matcher
from matcher.score import LIVE
from matcher.stages import pass_time
from matcher.stories import identity
from monitors.rereading import corrections_of, decide_again
from storage import accounts, audit, events, history, lessons, merges, rulebook, stories, triggers
from storage.audit import Deed
from storage.engine import Connection, Engine, reading, writing
from storage.merges import Merge

__all__ = ["Prospect", "merge", "part", "prospect"]

_MEMORY: Final = timedelta(days=3650)
"""How old a story may be that comes with its account."""

_FILLED: Final = ("owner", "tier", "territory", "industry", "size", "city", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a merge would do: what the account that stays gains, what it keeps, and what it becomes.

    ``kept`` are sentences about what both say differently; ``reasons`` counts the open ones that come along.
    """

    keeps: Account
    goes: Account
    names: tuple[str, ...]
    domains: tuple[str, ...]
    filled: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]
    contacts: int
    reasons: int
    stage: Stage
    suppression: Suppression | None

    @property
    def lines(self) -> tuple[str, ...]:
        """What would happen, a sentence each."""
        keeps, goes = self.keeps, self.goes
        told = [f"{goes.name} ({goes.id}) becomes part of {keeps.name} ({keeps.id}) and leaves the list."]
        if self.names:
            told.append(f"{keeps.name} is found by these names, too: {', '.join(self.names)}.")
        if self.domains:
            told.append(f"And by these domains: {', '.join(self.domains)}.")
        if self.filled:
            told.append(f"It gets: {', '.join(f'{name} {value}' for name, value in self.filled)}.")
        told += [f"Both say it differently: {one}." for one in self.kept]
        told.append(
            f"{self.reasons:,} open {'reason' if self.reasons == 1 else 'reasons'}, {self.contacts:,} "
            f"{'contact' if self.contacts == 1 else 'contacts'} and all that happened come along; nothing "
            "that was told is told again, and of two reasons that tell the same one stays."
        )
        if self.stage is not keeps.stage:
            told.append(f"It is {self.stage.replace('_', ' ')} then, as {goes.name} was.")
        if self.suppression is not None and keeps.suppression != self.suppression:
            told.append(f"It is not to be contacted then: {self.suppression.reason.replace('_', ' ')}.")
        return (*told, "It can be taken back at any time.")


def prospect(connection: Connection, keeps_id: str, goes_id: str) -> Prospect:
    """Return what a merge would do; ConfigError when it can't be."""
    keeps, goes = _both(connection, keeps_id, goes_id)
    one, differs = merged(keeps, goes)
    people = accounts.contacts(connection, [goes.id]).get(goes.id, ())
    held = triggers.of_account(connection, goes.id)
    return Prospect(
        keeps=keeps,
        goes=goes,
        names=tuple(name for name in one.aliases if name not in keeps.aliases),
        domains=tuple(domain for domain in one.domains if domain not in keeps.domains),
        filled=tuple(
            (name, str(getattr(one, name))) for name in _FILLED if getattr(one, name) != getattr(keeps, name)
        ),
        kept=tuple(differs),
        contacts=len(people),
        reasons=sum(each.state in LIVE for each in held),
        stage=stage_of(keeps, goes)[0],
        suppression=suppression_of(keeps, goes),
    )


def merge(engine: Engine, keeps_id: str, goes_id: str, *, by: str, now: datetime) -> Merge:
    """Let one account become part of another, at once and whole; ConfigError when it can't be."""
    with writing(engine) as connection:
        keeps, goes = _both(connection, keeps_id, goes_id)
        before = _load(connection, [keeps.id, goes.id], now)
        told = {
            story.id: tuple(dict.fromkeys(match.event.id for match in story.matches))
            for past in before.pasts.values()
            for story in past.stories
        }
        theirs = {story.id for story in before.pasts[f"a:{goes.id}"].stories}
        name = identity("merge", keeps.id, goes.id, now)[:12]
        made = merges.make(connection, Merge(id=name, keeps=keeps.id, goes=goes.id, by=by, at=now, told=told))
        past, lexicon = _one(connection, keeps.id, now)
        after = together(pass_time(past, lexicon, now), goes, theirs, lexicon, by=by, at=now, merge=made.id)
        _save(connection, past, after, lexicon, now)
        text = f"{goes.name} ({goes.id}) is the same company as {keeps.name}."
        audit.record(connection, Deed(at=now, by=by, verb="accounts merge", subject=keeps.id, text=text))
    return made


def part(engine: Engine, merge_id: str, *, by: str, now: datetime) -> Merge:
    """Take a merge back: both are as they were, and what people changed since stays with the one that stayed.

    News that came meanwhile is read again, and goes to the account that it names; it is told nobody again.
    """
    with writing(engine) as connection:
        made = _found(connection, merge_id)
        past, lexicon = _one(connection, made.keeps, now)
        fresh = _fresh(past, made)
        after = apart(pass_time(past, lexicon, now), _move_of(past, made), by=by, at=now)
        after = _unfolded(connection, after, made, lexicon)
        after = given_back(after, set(made.rows.get("stories", ())), now)
        _save(connection, past, after, lexicon, now)
        merges.part(connection, made, now)
        both = _load(connection, [made.keeps, made.goes], now)
        listed = [each.account for each in both.pasts.values() if each.account is not None]
        alone = rulebook.lexicon(connection, listed)
        changes = decide((), both, alone, now)
        history.save(connection, replace(changes, outgoing=()), now)
        text = f"{made.goes} is an account of its own again."
        deed = Deed(at=now, by=by, verb="accounts merge --undo", subject=made.keeps, text=text)
        audit.record(connection, deed)
    _read_again(engine, fresh, now)
    return made


def _both(connection: Connection, keeps_id: str, goes_id: str) -> tuple[Account, Account]:
    found = accounts.of(connection, [keeps_id, goes_id])
    for asked in (keeps_id, goes_id):
        if asked not in found:
            raise ConfigError(f"There is no account {asked!r}. List them with: earmark accounts list")
    keeps, goes = found[keeps_id], found[goes_id]
    if keeps.id == goes.id:
        raise ConfigError(
            f"{goes_id!r} is {keeps.name} ({keeps.id}) already: nothing is left to merge. Name two accounts."
        )
    return keeps, goes


def _found(connection: Connection, merge_id: str) -> Merge:
    found = merges.find(connection, merge_id) if merge_id else []
    if len(found) != 1:
        raise ConfigError(
            f"No single merge that holds is called {merge_id!r}. They are listed on the page of the account, "
            "and by: earmark accounts merge --list"
        )
    later = merges.of(connection, found[0].keeps)
    if later is not None:
        raise ConfigError(
            f"{later.goes} became part of {later.keeps} since. Take that back first: earmark accounts merge "
            f"--undo {later.id}"
        )
    return found[0]


def _load(connection: Connection, ids: Iterable[str], now: datetime) -> History:
    return history.load(connection, sorted(f"a:{name}" for name in ids), now - _MEMORY, now)


def _one(connection: Connection, account_id: str, now: datetime) -> tuple[Past, Lexicon]:
    past = _load(connection, [account_id], now).pasts[f"a:{account_id}"]
    return past, rulebook.lexicon(connection, [past.account] if past.account else [])


def _save(connection: Connection, before: Past, after: Past, lexicon: Lexicon, now: datetime) -> None:
    """Write what leads from one past to the next; of what was told already, no news goes out."""
    if after.account is None:
        return
    quiet = {story.id for story in after.stories}
    changes = changes_of(f"a:{after.account.id}", before, after, lexicon, quiet=quiet)
    history.save(connection, changes, now)


def _move_of(past: Past, made: Merge) -> Transition:
    said = MERGED + made.id
    return next(move for move in past.transitions if move.was is not None and move.was.said == said)


def _fresh(past: Past, made: Merge) -> list[str]:
    """Return the events that the account that stayed was told of since the merge."""
    known = {event for own in made.told.values() for event in own}
    told = {match.event.id: match.event for story in past.stories for match in story.matches}
    return sorted(name for name, event in told.items() if name not in known or event.seen_at > made.at)


def _unfolded(connection: Connection, past: Past, made: Merge, lexicon: Lexicon) -> Past:
    """Return the past in which what news made one of both stands apart, with the triggers that it had."""
    theirs = set(made.rows.get("stories", ()))
    found, revived = unfolded(past.stories, made.told, theirs, lexicon)
    if not found:
        return past
    began = {name: story.created_at for name, story in stories.of(connection, sorted(revived)).items()}
    stood = {story.id: replace(story, created_at=began.get(story.id, story.created_at)) for story in found}
    whole = {story.id: story for story in past.stories} | stood
    ended = {name: each for name in sorted(revived) for each in _of_story(connection, stood[name])}
    now = {each.id: each for each in past.triggers}
    spoke = {each.story: each for each in past.triggers if each.state is not TriggerState.MERGED}
    for each in ended.values():
        heir = next((spoke[one] for one in _heirs(past.stories, stood[each.story]) if one in spoke), None)
        state = heir.state if heir else TriggerState.OPEN
        now[each.id] = replace(each, state=state, ended_at=heir.ended_at if heir else None)
    return replace(past, stories=tuple(whole.values()), triggers=tuple(now.values()))


def _of_story(connection: Connection, story: Story) -> Sequence[Trigger]:
    return triggers.of_past(connection, {story.key: [story]}).get(story.key, ())


def _heirs(held: Iterable[Story], gone: Story) -> list[str]:
    """Return the stories that told what another had told."""
    own = {match.event.id for match in gone.matches}
    return [story.id for story in held if own & {match.event.id for match in story.matches}]


def _read_again(engine: Engine, event_ids: Sequence[str], now: datetime) -> None:
    """Read news with both accounts on the list; it goes to the one that it names."""
    if not event_ids:
        return
    with reading(engine) as connection:
        lexicon = rulebook.lexicon(connection)
        said = corrections_of(lessons.learned(connection))
        texts = sorted(events.get(connection, event_ids).values(), key=lambda event: event.order)
    matcher = Matcher(lexicon)
    read = tuple(matcher.read(text, [one for event, one in said if event == text.id]) for text in texts)
    with writing(engine) as connection:
        decide_again(connection, read, lexicon, now, is_told=True)

"""Conversations: what somebody asks, complains of or looks for in public, and how to help without selling."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from earmark.types import Lexicon, Play, Problem, Span, StoredEvent, Story, Trigger, TriggerState
from matcher.folding import publisher_of
from matcher.plays import template_for
from matcher.score import score_at
from review.etiquette import Etiquette, etiquette_of
from review.rules import lexicon_of
from review.today import kind_words, surest
from storage import conversations as stored
from storage import stories, triggers
from storage.conversations import Rank
from storage.engine import Connection

__all__ = [
    "Conversation",
    "Conversations",
    "Post",
    "Quote",
    "conversation",
    "conversations",
    "sketch_of",
    "told_of",
]

_AROUND: Final = 240  # characters before and behind the words
_LINK: Final = re.compile(r"\bhttps?://|\bwww\.|\{", re.IGNORECASE)
_OURS: Final = "ours:"
_HELP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "asks_recommendation": (
            "What decides it is seldom the list of features: how many people touch it, what it has to "
            "work with, and who signs."
        ),
        "budget_or_timeline_stated": (
            "With the date fixed, count back from it: who signs, what has to be moved, one round on trial; "
            "that tells how long you may look."
        ),
        "compares_or_alternatives": (
            "Take one case of your own, the ugliest one, and have each do it before you compare prices."
        ),
        "competitor_complaint": (
            "Write down what breaks, how often, and what you do instead: it shows whether it is the tool "
            "or how it was set up, and you need it if you leave."
        ),
        "problem_described": (
            "Follow one round of it on paper, with who waits for whom, before you change anything: most "
            "of the time is lost in one or two places."
        ),
        "switch_announced": (
            "What hurts in a move is the data, and the month in which both run: export early, and agree "
            "on what need not come along."
        ),
    }
)
"""What helps whoever writes so, whatever they buy."""
_ASKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "asks_recommendation": "Which of these is fixed for you, and by when do you have to choose?",
        "budget_or_timeline_stated": "What has to work on that day for you to call it done?",
        "compares_or_alternatives": "Which case would that be, and what must work on the first day?",
        "competitor_complaint": "Does it happen to everybody there, or only since something was changed?",
        "problem_described": "Which step waits longest for somebody else?",
        "switch_announced": "What do you have to bring over, and when does the old one end?",
    }
)
"""What to ask whoever writes so."""
_ELSE: Final = (
    "Answer only what is asked: a fact put right is welcome, a pitch is not.",
    "What made you look?",
)
_TRIED: Final = "What have you tried so far, and where did it stop working?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The words that count, ``said``, and an excerpt of the text with them in its middle.

    Where they stand in the title, the excerpt is how the text begins, and ``words`` is empty.
    """

    said: str
    before: str
    words: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Another post of the same thread: whose, when, and the words in it that count."""

    event: StoredEvent
    quote: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation: who wrote what where, why it is a reason, how to answer, and what is expected there.

    ``sketch`` are the lines of an answer that helps, without a product in it. ``why`` are the parts of the
    score in words; ``posts`` are the others of the thread that were seen, in their order.
    """

    trigger: Trigger
    kind_words: str
    score: float
    event: StoredEvent
    publisher: str
    url: str | None
    problem: Problem | None
    quote: Quote
    why: tuple[str, ...]
    sketch: tuple[str, ...]
    etiquette: Etiquette
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """A page of conversations, the best first; ``counts`` are those that wait, by problem."""

    shown: tuple[Conversation, ...]
    counts: Mapping[str, int]
    problems: Mapping[str, str]
    after: Rank | None


def conversations(
    connection: Connection,
    now: datetime,
    *,
    problem: str | None = None,
    states: tuple[TriggerState, ...] = (TriggerState.OPEN, TriggerState.ACCEPTED),
    after: Rank | None = None,
) -> Conversations:
    """Return a page of the conversations of a problem, or of all."""
    lexicon = lexicon_of(connection)
    found, following = stored.leaf(connection, now, problem=problem, states=states, after=after)
    told = stories.of(connection, [one.story for one in found])
    kinds = stored.kinds_of(connection, {surest(one).event.source for one in told.values() if one.matches})
    return Conversations(
        shown=tuple(
            told_of(one, told[one.story], lexicon, kinds, now)
            for one in found
            if one.story in told and told[one.story].matches
        ),
        counts=stored.counts(connection, now),
        problems={one.id: one.name for one in lexicon.problems},
        after=following,
    )


def conversation(connection: Connection, trigger_id: str, now: datetime) -> Conversation | None:
    """Return one conversation; None when there is no such trigger, or it is about an account."""
    trigger = triggers.get(connection, trigger_id)
    story = stories.get(connection, trigger.story) if trigger and trigger.account is None else None
    if trigger is None or story is None or not story.matches:
        return None
    kinds = stored.kinds_of(connection, {surest(story).event.source})
    return told_of(trigger, story, lexicon_of(connection), kinds, now)


def sketch_of(kind: str, problem: Problem | None, plays: Iterable[Play]) -> tuple[str, ...]:
    """Return the lines of an answer: what the user's plays say, or what helps in such a case; then questions.

    A line with a link, with a gap that only a note can fill, or with the name of a tool is left out.
    """
    barred = [name.casefold() for name in problem.rivals] if problem else []
    template = template_for(kind, plays)
    own = [line for play, line in template.talk if not play.startswith(_OURS)]
    own += [line for play, line in template.openers if not play.startswith(_OURS)]
    fit = [
        line
        for line in dict.fromkeys(own)
        if not _LINK.search(line) and not any(name in line.casefold() for name in barred)
    ]
    help_, question = _HELP.get(kind, _ELSE[0]), _ASKS.get(kind, _ELSE[1])
    return (*(fit or [help_]), question, _TRIED)


def told_of(
    trigger: Trigger, story: Story, lexicon: Lexicon, kinds: Mapping[str, str], now: datetime
) -> Conversation:
    """Return the conversation of a trigger; ``kinds`` are those of its sources, by their ids."""
    match = surest(story)
    event = match.event
    problem = next((one for one in lexicon.problems if one.id == trigger.problem), None)
    score = score_at(trigger, now, lexicon.kinds)
    return Conversation(
        trigger=trigger,
        kind_words=kind_words(trigger.kind, lexicon.kinds),
        score=score.total,
        event=event,
        publisher=publisher_of(event),
        url=event.url or event.thread_url,
        problem=problem,
        quote=_quote(event, match.evidence[0] if match.evidence else None),
        why=tuple(f"{part.name}: {part.sentence}" for part in score.parts),
        sketch=sketch_of(trigger.kind, problem, lexicon.plays),
        etiquette=etiquette_of(kinds.get(event.source, ""), event.thread_url or event.url),
        posts=tuple(
            Post(event=one.event, quote=_quote(one.event, one.evidence[0] if one.evidence else None))
            for one in sorted(story.matches, key=lambda one: one.event.order)
            if one.event.id != event.id
        ),
    )


def _quote(event: StoredEvent, span: Span | None) -> Quote:
    said = span.quote if span else ""
    if span is None or (span.field == "title" and event.text):
        more = "…" if len(event.text) > 2 * _AROUND else ""
        return Quote(said=said, before="", words="", after=event.text[: 2 * _AROUND] + more)
    text = event.title if span.field == "title" else event.text
    return Quote(
        said=said,
        before=("…" if span.start > _AROUND else "") + text[max(0, span.start - _AROUND) : span.start],
        words=text[span.start : span.end],
        after=text[span.end : span.end + _AROUND] + ("…" if span.end + _AROUND < len(text) else ""),
    )

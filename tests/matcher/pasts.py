"""A database of one variable: what storage would hold after changes, and random worlds to decide about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from earmark.types import (
    Account,
    Certainty,
    Changes,
    Fact,
    History,
    Lexicon,
    Mark,
    Match,
    Past,
    Reading,
    Role,
    Span,
    StoredEvent,
)
from matcher.decide import decide
from tests.builders import NOW, a_span, a_stored_event, ago, an_account, days

ACCOUNT = "a:norvik-labs"
SILENT = Lexicon()


def a_history(account: Account | None = None, **changes: Any) -> History:
    account = account or an_account()
    return History(pasts={f"a:{account.id}": Past(account=account, **changes)})


def a_reading(*matches: Match) -> Reading:
    return Reading(event=matches[0].event, matches=matches)


def stored(history: History, changes: Changes) -> History:
    """What storage would load after it saved the changes."""
    pasts = dict(history.pasts)
    for key in changes.due:
        past = pasts.get(key, Past(account=None))
        stories = {s.id: s for s in past.stories if s.id not in changes.merged}
        stories |= {s.id: s for s in changes.stories if s.id in stories or s.key == key}
        triggers = {t.id: t for t in past.triggers}
        triggers |= {t.id: t for t in changes.triggers if t.story in stories or t.id in triggers}
        account = next((a for a in changes.accounts if f"a:{a.id}" == key), past.account)
        moves = [m for m in changes.transitions if past.account and m.account == past.account.id]
        pasts[key] = replace(
            past,
            account=account,
            stories=tuple(sorted(stories.values(), key=lambda s: s.id)),
            triggers=tuple(sorted(triggers.values(), key=lambda t: t.id)),
            transitions=(*past.transitions, *moves),
            joins=tuple(
                join
                for join in (*past.joins, *(each for each in changes.joins if each.key == key))
                if join.id not in changes.taken_back
            ),
        )
    return History(pasts=pasts)


def told(
    batches: Iterable[Sequence[Reading]],
    history: History,
    lexicon: Lexicon = SILENT,
    now: datetime = NOW,
) -> History:
    for batch in batches:
        history = stored(history, decide(batch, history, lexicon, now))
    return history


def is_nothing(changes: Changes) -> bool:
    return not (
        changes.stories
        or changes.merged
        or changes.triggers
        or changes.accounts
        or changes.transitions
        or changes.judgements
        or changes.outgoing
    )


@dataclass(frozen=True)
class Kind:
    key: str
    role: Role
    facts: tuple[tuple[str, tuple[tuple[Any, str], ...]], ...]


_ROUND = ("round", (("Series A", "Series A"), ("Series B", "Series B")))
_AMOUNT = ("amount", ((Decimal(20_000_000), "$20 million"), (Decimal(21_000_000), "$21 million"),
                      (Decimal(60_000_000), "$60 million")))  # fmt: skip
_PERSON = ("person", (("Ada Berg", "Ada Berg"), ("Ivo Lund", "Ivo Lund")))
_TITLE = ("role", (("CFO", "CFO"), ("CTO", "CTO")))
_PRODUCT = ("product", (("Atlas", "Atlas"), ("Quill", "Quill")))
_BUYER = ("acquirer", (("Norvik Labs", "Norvik Labs"),))
_BOUGHT = ("target", (("Tessel", "Tessel"), ("Ombra", "Ombra")))
KINDS = (
    Kind("funding_early", Role.RAISER, (_ROUND, _AMOUNT)),
    Kind("funding_growth", Role.RAISER, (_ROUND, _AMOUNT)),
    Kind("exec_hire", Role.SUBJECT, (_PERSON, _TITLE)),
    Kind("product_launch", Role.SUBJECT, (_PRODUCT,)),
    Kind("acquires", Role.ACQUIRER, (_BUYER, _BOUGHT)),
    Kind("layoffs", Role.SUBJECT, (("percent", ((12, "12"), (30, "30"))),)),
    Kind("security_incident", Role.SUBJECT, ()),
    Kind("bankruptcy_or_closing", Role.SUBJECT, ()),
)
WORDS = ("Norvik Labs", "moves", "quickly", "into", "a", "larger", "market", "this", "week", "after", "talks")
PUBLISHERS = ("Baltic Wire", "Fjord Post", "Tech Herold")


@st.composite
def readings(draw: st.DrawFn, account: str = "norvik-labs") -> list[Reading]:
    """Some texts about one account: of several kinds, outlets, days and degrees of certainty."""
    count = draw(st.integers(1, 7))
    return [draw(_reading(number, account)) for number in range(count)]


@st.composite
def _reading(draw: st.DrawFn, number: int, account: str) -> Reading:
    event, match = draw(_match(number, account))
    return Reading(event=event, matches=(match,))


@st.composite
def _match(draw: st.DrawFn, number: int, account: str) -> tuple[StoredEvent, Match]:
    kind = draw(st.sampled_from(KINDS))
    chosen = []
    for key, values in kind.facts:
        value = draw(st.sampled_from((None, *values)))
        if value is not None:
            chosen.append((key, *value))
    extra = draw(st.lists(st.sampled_from(WORDS), max_size=6))
    title = " ".join(["Norvik Labs", *(words for _, _, words in chosen), *extra])
    published = draw(st.one_of(st.none(), st.integers(0, 45).map(ago)))
    event = a_stored_event(
        title,
        id=f"event-{number}",
        external_id=f"entry-{number}",
        url=f"https://wire.example/entry-{number}",
        published_at=published,
        publisher=draw(st.sampled_from(PUBLISHERS)),
        seen_at=NOW - days(draw(st.integers(0, 1))),
        fingerprint=f"{draw(st.integers(0, 4)):024x}",
        mark=draw(st.sampled_from((Mark.LIVE, Mark.LIVE, Mark.BACKFILL))),
    )
    facts = tuple(Fact(key=key, value=value, span=a_span(event, words)) for key, value, words in chosen)
    if any(fact.key == "amount" for fact in facts):
        facts = (*facts, Fact(key="currency", value="USD", span=None))
    match = Match(
        event=event,
        account=account,
        kind=kind.key,
        role=kind.role,
        certainty=draw(st.sampled_from(list(Certainty))),
        facts=facts,
        evidence=(Span(event=event.id, field="title", start=0, end=len(title), quote=title),),
        confidence=draw(st.sampled_from((0.55, 0.7, 0.9))),
    )
    return event, match

"""The first run: from a list and three answers to a rulebook, to sources, and to what was nearly a reason."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from earmark.config import FILE, Settings, load
from earmark.errors import ConfigError
from earmark.intake.cells import slug_of, text_in
from earmark.rulebook import Hours, IcpRule, Problem, Rulebook, parse, render
from earmark.types import Account, Lexicon
from matcher.fit import fit
from matcher.trial import check
from monitors.beginning import begin
from monitors.discover import Discovered
from monitors.pace import DAY, EVERY
from monitors.proposals import Proposal, free, proposals
from review.discovered import Suggestion, discovered
from review.settings_file import write_settings
from sources.queries import queries
from sources.registry import build
from storage import hosts, rulebook
from storage.engine import Connection
from storage.polls import Configured

__all__ = [
    "MOST_EXPLORED",
    "Answers",
    "Cost",
    "Group",
    "answered",
    "best",
    "chips",
    "cost_of",
    "general",
    "groups",
    "nearest_misses",
    "own_workspace",
    "phrases_for",
    "rules_of",
    "save_rules",
]

MOST_EXPLORED: Final = 200
"""Accounts whose sites are looked at in the first run."""
_NEWS: Final = 20
"""Accounts for which a search in the news is offered: one engine is not asked for many thousands."""
_MOST_TOPICS: Final = 4
_LONGEST_TOPIC: Final = 60
_MOST_PHRASES: Final = 40
_MONTH: Final = timedelta(days=30)
_MOST_MISSES: Final = 5
_ASKED: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("country", "in"): "countries",
        ("industry", "in"): "industries",
        ("size", "at_least"): "at_least",
        ("size", "at_most"): "at_most",
    }
)
"""The rules that the second question becomes, and which of the answers each is."""
_US: Final = frozenset({"us", "usa", "u.s.", "united states", "united states of america"})
_VOICES: Final = (
    ("{}", "{}"),
    ("{} takes", "{} take"),
    ("{} is a pain", "{} are a pain"),
    ("struggling with {}", "struggling with {}"),
    ("tired of {}", "tired of {}"),
    ("manual {}", "manual {}"),
    ("slow {}", "slow {}"),
    ("how do you handle {}", "how do you handle {}"),
    ("tool for {}", "tool for {}"),
    ("alternative to {}", "alternative to {}"),
)
"""What people say of one thing, and of several."""
_SURE: Final = 5
"""The first so many voices are ticked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What somebody said to the three questions."""

    problem: str
    phrases: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sources that are offered together, and why; each says besides why it is itself."""

    name: str
    why: str
    offers: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What sources ask of others: requests of the first round, its seconds at least, requests a day."""

    requests: int
    seconds: int
    a_day: int


def phrases_for(words: str) -> tuple[tuple[str, bool], ...]:
    """Return phrases in which people may voice a problem, and whether each is likely enough to be ticked.

    Topics are split at commas, semicolons and line ends.
    """
    topics = [" ".join(text_in(part).split()) for part in re.split(r"[,;\n]|\band\b", words)]
    found: dict[str, bool] = {}
    for topic in [one.rstrip(".!?")[:_LONGEST_TOPIC] for one in topics if one.strip(".!? ")][:_MOST_TOPICS]:
        plain = topic if topic.isupper() else topic[0].lower() + topic[1:]
        several = plain.endswith("s") and not plain.endswith("ss")
        for number, voices in enumerate(_VOICES):
            found.setdefault(voices[several].format(plain), number < _SURE)
    return tuple(found.items())


def chips(words: str, offered: str = "", picked: Sequence[str] = ()) -> tuple[tuple[str, bool], ...]:
    """Return the phrases for a problem and which are ticked, after somebody picked some of those ``offered``.

    What was offered before stays as it was picked; what is new is ticked when it is likely.
    """
    known = dict(phrases_for(offered))
    found = {phrase: phrase in picked if phrase in known else likely for phrase, likely in phrases_for(words)}
    return tuple(found.items())


def rules_of(answers: Answers, before: Rulebook | None = None) -> Rulebook:
    """Return the rulebook with what was answered; ConfigError when the answers say nothing to look for."""
    phrases = tuple(dict.fromkeys(one for phrase in answers.phrases if (one := text_in(phrase))))
    name = text_in(answers.problem)
    before = before or Rulebook()
    problems = list(before.problems)
    if name or phrases:
        if not phrases:
            raise ConfigError("Tick at least one phrase, or write one: they are what is looked for.")
        problem = Problem(
            id=slug_of(name or phrases[0])[:60],
            name=(name or phrases[0])[:200],
            phrases=phrases[:_MOST_PHRASES],
            rivals=tuple(one for rival in answers.rivals if (one := text_in(rival))),
        )
        problems = [one for one in problems if one.id != problem.id] + [problem]
    hours = (
        before.hours.model_copy(update={"zone": answers.zone}) if before.hours == Hours() else before.hours
    )
    return before.model_copy(
        update={"problems": tuple(problems), "icp": _icp(answers, before.icp), "hours": hours}
    )


def answered(rules: Rulebook) -> Answers:
    """Return how the second question was answered, as far as the rulebook says it."""
    told: dict[str, Any] = {_ASKED[one.field, one.op]: one.value for one in rules.icp if _is_asked(one)}
    return Answers(problem="", **told)


def own_workspace(folder: Path, address: str) -> Settings:
    """Return the settings of the workspace in a folder, made with a page at this address if there is none."""
    if not (folder / FILE).exists():
        begin(folder, None)
        if load(folder).page.address != address:
            return write_settings(folder, {("page", "address"): address})
    return load(folder)


def save_rules(connection: Connection, answers: Answers, by: str, now: datetime) -> int | None:
    """Store the rulebook that follows from the answers as its newest version; None when nothing changed.

    Problems are held against their own sentences first; ConfigError says what is wrong.
    """
    newest = rulebook.latest(connection)
    text = render(rules_of(answers, parse(newest[1]) if newest else None))
    check(parse(text).lexicon({}, 0).problems)
    if newest is not None and newest[1] == text:
        return None
    return rulebook.save(connection, text, by, now)


def best(accounts: Iterable[Account], lexicon: Lexicon, most: int = MOST_EXPLORED) -> list[Account]:
    """Return the accounts that fit best, as they were ordered where they fit alike."""
    ranked = sorted(accounts, key=lambda one: -fit(one, lexicon.icp).value)
    return ranked[:most]


def general(lexicon: Lexicon, chosen: Sequence[Account], configured: Sequence[Configured]) -> list[Group]:
    """Return what watches the market, the voices of the problem, and the best accounts in the news."""
    known = [(one.kind, dict(one.options)) for one in configured]
    taken = {one.id for one in configured}
    found = [
        Group(
            name="The market",
            why="They tell of many companies; yours among them.",
            offers=tuple(_offers(_market(chosen), known, taken)),
        ),
        Group(
            name="Forums",
            why="They hold the voices of your problem.",
            offers=tuple(_offers(_forums(lexicon), known, taken)),
        ),
        Group(
            name="The news about your best accounts",
            why="A search in the press for each, by its name.",
            offers=tuple(_offers(_news(chosen), known, taken)),
        ),
    ]
    return [group for group in found if group.offers]


def groups(
    looks: Iterable[Discovered],
    lexicon: Lexicon,
    chosen: Sequence[Account],
    configured: Sequence[Configured],
) -> list[Group]:
    """Return all that is offered, without what is watched already: first what accounts publish themselves."""
    ranks = {one.id: place for place, one in enumerate(chosen)}
    ordered = sorted(looks, key=lambda look: ranks.get(look.account, len(ranks)))
    own = [one for one in proposals(configured, ordered) if one.state == "new"]
    mine = Group(
        name="What your accounts publish",
        why="Newsrooms, blogs, job boards, status pages, releases: found on their own sites.",
        offers=tuple(own),
    )
    return [*([mine] if own else []), *general(lexicon, chosen, configured)]


def cost_of(offers: Iterable[Proposal], spacing: timedelta, per_host: int) -> Cost:
    """Return what sources cost; the host that is asked most decides how long the first round takes."""
    asked: Counter[str] = Counter()
    a_day = 0
    for one in offers:
        asked[hosts.host_of(one.kind, one.options) or one.id] += build(one.kind, one.options).requests
        a_day += one.requests_a_day
    longest = max(asked.values(), default=0)
    seconds = longest * max(spacing.total_seconds(), 0.5 / per_host)
    return Cost(requests=asked.total(), seconds=ceil(seconds) + 5 if asked else 0, a_day=a_day)


def nearest_misses(connection: Connection, now: datetime) -> tuple[str, tuple[Suggestion, ...]]:
    """Return what happened to companies outside the list, in one line, and those that fit it best."""
    found = discovered(connection, now, since=now - _MONTH, fit_at_least=0.0)
    return found.headline, found.suggestions[:_MOST_MISSES]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    id: str
    kind: str
    options: Mapping[str, Any]
    reason: str
    account: str = ""


def _market(chosen: Sequence[Account]) -> Iterator[_Wish]:
    yield _Wish(
        id="funding-press",
        kind="funding_press",
        options={},
        reason="Four outlets that tell of funding rounds.",
    )
    yield _Wish(
        id="globenewswire-financing",
        kind="globenewswire",
        options={"feeds": ["subjectcode/17-Financing Agreements"]},
        reason="Releases about financing, with issuer and ticker.",
    )
    yield _Wish(
        id="prnewswire-people",
        kind="prnewswire",
        options={"topics": ["personnel-announcements"]},
        reason="Who was hired where: new executives buy new tools.",
    )
    if any((one.country or "").strip().casefold() in _US for one in chosen):
        yield _Wish(
            id="edgar",
            kind="edgar",
            options={},
            reason="Filings of American companies: you have some on your list.",
        )


def _forums(lexicon: Lexicon) -> Iterator[_Wish]:
    phrases = list(dict.fromkeys(phrase for problem in lexicon.problems for phrase in problem.phrases))
    rivals = list(dict.fromkeys(rival for problem in lexicon.problems for rival in problem.rivals))
    if words := [*rivals[:3], *phrases[:5]]:
        yield _Wish(
            id="hackernews-problem",
            kind="hackernews",
            options={"queries": words},
            reason=f"Where people who build and buy software speak of it: {', '.join(words[:3])}.",
        )
    if phrases:
        yield _Wish(
            id="stackexchange-problem",
            kind="stackexchange",
            options={"query": phrases[0]},
            reason=f"Questions that hold \u201c{phrases[0]}\u201d.",
        )


def _news(chosen: Sequence[Account]) -> Iterator[_Wish]:
    listed = {one.id: one for one in chosen}
    for query in queries(chosen[:_NEWS]):
        account = listed[query.account]
        yield _Wish(
            id=f"news-{slug_of(account.id)[:50]}",
            kind="bing_news",
            options={
                "query": query.text,
                "company": account.domains[0] if account.domains else account.name,
            },
            reason="",
            account=account.id,
        )


def _offers(
    wishes: Iterable[_Wish], known: Sequence[tuple[str, dict[str, Any]]], taken: set[str]
) -> Iterator[Proposal]:
    """Yield the wishes that are not there yet, with ids that are free and what each costs."""
    for wish in wishes:
        if (wish.kind, dict(wish.options)) in known:
            continue
        source = build(wish.kind, wish.options)
        name = free(wish.id, taken)
        taken.add(name)
        yield Proposal(
            account=wish.account,
            id=name,
            kind=wish.kind,
            options=wish.options,
            reason=wish.reason,
            requests_a_day=ceil(DAY / max(source.every or EVERY, source.floor)) * source.requests,
            shows=source.shows,
            state="new",
        )


def _icp(answers: Answers, before: Sequence[IcpRule]) -> tuple[IcpRule, ...]:
    """Return the rules that were answered, beside those that nobody was asked for."""
    if answers.at_least is not None and answers.at_most is not None and answers.at_least > answers.at_most:
        raise ConfigError("The least size is larger than the most. Swap them.")
    held: dict[tuple[Any, ...], IcpRule] = {
        (one.field, one.op, one.value): one for one in before if _is_asked(one)
    }
    rules = [one for one in before if not _is_asked(one)]
    for (field, op), name in _ASKED.items():
        value = getattr(answers, name)
        if value not in {None, ()}:
            rules.append(held.get((field, op, value)) or _rule(field, op, value))
    return tuple(rules)


def _rule(field: str, op: Any, value: Any) -> IcpRule:
    if isinstance(value, tuple):
        sentence = f"{field.capitalize()}: {', '.join(value)}."
    else:
        sentence = f"{op.replace('_', ' ').capitalize()} {value:,} employees."
    return IcpRule(field=field, op=op, value=value, sentence=sentence)


def _is_asked(rule: IcpRule) -> bool:
    """Say whether a rule is an answer to the second question."""
    return rule.weight > 0 and (rule.field, rule.op) in _ASKED

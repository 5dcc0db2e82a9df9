"""Companies outside the list that something happened to: suggestions to add, each once, with evidence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from earmark.errors import ConfigError
from earmark.intake.cells import domain_in, slug_of
from earmark.triggers import Polarity, TriggerKind
from earmark.types import Account, Lexicon, Story
from matcher.fit import Fit
from matcher.folding import publisher_of
from matcher.normalise import fold
from matcher.outside import Outsider, fit_of, outsider_of, speaks
from monitors.rereading import add_account
from review.rules import lexicon_of
from review.today import kind_words, surest
from storage import accounts, suggestions
from storage.engine import Connection, Engine, reading, writing

__all__ = [
    "Discovered",
    "Evidence",
    "Suggestion",
    "discovered",
    "dismiss",
    "kept",
    "listed_anew",
    "suggested",
]

_REMEMBERED: Final = timedelta(days=365)
_WEEK: Final = timedelta(days=7)
_COUNTED: Final = {
    "acquisition": ("acquisition", "acquisitions"),
    "exec_hire": ("new executive", "new executives"),
    "expansion": ("expansion", "expansions"),
    "funding": ("funding round", "funding rounds"),
    "hiring": ("company hiring", "companies hiring"),
    "partnership": ("partnership", "partnerships"),
    "product": ("product launch", "product launches"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One story about the company: what happened, when, and who says so in which words."""

    story: str
    kind: str
    kind_words: str
    at: datetime
    title: str
    quote: str
    publisher: str
    url: str | None
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A company to add to the list: how well it fits, and the evidence, the newest first.

    ``company`` is its folded name; ``state`` is open, added or dismissed.
    """

    company: str
    name: str
    state: str
    fit: Fit
    outsider: Outsider
    evidence: tuple[Evidence, ...]

    @property
    def last_at(self) -> datetime:
        """When the newest story happened."""
        return self.evidence[0].at


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """The suggestions, the best fitting first; ``headline`` counts what this week brought."""

    headline: str
    suggestions: tuple[Suggestion, ...]


def discovered(
    connection: Connection,
    now: datetime,
    *,
    since: datetime,
    fit_at_least: float = 0.5,
    decided: bool = False,
) -> Discovered:
    """Return whom to add: companies outside the list with a reason to call them since a time, and that fit.

    Whoever was added or dismissed is not suggested again (``decided`` lists those, too); a company with the
    name of an account, or the beginning of one, is never suggested: it may be the account, or a namesake.
    """
    lexicon = lexicon_of(connection)
    kinds = [key for key, kind in lexicon.kinds.items() if kind.polarity is Polarity.BUY]
    told = {
        company: good
        for company, stories in suggestions.unlisted(connection, since, kinds).items()
        if (good := [one for one in stories if speaks(one) and one.role in lexicon.kinds[one.kind].roles])
    }
    listed = suggestions.listed_among(connection, told)
    states = {company: one.state for company, one in suggestions.decisions(connection, told).items()}
    found = [
        _suggestion(company, stories, states.get(company, "open"), lexicon)
        for company, stories in told.items()
        if company not in listed and (decided or company not in states)
    ]
    chosen = [one for one in found if one.fit.value >= fit_at_least]
    chosen.sort(key=lambda one: (-one.fit.value, -len(one.evidence), -one.last_at.timestamp(), one.company))
    return Discovered(headline=_headline(chosen, lexicon.kinds, now), suggestions=tuple(chosen))


def suggested(connection: Connection, name: str, now: datetime) -> Suggestion | None:
    """Return the suggestion that a person means by a name, of the last year and however it fits."""
    found = discovered(connection, now, since=now - _REMEMBERED, fit_at_least=0.0, decided=True)
    return next((one for one in found.suggestions if fold(name) in {one.company, fold(one.name)}), None)


def listed_anew(
    engine: Engine, name: str, *, by: str, now: datetime, domain: str | None = None, **told: str | None
) -> tuple[Account, int]:
    """Put a company on the list, suggested or any other; return it, and how many reasons it has by that.

    ``told`` may be its industry, country and owner. Raises ConfigError for what is no domain, and for a
    company that is on the list.
    """
    found, fault = domain_in(domain, name) if domain else (None, None)
    if fault:
        raise ConfigError(f"The domain {fault}. Write it like osk.example.")
    with reading(engine) as connection:
        suggestion = suggested(connection, name, now)
        found = found or (suggestion.outsider.domain if suggestion else None)
        account = Account(
            id=found or slug_of(name),
            name=suggestion.name if suggestion else name.strip(),
            domains=(found,) if found else (),
            **told,  # type: ignore[arg-type]  # these fields are texts
        )
        if accounts.get(connection, account.id) is not None:
            raise ConfigError(f"{account.id} is on the list already. See it with: earmark show {account.id}")
    decision = kept(suggestion, suggestions.ADDED, by, now) if suggestion else None
    changes = add_account(engine, account, by=by, now=now, decision=decision)
    return account, sum(one.account == account.id for one in changes.triggers)


def dismiss(engine: Engine, name: str, *, by: str, now: datetime) -> Suggestion | None:
    """Never suggest a company again; None when no company of that name is suggested."""
    with reading(engine) as connection:
        suggestion = suggested(connection, name, now)
    if suggestion is not None:
        with writing(engine) as connection:
            suggestions.decide(connection, kept(suggestion, suggestions.DISMISSED, by, now))
    return suggestion


def kept(suggestion: Suggestion, state: str, by: str, now: datetime) -> suggestions.Decision:
    """Return what is stored when somebody adds or dismisses a suggestion."""
    return suggestions.Decision(
        company=suggestion.company,
        state=state,
        stories=tuple(one.story for one in suggestion.evidence),
        first_at=suggestion.evidence[-1].at,
        last_at=suggestion.last_at,
        by=by,
        decided_at=now,
    )


def _suggestion(company: str, stories: Sequence[Story], state: str, lexicon: Lexicon) -> Suggestion:
    outsider = outsider_of(company, stories)
    evidence = sorted(
        (_evidence(story, lexicon.kinds) for story in stories),
        key=lambda one: (one.at, one.story),
        reverse=True,
    )
    return Suggestion(
        company=company,
        name=outsider.name,
        state=state,
        fit=fit_of(outsider, lexicon.icp),
        outsider=outsider,
        evidence=tuple(evidence),
    )


def _evidence(story: Story, kinds: Mapping[str, TriggerKind]) -> Evidence:
    match = surest(story)
    return Evidence(
        story=story.id,
        kind=story.kind,
        kind_words=kind_words(story.kind, kinds),
        at=story.first_at,
        title=match.event.title,
        quote=match.evidence[0].quote if match.evidence else "",
        publisher=publisher_of(match.event),
        url=match.event.url,
        reports=len(story.publishers),
    )


def _headline(found: Sequence[Suggestion], kinds: Mapping[str, TriggerKind], now: datetime) -> str:
    """Return in one line what happened within a week: ``5 funding rounds this week outside your list``."""
    families = Counter(
        kinds[one.kind].family
        for suggestion in found
        for one in suggestion.evidence
        if now - _WEEK <= one.at <= now
    )
    if not families:
        return "Nothing this week outside your list."
    parts = [f"{count:,} {_noun(family, count)}" for family, count in families.most_common()]
    return f"{', '.join(parts)} this week outside your list."


def _noun(family: str, count: int) -> str:
    plain = family.replace("_", " ")
    one, several = _COUNTED.get(family, (f"story of {plain}", f"stories of {plain}"))
    return one if count == 1 else several

"""What public texts say of a company outside the list, and how well that fits the ICP."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.types import Certainty, HintKind, IcpRule, Match, Story
from matcher.fit import Fit, holds, weighed
from matcher.nations import nations_told
from matcher.normalise import fold, words_of
from matcher.passage import Passage
from matcher.sectors import exclude, sectors_of_industry, sectors_of_words

__all__ = ["Outsider", "fit_of", "outsider_of", "speaks"]

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_READ: Final = 600
"""Characters of a text that are read for what a company is: the news, not what stands below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """A company as its stories tell of it: what no text says is empty."""

    name: str
    domain: str | None = None
    countries: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    headcount: int | None = None


def speaks(story: Story) -> bool:
    """Say whether a story is a thing that happened or will, neither a rumour nor one that was denied."""
    return bool(story.matches) and story.certainty not in (Certainty.DENIED, Certainty.RUMOUR)


def outsider_of(company: str, stories: Sequence[Story]) -> Outsider:
    """Return what the stories tell of the company of this folded name."""
    matches = [match for story in stories for match in story.matches]
    spellings = Counter(
        span.quote for match in matches for span in match.evidence if fold(span.quote) == company
    )
    name = max(sorted(spellings), key=lambda each: spellings[each], default=company.title())
    countries = {nation for match in matches for nation in _nations(match, company)}
    sectors = {sector for match in matches for sector in sectors_of_words(words_of(_text(match)))}
    staff = [
        fact.value
        for story in stories
        if story.kind == "headcount_milestone"
        for fact in story.facts
        if fact.key == "headcount" and isinstance(fact.value, int)
    ]
    return Outsider(
        name=name,
        domain=next((domain for match in matches for domain in _domains(match, company)), None),
        countries=tuple(sorted(countries)),
        sectors=tuple(sorted(sectors)),
        headcount=max(staff, default=None),
    )


def fit_of(outsider: Outsider, rules: Sequence[IcpRule]) -> Fit:
    """Return how well a company outside the list fits: a rule on what no text says counts half."""
    if not rules:
        return Fit(value=1.0, sentence="There are no ICP rules yet, so every company fits.")
    return weighed(rules, [_told(outsider, rule) for rule in rules])


def _told(outsider: Outsider, rule: IcpRule) -> tuple[str | int | None, bool | None]:
    if rule.field == "industry":
        return ", ".join(outsider.sectors) or None, _in_industry(outsider, rule)
    if rule.field == "country" and outsider.countries:
        return ", ".join(outsider.countries), any(holds(country, rule) for country in outsider.countries)
    if rule.field == "size":
        return outsider.headcount, holds(outsider.headcount, rule)
    return None, None


def _in_industry(outsider: Outsider, rule: IcpRule) -> bool | None:
    """Compare sectors: a text does not use the words of a list, and "software" fits nearly any company."""
    options = rule.value if isinstance(rule.value, tuple) else (str(rule.value),)
    wanted = [sectors_of_industry(option) for option in options]
    if any(sectors & set(outsider.sectors) for sectors in wanted):
        return True
    out = bool(outsider.sectors) and all(sectors and exclude(sectors, outsider.sectors) for sectors in wanted)
    return False if out else None


def _nations(match: Match, company: str) -> set[str]:
    """Return the countries that the title and the sentences which name the company say it is from."""
    sentences = _SENTENCE.split(match.event.text[:_READ])
    passages = [Passage(match.event.id, "title", match.event.title)]
    passages += [
        Passage(match.event.id, "text", each) for each in sentences if f" {company} " in f" {fold(each)} "
    ]
    return {nation for each in passages for nation in nations_told(each, range(len(each.words)))}


def _text(match: Match) -> str:
    return f"{match.event.title} {match.event.text[:_READ]}"


def _domains(match: Match, company: str) -> Iterator[str]:
    """Yield the domains that the source itself gives, as far as they look like the name."""
    bare = company.replace(" ", "")
    for hint in match.event.hints:
        label = hint.value.lower().removeprefix("www.").partition(".")[0].replace("-", "")
        if hint.kind is HintKind.DOMAIN and label and (label.startswith(bare) or bare.startswith(label)):
            yield hint.value.lower().removeprefix("www.")

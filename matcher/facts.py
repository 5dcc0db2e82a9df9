"""Facts of a claim: who, how much, which round, where; each with the words that say it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from earmark.types import Fact, FactValue, StoredEvent
from matcher.cues import Hit
from matcher.days import Day, days
from matcher.jobs import rank
from matcher.lexicon import language, patterns, words
from matcher.money import Money, amounts, number_of
from matcher.names_in_text import name_after, name_before, person_after, person_before, trimmed
from matcher.normalise import fold
from matcher.sentences import Sentence
from matcher.tools import move_in
from matcher.vocabulary import places

__all__ = ["facts_of"]


@dataclass(frozen=True, slots=True)
class _Place:
    """A value that stands at ``start:end`` of the sentence."""

    key: str
    value: FactValue
    start: int
    end: int


_FUNDING: Final = frozenset(
    {"funding", "funding_seed", "funding_early", "funding_growth", "funding_debt_grant", "invests_into"}
)
_DEAL: Final = frozenset({"acquires", "acquired_or_merged"})
_PEOPLE: Final = frozenset({"exec_hire", "exec_departure", "promotion", "board_change"})
_DEADLINES: Final = frozenset(
    {"regulation_deadline", "rfp_tender", "contract_renewal_window", "vendor_eol", "vendor_acquired_or_shut"}
)
_DATED: Final = _PEOPLE | {
    "event_participation", "product_launch", "hiring_surge", "facility_capex", "new_office_or_market",
    "layoffs", "ipo_filing", "vendor_price_change",
}  # fmt: skip
_SET: Final = re.compile(r"\b(?:from|effective|by|until|before|as of|starting)\s$", re.IGNORECASE)
_PLACES: Final = frozenset({"new_office_or_market", "facility_capex", "hiring_surge"})
_MONEYED: Final = _FUNDING | _DEAL | {
    "ipo_filing", "customer_win", "gov_contract_award", "facility_capex", "divest_spinoff", "legal_or_fine",
    "new_office_or_market",
}  # fmt: skip

_PATTERNS: Final = patterns("facts")
_VALUATION_BEFORE: Final = _PATTERNS["valuation_before"]
_VALUATION_AFTER = re.compile(r"^\s?(?:\+\s?)?(?:(?:pre|post)[\s-]money\s)?valuation\b", re.IGNORECASE)
_REVENUE_NEAR = re.compile(r"\b(?:revenues?|turnover|sales|arr)\b[^;$€£₹]{0,45}$", re.IGNORECASE)
_REVENUE_AFTER = re.compile(
    r"^\s?(?:in |of )?(?:[\w-]+ ){0,2}(?:revenues?|turnover|arr|sales)\b", re.IGNORECASE
)
_ROUND: Final = _PATTERNS["round"]
_INVESTORS: Final = _PATTERNS["investors"]
_BACKED = re.compile(
    r"\b((?!This\b|The\b)[A-Z][\w.&']+(?: [A-Z][\w.&']+){0,2})-backed\b|\b([A-Z]\w+)-Backed\b"
)
_JOINS = re.compile(r"\b([A-Z][\w.&-]+(?: [A-Z][\w.&-]+){0,2}) joins? (?:the )?(?:cap table|round)\b")
_LIST_NAME: Final = _PATTERNS["list_name"]
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s?(?:%|percent\b|per cent\b|pc\b)")
_OF_STAFF: Final = _PATTERNS["of_staff"]
_HEADS: Final = _PATTERNS["heads"]
_HEADS_AFTER = re.compile(
    r"\b(?:workforce|headcount|staff|team)\s(?:to|by|of)\s(?:about |over |nearly )?(\d[\d,]*)(?!\s?%)",
    re.IGNORECASE,
)
_LAID_OFF = re.compile(
    r"\b(?:lays?|laid|laying) off (?:about |over |up to |more than |nearly |around )?(\d[\d,]*)(?!\s?%|\d)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|into|to|at|across|throughout)\s((?:the )?[A-Z][\w.-]+(?:[\s-](?:[A-Z][\w.-]+|City)){0,3})"
)
_PLACE_SITE: Final = _PATTERNS["place_site"]
_NO_PLACE: Final = words("facts", "no_place")


@cache
def _role() -> re.Pattern[str]:
    """Return the pattern of a job title with what it leads: "interim head of sales", "president & COO"."""
    return language().pattern(r"\b<JOB_LEAD>(?:<JOB>)(?:(?: (?:&|and) |, )(?:<JOB>))?")


def facts_of(event: StoredEvent, sentence: Sentence, plain: str, hit: Hit) -> tuple[Fact, ...]:
    """Return the facts that the sentence tells of the claim at ``hit``; at most one per key."""
    kinds = set(hit.frame.kinds)
    money = _amounts(plain) if kinds & _MONEYED or "earnings_guidance" in kinds else ()
    places: list[_Place] = [*_sides(plain, hit)]
    if kinds & _MONEYED or "earnings_guidance" in kinds:
        places += _money(plain, hit, money, kinds)
    if "acquired_or_merged" in kinds and (seller := _seller(plain, hit)):
        places = [seller, *(each for each in places if each.key != "target" or each.start != seller.start)]
    if kinds & _FUNDING:
        places += _funding(plain, hit)
    if kinds & _PEOPLE:
        places += _people(plain, hit, kinds)
    if kinds & {"layoffs", "hiring_surge", "headcount_milestone"} or "new_office_or_market" in kinds:
        places += _heads(plain, kinds)
    if kinds & _PLACES:
        places += _location(plain, hit)
    places += _day(event, plain, hit, kinds)
    if "tech_switch_or_removal" in kinds:
        places += [_Place(key, "", *place) for key, place in move_in(plain).items()]
    facts: dict[str, Fact] = {}
    for place in places:
        if place.key not in facts:
            span = sentence.span(event, place.start, place.end)
            value = span.quote if place.value == "" else place.value
            facts[place.key] = Fact(key=place.key, value=value, span=span)
    return tuple(facts.values())


@lru_cache(maxsize=2)  # every claim of one sentence asks it
def _amounts(plain: str) -> tuple[Money, ...]:
    return amounts(plain)


_MOST_INVESTORS: Final = 8
_YEARS: Final = range(1990, 2036)


def _sides(plain: str, hit: Hit) -> Iterator[_Place]:
    """Yield what the words before and behind the verb name."""
    before_key, after_key = hit.frame.subject, hit.frame.object
    if hit.passive and hit.frame.swaps:
        before_key, after_key = after_key, before_key
    if before_key in {"acquirer", "target", "tool"} or (before_key == "customer" and not hit.passive):
        found = name_before(plain[: hit.start])
        if found:
            yield _Place(before_key, "", *found)
    if before_key == "investor":
        found = name_before(plain[: hit.start], keep_list=True)
        if found:
            raised = _RAISED.match(plain, *found)  # another clause: "Tern raising $30m, Quillon to take 20%"
            start = raised.end() if raised else found[0]
            yield _Place("investors", _names(plain[start : found[1]]), start, found[1])
    if after_key in {"acquirer", "target", "product", "tool"}:
        found = _named_behind(plain, hit)
        if found:
            yield _Place(after_key, "", *(_tool(plain, *found) if after_key == "tool" else found))


_RAISED: Final = re.compile(r"[^,]{0,80}(?:[$€£₹]\s?\d[\w.]*|\s(?:million|billion|crore|lakh|mn|bn)), ")
_SELLER: Final = r"(?P<seller>[A-Z][\w.&-]*(?: [A-Z][\w.&-]*){0,3})"


def _seller(plain: str, hit: Hit) -> _Place | None:
    """Return the company that sells a part of itself: "buys Halden's payroll unit", "the unit of Halden"."""
    found = None if hit.passive else _sold_part().match(plain, hit.end) or _part_of().match(plain, hit.end)
    return _Place("seller", "", *found.span("seller")) if found else None


@cache
def _sold_part() -> re.Pattern[str]:
    return language().pattern(
        rf"\s(?:(?:most|part|all) of |the )?(?!(?i:<STATE>)'){_SELLER}(?:'s|(?<=s)') "
        r"(?:[\w&.-]+ ){0,5}?(?i:<PART>)\b",
        cased=True,
    )


@cache
def _part_of() -> re.Pattern[str]:
    return language().pattern(
        rf"\s(?:[\w&.'$€£-]+ ){{0,6}}?(?i:<PART>) (?:of|from) (?!(?i:<STATE>)\b){_SELLER}",
        cased=True,
    )


def _named_behind(plain: str, hit: Hit) -> tuple[int, int] | None:
    """Return the place of the name behind the verb; of a passive, behind "by"."""
    start = hit.end
    if hit.passive and hit.frame.swaps:
        by = re.match(r"\s(?:[\w%$.,-]+\s){0,4}?by\s", plain[hit.end :])
        if not by:
            return None
        start += by.end() - 1
    return name_after(plain, start)


_TROUBLE: Final = re.compile(r"\s(?:[a-z].*|(?:Outage|Downtime|Failure|Glitch|Disruption|Meltdown))$")


def _tool(plain: str, start: int, end: int) -> tuple[int, int]:
    """Return the place of the tool alone: of "Tillio payments outage" the first word."""
    trouble = _TROUBLE.search(plain[start:end])
    return start, start + trouble.start() if trouble else end


def _names(text: str) -> tuple[str, ...]:
    parts = re.split(r",\s(?:and\s)?|\s(?:and|&)\s(?=[A-Z])", text)
    names = (_DESCRIBED.sub("", trimmed(part)).removesuffix("'s") for part in parts)
    return tuple(name for name in names if name and name.lower() not in _NO_INVESTOR)


_DESCRIBED: Final = _PATTERNS["described"]
_NO_INVESTOR: Final = words("facts", "no_investor")


def _money(plain: str, hit: Hit, money: tuple[Money, ...], kinds: set[str]) -> Iterator[_Place]:
    plain_amounts: list[Money] = []
    for item in money:
        before, after = plain[: item.start], plain[item.end :]
        deal_worth = bool(kinds & (_DEAL | {"customer_win", "divest_spinoff"}))
        if _VALUATION_AFTER.search(after) or (_VALUATION_BEFORE.search(before) and not deal_worth):
            yield _Place("valuation", item.value, item.start, item.end)
        elif _REVENUE_NEAR.search(before) or _REVENUE_AFTER.search(after):
            yield _Place("revenue", item.value, item.start, item.end)
        elif not item.per and not re.search(r"\bprofits?\b[^;]{0,30}$", before, re.IGNORECASE):
            plain_amounts.append(item)
    if not plain_amounts or not kinds & _MONEYED:
        return
    behind = [item for item in plain_amounts if item.start >= hit.start - 2]
    chosen = (behind or plain_amounts)[0]
    yield _Place("amount", chosen.value, chosen.start, chosen.end)
    yield _Place("currency", chosen.currency, chosen.start, chosen.end)


def _funding(plain: str, hit: Hit) -> Iterator[_Place]:
    named = _ROUND.search(plain)
    if named:
        yield _Place("round", "", named.start(), named.end())
    names: list[str] = []
    first = last = 0
    for match in _INVESTORS.finditer(plain, hit.start if hit.frame.subject != "investor" else 0):
        position, listed = match.end(), list[str]()
        while len(names) + len(listed) < _MOST_INVESTORS and (name := _LIST_NAME.match(plain, position)):
            listed.append(trimmed(name[1]))
            position = name.end()
        listed = [name for name in listed if name and name.lower() not in _NO_INVESTOR]
        if listed:
            if "led by" in match[0]:
                yield _Place("lead_investor", listed[0], match.end(), position)
            first, last = first or match.end(), position
            names += [name for name in listed if name not in names]
    if names:
        yield _Place("investors", tuple(names), first, last)
        return
    for pattern in (_JOINS, _BACKED):
        found = pattern.search(plain)
        group = 2 if found and found.lastindex == 2 else 1  # noqa: PLR2004 - the second way to write it
        if found and trimmed(found[group]).lower() not in _NO_INVESTOR:
            yield _Place("investors", (found[group],), found.start(group), found.end(group))
            return


def _people(plain: str, hit: Hit, kinds: set[str]) -> Iterator[_Place]:
    after, passive = plain[hit.end :], hit.passive
    role_after = _role().search(plain, hit.end)
    subject_is_person = hit.frame.subject == "person" or passive or "exec_departure" in kinds
    found = person_before(plain[: hit.start]) if subject_is_person else person_after(plain, hit.end)
    if found:
        yield _Place("person", "", *found)
    board = re.search(r"\bboard\b", after, re.IGNORECASE)
    if "board_change" in kinds and board:
        yield _Place("role", "", hit.end + board.start(), hit.end + board.end())
        return
    role = _best_role(plain, hit, role_after)
    if role:
        yield _Place("role", "", *role)
        function, seniority = rank(plain[slice(*role)])
        yield _Place("function", function, *role)
        yield _Place("seniority", seniority, *role)


def _day(event: StoredEvent, plain: str, hit: Hit, kinds: set[str]) -> Iterator[_Place]:
    """Yield the first day behind the cue, or else the last before it: when it is to happen."""
    key = "deadline" if kinds & _DEADLINES else "date"
    if key == "date" and not kinds & _DATED:
        return
    today = (event.happened_at or event.seen_at).date()
    named = [
        day
        for day in days(plain, today)
        if day.value[:4] >= str(today.year) and (hit.form not in _PASTS or _is_set(plain, day))
    ]
    behind = [day for day in named if day.start >= hit.start]
    for day in behind[:1] or named[-1:]:
        yield _Place(key, day.value, day.start, day.end)


_PASTS: Final = frozenset({"past", "pp"})


def _is_set(plain: str, day: Day) -> bool:
    """Say whether the day is to come though the verb is past: "named CFO from 1 March", "left in March"."""
    return "20" in plain[day.start : day.end] or _SET.search(plain[: day.start]) is not None


def _best_role(plain: str, hit: Hit, role_after: re.Match[str] | None) -> tuple[int, int] | None:
    """Return the place of the job that is taken or left, not the one that the person had before."""
    as_role = re.search(r"\s(?:as|to become|role of|position of)\s", plain[hit.end :])
    match = None
    if as_role:
        match = _role().search(plain, hit.end + as_role.end())
    leaves = "exec_departure" in hit.frame.kinds
    if match is None and leaves:
        before = list(_role().finditer(plain, 0, hit.start))
        match = before[-1] if before else role_after
    match = match or role_after
    if match is None:
        before = list(_role().finditer(plain, 0, hit.end))
        match = before[-1] if before else None
    if match is None:
        return None
    start, end = match.span()
    if leaves and plain[start:].startswith("Group ") and re.search(r"[A-Z][\w&-]*\s$", plain[:start]):
        start += len("Group ")  # "Granite Group CFO Tom Ashby": the company's name
    skip = re.match(r"(?:(?:new|its|the|next|a|an|their|as)\s)+", plain[start:end], re.IGNORECASE)
    return start + (skip.end() if skip else 0), end


def _heads(plain: str, kinds: set[str]) -> Iterator[_Place]:
    for pattern in (_HEADS_AFTER, _HEADS, *((_LAID_OFF,) if "layoffs" in kinds else ())):
        match = pattern.search(plain)
        if match:
            number = number_of(match[1].rstrip(".,"))
            if number is not None and not (number in _YEARS and "," not in match[1]):
                yield _Place("headcount", int(number), match.start(1), match.end(1))
                break
    if "layoffs" in kinds:
        for match in _PERCENT.finditer(plain):
            if _OF_STAFF.search(plain[match.end() :]) or re.search(
                r"\b(?:cut|lay off|laid off|reduc\w+)\s(?:[\w-]+\s){0,4}$", plain[: match.start()]
            ):
                value = number_of(match[1])
                if value is not None:
                    yield _Place("percent", value, match.start(), match.end())
                return
        yield from _share(plain)


def _share(plain: str) -> Iterator[_Place]:
    """Yield the share of staff that a text puts in words: "a fifth of its staff"."""
    match = _FRACTION.search(plain)
    if match and _OF_STAFF.search(plain[match.end() :]):
        yield _Place("percent", _FRACTIONS[match[1].lower()], match.start(), match.end())


_FRACTIONS: Final = {
    "half": Decimal(50), "third": Decimal(33), "quarter": Decimal(25), "fifth": Decimal(20),
    "tenth": Decimal(10),
}  # fmt: skip
_FRACTION: Final = re.compile(r"\b(?:an? )?(half|third|quarter|fifth|tenth)\b", re.IGNORECASE)


def _location(plain: str, hit: Hit) -> Iterator[_Place]:
    for match in _PLACE_SITE.finditer(plain):
        for start, end in (
            (match.start(1), match.end(1)),
            (plain.find(" ", match.start(1)) + 1, match.end(1)),
        ):
            if 0 < start < end and fold(plain[start:end]) in _places():
                yield _Place("location", "", start, end)
                return
    for match in _PLACE.finditer(plain, hit.end):
        words = match[1].split()
        known = next((n for n in range(len(words), 0, -1) if fold(" ".join(words[:n])) in _places()), None)
        if known is None and (words[0].lower() in _NO_PLACE or words[0].lower() in language().cues):
            continue
        name = " ".join(words[: known or 3]).rstrip(".,")
        yield _Place("location", "", match.start(1), match.start(1) + len(name))
        return


@cache
def _places() -> frozenset[str]:
    return frozenset(b" ".join(words).decode() for words in places())

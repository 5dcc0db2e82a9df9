"""Which part a named company plays: in the text as a whole, and in each claim.

``with_roles`` reads the words around each mention; ``role_in`` fits that to one claim, whose facts (who
acquires, who is acquired, who invests) come first.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from earmark.types import Claim, Fact, Mention, Role, Span, StoredEvent
from matcher.normalise import fold
from matcher.passage import Passage
from matcher.place import is_listed
from matcher.vocabulary import context_words

__all__ = ["role_in", "with_roles"]

_BY: Final = frozenset((b"by", b"von", b"par"))
_OBJECT_FRONTS: Final = frozenset(
    b"""from with by of in at for to against over than like on via versus vs into off through behind under
    around about between among without per amid toward towards und mit bei avec pour de""".split()
)
_FACT_ROLES: Final = {
    "acquirer": Role.ACQUIRER,
    "target": Role.TARGET,
    "investors": Role.INVESTOR,
    "seller": Role.SUBJECT,
    "tool": Role.MENTION,
    "customer": Role.CUSTOMER,
}
_SAID: Final = 5  # words that make a headline of their own before "X" is named as who says them
_DEALS: Final = frozenset({"acquires", "acquired_or_merged"})
_OF_ONE: Final = frozenset({"ipo_filing", "funding_seed", "funding_early", "funding_growth"})
_OWNED: Final = re.compile(
    r"['’]s (?!(?i:ipo|listing|float|shares|stock|unit|parent|rival)\b)[A-Z]\w+(?: [A-Z]\w+)? "
    r"(?i:is|to|has|said|files|filed|plans|eyes|seeks|picks|prepares|nears|raises|raised|secures|lands|bags|closes)\b"
)
_RAISES: Final = re.compile(r"(?:,[^,]+,)? (?:is |are |to |has )?(?:raises?|raised|raising)\b", re.IGNORECASE)
_FUNDING: Final = frozenset({"funding_seed", "funding_early", "funding_growth", "funding_debt_grant"})


def with_roles(event: StoredEvent, mentions: Sequence[Mention], *, job: bool = False) -> tuple[Mention, ...]:
    """Return the mentions, each with its role in the text, in the order of the text.

    A ``job`` posting has one subject, the employer; what it names besides are tools.
    """
    out: list[Mention] = []
    for field, text in (("title", event.title), ("text", event.text)):
        here = [mention for mention in mentions if mention.span.field == field]
        here.sort(key=lambda mention: (mention.span.start, mention.span.end))
        if here:
            out.extend(_of_field(Passage(event.id, field, text), here))
    if job and out:
        employer = next((m.account or m.company for m in out if m.features[0].name == "source"), None)
        employer = employer or out[0].account or out[0].company
        out = [
            replace(m, role=Role.SUBJECT if (m.account or m.company) == employer else Role.MENTION)
            for m in out
        ]
    return tuple(out)


def _of_field(passage: Passage, mentions: Sequence[Mention]) -> list[Mention]:
    """Give each mention of one text its role; members of a list share one; somebody is the subject."""
    roles: list[Role] = []
    taken: set[int] = set()  # clauses (sentences) that have their subject
    for index, mention in enumerate(mentions):
        start, end = _tokens_of(passage, mention.span)
        if mention.role is not Role.MENTION or start == end:
            roles.append(mention.role)
            continue
        before = mentions[index - 1] if index else None
        if before is not None and _listed_with(passage, before.span, mention.span):
            roles.append(roles[-1])
            continue
        sentence = _sentence(passage, start)
        ticker = mention.span.start and passage.text[mention.span.start - 1] == "$"
        role = Role.MENTION if ticker and start else _told(passage, start, end)
        if role is None:
            front = not passage.starts_clause(start) and passage.word(start - 1) in _OBJECT_FRONTS
            role = Role.MENTION if front or sentence in taken else Role.SUBJECT
        if role in {Role.SUBJECT, Role.ACQUIRER} or _kin_acts(passage, end):
            taken.add(sentence)
        roles.append(role)
    return [replace(mention, role=role) for mention, role in zip(mentions, roles, strict=True)]


def _tokens_of(passage: Passage, span: Span) -> tuple[int, int]:
    """Return the tokens that the span covers."""
    first = bisect_right(passage.tokens, span.start, key=lambda token: token.end)
    last = bisect_left(passage.tokens, span.end, key=lambda token: token.start)
    return (first, last) if first < last else (0, 0)


def _sentence(passage: Passage, index: int) -> int:
    """Return the number of the sentence that a token stands in."""
    return sum(passage.text.count(mark, 0, passage.tokens[index].start) for mark in ".!?;\n|")


def _listed_with(passage: Passage, one: Span, other: Span) -> bool:
    between = passage.text[one.end : other.start].strip()
    return between in {",", "and", "&", ", and", "/", "or", "und", "et", "-", "‑", "–"}


def _told(passage: Passage, start: int, end: int) -> Role | None:
    """Return the role that the words next to a name tell, or None."""
    before, after = _before(passage, start), _after(passage, end)
    hyphen = end < len(passage.tokens) and passage.gap(end) in {"-", "‑"}
    tests = (
        (Role.FORMER_EMPLOYER, _left(after) or _once(before) or _lends(before, after)),
        (Role.MENTION, _kin_acts(passage, end) or _is_cited(passage, start, end)),
        (Role.RAISER, _gets_money(passage, start)),
        (Role.INVESTOR, hyphen and after[0] in {b"backed", b"led", b"funded"}),
        (Role.INVESTOR, _one_or_two(before, "invests_before")),
        (Role.TARGET, _is_bought(after)),
        (Role.ACQUIRER, _buys(after) or (before[-1] in _BY and before[-2] in _BUYING)),
        (Role.INVESTOR, is_listed(after[0], "invests_after") and "," not in passage.gap(end)),
        (Role.TARGET, _one_or_two(before, "buying") or _bought_further_on(passage, start)),
        (Role.PARTNER, _one_or_two(before, "partners_before")),
        (Role.SUBJECT, _one_or_two(before, "happens_to")),
        (Role.CUSTOMER, _one_or_two(before, "customers_before")),
        (Role.MENTION, _one_or_two(before, "compared") or is_listed(after[0], "compared_after")),
    )
    return next((role for role, holds in tests if holds), None)


def _once(before: tuple[bytes, ...]) -> bool:
    """Say whether these words tell of a former employer."""
    return before[-1] in {b"ex", b"former", b"formerly"} or before[-2:] in {
        (b"formerly", b"of"),
        (b"formerly", b"at"),
        (b"years", b"at"),
    }


def _left(after: tuple[bytes, ...]) -> bool:
    """Say whether it once employed somebody: "X veteran", "X and Y veteran"."""
    return is_listed(after[0], "former_after") or (after[0] == b"and" and is_listed(after[2], "former_after"))


def _kin_acts(passage: Passage, end: int) -> bool:
    """Say whether another one is told of: "X spinoff lands", "X owner Y reports", "X analyst says"."""
    after = _after(passage, end)
    owner = is_listed(after[0], "owners") and "," not in passage.gap(end)
    return owner or is_listed(after[0], "kin") or is_listed(after[1], "kin")


def _is_cited(passage: Passage, start: int, end: int) -> bool:
    """Say whether it only tells what the headline says: "Chip revenues to surge: X"."""
    last = passage.field == "title" and end == len(passage.tokens)
    return last and start >= _SAID and passage.gap(start).startswith(":")


def _lends(before: tuple[bytes, ...], after: tuple[bytes, ...]) -> bool:
    """Say whether another company takes one of its people: "adds X CEO to board", "taps X executive"."""
    return is_listed(before[-1], "recruits") and is_listed(after[0], "officers")


def _gets_money(passage: Passage, start: int) -> bool:
    """Say whether somebody puts money in it: "leads round in Danish start-up X", "invests in X"."""
    into = False
    for at in range(start - 1, max(-1, start - 10), -1):
        word = passage.word(at)
        if passage.starts_clause(at + 1):
            return False
        if not into and word in _OBJECT_FRONTS:
            if word not in {b"in", b"into"}:
                return False
            into = True
        elif into and is_listed(word, "invests_after"):
            return True
    return False


def _bought_further_on(passage: Passage, start: int) -> bool:
    """Say whether a verb of buying stands before the name's own attributes ("buys Danish tool maker X")."""
    for at in range(start - 1, max(-1, start - 7), -1):
        word = passage.word(at)
        if passage.starts_clause(at + 1) or word in _OBJECT_FRONTS - {b"in", b"of"}:
            return False
        if is_listed(word, "buying"):
            return True
    return False


def _before(passage: Passage, start: int) -> tuple[bytes, ...]:
    """Return the two words before, in the same clause; articles, its owner and the like are skipped."""
    words: list[bytes] = []
    at = start - 1
    if at > 0 and passage.gap(start).strip() in {"'s", "’s"}:
        at -= 1  # "sues Berg's Norvik"
    while at >= 0 and len(words) < 2 and not passage.starts_clause(at + 1):  # noqa: PLR2004 - two words decide
        if passage.word(at) not in _SKIPPED or words:
            words.append(passage.word(at))
        at -= 1
    return (b"", b"", *reversed(words))[-2:]


def _after(passage: Passage, end: int) -> tuple[bytes, ...]:
    """Return the three words after, in the same clause."""
    words = []
    for at in range(end, end + 3):
        if passage.ends_clause(at):
            break
        words.append(passage.word(at))
    return (*words, b"", b"", b"")[:3]


def _one_or_two(before: tuple[bytes, ...], name: str) -> bool:
    listed = context_words(name)
    return tuple(before[-2:]) in listed or (before[-1],) in listed


_CLOSES: Final = frozenset(
    b"closes completes seals agrees nears eyes weighs plans finalises finalizes close complete".split()
)
_BUYING: Final = frozenset(
    b"acquisition purchase takeover buyout buy deal acquire buying acquiring acquires acquired bought".split()
)
_SKIPPED: Final = frozenset(b"the a an its rival giant maker startup".split())


def _buys(after: tuple[bytes, ...]) -> bool:
    """Say whether the name before these words buys: "X buys", "X to buy", "X closes purchase"."""
    first, second, third = after
    if b"back" in after:
        return False  # its own shares
    if is_listed(first, "buys"):
        return True
    if first in {b"to", b"will", b"may", b"could", b"has"} and is_listed(second, "buys"):
        return True
    return first in _CLOSES and (
        second in _BUYING or (second in {b"to", b"the", b"its"} and third in _BUYING)
    )


def _is_bought(after: tuple[bytes, ...]) -> bool:
    """Say whether the name before these words is bought: "X acquired by", "X to be acquired"."""
    first, second, third = after
    if (first,) in context_words("bought") and second in _BY:
        return True
    return second == b"be" and (third,) in context_words("bought")


def role_in(claim: Claim, mention: Mention) -> Role:
    """Return the role of a mention in one claim."""
    for fact in claim.facts:
        if fact.key in _FACT_ROLES and _names(fact, mention):
            return _FACT_ROLES[fact.key]
    role = mention.role
    if claim.kind in _OF_ONE and _owns(claim, mention):
        return Role.MENTION
    if claim.kind in _DEALS:
        return _in_deal(claim, role)
    if claim.kind in _FUNDING:
        return Role.RAISER if role in {Role.SUBJECT, Role.ACQUIRER} else role
    if claim.kind == "invests_into" and not _RAISES.match(_behind(claim, mention)):
        return Role.INVESTOR if role in {Role.SUBJECT, Role.ACQUIRER} else role
    return Role.SUBJECT if role in {Role.ACQUIRER, Role.RAISER} else role


def _in_deal(claim: Claim, role: Role) -> Role:
    """Return the role in a deal, whose subject is the side that no fact names."""
    known = {fact.key for fact in claim.facts}
    if role is not Role.SUBJECT or "acquirer" in known:
        return role
    return Role.TARGET if "target" not in known and claim.kind == "acquired_or_merged" else Role.ACQUIRER


def _owns(claim: Claim, mention: Mention) -> bool:
    """Say whether the claim is of a company that the mentioned one owns: "X's Y files for an IPO"."""
    return _OWNED.match(_behind(claim, mention)) is not None


def _behind(claim: Claim, mention: Mention) -> str:
    """Return what the evidence says behind the mention; nothing where it stands elsewhere."""
    inside = mention.span.field == claim.evidence.field and mention.span.end >= claim.evidence.start
    return claim.evidence.quote[mention.span.end - claim.evidence.start :] if inside else ""


def _names(fact: Fact, mention: Mention) -> bool:
    """Say whether the fact is the mentioned company: by its words in the text, or as the source writes it."""
    if fact.span is not None:
        return _overlap(fact.span, mention.span)
    values = fact.value if isinstance(fact.value, tuple) else (str(fact.value),)
    return fold(mention.span.quote) in map(fold, values)


def _overlap(one: Span, other: Span) -> bool:
    return one.field == other.field and one.start < other.end and other.start < one.end

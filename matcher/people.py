"""People of the user's own list: whom a story names, who moved, who can introduce, whom a play asks for.

Nobody is looked up, and nobody is guessed: a contact is known again by the full name, at the account of the
story; a champion's move needs a text that also names the account where the user knows them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from earmark.types import Account, Contact, Feature, Lexicon, Match, Reading, Span, StoredEvent, Story
from matcher.normalise import fold, tokens_of, words_of

__all__ = [
    "CHAMPION",
    "KnownPerson",
    "Path",
    "known_people",
    "matching_personas",
    "moved_champions",
    "referral_paths",
    "with_champions",
]

CHAMPION: Final = "champion_move"
"""The kind of trigger that a champion's move gives the account that hired them."""

_MOVES: Final = frozenset({"exec_hire", "promotion", "board_change"})
_INTRODUCE: Final = ("referrer", "champion", "customer", "investor", "partner")
"""Relations of people who may open a door, the best first."""
_FEWEST_WORDS: Final = 2  # a first name alone is nobody's

_TITLES: Final[Mapping[str, str]] = {
    "ceo": "chief executive officer",
    "cfo": "chief financial officer",
    "chro": "chief human resources officer",
    "cio": "chief information officer",
    "ciso": "chief information security officer",
    "cmo": "chief marketing officer",
    "coo": "chief operating officer",
    "cpo": "chief product officer",
    "cro": "chief revenue officer",
    "cto": "chief technology officer",
    "evp": "executive vice president",
    "hr": "human resources",
    "it": "information technology",
    "md": "managing director",
    "svp": "senior vice president",
    "vp": "vice president",
}
_LEADS: Final = frozenset({"head", "director", "lead", "leader"})
_IDLE: Final = frozenset({"and", "of", "the", "for", "at", "senior", "global", "group", "a"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A contact whom a story names, with the words that name them; ``sentence`` says how we know them."""

    contact: Contact
    span: Span
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A way to an account that does not begin cold: through a person, or through a relative that buys."""

    account: str
    contact: Contact | None
    sentence: str


def known_people(story: Story, contacts: Iterable[Contact]) -> tuple[KnownPerson, ...]:
    """Return the contacts at the story's account whom its texts name in full, each once, in their order."""
    found: list[KnownPerson] = []
    for contact in contacts:
        if contact.account != story.account:
            continue
        span = next((one for match in story.matches if (one := _named(contact.name, match.event))), None)
        if span is not None:
            found.append(KnownPerson(contact=contact, span=span, sentence=_acquainted(contact)))
    return tuple(found)


def moved_champions(reading: Reading, lexicon: Lexicon) -> tuple[Match, ...]:
    """Return a match of kind ``champion_move`` for each champion whom another account has hired.

    The hire names the champion in full, and the text names the account where we know them: a namesake of a
    champion is no champion.
    """
    if not lexicon.champions:
        return ()
    found: list[Match] = []
    for match in reading.matches:
        hired = next((fact for fact in match.facts if fact.key == "person"), None)
        if match.account is None or match.kind not in _MOVES or hired is None:
            continue
        champion = _champion(str(hired.value), match, reading, lexicon)
        if champion is not None:
            here = lexicon.accounts.get(champion.account)
            there = here.name if here else champion.account
            feature = Feature(
                name="champion",
                value=1.0,
                weight=1.0,
                sentence=f"{champion.name} was your champion at {there}",
                spans=(hired.span,) if hired.span else (),
            )
            found.append(replace(match, kind=CHAMPION, features=(*match.features, feature)))
    return tuple(found)


def with_champions(reading: Reading, lexicon: Lexicon) -> tuple[Match, ...]:
    """Return the matches of a reading, a hire that is a champion's move told as that, and only as that."""
    moves = {(move.account, _hired(move)): move for move in moved_champions(reading, lexicon)}
    if not moves:
        return reading.matches
    told = [
        moves.get((match.account, _hired(match)), match) if match.kind in _MOVES else match
        for match in reading.matches
    ]
    return tuple(dict.fromkeys(told))


def referral_paths(
    account: Account, contacts: Sequence[Contact], relatives: Sequence[Account] = ()
) -> tuple[Path, ...]:
    """Return who may open the door of an account: people known there or at relatives, and who of these buys.

    ``contacts`` are of the account and of its relatives, ``relatives`` its parent, subsidiaries and sisters.
    """
    near = {account.id: account} | {one.id: one for one in relatives}
    known = [one for one in contacts if one.account in near and _relation(one) in _INTRODUCE]
    known.sort(key=lambda one: (_INTRODUCE.index(_relation(one)), one.account != account.id, one.id))
    paths = [_through(one, account, near[one.account]) for one in known]
    paths += [
        Path(
            account=one.id, contact=None, sentence=f"{one.name}, {_kinship(account, one)}, is your customer."
        )
        for one in relatives
        if one.suppression is not None and one.suppression.reason == "customer"
    ]
    return tuple(paths)


def matching_personas(title: str | None, personas: Iterable[str]) -> tuple[str, ...]:
    """Return the personas of a play that a title is: ``VP of Sales`` is "vice president sales"."""
    own = _title_words(title or "")
    return tuple(one for one in personas if (asked := _title_words(one)) and asked <= own)


@lru_cache(maxsize=1024)
def _title_words(title: str) -> frozenset[str]:
    words = [word for each in fold(title).split() for word in _TITLES.get(each, each).split()]
    return frozenset("head" if word in _LEADS else word for word in words if word not in _IDLE)


def _champion(name: str, match: Match, reading: Reading, lexicon: Lexicon) -> Contact | None:
    words = fold(name).split()
    if len(words) < _FEWEST_WORDS:
        return None
    for champion in lexicon.champions:
        if fold(champion.name).split() != words or champion.account == match.account:
            continue
        if any(mention.account == champion.account for mention in reading.mentions):
            return champion
        here = lexicon.accounts.get(champion.account)
        if here is not None and _named(here.name, reading.event, fewest=1) is not None:
            return champion
    return None


def _hired(match: Match) -> str:
    return next((fold(str(fact.value)) for fact in match.facts if fact.key == "person"), "")


def _named(name: str, event: StoredEvent, fewest: int = _FEWEST_WORDS) -> Span | None:
    """Return where a text has the whole name, word by word."""
    wanted = list(words_of(name))
    if len(wanted) < fewest:
        return None
    for field, text in (("title", event.title), ("text", event.text)):
        tokens = tokens_of(text)
        for at in range(len(tokens) - len(wanted) + 1):
            if all(tokens[at + step].word == word for step, word in enumerate(wanted)):
                start, end = tokens[at].start, tokens[at + len(wanted) - 1].end
                return Span(event=event.id, field=field, start=start, end=end, quote=text[start:end])
    return None


def _acquainted(contact: Contact) -> str:
    title = f", {contact.title}," if contact.title else ""
    known = f"your {_relation(contact)}" if _relation(contact) in _INTRODUCE else "your contact"
    since = f" since {contact.since.year}" if contact.since else ""
    return f"{contact.name}{title} is {known}{since}."


def _through(contact: Contact, account: Account, at: Account) -> Path:
    where = "there" if at.id == account.id else f"at {at.name}, {_kinship(account, at)},"
    since = f" since {contact.since.year}" if contact.since else ""
    sentence = f"{contact.name} {where} is your {_relation(contact)}{since}: ask for an introduction."
    return Path(account=at.id, contact=contact, sentence=sentence)


def _kinship(account: Account, other: Account) -> str:
    if other.id == account.parent:
        return "its parent"
    return "its subsidiary" if other.parent == account.id else "its sister"


def _relation(contact: Contact) -> str:
    return (contact.relation or "").casefold()

"""Whether the company that a text means is this account, or another one of the same name.

What stands around a name proves that it is a company; only what the record says besides proves which one.
"""

from typing import TYPE_CHECKING, Final

from earmark.types import Account, Feature, Span
from matcher.bearers import is_bare, is_bearer, site_label
from matcher.names import Ambiguity, Name, Origin
from matcher.nations import BASED, HAVENS, OWNS, is_from_there, nation_named, nations_told
from matcher.normalise import words_of
from matcher.place import Place, is_listed, is_sort
from matcher.sectors import exclude, sectors_of_industry, sectors_of_words
from matcher.vocabulary import popular_names

if TYPE_CHECKING:
    from matcher.surroundings import Surroundings

__all__ = ["DOUBTS", "NAMESAKES", "PARTS", "identity_of"]

DOUBTS: Final = frozenset({"longer_domain", "own_part", "popular"})
"""Features that weaken an account's claim to a name without giving it to another."""

NAMESAKES: Final = frozenset({"namesake", "other_country", "other_domain", "other_sector"})
"""Features that tell that another company of the name is meant."""

PARTS: Final = frozenset({"longer_domain", "own_part"})
"""Features that tell that its own name is a longer one, so that another company may be meant."""

_ANOTHER: Final = -12.0  # more than all that makes a company of a name
_DOUBTED: Final = -5.0  # where the source itself names the account
_LISTING: Final = "united states"  # where companies of all countries are traded
_ELSEWHERE: Final = {(True, True): -1.5, (True, False): -1.5, (False, True): -8.0, (False, False): -3.5}
_BEFORE: Final = 7  # words that may describe a company before its name
_BEHIND: Final = 6
_ARTICLES: Final = frozenset(b"a an the".split())
_STOPS: Final = frozenset(
    b"""of for to by with from at on in into and or as than over against after before amid via the a an its
    their says said""".split()
)


def identity_of(place: Place, name: Name, account: Account, around: "Surroundings") -> list[Feature]:
    """Return what speaks for and against this account among all companies of the name."""
    domain = _domain(place, account, around)
    if domain and domain.name == "domain":
        return [domain]
    words = tuple(place.passage.words[place.start : place.end])
    bearer = is_bearer(account, words, whole=name.origin is not Origin.SHORT)
    found = [domain] if domain else []
    if bearer is False and name.origin is not Origin.ALIAS:
        found.append(
            _plain(
                "namesake",
                _DOUBTED if around.hints(account) else _ANOTHER,
                "everybody means another company by this name, and not the one on your list",
            )
        )
    elif place.ambiguity is Ambiguity.DOMINANT:
        found.extend(_dominant(words, name, account))
    elif bearer is True and _acts_or_owns(place):
        found.append(_plain("known", 0.6, "it is the company that everybody means by the name"))
    elif bearer is None:
        found.extend(_own_domain(place, words, name, account))
    if bearer is not True and place.ambiguity is not Ambiguity.DOMINANT:
        described = _described(place, account)
        found.extend(described or _abroad(place, account, around))
    doubtful = place.is_word or place.ambiguity is Ambiguity.ACRONYM
    popular = bearer is None and len(words) == 1 and words[0] in popular_names()
    record = _on_record(words, account, around) if doubtful or popular else []
    found.extend(record if doubtful else ())
    if popular and not record:
        found.append(_plain("popular", -0.8 if account.tickers else -2.2, "many companies bear this name"))
    return found


def _plain(name: str, weight: float, sentence: str) -> Feature:
    return Feature(name=name, value=1.0, weight=weight, sentence=sentence)


def _proven(name: str, weight: float, sentence: str, *spans: Span) -> Feature:
    return Feature(name=name, value=1.0, weight=weight, sentence=sentence, spans=spans)


def _domain(place: Place, account: Account, around: "Surroundings") -> Feature | None:
    """Weigh the link's host and the hosts in the text: the account's own, or a namesake's."""
    own = [domain.lower().removeprefix("www.") for domain in account.domains]
    hosts = sorted({around.link, *around.hosts} - {""})
    for host in hosts:
        if any(host == domain or host.endswith("." + domain) for domain in own):
            spans = around.where([host]) or around.of_link()
            return _proven("domain", 3.5, "its own domain stands in the link or the text", *spans)
    label = b"".join(place.passage.words[place.start : place.end]).decode("utf-8", "replace")
    for host in hosts if own else ():
        if label in host.split(".")[:-1]:
            spans = around.where([host]) or around.of_link()
            return _proven("other_domain", -4.5, "the link belongs to another company of this name", *spans)
    if label in around.path:
        return _proven("path", 1.5, "the link names it", *around.of_link())
    return None


def _acts_or_owns(place: Place) -> bool:
    """Say whether a name that may be something else does what companies do, or has something."""
    doubtful = place.is_word or place.ambiguity is Ambiguity.ACRONYM
    acts = place.opens and is_listed(place.after, "company_verbs", "verbs", "company_nouns")
    return doubtful and (place.owns or acts)


def _dominant(words: tuple[bytes, ...], name: Name, account: Account) -> list[Feature]:
    """Weigh whether the account is the one company that everybody means by the word."""
    bare = any(is_bare(domain, words) for domain in account.domains)
    if account.domains and not bare and name.origin in {Origin.STRIPPED, Origin.SHORT}:
        return [_plain("namesake", -3.8, "its domain is not the bare name, which is another company's")]
    features = [_plain("bare_domain", 0.8, "its domain is the bare name")] if bare else []
    if account.tickers:
        features.append(_plain("traded", 2.4, "it is traded, as the company that the word means is"))
    return features


def _own_domain(place: Place, words: tuple[bytes, ...], name: Name, account: Account) -> list[Feature]:
    """Weigh a domain that says more than the one word: whoever has the bare one is called so first."""
    if len(words) > 1 or name.origin is Origin.ALIAS or any(is_bare(each, words) for each in account.domains):
        return []
    labels = [site_label(domain)[0].replace("-", "") for domain in account.domains]
    word = words[0].decode("utf-8", "replace")
    longer = [label for label in labels if word in label]
    if name.origin is Origin.SHORT and not longer:
        return (
            []
            if account.tickers
            else [_plain("own_part", -2.5, "nothing shows that it is called by this part")]
        )
    if not longer:
        return []
    sentence = f"its own domain says more than this word: {longer[0]}"
    if name.origin is Origin.SHORT:
        return [_plain("longer_domain", -1.5 if account.tickers else -2.5, sentence)]
    return [_plain("longer_domain", -1.2 if place.is_word else -0.6, sentence)]


_LONG: Final = 3  # letters; shorter words tell nothing
_VAGUE: Final = frozenset(
    b"services service products group other general states united web enterprise".split()
)


def _on_record(words: tuple[bytes, ...], account: Account, around: "Surroundings") -> list[Feature]:
    """Weigh the city, country and industry of the record that the text names anywhere."""
    found = []
    for field, value in (
        ("city", account.city),
        ("country", account.country),
        ("industry", account.industry),
    ):
        told = [word for word in words_of(value or "") if len(word) > _LONG and word not in _VAGUE]
        if told and all(word in around.words for word in told) and not set(told) & set(words):
            spans = around.where(word.decode() for word in told)
            found.append(_proven(field, 0.8, f"its {field} stands in the text: {value}", *spans))
    return found


def _described(place: Place, account: Account) -> list[Feature]:
    """Weigh how the text describes the company beside its name: its country, and what it deals in."""
    window = _before(place) or _behind(place)
    if not window:
        return []
    found = []
    span = place.passage.span(window[0], window[-1] + 1)
    told = nations_told(place.passage, window)
    owned = window[-1] < place.start and place.passage.gap(place.start).strip() in OWNS
    country = nation_named(tuple(words_of(account.country or "")))
    if told and country:
        if country in told:
            found.append(
                _proven("told_country", 1.0, f"the text says that it is from {country.title()}", span)
            )
        else:
            weight = _ELSEWHERE[country in HAVENS, bool(account.tickers) and country != _LISTING]
            sentence = f"the text tells of another country than your list, which says {country.title()}"
            found.append(_proven("other_country", weight, sentence, span))
    listed = sectors_of_industry(account.industry or "")
    words = [] if owned else [place.passage.word(index) for index in window]
    sectors = sectors_of_words(words)
    if exclude(listed, sectors):
        sentence = (
            f"the text says that it deals in something else than your list, which says {account.industry}"
        )
        found.append(_proven("other_sector", _ANOTHER, sentence, span))
    elif listed & sectors:
        found.append(_proven("told_sector", 1.0, "the text says that it deals in what your list says", span))
    return found


def _abroad(place: Place, account: Account, around: "Surroundings") -> list[Feature]:
    """Weigh that the text names countries and not the account's, where the name itself says little."""
    country = nation_named(tuple(words_of(account.country or "")))
    doubtful = place.is_word or place.ambiguity is Ambiguity.ACRONYM
    if place.end - place.start > 1:
        return []  # so many words in a row are a name of their own
    unit = place.close_after and is_listed(place.after, "regions")  # "X Thailand"
    if not doubtful or unit or country is None or not around.nations or country in around.nations:
        return []
    return [
        _plain(
            "abroad",
            -1.2,
            f"the text is about other countries than {country.title()}, where your list has it",
        )
    ]


def _before(place: Place) -> list[int]:
    """Return the tokens that describe the company right before its name: "Danish crypto exchange X"."""
    passage, at = place.passage, place.start - 1
    owned = at >= 0 and passage.gap(place.start).strip() in OWNS
    tells = place.close_before and (
        place.before in BASED
        or is_sort(passage, at)
        or is_from_there(place.before)
        or sectors_of_words([place.before])
    )
    if at < 0 or not (tells or owned):
        return []
    window: list[int] = []
    while at >= 0 and len(window) < _BEFORE and passage.word(at) not in _STOPS:
        if window and passage.gap(at + 1).strip() not in {"", "-", *OWNS}:
            break
        if is_listed(passage.word(at), "company_verbs"):
            break
        window.insert(0, at)
        if passage.starts_clause(at):
            break
        at -= 1
    return window


def _behind(place: Place) -> list[int]:
    """Return the tokens of an apposition: "X, the Danish crypto exchange"."""
    passage, at = place.passage, place.end
    if at >= len(passage.tokens) or passage.gap(at).strip() != "," or passage.word(at) not in _ARTICLES:
        return []
    for end in range(at + 1, min(at + _BEHIND, len(passage.tokens))):
        if is_sort(passage, end):
            return list(range(at + 1, end + 1))
    return []

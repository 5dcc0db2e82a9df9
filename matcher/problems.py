"""The user's problems in an event: rules and phrases in which people voice a pain, and rivals that are named.

All problems are compiled into one index: each is filed under the rarest words that one of its matches must
have, so a pass over the words of a text finds the few that can match.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from earmark.errors import ConfigError
from earmark.types import Feature, Problem, Span, StoredEvent
from matcher import rules
from matcher.normalise import fold, words_of
from matcher.occurrences import LONGEST, Occurrence, Passage
from matcher.rule_terms import All, AnyOf, Condition, Form, Near, Node, Not, Words, nots_of, render
from matcher.sentences import span_of
from matcher.word_forms import root

__all__ = ["ProblemMatch", "Problems", "Removal", "problems_in"]

_MOST_SPANS: Final = 5
_BETWEEN: Final = 2  # words that may stand between two of a phrase
_HEAD: Final = 3  # bytes of a prefix under which it is filed
_OPEN: Final = frozenset({"author", "site", "language"})  # what a sentence alone can't tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemMatch:
    """A problem that an event voices, where, and how sure; ``rivals`` are the named ones."""

    problem: str
    spans: tuple[Span, ...]
    features: tuple[Feature, ...]
    rivals: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A problem that an event would have but for ``clauses``: NOTs of its rule, or its ``not_phrases``."""

    problem: str
    clauses: tuple[str, ...]


class _Compiled(NamedTuple):
    """A problem as it is looked for: with each text of the user the words that it stands for."""

    problem: Problem
    rule: Node | None
    phrases: tuple[tuple[str, Words], ...]
    not_phrases: tuple[tuple[str, Words], ...]
    rivals: tuple[tuple[str, Words], ...]


class Problems:
    """The user's problems, ready to be looked for; ConfigError when one of their rules can't be read.

    A phrase matches its words in any form, with up to two others in between; a rival is named exactly.
    With ``alone``, sentences without author, site and language are read: rules over these hold.
    """

    def __init__(self, problems: Iterable[Problem], *, alone: bool = False) -> None:
        self._problems = [_compiled(problem) for problem in problems]
        self._alone = alone
        self._by_root: dict[bytes, list[int]] = {}
        self._by_head: dict[bytes, list[int]] = {}
        for number, compiled in enumerate(self._problems):
            for key, is_head in {key for node in _positive(compiled) for key in _keys(node) or ()}:
                (self._by_head if is_head else self._by_root).setdefault(key, []).append(number)

    def of(self, event: StoredEvent) -> tuple[ProblemMatch, ...]:
        """Return the problems that the event voices, the surest first."""
        passage = Passage(event)
        found = (self._match(compiled, passage) for compiled in self._candidates(event))
        return tuple(
            sorted((match for match in found if match), key=lambda match: (-match.confidence, match.problem))
        )

    def removed(self, event: StoredEvent) -> tuple[Removal, ...]:
        """Return the problems that the event would have if nothing were taken out, and what took them out.

        Each clause stands there that alone would let it in; or all of them, where none alone would.
        """
        passage = Passage(event)
        found = (self._removal(compiled, passage) for compiled in self._candidates(event))
        return tuple(removal for removal in found if removal)

    def _candidates(self, event: StoredEvent) -> list[_Compiled]:
        if not self._problems:
            return []
        words = {*words_of(event.title[:LONGEST]), *words_of(event.text[:LONGEST])}
        numbers = {number for key in set(map(root, words)) for number in self._by_root.get(key, ())}
        if self._by_head:
            heads = {word[:_HEAD] for word in words}
            numbers.update(number for key in heads for number in self._by_head.get(key, ()))
        return [self._problems[number] for number in sorted(numbers)]

    def _match(self, compiled: _Compiled, passage: Passage) -> ProblemMatch | None:
        if any(passage.places(words) for _, words in compiled.not_phrases):
            return None
        features = [*self._features(compiled, passage, frozenset())]
        if not features:
            return None
        missed = 1.0
        for feature in features:
            missed *= 1 - 0.7 * feature.weight
        return ProblemMatch(
            problem=compiled.problem.id,
            spans=tuple(span for feature in features for span in feature.spans)[:_MOST_SPANS],
            features=tuple(features),
            rivals=tuple(rival for rival, words in compiled.rivals if passage.places(words)),
            confidence=round(1 - missed, 3),
        )

    def _features(self, compiled: _Compiled, passage: Passage, lifted: frozenset[Not]) -> Iterator[Feature]:
        """Yield what speaks for the problem when the lifted NOTs take nothing out."""
        if compiled.rule and (places := self._found(compiled.rule, passage, lifted)):
            spans = _spans(passage, places)
            yield _feature("rule", 1.0, f"It says “{spans[0].quote}”.", spans)
        for _, words in compiled.phrases:
            if places := passage.places(words):
                spans = _spans(passage, places)
                yield _feature("phrase", 1.0, f"It says “{spans[0].quote}”.", spans)
        for rival, words in compiled.rivals:
            if places := passage.places(words):
                yield _feature("rival", 0.6, f"It names {rival}.", _spans(passage, places))

    def _removal(self, compiled: _Compiled, passage: Passage) -> Removal | None:
        nots = frozenset(nots_of(compiled.rule)) if compiled.rule else frozenset()
        vetoes = [text for text, words in compiled.not_phrases if passage.places(words)]
        plain = any(True for _ in self._features(compiled, passage, frozenset()))
        if plain and not vetoes:
            return None
        ordered = sorted(nots, key=render)
        if plain:
            clauses = vetoes
        elif not any(True for _ in self._features(compiled, passage, nots)):
            return None
        else:
            alone = [
                each
                for each in ordered
                if any(True for _ in self._features(compiled, passage, frozenset({each})))
            ]
            active = [each for each in ordered if self._found(each, passage, frozenset()) is None]
            clauses = [*vetoes, *(render(each) for each in alone or active)]
        return Removal(problem=compiled.problem.id, clauses=tuple(clauses))

    def _found(
        self, node: Node, passage: Passage, lifted: frozenset[Not], *, wanted: bool = True
    ) -> list[Occurrence] | None:
        """Return the words by which a rule holds, or None where it does not."""
        match node:
            case Words() | Near():
                return passage.places(node) or None
            case Condition(field=field):
                holds = wanted if self._alone and field in _OPEN else _holds(node, passage)
                return [] if holds else None
            case Not():
                holds = node in lifted or self._found(node.of, passage, lifted, wanted=not wanted) is None
                return [] if holds else None
            case All():
                parts = []
                for each in node.of:
                    parts.append(self._found(each, passage, lifted, wanted=wanted))
                    if parts[-1] is None:
                        return None
            case AnyOf():
                parts = [self._found(each, passage, lifted, wanted=wanted) for each in node.of]
                if all(part is None for part in parts):
                    return None
        return [place for part in parts if part for place in part]


def problems_in(event: StoredEvent, problems: Sequence[Problem]) -> tuple[ProblemMatch, ...]:
    """Return the problems that the event voices; who reads many events keeps a ``Problems`` instead."""
    return Problems(problems).of(event)


def _compiled(problem: Problem) -> _Compiled:
    try:
        rule = rules.parse(problem.rule) if problem.rule.strip() else None
        return _Compiled(
            problem,
            rule,
            tuple(_phrases(problem.phrases, Form.FORMS, _BETWEEN)),
            tuple(_phrases(problem.not_phrases, Form.FORMS, _BETWEEN)),
            tuple(_phrases(problem.rivals, Form.EXACT, 0)),
        )
    except ConfigError as error:
        raise ConfigError(f"Problem {problem.id!r}: {error}") from error


def _phrases(texts: Sequence[str], form: Form, gap: int) -> Iterator[tuple[str, Words]]:
    for text in texts:
        words = tuple(words_of(text))
        if len(words) > rules.MOST_WORDS:
            raise ConfigError(
                f"The phrase “{text[:40]}…” has more than {rules.MOST_WORDS} words. Shorten it."
            )
        if words:
            yield text, Words(words, form, gap=gap)


def _positive(compiled: _Compiled) -> Iterator[Node]:
    if compiled.rule:
        yield compiled.rule
    for _, words in (*compiled.phrases, *compiled.rivals):
        yield words


def _keys(node: Node) -> frozenset[tuple[bytes, bool]] | None:
    """Return keys of which a text must have one for the rule to hold; None where none must be there.

    A key is the root of a word, or (True) the first bytes of one.
    """
    match node:
        case Words():
            exact = node.words[:-1] if node.form is Form.PREFIX else node.words
            choices = [frozenset({(root(word), False)}) for word in exact]
            return min(choices or [frozenset({(node.words[-1][:_HEAD], True)})], key=_commonness)
        case Near():
            sides = [keys for side in (node.left, node.right) if (keys := _keys(side))]
            return min(sides, key=_commonness)
        case All():
            wanted = [keys for each in node.of if (keys := _keys(each))]
            return min(wanted, key=_commonness) if wanted else None
        case AnyOf():
            each_has = [_keys(each) for each in node.of]
            known = [keys for keys in each_has if keys]
            return frozenset().union(*known) if len(known) == len(each_has) else None
        case _:
            return None


def _commonness(keys: frozenset[tuple[bytes, bool]]) -> tuple[float, list[tuple[bytes, bool]]]:
    """Return how often the keys may be met: a longer word is a rarer one."""
    return sum(0.5 ** len(key) for key, _ in keys), sorted(keys)


def _holds(condition: Condition, passage: Passage) -> bool:
    event, value = passage.event, condition.value
    match condition.field:
        case "author":
            return f" {value} " in f" {fold(event.author or '')} "
        case "site":
            host = _host(event.url)
            return host == value or host.endswith(f".{value}")
        case "language":
            language = (event.language or "").lower().replace("_", "-")
            return language == value or language.startswith(f"{value}-")
        case _:
            named = any(fold(hint.value) == value for hint in event.hints)
            return named or bool(passage.places(Words(tuple(words_of(value)))))


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _spans(passage: Passage, places: Sequence[Occurrence]) -> list[Span]:
    ordered = sorted(set(places), key=lambda place: (place.field == "text", place.start, place.end))
    return [span_of(passage.event, *passage.between(place)) for place in ordered[:_MOST_SPANS]]


def _feature(name: str, weight: float, sentence: str, spans: list[Span]) -> Feature:
    return Feature(name=name, value=1.0, weight=weight, sentence=sentence, spans=tuple(spans))

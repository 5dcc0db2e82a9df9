"""Rules over words: ``onboarding NEAR/5 (week OR month*) AND NOT title:"we are hiring"``.

From the loosest to the tightest: OR, AND, NOT, NEAR/n. A word stands for its regular forms, "words in
quotes" for exactly these next to each other, ``begin*`` for each word that begins so. ``title:`` and
``text:`` take a word, a phrase or a group; ``author:``, ``site:``, ``company:`` and ``language:`` one value.
"""

import re
from difflib import get_close_matches
from typing import Final, NamedTuple, NoReturn

from earmark.errors import ConfigError
from matcher.normalise import fold, words_of
from matcher.rule_terms import All, AnyOf, Condition, Form, Near, Node, Not, Words, seeks

__all__ = ["MOST_WORDS", "parse"]

MOST_WORDS: Final = 60  # of one rule or phrase
_LONGEST: Final = 4_000  # characters
_DEEPEST: Final = 20
_FARTHEST: Final = 50  # words between the sides of a NEAR
_SHORTEST_PREFIX: Final = 3
_SCOPES: Final = ("title", "text")
_CONDITIONS: Final = ("author", "site", "company", "language")
_OPERATORS: Final = ("AND", "OR", "NOT", "NEAR/5")
_LEXEME = re.compile(r'[()]|["“”„][^"“”„]*(?P<closed>["“”])?|[^\s()"“”„]+')
_FIELD = re.compile(r"([A-Za-z]+):")
_NEAR = re.compile(r"NEAR(?:/(\d{1,4}))?")
_SITE = re.compile(r"(?:https?://)?(?:www\.)?((?:[\w-]{1,63}\.){1,10}[\w-]{2,63})/?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}")


class _Lexeme(NamedTuple):
    kind: str  # a bracket, AND, OR, NOT, NEAR, word, phrase, field or end
    text: str
    at: int


def parse(text: str) -> Node:
    """Read a rule; ConfigError says at which character it is wrong, and what could stand there."""
    if len(text) > _LONGEST:
        raise ConfigError(
            f"The rule is {len(text):,} characters long; at most {_LONGEST:,} are read. Split it in two."
        )
    return _Parser(text).rule()


def _fault(at: int, said: str) -> NoReturn:
    raise ConfigError(f"The rule is wrong at character {at + 1}: {said}")


def _lexemes(text: str) -> list[_Lexeme]:
    found: list[_Lexeme] = []
    for match in _LEXEME.finditer(text):
        part, at = match[0], match.start()
        if part in ("(", ")"):
            found.append(_Lexeme(part, part, at))
        elif part[0] in '"“”„':
            if not match["closed"]:
                _fault(at, "a quotation mark is opened here and never closed. Close it.")
            found.append(_Lexeme("phrase", part[1:-1], at))
        elif part in ("AND", "OR", "NOT"):
            found.append(_Lexeme(part, part, at))
        elif _NEAR.fullmatch(part):
            found.append(_Lexeme("NEAR", part, at))
        else:
            found += _run(part, at)
    return [*found, _Lexeme("end", "", len(text))]


def _run(part: str, at: int) -> list[_Lexeme]:
    """Return a word, or a field and the word right behind it."""
    match = _FIELD.match(part)
    if not match:
        return [_Lexeme("word", part, at)]
    name = match[1].lower()
    if name not in (*_SCOPES, *_CONDITIONS):
        known = (*_SCOPES, *_CONDITIONS)
        close = get_close_matches(name, known, n=1, cutoff=0.6)
        near = f"Did you mean {close[0]}:?" if close else f"Known are {', '.join(known)}."
        _fault(at, f"there is no field {match[1]!r}. {near} Put words with a colon in quotes.")
    field = _Lexeme("field", name, at)
    rest = part[match.end() :]
    if name in _SCOPES and (inner := _FIELD.match(rest)):
        _fault(at + match.end(), f"{inner[0]} stands within {name}:. Take one away, or put it in quotes.")
    return [field, _Lexeme("word", rest, at + match.end())] if rest else [field]


class _Parser:
    """One rule while it is read, from left to right, never back."""

    def __init__(self, text: str) -> None:
        self._lexemes = _lexemes(text)
        self._next = 0
        self._depth = 0
        self._words = 0

    def rule(self) -> Node:
        node = self._any("")
        end = self._take()
        if end.kind != "end":
            _fault(end.at, f"expected {_wanted(end)}")
        if not seeks(node):
            raise ConfigError(
                "The rule names no words that must be there, so it would hold for texts that say nothing of "
                "it. Give it a word, a phrase or a prefix outside of NOT, in each part of an OR."
            )
        return node

    def _peek(self) -> _Lexeme:
        return self._lexemes[self._next]

    def _take(self) -> _Lexeme:
        lexeme = self._lexemes[self._next]
        self._next += lexeme.kind != "end"
        return lexeme

    def _any(self, scope: str) -> Node:
        parts = [self._all(scope)]
        while self._peek().kind == "OR":
            self._take()
            parts.append(self._all(scope))
        flat = [each for part in parts for each in (part.of if isinstance(part, AnyOf) else (part,))]
        return AnyOf(tuple(flat)) if len(flat) > 1 else flat[0]

    def _all(self, scope: str) -> Node:
        parts = [self._not(scope)]
        while self._peek().kind == "AND":
            self._take()
            parts.append(self._not(scope))
        flat = [each for part in parts for each in (part.of if isinstance(part, All) else (part,))]
        return All(tuple(flat)) if len(flat) > 1 else flat[0]

    def _not(self, scope: str) -> Node:
        lexeme = self._peek()
        if lexeme.kind != "NOT":
            return self._near(scope)
        self._take()
        self._deeper(lexeme)
        node = Not(self._not(scope))
        self._depth -= 1
        return node

    def _near(self, scope: str) -> Node:
        first = self._peek().at
        left = self._one(scope)
        lexeme = self._peek()
        if lexeme.kind != "NEAR":
            return left
        self._take()
        match = _NEAR.fullmatch(lexeme.text)
        if match is None or match[1] is None or int(match[1]) > _FARTHEST:
            _fault(lexeme.at, f"NEAR needs its number of words, up to {_FARTHEST}, such as NEAR/5.")
        second = self._peek().at
        right = self._one(scope)
        if self._peek().kind == "NEAR":
            _fault(
                self._peek().at, "NEAR joins two sides, not three. Write: a NEAR/5 b AND b NEAR/5 c, instead."
            )
        return Near(_side(left, first), _side(right, second), int(match[1]))

    def _one(self, scope: str) -> Node:
        lexeme = self._take()
        if lexeme.kind == "(":
            self._deeper(lexeme)
            node = self._any(scope)
            end = self._take()
            if end.kind != ")":
                _fault(end.at, f"expected a closing bracket or {_wanted(end)}")
            self._depth -= 1
            return node
        if lexeme.kind == "field":
            return self._field(lexeme, scope)
        if lexeme.kind in ("word", "phrase"):
            return self._words_of(lexeme, scope)
        said = "the end of the rule" if lexeme.kind == "end" else repr(lexeme.text)
        return _fault(lexeme.at, f"expected a word, a phrase in quotes, a field or a bracket, not {said}.")

    def _deeper(self, lexeme: _Lexeme) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            _fault(
                lexeme.at, f"more than {_DEEPEST} brackets and NOTs stand in each other. Write it flatter."
            )

    def _field(self, field: _Lexeme, scope: str) -> Node:
        if field.text in _SCOPES:
            if scope:
                _fault(field.at, f"{field.text}: stands within {scope}:. Take one of them away.")
            return self._one(field.text)
        value = self._take()
        if value.kind not in ("word", "phrase"):
            _fault(value.at, f"expected a word or a phrase in quotes behind {field.text}:.")
        return Condition(field.text, _value(field.text, value))

    def _words_of(self, lexeme: _Lexeme, scope: str) -> Words:
        text, form = lexeme.text, Form.EXACT
        if lexeme.kind == "word":
            form = Form.PREFIX if text.endswith("*") else Form.FORMS
            text = text.removesuffix("*")
            if "*" in text:
                _fault(lexeme.at, "a star may only stand at the end of a word, such as onboard*.")
        words = tuple(words_of(text))
        if not words:
            _fault(lexeme.at, f"{lexeme.text!r} has no letters or digits to look for.")
        if form is Form.PREFIX and len(words[-1].decode("utf-8", "replace")) < _SHORTEST_PREFIX:
            _fault(lexeme.at, f"a star needs at least {_SHORTEST_PREFIX} letters in front of it.")
        self._words += len(words)
        if self._words > MOST_WORDS:
            _fault(lexeme.at, f"the rule has more than {MOST_WORDS} words. Split it in two problems.")
        return Words(words, form, scope)


def _wanted(lexeme: _Lexeme) -> str:
    """Return what may stand between two terms, and the operator that was perhaps meant."""
    said = "AND, OR, NEAR/n or the end"
    if lexeme.kind == "NOT":
        return f"{said}, not 'NOT'. Did you mean AND NOT?"
    close = get_close_matches(lexeme.text.upper()[:10], _OPERATORS, n=1, cutoff=0.5)
    if lexeme.kind == "word" and close:
        return f"{said}, not {lexeme.text!r}. Did you mean {close[0]}?"
    return f"{said}, not {lexeme.text or 'the end'!r}. Join the words with AND, or put them in quotes."


def _side(node: Node, at: int) -> Words | AnyOf:
    """Return one side of a NEAR if it is words of one field."""
    match node:
        case Words():
            return node
        case AnyOf(of=parts) if all(isinstance(part, Words) for part in parts):
            return node
    return _fault(at, "NEAR takes a word, a phrase, a prefix, or an OR of these in brackets on each side.")


def _value(field: str, lexeme: _Lexeme) -> str:
    text = lexeme.text.strip()
    if field == "site":
        site = _SITE.fullmatch(text.lower())
        return site[1] if site else _fault(lexeme.at, f"{text!r} is no site. Write it like news.example.")
    if field == "language":
        lowered = text.lower()
        if not _LANGUAGE.fullmatch(lowered):
            _fault(lexeme.at, f"{text!r} is no language. Write its code, such as en or de.")
        return lowered
    return fold(text) or _fault(lexeme.at, f"{lexeme.text!r} has no letters or digits to look for.")

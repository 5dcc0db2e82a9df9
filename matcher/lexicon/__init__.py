"""The language of triggers: frames of verbs, nouns and phrases per kind, read once from TOML.

A *frame* says which words tell of a kind and what must stand around them. Frames are found by the first
word of their cues, so that a text costs one dictionary look-up per word; the regular expressions of a
frame run on the words around a hit only.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from matcher.lexicon.verbs import forms_of

__all__ = ["LANGUAGES", "Cue", "Frame", "Language", "Lesser", "Veto", "language", "patterns", "words"]

LANGUAGES: Final = ("en", "de", "fr")
"""Every language with a file here; frames of all of them are looked for in every text."""

_REFERENCE = re.compile(r"<([A-Z_]+)>")
_BROKEN = re.compile(r"\n")  # blanks at the ends of lines count there
_LINE_BREAK = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What tells of ``kinds``.

    ``after``, ``before`` and ``near`` must match in the clause behind, before and around the cue; their
    ``not_`` twins must not. ``subject`` and ``object`` are the facts that the words before and behind
    name; ``swaps`` says that a passive turns them around. ``dated`` frames speak of old years as
    news, ``states`` frames take a state for a subject.
    """

    kinds: tuple[str, ...]
    confidence: float
    certainty: str
    subject: str | None
    object: str | None
    swaps: bool
    dated: bool
    states: bool
    after: re.Pattern[str] | None
    before: re.Pattern[str] | None
    near: re.Pattern[str] | None
    not_after: re.Pattern[str] | None
    not_before: re.Pattern[str] | None
    not_near: re.Pattern[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One way to say a frame: its words in order, and the form of its verb (noun for no verb)."""

    words: tuple[str, ...]
    form: str
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """Texts that sound like news and are none: a class, its pattern and the kinds that it forbids."""

    name: str
    pattern: re.Pattern[str]
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesser:
    """What sounds like ``kinds`` and is less: by the head noun of what is told, or by words ``anywhere``.

    An ``update`` is still claimed, as an update of what is known; anything else is nothing.
    """

    name: str
    kinds: frozenset[str]
    update: bool
    head: re.Pattern[str] | None
    anywhere: re.Pattern[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """All that is known of the languages: cues by their first word, vetoes, what is less, word lists."""

    cues: Mapping[str, tuple[Cue, ...]]
    vetoes: tuple[Veto, ...]
    lesser: tuple[Lesser, ...]
    words: Mapping[str, str]

    def pattern(self, text: str, *, cased: bool = False) -> re.Pattern[str]:
        """Compile a pattern in which ``<NAME>`` stands for a word list and a blank for any blanks."""
        return _compile(text, self.words, cased=cased)


def _compile(text: str, words: Mapping[str, str], *, cased: bool = False) -> re.Pattern[str]:
    for _ in range(4):  # a list may name a list
        text = _REFERENCE.sub(lambda match: f"(?:{words[match[1]]})", text)
    # A line break of the file means nothing; a blank means any blank.
    text = _LINE_BREAK.sub("", text).replace(" ", r"\s")
    return re.compile(text, 0 if cased else re.IGNORECASE)


@cache
def patterns(name: str) -> Mapping[str, re.Pattern[str]]:
    """Return the patterns of ``name``.toml: table any_case without regard to capitals, cased with."""
    data = tomllib.loads((files("matcher.lexicon") / f"{name}.toml").read_text("utf-8"))
    flags = {"any_case": re.IGNORECASE, "cased": re.NOFLAG}
    return {
        key: re.compile(_BROKEN.sub("", text).replace(" ", r"\s"), flags[table])
        for table, rows in data.items()
        if table in flags
        for key, text in rows.items()
    }


@cache
def words(name: str, key: str) -> frozenset[str]:
    """Return a list of words: ``key`` in the table words of ``name``.toml."""
    data = tomllib.loads((files("matcher.lexicon") / f"{name}.toml").read_text("utf-8"))
    return frozenset(data["words"][key].split())


@cache
def language() -> Language:
    """Return the lexicon of all languages; read once."""
    cues: dict[str, list[Cue]] = {}
    vetoes: list[Veto] = []
    lesser: list[Lesser] = []
    words: dict[str, str] = {}
    for name in LANGUAGES:
        data = tomllib.loads((files("matcher.lexicon") / f"{name}.toml").read_text("utf-8"))
        own = data.get("words", {})
        words |= {key: text for key, text in own.items() if key not in words}
        for row in data.get("frames", ()):
            for cue in _cues(row, _frame(row, words | own), name):
                cues.setdefault(cue.words[0], []).append(cue)
        vetoes += [
            Veto(
                name=row["name"],
                pattern=_compile(row["pattern"], words | own, cased=row.get("cased", False)),
                kinds=frozenset(row.get("kinds", ())),
            )
            for row in data.get("vetoes", ())
        ]
        lesser += [_lesser(row, words | own) for row in data.get("lesser", ())]
    # The longest cue is tried first: "take over" before "take".
    longest_first = {word: tuple(sorted(row, key=lambda cue: -len(cue.words))) for word, row in cues.items()}
    return Language(cues=longest_first, vetoes=tuple(vetoes), lesser=tuple(lesser), words=words)


def _lesser(row: Mapping[str, Any], words: Mapping[str, str]) -> Lesser:
    return Lesser(
        name=row["name"],
        kinds=frozenset(row["kinds"]),
        update=row.get("update", False),
        head=_compile(rf"(?<!\w)(?:{row['head']})$", words) if "head" in row else None,
        anywhere=_compile(row["anywhere"], words) if "anywhere" in row else None,
    )


def _frame(row: Mapping[str, Any], words: Mapping[str, str]) -> Frame:
    def pattern(key: str) -> re.Pattern[str] | None:
        return _compile(row[key], words, cased=key in row.get("cased", ())) if key in row else None

    return Frame(
        kinds=tuple(row["kinds"]),
        confidence=row.get("confidence", 0.85),
        certainty=row.get("certainty", ""),
        subject=row.get("subject"),
        object=row.get("object"),
        swaps=row.get("swaps", False),
        dated=row.get("dated", False),
        states=row.get("states", False),
        after=pattern("after"),
        before=pattern("before"),
        near=pattern("near"),
        not_after=pattern("not_after"),
        not_before=pattern("not_before"),
        not_near=pattern("not_near"),
    )


def _cues(row: Mapping[str, Any], frame: Frame, name: str) -> Iterator[Cue]:
    only = row.get("forms")
    for verb in row.get("verbs", ()):
        head, *rest = verb.split()
        for form, text in forms_of(head) if name == "en" else (("noun", head),):
            if only is None or form in only:
                yield Cue(words=(text, *rest), form=form, frame=frame)
    for phrase in row.get("phrases", ()):
        yield Cue(words=tuple(phrase.split()), form="noun", frame=frame)

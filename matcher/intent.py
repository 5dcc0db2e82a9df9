"""The voice of a buyer in a forum: who asks, complains, switches, promotes; and which tools are named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from earmark.types import Certainty, Claim, Fact, Span, StoredEvent
from matcher.jobs import hiring_role
from matcher.lexicon import patterns, words
from matcher.sentences import Sentence, sentences
from matcher.tools import move_in, tools_in

__all__ = ["Intent", "hiring_role", "is_conversation", "read"]

_HOSTS: Final = words("voice", "hosts")
_PATTERNS: Final = patterns("voice")
_HN_PREFIX: Final = _PATTERNS["hn_prefix"]

BUYING: Final = frozenset({"seeking_recommendation", "complaint", "switching"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a person in public wants: ``label`` is one of six classes, ``kind`` the voice kind it stands for.

    ``claims`` say it in catalogue kinds: the kind itself, and budget_or_timeline_stated beside it.
    ``tools`` are facts with key ``tool``: products complained about, left, compared or considered.
    """

    label: str
    kind: str | None
    tools: tuple[Fact, ...]
    evidence: Span
    confidence: float
    claims: tuple[Claim, ...] = ()


def is_conversation(event: StoredEvent) -> bool:
    """Say whether a person speaks in a forum rather than a newsroom."""
    if event.thread_url or _HN_PREFIX.match(event.title):
        return True
    host = urlsplit(event.url or "").hostname or ""
    return any(name in host for name in _HOSTS)


def read(event: StoredEvent) -> Intent | None:
    """Return the intent of a forum post; None for everything that is no conversation."""
    if not is_conversation(event):
        return None
    spoken = [sentence for sentence in sentences(event) if sentence.text.strip()]
    if not spoken:
        return None
    label, place, confidence = _label(event, spoken)
    tools = tuple(tools_in(event, spoken, label)) if label in BUYING else ()
    evidence = place.span(event)
    kind = _kind(label, spoken)
    claims = tuple(_claims(event, spoken, kind, evidence, tools, confidence))
    return Intent(
        label=label, kind=kind, tools=tools, evidence=evidence, confidence=confidence, claims=claims
    )


# ── the six classes ──────────────────────────────────────────────────────────────────────────────


def _rx(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\s*\n\s*", "", pattern).replace(" ", r"\s"), re.IGNORECASE)


_OWN_PRODUCT: Final = _PATTERNS["own_product"]
_WARM_TIP: Final = _PATTERNS["warm_tip"]
_ALTERNATIVE_TITLE: Final = _PATTERNS["alternative_title"]

_LEAVES: Final = _PATTERNS["leaves"]
_SEEKS: Final = _PATTERNS["seeks"]
_NOT_SEEK: Final = _PATTERNS["not_seek"]
_PAIN: Final = _PATTERNS["pain"]
_PRODUCT_TALK: Final = _PATTERNS["product_talk"]
_ASKS: Final = _PATTERNS["asks"]
_PERSONAL: Final = _PATTERNS["personal"]
_SHARES: Final = _PATTERNS["shares"]


_Label = tuple[str, Sentence, float]
_Lines = list[tuple[Sentence, str]]


def _label(event: StoredEvent, spoken: list[Sentence]) -> _Label:
    """Return the class, the sentence that shows it, and how sure that is."""
    prefix = _HN_PREFIX.match(event.title)
    said = prefix[1].lower() if prefix else ""
    title = event.title[prefix.end() if prefix else 0 :].translate(_PLAIN)
    lines = [(sentence, _HN_PREFIX.sub("", sentence.text.translate(_PLAIN))) for sentence in spoken]
    return (
        _promoting(said, title, lines)
        or _buying(said, title, lines)
        or _asked(said, title, lines)
        or ("discussion", spoken[0], 0.5)
    )


def _promoting(said: str, title: str, lines: _Lines) -> _Label | None:
    if said in {"show", "launch"}:
        return "promotion", lines[0][0], 0.95
    own = _first(_OWN_PRODUCT, lines) or _first(_WARM_TIP, lines)
    about_own = re.search(r"\bmy\b", title, re.IGNORECASE)
    if own and not (said == "ask" and "?" in title and not about_own):
        return "promotion", own, 0.75
    if title and not said and _ALTERNATIVE_TITLE.search(title):
        return "promotion", lines[0][0], 0.65
    return None


def _buying(said: str, title: str, lines: _Lines) -> _Label | None:
    leaves = _first(_LEAVES, lines)
    seeks = None if title and _NOT_SEEK.search(title) else _first(_SEEKS, _asking(lines, said))
    # A title that asks weighs more than a body that tells what was left.
    if leaves and not (seeks and seeks.place == 0 and leaves.place > 0):
        return "switching", leaves, 0.75
    if seeks:
        return "seeking_recommendation", seeks, 0.75
    pain = _complaint(lines)
    return ("complaint", pain, 0.65) if pain else None


def _asked(said: str, title: str, lines: _Lines) -> _Label | None:
    place = None if said == "tell" else _first(_ASKS, lines)
    if said == "ask":
        opener = title or lines[0][1]
        own = _PERSONAL.search(opener) and not _SHARES.search(opener)
        return "question" if own else "discussion", place or lines[0][0], 0.55
    if place and (title or _mostly_asks(lines)):
        return "discussion" if title and _SHARES.search(title) else "question", place, 0.55
    return None


_PLAIN: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


def _first(pattern: re.Pattern[str], lines: _Lines) -> Sentence | None:
    return next((sentence for sentence, plain in lines if pattern.search(plain)), None)


def _asking(lines: _Lines, said: str) -> _Lines:
    """Return the lines that may ask for a product: all of a question, the title, and requests."""
    if said == "ask":
        return lines
    wish = re.compile(
        r"\?|\b(?:looking|searching|need|recommend me|pourriez|anyone"
        r"|any (?:recommend|suggest|alternativ)\w+)\b",
        re.IGNORECASE,
    )
    return [(sentence, plain) for sentence, plain in lines if wish.search(plain)]


def _complaint(lines: _Lines) -> Sentence | None:
    """Return the line that complains about a product or vendor; anger about people or life is none."""
    whole = " ".join(plain for _, plain in lines)
    for sentence, plain in lines:
        if not _PAIN.search(plain):
            continue
        named = re.search(r"(?<=[a-z,] )[A-Z][a-z]+\w*|\b[\w-]+\.(?:com|ai|io)\b", plain)
        if sentence.place == 0 and (named or _OURS_FAILS.search(plain)):
            return sentence
        if _IT_FAILS.search(plain):
            return sentence
        if sentence.place > 0 and (_PRODUCT_TALK.search(plain) or named) and _USED.search(whole):
            return sentence
    return None


_USED: Final = _PATTERNS["used"]
_OURS_FAILS: Final = re.compile(
    r"\bdown\b|\b(?:our|my)\s[\w' -]{2,40}\s(?:keeps?|is|has|was|fails?|never)\s", re.IGNORECASE
)


_IT_FAILS: Final = re.compile(
    r"^(?!(?:I|We|My|Our|This|That|It)\b)[A-Z][\w.&-]+\s(?:is|was|has\sbeen|keeps|just|has)\b[^?]*?"
    r"(?:\b(?:it|they|which)|[:,;])\s(?:has\s|have\s|just\s|even\s)*"
    r"(?:lost|loses|deleted|deletes|ate|eats|broke|breaks|dropped|drops|charged|mangled|duplicated)"
    r"\s(?:all\s|half\s)?(?:our|us|my)\b"
)
"""A sentence that opens with a name and says what it did to the writer's things."""


def _mostly_asks(lines: _Lines) -> bool:
    """Say whether a comment is a question: it opens or closes with one."""
    told = [plain for _, plain in lines]
    return told[-1].rstrip().endswith("?") or told[0].rstrip().endswith("?")


# ── the voice kinds ──────────────────────────────────────────────────────────────────────────────

_COMPARES: Final = _PATTERNS["compares"]
_PROBLEM: Final = _PATTERNS["problem"]
_BUDGET: Final = _PATTERNS["budget"]


def _kind(label: str, spoken: list[Sentence]) -> str | None:
    if label == "seeking_recommendation":
        compares = any(_COMPARES.search(sentence.text) for sentence in spoken[:4])
        return "compares_or_alternatives" if compares else "asks_recommendation"
    if label in {"question", "discussion"}:
        first_person = any(re.search(r"\b(?:we|i|our|my)\b", s.text, re.IGNORECASE) for s in spoken)
        return "problem_described" if first_person and any(_PROBLEM.search(s.text) for s in spoken) else None
    return {"complaint": "competitor_complaint", "switching": "switch_announced"}.get(label)


def _claims(
    event: StoredEvent,
    spoken: list[Sentence],
    kind: str | None,
    evidence: Span,
    tools: tuple[Fact, ...],
    confidence: float,
) -> Iterator[Claim]:
    if kind is None:
        return
    certainty = Certainty.ANNOUNCED
    if kind == "problem_described":
        place = next(sentence for sentence in spoken if _PROBLEM.search(sentence.text))
        evidence = place.span(event)
    facts = (*tools, *_move(event, spoken)) if kind == "switch_announced" else tools
    yield Claim(kind=kind, certainty=certainty, evidence=evidence, facts=facts, confidence=confidence)
    for sentence in spoken:
        stated = _BUDGET.search(sentence.text)
        if stated:
            yield Claim(
                kind="budget_or_timeline_stated",
                certainty=certainty,
                evidence=sentence.span(event),
                facts=tools,
                confidence=round(confidence * 0.9, 3),
            )
            return


def _move(event: StoredEvent, spoken: list[Sentence]) -> Iterator[Fact]:
    """Yield from which tool somebody moves, and to which, each as first told."""
    told: set[str] = set()
    for sentence in spoken:
        for key, (start, end) in move_in(sentence.text.translate(_PLAIN)).items():
            if key not in told:
                told.add(key)
                yield Fact(key=key, value=sentence.text[start:end], span=sentence.span(event, start, end))

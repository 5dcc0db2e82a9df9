"""The function and seniority of a job, from its title."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from earmark.types import Fact, HintKind, StoredEvent
from matcher.sentences import span_of

__all__ = ["hiring_role", "is_job", "job_facts", "job_tools", "rank"]

_MOST_TOOLS: Final = 12
_HIRING = re.compile(
    r"\b(?:is|are|we're) hiring\b(?!\s(?:up to |about |over |more than |nearly )?\d)|\bhiring\s?[|:–-]",
    re.IGNORECASE,
)


def is_job(event: StoredEvent) -> bool:
    """Say whether the event is a job posting: its source named the board, or the title says "is hiring"."""
    return any(hint.kind is HintKind.BOARD for hint in event.hints) or bool(_HIRING.search(event.title))


def hiring_role(event: StoredEvent) -> tuple[str, str] | None:
    """Return (function, seniority) of a job posting's title; None for what is no job posting.

    Functions: sales, engineering, marketing, finance, security, data, people, support, operations,
    product, legal, other. Seniority: c_level, vp, director, manager, ic.
    """
    if not is_job(event) or not event.title.strip():
        return None
    return rank(_title(event.title))


def rank(title: str) -> tuple[str, str]:
    """Return (function, seniority) of a job title: "interim head of sales" → ("sales", "director")."""
    return _first("functions", title, "other"), _first("seniority", title, "ic")


def job_facts(event: StoredEvent) -> tuple[Fact, ...]:
    """Return the fact ``role`` of a job posting: its title as written."""
    end = len(event.title[:200])
    return (Fact(key="role", value=event.title[:end].strip(), span=span_of(event, "title", 0, end)),)


def job_tools(event: StoredEvent) -> tuple[Fact, ...]:
    """Return a fact ``tool`` for each language, platform or product that a posting names; at most twelve."""
    if not is_job(event):
        return ()
    found: dict[str, Fact] = {}
    for field, text in (("title", event.title[:200]), ("text", event.text[:9000])):
        for match in _technologies().finditer(text):
            if match[0].lower() not in found and len(found) < _MOST_TOOLS:
                span = span_of(event, field, *match.span())
                found[match[0].lower()] = Fact(key="tool", value=span.quote, span=span)
    return tuple(found.values())


@cache
def _technologies() -> re.Pattern[str]:
    """Return a pattern of the product names in the lexicon, the longest first."""
    data = tomllib.loads((files("matcher.lexicon") / "technologies.toml").read_text("utf-8"))
    names = sorted((" ".join(data["names"])).split("|"), key=len, reverse=True)
    alternatives = "|".join(re.escape(name.strip()) for name in names if name.strip())
    return re.compile(rf"(?<![\w.+#/-])(?:{alternatives})(?![\w+#]|\.\w)")


def _title(text: str) -> str:
    # "Coba.example hiring | Marketing lead": the job stands behind the bar.
    after = re.split(r"\bhiring\b[^|:–-]*[|:–-]\s*", text, maxsplit=1, flags=re.IGNORECASE)
    text = after[-1] if after[-1].strip() else text
    return re.sub(r"\([^)]*\)", " ", text[:200])


@cache
def _rules(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the rules of a table of jobs.toml in their order."""
    data = tomllib.loads((files("matcher.lexicon") / "jobs.toml").read_text("utf-8"))
    return tuple((name.split(".")[0], re.compile(text, re.IGNORECASE)) for name, text in data[table].items())


def _first(table: str, title: str, otherwise: str) -> str:
    return next((name for name, pattern in _rules(table) if pattern.search(title)), otherwise)

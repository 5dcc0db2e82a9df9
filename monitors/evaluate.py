"""The matcher over labelled events: what it would say of each, in the names of an evaluation set.

Nothing is stored. An event is a JSON object with ``id, source_kind, outlet, title, text, url, published``;
a prediction has ``id, account_ids, trigger_types, facts, intent, cluster, tools, hiring_role, roles``.
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from earmark.errors import ConfigError
from earmark.intake.accounts import read_accounts
from earmark.triggers import CATALOGUE
from earmark.types import (
    Account,
    Certainty,
    FactValue,
    Hint,
    HintKind,
    Lexicon,
    Match,
    Reading,
    Role,
    StoredEvent,
)
from matcher.echoes import Headline, echoes
from matcher.normalise import canonical_url, event_id, fingerprint
from matcher.read import Matcher
from matcher.stories import key_of, same_story
from matcher.topics import topics

__all__ = ["NAMES_OF_KINDS", "evaluate", "read_events", "run", "scored", "stored"]

NAMES_OF_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "funding_seed": "funding",
        "funding_early": "funding",
        "funding_growth": "funding",
        "funding_debt_grant": "funding",
        "invests_into": "funding",
        "ipo_filing": "ipo",
        "acquires": "acquisition",
        "acquired_or_merged": "acquisition",
        "divest_spinoff": "acquisition",
        "exec_hire": "exec_hire",
        "promotion": "exec_hire",
        "board_change": "exec_hire",
        "exec_departure": "exec_departure",
        "product_launch": "product_launch",
        "partnership": "partnership",
        "integration": "partnership",
        "new_office_or_market": "expansion",
        "facility_capex": "expansion",
        "layoffs": "layoffs",
        "hiring_role": "hiring",
        "hiring_surge": "hiring",
        "headcount_milestone": "hiring",
        "account_outage": "incident",
        "security_incident": "incident",
        "vendor_outage": "incident",
        "legal_or_fine": "legal",
        "earnings_guidance": "earnings",
        "customer_win": "contract_win",
        "gov_contract_award": "contract_win",
    }
)
"""Our kind → the name of the evaluation set. Kinds that are not here have no name there and are not scored;
the catalogue itself keeps them all."""

_NAMES_OF_FACTS: Final = frozenset(
    {
        "amount",
        "currency",
        "round",
        "valuation",
        "revenue",
        "investors",
        "person",
        "role",
        "acquirer",
        "target",
    }
    | {"headcount", "percent", "location"}
)
_LONGEST_NAME: Final = 80
_UNDATED: Final = datetime(2026, 5, 1, tzinfo=UTC)
_LONGEST_TITLE: Final = 200  # characters of a text that has no title


def run(accounts: Path, events: Path, out: Path, progress: Callable[[int], None] = lambda _: None) -> None:
    """Read accounts (CSV) and events (JSON lines), write one prediction a line to ``out``.

    ``progress`` hears how many events are done. ConfigError for a file that can't be read or written.
    """
    listed = list(read_accounts(accounts))
    try:
        with out.open("w", encoding="utf-8") as file:
            for done, prediction in enumerate(evaluate(listed, read_events(events)), start=1):
                file.write(json.dumps(prediction, ensure_ascii=False) + "\n")
                progress(done)
    except OSError as error:
        raise ConfigError(
            f"{out} can't be written: {error.strerror}. Choose another file with --out."
        ) from error


def scored(gold: Path, predictions: Path) -> str:
    """Return what the scorer of an evaluation set, ``score.py`` beside its gold file, prints of predictions.

    ConfigError when there is no such scorer, or when it fails.
    """
    scorer = gold.parent / "score.py"
    if not (gold.is_file() and scorer.is_file()):
        lacking = scorer if gold.is_file() else gold
        raise ConfigError(
            f"There is no {lacking}. Give the gold file of a set that has its scorer beside it."
        )
    command = [sys.executable, str(scorer), str(gold), str(predictions)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - no shell
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConfigError(f"{scorer} failed: {last}. Are {gold} and {predictions} of one set?")
    return done.stdout


def read_events(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the events of a file of JSON lines; ConfigError names the line that is none."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _event_of_line(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}. Give a UTF-8 file of JSON lines.") from error


def _event_of_line(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise ConfigError(
            f"{path}, line {number}: this is no JSON object ({error}). Mend or drop the line."
        ) from error
    if not isinstance(event, dict) or not event.get("id"):
        raise ConfigError(f"{path}, line {number}: an event needs an id. Mend or drop the line.")
    return event


def evaluate(accounts: Iterable[Account], events: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a prediction per event, in the order of the events."""
    matcher = Matcher(Lexicon(accounts={account.id: account for account in accounts}))
    readings: list[Reading] = []
    predictions: list[dict[str, Any]] = []
    for row in events:
        event = stored(row)
        reading = matcher.read(event)
        readings.append(reading)
        predictions.append(_prediction(row, reading))
    clusters = _clusters(readings)
    for prediction, reading in zip(predictions, readings, strict=True):
        yield prediction | {"cluster": clusters.get(reading.event.id)}


def stored(row: Mapping[str, Any]) -> StoredEvent:
    """Return the event as the engine would have stored it.

    A forum post gets its thread, a job posting the board and the company that its text opens with; a
    sentence out of an article stands alone, so that it is read as a headline is.
    """
    kind, title, text = (
        str(row.get("source_kind", "")),
        str(row.get("title") or ""),
        str(row.get("text") or ""),
    )
    external, url = str(row["id"]), str(row.get("url") or "") or None
    published = _moment(str(row.get("published") or ""))
    hints: tuple[Hint, ...] = ()
    if kind == "job":
        company = text.split(" | ", maxsplit=1)[0].strip()
        hints = (Hint(kind=HintKind.BOARD, value=url or external),)
        hints += (
            (Hint(kind=HintKind.NAME, value=company, strength=0.9),)
            if 0 < len(company) <= _LONGEST_NAME
            else ()
        )
    return StoredEvent(
        external_id=external,
        title=title,
        text=text,
        url=url,
        publisher=str(row.get("outlet") or "") or None,
        published_at=published,
        thread_url=(url or f"thread:{external}") if kind == "forum" else None,
        hints=hints,
        id=event_id("evaluate", external),
        source="evaluate",
        seen_at=published or _UNDATED,
        fingerprint=fingerprint(title, text),
        canonical_url=canonical_url(url),
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _prediction(row: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    said = [claim for claim in reading.claims if claim.certainty is not Certainty.DENIED]
    # Single sentences out of articles are labelled by what they speak of, be it news or not.
    kinds = (
        topics(reading.event) if row.get("source_kind") == "news_sentence" else {claim.kind for claim in said}
    )
    facts: dict[str, Any] = {}
    for claim in said:
        for fact in claim.facts:
            if fact.key in _NAMES_OF_FACTS:
                facts.setdefault(fact.key, _plain(fact.value))
    role = reading.hiring_role
    return {
        "id": row["id"],
        "account_ids": sorted({mention.account for mention in reading.mentions if mention.account}),
        "trigger_types": sorted({NAMES_OF_KINDS[kind] for kind in kinds if kind in NAMES_OF_KINDS}),
        "facts": facts,
        "intent": reading.intent,
        "cluster": None,
        "tools": list(reading.tools),
        "hiring_role": {"function": role[0], "seniority": role[1]} if role else None,
        "roles": _roles(reading),
    }


def _roles(reading: Reading) -> dict[str, str]:
    """Return the role of each account: that of its surest match, or else of its mention."""
    roles: dict[str, Role] = {}
    for mention in reading.mentions:
        if mention.account and roles.get(mention.account, Role.MENTION) is Role.MENTION:
            roles[mention.account] = mention.role
    for match in sorted(reading.matches, key=lambda match: match.confidence):
        if match.account:
            roles[match.account] = match.role
    return {account: str(role) for account, role in sorted(roles.items())}


def _plain(value: FactValue) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return list(value) if isinstance(value, tuple) else value


# ── stories ──────────────────────────────────────────────────────────────────────────────────────


def _clusters(readings: Sequence[Reading]) -> dict[str, str]:
    """Return event → name of its story.

    Matches of one key are compared by the rule of the engine; what is about nobody's account by its words.
    """
    matches = {reading.event.id: reading.matches for reading in readings}
    headlines = [
        Headline(
            id=reading.event.id,
            title=reading.event.title or reading.event.text[:_LONGEST_TITLE],
            at=reading.event.order[0],
            families=frozenset(CATALOGUE[claim.kind].family for claim in reading.claims),
        )
        for reading in readings
    ]
    return echoes(headlines, lambda one, other: _one_story(matches[one], matches[other]))


def _one_story(ours: Sequence[Match], theirs: Sequence[Match]) -> bool | None:
    """Say whether matches of one key and family tell one story; None when no two of them have both."""
    pairs = [
        (a, b)
        for a, b in itertools.product(ours, theirs)
        if (a.account or a.company)
        and key_of(a) == key_of(b)
        and CATALOGUE[a.kind].family == CATALOGUE[b.kind].family
    ]
    return any(same_story(a, b) for a, b in pairs) if pairs else None

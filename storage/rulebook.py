"""The rulebook in all its versions, and the lexicon that follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, insert, select

from earmark.rulebook import parse
from earmark.types import Account, Lexicon
from storage import accounts, agenda, counters, judgements, targets
from storage.record import Said, ages_of, records_of
from storage.tables import rulebook

__all__ = [
    "Version",
    "changes_version",
    "decided",
    "latest",
    "learned",
    "lexicon",
    "lexicon_version",
    "save",
    "text_of",
    "versions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """When a version of the rulebook was applied, and by whom."""

    number: int
    by: str
    at: datetime


def save(conn: Connection, text_toml: str, by: str, at: datetime) -> int:
    """Add a version and return its number; ConfigError when the text is no rulebook."""
    parse(text_toml)
    row = {"body": text_toml, "by": by, "at": at}
    number: int = conn.execute(insert(rulebook).values(row).returning(rulebook.c.version)).scalar_one()
    agenda.wake(conn)
    counters.bump(conn, counters.LEXICON)
    return number


def latest(conn: Connection) -> tuple[int, str] | None:
    """Return the number and the text of the newest version, or None before the first."""
    newest = select(rulebook).order_by(rulebook.c.version.desc()).limit(1)
    row = conn.execute(newest).one_or_none()
    return None if row is None else (row.version, row.body)


def text_of(conn: Connection, number: int) -> str | None:
    """Return the text of one version, or None."""
    return conn.execute(select(rulebook.c.body).where(rulebook.c.version == number)).scalar_one_or_none()


def versions(conn: Connection) -> list[Version]:
    """Return all versions, the newest first."""
    query = select(rulebook.c.version, rulebook.c.by, rulebook.c.at).order_by(rulebook.c.version.desc())
    return [Version(number=row.version, by=row.by, at=row.at) for row in conn.execute(query)]


def lexicon_version(conn: Connection) -> int:
    """Return a number that grows with every change of accounts, contacts, suppression or rulebook."""
    return counters.value(conn, counters.LEXICON)


def lexicon(conn: Connection, listed: Iterable[Account] | None = None) -> Lexicon:
    """Return all that decisions rest on: defaults, rulebook, accounts, who knows us there, what was learned.

    With ``listed`` it holds these accounts only: loading the whole list takes its time.
    """
    lexicon = decided(conn, listed)
    found = judgements.records(conn, judgements.anew(conn))
    return replace(lexicon, ages=judgements.ages(conn, lexicon.kinds), records=found)


def decided(
    conn: Connection, listed: Iterable[Account] | None = None, text_toml: str | None = None
) -> Lexicon:
    """Return the lexicon without what was learned: of the newest rulebook, or of another text."""
    newest = latest(conn) if text_toml is None else (0, text_toml)
    known = accounts.every(conn) if listed is None else {account.id: account for account in listed}
    lexicon = parse(newest[1] if newest else "").lexicon(known, lexicon_version(conn))
    return replace(
        lexicon,
        champions=accounts.champions(conn) if listed is None else (),
        targets=tuple(dict.fromkeys((*lexicon.targets, *targets.automatic(conn)))),
    )


def learned(lexicon: Lexicon, said: Sequence[Said], anew: Mapping[str, int]) -> Lexicon:
    """Return the lexicon with what follows from these verdicts: see ``storage.record``."""
    return replace(lexicon, ages=ages_of(said, lexicon.kinds), records=records_of(said, anew))


def changes_version(conn: Connection) -> int:
    """Return a number that grows with everything that a list or a page would show differently."""
    return counters.value(conn, counters.CHANGES)

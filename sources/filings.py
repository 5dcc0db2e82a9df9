"""Filings as EDGAR's list of current filings tells them, and as they wait for their documents."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from earmark.types import Event
from sources.form8k import items_of

__all__ = ["Filing", "filing_of", "latest", "restored"]

_MOST_WAITING: Final = 1_000
_TITLE: Final = re.compile(r"(?P<form>.*?) - (?P<company>.*) \((?P<cik>\d{10})\) \((?P<role>.*)\)")
_ACCESSION: Final = re.compile(r"\b\d{10}-\d{2}-\d{6}\b")
_SUFFIX: Final = re.compile(r"\s*/[A-Z]{2,4}/?\s*$")  # "/DE/": where it is registered, no part of its name
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """One filing of one filer, as the list tells it; ``missed`` counts vain reads of its document."""

    form: str
    company: str
    cik: str
    accession: str
    url: str | None
    accepted: str | None
    items: dict[str, str]
    missed: int = 0

    @property
    def key(self) -> str:
        """What tells it from all others: one filing may have several filers."""
        return f"{self.accession}:{self.cik}"

    @property
    def folder(self) -> str:
        """Where its documents lie, below the root of the host."""
        return f"Archives/edgar/data/{int(self.cik)}/{self.accession.replace('-', '')}/"


def filing_of(event: Event) -> Filing | None:
    """Return the filing that an entry of the list tells of; None for one without number or filer."""
    title = _TITLE.fullmatch(event.title)
    accession = _ACCESSION.search(event.external_id) or _ACCESSION.search(event.text)
    if title is None or accession is None or title["role"].lower() not in ("filer", "issuer"):
        return None
    return Filing(
        form=title["form"].strip().upper(),
        company=_SUFFIX.sub("", title["company"]).strip() or title["company"],
        cik=title["cik"],
        accession=accession.group(),
        url=event.url,
        accepted=event.published_at.isoformat() if event.published_at else None,
        items=items_of(event.text),
    )


def latest(filings: Sequence[Filing]) -> Sequence[Filing]:
    """Return the filings, or as many of the newest as may wait; the log tells how many are left out."""
    if len(filings) > _MOST_WAITING:
        dropped = len(filings) - _MOST_WAITING
        _log.warning("%d filings wait too long for their document and are left out.", dropped)
    return filings[-_MOST_WAITING:]


def restored(kept: Iterable[Any]) -> list[Filing]:
    """Return the filings that waited; what an older version kept in another shape is passed over."""
    names = set(Filing.__dataclass_fields__)
    return [Filing(**filing) for filing in kept if isinstance(filing, dict) and set(filing) == names]

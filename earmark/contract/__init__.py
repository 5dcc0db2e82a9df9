"""What a source and an exporter promise, and the one door that each is handed.

Third parties import from here and from ``earmark.types`` and ``earmark.errors`` only.
"""

from earmark.contract.exporters import (
    Change,
    Delivery,
    Exporter,
    Finding,
    Found,
    Receipt,
    Told,
    Wanted,
    inverse,
)
from earmark.contract.page import Page, SecretOption
from earmark.contract.sources import Feed, Letter, Poll, Source, Unchanged

__all__ = [
    "Change",
    "Delivery",
    "Exporter",
    "Feed",
    "Finding",
    "Found",
    "Letter",
    "Page",
    "Poll",
    "Receipt",
    "SecretOption",
    "Source",
    "Told",
    "Unchanged",
    "Wanted",
    "inverse",
]

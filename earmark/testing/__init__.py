"""The test kits: the same checks for our own sources and exporters and for those of other packages."""

from earmark.testing.exporters import ExporterContract, FakeDelivery, Served, a_promotion, driven
from earmark.testing.sources import FakePoll, Recorded, SourceContract, events_from

__all__ = [
    "ExporterContract",
    "FakeDelivery",
    "FakePoll",
    "Recorded",
    "Served",
    "SourceContract",
    "a_promotion",
    "driven",
    "events_from",
]

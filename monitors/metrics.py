"""Figures for Prometheus; the only user of its client, which is the extra ``metrics``."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from storage.pulse import Pulse

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_STATES: Final = ("ok", "new", "silent", "failing", "stopped", "paused")


class _Figures(Collector):
    """What Prometheus reads once; figures of the database are the same from every worker."""

    def __init__(self, metrics: Iterator[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return self._metrics


def exposition(found: Pulse | None, *, polled: Mapping[str, int], silence: float, now: datetime) -> bytes:
    """Return the figures as Prometheus reads them: of the database (None: out of reach) and this process.

    ``polled`` are the polls of this process by their result, ``silence`` the seconds since its last beat.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Figures(_of_process(polled, silence, is_reached=found is not None)))
    if found is not None:
        registry.register(_Figures(_of_database(found, now)))
    return generate_latest(registry)


def _of_process(polled: Mapping[str, int], silence: float, *, is_reached: bool) -> Iterator[Metric]:
    yield _gauge("earmark_database_up", "Whether this process reaches the database.", float(is_reached))
    yield _gauge("earmark_beat_age_seconds", "Since the monitor of this process last did its round.", silence)
    polls = CounterMetricFamily("earmark_polls", "Polls of this process by result.", labels=["result"])
    for result, count in sorted(polled.items()):
        polls.add_metric([result], count)
    yield polls


def _of_database(found: Pulse, now: datetime) -> Iterator[Metric]:
    sources = GaugeMetricFamily("earmark_sources", "Sources by state.", labels=["state"])
    for state in _STATES:
        sources.add_metric([state], found.sources.get(state, 0))
    yield sources
    late = max((now - found.due_since).total_seconds(), 0.0) if found.due_since else 0.0
    yield _gauge("earmark_sources_due", "Sources whose poll is due.", found.due)
    yield _gauge("earmark_oldest_due_seconds", "How long the longest overdue source is due.", late)
    recent = GaugeMetricFamily("earmark_recent_polls", "Polls of 15 minutes by result.", labels=["result"])
    for result, count in sorted(found.polls.items()):
        recent.add_metric([result], count)
    yield recent
    yield _gauge("earmark_recent_events", "New events of 15 minutes.", found.new_events)
    yield _gauge("earmark_recent_triggers", "New triggers of 15 minutes.", found.new_triggers)
    yield _gauge("earmark_open_triggers", "Triggers in the list.", found.open_triggers)
    yield _gauge("earmark_workers", "Processes that poll this database.", found.workers)
    boxes = GaugeMetricFamily("earmark_outbox", "Deliveries by state.", labels=["target", "state"])
    for (target, state), count in sorted(found.outbox.items()):
        boxes.add_metric([target, state.value], count)
    yield boxes
    ages = GaugeMetricFamily("earmark_outbox_oldest_seconds", "Age of what waits.", labels=["target"])
    for target, oldest in sorted(found.waiting.items()):
        ages.add_metric([target], max((now - oldest).total_seconds(), 0.0))
    yield ages


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)

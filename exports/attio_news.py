"""Reading Attio back: tasks of ours that are done, and what became of deals."""

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from earmark.contract import Told
from exports.attio_calls import Attio, Record, dicts, is_id
from exports.company import moment, ref_in, words

__all__ = ["news", "pipeline"]

_OVERLAP: Final = timedelta(minutes=5)
_FIRST: Final = timedelta(days=30)
_MOST_TASKS: Final = 2_000
_PAGE: Final = 500
_MOST_DEALS: Final = 50


async def news(
    api: Attio, *, won: Collection[str], lost: Collection[str], deals: bool
) -> AsyncIterator[Told]:
    """Yield what is new since the last reading; what was told is kept in ``delivery.state["read"]``.

    Attio does not say when a task was done: it counts from the reading that saw it. Deals that moved are told
    as outcomes, and for each of their companies whether it is a customer or has an open deal now. The first
    reading tells this of every deal, and outcomes of the last 30 days.
    """
    if deals:
        async for told in _deals(api, won, lost):
            yield told
    tasks: dict[str, dict[str, Any]] = {}  # all are read before one is told: half a reading would tell twice
    async for task in api.listed("/v2/tasks", {"is_completed": "true", "sort": "created_at:desc"}, _PAGE):
        if ref_in(task.get("content_plaintext")):
            tasks[_task_id(task)] = task
        if len(tasks) >= _MOST_TASKS:
            break
    known = set(_place(api, "tasks") or ())
    for task in [tasks[name] for name in tasks if name not in known]:
        ref = ref_in(task.get("content_plaintext"))
        for company in _companies_of(task):
            yield Told(remote_id=company, at=api.delivery.now, contacted_at=api.delivery.now, ref=ref)
    _move(api, "tasks", list(tasks))


async def pipeline(api: Attio, company: Record, *, won: Collection[str], lost: Collection[str]) -> str:
    """Return whether a company is a customer or has an open_deal now, by the deals that it names; else ""."""
    stages = []
    for number in (company.values.get("associated_deals") or ())[:_MOST_DEALS]:
        deal = await api.record("deals", number) if is_id(number) else None
        if deal is not None:
            stages.append(words(deal.values.get("stage")))
    return _state(stages, won, lost)


def _place(api: Attio, name: str) -> Any:
    """Return how far something was read."""
    return (api.delivery.state.get("read") or {}).get(name)


def _move(api: Attio, name: str, place: Any) -> None:
    """Note how far something was read."""
    api.delivery.state["read"] = {**(api.delivery.state.get("read") or {}), name: place}


async def _deals(api: Attio, won: Collection[str], lost: Collection[str]) -> AsyncIterator[Told]:
    place = moment(_place(api, "deals"))
    since = (place or api.delivery.now - _FIRST) - _OVERLAP
    stages: dict[str, list[str]] = {}
    moved: list[tuple[datetime, str, str]] = []
    async for deal in api.query("deals", {}):
        stage, at = words(deal.values.get("stage")), moment(deal.since.get("stage"))
        for company in deal.values.get("associated_company") or ():
            stages.setdefault(company, []).append(stage)
            if at is not None and (place is None or at >= since):
                moved.append((at, company, stage))
    for at, company, stage in sorted(moved):
        outcome = "won" if stage in won else "lost" if stage in lost else "opportunity"
        yield Told(
            remote_id=company,
            at=at,
            suppression=_state(stages[company], won, lost),
            outcome=outcome if at >= since else None,
        )
    latest = max((at for at, _, _ in moved), default=None)
    if latest is not None:
        _move(api, "deals", max(latest, place or latest).isoformat())


def _state(stages: Iterable[str], won: Collection[str], lost: Collection[str]) -> str:
    kept = list(stages)
    if any(stage in won for stage in kept):
        return "customer"
    return "open_deal" if any(stage and stage not in lost for stage in kept) else ""


def _task_id(task: dict[str, Any]) -> str:
    ids = task.get("id")
    return words(ids.get("task_id")) if isinstance(ids, dict) else ""


def _companies_of(task: dict[str, Any]) -> list[str]:
    """Return the companies that a task is linked to; a link names its object by slug or by id."""
    links = [one for one in dicts(task.get("linked_records")) if one.get("target_object_id") != "people"]
    return [words(one.get("target_record_id")) for one in links]

"""Calls to Pipedrive: each costs tokens of a day's budget; lists come page by page; v2, and v1 for notes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from earmark.contract import Delivery, Page
from earmark.errors import ExportRejected, ExportUnavailable, SourceError
from earmark.secret import Secret
from exports.company import cut, words

__all__ = ["OWN", "Me", "Pipedrive", "Row"]

Row = dict[str, Any]

OWN: Final = {
    "earmark_account_key": "varchar",
    "earmark_domain": "varchar",
    "earmark_stage": "varchar",
    "earmark_trigger_type": "varchar",
    "earmark_trigger_score": "double",
    "earmark_trigger_summary": "text",
    "earmark_trigger_url": "varchar",
    "earmark_last_trigger_at": "date",
}
"""Our own fields of an organisation by their names, and what they hold; Pipedrive gives each a code."""

_FIELDS: Final = "/api/v2/organizationFields"
_GONE: Final = frozenset({404, 410})
_PAGE: Final = 500
_NOTES: Final = 100


@dataclass(frozen=True, slots=True)
class Me:
    """The user of the token, and the company's own part of the address."""

    id: int
    company: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipedrive:
    """Pipedrive behind a delivery; ``budget`` is how many tokens may be spent a day, as Pipedrive counts."""

    delivery: Delivery
    host: str
    token: Secret
    budget: int

    async def me(self) -> Me:
        """Return whose token this is."""
        known = self.delivery.memory.get("me")
        if not isinstance(known, Me):
            told = await self.one("GET", "/v1/users/me", cost=2)
            number = told.get("id") if told else None
            known = Me(number if isinstance(number, int) else 0, words((told or {}).get("company_domain")))
            self.delivery.memory["me"] = known
        return known

    async def codes(self) -> dict[str, str]:
        """Return the codes of our own fields by their names, of those that there are."""
        known = self.delivery.memory.get("codes")
        if not isinstance(known, dict):
            known = {}
            async for rows in self.lists(_FIELDS, {}, cost=10):
                for row in rows:
                    name, code = row.get("field_name"), row.get("field_code")
                    if name in OWN and isinstance(code, str) and row.get("is_custom_field") is not False:
                        known.setdefault(name, code)
            if len(known) == len(OWN):
                self.delivery.memory["codes"] = known
        return known

    async def add_field(self, name: str) -> None:
        """Make one of our own fields."""
        await self.one("POST", _FIELDS, cost=5, json={"field_name": name, "field_type": OWN[name]})

    async def one(
        self, method: str, path: str, *, cost: int, json: Any = None, params: Mapping[str, str] | None = None
    ) -> Row | None:
        """Ask for one object, or write it; None when it is gone."""
        told = await self._told(method, path, cost=cost, json=json, params=params)
        data = told.get("data") if told is not None else None
        if told is None or data is None or data is True:
            return None
        if not isinstance(data, dict):
            raise _odd()
        return data

    async def lists(self, path: str, params: Mapping[str, str], *, cost: int) -> AsyncIterator[list[Row]]:
        """Yield the objects of a list of v2, page by page."""
        cursor = ""
        while True:
            page = {"limit": str(_PAGE), **({"cursor": cursor} if cursor else {})}
            told = await self._told("GET", path, cost=cost, params={**params, **page}) or {}
            data = told.get("data")
            items = data.get("items") if isinstance(data, dict) else data
            yield _rows(items)
            cursor = words(_within(told, "additional_data").get("next_cursor"))
            if not cursor:
                return

    async def notes(self, organisation: str) -> list[Row]:
        """Return the notes of an organisation, the oldest first; v1 counts its pages from a start."""
        found: list[Row] = []
        start: Any = 0
        while isinstance(start, int):
            params = {"org_id": organisation, "sort": "id ASC", "start": str(start), "limit": str(_NOTES)}
            told = await self._told("GET", "/v1/notes", cost=20, params=params) or {}
            rows = _rows(told.get("data") or [])
            found += rows
            paging = _within(_within(told, "additional_data"), "pagination")
            is_more = paging.get("more_items_in_collection") is True and rows
            start = paging.get("next_start") if is_more else None
        return found

    async def _told(
        self, method: str, path: str, *, cost: int, json: Any = None, params: Mapping[str, str] | None = None
    ) -> Row | None:
        """Return the whole answer; None when the object is gone."""
        self._spend(cost)
        headers = {"x-api-token": self.token.value()}
        url = f"{self.host}{path}"
        page = await self.delivery.request(method, url, json=json, params=params, headers=headers)
        if page.status in _GONE:
            return None
        told = _json(page)
        if not isinstance(told, dict):
            raise _odd()
        if page.status >= 400 or told.get("success") is False:  # noqa: PLR2004 - our request is at fault
            said = (words(told.get(name)) for name in ("error", "error_info"))
            reason = cut(" ".join(" ".join(each for each in said if each).split()), 400)
            raise ExportRejected(
                f"Pipedrive refused it (HTTP {page.status}): {reason or 'it gives no reason'}."
            )
        if page.status >= 300 or told.get("success") is not True:  # noqa: PLR2004 - a redirect, or no answer
            raise _odd()
        return told

    def _spend(self, cost: int) -> None:
        """Count what a request costs; once the day's budget is used up, wait for the next day."""
        now, today = self.delivery.now, f"{self.delivery.now:%Y-%m-%d}"
        spent = self.delivery.state.get("spent")
        used = spent.get("tokens", 0) if isinstance(spent, dict) and spent.get("day") == today else 0
        if used + cost > self.budget:
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            raise ExportUnavailable(
                f"The day's budget of {self.budget:,} Pipedrive tokens is used up. It goes on after "
                "midnight UTC; or give the target a larger daily_tokens.",
                retry_after=midnight - now,
            )
        self.delivery.state["spent"] = {"day": today, "tokens": used + cost}


def _json(page: Page) -> Any:
    try:
        return page.json()
    except SourceError as error:
        raise _odd() from error


def _odd() -> ExportUnavailable:
    return ExportUnavailable("Pipedrive answered in another shape than it should. It is tried again later.")


def _rows(data: Any) -> list[Row]:
    if not isinstance(data, list):
        raise _odd()
    return [row for row in data if isinstance(row, dict)]


def _within(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = told.get(name)
    return inner if isinstance(inner, dict) else {}

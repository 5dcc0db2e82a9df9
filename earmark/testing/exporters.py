"""The test kit of exporters: what each promises towards a target that keeps state and has bad days.

A subclass of ``ExporterContract`` gives an exporter and a small fake of its target, and pytest runs the
checks::

    class TestShelf(ExporterContract):
        exporter = Shelf(token="env:SHELF_TOKEN")

        def target(self) -> Served:
            return FakeShelf().serve
"""

import asyncio
import json as json_codec
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from earmark.contract import Change, Exporter, Page, Receipt
from earmark.errors import ExportError, ExportRefused, ExportUnavailable
from earmark.types import Outgoing

__all__ = ["ExporterContract", "FakeDelivery", "Served", "a_promotion", "driven"]

Served = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Any]]
"""A fake of a target: method, address, headers and body in; status and body (JSON, text or bytes) out."""

_NOW: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)
_LONG: Final = "A long text with an <b>end</b> & a \u202e turn. " * 3_000
_BODIES: Final = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b"null",
    b"7",
    b'"x"',
    b"<html>",
    b"\xff\xfe\0",
    b"[null]",
    b"[" * 5_000,
)


class FakeDelivery:
    """A ``Delivery`` that asks a fake target in place of the network; ``asked`` lists what was sent."""

    def __init__(
        self, serve: Served, *, now: datetime = _NOW, state: Mapping[str, Any] | None = None
    ) -> None:
        self.now = now
        self.memory: dict[str, Any] = {}
        self.state: dict[str, Any] = dict(state or {})
        self.asked: list[tuple[str, str]] = []
        self.files: dict[Path, bytes] = {}
        self._serve = serve

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Page:
        """Return what the fake answers; 401, 403, 429 and 5xx as the engine tells them."""
        sent = json_codec.dumps(json).encode() if json is not None else body or b""
        sent = urlencode(form).encode() if form is not None else sent
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        self.asked.append((method, address))
        status, told = self._serve(method, address, headers or {}, sent)
        if status in (401, 403):
            raise ExportRefused(f"{urlsplit(url).hostname} refused (HTTP {status}).")
        if status == 429 or status >= 500:  # noqa: PLR2004 - as the engine tells them apart
            raise ExportUnavailable(f"{urlsplit(url).hostname} is not available (HTTP {status}).")
        if isinstance(told, str):
            told = told.encode()
        answer = told if isinstance(told, bytes) else json_codec.dumps(told).encode()
        return Page(url=address, status=status, headers={"content-type": "application/json"}, body=answer)

    async def tell(self, address: str, title: str, body: str) -> None:
        """Ask the fake, by the method TELL."""
        self.asked.append(("TELL", address))
        status, _ = self._serve("TELL", address, {}, f"{title}\n{body}".encode())
        if status != 200:  # noqa: PLR2004 - told
            raise ExportUnavailable("The service was not told.")

    def file(self, path: Path, content: bytes) -> None:
        """Keep the content."""
        self.files[path] = content


def a_promotion(account: str = "acc-16", trigger: str = "t-01", **told: Any) -> Outgoing:
    """Return the promotion of an invented account, as the engine hands it out."""
    payload: dict[str, Any] = {
        "account": account,
        "name": "Larkspur Foundry",
        "domain": "larkspur.example",
        "domains": ["larkspur.example"],
        "aliases": [],
        "industry": "Metal",
        "size": 240,
        "country": "US",
        "territory": None,
        "tier": "1",
        "owner": "rep@seller.example",
        "stage": "outreach_ready",
        "crm_ids": {},
        "trigger": trigger,
        "kind": "funding_early",
        "polarity": "buy",
        "certainty": "announced",
        "score": 81.5,
        "happened_at": "2026-11-19T08:00:00+00:00",
        "opens_at": "2026-11-19T08:00:00+00:00",
        "closes_at": "2027-01-03T08:00:00+00:00",
        "expires_at": "2027-04-18T08:00:00+00:00",
        "link": "https://wire.example/larkspur",
        "headline": "Larkspur Foundry raised money",
        "why_now": "It raised money: $25M, Series B (2026-11-19).",
        "quote": "Larkspur Foundry raises $25M Series B",
        "publisher": "Wire",
        "who": "Ask for: CFO.",
        "opener": "Congratulations on the Series B.",
        "next": "Call until 2027-01-03.",
        "note_text": f"Larkspur Foundry raised money\nREF       {trigger}",
        "note_markdown": f"**Larkspur Foundry raised money**\nref: {trigger}",
        "note_html": f"<p>Larkspur Foundry raised money</p><p>ref: {trigger}</p>",
    }
    return Outgoing(
        target="target",
        topic="account.promoted",
        key=f"{account}:{trigger}",
        account=account,
        payload=payload | told,
    )


def driven(
    exporter: Exporter, delivery: FakeDelivery, *told: Outgoing
) -> list[tuple[Change, Receipt | None]]:
    """Deliver once as the engine does, and return each change with its receipt (None: skipped)."""

    async def drive() -> list[tuple[Change, Receipt | None]]:
        wanted = list({(one.object, one.key): one for each in told for one in exporter.wanted(each)}.values())
        found = await exporter.find(wanted, delivery)
        made: dict[tuple[str, str], str | None] = {}
        done: list[tuple[Change, Receipt | None]] = []
        for change in exporter.plan(wanted, found):
            above = change.parent_id or made.get(("company", change.parent or ""))
            ready = change if change.parent is None else replace(change, parent_id=above)
            receipts: Sequence[Receipt | None] = (None,)
            if ready.action != "skip":
                receipts = await exporter.apply([ready], delivery)
            made[(ready.object, ready.key)] = receipts[0].remote_id if receipts[0] else ready.remote_id
            done.append((ready, receipts[0]))
        return done

    return asyncio.run(drive())


class ExporterContract(ABC):
    """What every exporter promises, as tests: subclass it, set ``exporter`` and ``target``, run pytest.

    ``target`` returns a fresh fake that keeps what it is told; ``secrets`` are values that must show up
    nowhere (set the variables that the options name, for example with ``monkeypatch``).
    """

    exporter: ClassVar[Exporter]
    secrets: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def target(self) -> Served:
        """Return a fresh fake of the target."""

    def test_a_promotion_arrives(self) -> None:
        """Something is made of a promotion, and nothing of it fails."""
        done = driven(self.exporter, FakeDelivery(self.target()), a_promotion())
        _expect(any(change.action == "create" for change, _ in done), "Nothing was created for a promotion.")
        errors = [receipt.error for _, receipt in done if receipt and receipt.error]
        _expect(not errors, f"The target refused: {errors}.")

    def test_the_same_again_changes_nothing(self) -> None:
        """A second delivery of the same promotion only skips, where the target keeps what it is told."""
        if not self.exporter.keeps:
            return
        delivery = FakeDelivery(self.target())
        driven(self.exporter, delivery, a_promotion())
        again = [change.action for change, _ in driven(self.exporter, delivery, a_promotion())]
        _expect(set(again) <= {"skip"}, f"A second delivery did {again}.")

    def test_a_second_reason_finds_the_company_again(self) -> None:
        """Another trigger of the account makes no second company."""
        delivery = FakeDelivery(self.target())
        driven(self.exporter, delivery, a_promotion())
        done = driven(self.exporter, delivery, a_promotion(trigger="t-02"))
        made = [change for change, _ in done if change.object == "company" and change.action == "create"]
        _expect(not made, "A second company was made for the same account.")

    def test_what_is_wanted_follows_from_the_delivery_alone(self) -> None:
        """``wanted`` is pure, names each object once, and companies before what hangs on them."""
        first, again = self.exporter.wanted(a_promotion()), self.exporter.wanted(a_promotion())
        _expect(list(first) == list(again), "Two calls of wanted give different objects.")
        keys = [(one.object, one.key) for one in first]
        _expect(len(set(keys)) == len(keys), f"An object is named twice: {keys}.")
        for place, one in enumerate(first):
            above = ("company", one.parent)
            known = one.parent is None or above in keys[:place] or above not in keys
            _expect(known, f"{one.object} comes before the company that it hangs on.")

    def test_texts_of_any_length_and_missing_fields_are_borne(self) -> None:
        """Long and odd texts are cut or escaped, missing values left out; only ExportError may escape."""
        odd = {
            "name": _LONG,
            "note_text": _LONG,
            "note_html": _LONG,
            "note_markdown": _LONG,
            "headline": _LONG,
        }
        keys = a_promotion().payload.keys() - {"account", "name", "trigger"}
        nothing: dict[str, Any] = dict.fromkeys(keys)
        for told in (a_promotion(**odd), a_promotion(**nothing), _stage_change()):
            try:
                driven(self.exporter, FakeDelivery(self.target()), told)
            except ExportError:
                continue

    def test_only_export_errors_escape_whatever_the_answer(self) -> None:
        """Odd statuses and bodies raise ExportError, or come back as the error of a receipt."""
        for status in (200, 201, 207, 301, 400, 401, 404, 409, 410, 422, 429, 500, 503):
            for body in _BODIES:
                try:
                    driven(self.exporter, FakeDelivery(_always(status, body)), a_promotion())
                except ExportError as error:
                    self._hides(str(error))
                except Exception as error:
                    raise AssertionError(
                        f"{type(error).__name__} escapes for HTTP {status} with {body[:40]!r}."
                    ) from error

    def test_options_survive_a_json_round_trip(self) -> None:
        """Options written as JSON and read again make the same exporter; each says what it means."""
        again = type(self.exporter).model_validate(self.exporter.model_dump(mode="json"))
        _expect(again == self.exporter, "The exporter made from its own options differs.")
        bare = [name for name, field in type(self.exporter).model_fields.items() if not field.description]
        _expect(not bare, f"These options have no description: {bare}.")

    def test_no_secret_shows_up(self) -> None:
        """Plans, receipts, options and addresses hold no secret."""
        delivery = FakeDelivery(self.target())
        self._hides(repr(driven(self.exporter, delivery, a_promotion())))
        self._hides(repr(self.exporter))
        self._hides(repr(delivery.state))

    def _hides(self, text: str) -> None:
        _expect(not any(secret in text for secret in self.secrets), "A secret shows up.")


def _stage_change() -> Outgoing:
    told = a_promotion()
    payload: dict[str, Any] = {
        "account": "acc-16",
        "name": "Larkspur Foundry",
        "stage": "warm",
        "crm_ids": {},
        "domain": None,
    }
    return Outgoing(
        target=told.target, topic="account.stage_changed", key="m-1", account="acc-16", payload=payload
    )


def _always(status: int, body: bytes) -> Served:
    return lambda *_: (status, body)


def _expect(right: bool, sentence: str) -> None:  # noqa: FBT001 - an assertion
    if not right:
        raise AssertionError(sentence)

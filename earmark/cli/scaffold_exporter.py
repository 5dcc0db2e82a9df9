"""The files of a new plugin package: an exporter that works, a fake of its target, its contract test."""

from collections.abc import Mapping
from typing import Final

from earmark.cli.scaffold import filled

__all__ = ["exporter_files_of"]


def exporter_files_of(kind: str) -> Mapping[str, str]:
    """Return the files of a package for an exporter kind, by their path in it."""
    return filled(kind, _FILES)


_PROJECT: Final = """\
[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "@PACKAGE@"
version = "0.1.0"
description = "An exporter for earmark: @KIND@."
requires-python = ">=3.11"
dependencies = ["earmark"]

[project.entry-points."earmark.exporters"]
@KIND@ = "@MODULE@:@CLASS@"

[tool.hatch.build.targets.wheel]
packages = ["@MODULE@"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
"""

_EXPORTER: Final = '''\
"""The export kind ``@KIND@``: a company for each account, a note for each trigger."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from earmark.contract import Change, Delivery, Exporter, Finding, Found, Receipt, SecretOption, Wanted
from earmark.errors import ExportRejected, SourceChanged
from earmark.types import Outgoing
from pydantic import Field, HttpUrl

__all__ = ["@CLASS@"]

LONGEST_NOTE = 30_000


class @CLASS@(Exporter):
    """Writes companies and notes to a place that takes JSON."""

    kind: ClassVar[str] = "@KIND@"
    about: ClassVar[str] = "@KIND@: a company for each account, a note for each trigger"
    auth: ClassVar[str] = "an API token"
    crm: ClassVar[str | None] = "@KIND@"

    url: HttpUrl = Field(description="Root of the API.")
    token: SecretOption = Field(description="The API token, as env:NAME.")

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the company, and the note of its trigger; our own fields are written, blanks filled."""
        told = outgoing.payload
        account = str(told["account"])
        domains = tuple(told.get("domains") or ())
        company = Wanted(
            object="company",
            key=account,
            account=account,
            fields={"earmark_key": account, "earmark_stage": told.get("stage")},
            blanks={"name": told.get("name"), "domain": domains[0] if domains else None},
            crm_id=(told.get("crm_ids") or {}).get(self.crm),
            domains=domains,
        )
        trigger = told.get("trigger")
        if not trigger:
            return (company,)
        text = f"{str(told.get('note_text') or '')[:LONGEST_NOTE]}\\nref: {trigger}"
        note = Wanted(
            object="note", key=str(trigger), account=account, parent=account, fields={"text": text}
        )
        return company, note

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return companies by their id, our key or a domain, and notes by the mark in their last line."""
        found: dict[tuple[str, str], Found] = {}
        for one in wanted:
            if one.object == "company":
                there = await self._company(one, delivery)
            else:
                above = found.get(("company", one.parent or ""))
                there = await self._note(one, above, delivery) if above else None
            if there is not None:
                found[(one.object, one.key)] = there
        return found

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Make the changes one by one; a receipt each."""
        receipts = []
        for change in changes:
            path = "companies" if change.object == "company" else "notes"
            if change.action == "create":
                above = {} if change.parent is None else {"company": change.parent_id}
                made = await self._ask(delivery, "POST", path, {**change.after, **above})
                receipts.append(Receipt(key=change.key, remote_id=_id(made)))
                continue
            verb, body = ("DELETE", None) if change.action == "delete" else ("PATCH", dict(change.after))
            await self._ask(delivery, verb, f"{path}/{quote(change.remote_id or '', safe='')}", body)
            receipts.append(Receipt(key=change.key, remote_id=change.remote_id))
        return receipts

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Ask for the companies: a wrong token shows here."""
        await self._ask(delivery, "GET", "companies?key=earmark-check")
        return (Finding(what="token", is_well=True, text="The token may read companies."),)

    async def _company(self, one: Wanted, delivery: Delivery) -> Found | None:
        asked = [f"id={quote(one.crm_id, safe='')}"] if one.crm_id else []
        asked += [f"key={quote(one.key, safe='')}"]
        asked += [f"domain={quote(domain, safe='')}" for domain in one.domains]
        for query in asked:
            there = _items(await self._ask(delivery, "GET", f"companies?{query}"))
            if there:
                return Found(remote_id=_id(there[0]), fields=there[0])
        return None

    async def _note(self, one: Wanted, above: Found, delivery: Delivery) -> Found | None:
        there = _items(await self._ask(delivery, "GET", f"notes?company={quote(above.remote_id, safe='')}"))
        for note in there:
            if str(note.get("text") or "").endswith(f"ref: {one.key}"):
                return Found(remote_id=_id(note), fields=note)
        return None

    async def _ask(self, delivery: Delivery, method: str, path: str, body: Any = None) -> Any:
        """Return the answer; what the place refuses is raised with its own words, never with the token."""
        headers = {"authorization": f"Bearer {self.token.value()}"}
        page = await delivery.request(method, f"{self.url}{path}", json=body, headers=headers)
        try:
            answer = page.json() if page.body else {}
        except SourceChanged as error:
            raise ExportRejected(f"@KIND@ did not answer with JSON (HTTP {page.status}).") from error
        if page.status >= 300:
            said = answer.get("message") if isinstance(answer, dict) else None
            raise ExportRejected(f"@KIND@ refused {method} {path} (HTTP {page.status}): {said}")
        return answer


def _items(answer: Any) -> list[dict[str, Any]]:
    items = answer.get("items") if isinstance(answer, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _id(item: Any) -> str:
    found = item.get("id") if isinstance(item, dict) else None
    if not isinstance(found, str | int):
        raise ExportRejected("@KIND@ answered without an id. What it made is looked for when it is retried.")
    return str(found)
'''

_TEST: Final = '''\
"""The contract of every exporter, against a small fake of the place, and what is special about this one."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from earmark.testing import ExporterContract, FakeDelivery, Served, a_promotion, driven

from @MODULE@ import @CLASS@

TOKEN = "t-0k3n-of-nobody"
EXPORTER = @CLASS@.model_validate({"url": "https://place.example/api/", "token": "env:@VARIABLE@"})


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("@VARIABLE@", TOKEN)


class Place:
    """Keeps companies and notes, as the place does: change it to what the place really does."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, dict[str, Any]]] = {"companies": {}, "notes": {}}

    def serve(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "who are you?"}
        parts = urlsplit(address)
        name, _, number = parts.path.removeprefix("/api/").partition("/")
        held = self.held[name]
        if method == "GET":
            wanted = dict(parse_qsl(parts.query))
            return 200, {"items": [one for one in held.values() if _matches(one, wanted)]}
        if method == "POST":
            number = f"{name}-{len(held) + 1}"
        elif number not in held:
            return 404, {"message": "there is none"}
        if method == "DELETE":
            return 200, held.pop(number)
        held.setdefault(number, {"id": number}).update(json.loads(body))
        return 200, held[number]


def _matches(one: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(one.get("earmark_key" if name == "key" else name) == value for name, value in wanted.items())


class TestContract(ExporterContract):
    exporter = EXPORTER
    secrets = (TOKEN,)

    def target(self) -> Served:
        return Place().serve


def test_a_company_that_is_there_keeps_its_name_and_gets_the_note() -> None:
    place = Place()
    place.held["companies"]["7"] = {"id": "7", "name": "Larkspur Ltd", "domain": "larkspur.example"}
    driven(EXPORTER, FakeDelivery(place.serve), a_promotion())
    assert place.held["companies"]["7"]["name"] == "Larkspur Ltd"
    assert place.held["companies"]["7"]["earmark_stage"] == "outreach_ready"
    assert [note["company"] for note in place.held["notes"].values()] == ["7"]


def test_news_of_the_same_trigger_changes_its_note_in_place() -> None:
    place = Place()
    driven(EXPORTER, FakeDelivery(place.serve), a_promotion())
    driven(EXPORTER, FakeDelivery(place.serve), a_promotion(note_text="It raised more."))
    assert [note["text"] for note in place.held["notes"].values()] == ["It raised more.\\nref: t-01"]
'''

_README: Final = """\
# @PACKAGE@

The export kind `@KIND@` for earmark.

    pip install -e . pytest
    pytest
    earmark exports kinds
    export @VARIABLE@=…
    earmark exports add @KIND@ url=https://place.example/api/ token=env:@VARIABLE@
    earmark exports check @KIND@
    earmark exports run @KIND@ --dry-run

What to change: the options and the four steps in `@MODULE@/__init__.py`, then the fake of the place in
`tests/test_@MODULE@.py`: let it do what the place really does, its limits and its errors too.
"""

_FILES: Final = {
    "pyproject.toml": _PROJECT,
    "README.md": _README,
    "@MODULE@/__init__.py": _EXPORTER,
    "@MODULE@/py.typed": "",
    "tests/test_@MODULE@.py": _TEST,
}

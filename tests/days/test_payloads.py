"""What every target is sent of a day: the requests, whole, towards fakes that keep the vendors' rules.

The days' own promotions (``sent.json``) go in; the records are written anew as those of the days are.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

from earmark.testing import FakeDelivery, Served, driven
from earmark.types import Outgoing
from exports.registry import build, kinds
from tests.days.test_days import RECORDING, RECORDS
from tests.exports.fakes.attio import OPTIONS as ATTIO
from tests.exports.fakes.attio import TOKEN as ATTIO_TOKEN
from tests.exports.fakes.attio import a_workspace
from tests.exports.fakes.hubspot import TOKEN as HUBSPOT_TOKEN
from tests.exports.fakes.pipedrive import FakePipedrive
from tests.exports.fakes.portal import OPTIONS as HUBSPOT
from tests.exports.fakes.portal import a_portal
from tests.exports.fakes.salesforce import FakeSalesforce

_HOOK: Final = "whsec_" + base64.b64encode(b"demo" * 8).decode()
_SET: Final = {
    "APPRISE_ROOM": "ntfys://push.ledgerlight.example/reasons",
    "ATTIO_TOKEN": ATTIO_TOKEN,
    "HUBSPOT_TOKEN": HUBSPOT_TOKEN,
    "PIPEDRIVE_TOKEN": "pd-secret-token",
    "SF_ID": "demo-id",
    "SF_SECRET": "demo-secret",
    "SLACK_CHANNEL": "https://chat.ledgerlight.example/hook",
    "WEBHOOK_SECRET": _HOOK,
}
"""The variables that the options name; the fakes know the tokens."""

_TARGETS: Final[Mapping[str, tuple[Mapping[str, Any], Callable[[], Served]]]] = {
    "apprise": ({"url": "env:APPRISE_ROOM"}, lambda: lambda *_: (200, b"")),
    "attio": (ATTIO, lambda: a_workspace().serve),
    "hubspot": (HUBSPOT, lambda: a_portal().serve),
    "pipedrive": ({"token": "env:PIPEDRIVE_TOKEN"}, lambda: FakePipedrive().serve),
    "salesforce": (
        {
            "base_url": "https://demo.my.salesforce.com",
            "client_id": "env:SF_ID",
            "client_secret": "env:SF_SECRET",
        },
        lambda: FakeSalesforce().serve,
    ),
    "slack": ({"url": "env:SLACK_CHANNEL"}, lambda: lambda *_: (200, "ok")),
    "webhook": (
        {"url": "https://hooks.ledgerlight.example/in", "secret": "env:WEBHOOK_SECRET"},
        lambda: lambda *_: (204, b""),
    ),
}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _SET.items():
        monkeypatch.setenv(name, value)


def promotions(day: str) -> list[Outgoing]:
    told = json.loads((RECORDS / day / "sent.json").read_text("utf-8"))
    return [
        Outgoing(
            target="crm",
            topic=one["topic"],
            key=f"{one['account']}:{one['trigger']}:{number}",
            account=one["account"],
            payload={name: value for name, value in one.items() if name != "topic"},
        )
        for number, one in enumerate(told)
        if one.get("topic") == "account.promoted"
    ]


def sent(kind: str, day: str) -> str:
    """Return every request that the promotions of a day lead to, each with its body."""
    options, serve = _TARGETS[kind]
    target, told = serve(), []

    def recorded(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        told.append({"request": f"{method} {url}", "body": _plain(body)})
        return target(method, url, headers, body)

    exporter = build(kind, options)
    delivery = FakeDelivery(recorded)
    for outgoing in promotions(day):
        driven(exporter, delivery, outgoing)
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    return text.replace(_SET["SF_SECRET"], "…")  # Salesforce takes it in the form that asks for a token


def _plain(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        text = body.decode("utf-8", "replace")
        return parse_qs(text) if text.startswith("grant_type=") else text


@pytest.mark.parametrize("day", ["funding", "morning"])
@pytest.mark.parametrize("kind", sorted(_TARGETS))
def test_a_target_is_sent_what_the_record_of_the_day_holds(kind: str, day: str) -> None:
    record = RECORDS / day / f"to-{kind}.json"
    text = sent(kind, day)
    if RECORDING:
        record.write_text(text, "utf-8")
    assert text == record.read_text("utf-8")


def test_every_kind_of_target_has_its_record() -> None:
    assert {*_TARGETS} == {*kinds()}

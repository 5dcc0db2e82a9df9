"""Chats by Apprise: short messages, and connections that the guard admits."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from earmark.errors import ExportRefused, ExportRejected, ExportUnavailable
from earmark.testing import ExporterContract, Served
from exports.apprise import LONGEST, AppriseExporter, message
from monitors.chat import SERVICES, tell
from tests.monitors.hostile import Hostile, answer

pytestmark = pytest.mark.anyio
SOON = timedelta(seconds=20)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        hostile.pages["/room"] = answer(b"{}")
        yield hostile


async def test_a_service_that_may_be_reached_is_told(
    server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # the proxies of the environment are not used
    await tell(f"json://{server.allow}/room", "Hot", "Norvik raised", allow=[server.allow], within=SOON)
    [seen] = server.seen
    assert b"Norvik raised" in seen.body


async def test_a_private_address_is_refused_before_anything_is_sent(server: Hostile) -> None:
    with pytest.raises(ExportRefused, match="does not connect to") as caught:
        await tell(f"json://{server.allow}/s3cret", "Hot", "x", allow=[], within=SOON)
    assert server.connections == 0
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("address", ["mailto://a:b@mail.example", "syslog://", "file:///etc/passwd", "x"])
async def test_only_services_that_speak_http_are_taken(address: str) -> None:
    with pytest.raises(ExportRejected, match="are not taken"):
        await tell(address, "Hot", "x", allow=[], within=SOON)


async def test_a_service_that_says_no_is_tried_again_later(server: Hostile) -> None:
    server.pages["/room"] = answer(status="500 Internal Server Error")
    with pytest.raises(ExportUnavailable):
        await tell(f"json://{server.allow}/room", "Hot", "x", allow=[server.allow], within=SOON)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it imports modules that Python is about to drop
def test_every_service_that_is_taken_is_one_that_apprise_knows() -> None:
    import apprise  # noqa: PLC0415 - slow to import

    plugins = apprise.Apprise().details()["schemas"]
    kinds = ("protocols", "secure_protocols")
    spoken = {name for plugin in plugins for kind in kinds for name in plugin[kind] or ()}
    assert spoken >= SERVICES


def test_a_message_is_short_and_counts_what_does_not_fit() -> None:
    told = [
        {"headline": f"Account {n} raised", "why_now": "w" * 400, "link": "https://x.example"}
        for n in range(9)
    ]
    title, body = message(told, hot=False)
    assert title == "9 accounts to call"
    assert len(body) <= LONGEST
    assert body.endswith(f"and {9 - body.count('raised')} more")


class TestApprise(ExporterContract):
    exporter = AppriseExporter.model_validate({"url": "env:ROOM"})
    secrets = ("s3cret",)

    @pytest.fixture(autouse=True)
    def _address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOM", "ntfys://s3cret@push.example/room")

    def target(self) -> Served:
        return lambda *_: (200, b"")

"""Signed webhooks over a real socket, from the delivery to the file, and all that is refused."""

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.errors import ConfigError
from earmark.testing import FakePoll, events_from
from monitors.hooks import HOST, listening
from sources.inbox import InboxSource
from tests.builders import NOW

KEY = b"k" * 24
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = json.dumps({"signal": "reply", "person": "Dana Holt", "company": "Norvik Labs"}).encode()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with listening(tmp_path, [SECRET], 0, lambda: NOW) as port:
        yield port


def signed(body: bytes, name: str = "msg_1", seconds: int = 0) -> dict[str, str]:
    moment = str(int(NOW.timestamp()) + seconds)
    digest = hmac.digest(KEY, f"{name}.{moment}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def send(port: int, body: bytes, headers: dict[str, str], method: str = "POST") -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request(method, "/", body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def told(folder: Path) -> list[str]:
    return [event.title for event in events_from(InboxSource(path=folder), FakePoll({}, now=NOW))]


def test_a_good_delivery_becomes_an_event_once(port: int, tmp_path: Path) -> None:
    assert send(port, BODY, signed(BODY)) == 204
    assert send(port, BODY, signed(BODY)) == 204
    assert told(tmp_path) == ["Dana Holt of Norvik Labs replied"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (BODY, {}, 401),
        (BODY, signed(BODY, seconds=-600), 401),
        (BODY, signed(b"another body"), 401),
        (b"[1, 2]", signed(b"[1, 2]"), 400),
        (b"no json", signed(b"no json"), 400),
        (b"x", {"Content-Length": "99999999999"}, 413),
        (b"", {"Content-Length": "many"}, 411),
    ],
)
def test_anything_else_is_refused_and_leaves_no_file(
    port: int, tmp_path: Path, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert send(port, body, headers) == status
    assert list(tmp_path.iterdir()) == []


def test_only_deliveries_are_taken(port: int) -> None:
    assert send(port, b"", {}, method="GET") == 501


def test_a_folder_that_can_not_be_written_asks_the_sender_to_try_again(port: int, tmp_path: Path) -> None:
    tmp_path.rmdir()
    assert send(port, BODY, signed(BODY)) == 503


def test_a_taken_port_and_a_missing_folder_are_sentences(port: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=str(port)), listening(tmp_path, [SECRET], port, lambda: NOW):
        pass
    with pytest.raises(ConfigError, match="no folder"), listening(tmp_path / "none", [], 0, lambda: NOW):
        pass

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.testing import FakePoll, events_from
from sources.inbox import InboxSource
from sources.signed import keep, verified
from tests.builders import NOW

KEY = bytes(range(24))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"company": "Norvik Labs", "type": "demo request"}'


def signed(body: bytes = BODY, *, name: str = "msg_1", moment: str = "", key: bytes = KEY) -> dict[str, str]:
    moment = moment or str(int(NOW.timestamp()))
    content = f"{name}.{moment}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"Webhook-Id": name, "Webhook-Timestamp": moment, "Webhook-Signature": f"v1,{signature}"}


def test_the_example_of_the_scheme_is_verified() -> None:
    content = b"msg_1.1795251600." + BODY
    assert signed()["Webhook-Timestamp"] == "1795251600"
    right = base64.b64encode(hmac.digest(KEY, content, "sha256")).decode()
    assert signed()["Webhook-Signature"] == f"v1,{right}"
    assert verified(BODY, signed(), [SECRET], NOW) == "msg_1"


def test_one_good_signature_or_one_good_secret_is_enough() -> None:
    other = "whsec_" + base64.b64encode(b"x" * 24).decode()
    headers = signed()
    headers["Webhook-Signature"] = f"v2,AAAA v1,bad= {headers['Webhook-Signature']}"
    assert verified(BODY, headers, [other, SECRET], NOW) == "msg_1"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(key=b"y" * 24),
        signed(b"another body"),
        signed() | {"Webhook-Id": "msg_2"},
        signed() | {"Webhook-Signature": ""},
        signed() | {"Webhook-Signature": "v1,"},
        signed() | {"Webhook-Signature": signed()["Webhook-Signature"].replace("v1", "v1a")},
        signed() | {"Webhook-Timestamp": "now"},
        signed() | {"Webhook-Timestamp": "\N{ARABIC-INDIC DIGIT ONE}"},
        signed(moment=str(int((NOW - timedelta(minutes=6)).timestamp()))),
        signed(moment=str(int((NOW + timedelta(minutes=6)).timestamp()))),
        signed(moment="9" * 40),
        signed(name="x" * 300),
        signed(name="line\nbreak"),
    ],
)
def test_anything_else_is_refused_without_a_word_of_its_secrets(headers: dict[str, str]) -> None:
    with pytest.raises(SourceRefused) as caught:
        verified(BODY, headers, [SECRET], NOW)
    assert SECRET not in str(caught.value)
    assert "Norvik" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_!!!!", "plain words"])
def test_a_secret_that_is_none_is_told(secret: str) -> None:
    with pytest.raises(SourceRefused, match="secret is none"):
        verified(BODY, signed(), [secret], NOW)


def test_without_secrets_nothing_is_verified() -> None:
    with pytest.raises(SourceRefused, match="no good signature"):
        verified(BODY, signed(), [], NOW)


@given(st.binary(max_size=80), st.integers(0, 79))
def test_a_changed_byte_breaks_the_signature(body: bytes, place: int) -> None:
    headers = signed(body)
    assert verified(body, headers, [SECRET], NOW) == "msg_1"
    changed = body[:place] + b"\x01" + body[place:]
    with pytest.raises(SourceRefused):
        verified(changed, headers, [SECRET], NOW)


# The file


def test_a_delivery_becomes_a_file_that_the_inbox_reads(tmp_path: Path) -> None:
    keep(tmp_path, "msg_1", BODY)
    (event,) = events_from(InboxSource(path=tmp_path), FakePoll({}, now=NOW))
    assert (event.external_id, event.title) == ("msg_1", "Somebody at Norvik Labs asked for a demo")


def test_the_same_delivery_again_changes_nothing(tmp_path: Path) -> None:
    first = keep(tmp_path, "msg_1", BODY)
    before = first.stat()
    assert keep(tmp_path, "msg_1", b'{"company": "Another"}') == first
    assert (first.stat().st_mtime_ns, first.read_bytes()) == (before.st_mtime_ns, first.read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert "Norvik" in first.read_text()


def test_several_records_have_several_ids_and_their_own_win(tmp_path: Path) -> None:
    path = keep(tmp_path, "m", json.dumps([{"a": 1}, {"a": 2, "webhook_id": "own"}]).encode())
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["webhook_id"] for record in records] == ["m/1", "own"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "\0", "ü" * 200])
def test_a_name_never_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    assert keep(tmp_path, name, BODY).parent == tmp_path


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"7", b"[1]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_record_is_refused_and_leaves_no_file(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceChanged, match="no JSON object"):
        keep(tmp_path, "msg_1", body)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="can't be written"):
        keep(tmp_path / "gone", "msg_1", BODY)


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SourceUnavailable, match="No space left"):
        keep(tmp_path, "msg_1", BODY)
    assert list(tmp_path.iterdir()) == []

"""Letters go to a real server on this machine, which may be slow, refusing, or gone in the middle."""

import ssl
import time
from email.message import EmailMessage
from typing import Any

import pytest

from earmark.errors import ConfigError, ExportError, ExportRefused, ExportRejected, ExportUnavailable
from earmark.secret import Secret
from monitors.guard import Allow
from monitors.post import Postbox, post
from tests.monitors.imap import trusting
from tests.monitors.smtp import Smtp, served

PASSWORD = "p4ss-of-the-post"  # noqa: S105 - of a server that lives for one test


def a_letter(to: str = "ada@team.example") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "earmark@team.example", to, "News"
    made.set_content("Zoë called.\n.\n.. and again\n")
    return made


def a_postbox(server: Smtp, **changes: Any) -> Postbox:
    allow = Allow.parse([f"127.0.0.1:{server.port}"])
    fields: dict[str, Any] = {
        "server": "127.0.0.1",
        "port": server.port,
        "security": server.security,
        "sender": "earmark@team.example",
        "allow": allow,
        "seconds": 5.0,
    }
    return Postbox(**(fields | changes))


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_letter_arrives_as_it_was_written(security: str) -> None:
    with served(Smtp(security=security)) as server:
        post(a_letter(), a_postbox(server), tls=trusting())
    assert [each["To"] for each in server.letters] == ["ada@team.example"]
    assert server.letters[0].get_content().replace("\r\n", "\n") == "Zoë called.\n.\n.. and again\n"


def test_the_password_goes_only_through_an_encrypted_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POST_KEY", PASSWORD)
    with served(Smtp(security="starttls", logins=True)) as server:
        post(a_letter(), a_postbox(server, user="ada", password=Secret("POST_KEY")), tls=trusting())
    assert server.said.index("STARTTLS") < server.said.index("AUTH")


def test_a_server_without_encryption_is_told_nothing_when_encryption_is_wanted() -> None:
    with served(Smtp()) as server, pytest.raises(ExportRefused, match=r"mail\.security"):
        post(a_letter(), a_postbox(server, security="starttls"), tls=trusting())
    assert "MAIL" not in server.said


def test_a_certificate_of_nobody_is_refused() -> None:
    with served(Smtp(security="starttls")) as server, pytest.raises(ExportRefused, match="certificate"):
        post(a_letter(), a_postbox(server), tls=ssl.create_default_context())
    assert not server.letters


def test_a_refused_log_in_stops_without_showing_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POST_KEY", PASSWORD)
    rude = {"AUTH": b"535 not you\r\n"}
    with served(Smtp(security="tls", logins=True, rude=rude)) as server:
        with pytest.raises(ExportRefused, match="log-in of ada") as caught:
            post(a_letter(), a_postbox(server, user="ada", password=Secret("POST_KEY")), tls=trusting())
        assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("rude", "error"),
    [
        ({"GREETING": b"554 go away\r\n"}, ExportRejected),
        ({"GREETING": b"421 busy\r\n"}, ExportUnavailable),
        ({"MAIL": b"451 later\r\n"}, ExportUnavailable),
        ({"RCPT": b"450 mailbox busy\r\n"}, ExportUnavailable),
        ({"RCPT": b"550 no such user\r\n"}, ExportRejected),
        ({"DATA": b"452 disk full\r\n"}, ExportUnavailable),
        ({".": b"554 spam\r\n"}, ExportRejected),
        ({".": None}, ExportUnavailable),
        ({"EHLO": None}, ExportUnavailable),
        ({"EHLO": b"\xff\xfe\r\n"}, ExportUnavailable),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(
    rude: dict[str, bytes | None], error: type[ExportError]
) -> None:
    with served(Smtp(rude=rude)) as server, pytest.raises(error) as caught:
        post(a_letter(), a_postbox(server))
    assert type(caught.value) is error


def test_a_server_that_hangs_is_left_when_the_time_is_up() -> None:
    with served(Smtp(hangs="RCPT")) as server:
        begun = time.monotonic()
        with pytest.raises(ExportUnavailable, match="tried again"):
            post(a_letter(), a_postbox(server, seconds=0.3))
        assert time.monotonic() - begun < 3


def test_an_address_inside_the_network_is_not_asked_unless_it_is_allowed() -> None:
    with served(Smtp()) as server, pytest.raises(ExportRefused, match="allow"):
        post(a_letter(), a_postbox(server, allow=Allow()))
    assert not server.said


def test_a_letter_does_not_go_unencrypted_to_another_machine() -> None:
    box = Postbox(server="192.0.2.7", port=25, security="none", sender="a@b.example")
    box_allowed = Postbox(
        server="10.1.2.3",
        port=25,
        security="none",
        sender="a@b.example",
        allow=Allow.parse(["10.0.0.0/8"]),
    )
    with pytest.raises(ExportRefused):
        post(a_letter(), box)
    with pytest.raises(ExportRefused, match=r"mail\.security is none"):
        post(a_letter(), box_allowed)


def test_a_missing_password_is_a_sentence() -> None:
    with served(Smtp(security="tls")) as server, pytest.raises(ConfigError, match="POST_KEY"):
        post(a_letter(), a_postbox(server, user="ada", password=Secret("POST_KEY")), tls=trusting())

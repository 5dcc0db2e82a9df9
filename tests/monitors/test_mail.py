"""Reading a mailbox: what is asked, what is not, and what a rude server gets us to do."""

import asyncio
import builtins
import socket
import ssl
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from earmark.contract import Letter
from earmark.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from monitors import mail
from monitors.mail import Mailbox, letters, number_of, place_of
from monitors.parse import ParsePool
from monitors.poll import Visit
from storage.polls import Configured
from tests.builders import NOW
from tests.monitors.hostile import a_fetcher
from tests.monitors.imap import PASSWORD, Imap, Rude, served, trusting

pytestmark = pytest.mark.slow


def read(
    server: Imap, *, after: int = 0, tls: ssl.SSLContext | None = None, **changes: Any
) -> Sequence[Letter]:
    """Read a served mailbox, by the name that its certificate is for."""
    fields: dict[str, Any] = {
        "host": "feeds.example",
        "port": server.port,
        "user": "sdr",
        "password": PASSWORD,
        "folder": "INBOX",
        "addresses": ("127.0.0.1",),
        "seconds": 20.0,
    }
    with served(server):
        return letters(
            Mailbox(**(fields | {"port": server.port} | changes)), after=after, tls=tls or trusting()
        )


def saying(answer: bytes) -> Rude:
    return lambda tag, _: answer.replace(b"TAG", tag)


# What is asked


def test_letters_come_as_they_are_with_numbers_that_last() -> None:
    server = Imap({3: b"Subject: a\r\n\r\nOne\r\n", 9: b"\xff\0 whatever"})
    found = read(server)
    assert [letter.raw for letter in found] == list(server.letters.values())
    assert [place_of(letter.uid) for letter in found] == [(7, 3), (7, 9)]


def test_nothing_in_the_mailbox_is_changed() -> None:
    server = Imap({1: b"x", 2: b"y"})
    read(server)
    assert server.verbs == ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH", "UID FETCH"]
    assert all("BODY.PEEK[]" in line for line in server.said if "FETCH" in line)


def test_only_letters_after_the_last_one_are_fetched() -> None:
    server = Imap(dict.fromkeys((1, 2, 3), b"x"))
    assert [place_of(letter.uid)[1] for letter in read(server, after=number_of(7, 2))] == [3]
    assert sum("FETCH" in line for line in server.said) == 1
    assert read(Imap({1: b"x"}), after=number_of(7, 1)) == []


def test_a_folder_that_was_renumbered_is_read_anew() -> None:
    assert len(read(Imap({1: b"x", 2: b"y"}, validity=8), after=number_of(7, 500))) == 2


def test_a_first_visit_takes_the_newest_and_a_later_one_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_LETTERS", 2)
    full = dict.fromkeys(range(1, 6), b"x")
    assert [place_of(letter.uid)[1] for letter in read(Imap(full))] == [4, 5]
    assert [place_of(letter.uid)[1] for letter in read(Imap(full), after=number_of(7, 1))] == [2, 3]


def test_a_long_letter_is_cut_and_a_visit_stops_at_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_BYTES", 10)
    monkeypatch.setattr(mail, "MOST_BYTES_IN_ALL", 1_000)
    assert [len(letter.raw) for letter in read(Imap({1: b"x" * 500, 2: b"y" * 3}))] == [10, 3]
    monkeypatch.setattr(mail, "MOST_BYTES", 600)
    assert len(read(Imap(dict.fromkeys(range(1, 6), b"x" * 500)))) == 2


def test_a_letter_that_goes_away_meanwhile_is_left_out() -> None:
    server = Imap({1: b"x", 2: b"y"})
    server.rude = {"UID SEARCH": saying(b"* SEARCH 1 2 5\r\nTAG OK done\r\n")}
    assert len(read(server)) == 2


def test_an_empty_folder_has_no_letters() -> None:
    assert read(Imap()) == []


def test_a_password_beyond_ascii_is_sent_too() -> None:
    server = Imap({1: b"x"})
    assert len(read(server, password="päss")) == 1  # noqa: S106 - of a server that lives for one test
    with pytest.raises(SourceRefused, match="refused the log-in of sdr"):
        read(Imap(), password="möp")  # noqa: S106 - of a server that lives for one test


# What goes wrong


def test_a_wrong_password_is_refused_with_what_to_do_and_never_shown() -> None:
    with pytest.raises(
        SourceRefused, match=r"\(\[AUTHENTICATIONFAILED\] Invalid credentials\).*app password"
    ) as c:
        read(Imap(), password="hunter2-hunter2")  # noqa: S106 - of a server that lives for one test
    assert "hunter2" not in str(c.value)
    assert c.value.__cause__ is None


def test_the_password_does_not_show_in_the_mailbox_either() -> None:
    box = Mailbox(host="h", port=1, user="u", password="hunter2", folder="f", addresses=())  # noqa: S106 - a test's
    assert "hunter2" not in repr(box)


def test_a_folder_that_is_missing_is_named() -> None:
    with pytest.raises(SourceRefused, match="no folder 'Gone'"):
        read(Imap(), folder="Gone")


@pytest.mark.parametrize("changes", [{"password": "x\r\nA1 DELETE INBOX"}, {"user": ""}, {"folder": "a\nb"}])
def test_words_that_would_begin_a_command_of_their_own_are_never_sent(changes: dict[str, Any]) -> None:
    server = Imap()
    with pytest.raises(SourceRefused, match="control character"):
        read(server, **changes)
    assert server.said == []


def test_a_certificate_for_another_name_is_refused_before_the_log_in() -> None:
    server = Imap()
    with pytest.raises(SourceUnavailable, match="certificate that can't be trusted"):
        read(server, host="imap.other.example")
    assert server.said == []


def test_a_certificate_that_nobody_signed_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="certificate that can't be trusted"):
        read(Imap(), tls=ssl.create_default_context())


def test_a_server_without_tls_gets_no_password() -> None:
    server = Imap(tls=False)
    with pytest.raises(SourceUnavailable, match="can't be reached, or broke off"):
        read(server)
    assert not any("LOGIN" in line for line in server.said)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(SourceUnavailable, match="ConnectionRefusedError"):
        read(Imap(), port=port)


def _endless(tag: bytes, line: socket.socket) -> bytes | None:
    del tag
    while True:
        line.sendall(b"* OK more and more and more\r\n" * 1_000)


def _long_line(tag: bytes, line: socket.socket) -> bytes | None:
    del tag
    while True:
        line.sendall(b"x" * 100_000)


RUDE: dict[str, tuple[type[SourceError], Imap]] = {
    "no IMAP": (SourceChanged, Imap(greeting=b"220 smtp.example ESMTP\r\n")),
    "bye": (SourceChanged, Imap(greeting=b"* BYE full\r\n")),
    "bytes": (SourceChanged, Imap(greeting=bytes(range(128, 256)) + b"\r\n")),
    "hangs up": (SourceUnavailable, Imap(rude={"LOGIN": lambda *_: None})),
    "old": (SourceChanged, Imap(rude={"CAPABILITY": saying(b"* CAPABILITY IMAP2\r\nTAG OK done\r\n")})),
    "no validity": (SourceChanged, Imap(validity=None)),
    "validity of zero": (SourceChanged, Imap(validity=0)),
    "huge validity": (SourceChanged, Imap(validity=2**40)),
    "words for uids": (SourceChanged, Imap(rude={"UID SEARCH": saying(b"* SEARCH a b\r\nTAG OK done\r\n")})),
    "no to a search": (SourceChanged, Imap(rude={"UID SEARCH": saying(b"TAG NO not now\r\n")})),
    "a literal of gigabytes": (
        SourceChanged,
        Imap({1: b"x"}, rude={"UID FETCH": saying(b"* 1 FETCH (UID 1 BODY[] {9999999999}\r\nx")}),
    ),
    "half a literal": (
        SourceUnavailable,
        Imap({1: b"x"}, rude={"UID FETCH": lambda _, line: line.sendall(b"* 1 FETCH (BODY[] {50}\r\nhalf")}),
    ),
    "endless lines": (SourceChanged, Imap(rude={"UID SEARCH": _endless})),
    "an endless line": (SourceChanged, Imap(rude={"LOGIN": _long_line})),
}


@pytest.mark.parametrize("name", RUDE)
def test_a_rude_server_ends_in_an_error_with_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_BYTES_IN_ALL", 1_000_000)
    monkeypatch.setattr(mail, "_LONGEST_LINE", 900_000)
    kind, server = RUDE[name]
    with pytest.raises(SourceError, match=r"feeds\.example") as caught:
        read(server)
    assert type(caught.value) is kind
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("verb", ["CAPABILITY", "UID FETCH"])
def test_a_server_that_hangs_is_left_in_time(verb: str) -> None:
    def wait(_: bytes, line: socket.socket) -> bytes | None:
        line.recv(1)  # until the other side goes
        return None

    with pytest.raises(SourceUnavailable, match="broke off"):
        read(Imap({1: b"x"}, rude={verb: wait}), seconds=0.5)


def test_what_was_read_before_the_time_was_up_is_kept() -> None:
    fetched: list[bytes] = []

    def slow(tag: bytes, line: socket.socket) -> bytes | None:
        fetched.append(tag)
        if len(fetched) == 1:
            return b"* 1 FETCH (UID 1 BODY[]<0> {1}\r\nx)\r\n" + tag + b" OK done\r\n"
        line.recv(1)
        return None

    assert [
        letter.raw for letter in read(Imap({1: b"x", 2: b"y"}, rude={"UID FETCH": slow}), seconds=3.0)
    ] == [b"x"]


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: Any) -> Any:
        if name == "imap_tools":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "imap_tools", raising=False)
    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(SourceRefused, match=r"pip install 'earmark\[mail\]'"):
        read(Imap())


# Through the door


def through_the_door(host: str, port: int, **fetcher: Any) -> Sequence[Letter]:
    async def run() -> Sequence[Letter]:
        configured = Configured(id="mail", kind="mailbox", options={}, next_poll_at=NOW)
        async with a_fetcher(**fetcher) as ours, ParsePool() as pool:
            return await Visit(configured, ours, pool, NOW).mail(
                host, user="sdr", password=PASSWORD, port=port
            )

    return asyncio.run(run())


def test_a_private_mail_server_is_refused_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", trusting_once())
    with served(Imap({1: b"x"})) as server:
        with pytest.raises(SourceRefused, match=r"127\.0\.0\.1 is an address of this machine"):
            through_the_door("127.0.0.1", server.port)
        assert server.said == []
        found = through_the_door("127.0.0.1", server.port, allow=[f"127.0.0.1:{server.port}"])
    assert [letter.raw for letter in found] == [b"x"]


def test_a_name_is_resolved_once_and_that_address_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", trusting_once())
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        del port
        asked.append(host)
        return ["127.0.0.1"]

    with served(Imap({1: b"x"})) as server:
        allow = [f"feeds.example:{server.port}"]
        assert through_the_door("feeds.example", server.port, resolve=resolve, allow=allow)
    assert asked == ["feeds.example"]


def trusting_once() -> Any:
    context = trusting()
    return lambda: context

"""A local SMTP server that does what it is told, however rude; and keeps the letters that it took."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.monitors.hostile import CERTIFICATE

__all__ = ["Smtp", "served"]


@dataclass
class Smtp:
    """``rude`` replaces the answer to a command (or to ``.``, the end of a letter); None hangs up.

    A letter counts as taken when its end has come, whatever is answered then. ``hangs`` is the command to
    which nothing is ever said.
    """

    rude: Mapping[str, bytes | None] = field(default_factory=dict)
    security: str = "none"
    hangs: str = ""
    logins: bool = False
    said: list[str] = field(default_factory=list)
    letters: list[EmailMessage] = field(default_factory=list)
    port: int = 0


@contextmanager
def served(server: Smtp) -> Iterator[Smtp]:
    """Run a server on a free port of 127.0.0.1 for as long as the context lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    open_ones: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    open_ones.append(plain)
                    with contextlib.suppress(OSError, ValueError):
                        line = plain
                        if server.security == "tls":
                            line = context.wrap_socket(plain, server_side=True)
                            open_ones.append(line)
                        _talk(server, line, context, open_ones)
                    for each in open_ones:
                        each.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            for end in (listener, *open_ones):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            thread.join(5)
            assert not thread.is_alive()


def _talk(server: Smtp, line: socket.socket, context: ssl.SSLContext, open_ones: list[socket.socket]) -> None:
    line.sendall(server.rude.get("GREETING", b"220 ready\r\n") or b"")
    file = line.makefile("rb")
    while raw := file.readline():
        verb = raw.split()[0].decode("ascii").upper() if raw.split() else ""
        server.said.append(verb)
        if verb == server.hangs:
            file.read(1)  # until the other side has had enough
            return
        if verb in server.rude:
            answer = server.rude[verb]
            if answer is None:
                return
            line.sendall(answer)
            continue
        if verb == "STARTTLS":
            line.sendall(b"220 go on\r\n")
            line = context.wrap_socket(line, server_side=True)
            open_ones.append(line)
            file = line.makefile("rb")
        elif verb == "DATA":
            line.sendall(b"354 go on\r\n")
            if not _take(server, line, file):
                return
        else:
            line.sendall(_answer(server, verb))


def _take(server: Smtp, line: socket.socket, file: object) -> bool:
    lines = []
    while (raw := file.readline()) not in {b".\r\n", b""}:  # type: ignore[attr-defined]  # a socket's file
        lines.append(raw[1:] if raw.startswith(b"..") else raw)
    made = message_from_bytes(b"".join(lines), policy=policy.default)
    assert isinstance(made, EmailMessage)
    server.letters.append(made)
    answer = server.rude.get(".", b"250 taken\r\n")
    if answer is None:
        return False
    line.sendall(answer)
    return True


def _answer(server: Smtp, verb: str) -> bytes:
    if verb == "EHLO":
        more = b"250-STARTTLS\r\n" if server.security == "starttls" else b""
        more += b"250-AUTH PLAIN\r\n" if server.logins else b""
        return b"250-here\r\n" + more + b"250 SMTPUTF8\r\n"
    return {"AUTH": b"235 welcome\r\n", "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")

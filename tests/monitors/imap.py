"""A local IMAP server over TLS that does what it is told, however rude; and notes every command."""

import base64
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.monitors.hostile import CERTIFICATE

__all__ = ["PASSWORD", "Imap", "served", "trusting"]

PASSWORD = "app-password"  # noqa: S105 - of a server that lives for one test
Rude = Callable[[bytes, socket.socket], bytes | None]
"""Takes the tag and the connection; returns what to say instead, or None to hang up."""


@dataclass
class Imap:
    """Letters by uid; ``rude`` replaces the answer to a command, ``greeting`` the first line."""

    letters: dict[int, bytes] = field(default_factory=dict)
    validity: int | None = 7
    rude: Mapping[str, Rude] = field(default_factory=dict)
    greeting: bytes = b"* OK ready\r\n"
    tls: bool = True
    said: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def verbs(self) -> list[str]:
        return [
            " ".join(line.split()[:2] if line.startswith("UID") else line.split()[:1]) for line in self.said
        ]


def trusting() -> ssl.SSLContext:
    """Return a client's context that trusts the tests' certificate alone."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@contextmanager
def served(server: Imap) -> Iterator[Imap]:
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
                        line = context.wrap_socket(plain, server_side=True) if server.tls else plain
                        open_ones.append(line)
                        _talk(server, line)
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


def _talk(server: Imap, line: socket.socket) -> None:
    line.sendall(server.greeting)
    with line.makefile("rb") as file:
        for raw in file:
            tag, _, command = raw.rstrip(b"\r\n").partition(b" ")
            server.said.append(command.decode("utf-8", "replace"))
            verb = server.verbs[-1].upper()
            rude = server.rude.get(verb)
            answer = rude(tag, line) if rude else _answer(server, verb, tag, command)
            if answer is None:
                return
            line.sendall(answer)
            if verb == "AUTHENTICATE":
                told = base64.b64decode(file.readline()).split(b"\0")[-1].decode()
                line.sendall(
                    tag + (b" OK in\r\n" if told == "päss" else b" NO [AUTHENTICATIONFAILED] no\r\n")
                )


def _answer(server: Imap, verb: str, tag: bytes, command: bytes) -> bytes:
    done = tag + b" OK done\r\n"
    answer = tag + b" BAD what\r\n"
    match verb:
        case "CAPABILITY":
            answer = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + done
        case "AUTHENTICATE":
            answer = b"+ \r\n"
        case "LOGIN":
            right = f'"{PASSWORD}"'.encode() in command
            answer = done if right else tag + b" NO [AUTHENTICATIONFAILED] Invalid credentials\r\n"
        case "EXAMINE" if b"Gone" in command:
            answer = tag + b" NO no such folder\r\n"
        case "EXAMINE":
            validity = (
                f"* OK [UIDVALIDITY {server.validity}] valid\r\n" if server.validity is not None else ""
            )
            answer = (
                f"* {len(server.letters)} EXISTS\r\n{validity}".encode() + tag + b" OK [READ-ONLY] in\r\n"
            )
        case "UID SEARCH":
            first = int((re.search(rb"UID SEARCH UID (\d+):", command) or [b"", b"1"])[1])
            newest = max(server.letters, default=0)
            found = [uid for uid in server.letters if uid >= first or uid == newest]  # as "n:*" does
            answer = f"* SEARCH {' '.join(map(str, found))}\r\n".encode() + done
        case "UID FETCH":
            answer = _fetched(server, command) + done
    return answer


def _fetched(server: Imap, command: bytes) -> bytes:
    uid, most = map(int, re.findall(rb"FETCH (\d+) \(UID BODY\.PEEK\[\]<0\.(\d+)>\)", command)[0])
    if uid not in server.letters:
        return b""
    raw = server.letters[uid][:most]
    head = f"* {list(server.letters).index(uid) + 1} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode()
    return head + raw + b")\r\n"

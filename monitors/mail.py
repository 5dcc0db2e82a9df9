"""Mailboxes over IMAP: the only user of imap-tools.

A name is resolved once and judged by the guard before; here the very address that was admitted is connected
to, with TLS verified against the name. The folder is opened with EXAMINE and letters are fetched with PEEK,
so that no flag changes. Bytes and time of a visit are bounded, whatever the server says.
"""

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from earmark.contract import Letter
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable

__all__ = ["Mailbox", "letters", "number_of", "place_of"]

MOST_LETTERS: Final = 200
MOST_BYTES: Final = 1024 * 1024
"""Of one letter: what is longer is cut off."""
MOST_BYTES_IN_ALL: Final = 20 * 1024 * 1024
_LONGEST_LINE: Final = 8 * 1024 * 1024  # all uids of a folder stand in one
_AROUND_A_LETTER: Final = 64 * 1024
_SECONDS: Final = 60.0
_SECONDS_TO_CONNECT: Final = 8.0
_MOST_ADDRESSES: Final = 4
_UIDS: Final = 2**32
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_HIDDEN: Final = re.compile(r"[^\x20-\x7e]")
_LONGEST_ANSWER: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where the mail is, and who reads it; ``addresses`` are those that the guard admitted.

    ``seconds`` bounds the whole visit.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    addresses: Sequence[str]
    seconds: float = _SECONDS


def number_of(validity: int, uid: int) -> int:
    """Return the one number that a letter has for ever: its uid under the mailbox's UIDVALIDITY."""
    return validity * _UIDS + uid


def place_of(number: int) -> tuple[int, int]:
    """Return the UIDVALIDITY and the uid that make up a number."""
    return divmod(number, _UIDS)


def letters(mailbox: Mailbox, *, after: int, tls: ssl.SSLContext | None = None) -> Sequence[Letter]:
    """Return the letters of a folder with a higher number than ``after``, oldest first.

    The first visit, and one after the server has renumbered the folder, takes the newest 200; later ones
    the next 200, and all stop at 20 MB. It changes nothing in the mailbox. Raises SourceRefused for a bad
    log-in or folder, SourceUnavailable when the server can't be reached or breaks off, SourceChanged when
    it doesn't speak IMAP as it should.
    """
    tools = _imap_tools()
    _check_words(mailbox)
    with _said_in_words(mailbox, tools):
        client = _Client(mailbox, tls or ssl.create_default_context())
        try:
            return _read(_box(tools, client), client, mailbox, after)
        finally:
            client.hang_up()


def _check_words(mailbox: Mailbox) -> None:
    for name, words in (("user", mailbox.user), ("password", mailbox.password), ("folder", mailbox.folder)):
        if not words or any(character < " " or character == "\x7f" for character in words):
            raise SourceRefused(  # else a line end in it would begin a command of its own
                f"The {name} for the mail server {mailbox.host} is empty or has a control character in it. "
                "Correct it; a line end at the end of a password is the usual cause."
            )


def _imap_tools() -> ModuleType:
    try:
        import imap_tools  # noqa: PLC0415 - an extra, not always installed
    except ImportError as error:
        raise SourceRefused(
            "Reading a mailbox over IMAP needs an extra that is not installed. "
            "Install it with: pip install 'earmark[mail]'"
        ) from error
    return imap_tools


def _box(tools: ModuleType, client: imaplib.IMAP4) -> Any:
    """Return imap-tools' mailbox over a connection of our own making."""
    made = type("_Box", (tools.BaseMailBox,), {"_get_mailbox_client": lambda _: client})
    return made()


def _read(box: Any, client: "_Client", mailbox: Mailbox, after: int) -> list[Letter]:
    _log_in(box, mailbox)
    box.folder.set(mailbox.folder, readonly=True)  # EXAMINE
    validity = _validity(client, mailbox)
    known, last = place_of(after)
    fresh = known != validity
    first = 1 if fresh else last + 1
    # "n:*" always names the newest letter, even one that is older than n.
    found = {int(uid) for uid in box.uids(f"UID {first}:*", charset=None)}
    uids = sorted(uid for uid in found if first <= uid < _UIDS)
    wanted = uids[-MOST_LETTERS:] if fresh else uids[:MOST_LETTERS]
    taken: list[Letter] = []
    for uid in wanted:
        try:
            raw = _letter(client, uid)
        except (imaplib.IMAP4.abort, OSError):
            if client.overtime and taken:  # the rest comes with the next visit
                break
            raise
        if raw is not None:  # else deleted meanwhile
            taken.append(Letter(uid=number_of(validity, uid), raw=raw))
        if sum(len(letter.raw) for letter in taken) >= MOST_BYTES_IN_ALL:
            break
    return taken


def _log_in(box: Any, mailbox: Mailbox) -> None:
    if mailbox.user.isascii() and mailbox.password.isascii():
        box.login(mailbox.user, mailbox.password, initial_folder=None)
        return
    try:
        box.login_utf8(mailbox.user, mailbox.password, initial_folder=None)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise _refused(mailbox, "") from None


def _validity(client: "_Client", mailbox: Mailbox) -> int:
    _, told = client.response("UIDVALIDITY")
    value = told[-1] if told else None
    if not isinstance(value, bytes) or not value.isdigit() or not 0 < int(value) < _UIDS:
        raise SourceChanged(
            f"{mailbox.host} gives no UIDVALIDITY for the folder {mailbox.folder!r}, without which letters "
            "can't be told apart. Use another folder, or a folder of .eml files."
        )
    return int(value)


def _letter(client: "_Client", uid: int) -> bytes | None:
    client.begin_letter()
    _, parts = client.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MOST_BYTES}>)")
    for part in parts or ():
        if isinstance(part, tuple) and len(part) > 1:
            told = _UID.search(part[0])
            if told is None or int(told[1]) == uid:
                return bytes(part[1])
    return None


class _Client(imaplib.IMAP4):
    """An IMAP connection to an address that was admitted, bounded in bytes and time."""

    def __init__(self, mailbox: Mailbox, tls: ssl.SSLContext) -> None:
        self._mailbox, self._tls = mailbox, tls
        self._left = MOST_BYTES_IN_ALL
        self.overtime = False
        self._watch = threading.Timer(mailbox.seconds, self._give_up)
        self._watch.daemon = True
        try:
            super().__init__(mailbox.host, mailbox.port)
        except BaseException:
            self.hang_up()
            raise

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Connect to the first address that answers, and shake hands under the host's name."""
        del timeout
        self.host, self.port = host, port
        plain = _connected(self._mailbox.addresses, port)
        try:
            plain.settimeout(self._mailbox.seconds)
            self.sock = self._tls.wrap_socket(
                plain, server_hostname=host.rstrip("."), do_handshake_on_connect=False
            )
            self._watch.start()
            self.sock.do_handshake()
        except BaseException:
            plain.close()
            raise
        self.file = self.sock.makefile("rb")

    def begin_letter(self) -> None:
        """Allow the bytes of one more letter."""
        self._left = MOST_BYTES + _AROUND_A_LETTER

    def read(self, size: int) -> bytes:
        """Return so many bytes; SourceChanged when a server announces more than was asked for."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Return a line; SourceChanged when a server goes on and on."""
        line = bytes(self.file.readline(_LONGEST_LINE + 1))  # type: ignore[arg-type]  # typed as either
        self._spend(len(line) if len(line) <= _LONGEST_LINE else self._left + 1)
        return line

    def hang_up(self) -> None:
        """Close the connection without a word: a server that hangs would not answer to one."""
        self._watch.cancel()
        for end in (getattr(self, "file", None), getattr(self, "sock", None)):
            if end is not None:
                end.close()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise SourceChanged(
                f"The mail server {self._mailbox.host} sends more than was asked for, and was left. "
                "Check that host and port are those of an IMAP server."
            )

    def _give_up(self) -> None:
        self.overtime = True
        sock = getattr(self, "sock", None)
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # wakes whoever waits for a byte
            except OSError:
                return


def _connected(addresses: Sequence[str], port: int) -> socket.socket:
    fault: OSError | None = None
    for address in addresses[:_MOST_ADDRESSES]:
        try:
            return socket.create_connection((address, port), timeout=_SECONDS_TO_CONNECT)
        except OSError as error:
            fault = error
    raise fault or ConnectionError("there is no address")


@contextmanager
def _said_in_words(mailbox: Mailbox, tools: ModuleType) -> Iterator[None]:
    """Turn what imaplib, imap-tools and the network raise into the error that says what to do."""
    where = f"The mail server {mailbox.host}"
    try:
        yield
    except tools.MailboxLoginError as error:
        raise _refused(mailbox, _answer(error)) from None  # the text of its cause may show what was sent
    except tools.MailboxFolderSelectError as error:
        raise SourceRefused(
            f"{where} has no folder {mailbox.folder!r}, or doesn't open it{_answer(error)}. "
            "Check the name as the mail program shows it, with its parent folders."
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise SourceUnavailable(
            f"{where} shows a certificate that can't be trusted ({error.verify_message}). "
            "Check the host name: it must be the one that the certificate is for."
        ) from error
    except (imaplib.IMAP4.error, tools.ImapToolsError, OSError, ValueError, IndexError) as error:
        # imaplib calls it "abort" both when a connection ends and when it can't make sense of a line.
        is_lost = isinstance(error, imaplib.IMAP4.abort) and "unexpected" not in str(error)
        if is_lost or isinstance(error, OSError):
            raise SourceUnavailable(
                f"{where} can't be reached, or broke off ({type(error).__name__}). It is tried again later."
            ) from None
        raise SourceChanged(
            f"{where} answered, but not as an IMAP server should ({type(error).__name__}). "
            f"Check that {mailbox.host}:{mailbox.port} is the IMAP server, with TLS from the start."
        ) from None


def _refused(mailbox: Mailbox, answer: str) -> SourceRefused:
    return SourceRefused(
        f"The mail server {mailbox.host} refused the log-in of {mailbox.user}{answer}. Check user and "
        "password; most services want an app password, made in the account's security settings."
    )


def _answer(error: Any) -> str:
    """Return what the server said, short and printable."""
    try:
        words = error.command_result[1][-1].decode("utf-8", "replace")
    except (AttributeError, IndexError, TypeError):
        return ""
    words = " ".join(_HIDDEN.sub(" ", words).split())[:_LONGEST_ANSWER]
    return f" ({words})" if words else ""

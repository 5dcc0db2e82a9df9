"""The mail server that letters are sent through (SMTP): guarded, encrypted, and bounded in time.

Its name is resolved once and judged by the guard; the very address that was admitted is connected to, with
TLS verified against the name.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any, Final

from earmark.config import Settings
from earmark.errors import ConfigError, ExportRefused, ExportRejected, ExportUnavailable, SourceError
from earmark.secret import Secret
from monitors.guard import Allow, admit, literal

__all__ = ["Postbox", "post", "postbox_of"]

_SECONDS: Final = 60.0
_SECONDS_TO_CONNECT: Final = 8.0
_MOST_ADDRESSES: Final = 4
_LONGEST_ANSWER: Final = 160
_LONGEST_LINE: Final = 500  # of a header: the address in one stays whole; SMTP bears 998
_SECRET: Final = "mail"  # noqa: S105 - the name of the secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Postbox:
    """Where letters are handed in; ``security`` is starttls, tls or none, ``seconds`` bounds one letter."""

    server: str
    port: int
    security: str = "starttls"
    sender: str
    user: str | None = None
    password: Secret | None = field(default=None, repr=False)
    allow: Allow = field(default_factory=Allow)
    seconds: float = _SECONDS


def postbox_of(settings: Settings) -> Postbox:
    """Return the mail server of a workspace; ConfigError names what is missing."""
    mail = settings.mail
    if mail.server is None or mail.sender is None:
        missing = "server" if mail.server is None else "sender"
        raise ConfigError(
            f"mail.{missing} is not set, so no mail can be sent. Write it under [mail] in "
            f"{settings.workspace / 'earmark.toml'}."
        )
    return Postbox(
        server=mail.server,
        port=mail.port,
        security=mail.security,
        sender=mail.sender,
        user=mail.user,
        password=settings.secrets[_SECRET] if mail.user else None,
        allow=Allow.parse(settings.http.allow),
    )


def post(letter: EmailMessage, postbox: Postbox, *, tls: ssl.SSLContext | None = None) -> None:
    """Hand a letter in; it returns once the server has taken it.

    Raises ExportUnavailable when the server can't be reached, puts us off or breaks off (the letter may
    have been taken), ExportRejected when it refuses this letter, ExportRefused when it refuses us: a bad
    log-in, a certificate that can't be trusted, an address that the guard does not admit.
    """
    password = postbox.password.value() if postbox.password else ""
    addresses = _admitted(postbox)
    with _said_in_words(postbox):
        client = _Client(postbox, addresses, tls or ssl.create_default_context())
        try:
            client.begin()
            if postbox.user:
                client.login(postbox.user, password)
            to = str(letter["To"].addresses[0].addr_spec)
            is_plain = to.isascii() and postbox.sender.isascii()
            raw = letter.as_bytes(
                policy=(SMTP if is_plain else SMTPUTF8).clone(max_line_length=_LONGEST_LINE)
            )
            client.sendmail(postbox.sender, [to], raw, () if is_plain else ("SMTPUTF8",))
        finally:
            client.hang_up()


def _admitted(postbox: Postbox) -> Sequence[str]:
    """Return the addresses of the server that we may connect to, in order."""
    host, port = postbox.server, postbox.port
    try:
        found = [host] if literal(host) else _look_up(host, port)
        addresses = admit(host, port, found, postbox.allow)
    except SourceError as error:
        raise ExportRefused(f"The mail server is not asked: {error}") from error
    except (OSError, UnicodeError) as error:
        raise ExportUnavailable(
            f"No address was found for the mail server {host}. Check mail.server in earmark.toml, and this "
            "machine's connection; it is tried again later."
        ) from error
    here = all(address.is_loopback for address in map(literal, addresses) if address)
    if postbox.security == "none" and not here:
        raise ExportRefused(
            f"mail.security is none, and {host} is another machine: everybody between would read along. "
            "Set it to starttls or tls."
        )
    return addresses[:_MOST_ADDRESSES]


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Client(smtplib.SMTP):
    """smtplib over a connection of our own making, which ends when the time is up."""

    def __init__(self, postbox: Postbox, addresses: Sequence[str], tls: ssl.SSLContext) -> None:
        self._postbox, self._addresses, self._tls = postbox, addresses, tls
        self._watch = threading.Timer(postbox.seconds, self._give_up)
        self._watch.daemon = True
        super().__init__(local_hostname="localhost", timeout=postbox.seconds)

    def begin(self) -> None:
        """Connect, and encrypt what follows as the settings say."""
        self._host = self._postbox.server.rstrip(".")  # smtplib verifies the certificate against it
        self._watch.start()
        code, said = self.connect(self._postbox.server, self._postbox.port)
        if code != 220:  # noqa: PLR2004 - SMTP's "ready"
            raise smtplib.SMTPConnectError(code, said)
        if self._postbox.security == "starttls":
            self.starttls(context=self._tls)
        self.ehlo_or_helo_if_needed()

    def hang_up(self) -> None:
        """Close the connection without a word: a server that hangs would not answer to one."""
        self._watch.cancel()
        self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Return a connection to an address that was admitted; smtplib calls this."""
        del host
        plain = _connected(self._addresses, port)
        plain.settimeout(timeout)
        if self._postbox.security != "tls":
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise

    def _give_up(self) -> None:
        sock: Any = self.sock
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # wakes whoever waits for a byte
            except OSError:
                return


def _connected(addresses: Sequence[str], port: int) -> socket.socket:
    fault: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=_SECONDS_TO_CONNECT)
        except OSError as error:
            fault = error
    raise fault or ConnectionError("there is no address")


@contextmanager
def _said_in_words(postbox: Postbox) -> Iterator[None]:
    """Turn what smtplib and the network raise into the error that says what to do."""
    where = f"The mail server {postbox.server}:{postbox.port}"
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise ExportRefused(
            f"{where} refused the log-in of {postbox.user}{_answer(error.smtp_error)}. Check mail.user and "
            "the secret mail; most services want an app password."
        ) from None  # the cause may show what was sent
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _judged(where, "that address", code, said) from None
    except smtplib.SMTPResponseException as error:
        raise _judged(where, "the letter", error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise ExportRefused(
            f"{where} can't do what is asked of it ({error}). Check mail.security and mail.port: 587 goes "
            "with starttls, 465 with tls."
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise ExportRefused(
            f"{where} shows a certificate that can't be trusted ({error.verify_message}). mail.server must "
            "be the name that the certificate is for."
        ) from error
    except (smtplib.SMTPException, OSError, EOFError) as error:
        raise ExportUnavailable(
            f"{where} can't be reached, or broke off ({type(error).__name__}). It is tried again later, "
            "as the same letter."
        ) from None


def _judged(where: str, what: str, code: int, said: bytes | str) -> ExportRejected | ExportUnavailable:
    """Return the error for an answer of the server: below 500 it may pass."""
    if code >= 500:  # noqa: PLR2004 - SMTP's "for good"
        return ExportRejected(
            f"{where} refused {what} for good (SMTP {code}){_answer(said)}. Check it, and mail.sender."
        )
    return ExportUnavailable(
        f"{where} puts {what} off (SMTP {code}){_answer(said)}. It is tried again later."
    )


def _answer(said: bytes | str) -> str:
    """Return what the server said, short and printable."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f": {words[:_LONGEST_ANSWER]}" if words else ""

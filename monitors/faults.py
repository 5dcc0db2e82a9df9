"""What went wrong at a place, as the error that says so: its kind decides what the engine does next."""

import errno
import os
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable

__all__ = ["SOON", "NotAsked", "cut_short", "ours", "rejected", "too_slow", "unreached", "unsendable"]

_OURS: Final = {
    errno.EMFILE: "no file descriptor is free for it: raise the limit (ulimit -n), or lower monitor.parallel",
    errno.ENFILE: "no file descriptor is free on this machine: close other programs, or raise its limit",
    errno.ENOBUFS: "no memory is free for it: close other programs",
    errno.ENOMEM: "no memory is free for it: close other programs",
    errno.ENETDOWN: "this machine has no network: connect it",
    errno.ENETUNREACH: "this machine has no network: connect it",
}
"""Faults of this machine, for which no source is to blame."""
SOON: Final = timedelta(minutes=5)
"""When what failed for want of something on this machine is tried again."""


class NotAsked(SourceUnavailable):
    """The host was not asked, for a reason on our side: its source waits, and has not failed."""


_REFUSALS: Final = {
    401: "It wants a log-in: use an address that is open to everybody, or set the source's key.",
    403: "It lets no program in, or not this one: look for a feed, or ask its owner.",
    407: "A proxy stands between and wants a log-in: connect without it.",
    410: "The page is gone for good: remove the source, or give its new address.",
    451: "It is withheld for legal reasons: remove the source.",
}
_PASSING: Final = {
    404: "The page was not found: it may come back; if not, check its address.",
    408: "It waited too long for the request; it is tried again later.",
    425: "It was not ready; it is tried again later.",
    429: "It wants to be asked less often; earmark waits.",
}


def rejected(
    where: str, status: int, pause: timedelta | None
) -> SourceUnavailable | SourceRefused | SourceChanged:
    """Return the error of a status that is no success; ``pause`` is what the host asked for.

    A 404 is passing, not a refusal: pages vanish for a day and return, and a source must not fall silent
    for good because of it.
    """
    if status in _REFUSALS:
        return SourceRefused(f"{where} refused (HTTP {status}). {_REFUSALS[status]}", status=status)
    if status in _PASSING or status >= 500:  # noqa: PLR2004 - from here on the server is at fault
        advice = _PASSING.get(status, "The trouble is on its side; it is tried again later.")
        text = f"{where} is not available (HTTP {status}). {advice}"
        return SourceUnavailable(text, retry_after=pause, status=status)
    return SourceChanged(
        f"{where} answered with HTTP {status}, which is no page to read. "
        "Open it in a browser; its address may have changed."
    )


def unreached(where: str, error: BaseException) -> SourceUnavailable:
    """Return the error of an exchange that failed before the answer began."""
    if waits := ours(where, error):
        return waits
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceUnavailable(
                f"{where} has a certificate that can't be trusted ({cause.verify_message}), so nothing "
                "was sent. Check the address and this machine's clock, or tell its owner; "
                "it is tried again later."
            )
        if isinstance(cause, ssl.SSLError):
            return SourceUnavailable(
                f"{where} and earmark could not agree on an encrypted connection "
                f"({cause.reason or 'TLS'}). Check that it really answers on https."
            )
        if isinstance(cause, OSError) and cause.errno:
            return SourceUnavailable(
                f"{where} can't be reached ({os.strerror(cause.errno)}). It is tried again later."
            )
    return SourceUnavailable(
        f"{where} hung up without an answer, or did not answer in HTTP. Check the address and its port; "
        "it is tried again later."
    )


def ours(where: str, error: BaseException) -> NotAsked | None:
    """Return the error of a request or a poll that failed for want of something on this machine, or None."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in _OURS:
            return NotAsked(f"{where} was not asked: {_OURS[cause.errno]}.", retry_after=SOON)
    return None


def cut_short(where: str) -> SourceUnavailable:
    """Return the error of an answer that broke off."""
    return SourceUnavailable(f"{where} broke off in the middle of its answer. It is tried again later.")


def too_slow(where: str, deadline: timedelta) -> SourceUnavailable:
    """Return the error of an answer that was not whole in time."""
    return SourceUnavailable(
        f"{where} did not answer in full within {deadline.total_seconds():g} s. It is tried again later."
    )


def unsendable(where: str) -> SourceRefused:
    """Return the error of a request that can't be put into HTTP."""
    return SourceRefused(
        f"The request to {where} can't be sent: one of its headers has characters that HTTP does not allow. "
        "Check the headers of this source."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, the deepest last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

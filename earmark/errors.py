"""Errors, named by what the engine does next.

::

    EarmarkError
    ├── ConfigError              the operator must edit something → stop, exit 2
    ├── SourceError              one poll of one source failed    → the others go on
    │   ├── SourceUnavailable    time-out, 5xx, 429               → back off, honour Retry-After
    │   ├── SourceRefused        401, 403, 410, robots, address   → pause until a person looks
    │   └── SourceChanged        answered, but not in its shape   → say so, keep polling slowly
    ├── ExportError              one delivery failed              → stays in the outbox
    │   ├── ExportUnavailable    the target can't be reached      → try later
    │   ├── ExportRefused        401, 403, gone                   → stop the target until a person looks
    │   └── ExportRejected       the target said no               → shown to a person
    ├── LifecycleError           an unknown stage or cause        → a bug; never caught
    └── StorageError             the database                     → stop, exit 3

A text says what happened, to which thing, and what to do; it never holds a secret.
"""

from datetime import timedelta

__all__ = [
    "ConfigError",
    "EarmarkError",
    "ExportError",
    "ExportRefused",
    "ExportRejected",
    "ExportUnavailable",
    "LifecycleError",
    "SourceChanged",
    "SourceError",
    "SourceRefused",
    "SourceUnavailable",
    "StorageError",
]


class EarmarkError(Exception):
    """Anything earmark itself reports; the text is fit for a person."""


class ConfigError(EarmarkError):
    """The operator must edit something before this can run."""


class SourceError(EarmarkError):
    """One poll of one source failed; the others go on."""


class SourceUnavailable(SourceError):
    """The source did not answer usefully this time.

    ``retry_after`` is the pause that the host asked for, already bounded, or None; ``status`` is the HTTP
    status, if it gave one.
    """

    def __init__(self, text: str, *, retry_after: timedelta | None = None, status: int | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.status = status


class SourceRefused(SourceError):
    """The source, or our own address guard, said no; ``status`` is the HTTP status, if any."""

    def __init__(self, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class SourceChanged(SourceError):
    """The source answered, but not in the shape that we read."""


class ExportError(EarmarkError):
    """One delivery failed and stays in the outbox."""


class ExportUnavailable(ExportError):
    """The target did not take the delivery this time; ``retry_after`` is its wish, or None."""

    def __init__(self, text: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class ExportRefused(ExportError):
    """The target refuses us as such: every further delivery would be refused too."""


class ExportRejected(ExportError):
    """The target refused the delivery: the text names the field and the value."""


class LifecycleError(EarmarkError):
    """An unknown stage or cause: a bug in earmark."""


class StorageError(EarmarkError):
    """The database can't be used; the text says what to do."""

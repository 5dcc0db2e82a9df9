"""What an exporter promises, and the one door that it is handed.

An exporter *is* its validated options plus ``wanted → find → plan → apply``. A dry run prints the plan, undo
applies the inverse of what was done, and a retry starts at ``find``, so that nothing is made twice.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from earmark.contract.page import Page
from earmark.types import Outgoing

__all__ = ["Change", "Delivery", "Exporter", "Finding", "Found", "Receipt", "Told", "Wanted", "inverse"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one object of the target should hold: a company, a note, a task, a message.

    ``key`` is ours: the id of the account for a company, that of the trigger for a note. ``fields`` are
    our own and always written; ``blanks`` are filled only where the target has nothing. A company is found
    by ``crm_id``, then ``domains``, then ``names``; anything else hangs on the company ``parent``.
    """

    object: str
    key: str
    account: str | None = None
    fields: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    blanks: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    parent: str | None = None
    crm_id: str | None = None
    domains: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the target holds of an object now; ``against`` says why it must not be touched, if so."""

    remote_id: str
    fields: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    url: str | None = None
    against: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan: one object, with the fields that it writes, before and after.

    ``parent`` is our key of the company that it hangs on, ``parent_id`` the target's name for it (None while
    that is still to be created). A skip has the ``reason``.
    """

    action: Literal["create", "update", "delete", "skip"]
    object: str
    key: str
    account: str | None = None
    remote_id: str | None = None
    parent: str | None = None
    parent_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    after: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of one change: what the target calls the object, and where to see it; or the ``error``.

    ``error`` is what the target said against this one of several: field, value, and what to do.
    """

    key: str
    remote_id: str | None = None
    url: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check: what was looked at, whether it is well, and what to do if not."""

    what: str
    is_well: bool
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the target tells of one company since the last reading.

    ``key`` is ours where the target holds it. ``suppression`` is customer or open_deal, "" when neither holds
    any more, None when the target does not say; ``contacted_at`` when a task of ours was done; ``outcome`` is
    one of earmark's, come at ``at``. ``ref`` is the trigger that a task or deal names.
    """

    remote_id: str
    at: datetime
    key: str | None = None
    domain: str | None = None
    owner: str | None = None
    suppression: str | None = None
    contacted_at: datetime | None = None
    outcome: str | None = None
    ref: str | None = None


class Delivery(Protocol):
    """The only door of an exporter to the outside; behind it are the address guard and the target's pace."""

    @property
    def now(self) -> datetime:
        """The time of this delivery, aware UTC."""

    @property
    def memory(self) -> dict[str, Any]:
        """What the exporter knows until the process ends, such as an access token; it is never stored."""

    @property
    def state(self) -> dict[str, Any]:
        """What the target's exporter wants to remember, such as the ids of its own fields; JSON."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Page:
        """Send a request and return the answer, be it good or an error of 4xx.

        Raises ExportRefused for 401 and 403, and ExportUnavailable for 429, 5xx and a lost connection;
        redirects are not followed and come back as they are.
        """

    async def tell(self, address: str, title: str, body: str) -> None:
        """Tell a service by its Apprise address; ExportError when it was not told."""

    def file(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all."""


class Exporter(BaseModel, ABC):
    """A target that takes deliveries: its validated options, and four steps.

    A subclass sets ``kind``. ``batch`` is how many changes of one object and action ``apply`` takes at
    once; ``per_second`` and ``at_once`` bound the requests; ``auth`` says what the user must have;
    ``crm`` is the name under which accounts keep this target's ids (``Account.crm_ids``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    about: ClassVar[str] = ""
    auth: ClassVar[str] = "none"
    crm: ClassVar[str | None] = None
    batch: ClassVar[int] = 1
    per_second: ClassVar[float] = 5.0
    reads: ClassVar[bool] = False
    keeps: ClassVar[bool] = True
    """Whether the target keeps what it is told, so that it can be found, updated and undone."""

    automatic: bool = Field(default=True, description="Send promotions by itself; else only by exports run.")
    base_url: HttpUrl | None = Field(None, description="Another host to send to instead of the usual one.")

    def waits_until(self, outgoing: Outgoing, since: datetime) -> datetime:
        """Return when a delivery that is waiting ``since`` then may go out; pure."""
        del outgoing
        return since

    @abstractmethod
    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return what the target should hold of a delivery, companies first; pure. Empty: not for it."""

    @abstractmethod
    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return what the target holds of these now, by object and key, from reads that are current."""

    def plan(self, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> Sequence[Change]:
        """Return the changes that lead from found to wanted; pure.

        Our own fields are written where they differ, blanks where there is nothing. What may not be
        touched is skipped with its reason, and so is all that hangs on it.
        """
        barred: dict[str, str] = {}
        changes = []
        for one in wanted:
            there = found.get((one.object, one.key))
            against = there.against if there else barred.get(one.parent or "", "")
            if against:
                barred[one.key] = against
            changes.append(_change(one, there, against, found))
        return changes

    @abstractmethod
    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Make up to ``batch`` changes of one object and action; a receipt each, in their order.

        Raises ExportError when none of them was made, or when it is unknown which were.
        """

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Return whether token, rights, quota and fields are as needed."""
        del delivery
        return ()

    async def setup(self, delivery: Delivery) -> Sequence[str]:
        """Make our own fields in the target, as far as they lack; return a sentence for each."""
        del delivery
        return ()

    async def read(self, delivery: Delivery) -> AsyncIterator[Told]:
        """Yield what the target tells since the last reading; the place is kept in ``delivery.state``."""
        del delivery
        nothing: tuple[Told, ...] = ()
        for told in nothing:
            yield told


def inverse(change: Change, now: Mapping[str, Any] | None) -> Change:
    """Return the change that takes one back, given the fields that the target holds now (None: it is gone).

    Where a value is no longer ours, it stays; when none is ours any more, that is a skip.
    """
    if now is None:
        return replace(change, action="skip", reason="it is no longer there")
    if change.action == "create":
        changed = [name for name, value in change.after.items() if not _same(now.get(name), value)]
        if changed:
            reason = f"somebody changed {', '.join(sorted(changed))}"
            return replace(change, action="skip", reason=reason)
        return replace(change, action="delete", before=change.after, after=_NOTHING)
    ours = {name for name, value in change.after.items() if _same(now.get(name), value)}
    if not ours:
        return replace(change, action="skip", reason="somebody changed what was written")
    return replace(
        change,
        before={name: change.after[name] for name in sorted(ours)},
        after={name: change.before.get(name) for name in sorted(ours)},
    )


def _change(one: Wanted, there: Found | None, against: str, found: Mapping[tuple[str, str], Found]) -> Change:
    above = found.get(("company", one.parent or ""))
    step = Change(
        action="skip",
        object=one.object,
        key=one.key,
        account=one.account,
        remote_id=there.remote_id if there else None,
        parent=one.parent,
        parent_id=above.remote_id if above else None,
        reason=against,
    )
    if against:
        return step
    if there is None:
        return replace(step, action="create", after={**one.blanks, **one.fields})
    empty = {name: value for name, value in one.blanks.items() if there.fields.get(name) in (None, "", [])}
    after = {
        name: value
        for name, value in {**empty, **one.fields}.items()
        if not _same(there.fields.get(name), value)
    }
    if not after:
        return replace(step, reason="it is up to date")
    return replace(
        step, action="update", before={name: there.fields.get(name) for name in after}, after=after
    )


def _same(one: Any, other: Any) -> bool:
    """Say whether two values are the same to a CRM, which may hand a number back as text."""
    if one in (None, "") and other in (None, ""):
        return True
    return bool(one == other) or str(one) == str(other)

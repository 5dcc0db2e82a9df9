"""What tells people instead of keeping records: hot accounts at once, the others as one digest a day."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from earmark.contract import Change, Delivery, Exporter, Found, Receipt, Wanted
from earmark.errors import ExportRejected
from earmark.types import Outgoing

__all__ = ["DigestExporter"]


class DigestExporter(Exporter):
    """Tells promotions: each hot account in a message of its own, the rest together at ``digest_at``."""

    batch: ClassVar[int] = 200
    per_second: ClassVar[float] = 1.0
    keeps: ClassVar[bool] = False

    digest_at: time = Field(time(8, 30), description="When the digest goes out, in the zone.")
    zone: str = Field("UTC", description="Time zone of the digest, such as Europe/Berlin.")

    @field_validator("zone")
    @classmethod
    def _exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"there is no time zone {zone!r}; write one such as Europe/Berlin") from error
        return zone

    def waits_until(self, outgoing: Outgoing, since: datetime) -> datetime:
        """Return the next digest after ``since``; what is hot does not wait."""
        if _is_hot(outgoing):
            return since
        zone = ZoneInfo(self.zone)
        local = since.astimezone(zone)
        today = datetime.combine(local.date(), self.digest_at, zone)
        if today >= local:
            return today
        return datetime.combine(local.date() + timedelta(days=1), self.digest_at, zone)

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the message of a promotion or a hand-over; other changes of stage are no news for people."""
        if outgoing.topic not in ("account.promoted", "account.handed_over"):
            return ()
        name = "hot" if _is_hot(outgoing) else "digest"
        fields = dict(outgoing.payload)
        return (Wanted(object=name, key=outgoing.key, account=outgoing.account, fields=fields),)

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return nothing: what people were told can't be read back."""
        del wanted, delivery
        return {}

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Tell what is hot one by one, the rest as one digest."""
        if changes[0].action == "delete":
            raise ExportRejected("A message that was sent can't be taken back.")
        told = [change.after for change in changes]
        is_hot = changes[0].object == "hot"
        for part in ([one] for one in told) if is_hot else (told,):
            await self.tell(part, delivery, hot=is_hot)
        return [Receipt(key=change.key) for change in changes]

    @abstractmethod
    async def tell(self, told: Sequence[Mapping[str, Any]], delivery: Delivery, *, hot: bool) -> None:
        """Tell these promotions; raises ExportError when they were not told."""


def _is_hot(outgoing: Outgoing) -> bool:
    """Tell whether somebody waits for an answer: what nobody took in time goes to the next at once."""
    return outgoing.topic == "account.handed_over" or outgoing.payload.get("stage") == "hot"

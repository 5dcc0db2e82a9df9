"""A hundred chats and push services by their Apprise address, such as ntfy, Discord or Telegram."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from pydantic import Field

from earmark.contract import Delivery, Finding, SecretOption
from exports.digest import DigestExporter

__all__ = ["LONGEST", "AppriseExporter", "message"]

LONGEST: Final = 1_500
"""The most characters of a text: the shortest limit of the services, with room to spare."""


class AppriseExporter(DigestExporter):
    """Tells a service by its Apprise address; needs the extra: pip install 'earmark[chat]'."""

    kind: ClassVar[str] = "apprise"
    about: ClassVar[str] = "tells ntfy, Discord, Telegram, Matrix and others by an Apprise address"
    auth: ClassVar[str] = "the Apprise address of a service, and the extra earmark[chat]"

    url: SecretOption = Field(description="The Apprise address, such as ntfys://…, as env:NAME.")

    async def tell(self, told: Sequence[Mapping[str, Any]], delivery: Delivery, *, hot: bool) -> None:
        """Tell the service in one message."""
        title, body = message(told, hot=hot)
        await delivery.tell(self.url.value(), title, body)

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Tell one line."""
        await delivery.tell(self.url.value(), "earmark", "earmark can write here.")
        return (Finding(what="message", is_well=True, text="The service took a line."),)


def message(told: Sequence[Mapping[str, Any]], *, hot: bool) -> tuple[str, str]:
    """Return title and text of promotions, the text as short as every service takes it.

    ``told`` are payloads of ``account.promoted``; those that no longer fit are counted.
    """
    title = "Hot: answer now" if hot else f"{len(told)} {'account' if len(told) == 1 else 'accounts'} to call"
    lines: list[str] = []
    for place, one in enumerate(told):
        parts = (one.get("headline") or one.get("name"), one.get("why_now"), one.get("link"))
        line = " · ".join(" ".join(str(part).split())[:300] for part in parts if part)
        rest = f"and {len(told) - place} more"
        if len("\n".join([*lines, line, rest])) > LONGEST:
            lines.append(rest)
            break
        lines.append(line)
    return title, "\n".join(lines)

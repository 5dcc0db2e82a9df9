"""Slack by an incoming webhook: what is hot at once to the owner, the rest as one digest a day."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field

from earmark.contract import Delivery, Finding, SecretOption
from earmark.errors import ExportRefused, ExportRejected
from exports.digest import DigestExporter

__all__ = ["MOST_BLOCKS", "MOST_IN_ALL", "SlackExporter", "messages"]

MOST_BLOCKS: Final = 50
MOST_IN_ALL: Final = 10_000
"""The most characters of one message; Slack refuses from about 13,000."""

_HEADER: Final = 150
_LINK: Final = 300
_LONGEST_ANSWER: Final = 200
_GONE: Final = frozenset(
    {"channel_is_archived", "channel_not_found", "no_service", "no_team", "user_not_found"}
)
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class SlackExporter(DigestExporter):
    """Writes to the channel of an incoming webhook: hot accounts at once, the others once a day."""

    kind: ClassVar[str] = "slack"
    about: ClassVar[str] = "tells a Slack channel: hot accounts at once to their owner, the rest once a day"
    auth: ClassVar[str] = "the address of an incoming webhook"

    url: SecretOption = Field(description="The address of the incoming webhook, as env:NAME.")
    members: dict[str, str] = Field(
        default_factory=dict, description="Slack member id of each owner, so that a hot account names them."
    )
    page: str | None = Field(None, description="Address of your earmark page, for links to an account.")

    async def tell(self, told: Sequence[Mapping[str, Any]], delivery: Delivery, *, hot: bool) -> None:
        """Post as many messages as it takes."""
        for post in messages(told, self.members, self.page, hot=hot):
            await self._post(post, delivery)

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Post one line."""
        await self._post({"text": "earmark can write here."}, delivery)
        return (Finding(what="post", is_well=True, text="The channel took a line."),)

    async def _post(self, post: Mapping[str, Any], delivery: Delivery) -> None:
        page = await delivery.request("POST", self.url.value(), json=post)
        said = page.text().strip()
        if page.status == 200 and said == "ok":  # noqa: PLR2004 - success
            return
        if said in _GONE or page.status in (404, 410):
            raise ExportRefused(
                f"Slack no longer takes messages there ({said or page.status}). Make a new webhook."
            )
        raise ExportRejected(f"Slack refused the message (HTTP {page.status}): {said[:_LONGEST_ANSWER]}.")


def messages(
    told: Sequence[Mapping[str, Any]], members: Mapping[str, str], page: str | None, *, hot: bool
) -> Iterator[dict[str, Any]]:
    """Yield the messages that tell these promotions, each inside every limit of Slack, whatever the texts.

    ``told`` are payloads of ``account.promoted``.
    """
    title = "Hot: answer now" if hot else f"{len(told)} {'account' if len(told) == 1 else 'accounts'} to call"
    blocks: list[dict[str, Any]] = [_header(title)]
    size = len(title)
    for one in told:
        text = _section(one, members if hot else {}, page)
        if len(blocks) + 1 > MOST_BLOCKS or size + len(text) > MOST_IN_ALL:
            yield {"text": title, "blocks": blocks}
            blocks, size = [_header(f"{title} (more)")], len(title)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
        size += len(text)
    yield {"text": title, "blocks": blocks}


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text[:_HEADER]}}


def _section(told: Mapping[str, Any], members: Mapping[str, str], page: str | None) -> str:
    """Return at most six lines: who, what, why it matters, the words, whom and what next."""
    name = _escaped(str(told.get("name") or ""), 200)
    headline = _escaped(str(told.get("headline") or ""), 300)
    member = members.get(str(told.get("owner") or ""), "")
    mention = f" <@{member}>" if member.isalnum() else ""
    lines = [
        f"*{name}* · {told.get('score', '')}{mention}",
        headline,
        _escaped(str(told.get("why_now") or ""), 400),
        f"> {_escaped(quote, 300)}" if (quote := str(told.get("quote") or "")) else "",
        _escaped(str(told.get("next") or ""), 200),
        " · ".join(filter(None, (_link(told.get("link"), "source"), _link(_own(page, told), "open")))),
    ]
    return "\n".join(line for line in lines if line)


def _own(page: str | None, told: Mapping[str, Any]) -> str | None:
    return f"{page.rstrip('/')}/accounts/{told.get('account')}" if page else None


def _link(url: Any, text: str) -> str:
    """Return a link; an address that could end it early, or is too long, is left out."""
    address = str(url or "")
    if _scheme(address) not in ("http", "https") or any(sign in address for sign in "<>| \n"):
        return ""
    return f"<{address.translate(_ESCAPES)}|{text}>" if len(address) <= _LINK else ""


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme
    except ValueError:
        return ""


def _escaped(text: str, longest: int) -> str:
    """Return text that Slack shows as it is, on one line, cut between characters.

    ``longest`` counts what is sent. Marks would make words bold or struck: a zero-width space before them
    keeps the words as they are.
    """
    signs = [
        f"\u200b{sign}" if sign in "*_~`" else sign.translate(_ESCAPES) for sign in " ".join(text.split())
    ]
    lengths = list(accumulate(map(len, signs)))
    if not lengths or lengths[-1] <= longest:
        return "".join(signs)
    return "".join(signs[: bisect_right(lengths, longest - 1)]) + "…"

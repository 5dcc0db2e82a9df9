"""A webhook of your own: each delivery posted as JSON, signed after Standard Webhooks 1.0."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from pydantic import Field, HttpUrl
from standardwebhooks import Webhook as Signer
from standardwebhooks.webhooks import EmptyWebhookSecretError

from earmark.contract import Change, Delivery, Exporter, Finding, Found, Receipt, SecretOption, Wanted
from earmark.errors import ConfigError, ExportRefused, ExportRejected
from earmark.secret import Secret
from earmark.types import Outgoing

__all__ = ["MOST_BYTES", "WebhookExporter"]

MOST_BYTES: Final = 20_000
"""A body stays under 20 kB: longer texts are cut."""

_GONE: Final = 410
_LONG: Final = (
    "note_html",
    "note_markdown",
    "note_text",
    "quote",
    "why_now",
    "opener",
    "who",
    "next",
    "headline",
)
"""What is given up in a body that is too long, in this order."""


class WebhookExporter(Exporter):
    """Posts each delivery to an address of yours, signed so that you can tell it from a forgery."""

    kind: ClassVar[str] = "webhook"
    about: ClassVar[str] = "posts every promotion to an address of yours, signed (Standard Webhooks)"
    auth: ClassVar[str] = "a signing secret that both sides know"
    keeps: ClassVar[bool] = False

    url: HttpUrl = Field(description="Where to post to; https unless it is this machine.")
    secret: SecretOption = Field(description="The signing secret, whsec_…, as env:NAME.")
    next_secret: SecretOption | None = Field(
        None, description="While you change the secret: the new one, as env:NAME; both sign until then."
    )

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return the one message that a delivery is."""
        told = {"type": outgoing.topic, "key": outgoing.key, "data": dict(outgoing.payload)}
        return (Wanted(object="message", key=outgoing.key, account=outgoing.account, fields=told),)

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return nothing: the receiver drops by webhook-id what it has."""
        del wanted, delivery
        return {}

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Post one message; the same delivery has the same id however often it is tried."""
        if changes[0].action == "delete":
            raise ExportRejected("A message that was sent can't be taken back.")
        return [await self._post(change, delivery) for change in changes]

    async def check(self, delivery: Delivery) -> Sequence[Finding]:
        """Sign and post a message of the type earmark.ping."""
        ping = Change(
            action="create",
            object="message",
            key=f"ping:{delivery.now.isoformat()}",
            after={"type": "earmark.ping", "data": {}},
        )
        await self._post(ping, delivery)
        return (Finding(what="post", is_well=True, text=f"{self.url.host} took a signed message."),)

    async def _post(self, change: Change, delivery: Delivery) -> Receipt:
        body = _body(change.after, delivery.now)
        headers = self._signed(change.key, body, delivery.now)
        page = await delivery.request("POST", str(self.url), body=body, headers=headers)
        if 200 <= page.status < 300:  # noqa: PLR2004 - success
            return Receipt(key=change.key)
        if page.status == _GONE:
            raise ExportRefused(
                f"{self.url.host} is gone, it says (HTTP 410). Give its new address, or remove the target."
            )
        if 300 <= page.status < 400:  # noqa: PLR2004 - a redirect
            raise ExportRejected(
                f"{self.url.host} redirects (HTTP {page.status}); a signed message is not sent elsewhere. "
                "Use the address where it ends."
            )
        raise ExportRejected(f"{self.url.host} refused the message (HTTP {page.status}). Look into its log.")

    def _signed(self, key: str, body: bytes, now: datetime) -> dict[str, str]:
        secrets = [secret for secret in (self.secret, self.next_secret) if secret is not None]
        name = f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        signatures = [_signer(secret).sign(name, now, body.decode()) for secret in secrets]
        return {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def _signer(secret: Secret) -> Signer:
    value = secret.value()
    try:
        return Signer(value)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise ConfigError(
            f"The webhook secret {secret} is no whsec_… with Base64 behind it. Make one of 24 to 64 bytes."
        ) from error


def _body(told: Mapping[str, Any], now: datetime) -> bytes:
    """Return the body, short enough: the longest forms of the note go first."""
    data = dict(told["data"])
    for name in ("", *_LONG):
        if name in data:
            data[name] = str(data[name])[:500]
        whole = {"type": told["type"], "timestamp": now.astimezone(UTC).isoformat(), "data": data}
        body = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), default=str).encode(
            "utf-8", "replace"
        )
        if len(body) < MOST_BYTES:
            return body
    raise ExportRejected(
        f"The message about {told['data'].get('account')} is longer than 20 kB. Shorten its account's fields."
    )

"""Webhooks signed after the Standard Webhooks scheme: who sent a body, and the file that it becomes.

The endpoint is ``monitors.hooks``; here are the judgement and the file, which the ``inbox`` source reads.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable

__all__ = ["keep", "verified"]

TOLERANCE: Final = timedelta(minutes=5)
MOST_BYTES: Final = 1024 * 1024
_PREFIX: Final = "whsec_"
_LONGEST_NAME: Final = 256
_SHORTEST_KEY: Final = 16


def verified(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> str:
    """Return the id of a delivery whose signature one of the secrets made, not more than 5 minutes ago.

    ``secrets`` are of the form ``whsec_…``; two of them let a key be changed without a gap. Raises
    SourceRefused for anything else; its text holds nothing of the body, the secret or the signature.
    """
    given = {name.lower(): value for name, value in headers.items()}
    name, moment = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise SourceRefused(
            "The webhook has no usable webhook-id header. Let the sender sign its deliveries."
        )
    if (
        not (moment.isascii() and moment.isdigit())
        or abs(int(moment[:12]) - now.timestamp()) > TOLERANCE.seconds
    ):
        raise SourceRefused(
            f"The webhook {name!r} was signed more than 5 minutes ago, or later than now. "
            "Check the clocks of both machines."
        )
    if len(body) > MOST_BYTES:
        raise SourceRefused(f"The webhook {name!r} is larger than 1 MB. Send fewer records at a time.")
    offered = [part.partition(",") for part in given.get("webhook-signature", "").split()]
    signatures = [signature for version, _, signature in offered if version == "v1"]
    signed = b".".join((name.encode(), moment.encode(), body))
    right = [hmac.digest(_key(secret), signed, "sha256") for secret in secrets]
    # Every pair is compared, each in constant time: the answer's delay tells nothing.
    if not any([hmac.compare_digest(_decoded(one), key) for one in signatures for key in right]):  # noqa: C419
        raise SourceRefused(f"The webhook {name!r} has no good signature. Check the secret on both sides.")
    return name


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST_KEY:
        raise SourceRefused(
            "The webhook's secret is none: it is whsec_ and the Base64 of 24 random bytes or more. "
            "Copy it from the sender's settings."
        )
    return key


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""


def keep(folder: Path, name: str, body: bytes) -> Path:
    """Write a verified delivery into the drop folder, whole or not at all, and return the file.

    The same id again changes nothing. A record without an id takes the delivery's. Raises SourceChanged
    when the body is no JSON object or list of objects, SourceUnavailable when it can't be written.
    """
    path = folder / f"webhook-{hashlib.sha256(name.encode()).hexdigest()[:24]}.jsonl"
    if path.exists():
        return path
    records = _records(body)
    several = len(records) > 1
    lines = [
        json.dumps({"webhook_id": f"{name}/{number}" if several else name} | record, ensure_ascii=False)
        for number, record in enumerate(records, start=1)
    ]
    try:
        _write(path, "\n".join(lines).encode("utf-8", "replace") + b"\n")
    except OSError as error:
        raise SourceUnavailable(
            f"The drop folder {folder} can't be written ({error.strerror}). Check that it exists, "
            "and its rights."
        ) from error
    return path


def _records(body: bytes) -> list[dict[str, Any]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    records = data if isinstance(data, list) else [data]
    if not records or not all(isinstance(record, dict) for record in records):
        raise SourceChanged("The webhook's body is no JSON object, nor a list of them. Send it as JSON.")
    return records


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".webhook-", dir=path.parent)  # hidden: no source reads it
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

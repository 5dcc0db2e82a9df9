"""Templates of the page. Whatever was fetched is text: escaped, on one line, without what steers a reader."""

import gc
import hashlib
import re
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from review.menus import MENUS
from review.moments import in_zone
from review.terminal import age
from review.today import kind_words

__all__ = ["STATIC", "clean", "safe_link", "templates", "warm"]

_HERE: Final = Path(__file__).parent.parent
STATIC: Final = _HERE / "static"
_STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, and invisible tags
)
_LONGEST_LINK: Final = 4_000


def clean(text: object, longest: int = 2_000) -> str:
    """Return a fetched text without control characters, zero-width ones and marks that turn its direction."""
    plain = _STEERING.sub("", str(text)[: 4 * longest])
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def safe_link(url: object) -> str:
    """Return an address that may be linked: http or https with a host, in plain characters; else nothing."""
    text = str(url or "").strip()
    if len(text) > _LONGEST_LINK or _STEERING.search(text) or any(each.isspace() for each in text):
        return ""
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
    except ValueError:
        return ""
    return text if is_web else ""


def _when(moment: datetime | None, zone: tzinfo) -> str:
    return "" if moment is None else f"{moment.astimezone(zone):%a %d %b %Y %H:%M}"


def _number(value: float) -> str:
    return f"{value:,.0f}"


@cache
def _asset(name: str) -> str:
    """Return the address of one of our files, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        auto_reload=False,  # else each row asks the disk whether its template changed
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "age": age,
        "clean": clean,
        "in_zone": in_zone,
        "kind_words": kind_words,
        "link": safe_link,
        "number": _number,
        "when": _when,
        "words": lambda text: str(text).replace("_", " "),
    }
    made.filters.update(filters)
    made.globals["asset"] = _asset
    made.globals["menus"] = {menu.key: menu for menu in MENUS}
    return made


templates: Final = _environment()
"""All templates; each is escaped by itself, and one that misses a value says which."""


def warm() -> None:
    """Compile every template, and put aside what stays: whoever opens a page waits for neither."""
    for name in templates.list_templates():
        templates.get_template(name)
    gc.collect()
    gc.freeze()  # else each full collection goes through all that was ever loaded, while somebody waits

"""A window of a browser: what a person sees in it, and does by keys."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.review.page.served import Served

__all__ = ["FLAGS", "Window", "chromium_of", "open_window"]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SETTLED = "() => document.getElementById('part').ariaBusy !== 'true'"
_FOCUSED = "() => document.activeElement.closest('[data-row]')?.dataset.row ?? ''"
_SHOWN = "id => document.getElementById('act')?.dataset.of === id"
_ROWS = "() => [...document.querySelectorAll('[data-row]')].map(row => row.dataset.row)"


def chromium_of() -> str | None:
    """Return where the system's Chromium is."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


@dataclass
class Window:
    """``faults`` are errors of its script and what the page's policy stopped; ``calls`` what it asked."""

    tab: Page
    url: str
    faults: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def go(self, path: str = "/") -> None:
        self.tab.goto(self.url + path)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def act(self, *keys: str) -> str:
        """Press keys that do something, wait until it is done, and return what the page says of it."""
        with self.tab.expect_response(lambda answer: answer.request.method == "POST" and _acts(answer.url)):
            self.press(*keys)
        self.settle()
        return self.said

    def settle(self) -> None:
        self.tab.wait_for_function(_SETTLED)

    def see(self, trigger: str) -> None:
        """Wait until the detail of a row is shown."""
        self.tab.wait_for_function(_SHOWN, arg=trigger)

    @property
    def focused(self) -> str:
        """The id of the row that has the focus; empty when none has."""
        return str(self.tab.evaluate(_FOCUSED))

    @property
    def rows(self) -> list[str]:
        found: list[str] = self.tab.evaluate(_ROWS)
        return found

    @property
    def said(self) -> str:
        toast = self.tab.locator("#toast")
        return toast.locator("[data-words]").inner_text() if toast.is_visible() else ""

    def selected(self) -> list[str]:
        found: list[str] = self.tab.evaluate(
            "() => [...document.querySelectorAll('[data-row] :checked')].map(one => one.value)"
        )
        return found

    def posts(self) -> list[str]:
        """The paths that something was sent to, in their order; that a row was looked at is no action."""
        return [path for method, path in self.calls if method == "POST" and path != "/opened"]


def _acts(url: str) -> bool:
    return urlsplit(url).path in {"/act", "/undo", "/export"}


@contextmanager
def open_window(
    browser: Browser,
    page: Served,
    *,
    path: str = "/",
    width: int = 1366,
    height: int = 768,
    client: httpx.Client | None = None,
    **options: Any,
) -> Iterator[Window]:
    """Open a window of its own, with the key of the owner, or of whom a client was let in as."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(30_000)  # a machine may be at much else
    jar = (client or page.client).cookies
    context.add_cookies([{"name": page.cookie, "value": jar[page.cookie], "url": page.url}])
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=page.url)
    tab = context.new_page()
    window = Window(tab, page.url)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            window.faults.append(message.text)

    def asked(request: Request) -> None:
        window.calls.append((request.method, urlsplit(request.url).path))
        if not request.url.startswith((page.url, "data:")):
            window.faults.append(f"It asked {request.url}.")

    tab.on("console", heard)
    tab.on("pageerror", lambda error: window.faults.append(str(error)))
    tab.on("request", asked)
    window.go(path)
    yield window
    context.close()

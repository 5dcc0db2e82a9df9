"""Real windows of a real Chromium at the page, served over a workspace of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.window import FLAGS, Window, chromium_of, open_window
from tests.review.page.conftest import demo_workspace, engine, page, workspace
from tests.review.page.served import Served

__all__ = ["chromium", "demo_workspace", "engine", "page", "windows", "workspace"]


@pytest.fixture(scope="module")
def chromium(demo_workspace: Path) -> Iterator[Browser]:  # noqa: ARG001 - polled before
    """A browser for the tests of one file: as long as Playwright runs, nothing else can use asyncio here."""
    path = chromium_of()
    if path is None:
        pytest.skip("There is no Chromium here; install the package chromium to run the browser tests.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def windows(chromium: Browser, page: Served) -> Iterator[Callable[..., Window]]:
    """Opens windows of the owner; none of them may fail in its script, or load what it must not."""
    with ExitStack() as stack:
        opened: list[Window] = []

        def opener(**options: Any) -> Window:
            opened.append(stack.enter_context(open_window(chromium, page, **options)))
            return opened[-1]

        yield opener
        for window in opened:
            assert not window.faults, window.faults


@pytest.fixture
def window(windows: Callable[..., Window]) -> Window:
    """The list of the day in a window of a usual laptop."""
    return windows()

"""Real windows of a real Chromium at the page, served over a workspace of the test's own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from monitors import demo
from storage.engine import Engine, connect
from tests.browser.window import FLAGS, Window, chromium_of, open_window
from tests.builders import NOW
from tests.review.page.served import Served, served


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's workspace, polled once; never written to."""
    folder: Path = tmp_path_factory.mktemp("browser") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_NOW", NOW.isoformat())
        demo.run(folder)
    return folder


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
def workspace(demo_workspace: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(demo_workspace, folder)
    return folder


@pytest.fixture
def engine(workspace: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{workspace / 'earmark.db'}")
    yield made
    made.dispose()


@pytest.fixture
def page(workspace: Path, engine: Engine) -> Iterator[Served]:
    with served(workspace, engine) as found:
        yield found


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

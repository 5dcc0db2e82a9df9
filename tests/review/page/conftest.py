"""A page over a copy of the demo's workspace, served for real."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitors import demo
from storage.engine import Engine, connect
from tests.builders import NOW
from tests.review.page.served import Served, served


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's workspace, polled once; never written to."""
    folder: Path = tmp_path_factory.mktemp("demo") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_NOW", NOW.isoformat())
        demo.run(folder)
    return folder


@pytest.fixture
def workspace(demo_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own, as the demo left it."""
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
    """The page, and its owner at it."""
    with served(workspace, engine) as found:
        yield found


@pytest.fixture
def stranger(page: Served) -> Iterator[httpx.Client]:
    """Somebody without a key at the same page."""
    with httpx.Client(base_url=page.url, trust_env=False) as client:
        yield client

"""Every test that asks for ``engine`` runs on both databases, each time on empty tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import Engine
from tests.storage.databases import emptied, opened, postgresql


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    with opened(postgresql_url) as engine:
        yield engine


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/earmark.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "postgresql":
        yield emptied(request.getfixturevalue("postgresql_engine"))
        return
    with opened(request.getfixturevalue("sqlite_url")) as engine:
        yield emptied(engine)

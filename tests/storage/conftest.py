"""Every test that asks for ``engine`` runs on both databases, each time on empty tables.

PostgreSQL is in the slow set alone: both sets run before anything lands, and the fast one is to be quick.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy2

import pytest

from storage.engine import Engine, migrate
from tests.storage.databases import emptied, opened, postgresql


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    with opened(postgresql_url) as engine:
        migrate(engine)
        yield engine


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "earmark.db"
    with opened(f"sqlite:///{path}") as engine:
        migrate(engine)
    return path


@pytest.fixture
def sqlite_engine(sqlite_url: str, sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    copy2(sqlite_template, tmp_path / "earmark.db")
    with opened(sqlite_url) as engine:
        yield engine


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/earmark.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    return emptied(engine) if request.param == "postgresql" else engine

"""The databases of the storage tests, for those of the monitors: PostgreSQL in the slow set alone."""

import pytest

from storage.engine import Engine
from tests.storage.conftest import (
    postgresql_engine,
    postgresql_url,
    sqlite_engine,
    sqlite_template,
    sqlite_url,
)
from tests.storage.databases import emptied

__all__ = [
    "engine",
    "postgresql_engine",
    "postgresql_url",
    "sqlite_engine",
    "sqlite_template",
    "sqlite_url",
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    return emptied(engine) if request.param == "postgresql" else engine

"""The databases of the storage tests, for those of the monitors."""

from tests.storage.conftest import (
    engine,
    postgresql_engine,
    postgresql_url,
    sqlite_engine,
    sqlite_template,
    sqlite_url,
)

__all__ = [
    "engine",
    "postgresql_engine",
    "postgresql_url",
    "sqlite_engine",
    "sqlite_template",
    "sqlite_url",
]

"""A PostgreSQL for the days, as the storage tests have it."""

from tests.storage.conftest import postgresql_engine, postgresql_url

__all__ = ["postgresql_engine", "postgresql_url"]

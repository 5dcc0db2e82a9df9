"""Databases for the exports: what differs between the two is tested with the engine, in monitors."""

import pytest

from storage.engine import Engine
from tests.storage.conftest import sqlite_engine, sqlite_template, sqlite_url

__all__ = ["engine", "sqlite_engine", "sqlite_template", "sqlite_url"]


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """Give an empty database."""
    return sqlite_engine

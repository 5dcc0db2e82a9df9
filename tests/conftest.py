"""No test reaches beyond this machine; hypothesis runs the same way everywhere."""

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from earmark.logs import JsonLines, KeyValueLines
from review import passwords

settings.register_profile(
    "fast", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "all", max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _refuse_beyond_loopback(address: Any) -> None:
    if isinstance(address, tuple):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback:
            message = f"A test tried to reach {host}; tests talk to loopback only."
            raise AssertionError(message)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: Any) -> None:
        _refuse_beyond_loopback(address)
        _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_beyond_loopback(address)
        return _connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("EARMARK_") or n in {"COLUMNS", "LINES"}]:
        monkeypatch.delenv(name)


_LEVEL = logging.getLogger().level


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> None:
    """Take back what a verb that ran in this process did to the logs: this test may read them."""
    root = logging.getLogger()
    root.setLevel(_LEVEL)
    for handler in [one for one in root.handlers if isinstance(one.formatter, JsonLines | KeyValueLines)]:
        root.removeHandler(handler)


@pytest.fixture(scope="session", autouse=True)
def hasher_of_the_product() -> Iterator[PasswordHasher]:
    """Let tests hash passwords at the least cost; return the hasher that the product has."""
    with pytest.MonkeyPatch.context() as patch:
        own = passwords._hasher
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
        passwords._nobodys.cache_clear()
        yield own
        passwords._nobodys.cache_clear()

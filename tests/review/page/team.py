"""A team at the page: users with roles, and a browser for each."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx

from review.passwords import hashed
from review.users import add
from storage.engine import Engine, writing
from tests.builders import NOW
from tests.review.page.served import Served

__all__ = ["PASSWORD", "a_team", "browser", "csrf_of", "entered", "log_in"]

PASSWORD = "correct horse battery staple"  # noqa: S105 - of the users of these tests
ROLES = {"ada": "admin", "max": "manager", "rea": "rep", "ron": "read_only"}


@cache
def _hash() -> str:
    return hashed(PASSWORD)


def a_team(engine: Engine, **changes: dict[str, Any]) -> None:
    """Add an admin (ada), a manager (max), a rep (rea) and somebody who only looks (ron)."""
    with writing(engine) as conn:
        for name, role in ROLES.items():
            given = {"role": role, "email": f"{name}@norvik.example", **changes.get(name, {})}
            add(conn, name, password=_hash(), by="test", now=NOW, **given)


@contextmanager
def browser(page: Served) -> Iterator[httpx.Client]:
    """A browser without any cookie, which names the origin of its forms."""
    headers = {"origin": page.url}
    with httpx.Client(base_url=page.url, headers=headers, trust_env=False, timeout=20) as client:
        yield client


def log_in(client: httpx.Client, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password, **more})


@contextmanager
def entered(page: Served, name: str) -> Iterator[httpx.Client]:
    """The browser of a user who is logged in."""
    with browser(page) as client:
        answer = log_in(client, name)
        assert answer.status_code == 303, answer.text
        yield client


def csrf_of(client: httpx.Client, path: str = "/settings") -> str:
    """Return the word of the forms that this browser was given."""
    found = client.get(path).text.partition('name="csrf" value="')[2].partition('"')[0]
    assert found, f"no form on {path}"
    return found

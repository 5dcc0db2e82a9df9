"""The page of the demo, and clients of its API with tokens of every scope."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from storage import tokens
from storage.engine import Engine, writing
from tests.builders import NOW
from tests.review.page.conftest import demo_workspace, engine, page, workspace
from tests.review.page.served import Served

__all__ = ["Api", "demo_workspace", "engine", "page", "workspace"]

Api = Callable[..., httpx.Client]


@pytest.fixture
def api(page: Served, engine: Engine) -> Iterator[Api]:
    """Return what makes a client with a token: scopes, and whose it is."""
    with ExitStack() as stack:

        def client(*scopes: str, user: str = "owner", **more: Any) -> httpx.Client:
            with writing(engine) as connection:
                _, secret = tokens.create(
                    connection, purpose="api", user=user, name="test", at=NOW, scopes=scopes
                )
            headers = {"authorization": f"Bearer {secret}", **more}
            return stack.enter_context(
                httpx.Client(base_url=f"{page.url}/api/v1", headers=headers, trust_env=False, timeout=20)
            )

        yield client

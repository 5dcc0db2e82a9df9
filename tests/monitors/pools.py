"""A pool for tests that are not about parsing: it parses here and now, and starts no process."""

from collections.abc import Callable
from typing import Any, TypeVar

from monitors.parse import ParsePool

__all__ = ["HereAndNow"]

T = TypeVar("T")


class HereAndNow(ParsePool):
    """Runs in this process, without limits."""

    async def run(
        self,
        function: Callable[..., T],
        *args: Any,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the signature is the pool's
        subject: str = "The page",  # noqa: ARG002 - the signature is the pool's
        **kwargs: Any,
    ) -> T:
        return function(*args, **kwargs)

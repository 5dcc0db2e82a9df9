"""What was written into a form that is made of the options of a kind."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from review.options import PREFIX

__all__ = ["Written"]


async def _written(request: Request) -> Mapping[str, str]:
    """Return the options of the form by their names."""
    form = await request.form()
    return {
        name.removeprefix(PREFIX): value
        for name, value in form.items()
        if name.startswith(PREFIX) and isinstance(value, str)
    }


Written = Annotated[Mapping[str, str], Depends(_written)]
"""The options that a form says, for a route that takes one."""

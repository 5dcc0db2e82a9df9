"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from earmark.errors import ConfigError

__all__ = ["whole"]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path beside this one to write to; it takes the place of the file when the block ends well.

    A failure leaves what was there. Raises ConfigError when the path can't be written.
    """
    part = path.with_name(f".{uuid4().hex[:12]}.part") if path.name else path
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path} is no file. Give the path of a file that may be written.")
        try:
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path} can't be written ({error.strerror or error}). Give another path, or make room for it."
        ) from error

"""Excel workbooks, written row by row, whole or not at all; every cell is a text and none is a formula."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from earmark.errors import ConfigError
from exports.whole import whole

__all__ = ["MOST_ROWS", "write"]

MOST_ROWS: Final = 1_048_576
"""The rows of a sheet, its header among them."""


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write the rows as the one sheet of a workbook and return how many.

    Raises ConfigError when the path can't be written, a sheet is too small for them, or the extra is missing.
    """
    try:
        # An extra that few installs have; it ships no types.
        from xlsxwriter import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "Writing .xlsx needs one more package. Install it: pip install 'earmark[excel]', or write .csv."
        ) from error
    count = -1
    with whole(path) as part:
        # Rows go to disk as they come; no text becomes a formula, a link or a number.
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with Workbook(str(part), options) as book:
            sheet = book.add_worksheet("earmark")
            sheet.freeze_panes(1, 0)
            for count, row in enumerate(chain([header], rows)):
                if count >= MOST_ROWS:
                    raise ConfigError(f"A sheet holds {MOST_ROWS - 1:,} rows. Write .csv, or choose fewer.")
                for place, cell in enumerate(row):
                    sheet.write_string(count, place, cell)
    return count

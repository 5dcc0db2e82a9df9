"""What became of the rows of a file."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Level", "Report", "RowReport"]

Level = Literal["refused", "merged", "warning", "note"]


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of a row that was not taken as it stands.

    Level refused: the row is in no account; merged: it went into the account of an earlier line;
    warning: something of it was left out; note: good to know.
    """

    line: int
    level: Level
    reason: str


@dataclass(slots=True)
class Report:
    """The count of an import, and the rows that were not taken as they stand; complete after reading.

    ``accounts`` counts what was taken: things of the sort that ``noun`` names.
    """

    rows: int = 0
    accounts: int = 0
    noun: str = "account"
    without_domain: int = 0
    blank: int = 0
    lines: list[RowReport] = field(default_factory=list)

    def add(self, line: int, level: Level, reason: str) -> None:
        """Note what became of a row."""
        self.lines.append(RowReport(line, level, reason))

    def count(self, level: Level) -> int:
        """Return how many lines of the report have this level."""
        return sum(one.level == level for one in self.lines)

    @property
    def in_order(self) -> list[RowReport]:
        """The rows in the order of the file: of some it is known only at its end what became of them."""
        return sorted(self.lines, key=lambda one: one.line)

    @property
    def words(self) -> str:
        """The count in one line."""
        rows = f"{_counted(self.accounts, self.noun)} from {_counted(self.rows, 'row')}"
        parts = (
            f"{self.without_domain:,} without domain" if self.without_domain else "",
            f"{_counted(self.count('merged'), 'row')} merged" if self.count("merged") else "",
            _counted(self.count("warning"), "warning") if self.count("warning") else "",
            f"{_counted(self.count('refused'), 'row')} refused" if self.count("refused") else "",
            f"{self.blank:,} blank" if self.blank else "",
        )
        return ", ".join([rows, *filter(None, parts)])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")

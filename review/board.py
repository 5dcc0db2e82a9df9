"""The list as one person works it: which part of it they look at, what they selected, what they did."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from earmark.errors import EarmarkError
from review.desk import Desk, Shown
from review.listing import MOST, Listed
from review.menus import Choice, Menu
from review.terminal import safe

if TYPE_CHECKING:
    from review.views import Shown as View

__all__ = ["Board", "Heir"]

Heir = tuple[str, str]
"""A trigger and a name, by which a row is known again: its account may have a better reason by then."""

_MOST_SAID: Final = 5
_DIGITS: Final = 9


class Board:
    """What stands on the screen; ``said`` is what is to be told, ``selected`` are triggers."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.said = desk, ""
        self.query, self.whole = "", False
        self.selected: set[str] = set()
        self._most, self._version = MOST, -1
        self._acted: list[Heir] = []
        self.read()

    def read(self) -> None:
        """Read the list as it is now."""
        self._version = self.desk.version()
        self.shown: Shown = self.desk.shown(self.query, whole=self.whole, most=self._most)
        self.views: Sequence[View] = self.desk.views(self.query)
        self.selected &= {row.trigger for row in self.rows}

    @property
    def rows(self) -> tuple[Listed, ...]:
        """The rows, in their order."""
        return self.shown.rows

    @property
    def is_stale(self) -> bool:
        """Whether something changed since the list was read."""
        return self.desk.version() != self._version

    @property
    def head(self) -> tuple[str, str, str]:
        """Where one is, how many rows that has, and how much of the day is done."""
        view = next((each.name for each in self.views if each.is_chosen), "")
        told = [view] if view else [f"{name} {value}" for name, value in self.shown.chosen]
        where = " · ".join([*map(safe, told), *(["all that waits"] if self.whole else [])])
        made = f"{self.shown.made} of {self.shown.touches} touches made today"
        return where, f"{len(self.rows)} of {self.shown.total}", made

    @property
    def nothing(self) -> str:
        """What a list without rows says."""
        why = "Nothing is like that. g n shows the list." if self.query else "Nothing to do now."
        return f"{why} l shows all that waits, q leaves."

    def more(self) -> bool:
        """Read further rows, if there are any; tell whether there were."""
        if self.shown.goes_on:
            self._most += MOST
            self.read()
            return True
        return False

    def open(self, query: str, *, whole: bool = False) -> None:
        """Look at another list, from its first row; what can't be asked is said, and the list stays."""
        before = self.query, self.whole, self._most
        self.query, self.whole, self._most, self.said = query, whole, MOST, ""
        try:
            self.read()
        except EarmarkError as error:
            self.query, self.whole, self._most = before
            self.said = str(error)

    def beside(self, steps: int) -> str:
        """Return the address of the view so many places further, round and round."""
        at = next((place for place, each in enumerate(self.views) if each.is_chosen), 0)
        return self.views[(at + steps) % len(self.views)].query

    def meant(self, row: Listed | None) -> tuple[Listed, ...]:
        """Return the rows that a key means: those selected, else the one under the cursor."""
        chosen = tuple(each for each in self.rows if each.trigger in self.selected)
        return chosen or tuple(filter(None, (row,)))

    def place(self, heirs: Iterable[Heir]) -> int | None:
        """Return where the first of these rows that is there stands."""
        places = {row.name: place for place, row in reversed(list(enumerate(self.rows))) if row.account}
        places |= {row.trigger: place for place, row in enumerate(self.rows)}
        found = (places.get(trigger, places.get(name)) for trigger, name in heirs)
        return next((place for place in found if place is not None), None)

    def act(self, rows: Sequence[Listed], word: str, text: str = "") -> list[Heir]:
        """Do something with rows; return where to go on, nowhere if nothing was done."""
        if word == "export":
            return self._carry_out(rows, lambda: self.desk.export(rows))
        seen = self.shown.seen
        return self._carry_out(rows, lambda: self.desk.do(word, rows, text=text, seen=seen))

    def undo(self) -> list[Heir]:
        """Take the last action back; return the row that it was done to."""
        try:
            self.said = self.desk.undo()
        except EarmarkError as error:
            self.said = str(error)
        self.read()
        return [self._acted.pop()] if self._acted else []

    def team(self) -> Menu:
        """Return the menu of those to whom an account can be given; the first nine have a key."""
        owners = enumerate(self.desk.owners(), start=1)
        others = (
            Choice(key=f"{number}" if number <= _DIGITS else "", value=f"assign {id_}", words=f"To {name}")
            for number, (id_, name) in owners
        )
        me = Choice(key="m", value="assign me", words="To me")
        nobody = Choice(key="n", value="assign nobody", words="To nobody")
        return Menu(key="a", words="Assign", choices=(me, nobody, *others))

    def _carry_out(
        self, rows: Sequence[Listed], act: Callable[[], tuple[list[str], list[str]]]
    ) -> list[Heir]:
        try:
            done, failed = act()
        except EarmarkError as error:
            done, failed = [], [str(error)]
        told = [*failed, *done]
        rest = len(told) - _MOST_SAID
        self.said = " ".join(told[:_MOST_SAID]) + (f" And {rest} more." if rest > 0 else "")
        heirs = self._heirs(rows) if done else []
        if done:
            self._acted.append((rows[0].trigger, rows[0].name))
            self.selected.clear()
        self.read()
        return heirs

    def _heirs(self, gone: Sequence[Listed]) -> list[Heir]:
        """Return the rows after those that are done with, then those before them."""
        done = {row.trigger for row in gone}
        names = [(row.trigger, row.name) for row in self.rows]
        last = max((place for place, row in enumerate(self.rows) if row.trigger in done), default=-1)
        return [each for each in [*names[last + 1 :], *names[: last + 1][::-1]] if each[0] not in done]

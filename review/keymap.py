"""The keys of the full-screen list, how they are told, and what a dialog over the list offers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from review.menus import MENUS, Choice, Menu
from review.terminal import safe, shorten
from review.views import Shown

__all__ = ["ALL", "IN_WORDS", "KEYS", "YES", "Key", "Line", "commands", "help_of", "lines_of"]

_LONGEST: Final = 72

ALL: Final = Menu(key="*", words="Select", choices=(Choice(key="a", value="all", words="All in view"),))
"""What is selected at once."""
YES: Final = Choice(key="y", value="yes", words="Do it")
"""The answer to whether many rows are to be changed."""
IN_WORDS: Final = {"dismiss other": "Why?", "remark": "A note of your own"}
"""What needs words, and how it asks for them."""
_HELP: Final = (
    "A menu is answered by the key of the answer, or by arrows and Enter; Esc leaves it. With rows selected, "
    "what you do is done to each of them; more than ten are asked about first.\n\n"
    "Otherwise than on the page: v shows the address of the source, for over SSH no browser opens (many "
    "terminals make it a link); what is copied goes to the clipboard of the machine that you sit at, where "
    "the terminal lets it; the switch that turns single keys off, and the other screens, are on the page "
    "alone: earmark page."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is written: its names in the terminal, its action, its words; the footer shows some."""

    written: str
    names: str
    action: str
    words: str
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a dialog: the key that chooses it, its value, its words, and what is said beside them."""

    value: str
    words: str
    key: str = ""
    beside: str = ""

    @property
    def text(self) -> Text:
        """The line as it is shown."""
        key = (f"{self.key}  ", "bold") if self.key else ""
        return Text.assemble(key, shorten(safe(self.words), _LONGEST), (f"  {safe(self.beside)}", "dim"))


def _key(written: str, action: str, words: str, names: str = "", *, hidden: bool = False) -> Key:
    return Key(written=written, names=names or written, action=action, words=words, is_shown=not hidden)


KEYS: Final = (
    _key("?", "help", "Keys", "question_mark"),
    _key("j ↓", "step(1)", "Next row", "j,down", hidden=True),
    _key("k ↑", "step(-1)", "Previous row", "k,up", hidden=True),
    _key("o Enter", "unfold", "Account", "o"),
    _key("+", "do('accept')", "Accept", "plus"),
    *(_key(menu.key, f"menu('{menu.key}')", menu.words) for menu in MENUS if menu.key != "!"),
    _key("a", "menu('a')", "Assign"),
    _key("!", "menu('!')", "Never contact", "exclamation_mark"),
    _key("n", "do('remark')", "Note"),
    _key("e", "do('export')", "Export"),
    _key("u Ctrl+Z", "undo", "Undo", "u,ctrl+z"),
    _key("x", "select", "Select"),
    _key("J", "extend(1)", "Select this row and the next", hidden=True),
    _key("K", "extend(-1)", "Select this row and the previous", hidden=True),
    _key("*", "all", "Select all in view, with a", "asterisk", hidden=True),
    _key("Esc", "leave", "Select nothing", "escape", hidden=True),
    _key("/", "search", "Search", "slash"),
    _key("f", "filter", "Filter"),
    _key("g", "go", "Go to"),
    _key("[", "view(-1)", "Previous view", "left_square_bracket", hidden=True),
    _key("]", "view(1)", "Next view", "right_square_bracket", hidden=True),
    _key("y", "copy('text')", "Copy the note", hidden=True),
    _key("Y", "copy('markdown')", "Copy the note as Markdown", hidden=True),
    _key("H", "copy('html')", "Copy the note as HTML", hidden=True),
    _key("v", "source", "Source"),
    _key("l", "everything", "All that waits, or what the day holds", hidden=True),
    _key("r", "refresh", "Look again", hidden=True),
    _key("Ctrl+K", "commands", "Commands", "ctrl+k"),
    _key("Space", "scroll(1)", "Scroll the note", "space", hidden=True),
    _key("b", "scroll(-1)", "Scroll it back", hidden=True),
    _key("q", "quit", "Quit"),
)
"""Every key of the list, in the order in which they are told."""


def lines_of(menu: Menu) -> list[Line]:
    """Return the answers of a menu."""
    return [Line(value=one.value, words=one.words, key=one.key, beside=one.effect) for one in menu.choices]


def commands(menus: Sequence[Menu], views: Iterable[Shown]) -> Iterator[Line]:
    """Yield everything that can be done, or gone to; what it is stands in the value, behind a blank."""
    for menu in menus:
        for one in menu.choices:
            words = f"{menu.words}: {one.words}"
            yield Line(value=f"act {one.value}", words=words, beside=f"{menu.key} {one.key}")
    for key in KEYS:
        yield Line(value=f"key {key.action}", words=key.words, beside=key.written)
    for view in views:
        beside = f"g {view.key}" if view.key else ""
        yield Line(value=f"open {view.query}", words=f"View: {view.name}", beside=beside)


def help_of(menus: Sequence[Menu], views: Iterable[Shown]) -> Text:
    """Return what each key does, as a text to read."""
    text = Text()
    for key in KEYS:
        text.append(f"{key.written:10}", style="bold").append(f"{key.words}\n")
    for menu in menus:
        text.append(f"\n{menu.key}  {menu.words}: ", style="bold")
        text.append(", ".join(f"{one.key} {safe(one.words)}" for one in menu.choices if one.key))
    text.append("\ng  Go to: ", style="bold")
    text.append(", ".join(f"{one.key} {safe(one.name)}" for one in views if one.key))
    return text.append(f"\n\n{_HELP}")

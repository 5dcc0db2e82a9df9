"""What opens over the list in a terminal: a menu, a question, a palette, and a text to read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from review.menus import Menu
from review.terminal import safe, shorten

__all__ = ["Ask", "Choose", "Entry", "Palette", "Read"]

_LONGEST: Final = 72
_BACK: Final = Binding("escape", "dismiss(None)", "Back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a palette: its words, the keys that do the same, and what it does when it is chosen."""

    words: str
    keys: str = ""
    run: Callable[[], object]


class Choose(ModalScreen[str | None]):
    """A menu: an answer is chosen by its key, or by arrows and Enter; its value is the result."""

    BINDINGS: ClassVar[list[BindingType]] = [_BACK]
    CSS = """
    Choose { align: center middle; }
    Choose OptionList { width: auto; max-width: 90%; height: auto; max-height: 90%; border: solid $accent; }
    """

    def __init__(self, menu: Menu) -> None:
        super().__init__()
        self._menu = menu

    def compose(self) -> ComposeResult:
        """Show the answers with their keys."""
        answers = OptionList(
            *(
                Option(
                    Text.assemble(
                        (f"{one.key or ' '}  ", "bold"),
                        shorten(safe(one.words), _LONGEST),
                        (f"  {one.effect}" if one.effect else "", "dim"),
                    )
                )
                for one in self._menu.choices
            )
        )
        answers.border_title = Text(shorten(safe(self._menu.words), _LONGEST))
        yield answers

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with what was chosen."""
        self.dismiss(self._menu.choices[event.option_index].value)

    def on_key(self, event: Key) -> None:
        """Take a key as the answer that has it; any other closes nothing."""
        chosen = next((one for one in self._menu.choices if one.key and one.key == event.character), None)
        if chosen is not None:
            event.stop()
            self.dismiss(chosen.value)


class Ask(ModalScreen[str | None]):
    """A question that is answered in words."""

    BINDINGS: ClassVar[list[BindingType]] = [_BACK]
    CSS = "Ask { align: center middle; } Ask Input { width: 72; max-width: 90%; }"

    def __init__(self, title: str, value: str = "") -> None:
        super().__init__()
        self._title, self._value = title, value

    def compose(self) -> ComposeResult:
        """Show the field."""
        field = Input(value=self._value, max_length=1_000)
        field.border_title = self._title
        yield field

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what was typed."""
        self.dismiss(event.value.strip())


class Palette(ModalScreen[Entry | str | None]):
    """Lines found by their words; with ``free`` what is typed, such as score=40, may itself be the answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _BACK,
        Binding("down", "step(1)", "Next", priority=True),
        Binding("up", "step(-1)", "Previous", priority=True),
    ]
    CSS = """
    Palette { align: center top; }
    Palette Vertical { width: 80; max-width: 95%; height: auto; margin-top: 1; }
    Palette OptionList { height: auto; max-height: 18; border: solid $accent; }
    """

    def __init__(self, title: str, entries: Sequence[Entry], *, free: bool = False) -> None:
        super().__init__()
        self._title, self._entries, self._free = title, entries, free
        self._found: list[Entry] = []

    def compose(self) -> ComposeResult:
        """Show the field, and all lines below."""
        with Vertical():
            field = Input()
            field.border_title = self._title
            yield field
            yield OptionList()

    def on_mount(self) -> None:
        """List everything."""
        self._list("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what has all the words that are typed, each or a part of it."""
        self._list(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with the line that is marked."""
        place = self._options.highlighted
        if self._free and "=" in event.value:
            self.dismiss(event.value.strip())
        elif place is not None:
            self.dismiss(self._found[place])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with the line that was pointed at."""
        self.dismiss(self._found[event.option_index])

    def action_step(self, lines: int) -> None:
        """Mark another line."""
        if self._found:
            self._options.highlighted = ((self._options.highlighted or 0) + lines) % len(self._found)

    @property
    def _options(self) -> OptionList:
        return self.query_one(OptionList)

    def _list(self, typed: str) -> None:
        words = typed.lower().split()
        self._found = [one for one in self._entries if all(word in one.words.lower() for word in words)]
        self._options.clear_options()
        self._options.add_options(
            Option(Text.assemble(shorten(safe(one.words), _LONGEST), (f"  {one.keys}", "bold dim")))
            for one in self._found
        )
        self._options.highlighted = 0 if self._found else None


class Read(ModalScreen[None]):
    """A text to read, as long as it is; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,o,enter,question_mark", "dismiss(None)", "Close"),
        Binding("j,down", "scroll(2)", "Down"),
        Binding("k,up", "scroll(-2)", "Up"),
    ]
    CSS = """
    Read { align: center middle; }
    Read VerticalScroll { width: 96%; height: 92%; border: solid $accent; padding: 0 1; }
    """

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Show the text."""
        page = VerticalScroll(Static(self._text))
        page.border_title = Text(shorten(safe(self._title), _LONGEST))
        page.border_subtitle = "j k scroll, Esc closes"
        yield page

    def action_scroll(self, lines: int) -> None:
        """Go on, or back."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

"""The full-screen list in a terminal, with the keys of the page; it works over SSH."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from earmark import logs
from earmark.errors import EarmarkError
from earmark.types import Verdict
from matcher.act import OUTCOMES, SUPPRESSIONS
from matcher.normalise import fold
from review.deeds import CHANNELS, until_of
from review.desk import Desk
from review.terminal import age, safe, shorten
from review.today import Row

__all__ = ["Triage"]

_NAME: Final = 28
_LEAST: Final = 30  # characters for a headline
_REFRESH: Final = 30.0  # seconds between two looks whether something came in
_Choices = Sequence[tuple[str, str]]
"""What a menu offers: each value with its words; 1 chooses the first."""

_SNOOZES: Final = (
    ("later", "later today"),
    ("tomorrow", "tomorrow"),
    ("monday", "next Monday"),
    ("trigger", "until the next trigger"),
)
_VERDICTS: Final = (
    *((each.value, each.value.replace("_", " ")) for each in Verdict if each != Verdict.GOOD),
    ("good", "good"),
)
_REASONS: Final = tuple((each, each.replace("_", " ")) for each in SUPPRESSIONS)
_OUTCOMES: Final = tuple((each, each.replace("_", " ")) for each in OUTCOMES)


class _Menu(ModalScreen[str | None]):
    """A question with numbered answers."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]
    CSS = "_Menu { align: center middle; } OptionList { width: 48; height: auto; border: solid $accent; }"

    def __init__(self, title: str, choices: _Choices) -> None:
        super().__init__()
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        """Show the answers."""
        options = [Option(f"{number}  {words}") for number, (_, words) in enumerate(self._choices, start=1)]
        answers = OptionList(*options)
        answers.border_title = self._title
        yield answers

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with what was chosen."""
        self.dismiss(self._choices[event.option_index][0])

    def key_number(self, number: int) -> None:
        """Answer with the choice of this number."""
        if 1 <= number <= len(self._choices):
            self.dismiss(self._choices[number - 1][0])

    def on_key(self, event: object) -> None:
        """Take a digit as the answer of that number."""
        character = getattr(event, "character", None) or ""
        if character.isdecimal():
            self.key_number(int(character))


class _Ask(ModalScreen[str | None]):
    """A question that is answered in words."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]
    CSS = "_Ask { align: center middle; } Input { width: 64; }"

    def __init__(self, title: str, value: str = "") -> None:
        super().__init__()
        self._title, self._value = title, value

    def compose(self) -> ComposeResult:
        """Show the field."""
        field = Input(value=self._value)
        field.border_title = self._title
        yield field

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what was typed."""
        self.dismiss(event.value.strip())


class Triage(App[None]):
    """The list of a day, row by row: look, decide with one key, go on."""

    TITLE = "earmark"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #list { width: 3fr; } #pane { width: 2fr; border-left: solid $accent; padding: 0 1; }
    #state { height: 1; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", "Next", show=False),
        Binding("k,up", "step(-1)", "Previous", show=False),
        Binding("plus", "accept", "Accept", key_display="+"),
        Binding("a", "assign", "Assign"),
        Binding("c", "contacted", "Contacted"),
        Binding("d", "dismiss", "Dismiss"),
        Binding("h", "snooze", "Snooze"),
        Binding("t", "outcome", "Outcome"),
        Binding("n", "remark", "Note"),
        Binding("e", "export", "Export"),
        Binding("exclamation_mark", "never", "Never", key_display="!"),
        Binding("y", "copy", "Copy"),
        Binding("v", "source", "Source"),
        Binding("u,ctrl+z", "undo", "Undo"),
        Binding("slash", "search", "Search"),
        Binding("l", "everything", "All", show=False),
        Binding("r", "refresh", "Refresh", show=False),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, desk: Desk, *, remark: str = "") -> None:
        super().__init__()
        self._desk, self._said = desk, remark
        self._rows: list[Row] = []
        self._search, self._all, self._length = "", False, ""

    def compose(self) -> ComposeResult:
        """Lay the screen out: the list, the note beside it, a line of state, the keys."""
        with Horizontal():
            yield DataTable(id="list", cursor_type="row", header_height=1)
            with VerticalScroll(id="pane"):
                yield Static(id="note")
        yield Static(id="state")
        yield Footer()

    def on_mount(self) -> None:
        """Fill the list, and look now and then whether something came in."""
        wide = max(_LEAST, self.size.width * 3 // 5 - _NAME - 18)  # what the other columns leave of the list
        for title, width in (("score", 5), ("account", _NAME), ("why now", wide), ("age", 4)):
            self._table.add_column(title, width=width)
        self._fill()
        self._table.focus()
        self.set_interval(_REFRESH, self._fill)

    @property
    def _table(self) -> "DataTable[Text]":
        found: DataTable[Text] = self.query_one("#list", DataTable)
        return found

    @property
    def _row(self) -> Row | None:
        place = self._table.cursor_row
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def _fill(self) -> None:
        """Show the list as it is now; the cursor stays on its row, or on the one that took its place."""
        table, place, held = self._table, self._table.cursor_row, self._row
        found = self._desk.day(everything=self._all or bool(self._search))
        wanted = fold(self._search)
        self._rows = [
            row for row in found.rows if wanted in fold(f"{row.name} {row.happened} {row.kind_words}")
        ]
        self._length = f"{len(self._rows)} of {found.total}"
        table.clear()
        now = self._desk.now()
        for row in self._rows:
            table.add_row(*_cells(row, now), height=2)
        at = next((i for i, row in enumerate(self._rows) if held and row.trigger == held.trigger), place)
        if self._rows:
            table.move_cursor(row=min(max(at, 0), len(self._rows) - 1))
        self._show()

    def on_data_table_row_highlighted(self) -> None:
        """Show the note of the row under the cursor."""
        self._show()

    def _show(self) -> None:
        row = self._row
        note = self._desk.look(row) if row else "Nothing to do now. l shows all that waits, q leaves."
        self.query_one("#note", Static).update(Text(_lines(note)))
        found = f"  /{self._search}" if self._search else ""
        self.query_one("#state", Static).update(Text(f"{self._length}{found}  {safe(self._said)}"))

    def _do(self, act: Callable[[], str]) -> None:
        """Do something, say what follows, and go on with the row that took its place."""
        try:
            self._said = act()
        except EarmarkError as error:
            self._said = str(error)
        self._fill()

    def action_step(self, rows: int) -> None:
        """Go to another row."""
        if self._rows:
            self._table.move_cursor(row=min(max(self._table.cursor_row + rows, 0), len(self._rows) - 1))

    def action_accept(self) -> None:
        """Take the reason on."""
        if row := self._row:
            self._do(lambda: self._desk.do("accept", row))

    def action_export(self) -> None:
        """Hand the account to the default target."""
        if row := self._row:
            self._do(lambda: self._desk.export(row))

    @work
    async def action_assign(self) -> None:
        """Give the account to somebody: me first, then nobody, then the team."""
        row, me = self._row, self._desk.owner or self._desk.by
        others = [each for each in self._desk.owners() if each[0] != me]
        choices = [(me, "me"), ("", "nobody"), *others][:9]
        if row and (rep := await self.push_screen_wait(_Menu("Assign to", choices))) is not None:
            self._do(lambda: self._desk.do("assign", row, value=rep))

    @work
    async def action_never(self) -> None:
        """Never contact the account, for a reason."""
        row = self._row
        if row and (reason := await self.push_screen_wait(_Menu("Never contact", _REASONS))):
            self._do(lambda: self._desk.do("suppress", row, value=reason))

    @work
    async def action_contacted(self) -> None:
        """Log outreach, by its channel."""
        row = self._row
        if row and (channel := await self.push_screen_wait(_Menu("Contacted", CHANNELS))):
            self._do(lambda: self._desk.do("contacted", row, value=channel))

    @work
    async def action_dismiss(self) -> None:
        """Reject the reason, with what is wrong with it."""
        row = self._row
        if row and (verdict := await self.push_screen_wait(_Menu("What is wrong with it?", _VERDICTS))):
            self._do(lambda: self._desk.do("dismiss", row, value=verdict))

    @work
    async def action_snooze(self) -> None:
        """Hide the account until a time."""
        row = self._row
        if row and (chosen := await self.push_screen_wait(_Menu("Snooze", _SNOOZES))):
            self._do(
                lambda: self._desk.do(
                    "snooze", row, until=until_of(chosen, self._desk.now(), self._desk.zone)
                )
            )

    @work
    async def action_outcome(self) -> None:
        """Log what came of the outreach."""
        row = self._row
        if row and (outcome := await self.push_screen_wait(_Menu("What came of it?", _OUTCOMES))):
            self._do(lambda: self._desk.do("outcome", row, value=outcome))

    @work
    async def action_remark(self) -> None:
        """Keep a remark with the account."""
        row = self._row
        if row and (text := await self.push_screen_wait(_Ask("A note of your own"))):
            self._do(lambda: self._desk.do("remark", row, text=text))

    @work
    async def action_search(self) -> None:
        """Show only what has these words."""
        text = await self.push_screen_wait(_Ask("Search", self._search))
        if text is not None:
            self._search = text
            self._fill()

    def action_undo(self) -> None:
        """Take the last action back."""
        self._do(self._desk.undo)

    def action_copy(self) -> None:
        """Copy the note, through the terminal, also over SSH."""
        if row := self._row:
            self.copy_to_clipboard(self._desk.look(row))
            self._said = "Copied, if your terminal allows it."
            self._show()

    def action_source(self) -> None:
        """Show where the text stands."""
        if row := self._row:
            self._said = row.url or "It has no address."
            self._show()

    def action_everything(self) -> None:
        """Show all that waits, or what the day holds."""
        self._all = not self._all
        self._fill()

    def action_refresh(self) -> None:
        """Look at the database again."""
        self._fill()


def _cells(row: Row, now: datetime) -> tuple[Text, ...]:
    more = f"  +{row.more}" if row.more else ""
    why = Text.assemble(f"{row.kind_words}{more}\n", (safe(row.happened), "dim"))
    name = Text.assemble(
        (shorten(safe(row.name), _NAME), "bold"), (f"\n{shorten(safe(row.fit), _NAME)}", "dim")
    )
    return Text(f"{row.score:.0f}", justify="right"), name, why, Text(age(row.at, now))


def _lines(text: str) -> str:
    return "\n".join(logs.escape(line) for line in text.splitlines())

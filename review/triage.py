"""The full-screen list in a terminal, with the keys of the page; it works over SSH."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import parse_qsl

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.coordinate import Coordinate
from textual.events import Key, Resize
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from review.board import Board, Heir
from review.cells import AGE, COLUMNS, LOOKS, LOOKS_OVER, NARROW, aged, cells, note_of, widths
from review.desk import Desk
from review.keymap import ALL, IN_WORDS, KEYS, YES, Line, commands, help_of, lines_of
from review.listing import Listed
from review.menus import MENUS, Choice, Menu
from review.narrowing import choices, narrowed, searched
from review.notes import Form
from review.terminal import safe

if TYPE_CHECKING:
    from textual.timer import Timer

__all__ = ["Triage"]

_LOOK: Final = 5.0  # seconds between two looks whether something came in
_READ: Final = 1.0  # seconds that a note is looked at, before it counts as opened
_MANY: Final = 10  # rows that are changed without asking


class _Over(ModalScreen[Line | str | None]):
    """What opens over the list: lines to choose from, a field to type in or both, or a text to read."""

    CSS = LOOKS_OVER
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("down", "step(1)", "Next", priority=True),
        Binding("up", "step(-1)", "Previous", priority=True),
    ]

    def __init__(
        self, title: str, lines: Sequence[Line] = (), *, typed: str | None = None, page: Text | None = None
    ) -> None:
        super().__init__()
        self._title, self._lines, self._typed, self._page = Text(safe(title)), lines, typed, page
        self._found: list[Line] = []

    def compose(self) -> ComposeResult:
        """Show the field, the lines, the text: what there is of them."""
        with Vertical(classes="page" if self._page else "") as box:
            box.border_title = self._title
            if self._typed is not None:
                yield Input(value=self._typed, max_length=1_000)
            if self._lines:
                yield OptionList()
            if self._page is not None:
                yield VerticalScroll(Static(self._page))

    def on_mount(self) -> None:
        """List all lines."""
        self._list("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what has all the words that are typed."""
        self._list(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with the line that is marked, or where there is none with what was typed."""
        place = self.query_one(OptionList).highlighted if self._lines else None
        self.dismiss(event.value.strip() if place is None else self._found[place])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with what was chosen."""
        self.dismiss(self._found[event.option_index])

    def on_key(self, event: Key) -> None:
        """Take a key as the answer that has it; a text is scrolled, and closed by what opened it."""
        chosen = next((one for one in self._lines if one.key and one.key == event.character), None)
        if self._typed is None and chosen is not None:
            event.stop()
            self.dismiss(chosen)
        elif self._page is not None and event.character in {"j", "k"}:
            self.action_step(1 if event.character == "j" else -1)
        elif self._page is not None and event.key in {"q", "o", "enter", "question_mark"}:
            self.dismiss(None)

    def action_step(self, lines: int) -> None:
        """Mark another line, or scroll."""
        if self._page is not None:
            self.query_one(VerticalScroll).scroll_relative(y=2 * lines, animate=False)
        elif self._found:
            options = self.query_one(OptionList)
            options.highlighted = ((options.highlighted or 0) + lines) % len(self._found)

    def _list(self, typed: str) -> None:
        words = typed.lower().split()
        self._found = [one for one in self._lines if all(word in one.words.lower() for word in words)]
        for options in self.query(OptionList):
            options.clear_options().add_options(Option(one.text) for one in self._found)
            options.highlighted = 0 if self._found else None


class Triage(App[None]):
    """The list of a day, row by row: look, decide with one key, go on."""

    TITLE = "earmark"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]  # noqa: RUF012 - so textual declares it
    CSS = LOOKS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(one.names, one.action, one.words, show=one.is_shown, key_display=one.written) for one in KEYS
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk, self._board = desk, Board(desk)
        self._reading: Timer | None = None
        self._is_drawn, self._wide = False, widths(NARROW)

    def compose(self) -> ComposeResult:
        """Lay the screen out: where one is, the list, the note beside it, a line of state, the keys."""
        yield Static(id="head")
        with Container(id="panes"):
            yield DataTable(id="list", cursor_type="row", header_height=1)
            with VerticalScroll(id="pane", can_focus=False):
                yield Static(id="note")
        yield Static(id="state")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Draw the list; look now and then whether something came in, and count how long somebody waits."""
        self._wide = widths(self.size.width)
        for title, width in zip(COLUMNS, self._wide, strict=True):
            self._table.add_column(title, width=width)
        self._draw()
        self._is_drawn = True
        self._table.focus()
        self._table.set_interval(_LOOK, self._look)  # of the table: they end with it
        self._table.set_interval(1, self._tick)

    def on_resize(self, event: Resize) -> None:
        """Give the headlines what the screen has."""
        self._wide = widths(event.size.width)
        if self._is_drawn:
            for column, width in zip(self._table.ordered_columns, self._wide, strict=True):
                column.width = width
            self._draw()

    @property
    def _table(self) -> "DataTable[Text]":
        found: DataTable[Text] = self.screen_stack[0].query_one("#list", DataTable)
        return found

    @property
    def _row(self) -> Listed | None:
        place = self._table.cursor_row
        return self._board.rows[place] if 0 <= place < len(self._board.rows) else None

    @property
    def _meant(self) -> tuple[Listed, ...]:
        return self._board.meant(self._row)

    def _draw(self, heirs: Sequence[Heir] = ()) -> None:
        """Draw the list; the cursor goes to the first heir that is there, or else stays where it is."""
        table, rows = self._table, self._board.rows
        place, top = self._board.place(heirs), table.scroll_y
        place = table.cursor_row if place is None else place
        now = self._desk.now().astimezone(self._desk.zone)
        table.clear()
        for row in rows:
            is_selected = row.trigger in self._board.selected
            table.add_row(*cells(row, now, self._wide, is_selected=is_selected), height=2)
        if rows:
            table.scroll_to(y=top, animate=False, immediate=True)
            table.move_cursor(row=min(max(place, 0), len(rows) - 1))
        self._show()

    def _again(self) -> None:
        """Read and draw the list anew; the cursor stays on its row."""
        held = self._row
        self._board.read()
        self._draw([(held.trigger, held.name)] if held else [])

    def _look(self) -> None:
        if len(self.screen_stack) == 1 and self._board.is_stale:
            self._again()

    def _tick(self) -> None:
        """Count on how long somebody waits for an answer."""
        now = self._desk.now().astimezone(self._desk.zone)
        for place, row in enumerate(self._board.rows[: self._table.row_count]):
            if row.offered_at:
                self._table.update_cell_at(Coordinate(place, AGE), aged(row, now))

    def on_data_table_row_highlighted(self) -> None:
        """Show the note of the row under the cursor."""
        self._show()

    def on_data_table_row_selected(self) -> None:
        """Open the account: Enter, or a click on the row under the cursor."""
        self.action_unfold()

    def _show(self) -> None:
        row, board, base = self._row, self._board, self.screen_stack[0]
        note = self._desk.look(row) if row else board.nothing
        base.query_one("#note", Static).update(note_of(note))
        where, many, day = board.head
        base.query_one("#head", Static).update(Text.assemble((where, "bold"), f"   {many}   ", (day, "dim")))
        said = [f"{len(board.selected)} selected."] if board.selected else []
        base.query_one("#state", Static).update(Text(" ".join([*said, safe(board.said)])))
        if self._reading is not None:
            self._reading.stop()
        self._reading = self.set_timer(_READ, self._looked_at) if row else None

    def _looked_at(self) -> None:
        if row := self._row:
            self.run_worker(lambda: self._desk.looked_at(row), thread=True)

    def _tell(self, said: str) -> None:
        self._board.said = said
        self._show()

    def action_step(self, rows: int) -> None:
        """Go to another row; beyond the last one that was read come the next."""
        place = self._table.cursor_row + rows
        if place >= len(self._board.rows) and self._board.more():
            self._draw()
        if self._board.rows:
            self._table.move_cursor(row=min(max(place, 0), len(self._board.rows) - 1))

    def action_select(self) -> None:
        """Select the row, or no longer."""
        if row := self._row:
            self._mark([row], on=row.trigger not in self._board.selected)

    def action_extend(self, rows: int) -> None:
        """Select the row and the one beside it, and go there."""
        from_ = self._row
        self.action_step(rows)
        self._mark([row for row in (from_, self._row) if row], on=True)

    def action_leave(self) -> None:
        """Select nothing, and say nothing."""
        self._board.said = ""
        self._mark(self._board.rows, on=False)

    @work
    async def action_all(self) -> None:
        """Select all rows in view."""
        if await self._answer(ALL):
            self._mark(self._board.rows, on=True)

    def _mark(self, rows: Sequence[Listed], *, on: bool) -> None:
        chosen = {row.trigger for row in rows}
        self._board.selected = self._board.selected | chosen if on else self._board.selected - chosen
        now = self._desk.now().astimezone(self._desk.zone)
        for place, row in enumerate(self._board.rows):
            if row.trigger in chosen:
                self._table.update_cell_at(
                    Coordinate(place, 0), cells(row, now, self._wide, is_selected=on)[0]
                )
        self._show()

    @work
    async def action_do(self, word: str) -> None:
        """Do something with the rows that are meant."""
        await self._act(word, self._meant)

    @work
    async def action_menu(self, key: str) -> None:
        """Ask what exactly, and do it with the rows that were meant when it was asked."""
        rows = self._meant
        menu = self._board.team() if key == "a" else next(each for each in MENUS if each.key == key)
        if rows and (word := await self._answer(menu)):
            await self._act(word, rows)

    async def _act(self, word: str, rows: Sequence[Listed]) -> None:
        """Do something with rows; what needs words asks for them, many rows for a yes."""
        text: str | None = ""
        if rows and word in IN_WORDS:
            text = await self._typed(IN_WORDS[word])
            rows = rows if text else ()
        if rows and await self._is_sure(word, rows):
            held = self._row
            heirs = self._board.act(rows, word, text or "")
            self._draw(heirs or ([(held.trigger, held.name)] if held else []))

    async def _is_sure(self, word: str, rows: Sequence[Listed]) -> bool:
        """Ask before many rows are changed at once."""
        words = f"{word.replace('_', ' ').capitalize()}: this changes {len(rows)} rows. Undo takes each back."
        sure = Menu(key="", words=words, choices=(YES,))
        return len(rows) <= _MANY or await self._answer(sure) == YES.value

    async def _answer(self, menu: Menu) -> str | None:
        line = await self.push_screen_wait(_Over(menu.words, lines_of(menu)))
        return line.value if isinstance(line, Line) else None

    async def _typed(self, title: str, value: str = "") -> str | None:
        text = await self.push_screen_wait(_Over(title, typed=value))
        return text if isinstance(text, str) else None

    def action_undo(self) -> None:
        """Take the last action back, and go to its row."""
        self._draw(self._board.undo())

    def action_unfold(self) -> None:
        """Open all that is known of the account, or of the conversation."""
        if row := self._row:
            text = Text.from_ansi(self._desk.unfold(row, max(40, self.size.width - 8)))
            self.push_screen(_Over(row.name, page=text))

    def action_scroll(self, pages: int) -> None:
        """Read on in the note, or back."""
        pane = self.query_one("#pane")
        pane.scroll_relative(y=pages * max(1, pane.size.height - 1), animate=False)

    def action_copy(self, form: str) -> None:
        """Copy the note, through the terminal, also over SSH."""
        if row := self._row:
            self.copy_to_clipboard(self._desk.look(row, Form(form)))
            self._tell("Copied, if your terminal allows it.")

    def action_source(self) -> None:
        """Show where the text stands."""
        if row := self._row:
            self._tell(row.url or "It has no address.")

    def action_everything(self) -> None:
        """Show all that waits, or what the day holds."""
        self._open(self._board.query, whole=not self._board.whole)

    def action_refresh(self) -> None:
        """Look at the database again."""
        self._again()

    def _open(self, query: str, *, whole: bool = False) -> None:
        """Show another list, from its first row."""
        self._board.open(query, whole=whole)
        self._table.move_cursor(row=0)
        self._draw()

    @work
    async def action_go(self) -> None:
        """Go to one of the lists that come with it."""
        views = (each for each in self._board.views if each.key)
        lists = tuple(Choice(key=each.key, value=each.query, words=each.name) for each in views)
        query = await self._answer(Menu(key="g", words="Go to", choices=lists))
        if query is not None:
            self._open(query)

    def action_view(self, steps: int) -> None:
        """Go to the view beside this one, the saved ones included."""
        self._open(self._board.beside(steps))

    @work
    async def action_search(self) -> None:
        """Show only what has these words."""
        query = self._board.query
        text = await self._typed("Search", dict(parse_qsl(query)).get("q", ""))
        if text is not None:
            self._open(searched(query, text))

    @work
    async def action_filter(self) -> None:
        """Narrow the list to one thing more, or one less; also by what is typed as name=value."""
        query = self._board.query
        found = choices(query, self._desk.filters(query))
        lines = [Line(value=address, words=words) for words, address in found]
        chosen = await self.push_screen_wait(_Over("Filter, or score=40, since=-7d", lines, typed=""))
        if isinstance(chosen, Line):
            self._open(chosen.value)
        elif chosen:
            name, _, value = chosen.partition("=")
            self._open(narrowed(query, name.strip(), value.strip()))

    @work
    async def action_commands(self) -> None:
        """Do anything that there is, found by its words."""
        rows = self._meant
        lines = list(commands((*MENUS, self._board.team()), self._board.views))
        chosen = await self.push_screen_wait(_Over("What to do, or where to go", lines, typed=""))
        kind, _, rest = chosen.value.partition(" ") if isinstance(chosen, Line) else ("", "", "")
        if kind == "act":
            await self._act(rest, rows)
        elif kind == "open":
            self._open(rest)
        elif kind == "key":
            await self.run_action(rest)

    def action_help(self) -> None:
        """Say what each key does."""
        menus = (*MENUS, self._board.team())
        self.push_screen(_Over("Keys", page=help_of(menus, self._board.views)))

"""The full-screen list in a terminal, with the keys of the page; it works over SSH."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import parse_qsl

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.coordinate import Coordinate
from textual.events import Resize
from textual.widgets import DataTable, Footer, Static

from review.board import Board, Heir
from review.cells import AGE, COLUMNS, NARROW, aged, cells, note_of, widths
from review.desk import Desk
from review.dialogs import Ask, Choose, Entry, Palette, Read
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
_ALL: Final = Menu(key="*", words="Select", choices=(Choice(key="a", value="all", words="All in view"),))
_YES: Final = Choice(key="y", value="yes", words="Do it")
_IN_WORDS: Final = {"dismiss other": "Why?", "remark": "A note of your own"}
_HELP: Final = (
    "A menu is answered by the key of the answer, or by arrows and Enter; Esc leaves it. With rows selected, "
    "what you do is done to each of them; more than ten are asked about first.\n\n"
    "Otherwise than on the page: v shows the address of the source, for over SSH no browser opens (many "
    "terminals make it a link); what is copied goes to the clipboard of the machine that you sit at, where "
    "the terminal lets it; the switch that turns single keys off, and the other screens, are on the page "
    "alone: earmark page."
)


class Triage(App[None]):
    """The list of a day, row by row: look, decide with one key, go on."""

    TITLE = "earmark"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]  # noqa: RUF012 - so textual declares it
    CSS = """
    #head { height: 1; background: $panel; padding: 0 1; }
    #list { width: 3fr; } #pane { width: 2fr; border-left: solid $accent; padding: 0 1; }
    #panes { layout: horizontal; }
    .-narrow #panes { layout: vertical; }
    .-narrow #list { width: 100%; height: 3fr; }
    .-narrow #pane { width: 100%; height: 2fr; border-left: none; border-top: solid $accent; }
    #state { height: auto; max-height: 4; min-height: 1; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Keys", key_display="?"),
        Binding("j,down", "step(1)", "Next row", show=False, key_display="j ↓"),
        Binding("k,up", "step(-1)", "Previous row", show=False, key_display="k ↑"),
        Binding("o", "unfold", "Account", key_display="o Enter"),
        Binding("plus", "do('accept')", "Accept", key_display="+"),
        Binding("d", "menu('d')", "Dismiss"),
        Binding("c", "menu('c')", "Contacted"),
        Binding("h", "menu('h')", "Snooze"),
        Binding("a", "menu('a')", "Assign"),
        Binding("t", "menu('t')", "Outcome"),
        Binding("exclamation_mark", "menu('!')", "Never contact", key_display="!"),
        Binding("n", "do('remark')", "Note"),
        Binding("e", "do('export')", "Export"),
        Binding("u,ctrl+z", "undo", "Undo", key_display="u Ctrl+Z"),
        Binding("x", "select", "Select"),
        Binding("J", "extend(1)", "Select this row and the next", show=False),
        Binding("K", "extend(-1)", "Select this row and the previous", show=False),
        Binding("asterisk", "all", "Select all in view, with a", show=False, key_display="*"),
        Binding("escape", "leave", "Select nothing", show=False, key_display="Esc"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("f", "filter", "Filter"),
        Binding("g", "go", "Go to"),
        Binding("left_square_bracket", "view(-1)", "Previous view", show=False, key_display="["),
        Binding("right_square_bracket", "view(1)", "Next view", show=False, key_display="]"),
        Binding("y", "copy('text')", "Copy the note", show=False),
        Binding("Y", "copy('markdown')", "Copy the note as Markdown", show=False),
        Binding("H", "copy('html')", "Copy the note as HTML", show=False),
        Binding("v", "source", "Source"),
        Binding("l", "everything", "All that waits, or what the day holds", show=False),
        Binding("r", "refresh", "Look again", show=False),
        Binding("ctrl+k", "commands", "Commands", key_display="Ctrl+K"),
        Binding("space", "scroll(1)", "Scroll the note", show=False, key_display="Space"),
        Binding("b", "scroll(-1)", "Scroll it back", show=False),
        Binding("q", "quit", "Quit"),
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
        self.set_interval(_LOOK, self._look)
        self.set_interval(1, self._tick)

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
        now = self._desk.now()
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
        now = self._desk.now()
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
        nothing = "Nothing is like that. g n shows the list." if board.query else "Nothing to do now."
        note = self._desk.look(row) if row else f"{nothing} l shows all that waits, q leaves."
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
        if await self.push_screen_wait(Choose(_ALL)):
            self._mark(self._board.rows, on=True)

    def _mark(self, rows: Sequence[Listed], *, on: bool) -> None:
        chosen = {row.trigger for row in rows}
        self._board.selected = self._board.selected | chosen if on else self._board.selected - chosen
        now = self._desk.now()
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
        if rows and (word := await self.push_screen_wait(Choose(menu))):
            await self._act(word, rows)

    @work
    async def _choose(self, word: str, rows: Sequence[Listed]) -> None:
        await self._act(word, rows)

    async def _act(self, word: str, rows: Sequence[Listed]) -> None:
        """Do something with rows; what needs words asks for them, many rows for a yes."""
        text: str | None = ""
        if rows and word in _IN_WORDS:
            text = await self.push_screen_wait(Ask(_IN_WORDS[word]))
            rows = rows if text else ()
        if rows and await self._is_sure(word, rows):
            held = self._row
            heirs = self._board.act(rows, word, text or "")
            self._draw(heirs or ([(held.trigger, held.name)] if held else []))

    async def _is_sure(self, word: str, rows: Sequence[Listed]) -> bool:
        """Ask before many rows are changed at once."""
        words = f"{word.replace('_', ' ').capitalize()}: this changes {len(rows)} rows. Undo takes each back."
        sure = Menu(key="", words=words, choices=(_YES,))
        return len(rows) <= _MANY or await self.push_screen_wait(Choose(sure)) == _YES.value

    def action_undo(self) -> None:
        """Take the last action back, and go to its row."""
        self._draw(self._board.undo())

    def action_unfold(self) -> None:
        """Open all that is known of the account, or of the conversation."""
        if row := self._row:
            text = Text.from_ansi(self._desk.unfold(row, max(40, self.size.width - 8)))
            self.push_screen(Read(row.name, text))

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
        query = await self.push_screen_wait(Choose(Menu(key="g", words="Go to", choices=lists)))
        if query is not None:
            self._open(query)

    def action_view(self, steps: int) -> None:
        """Go to the view beside this one, the saved ones included."""
        self._open(self._board.beside(steps))

    @work
    async def action_search(self) -> None:
        """Show only what has these words."""
        query = self._board.query
        text = await self.push_screen_wait(Ask("Search", dict(parse_qsl(query)).get("q", "")))
        if text is not None:
            self._open(searched(query, text))

    @work
    async def action_filter(self) -> None:
        """Narrow the list to one thing more, or one less; also by what is typed as name=value."""
        query = self._board.query
        found = choices(query, self._desk.filters(query))
        entries = [Entry(words=words, run=partial(self._open, address)) for words, address in found]
        chosen = await self.push_screen_wait(Palette("Filter, or score=40, since=-7d", entries, free=True))
        if isinstance(chosen, str):
            name, _, value = chosen.partition("=")
            self._open(narrowed(query, name.strip(), value.strip()))
        elif chosen is not None:
            chosen.run()

    @work
    async def action_commands(self) -> None:
        """Do anything that there is, found by its words."""
        chosen = await self.push_screen_wait(Palette("What to do, or where to go", list(self._commands())))
        if isinstance(chosen, Entry):
            chosen.run()

    def _commands(self) -> Iterator[Entry]:
        rows = self._meant
        for menu in (*MENUS, self._board.team()):
            for one in menu.choices:
                run = partial(self._choose, one.value, rows)
                yield Entry(words=f"{menu.words}: {one.words}", keys=f"{menu.key} {one.key}", run=run)
        for key, words, action in _keys(self.BINDINGS):
            yield Entry(words=words, keys=key, run=partial(self.call_later, self.run_action, action))
        for view in self._board.views:
            keys = f"g {view.key}" if view.key else ""
            yield Entry(words=f"View: {view.name}", keys=keys, run=partial(self._open, view.query))

    def action_help(self) -> None:
        """Say what each key does."""
        text = Text()
        for key, words, _ in _keys(self.BINDINGS):
            text.append(f"{key:10}", style="bold").append(f"{words}\n")
        for menu in (*MENUS, self._board.team()):
            text.append(f"\n{menu.key}  {menu.words}: ", style="bold")
            text.append(", ".join(f"{one.key} {safe(one.words)}" for one in menu.choices if one.key))
        text.append("\ng  Go to: ", style="bold")
        text.append(", ".join(f"{one.key} {one.name}" for one in self._board.views if one.key))
        self.push_screen(Read("Keys", text.append(f"\n\n{_HELP}")))


def _keys(bindings: Sequence[BindingType]) -> Iterator[tuple[str, str, str]]:
    """Yield each key as it is written, its words, and its action."""
    for one in bindings:
        if isinstance(one, Binding):
            yield one.key_display or one.key, one.description, one.action

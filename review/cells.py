"""The cells of a row of the full-screen list: read in three seconds, in as few lines as the screen has."""

from datetime import datetime, timedelta
from typing import Final

from rich.table import Table
from rich.text import Text

from earmark import logs
from earmark.types import TriggerState
from review.listing import Listed
from review.terminal import age, safe, shorten

__all__ = ["AGE", "COLUMNS", "LOOKS", "LOOKS_OVER", "NARROW", "aged", "cells", "note_of", "widths"]

LOOKS: Final = """
#head { height: 1; background: $panel; padding: 0 1; }
#list { width: 3fr; } #pane { width: 2fr; border-left: solid $accent; padding: 0 1; }
#panes { layout: horizontal; }
.-narrow #panes { layout: vertical; }
.-narrow #list { width: 100%; height: 3fr; }
.-narrow #pane { width: 100%; height: 2fr; border-left: none; border-top: solid $accent; }
#state { height: auto; max-height: 4; min-height: 1; background: $panel; padding: 0 1; }
"""
"""How the screen is laid out: the note beside the list, or below it."""
LOOKS_OVER: Final = """
_Over { align: center middle; }
_Over > Vertical { width: 80; max-width: 96%; height: auto; max-height: 92%; border: solid $accent; }
_Over > .page { width: 96%; height: 92%; }
_Over OptionList { height: auto; max-height: 20; border: none; }
"""
"""How that looks which opens over it."""
COLUMNS: Final = (" ", "score", "account", "why now", "age")
_NAME: Final = 28
AGE: Final = 4
"""The place of the column that tells the time."""
NARROW: Final = 130
_NAME_NARROW: Final = 20
_LEAST: Final = 16  # characters for a headline
_OTHERS: Final = 1 + 5 + 7 + 2 * len(COLUMNS) + 2  # what the other columns and the gaps take
_LATE: Final = timedelta(minutes=5)
_LABEL: Final = 10  # characters before each line of a note
_HOT: Final = 60
_WARM: Final = 30


def widths(screen: int) -> tuple[int, ...]:
    """Return how wide the columns are on a screen so wide; on a wide one a note stands beside the list."""
    list_ = screen if screen < NARROW else screen * 3 // 5
    name = min(_NAME_NARROW, screen // 4) if screen < NARROW else _NAME
    return 1, 5, name, max(_LEAST, list_ - name - _OTHERS), 7


def cells(row: Listed, now: datetime, wide: tuple[int, ...], *, is_selected: bool) -> tuple[Text, ...]:
    """Return the cells of a row, two lines high; days are those of the zone of ``now``."""
    strength = "bold red" if row.score >= _HOT else "bold yellow" if row.score >= _WARM else ""
    score = Text.assemble((f"{row.score:.0f}", strength), ("\nhot" if row.is_hot else "", "red"))
    score.justify = "right"
    fit = row.fit or ("" if row.account else "conversation")
    name = Text.assemble(
        (shorten(safe(row.name), wide[2]), "bold"), (f"\n{shorten(safe(fit), wide[2])}", "dim")
    )
    more = f"  +{row.more} reason{'s' if row.more > 1 else ''}" if row.more else ""
    marks = Text.assemble((row.kind_words, "cyan"), _state(row, now), (more, "bold"))
    marks.truncate(wide[3], overflow="ellipsis")
    why = Text.assemble(marks, (f"\n{shorten(safe(row.happened), wide[3])}", "dim"))
    return Text("●" if is_selected else "", style="bold green"), score, name, why, aged(row, now)


def aged(row: Listed, now: datetime) -> Text:
    """Return how old the news is, and how long somebody waits for an answer."""
    text = Text(age(row.at, now) + ("?" if row.undated else ""))
    if row.offered_to and row.offered_at:
        passed = max(timedelta(0), now - row.offered_at)
        minutes, seconds = divmod(int(passed.total_seconds()), 60)
        told = f"{minutes}:{seconds:02}" if minutes < 60 else age(row.offered_at, now)  # noqa: PLR2004 - an hour
        text.append(f"\n{told}", style="bold red" if passed > _LATE else "red")
    return text


def _state(row: Listed, now: datetime) -> tuple[str, str]:
    """Return what stands beside the reason, as on the page: the first that is so."""
    if row.offered_to:
        return f"  for {safe(row.offered_to)}, now", "red"
    if row.state is not TriggerState.OPEN:
        return f"  {'✓ ' if row.state is TriggerState.ACCEPTED else ''}{row.state}", "green"
    if row.unconfirmed and row.reports == 1:
        return "  unconfirmed", "yellow"
    return (f"  from {row.opens_at.astimezone(now.tzinfo):%d %b}", "dim") if row.opens_at > now else ("", "")


def note_of(text: str) -> Table:
    """Return a note whose long lines are wrapped beside their labels."""
    lines = [logs.escape(line) for line in text.splitlines()] or [""]
    note = Table.grid(padding=0, expand=True)
    note.add_column(width=_LABEL, style="bold")
    note.add_column(ratio=1, overflow="fold")
    for line in lines[1:]:
        note.add_row(Text(line[:_LABEL].rstrip()), Text(line[_LABEL:]))
    whole = Table.grid(padding=0, expand=True)
    whole.add_row(Text(lines[0], style="bold"))
    whole.add_row(note)
    return whole

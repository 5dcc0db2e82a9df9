"""Charts as SVG: figures in, markup out. Nothing in them is inline style, and all text is escaped.

Widths are parts of the space that there is, so that letters stay as large on a phone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from zlib import crc32

__all__ = ["SERIES", "Bar", "bars", "columns"]

SERIES: Final = 7
"""How many series have a colour of their own: the classes s0 to s6."""

_ROW: Final = 38  # pixels: a label, and the bar under it
_BAR: Final = 14
_TEXT: Final = 14
_PLOT: Final = 160
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: what it is, how long, in words, and the interval in which it lies."""

    label: str
    value: float
    words: str
    low: float | None = None
    high: float | None = None


def bars(title: str, told: str, rows: Sequence[Bar], *, most: float | None = None, mark: int = 0) -> str:
    """Return horizontal bars under one another; ``most`` is the value of a full one, else the greatest.

    ``told`` says in a sentence what the chart shows; ``mark`` is the colour, from 0.
    """
    full = most or max((max(row.value, row.high or 0) for row in rows), default=0) or 1
    inside = [part for place, row in enumerate(rows) for part in _bar(row, place * _ROW, full, mark)]
    return _svg(title, told, len(rows) * _ROW, inside)


def columns(title: str, told: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Return columns side by side, one for each label, the series stacked on one another."""
    heights = [sum(values) for values in zip(*series.values(), strict=True)] if series else []
    most = max(heights, default=0) or 1
    base = [0] * len(labels)
    paths = []
    for place, (name, values) in enumerate(series.items()):
        path = "".join(
            f"M{at} {_y(base[at], most)}h.8V{_y(base[at] + value, most)}h-.8z"
            for at, value in enumerate(values)
            if value
        )
        base = [below + value for below, value in zip(base, values, strict=True)]
        tip = _tag("title", _text(f"{name}: {sum(values):,}"))
        paths.append(_tag("path", tip, d=path, cls=f"s{place % SERIES}"))
    view = f"0 0 {max(len(labels), 1)} 100"
    plot = _tag("svg", *paths, viewBox=view, preserveAspectRatio="none", y=_TEXT, width="100%", height=_PLOT)
    foot = _TEXT + _PLOT
    axis = [
        _tag("text", _text(f"{most:,}"), x=0, y=_TEXT - 3, cls="scale"),
        _tag("line", x1=0, x2="100%", y1=_TEXT, y2=_TEXT, cls="grid"),
        _tag("line", x1=0, x2="100%", y1=foot, y2=foot, cls="axis"),
    ]
    return _svg(title, told, foot + _TEXT + 4, [*axis, plot, *_ends(labels, foot + _TEXT)])


def _bar(row: Bar, top: int, full: float, mark: int) -> list[str]:
    label = row.label if len(row.label) <= _LONGEST else row.label[: _LONGEST - 1] + "…"
    line = top + _TEXT
    begin = line + 3
    parts = [
        _tag("text", _text(label), x=0, y=line),
        _tag("text", _text(row.words), x="100%", y=line, text_anchor="end", cls="figure"),
        _tag("rect", x=0, y=begin, width="100%", height=_BAR, cls="ground"),
        _tag("rect", x=0, y=begin, width=_share(row.value, full), height=_BAR, cls=f"s{mark % SERIES}"),
    ]
    if row.low is not None and row.high is not None:
        middle = begin + _BAR // 2
        low, high = _share(row.low, full), _share(row.high, full)
        parts.append(_tag("line", x1=low, x2=high, y1=middle, y2=middle, cls="interval"))
        parts += [
            _tag("line", x1=end, x2=end, y1=begin + 3, y2=begin + _BAR - 3, cls="interval")
            for end in (low, high)
        ]
    return parts


def _ends(labels: Sequence[str], y: int) -> list[str]:
    """Return the first, the middle and the last label, where they stand."""
    if not labels:
        return []
    places = {0: ("0", "start"), len(labels) - 1: ("100%", "end")}
    if len(labels) > 2:  # noqa: PLR2004 - two ends leave no middle
        places[len(labels) // 2] = ("50%", "middle")
    return [
        _tag("text", _text(labels[at]), x=x, y=y, text_anchor=anchor, cls="scale")
        for at, (x, anchor) in sorted(places.items())
    ]


def _y(value: float, most: float) -> str:
    return f"{100 - 100 * value / most:.3g}"


def _share(value: float, full: float) -> str:
    return f"{100 * min(max(value / full, 0), 1):.4g}%"


def _svg(title: str, told: str, height: int, inside: Sequence[str]) -> str:
    name = f"chart-{crc32(title.encode()):08x}"  # one page has no two charts of one title
    return _tag(
        "svg",
        _tag("title", _text(title), id=f"{name}-title"),
        _tag("desc", _text(told), id=f"{name}-desc"),
        *inside,
        cls="chart",
        role="img",
        width="100%",
        height=max(height, 1),
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _tag(tag: str, *inside: str, cls: str = "", **attributes: object) -> str:
    given = {"class": cls, **attributes} if cls else attributes
    told = "".join(f' {_name(key)}="{escape(str(value))}"' for key, value in given.items())
    return f"<{tag}{told}>{''.join(inside)}</{tag}>"


def _name(key: str) -> str:
    return key.replace("_", "-")


def _text(words: str) -> str:
    return escape(words)

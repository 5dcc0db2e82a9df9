"""The terminal: the list of the day, an account, and the reasons of a trigger, as rich tables.

What was fetched is shown as text: no markup of rich and no escape sequence of a feed takes effect.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from earmark import logs
from earmark.types import UNTIL_NEWS, Abstention, Certainty, Feature, Mark, Match, Transition, TriggerState
from matcher.folding import publisher_of
from matcher.note import as_text
from matcher.progress import Progress
from review.account import AccountView, Reason, TriggerView
from review.day import Day, LeftOut
from review.today import Row, fit_line

__all__ = [
    "age",
    "day",
    "print_account",
    "print_day",
    "print_left_out",
    "print_progress",
    "print_reasons",
    "print_today",
    "safe",
    "shorten",
    "table_of",
]

_HOT: Final = 60
_WARM: Final = 30
_AROUND: Final = 160
_MOST_MATCHES: Final = 6
_MOST_MOVES: Final = 20
_LONGEST_QUOTE: Final = 60  # characters
_PROOF: Final = "bold yellow"


def safe(text: str) -> str:
    """Return a fetched text on one line, with control characters written as escapes."""
    return logs.escape(" ".join(text.split()))


def shorten(text: str, longest: int) -> str:
    """Return the text cut to so many characters."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def age(then: datetime, now: datetime) -> str:
    """Return how long ago in one short word: 5 m, 3 h, 12 d."""
    passed = now - then
    if passed < timedelta(0):
        return "ahead"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} m"
    if passed < timedelta(days=2):
        return f"{passed // timedelta(hours=1)} h"
    return f"{passed.days} d"


def day(moment: datetime, zone: tzinfo) -> str:
    """Return the day in the team's time zone."""
    return f"{moment.astimezone(zone):%d %b %Y}"


def table_of(*columns: str) -> Table:
    """Return a plain table with these column heads."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_day(console: Console, found: Day, now: datetime) -> None:
    """Print the list of the day, and why it is that long; days are those of the zone of ``now``."""
    print_today(console, found.rows, now)
    if found.total or found.barred:
        console.print(Text(f"\n{_size(found)}", style="dim"))


def print_today(console: Console, rows: Sequence[Row], now: datetime) -> None:
    """Print what to do now: one row per account, and per conversation; days are in the zone of ``now``."""
    if not rows:
        console.print(
            "Nothing to do now. earmark triggers lists what there was, earmark doctor says if it polls."
        )
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), expand=True)
    table.add_column("score", justify="right", width=5)
    table.add_column("account", ratio=3, overflow="fold")
    table.add_column("why now", ratio=7, overflow="fold")
    table.add_column("age", justify="right", min_width=4, no_wrap=True)
    table.add_column("until", min_width=6, no_wrap=True)
    table.add_column("trigger", min_width=8, no_wrap=True, style="dim")
    for row in rows:
        table.add_row(*_today_cells(row, now))
    console.print(table)


def print_left_out(console: Console, left: Sequence[LeftOut]) -> None:
    """Print what has a reason and is not on the list, and why."""
    if not left:
        console.print("Nothing was left out.")
        return
    table = table_of("score", "account", "reason", "left out because", "trigger")
    for one in left:
        who, why = Text(safe(one.name)), Text(safe(one.why))
        table.add_row(f"{one.score:.0f}", who, Text(one.kind_words), why, one.trigger[:8])
    console.print(table)


def print_account(console: Console, view: AccountView, zone: tzinfo) -> None:
    """Print an account: its record, its reasons with the best note, and its history."""
    account = view.account
    since = f" since {day(view.since, zone)}" if view.since else ""
    head = Text.assemble((safe(account.name), "bold"), "  ", (safe(", ".join(account.domains)), "dim"))
    console.print(head)
    console.print(Text.assemble("stage    ", (view.stage.replace("_", " "), "bold"), since))
    if move := next((move for move in reversed(view.transitions) if move.after is not move.before), None):
        by = f"{move.at.astimezone(zone):%d %b %Y %H:%M}, by {move.actor}"
        console.print(Text(f"because  {safe(move.reason)} ({safe(by)})"))
    for name, text in _record(view, zone):
        console.print(Text(f"{name:<8} {safe(text)}"))
    _section(console, "Reasons", _reasons(view.reasons, view.at, zone), empty="none now")
    if view.reasons and (note := view.reasons[0].trigger.note):
        best = view.reasons[0]
        _section(console, "Note", [Text(_safe_lines(as_text(note, best.score, at=view.at)))])
    _section(console, "Ended", _reasons(view.ended, view.at, zone))
    _section(console, "History", _history(view.transitions, zone), empty="it has not moved yet")
    _section(console, "Not sure", (_doubt(one) for one in view.abstentions[:5]))


def print_progress(console: Console, found: Sequence[Progress]) -> None:
    """Print how far each compound has come, condition by condition."""
    lines: list[RenderableType] = []
    for one in found:
        state = "holds" if one.holds else "not yet"
        lines.append(Text(f"{safe(one.name)}: {one.met} of {one.needed}, {state}"))
        for step in one.steps:
            wants = f"no {step.wants}" if step.absent else step.wants
            lines.append(Text(f"  {'✓' if step.met else '✗'} {safe(wants)}: {step.found}"))
    _section(console, "Together", lines)


def print_reasons(console: Console, view: TriggerView, zone: tzinfo) -> None:
    """Print why a trigger is one: its score part by part, the words that prove it, what it moved."""
    reason, trigger = view.reason, view.reason.trigger
    who = view.account.name if view.account else "Conversation"
    console.print(Text.assemble((safe(who), "bold"), f"  {reason.kind_words}  ", (trigger.id, "dim")))
    console.print(Text(f"{trigger.state}, {trigger.certainty}, as {trigger.role}" + _caveats(reason)))
    score = table_of("score", "", "")
    for part in reason.score.parts:
        score.add_row(part.name, f"{part.value:.2f}", Text(safe(part.sentence)))
    score.add_row("= total", f"{reason.score.total:g}", "fit × intent × freshness × confidence × 100")
    _section(console, "Score", [score])
    matches = reason.story.matches if reason.story else ()
    shown = sorted(matches, key=lambda match: -match.confidence)[:_MOST_MATCHES]
    # Where no colour shows the proof, quotation marks do.
    marks = ("", "") if console.is_terminal else ("«", "»")
    _section(console, "Evidence", (_proof(match, zone, marks) for match in shown), empty="removed")
    if len(matches) > len(shown):
        console.print(f"  and {len(matches) - len(shown)} more")
    _section(console, "It moved", _history(view.transitions, zone), empty="nothing")
    said = [
        Text(f"{day(one.at, zone)}  {one.verdict}  by {safe(one.by)}  {safe(one.text)}")
        for one in view.judgements
    ]
    _section(console, "Judgements", said)


def _today_cells(row: Row, now: datetime) -> Iterable[RenderableType]:
    strength = "bold red" if row.score >= _HOT else "bold yellow" if row.score >= _WARM else ""
    name = Text(safe(row.name), style="bold")
    if row.fit:
        name.append(f"\n{safe(row.fit)}", style="dim not bold")
    why = Text(row.kind_words, style="cyan")
    why.append(f"{_doubtful(row.certainty)}\n", style="magenta")
    why.append(f"{shorten(safe(row.happened), 200)}\n", style="default")
    reports = f", {row.reports} reports" if row.reports > 1 else ""
    more = f"  +{row.more} {'reason' if row.more == 1 else 'reasons'}" if row.more else ""
    more += f" ({shorten(', '.join(dict.fromkeys(row.reasons)), 80)})" if row.reasons else ""
    doubt = "  unconfirmed, one source" if row.unconfirmed and row.reports == 1 else ""
    to = f"  for {safe(row.offered_to)}, now" if row.offered_to else ""
    state = "  accepted" if row.state is TriggerState.ACCEPTED else ""
    best = f"  best from {row.opens_at.astimezone(now.tzinfo):%d %b}" if row.opens_at > now else ""
    why.append(f"{safe(row.publisher)}{reports}{doubt}{more}{best}{state}{to}", style="dim")
    aged = Text(age(row.at, now) + ("?" if row.undated else ""))
    return (
        Text(f"{row.score:.0f}", style=strength),
        name,
        why,
        aged,
        f"{row.expires_at.astimezone(now.tzinfo):%d %b}",
        row.trigger[:8],
    )


def _size(found: Day) -> str:
    """Return how much of the whole the list is, and why."""
    text = f"{len(found.rows)} of {found.total}" if found.total else "None"
    if len(found.rows) < found.total and len(found.rows) == max(0, found.touches - found.made):
        made = f" and {found.made} are made" if found.made else ""
        text += f", because you make about {found.touches} touches a day{made}"
    rest = found.total - len(found.rows) + found.barred
    return text + (f". Left out: {rest}; see why with earmark today --left-out" if rest else "") + "."


def _doubtful(certainty: Certainty) -> str:
    return "" if certainty in {Certainty.ANNOUNCED, Certainty.DONE} else f" ({certainty})"


def _record(view: AccountView, zone: tzinfo) -> Iterable[tuple[str, str]]:
    account = view.account
    yield "id", account.id
    if line := fit_line(account):
        yield "record", line
    yield "fit", f"{view.fit.value:.2f}  {view.fit.sentence}"
    if account.owner:
        yield "owner", account.owner
    if account.crm_ids:
        yield "crm", ", ".join(f"{crm} {remote}" for crm, remote in account.crm_ids.items())
    if account.snoozed_until and account.snoozed_until > view.at:
        ends_by_news = account.snoozed_until == UNTIL_NEWS
        yield "snoozed", f"until {'the next trigger' if ends_by_news else day(account.snoozed_until, zone)}"
    if account.suppression:
        until = f" until {day(account.suppression.until, zone)}" if account.suppression.until else ""
        yield "never", f"contact: {account.suppression.reason}{until} (by {account.suppression.by})"
    for relative in view.relatives:
        kin = (
            "parent"
            if relative.id == account.parent
            else "unit"
            if relative.parent == account.id
            else "sister"
        )
        customer = relative.suppression is not None and relative.suppression.reason == "customer"
        yield kin, f"{relative.name} ({relative.id})" + (", your customer" if customer else "")
    for path in view.paths:
        yield "path", path.sentence
    for contact in view.contacts:
        yield "contact", ", ".join(part for part in (contact.name, contact.title, contact.relation) if part)


def _section(
    console: Console, title: str, parts: Iterable[RenderableType], *, empty: str | None = None
) -> None:
    """Print a titled part; without content it is left out, unless ``empty`` says what that means."""
    held = list(parts)
    if not held and empty is None:
        return
    console.print()
    console.print(Text(title, style="bold underline"))
    console.print(
        Padding(Group(*held) if held else Text(empty or "", style="dim"), (0, 0, 0, 2), expand=False)
    )


def _reasons(reasons: Sequence[Reason], at: datetime, zone: tzinfo) -> list[RenderableType]:
    if not reasons:
        return []
    table = table_of("score", "what", "state", "age", "until", "trigger")
    for reason in reasons:
        trigger = reason.trigger
        table.add_row(
            f"{reason.score.total:.0f}",
            Text(reason.kind_words + _doubtful(trigger.certainty)),
            trigger.state.value,
            age(trigger.decays_from, at) + ("?" if trigger.undated else ""),
            day(trigger.expires_at, zone),
            trigger.id,
        )
    return [table]


def _history(moves: Sequence[Transition], zone: tzinfo) -> list[RenderableType]:
    if not moves:
        return []
    table = table_of("when", "move", "why", "by")
    for move in moves[-_MOST_MOVES:]:
        step = "stays " + move.after if move.after is move.before else f"{move.before} → {move.after}"
        when = f"{move.at.astimezone(zone):%d %b %Y %H:%M}"
        table.add_row(when, step.replace("_", " "), Text(safe(move.reason)), Text(safe(move.actor)))
    earlier = len(moves) - _MOST_MOVES
    return [Text(f"and {earlier} earlier", style="dim"), table] if earlier > 0 else [table]


def _doubt(one: Abstention) -> Text:
    return Text(f"{shorten(safe(one.event.title), 90)}: {safe(one.reason)}")


def _caveats(reason: Reason) -> str:
    trigger = reason.trigger
    parts = (
        ", undated" if trigger.undated else "",
        ", from the backfill of a first poll" if trigger.mark is Mark.BACKFILL else "",
    )
    return "".join(parts)


def _proof(match: Match, zone: tzinfo, marks: tuple[str, str]) -> RenderableType:
    event = match.event
    dated = day(event.happened_at, zone) if event.happened_at else "undated"
    source = f"{publisher_of(event)}, {dated}, confidence {match.confidence:.2f}"
    title = _marked(event.title, _places(match, "title"), (0, len(event.title)), marks)
    lines: list[RenderableType] = [title, Text(safe(source), style="dim")]
    if event.url:
        lines.append(Text(safe(event.url), style="dim"))
    inside = _places(match, "text")
    lines += [_marked(event.text, inside, window, marks) for window in _windows(inside, len(event.text))]
    lines += [
        Text(f"{'+' if one.value * one.weight >= 0 else '-'} {safe(one.sentence)}{_quoted(one)}")
        for one in match.features
        if one.value * one.weight
    ]
    return Padding(Group(*lines), (0, 0, 1, 0), expand=False)


def _quoted(feature: Feature) -> str:
    """Return the words that a reason rests on, each once."""
    quotes = dict.fromkeys(shorten(safe(span.quote), _LONGEST_QUOTE) for span in feature.spans)
    return ": " + ", ".join(f"“{quote}”" for quote in quotes) if quotes else ""


def _places(match: Match, field: str) -> list[tuple[int, int]]:
    """Return where the spans that prove the match stand in a field, in order, overlaps joined."""
    spans = [*match.evidence, *(fact.span for fact in match.facts if fact.span)]
    spans += [span for feature in match.features for span in feature.spans]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(
        (one.start, one.end) for one in spans if (one.event, one.field) == (match.event.id, field)
    ):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _windows(places: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Return the parts of a long text that lie around the proof, at most two."""
    windows: list[tuple[int, int]] = []
    for start, end in places:
        low, high = max(0, start - _AROUND), min(length, end + _AROUND)
        if windows and low <= windows[-1][1]:
            windows[-1] = (windows[-1][0], high)
        else:
            windows.append((low, high))
    return windows[:2]


def _marked(
    text: str, places: Sequence[tuple[int, int]], window: tuple[int, int], marks: tuple[str, str]
) -> Text:
    """Return a part of a text with the proof highlighted."""
    at, stop = window
    shown = Text("…" if at else "")
    for start, end in places:
        if start >= at and end <= stop:
            shown.append(_piece(text[at:start]))
            shown.append(f"{marks[0]}{_piece(text[start:end])}{marks[1]}", style=_PROOF)
            at = end
    shown.append(_piece(text[at:stop]))
    return shown.append("…") if stop < len(text) else shown


def _piece(text: str) -> str:
    return logs.escape("".join(" " if char.isspace() else char for char in text))


def _safe_lines(text: str) -> str:
    return "\n".join(logs.escape(line) for line in text.splitlines())

"""Verbs of learning: what was learned, with how to take it back, and what came of the outreach."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from earmark.cli.moments import backwards
from earmark.cli.session import session_of
from earmark.types import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from earmark.types import Lexicon
    from storage.lessons import Lesson
    from storage.record import Said
    from storage.worked import Worked

__all__ = ["add_to", "lesson_row"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_MEETINGS: Final = frozenset({"meeting", "opportunity", "won"})
"""Outcomes that are a meeting, or more."""
_EVEN: Final = (0.5, 0.5)
_ID: Final = 12


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    app.command()(learned)
    app.command()(insights)


def learned(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many verdicts at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was learned of names, verdicts and rules, and what follows; earmark undo ID takes it back.

    A rule is a kind in one source: its precision is estimated from the verdicts on it, and under the floor
    of the rulebook it is throttled: listed, never promoted.
    """
    from storage import judgements, lessons, rulebook
    from storage.record import records_of

    session = session_of(context)
    with session.reading() as connection:
        names = lessons.learned(connection)
        said = judgements.every(connection)
        anew = judgements.anew(connection)
        lexicon = rulebook.lexicon(connection, ())
        usual = rulebook.decided(connection, ())
    rows = [lesson_row(account, lesson) for account, lesson in names]
    rows += [_verdict_row(one, usual, lexicon) for one in reversed(said)][:limit]
    rows += _rule_rows(lexicon, records_of(said), anew)

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import day, safe, table_of

        if not rows:
            console.print("Nothing was taught or judged. What could not be told: earmark unsure")
            return
        table = table_of("id", "day", "by", "of", "learned", "effect")
        zone = session.settings.team.zone
        for row in rows:
            cells = (row["by"] or "", row["account"] or "", row["learned"], row["effect"])
            when = day(row["at"], zone) if row["at"] else ""
            table.add_row(row["id"], when, *(Text(safe(cell)) for cell in cells))
        console.print(table)
        console.print("Take one back: earmark undo ID")

    session.show(rows, as_json, draw)


def lesson_row(account: str, lesson: "Lesson") -> dict[str, Any]:
    """Return what is told of a lesson about a name."""
    own = "is a name of it" if lesson.is_own else "never means it"
    if lesson.alone:
        own = "means it in one text" if lesson.is_own else "does not mean it in one text"
    return {
        "what": "name",
        "id": lesson.id,
        "lesson": lesson.id,
        "account": account,
        "name": lesson.name,
        "is_own": lesson.is_own,
        "alone": lesson.alone,
        "by": lesson.by,
        "at": lesson.at,
        "learned": f"\u201c{lesson.name}\u201d {own}",
        "effect": lesson.effect,
        "events": list(lesson.events),
    }


def _verdict_row(one: "Said", usual: "Lexicon", lexicon: "Lexicon") -> dict[str, Any]:
    return {
        "what": "verdict",
        "id": one.id[:_ID],
        "account": one.account,
        "trigger": one.trigger,
        "verdict": one.verdict.value,
        "by": one.by,
        "at": one.at,
        "text": one.text,
        "learned": f"{one.kind.replace('_', ' ')}: {one.verdict.replace('_', ' ')}",
        "effect": _effect(one, usual, lexicon),
    }


def _effect(one: "Said", usual: "Lexicon", lexicon: "Lexicon") -> str:
    """Return in words what a verdict does."""
    from storage.record import COUNTED, rule_name

    rules = ", ".join(rule_name(one.kind, source, one.problem) for source in one.sources)
    if one.verdict in COUNTED:
        side = "for" if one.verdict is Verdict.GOOD else "against"
        return f"Counts {side} {rules}." if rules else "Nothing tells it any more."
    if one.verdict is Verdict.TOO_OLD and one.kind in lexicon.kinds:
        now, was = lexicon.kinds[one.kind].expires.days, usual.kinds[one.kind].expires.days
        return f"New ones end after {now} days (was {was})."
    return {
        Verdict.DUPLICATE: "Told twice: it does not speak again, and the other one carries on.",
        Verdict.CUSTOMER_OR_OPEN_DEAL: "The account is suppressed until a day.",
        Verdict.NOT_NOW: "The account is snoozed until a day.",
    }.get(one.verdict, "Kept as a remark.")


def _rule_rows(lexicon: "Lexicon", records: Sequence[Any], anew: "dict[str, int]") -> list[dict[str, Any]]:
    """Return each rule that was judged, the throttled ones first, then the worst."""
    from matcher.learning import precision, throttled
    from storage.record import rule_name

    counted = {(one.kind, one.source, one.problem): one for one in lexicon.records}
    rows = []
    for record in records:
        name = rule_name(record.kind, record.source, record.problem)
        held = counted.get((record.kind, record.source, record.problem))
        good, bad = (held.good, held.bad) if held is not None else (0, 0)
        share = precision(good, bad)
        silent = held is not None and throttled(held, lexicon.floor)
        effect = "Throttled: listed, never promoted." if silent else "It speaks."
        if name in anew:
            effect += f" It began anew; before: {record.good} good, {record.bad} bad."
        likely = f"{share.mean:.0%} ({share.low:.0%} to {share.high:.0%})"
        rows.append(
            {
                "what": "rule",
                "id": name,
                "account": None,
                "by": None,
                "at": None,
                "kind": record.kind,
                "source": record.source,
                "problem": record.problem,
                "good": good,
                "bad": bad,
                "precision": share,
                "floor": lexicon.floor,
                "throttled": silent,
                "learned": f"{good} of {good + bad} good: {likely}",
                "effect": effect,
            }
        )
    return sorted(rows, key=lambda row: (not row["throttled"], row["precision"].mean, row["id"]))


def insights(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="A date or a distance: 2026-09-01, 90d.")] = "90d",
    as_json: AsJson = False,
) -> None:
    """Show meetings per 100 worked reasons by kind, source and rep, each with its 95 % interval."""
    from storage.worked import worked_since

    session = session_of(context)
    begin = session.moment(backwards(since)) or session.now
    with session.reading() as connection:
        worked = worked_since(connection, begin)
    views: dict[str, Callable[[Worked], str]] = {
        "all": lambda _: "all",
        "kind": lambda one: one.kind,
        "source": lambda one: one.source or "unknown",
        "rep": lambda one: one.rep,
    }
    rows = [row for by, of in views.items() for row in _shares(by, of, worked)]

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        if not worked:
            console.print("No outreach was logged. Log it: earmark contacted TRIGGER, then earmark outcome")
            return
        table = table_of("by", "", "reasons worked", "meetings", "per 100", "likely")
        for row in rows:
            likely = f"{row['low']:.0f} to {row['high']:.0f}"
            figures = (f"{row['worked']:,}", f"{row['meetings']:,}", f"{row['per_100']:.0f}", likely)
            table.add_row(row["by"], Text(safe(row["name"])), *figures)
        console.print(table)

    session.show(rows, as_json, draw)


def _shares(by: str, of: "Callable[[Worked], str]", worked: "Sequence[Worked]") -> list[dict[str, Any]]:
    from matcher.learning import precision

    groups: dict[str, list[Worked]] = {}
    for one in worked:
        groups.setdefault(of(one), []).append(one)
    rows = []
    for name, held in groups.items():
        met = sum(bool(one.outcomes & _MEETINGS) for one in held)
        share = precision(met, len(held) - met, _EVEN)
        rows.append(
            {
                "by": by,
                "name": name,
                "worked": len(held),
                "meetings": met,
                "per_100": 100 * met / len(held),
                "low": 100 * share.low,
                "high": 100 * share.high,
            }
        )
    return sorted(rows, key=lambda row: (-row["worked"], row["name"]))

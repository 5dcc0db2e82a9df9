"""The first run: a list, three questions, sources to watch, and the first reason to call."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from fastapi import APIRouter, FastAPI, Form, HTTPException, Query, Response
from pydantic import BaseModel, Field

from earmark.errors import ConfigError
from earmark.rulebook import Rulebook, parse
from earmark.types import Account, Lexicon
from matcher.record import country_named, industry_named
from monitors import discoveries
from monitors.beginning import Exploration
from monitors.demo import is_demo
from monitors.proposals import Proposal, add
from monitors.recorded import demo_file
from review import importing, welcome
from review.account import trigger_view
from review.discovered import Suggestion
from review.page.call import Asked, Call, needs
from review.page.keys import page_token
from review.page.viewer import Role
from review.rules import lexicon_of
from review.settings_file import write_settings
from review.welcome import Answers, Group
from storage import beginning, polls, rulebook, triggers
from storage.engine import Connection

__all__ = ["router"]

_CANDIDATES: Final = 2_000
"""Accounts of which the best-fitting are chosen."""
_SHOWN: Final = 150
"""Sources that are listed one by one; the rest is taken or left together."""
_MOST_VALUES: Final = 400
"""Countries and industries of the list that are looked at, as they are spelled there."""
_MOST_OFFERED: Final = 40
_STEPS: Final = ("list", "questions", "sources", "watch")
_Text = Annotated[str, Form(max_length=2_000)]
_Words = Annotated[str, Field(max_length=2_000)]
_Texts = Annotated[list[str], Form()]


class _Typed(BaseModel):
    """The three questions as their form sends them; ``offered`` is the problem whose phrases were shown."""

    problem: _Words = ""
    offered: _Words = ""
    phrase: list[str] = []
    more: _Words = ""
    rivals: _Words = ""
    country: list[str] = []
    industry: list[str] = []
    at_least: _Words = ""
    at_most: _Words = ""
    zone: _Words = ""
    contact: _Words = ""
    suggest: bool = False


@asynccontextmanager
async def _exploring(app: FastAPI) -> AsyncIterator[None]:
    """Have one exploration for as long as the application runs."""
    app.state.exploration = Exploration()
    try:
        yield
    finally:
        app.state.exploration.stop()


router = APIRouter(dependencies=[needs(Role.ADMIN)], lifespan=_exploring)


@router.get("/welcome")
def _shown(
    call: Asked,
    step: Annotated[str, Query(max_length=20)] = "",
    words: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """Show the first step that is not done, or the one that is asked for."""
    if is_demo(call.settings.workspace) and not step:
        return _leave(call)
    with call.reading() as connection:
        begun = beginning.begun(connection)
    if not begun.accounts:
        return call.page(
            "welcome_list.html",
            at="list",
            megabytes=importing.LARGEST // 1024 // 1024,
            excel=importing.EXCEL,
        )
    if step not in _STEPS:
        step = "questions" if not begun.rules else "sources" if not begun.sources else "watch"
    show = {"questions": _questions, "sources": _sources, "watch": _watch}.get(step)
    return show(call) if show and step != "questions" else _questions(call, words=words)


@router.post("/welcome/sample")
def _sample(call: Asked) -> Response:
    """Take the invented list of the demo, for somebody who has none at hand."""
    content = BytesIO(demo_file("accounts.csv").encode())
    file = importing.keep(call.settings.workspace, "accounts", "sample accounts.csv", content, call.now)
    return call.back(f"/accounts/import/{file.key}")


@router.post("/welcome/rules")
def _answered(call: Asked, typed: Annotated[_Typed, Form()]) -> Response:
    """Write the rulebook that follows from the answers, and the settings that they change.

    A problem whose phrases were not shown yet is answered with them, and nothing is written.
    """
    words = typed.problem.strip()
    if typed.suggest or (words and words != typed.offered.strip()):
        return _questions(call, typed)
    try:
        answers = Answers(
            problem=words[:200],
            phrases=(*typed.phrase, *_lines(typed.more)),
            rivals=tuple(_lines(typed.rivals)),
            countries=tuple(typed.country),
            industries=tuple(typed.industry),
            at_least=_number(typed.at_least),
            at_most=_number(typed.at_most),
            zone=typed.zone.strip() or call.settings.team.time_zone,
        )
        welcome.rules_of(answers)  # what is wrong is said before anything is written
        _write_settings(call, answers.zone, typed.contact.strip())
        with call.writing() as connection:
            number = welcome.save_rules(connection, answers, call.viewer.id, call.now)
            if number is not None:
                call.log(connection, "rules apply", f"version {number}", "From the first questions.")
    except ConfigError as error:
        return _questions(call, typed, fault=str(error))
    return call.back("/welcome?step=sources")


@router.post("/welcome/explore")
def _explore(call: Asked) -> Response:
    """Look at the sites of the best-fitting accounts."""
    with call.reading() as connection:
        _, chosen = _chosen(connection)
    try:
        _exploration(call).begin(call.settings, call.engine, chosen, call.now)
    except ConfigError as error:
        return call.back("/welcome?step=sources", str(error))
    return call.back("/welcome?step=sources")


@router.post("/welcome/sources")
def _begin(
    call: Asked,
    pick: _Texts = [],  # noqa: B006 - FastAPI copies it
    rest: Annotated[bool, Form()] = False,  # noqa: FBT002 - a box of a form
    follow: Annotated[bool, Form()] = False,  # noqa: FBT002 - as above
) -> Response:
    """Add the sources that are ticked: they are due at once; ``follow`` adds what is still to be found."""
    exploration = _exploration(call)
    if follow:
        with call.reading() as connection:
            _, chosen = _chosen(connection)
        try:
            exploration.begin(call.settings, call.engine, chosen, call.now)
        except ConfigError as error:
            return call.back("/welcome?step=sources", str(error))
        exploration.add_what_comes()
    offered = _listed(_groups(call))
    hidden = {one.id for one in offered[_SHOWN:]} if rest else set()
    wanted = [one for one in offered if one.id in hidden or one.id in set(pick)]
    if not wanted and not follow:
        return call.back("/welcome?step=sources", "Nothing was ticked, so nothing was added.")
    add(call.engine, wanted, call.now)
    with call.writing() as connection:
        call.log(connection, "source.add", f"{len(wanted)} sources", "Offered in the first run.")
    said = f"{len(wanted)} sources were added. The first visits begin now." if wanted else ""
    return call.back("/welcome?step=watch", said)


@router.post("/welcome/begin")
def _leave_demo(call: Asked) -> Response:
    """Make a workspace beside the demo, where the demo's own folder stands, and go on there.

    One that is there already is left as it is. The page of ``earmark page`` alone can only say how.
    """
    workspace = call.settings.workspace
    if not is_demo(workspace):
        raise HTTPException(404, "This is no demo: it is your own workspace already.")
    try:
        own = welcome.own_workspace(workspace.parent, call.settings.page.address)
    except ConfigError as error:
        return _leave(call, fault=str(error))
    move = _move(call)
    where = "" if own.page.address == call.settings.page.address else f"http://{own.page.address}"
    answer = call.page(
        "welcome_made.html",
        folder=own.workspace,
        moves=move is not None,
        way=f"{where}/"
        if call.is_personal
        else f"{where}/enter?token={page_token(own.workspace)}&back=/welcome",
        command=f"{sys.executable} -m earmark up",
    )
    if move is not None:
        move()
    return answer


def _leave(call: Call, fault: str = "") -> Response:
    return call.page(
        "welcome_demo.html", status=422 if fault else 200, fault=fault, folder=call.settings.workspace.parent
    )


def _questions(call: Call, typed: _Typed | None = None, words: str = "", fault: str = "") -> Response:
    """Ask the three questions: as they were typed, or else as they were answered before."""
    with call.reading() as connection:
        makeup = beginning.makeup(connection, _MOST_VALUES)
        newest = rulebook.latest(connection)
    rules = parse(newest[1]) if newest else Rulebook()
    is_new = typed is None
    typed = typed or _typed_before(welcome.answered(rules), words, call.settings.team.time_zone)
    return call.page(
        "welcome_questions.html",
        status=422 if fault else 200,
        at="questions",
        typed=typed,
        is_new=is_new,
        phrases=welcome.chips(typed.problem, typed.offered, typed.phrase),
        problems=[one.name for one in rules.problems],
        values={
            "country": _offered(makeup.countries, typed.country, country_named),
            "industry": _offered(makeup.industries, typed.industry, industry_named),
        },
        makeup=makeup,
        zones=sorted(available_timezones()),
        needs_contact=call.settings.http.contact is None,
        fault=fault,
    )


def _typed_before(answers: Answers, words: str, zone: str) -> _Typed:
    return _Typed(
        problem=words,
        country=list(answers.countries),
        industry=list(answers.industries),
        at_least="" if answers.at_least is None else str(answers.at_least),
        at_most="" if answers.at_most is None else str(answers.at_most),
        zone=zone,
    )


def _offered(
    values: Sequence[tuple[str, int]], ticked: Sequence[str], named: Callable[[str], str]
) -> list[tuple[str, int]]:
    """Return the commonest values in one spelling each, and those that are ticked and not among them.

    The spelling is the one that is ticked, else the commonest: the rules take all of them for one.
    """
    spelled = {named(one): one for one in reversed(ticked)}
    counts: Counter[str] = Counter()
    for value, count in values:
        counts[spelled.setdefault(named(value), value)] += count
    offered = dict(counts.most_common(_MOST_OFFERED))
    return [*offered.items(), *((one, counts[one]) for one in dict.fromkeys(ticked) if one not in offered)]


def _sources(call: Call) -> Response:
    exploration = _exploration(call)
    if call.wants_part:
        return call.page("welcome_explored.html", exploration=exploration)
    found = _groups(call)
    offered = _listed(found)
    shown = {one.id for one in offered[:_SHOWN]}
    http = call.settings.http
    with call.reading() as connection:
        _, chosen = _chosen(connection)
    return call.page(
        "welcome_sources.html",
        at="sources",
        groups=found,
        shown=shown,
        offered=offered,
        rest=len(offered) - len(shown),
        cost=welcome.cost_of(offered, http.spacing, http.per_host),
        exploration=exploration,
        chosen=len(chosen),
        names={one.id: one.name for one in chosen},
        looked=len(discoveries.known(call.settings.workspace / discoveries.FILE, chosen, call.now)),
        needs_contact=http.contact is None,
    )


def _watch(call: Call) -> Response:
    with call.reading() as connection:
        watch = beginning.watch(connection)
        best = beginning.first_reasons(connection, call.now)
        views = [
            trigger_view(connection, one, call.now) for id_ in best if (one := triggers.get(connection, id_))
        ]
        headline, misses = "", tuple[Suggestion, ...]()
        if not watch.triggers and watch.visited:
            headline, misses = welcome.nearest_misses(connection, call.now)
    values: dict[str, Any] = {
        "at": "watch",
        "watch": watch,
        "views": views,
        "headline": headline,
        "misses": misses,
        "exploration": _exploration(call),
        "is_over": watch.visited >= watch.sources,
        "is_supervised": _move(call) is not None,
        "is_deaf": watch.failing >= watch.visited > 0,
    }
    return call.page("welcome_watch_part.html" if call.wants_part else "welcome_watch.html", **values)


def _groups(call: Call) -> list[Group]:
    with call.reading() as connection:
        lexicon, chosen = _chosen(connection)
        configured = polls.every(connection)
    looks = discoveries.known(call.settings.workspace / discoveries.FILE, chosen, call.now)
    return welcome.groups(looks.values(), lexicon, chosen, configured)


def _chosen(connection: Connection) -> tuple[Lexicon, list[Account]]:
    lexicon = lexicon_of(connection)
    return lexicon, welcome.best(beginning.likeliest(connection, _CANDIDATES), lexicon)


def _listed(found: list[Group]) -> list[Proposal]:
    """Return all that is offered in one row; the market comes first, for it is listed in any case."""
    return [one for group in reversed(found) for one in group.offers]


def _exploration(call: Call) -> Exploration:
    found: Exploration = call.request.app.state.exploration
    return found


def _move(call: Call) -> Callable[[], None] | None:
    """Return what ends this page to go on in another workspace; None where no supervisor starts it there."""
    found: Callable[[], None] | None = getattr(call.request.app.state, "move", None)
    return found


def _write_settings(call: Call, zone: str, contact: str) -> None:
    """Write what is new into earmark.toml, and let this page go by it at once."""
    settings = call.settings
    values = {("team", "time_zone"): zone} if zone != settings.team.time_zone else {}
    if contact and contact != settings.http.contact:
        values["http", "contact"] = contact
    if not values:
        return
    new = write_settings(settings.workspace, values)
    changed = settings.model_copy(update={"team": new.team, "http": new.http})
    call.request.app.state.desk = replace(call.desk, settings=changed)
    with call.writing() as connection:
        call.log(connection, "settings", "earmark.toml", f"Changed: {', '.join(key for _, key in values)}.")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]


def _number(text: str) -> int | None:
    plain = text.strip().replace(",", "").replace(" ", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()) or len(plain) > 9:  # noqa: PLR2004 - more than all people
        raise ConfigError(f"{text[:20]!r} is no number of employees. Write it like 100.")
    return int(plain)

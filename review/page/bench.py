"""The workbench of those who edit the rulebook: their drafts and trials, for as long as the page runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from starlette.datastructures import FormData

from earmark.errors import ConfigError
from earmark.rulebook import Rulebook, parse
from matcher.trial import check
from review.counting import Counts
from review.page.call import Asked, Call
from review.page.viewer import Role
from review.trying import Draft, Drafts, Trials
from review.versions import InForce, apply, in_force, is_for_an_admin, remarks

__all__ = ["Bench", "Typed", "Work", "bench_of", "keep", "open_bench", "work"]


@dataclass(frozen=True, slots=True)
class Bench:
    """What people work on: drafts, the trials of them, and what is being counted for them."""

    drafts: Drafts = field(default_factory=Drafts)
    trials: Trials = field(default_factory=Trials)
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What somebody edits: their draft, or else what is in force; ``over`` is the version beneath it."""

    newest: InForce
    draft: Draft | None

    @property
    def text(self) -> str:
        """The text that is edited."""
        return self.draft.text if self.draft else self.newest.text

    @property
    def over(self) -> int:
        """The version that it was made from."""
        return self.draft.over if self.draft else self.newest.number

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook that the text is; ConfigError when it is none."""
        return parse(self.text)


@asynccontextmanager
async def open_bench(app: FastAPI) -> AsyncIterator[None]:
    """Lay out a bench for as long as the application runs; its trials end with it."""
    app.state.bench = Bench()
    try:
        yield
    finally:
        app.state.bench.trials.close()
        app.state.bench.counts.close()


async def _typed(request: Request, _: Asked) -> FormData:
    """Return the form of a call, once it is known to be ours."""
    return await request.form()


Typed = Annotated[FormData, Depends(_typed)]
"""All that a form holds, for a route whose fields are not known beforehand."""


def bench_of(call: Call) -> Bench:
    """Return the bench of the page."""
    bench: Bench = call.request.app.state.bench
    return bench


def work(call: Call) -> Work:
    """Return what the viewer edits."""
    with call.reading() as connection:
        newest = in_force(connection)
    return Work(newest=newest, draft=bench_of(call).drafts.of(call.viewer.id))


def keep(call: Call, text: str, *, over: int, in_draft: bool, where: str) -> Response:
    """Keep a text as the viewer's draft, or put it in force, and return the way on.

    ConfigError says what is wrong with it, or that another version came in between.
    """
    check(parse(text).lexicon({}, 0).problems)
    drafts = bench_of(call).drafts
    if in_draft:
        drafts.keep(call.viewer.id, Draft(text=text, over=over, at=call.now))
        return call.back(where, "It is in your draft. Try it, then save it.")
    with call.writing() as connection:
        newest = in_force(connection)
        if is_for_an_admin(newest.text, text) and not call.viewer.may(Role.ADMIN):
            raise ConfigError(
                "What goes out by itself (targets) and what is forgotten (retention) is for an admin to "
                "change. Leave both as they are, or ask one."
            )
        number = apply(connection, text, by=call.viewer.id, at=call.now, over=over)
    drafts.drop(call.viewer.id)
    if number is None:
        return call.back(where, f"Nothing changed: this is version {newest.number} already.")
    with call.reading() as connection:
        told = remarks(connection, text, call.now)
    look = f" Look at this: {' '.join(told)}" if told else ""
    return call.back(where, f"Saved as version {number}.{look}")

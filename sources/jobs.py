"""Job boards of companies: each open posting is an event, and so is one that has gone.

A board shows all its open jobs at each poll. ``poll.state`` keeps them, so that one which is missing twice
in a row counts as closed; a board that is empty all at once closes nothing, for that is how faults look.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlencode

from pydantic import Field

from earmark.contract import Poll, Source, Unchanged
from earmark.errors import SourceChanged
from earmark.types import Event, Fact, Hint, HintKind
from sources.boards import BOARDS, Board, Posting, Postings, read_board

__all__ = ["Jobs", "posting_event"]

_MOST_PAGES: Final = 20
_MOST_KEPT: Final = 4_000  # postings remembered: with their titles well below what a state may hold
_LONGEST_KEPT: Final = 120
_CLOCK_SKEW: Final = timedelta(days=1)


class Jobs(Source):
    """Open jobs on a company's board: Greenhouse, Lever, Ashby, Workable, SmartRecruiters, Recruitee."""

    kind: ClassVar[str] = "jobs"
    floor: ClassVar[timedelta] = timedelta(hours=1)
    terms: ClassVar[str] = "Public postings by the boards' own open interfaces."
    shows: ClassVar[tuple[str, ...]] = ("hiring_role", "hiring_names_tool", "hiring_surge")

    board: Literal["greenhouse", "lever", "ashby", "workable", "smartrecruiters", "recruitee"] = Field(
        description="Where the board is: greenhouse, lever, ashby, workable, smartrecruiters, recruitee."
    )
    token: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
        description="The company's name in the address of its board, such as 'norvik'.",
    )
    company: str | None = Field(
        None, description="The company whose board it is: its name, or domain like 'norvik.example'."
    )

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield every open posting, and those that have closed."""
        board = BOARDS[self.board]
        try:
            found = await self._found(poll, board)
        except Unchanged:  # the same postings as last time, so those that were missing then still are
            for event in self._closed(poll.state, None):
                yield event
            raise
        if not found.count and board.silent and not found.company and not poll.state.get("open"):
            raise SourceChanged(
                f"The board {self.token} at {self.board} is empty. It has no openings now, or there is no "
                "such company: compare the token with the address of its careers page."
            )
        for posting in found.shown:
            yield self._event(posting, found.company, poll.now)
        for event in self._closed(poll.state, found):
            yield event

    async def _found(self, poll: Poll, board: Board) -> Postings:
        """Return what all pages of the board list together, each posting once."""
        root = f"{str(self.base_url).rstrip('/')}/" if self.base_url else board.host
        url = (root + board.path).format(token=self.token)
        if not board.page:
            page = await poll.get(url)
            found = await poll.parse(read_board, self.board, page.body, page.url)
            return replace(found, shown=_once(found.shown))
        shown: list[Posting] = []
        count = 0
        for number in range(_MOST_PAGES):
            query = urlencode({board.start: number * board.page, "limit": board.page})
            # Whole or not at all: a page of many that has not changed would hide what it lists.
            page = await poll.get(f"{url}{'&' if '?' in url else '?'}{query}", conditional=False)
            found = await poll.parse(read_board, self.board, page.body, page.url)
            known = {posting.id for posting in shown}
            fresh = [posting for posting in found.shown if posting.id not in known]
            shown += fresh
            count += found.count
            if found.count < board.page or not fresh:
                break
        return Postings(count=count, shown=_once(shown))

    def _event(self, posting: Posting, company: str | None, now: datetime) -> Event:
        name = self._name(posting.company or company)
        event = posting_event(posting, name, self.board)
        return replace(
            event,
            published_at=event.published_at if _is_past(event.published_at, now) else None,
            language=event.language or self.language,
            hints=(*self._board_hints(), *self._company_hints(posting.company or company)),
        )

    def _name(self, told: str | None) -> str:
        own = self.company.strip() if self.company else ""
        return own if own and not _is_domain(own) else told or own or self.token

    def _board_hints(self) -> tuple[Hint, ...]:
        """Return the board by the addresses that people know, and as ``greenhouse:norvik``."""
        pages = [page.format(token=self.token) for page in BOARDS[self.board].pages]
        names = (f"{self.board}:{self.token}", *pages)
        return tuple(Hint(kind=HintKind.BOARD, value=name, strength=1.0) for name in names)

    def _company_hints(self, told: str | None) -> tuple[Hint, ...]:
        own = self.company.strip() if self.company else ""
        if own:
            return (
                Hint(kind=HintKind.DOMAIN if _is_domain(own) else HintKind.NAME, value=own, strength=1.0),
            )
        return (Hint(kind=HintKind.NAME, value=told),) if told else ()

    def _closed(self, state: dict[str, Any], found: Postings | None) -> list[Event]:
        """Return the postings that are missing for the second time, and remember what is open now.

        ``found`` is None when the board shows what it showed at the last poll.
        """
        before = _mapping(state.get("open"))
        missed = _mapping(state.get("missed"))
        if found is None:
            listed = before.keys() - missed.keys()
            shown = {key: title for key, title in before.items() if key in listed}
        elif not found.shown:
            return []
        else:
            listed = {posting.id for posting in found.shown}
            shown = {posting.id: posting.title[:_LONGEST_KEPT] for posting in found.shown[:_MOST_KEPT]}
            state["company"] = found.shown[0].company or found.company
        gone = {key: title for key, title in before.items() if key not in listed}
        closed = {key: str(title) for key, title in gone.items() if key in missed}
        waiting = {key: title for key, title in gone.items() if key not in missed}
        state["open"] = shown | waiting
        state["missed"] = dict.fromkeys(waiting, 1)
        return [self._closing(key, title, state.get("company")) for key, title in closed.items()]

    def _closing(self, key: str, title: str, company: str | None) -> Event:
        # Without a board hint and "is hiring": a job that has gone is no reason to call.
        name = self._name(company)
        return Event(
            external_id=f"{self.board}:{key}:closed",
            title=f"{name} no longer lists a job: {title}",
            text=f"The posting was missing from its board at {self.board} twice in a row.",
            publisher=name,
            hints=self._company_hints(company),
        )


def posting_event(posting: Posting, company: str, board: str) -> Event:
    """Return the event of a posting as people read it; the source states its role as a fact."""
    place = f" ({posting.location})" if posting.location else ""
    facts = [
        f"{label}: {words}."
        for label, words in (
            ("Department", posting.department),
            ("Location", posting.location),
            ("Employment", posting.employment),
        )
        if words
    ]
    return Event(
        external_id=f"{board}:{posting.id}",
        title=f"{company} is hiring: {posting.title}{place}",
        url=posting.url,
        text="\n".join(part for part in (" ".join(facts), posting.text) if part),
        publisher=company,
        published_at=posting.opened_at,
        language=posting.language,
        facts=(Fact(key="role", value=posting.title),),
    )


def _once(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    return tuple({posting.id: posting for posting in reversed(postings)}.values())[::-1]


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now + _CLOCK_SKEW


def _is_domain(company: str) -> bool:
    return "." in company.strip(".") and " " not in company and not company.endswith(".")


def _mapping(kept: Any) -> Mapping[str, Any]:
    return kept if isinstance(kept, dict) else {}

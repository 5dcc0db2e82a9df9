"""EDGAR, the filings at the SEC: offerings of private companies (Form D) and events of listed ones (8-K).

A poll reads the list of current filings, form by form, back to what it knows. What a filing says stands in
documents of its own; they are read oldest first, some in each poll, so that a busy day takes longer and
loses nothing. Until its document is read, a filing waits in ``poll.state``.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlencode

from pydantic import Field, HttpUrl, StringConstraints

from earmark.contract import Poll, Source
from earmark.errors import SourceChanged, SourceUnavailable
from earmark.types import Event, Hint, HintKind
from sources.dates import read_date
from sources.filings import Filing, filing_of, latest, restored
from sources.form8k import main_document, said_under, subject_of
from sources.formd import FormD, headline, read_form_d, story

__all__ = ["Edgar"]

_WWW: Final = "https://www.sec.gov/"
_DATA: Final = "https://data.sec.gov/"
_PAGE: Final = 100  # the most that a page of the list holds
_MOST_PAGES: Final = 5
_MOST_SEEN: Final = 1_500
_TRIES: Final = 3  # polls in which a document may be missing before the filing is told without it
_CLOCK_SKEW: Final = timedelta(days=1)
_NOT_FOUND: Final = 404
_Cik = Annotated[str, StringConstraints(pattern=r"^\d{1,10}$")]
_Item = Annotated[str, StringConstraints(pattern=r"^\d\.\d\d$")]


class Edgar(Source):
    """Filings at the SEC: money raised in private (Form D), and events of listed companies (8-K)."""

    kind: ClassVar[str] = "edgar"
    floor: ClassVar[timedelta] = timedelta(minutes=5)
    auth: ClassVar[str] = "none; a contact in the settings, which the SEC demands"
    terms: ClassVar[str] = "Public records. The SEC asks for at most 10 requests a second from one user."
    shows: ClassVar[tuple[str, ...]] = (
        *("funding_seed", "funding_early", "funding_growth", "exec_hire", "exec_departure", "board_change"),
        *("acquires", "divest_spinoff", "partnership", "security_incident"),
    )

    forms: tuple[Literal["D", "8-K"], ...] = Field(
        ("D", "8-K"), min_length=1, description="Forms to watch: D, 8-K."
    )
    items: tuple[_Item, ...] = Field(
        ("1.01", "1.05", "2.01", "5.02"),
        description="Items of an 8-K to watch: 1.01 agreement, 1.05 cyber incident, 2.01 acquisition or "
        "disposal, 5.02 directors and officers, and so on; all if empty.",
    )
    ciks: tuple[_Cik, ...] = Field((), description="Watch these companies only, by CIK; all if empty.")
    amendments: bool = Field(
        default=False, description="Also list amendments (D/A, 8-K/A), which repeat a filing."
    )
    funds: bool = Field(default=False, description="Also list the offerings of investment funds and REITs.")
    min_sold: int = Field(0, ge=0, description="Leave out offerings of fewer US dollars than this.")
    texts: bool = Field(
        default=True,
        description="Read the text of each 8-K, at two requests each; else its headings only.",
    )
    documents: int = Field(20, ge=2, le=50, description="The most documents to read in one poll.")
    data_url: HttpUrl | None = Field(
        None, description="Another host to ask for a company's submissions instead of the usual one."
    )

    @property
    def requests(self) -> int:
        """Return a page of the list per form, and about one document that came in between two polls."""
        return 2 * len(self.forms)

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the filings that are new in the list, and those that waited for their document."""
        seen: list[str] = [key for key in poll.state.get("seen", ()) if isinstance(key, str)]
        waiting = restored(poll.state.get("waiting", ()))
        for form in self.forms:
            fresh = [filing async for filing in self._listed(poll, form, frozenset(seen))]
            seen = [filing.key for filing in fresh] + seen
            waiting += [filing for filing in reversed(fresh) if self._wants(filing)]
        later: list[Filing] = []
        async for told in self._read(poll, latest(waiting)):
            if isinstance(told, Event):
                yield told
            else:
                later.append(told)
        poll.state.update(seen=seen[:_MOST_SEEN], waiting=[asdict(filing) for filing in later])

    async def _read(self, poll: Poll, filings: Sequence[Filing]) -> AsyncIterator[Event | Filing]:
        """Yield the event of each filing that is wanted, or the filing itself where it must wait."""
        left = self.documents
        for filing in filings:
            cost = self._cost(filing)
            if cost > left:
                left = 0  # those behind it wait too: the order stays
                yield filing
                continue
            left -= cost
            try:
                event = await self._event(poll, filing)
            except (SourceUnavailable, SourceChanged) as error:
                if isinstance(error, SourceUnavailable) and error.status != _NOT_FOUND:
                    left = 0  # the host is in trouble: ask for no more now
                    yield filing
                elif filing.missed + 1 < _TRIES:
                    yield replace(filing, missed=filing.missed + 1)
                else:
                    yield _dated(_bare(replace(filing, items=self._told(filing))), poll.now)
            else:
                if event is not None:
                    yield _dated(event, poll.now)

    async def _listed(self, poll: Poll, form: str, seen: frozenset[str]) -> AsyncIterator[Filing]:
        """Yield the filings of a form that are not known yet, the newest first, each once."""
        known = set(seen)
        pages = _MOST_PAGES if seen else 1
        for number in range(pages):
            try:
                page = await poll.get(self._list_url(form, number * _PAGE), conditional=False)
                feed = await poll.feed(page)
            except (SourceUnavailable, SourceChanged):
                if number == 0:
                    raise
                return  # a page past the end of the list is an error page
            filings = [filing for event in feed.events if (filing := filing_of(event)) is not None]
            if feed.events and not filings:
                raise SourceChanged(
                    f"{page.url} lists entries that are no filings. Check the option 'base_url'."
                )
            fresh = [filing for filing in filings if filing.key not in known]
            known |= {filing.key for filing in fresh}
            for filing in fresh:
                yield filing
            if len(fresh) < len(filings) or len(filings) < _PAGE:
                return

    def _list_url(self, form: str, start: int) -> str:
        query = urlencode(
            {
                "action": "getcurrent",
                "type": form,
                "owner": "include",
                "count": _PAGE,
                "start": start,
                "output": "atom",
            }
        )
        return f"{_root(self.base_url, _WWW)}cgi-bin/browse-edgar?{query}"

    def _wants(self, filing: Filing) -> bool:
        form = filing.form.removesuffix("/A")
        if form not in self.forms or (form != filing.form and not self.amendments):
            return False  # the list goes by the start of a name: D brings DEF 14A
        if self.ciks and int(filing.cik) not in {int(cik) for cik in self.ciks if cik.isdigit()}:
            return False
        return form == "D" or not self.items or bool(self._told(filing))

    def _told(self, filing: Filing) -> dict[str, str]:
        return {item: words for item, words in filing.items.items() if not self.items or item in self.items}

    def _cost(self, filing: Filing) -> int:
        if filing.form.startswith("D"):
            return 1
        return 2 if self.texts else 0

    async def _event(self, poll: Poll, filing: Filing) -> Event | None:
        """Return the event of a filing with what its document says; None for one that is not wanted."""
        if not filing.form.startswith("D"):
            return await self._of_8k(poll, filing)
        url = f"{_root(self.base_url, _WWW)}{filing.folder}primary_doc.xml"
        page = await poll.get(url, conditional=False)
        form = await poll.parse(read_form_d, page.body, filing.cik, url)
        if (form.is_fund and not self.funds) or (form.sold or form.offered or 0) < self.min_sold:
            return None
        return _offering(filing, form)

    async def _of_8k(self, poll: Poll, filing: Filing) -> Event:
        items = self._told(filing)
        if not self.texts:
            return _report(replace(filing, items=items), "", ())
        url = f"{_root(self.data_url, _DATA)}submissions/CIK{filing.cik}.json"
        page = await poll.get(url, conditional=False)
        name, tickers = await poll.parse(main_document, page.body, filing.accession, url)
        if name is None:
            raise SourceChanged(f"{url} does not list {filing.accession} yet. It is tried again later.")
        document = await poll.get(f"{_root(self.base_url, _WWW)}{filing.folder}{name}", conditional=False)
        text = await poll.parse(said_under, document.body, document.content_type, tuple(items))
        return _report(replace(filing, items=items), text, tickers)


def _offering(filing: Filing, form: FormD) -> Event:
    accepted = read_date(filing.accepted)
    first = form.first_sale
    sold = first if first and (accepted is None or first <= accepted) else None
    return replace(
        _bare(filing),
        title=headline(form),
        text=f"{form.company} filed a Form {filing.form}.\n{story(form)}",
        occurred_at=sold,
        hints=_hints(filing, form.company),
    )


def _report(filing: Filing, text: str, tickers: Sequence[str]) -> Event:
    bare = _bare(filing)
    hints = tuple(Hint(kind=HintKind.TICKER, value=ticker, strength=1.0) for ticker in tickers)
    return replace(bare, text=text or bare.text, hints=bare.hints + hints)


def _bare(filing: Filing) -> Event:
    """Return the event of a filing from the list alone."""
    subjects = ", ".join(subject_of(item, words) for item, words in filing.items.items())
    return Event(
        external_id=filing.key,
        title=f"{filing.company} filed a Form {filing.form}{': ' if subjects else ''}{subjects}",
        url=filing.url,
        text="\n".join(f"Item {item}: {words}" for item, words in filing.items.items()),
        publisher="SEC EDGAR",
        published_at=read_date(filing.accepted),
        language="en",
        hints=_hints(filing, filing.company),
    )


def _hints(filing: Filing, company: str) -> tuple[Hint, ...]:
    sure = Hint(kind=HintKind.CIK, value=filing.cik, strength=1.0)
    return (sure, Hint(kind=HintKind.NAME, value=company))


def _dated(event: Event, now: datetime) -> Event:
    """Return the event without the times that lie in the future."""
    latest_time = now + _CLOCK_SKEW
    published, occurred = event.published_at, event.occurred_at
    return replace(
        event,
        published_at=published if published and published <= latest_time else None,
        occurred_at=occurred if occurred and occurred <= latest_time else None,
    )


def _root(given: HttpUrl | None, usual: str) -> str:
    return f"{str(given).rstrip('/')}/" if given else usual

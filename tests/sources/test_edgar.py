"""EDGAR: golden pairs of lists and Forms D, and how a poll goes through the list and its documents."""

import dataclasses
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from earmark.contract import Page, Source
from earmark.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from earmark.testing import FakePoll, Recorded, SourceContract, events_from
from earmark.triggers import CATALOGUE
from earmark.types import Event, HintKind, Lexicon, Match
from matcher.read import Matcher
from sources.edgar import Edgar
from sources.form8k import items_of, main_document, said_under
from sources.formd import headline, read_form_d
from sources.registry import kinds
from tests.builders import a_stored_event, an_account

DATA = Path(__file__).parent / "data" / "edgar"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WWW = "https://www.sec.gov/"
TALLOWICK = "0009990001"
LISTS = sorted(DATA.glob("*.atom"))
FORMS = sorted(DATA.glob("*.xml"))


def a_list(form: str, start: int = 0, root: str = WWW) -> str:
    query = f"action=getcurrent&type={form}&owner=include&count=100&start={start}&output=atom"
    return f"{root}cgi-bin/browse-edgar?{query}"


def document(cik: int, accession: str, name: str = "primary_doc.xml") -> str:
    return f"{WWW}Archives/edgar/data/{cik}/{accession.replace('-', '')}/{name}"


def an_entry(number: int, form: str = "D", company: str = "Quillmarsh, Inc.", items: str = "") -> str:
    accession = f"0009990100-26-{number:06}"
    return (
        f"<entry><title>{form} - {company} (0009990100) (Filer)</title>"
        f'<link rel="alternate" href="https://www.sec.gov/{accession}-index.htm"/>'
        f'<summary type="html">&lt;b&gt;AccNo:&lt;/b&gt; {accession}{items}</summary>'
        "<updated>2026-11-20T17:30:48-05:00</updated>"
        f"<id>urn:tag:sec.gov,2008:accession-number={accession}</id></entry>"
    )


def a_feed(*entries: str) -> str:
    head = '<?xml version="1.0" encoding="ISO-8859-1" ?><feed xmlns="http://www.w3.org/2005/Atom">'
    return f"{head}<title>Latest Filings</title>{''.join(entries)}</feed>"


def a_form(cik: str = "0009990100", name: str = "Quillmarsh, Inc.") -> str:
    text = (DATA / "formd-equity.xml").read_text("utf-8")
    return text.replace(TALLOWICK, cik).replace("Tallowick Health, Inc.", name)


def submissions(accession: str, name: str) -> str:
    recent = {"accessionNumber": [accession], "primaryDocument": [name]}
    return json.dumps({"tickers": ["QLM"], "filings": {"recent": recent}})


def poll(source: Source, pages: dict[str, Recorded], state: dict[str, Any] | None = None) -> list[Event]:
    return events_from(source, FakePoll(pages, now=NOW, state=state))


def told(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in (f.name for f in dataclasses.fields(event))}
    fields["hints"] = [f"{hint.kind}={hint.value} {hint.strength}" for hint in event.hints]
    plain = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in fields.items()}
    return {name: value for name, value in plain.items() if value not in (None, "", (), [])}


def of_list(path: Path) -> list[Event]:
    form = "8-K" if path.stem.startswith("8k") else "D"
    source = Edgar(forms=(form,), amendments=True, funds=True, items=(), texts=False)
    fund = (DATA / "formd-fund-amendment.xml").read_bytes()
    pages: dict[str, Recorded] = {
        a_list(form): path.read_bytes(),
        document(9990001, "0009990001-26-000003"): (DATA / "formd-equity.xml").read_bytes(),
        document(9990007, "0009990007-26-000011"): fund,
        document(9990008, "0009990007-26-000011"): fund,
    }
    return poll(source, pages)


def of_form(path: Path) -> list[Event]:
    pages: dict[str, Recorded] = {
        a_list("D"): a_feed(an_entry(1)),
        document(9990100, "0009990100-26-000001"): path.read_bytes(),
    }
    return poll(Edgar(forms=("D",), funds=True), pages)


@pytest.mark.parametrize("path", [*LISTS, *FORMS], ids=lambda path: path.stem)
def test_a_page_makes_the_events_beside_it(path: Path) -> None:
    found = [told(event) for event in (of_list(path) if path in LISTS else of_form(path))]
    assert found == json.loads(path.with_name(f"{path.stem}.events.json").read_text("utf-8"))


def test_there_are_golden_pairs_and_a_hostile_one() -> None:
    cases = {path.name.removesuffix(".events.json") for path in DATA.glob("*.events.json")}
    assert cases == {path.stem for path in [*LISTS, *FORMS]}
    assert len(cases) >= 5
    assert "formd-hostile" in cases


class TestFormD(SourceContract):
    source: ClassVar[Source] = Edgar(forms=("D",), base_url="http://127.0.0.1:8000")
    now = NOW
    pages: ClassVar[dict[str, Recorded]] = {
        a_list("D", root="http://127.0.0.1:8000/"): (DATA / "formd-list.atom").read_bytes(),
        document(9990001, "0009990001-26-000003").replace(WWW, "http://127.0.0.1:8000/"): (
            DATA / "formd-equity.xml"
        ).read_bytes(),
    }


class Test8K(SourceContract):
    source: ClassVar[Source] = Edgar(forms=("8-K",))
    now = NOW
    pages: ClassVar[dict[str, Recorded]] = {
        a_list("8-K"): (DATA / "8k-list.atom").read_bytes(),
        "https://data.sec.gov/submissions/CIK0009990002.json": (DATA / "submissions.json").read_bytes(),
        document(9990002, "0009990002-26-000021", "mfldx-20261118.htm"): (
            DATA / "8k-document.htm"
        ).read_bytes(),
    }

    def test_the_text_of_the_wanted_items_is_read_and_no_more(self) -> None:
        (event,) = self.events()
        assert "acquire Harrowfen Storage, Inc. for $120 million" in event.text
        assert "appointed Jane Okafor as Chief Financial Officer" in event.text
        assert not any(word in event.text for word in ("Press release", "Pursuant", "hidden"))
        assert {hint.value for hint in event.hints} >= {"0009990002", "MFLDX"}

    def test_the_matcher_reads_who_came_and_what_is_bought(self) -> None:
        (event,) = self.events()
        matches = read(event, an_account("Mirefield Energy"))
        found = {match.kind: match for match in matches if match.account}
        assert found.keys() == {"exec_hire", "acquires"}
        assert ("person", "Jane Okafor") in {(fact.key, fact.value) for fact in found["exec_hire"].facts}


def read(event: Event, *accounts: Any) -> tuple[Match, ...]:
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    matcher = Matcher(Lexicon(accounts={account.id: account for account in accounts}, kinds=CATALOGUE))
    return matcher.read(a_stored_event(**fields)).matches


def test_edgar_is_a_kind() -> None:
    assert kinds()["edgar"] is Edgar


def test_an_offering_becomes_money_raised_for_the_account_with_its_cik() -> None:
    (event,) = of_form(DATA / "formd-equity.xml")
    account = an_account("Blaufeder", extra={"cik": "9990100"})  # a brand with another name than the issuer
    (match,) = [match for match in read(event, account) if match.account == account.id]
    assert match.kind.startswith("funding")
    assert not any(fact.key == "round" for fact in match.facts)


def test_no_form_d_names_a_round_and_debt_or_a_merger_is_no_equity_round() -> None:
    events = {path.stem: of_form(path) for path in FORMS}
    words = " ".join(f"{event.title}\n{event.text}" for found in events.values() for event in found).lower()
    assert "series a" not in words
    assert "seed" not in words
    for name in ("formd-debt-planned", "formd-merger", "formd-hostile"):
        for event in events[name]:
            kinds_read = {match.kind for match in read(event, an_account("Quillmarsh"))}
            assert not kinds_read & {"funding_seed", "funding_early", "funding_growth"}, event.title


@pytest.mark.parametrize("item", ["1.01", "1.02", "2.01", "2.05", "5.02", "8.01"])
def test_the_headings_of_an_8k_claim_nothing_by_themselves(item: str) -> None:
    # "Departure of Directors or Certain Officers; Election of Directors" says not which of them happened.
    items = f"&lt;br&gt;Item {item}: Completion of Acquisition or Disposition; Departure of Officers"
    pages: dict[str, Recorded] = {
        a_list("8-K"): a_feed(an_entry(1, "8-K", "MIREFIELD ENERGY CORP /DE/", items))
    }
    (event,) = poll(Edgar(forms=("8-K",), items=(), texts=False), pages)
    assert "/DE/" not in event.title
    assert read(event, an_account("Mirefield Energy")) == ()


def test_funds_and_amendments_are_left_out_unless_asked_for() -> None:
    pages: dict[str, Recorded] = {
        a_list("D"): (DATA / "formd-list.atom").read_bytes(),
        document(9990001, "0009990001-26-000003"): (DATA / "formd-fund-amendment.xml").read_bytes(),
    }
    state: dict[str, Any] = {}
    assert poll(Edgar(forms=("D",)), pages, state) == []
    assert state["waiting"] == []
    assert len(poll(Edgar(forms=("D",), funds=True), pages)) == 1


def test_small_offerings_and_other_companies_can_be_left_out() -> None:
    pages: dict[str, Recorded] = {
        a_list("D"): a_feed(an_entry(1)),
        document(9990100, "0009990100-26-000001"): a_form(),
    }
    assert len(poll(Edgar(forms=("D",), min_sold=9_450_000, ciks=("9990100",)), pages)) == 1
    assert poll(Edgar(forms=("D",), min_sold=9_450_001), pages) == []
    assert poll(Edgar(forms=("D",), ciks=("9990101",)), pages) == []


def test_a_known_filing_is_not_read_again() -> None:
    pages: dict[str, Recorded] = {
        a_list("D"): a_feed(an_entry(1)),
        document(9990100, "0009990100-26-000001"): a_form(),
    }
    state: dict[str, Any] = {}
    assert len(poll(Edgar(forms=("D",)), pages, state)) == 1
    again = FakePoll(pages, now=NOW, state=json.loads(json.dumps(state)))
    assert events_from(Edgar(forms=("D",)), again) == []
    assert again.asked == [a_list("D")]


def test_documents_beyond_the_bound_wait_for_the_next_poll_oldest_first() -> None:
    numbers = range(1, 8)
    pages: dict[str, Recorded] = {a_list("D"): a_feed(*(an_entry(n) for n in reversed(numbers)))}
    pages |= {document(9990100, f"0009990100-26-{n:06}"): a_form() for n in numbers}
    state: dict[str, Any] = {}
    source = Edgar(forms=("D",), documents=3)
    polls = [poll(source, pages, state) for _ in range(3)]
    order = [[int(event.external_id[-17:-11]) for event in found] for found in polls]
    assert order == [[1, 2, 3], [4, 5, 6], [7]]
    assert state["waiting"] == []


def test_a_document_that_is_missing_is_tried_thrice_and_then_told_without_it() -> None:
    missing = SourceUnavailable("not found", status=404)
    pages: dict[str, Recorded] = {
        a_list("D"): a_feed(an_entry(1)),
        document(9990100, "0009990100-26-000001"): missing,
    }
    state: dict[str, Any] = {}
    assert poll(Edgar(forms=("D",)), pages, state) == []
    assert poll(Edgar(forms=("D",)), pages, state) == []
    (event,) = poll(Edgar(forms=("D",)), pages, state)
    assert event.title == "Quillmarsh, Inc. filed a Form D"
    assert state["waiting"] == []


def test_trouble_at_the_host_counts_no_try_and_ends_the_reading() -> None:
    pages: dict[str, Recorded] = {
        a_list("D"): a_feed(an_entry(2), an_entry(1)),
        document(9990100, "0009990100-26-000001"): SourceUnavailable("down", status=503),
    }
    state: dict[str, Any] = {}
    visit = FakePoll(pages, now=NOW, state=state)
    assert events_from(Edgar(forms=("D",)), visit) == []
    assert [filing["missed"] for filing in state["waiting"]] == [0, 0]
    assert len(visit.asked) == 2


def test_a_block_by_the_sec_is_told_to_a_person() -> None:
    pages: dict[str, Recorded] = {
        a_list("D"): a_feed(an_entry(1)),
        document(9990100, "0009990100-26-000001"): SourceRefused("blocked", status=403),
    }
    with pytest.raises(SourceRefused):
        poll(Edgar(forms=("D",)), pages)


def test_pages_are_read_back_to_what_is_known_and_past_the_end_is_no_fault() -> None:
    source = Edgar(forms=("8-K",), items=(), texts=False)
    state: dict[str, Any] = {}
    poll(source, {a_list("8-K"): a_feed(an_entry(0, "8-K"))}, state)
    newest = [an_entry(n, "8-K") for n in range(250, 0, -1)]
    pages: dict[str, Recorded] = {
        a_list("8-K", 0): a_feed(*newest[:100]),
        a_list("8-K", 100): a_feed(*newest[100:200]),
        a_list("8-K", 200): SourceUnavailable("past the end", status=503),
    }
    assert len(poll(source, pages, state)) == 200


def test_a_list_that_repeats_its_first_page_for_ever_ends() -> None:
    page = a_feed(*(an_entry(n, "8-K") for n in range(100)))
    visit = FakePoll({a_list("8-K", n * 100): page for n in range(9)}, now=NOW, state={"seen": ["x"]})
    assert len(events_from(Edgar(forms=("8-K",), items=(), texts=False), visit)) == 100
    assert len(visit.asked) == 2


def test_only_the_wanted_items_count() -> None:
    items = "&lt;br&gt;Item 8.01: Other Events&lt;br&gt;Item 9.01: Exhibits"
    pages: dict[str, Recorded] = {a_list("8-K"): a_feed(an_entry(1, "8-K", items=items))}
    assert poll(Edgar(forms=("8-K",), texts=False), pages) == []
    (event,) = poll(Edgar(forms=("8-K",), items=("8.01",), texts=False), pages)
    assert event.text == "Item 8.01: Other Events"


def test_a_document_with_a_strange_name_is_not_asked_for() -> None:
    items = "&lt;br&gt;Item 5.02: Departure of Directors"
    pages: dict[str, Recorded] = {
        a_list("8-K"): a_feed(an_entry(1, "8-K", items=items)),
        "https://data.sec.gov/submissions/CIK0009990100.json": submissions(
            "0009990100-26-000001", "../../../etc/passwd.htm"
        ),
    }
    visit = FakePoll(pages, now=NOW)
    assert events_from(Edgar(forms=("8-K",)), visit) == []
    assert len(visit.asked) == 2


def test_another_feed_than_edgars_is_told() -> None:
    other = a_feed("<entry><title>Some news</title><id>1</id></entry>")
    with pytest.raises(SourceChanged, match="base_url"):
        poll(Edgar(forms=("D",)), {a_list("D"): other})


def test_a_filing_of_the_future_is_undated() -> None:
    page = a_feed(an_entry(1, "8-K").replace("2026-11-20", "2036-11-20"))
    (event,) = poll(Edgar(forms=("8-K",), items=(), texts=False), {a_list("8-K"): page})
    assert event.published_at is None


def test_a_waiting_list_of_another_shape_is_passed_over() -> None:
    state: dict[str, Any] = {"seen": [1, None], "waiting": [{"old": 1}, 7]}
    assert poll(Edgar(forms=("D",)), {a_list("D"): a_feed()}, state) == []


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValidationError):
        Edgar(ciks=("ACME",))
    with pytest.raises(ValidationError):
        Edgar(items=("five",))


def test_pages_of_another_charset_keep_their_accents() -> None:
    company = "Société Mirefield (Québec) S.A."
    body = a_feed(an_entry(1, "8-K", company)).encode("latin-1")
    page = Page(url=a_list("8-K"), status=200, headers={}, body=body)
    (event,) = poll(Edgar(forms=("8-K",), items=(), texts=False), {a_list("8-K"): page})
    assert company in event.title
    assert {hint.kind for hint in event.hints} == {HintKind.CIK, HintKind.NAME}


@pytest.mark.parametrize(
    "told",
    [
        "null",
        "[]",
        "7",
        "{}",
        '{"filings": null}',
        '{"filings": {"recent": {"accessionNumber": [{}], "primaryDocument": [1]}}}',
        '{"filings": {"recent": {"accessionNumber": 1, "primaryDocument": 2}}}',
    ],
)
def test_submissions_in_another_shape_are_told(told: str) -> None:
    with pytest.raises(SourceChanged):
        main_document(told.encode(), "0009990002-26-000021", "https://data.example/")


def test_submissions_without_the_filing_or_with_odd_tickers_are_read() -> None:
    told = '{"tickers": "MFLDX", "filings": {"recent": {"accessionNumber": [], "primaryDocument": []}}}'
    assert main_document(told.encode(), "0009990002-26-000021", "https://data.example/") == (None, ())


_FORM = (DATA / "formd-equity.xml").read_bytes()


@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(0, len(_FORM)),
    end=st.integers(0, len(_FORM)),
    other=st.binary(max_size=30) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore")),
)
def test_whatever_stands_in_a_form_it_is_read_or_told(start: int, end: int, other: bytes) -> None:
    try:
        form = read_form_d(_FORM[:start] + other + _FORM[end:], TALLOWICK, "https://www.example/")
    except SourceError:
        return
    assert form.company
    assert form.company in headline(form)
    assert pickle.loads(pickle.dumps(form)) == form  # noqa: S301 - our own: it comes from the worker pool


@given(st.text(max_size=300))
def test_the_items_of_any_text_are_found_without_a_fault(text: str) -> None:
    assert all(len(item) == 4 for item in items_of(text))
    said_under(text.encode("utf-8", "ignore"), "text/html", ("5.02",))

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from earmark.contract import Page
from earmark.errors import ConfigError, SourceChanged
from earmark.testing import FakePoll, SourceContract, events_from
from earmark.types import Lexicon
from matcher.read import Matcher
from monitors.identity import identified
from sources.crunchbase import CrunchbaseSource, read_export
from sources.registry import build
from tests.builders import NOW, an_account
from tests.sources.dropped import DATA, DroppedContract, cases, dropped, expected, told

PAGES = DATA / "crunchbase"
URL = "https://crunch.example/api/v4/searches/funding_rounds"


class TestExports(DroppedContract):
    kind_of_source = CrunchbaseSource
    pages = {  # noqa: RUF012 - a test's own pages
        name: (PAGES / name).read_bytes() for name in ("rounds.csv", "semicolons.csv")
    }


class TestSearch(SourceContract):
    pages = {URL: (PAGES / "api.json").read_bytes()}  # noqa: RUF012 - a test's own page
    now = NOW

    @pytest.fixture(autouse=True)
    def _key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CRUNCH", "a-licensed-key")
        type(self).source = search()


def search(**options: Any) -> CrunchbaseSource:
    given = {"key": "env:CRUNCH", "base_url": "https://crunch.example"}
    return CrunchbaseSource.model_validate(given | options)


@pytest.mark.parametrize("page", [p for p in cases("crunchbase") if p.suffix == ".csv"], ids=lambda p: p.stem)
def test_an_export_makes_the_events_beside_it(page: Path, tmp_path: Path) -> None:
    shutil.copy(page, tmp_path)
    found = told(CrunchbaseSource(path=tmp_path))
    if "error" in found:
        found["error"] = found["error"].replace(str(tmp_path), "FOLDER")
    assert found == expected(page)


def test_the_search_makes_the_events_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRUNCH", "a-licensed-key")
    poll = FakePoll({URL: (PAGES / "api.json").read_bytes()}, now=NOW)
    found = [(e.external_id, e.title, e.published_at) for e in events_from(search(), poll)]
    assert [(name, title, str(date)[:10]) for name, title, date in found] == [
        (
            "https://www.crunchbase.com/funding_round/quillmarsh-series-b--00000001",
            "Quillmarsh raised USD 42,000,000 in a Series B round, led by Birchgate Capital",
            "2026-11-20",
        ),
        (
            "https://www.crunchbase.com/funding_round/fennelworks-venture--00000003",
            "Fennelworks raised a venture funding round",
            "2026-11-17",
        ),
    ]


def test_a_round_in_the_export_and_in_the_search_has_one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRUNCH", "a-licensed-key")
    names = read_export((PAGES / "rounds.csv").read_bytes(), _columns(), NOW).events
    found = events_from(search(), FakePoll({URL: (PAGES / "api.json").read_bytes()}, now=NOW))
    assert {event.external_id for event in found} <= {event.external_id for event in names}


def _columns() -> Any:
    from sources.crunchbase import _COLUMNS  # noqa: PLC0415 - a test may look inside

    return _COLUMNS


# Never more than it says


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ("Norvik Labs,Series A,5000000,EUR", "Norvik Labs raised EUR 5,000,000 in a Series A round"),
        ("Norvik Labs,Series A,—,EUR", "Norvik Labs raised a Series A round"),
        ("Norvik Labs,Series A,5000000,", "Norvik Labs raised a Series A round"),
        ("Norvik Labs,Series A,nan,EUR", "Norvik Labs raised a Series A round"),
        ("Norvik Labs,Series A,-5,EUR", "Norvik Labs raised a Series A round"),
        ("Norvik Labs,,5000000,EUR", "Norvik Labs raised EUR 5,000,000 in a funding round"),
        ("Norvik Labs,Angel,,", "Norvik Labs raised an Angel round"),
        ("Norvik Labs,Grant,100,CHF", "Norvik Labs received a grant: CHF 100"),
        ("Norvik Labs,Debt Financing,100.5,CHF", "Norvik Labs raised debt financing of CHF 100.50"),
        ("Norvik Labs,Undisclosed,,", "Norvik Labs raised a funding round"),
    ],
)
def test_the_words_say_what_the_row_says(row: str, title: str, tmp_path: Path) -> None:
    dropped(tmp_path, rows__csv=f"Organization Name,Funding Type,Money Raised,Money Raised Currency\n{row}\n")
    (event,) = events_from(CrunchbaseSource(path=tmp_path), FakePoll({}, now=NOW))
    assert event.title == title


def test_a_list_of_companies_is_no_list_of_rounds(tmp_path: Path) -> None:
    dropped(tmp_path, companies__csv="Organization Name,Website\nNorvik Labs,norvik.example\n")
    state: dict[str, Any] = {}
    assert events_from(CrunchbaseSource(path=tmp_path), FakePoll({}, now=NOW, state=state)) == []
    assert "no round" in state["left_out_last"]


@pytest.mark.parametrize(
    ("row", "kind", "amount"),
    [
        ("Norvik Labs,Series B,42000000,USD,Birchgate Capital", "funding_early", "42000000"),
        ("Norvik Labs,Seed,7500000,EUR,", "funding_seed", "7500000"),
        ("Norvik Labs,Grant,250000,GBP,Harrowfen Council", "funding_debt_grant", "250000"),
        ("Norvik Labs,Debt Financing,5000000,EUR,", "funding_debt_grant", "5000000"),
    ],
)
def test_the_matcher_reads_kind_and_amount_of_a_round(
    row: str, kind: str, amount: str, tmp_path: Path
) -> None:
    head = "Organization Name,Funding Type,Money Raised,Money Raised Currency,Lead Investors"
    dropped(tmp_path, rows__csv=f"{head}\n{row}\n")
    (event,) = events_from(CrunchbaseSource(path=tmp_path), FakePoll({}, now=NOW))
    account = an_account()
    reading = Matcher(Lexicon(accounts={account.id: account})).read(
        identified(event, source="rounds", now=NOW, trust=1.0)
    )
    (match,) = reading.matches
    facts = {fact.key: str(fact.value) for fact in match.facts}
    assert (match.account, match.kind, facts["amount"]) == (account.id, kind, amount)


def test_renamed_columns_are_named_by_an_option(tmp_path: Path) -> None:
    dropped(tmp_path, rows__csv="Firm;Runde\nNorvik Labs;Seed\n")
    source = CrunchbaseSource(path=tmp_path, columns={"company": "Firm", "round": "RUNDE"})
    assert [e.title for e in events_from(source, FakePoll({}, now=NOW))] == [
        "Norvik Labs raised a Seed round"
    ]


# The search


class Asked(FakePoll):
    """Answers page after page, and notes what was asked."""

    def __init__(self, *answers: Any) -> None:
        super().__init__({}, now=NOW)
        self.bodies: list[dict[str, Any]] = []
        self.sent: list[Any] = []
        self.answers = list(answers)

    async def post(self, url: str, *, json: Any = None, data: Any = None, headers: Any = None) -> Page:
        del data
        self.bodies.append(json)
        self.sent.append(headers)
        body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Page(url=url, status=200, headers={}, body=_json(body))


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def entities(first: int, count: int) -> dict[str, Any]:
    return {
        "entities": [
            {
                "uuid": f"u{number}",
                "properties": {
                    "funded_organization_identifier": {"value": f"Firm {number}"},
                    "investment_type": "seed",
                },
            }
            for number in range(first, first + count)
        ]
    }


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRUNCH", "a-licensed-key")


def test_the_search_pages_to_the_end_and_names_its_key_in_a_header_only() -> None:
    poll = Asked(entities(0, 100), entities(100, 30))
    assert len(events_from(search(since=timedelta(days=7), types=("seed",)), poll)) == 130
    assert [body.get("after_id") for body in poll.bodies] == [None, "u99"]
    assert poll.bodies[0]["query"][0]["values"] == ["2026-11-14"]
    assert poll.bodies[0]["query"][1]["values"] == ["seed"]
    assert all(sent == {"X-cb-user-key": "a-licensed-key"} for sent in poll.sent)
    assert "a-licensed-key" not in json.dumps(poll.bodies)


def test_pages_that_go_in_a_circle_end() -> None:
    poll = Asked(entities(0, 100))
    assert len(events_from(search(pages=20), poll)) == 100
    assert len(poll.bodies) == 2


def test_pages_are_bounded() -> None:
    poll = Asked(*(entities(number * 100, 100) for number in range(9)))
    assert len(events_from(search(pages=3), poll)) == 300


@pytest.mark.parametrize(
    "body", [[], {"entities": 7}, {"entities": [None]}, [{"message": "no", "code": "LA"}]]
)
def test_an_answer_of_another_shape_says_what_to_check(body: Any) -> None:
    with pytest.raises(SourceChanged, match="licence"):
        events_from(search(), Asked(body))


def test_entities_with_holes_are_left_out_one_by_one() -> None:
    odd = {"entities": [{}, {"uuid": 7, "properties": []}, *entities(1, 1)["entities"]]}
    assert [event.title for event in events_from(search(), Asked(odd))] == ["Firm 1 raised a Seed round"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "give either path"),
        ({"path": "/x", "key": "env:K"}, "give either path"),
        ({"path": "/x", "columns": {"firm": "F"}}, "no field 'firm'"),
        ({"key": "hunter2"}, "env:NAME"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        build("crunchbase", options)


def test_the_key_never_shows() -> None:
    assert "a-licensed-key" not in f"{search()!r} {search().model_dump_json()}"

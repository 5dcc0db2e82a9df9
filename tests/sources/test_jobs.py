"""Job boards: golden pairs of each board, and what is open, missing and closed from poll to poll."""

import asyncio
import dataclasses
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from earmark.contract import Source, Unchanged
from earmark.errors import SourceChanged, SourceError, SourceUnavailable
from earmark.testing import FakePoll, Recorded, SourceContract, events_from
from earmark.triggers import CATALOGUE
from earmark.types import Event, Lexicon, Match
from matcher.read import Matcher
from matcher.stories import partition
from sources.boards import BOARDS, read_board
from sources.jobs import Jobs
from sources.registry import kinds
from tests.builders import a_stored_event, an_account

DATA = Path(__file__).parent / "data" / "jobs"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CASES = sorted(path for path in DATA.glob("*.json") if not path.name.endswith(".events.json"))
QUILLMARSH = "https://boards-api.greenhouse.io/v1/boards/quillmarsh/jobs?content=true"


def a_board(kind: str, token: str = "tallowick", **options: Any) -> Jobs:  # noqa: S107 - no secret
    return Jobs.model_validate({"board": kind, "token": token} | options)


def asked(kind: str, token: str = "tallowick", start: int = 0) -> str:  # noqa: S107 - no secret
    board = BOARDS[kind]
    url = (board.host + board.path).format(token=token)
    paged = f"{'&' if '?' in url else '?'}{board.start}={start}&limit={board.page}"
    return f"{url}{paged}" if board.page else url


def poll(source: Source, pages: dict[str, Recorded], state: dict[str, Any] | None = None) -> list[Event]:
    return events_from(source, FakePoll(pages, now=NOW, state=state))


def told(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in (f.name for f in dataclasses.fields(event))}
    fields["hints"] = [f"{hint.kind}={hint.value} {hint.strength}" for hint in event.hints]
    fields["facts"] = [f"{fact.key}={fact.value}" for fact in event.facts]
    plain = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in fields.items()}
    return {name: value for name, value in plain.items() if value not in (None, "", (), [])}


def of_case(path: Path) -> list[Event]:
    kind = path.stem.partition("-")[0]
    return poll(a_board(kind), {asked(kind): path.read_bytes()})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_page_makes_the_events_beside_it(path: Path) -> None:
    expected = path.with_name(f"{path.stem}.events.json")
    assert [told(event) for event in of_case(path)] == json.loads(expected.read_text("utf-8"))


def test_every_board_has_a_golden_pair_and_there_is_a_hostile_one() -> None:
    cases = {path.stem for path in CASES}
    assert cases >= BOARDS.keys() | {"greenhouse-hostile"}


class _OfBoard(SourceContract):
    now = NOW

    def __init_subclass__(cls, kind: str, **options: Any) -> None:
        super().__init_subclass__()
        cls.source = a_board(kind, **options)
        cls.pages = {asked(kind): (DATA / f"{kind}.json").read_bytes()}


class TestGreenhouse(_OfBoard, kind="greenhouse"):
    pass


class TestLever(_OfBoard, kind="lever", company="Tallowick Health"):
    pass


class TestAshby(_OfBoard, kind="ashby"):
    pass


class TestWorkable(_OfBoard, kind="workable"):
    pass


class TestSmartRecruiters(_OfBoard, kind="smartrecruiters"):
    pass


class TestRecruitee(_OfBoard, kind="recruitee"):
    pass


del _OfBoard  # it has no board of its own, so pytest must not collect it


def jobs_at(*titles: str, ids: tuple[int, ...] = ()) -> str:
    numbers = ids or tuple(range(1, len(titles) + 1))
    entries = [
        {"id": number, "title": title, "internal_job_id": number, "company_name": "Quillmarsh"}
        for number, title in zip(numbers, titles, strict=True)
    ]
    return json.dumps({"jobs": entries})


def titles_of(events: list[Event]) -> list[str]:
    return [event.title for event in events]


def matches_of(events: list[Event], account: Any) -> list[Match]:
    matcher = Matcher(Lexicon(accounts={account.id: account}, kinds=CATALOGUE))
    found: list[Match] = []
    for number, event in enumerate(events):
        fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
        found += matcher.read(a_stored_event(**fields, id=f"event-{number}")).matches
    return [match for match in found if match.account == account.id]


def test_jobs_is_a_kind() -> None:
    assert kinds()["jobs"] is Jobs


def test_a_job_is_closed_when_it_is_missing_twice_and_only_once() -> None:
    source = a_board("greenhouse", "quillmarsh")
    state: dict[str, Any] = {}
    both = jobs_at("Head of Sales", "Data Engineer")
    one = jobs_at("Head of Sales")
    polls = [titles_of(poll(source, {QUILLMARSH: page}, state)) for page in (both, one, one, one)]
    gone = "Quillmarsh no longer lists a job: Data Engineer"
    assert [gone in titles for titles in polls] == [False, False, True, False]
    assert state["missed"] == {}


def test_a_job_that_comes_back_was_never_closed() -> None:
    source = a_board("greenhouse", "quillmarsh")
    state: dict[str, Any] = {}
    both, one = jobs_at("Head of Sales", "Data Engineer"), jobs_at("Head of Sales")
    for page in (both, one, both, one):
        assert not any("no longer" in title for title in titles_of(poll(source, {QUILLMARSH: page}, state)))


def test_an_unchanged_board_lacks_what_it_lacked_before() -> None:
    source = a_board("greenhouse", "quillmarsh")
    state: dict[str, Any] = {}
    poll(source, {QUILLMARSH: jobs_at("Head of Sales", "Data Engineer")}, state)
    poll(source, {QUILLMARSH: jobs_at("Head of Sales")}, state)
    found: list[Event] = []

    async def collect() -> None:
        async for event in source.poll(FakePoll({QUILLMARSH: Unchanged()}, now=NOW, state=state)):
            found.append(event)  # noqa: PERF401 - a comprehension would lose them: the poll ends in Unchanged

    with pytest.raises(Unchanged):
        asyncio.run(collect())
    assert titles_of(found) == ["Quillmarsh no longer lists a job: Data Engineer"]
    assert state["open"] == {"1": "Head of Sales"}
    assert state["missed"] == {}


def test_an_empty_board_closes_nothing() -> None:
    source = a_board("greenhouse", "quillmarsh")
    state: dict[str, Any] = {}
    poll(source, {QUILLMARSH: jobs_at("Head of Sales")}, state)
    before = json.dumps(state)
    for _ in range(3):
        assert poll(source, {QUILLMARSH: '{"jobs": []}'}, state) == []
    assert json.dumps(state) == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [("workable", '{"name": null, "jobs": []}'), ("smartrecruiters", '{"totalFound": 0, "content": []}')],
)
def test_a_board_that_never_showed_anything_may_be_a_wrong_token(kind: str, body: str) -> None:
    source = a_board(kind)
    with pytest.raises(SourceChanged, match="compare the token"):
        poll(source, {asked(kind): body})
    assert poll(source, {asked(kind): body}, {"open": {"1": "Head of Sales"}}) == []


def test_an_empty_board_with_the_companys_name_is_no_fault() -> None:
    assert poll(a_board("workable"), {asked("workable"): '{"name": "Tallowick", "jobs": []}'}) == []


def test_pages_are_read_to_the_end_and_a_board_that_repeats_itself_ends() -> None:
    entries = [{"id": str(n), "text": f"Engineer {n}", "createdAt": None} for n in range(230)]
    pages: dict[str, Recorded] = {
        asked("lever", start=start): json.dumps(entries[start : start + 100]) for start in (0, 100, 200)
    }
    assert len(poll(a_board("lever"), pages)) == 230
    same = json.dumps(entries[:100])
    visit = FakePoll({asked("lever", start=start): same for start in range(0, 5000, 100)}, now=NOW)
    assert len(events_from(a_board("lever"), visit)) == 100
    assert len(visit.asked) == 2


def test_a_missing_page_is_no_shorter_board() -> None:
    entries = [{"id": str(n), "text": f"Engineer {n}"} for n in range(100)]
    state: dict[str, Any] = {"open": {"150": "Engineer 150"}, "missed": {"150": 1}}
    before = json.dumps(state)
    pages: dict[str, Recorded] = {
        asked("lever"): json.dumps(entries),
        asked("lever", start=100): SourceUnavailable("later"),
    }
    with pytest.raises(SourceUnavailable):
        poll(a_board("lever"), pages, state)
    assert json.dumps(state) == before


@pytest.mark.parametrize("kind", sorted(BOARDS))
@pytest.mark.parametrize(
    "body", ['{"ok": false, "error": "Document not found"}', "[1]", '"x"', '{"jobs": {}}']
)
def test_an_answer_in_another_shape_is_told(kind: str, body: str) -> None:
    with pytest.raises(SourceChanged):
        poll(a_board(kind), {asked(kind): body})


def test_talent_pools_and_hidden_jobs_are_no_jobs() -> None:
    assert not any("Talent pool" in title for title in titles_of(of_case(DATA / "greenhouse.json")))
    assert not any("Unlisted" in title for title in titles_of(of_case(DATA / "ashby.json")))


def test_the_same_token_in_another_spelling_of_the_column_decides() -> None:
    (event,) = of_case(DATA / "ashby.json")
    for column in ("ashby:tallowick", "https://jobs.ashbyhq.com/tallowick/", "jobs.ashbyhq.com/Tallowick"):
        account = an_account("Fennelworks", extra={"board": column})
        assert {match.kind for match in matches_of([event], account)} >= {"hiring_role"}, column


def test_a_posting_tells_the_role_and_the_tools_of_the_account() -> None:
    page = json.loads(jobs_at("Head of Sales Operations"))
    page["jobs"][0] |= {"location": {"name": "Rotterdam"}, "content": "&lt;p&gt;Salesforce and dbt&lt;/p&gt;"}
    events = poll(a_board("greenhouse", "quillmarsh"), {QUILLMARSH: json.dumps(page)})
    found = {match.kind: match for match in matches_of(events, an_account("Quillmarsh"))}
    assert found.keys() == {"hiring_role", "hiring_names_tool"}
    assert ("role", "Head of Sales Operations") in {(f.key, f.value) for f in found["hiring_role"].facts}


def test_the_same_role_in_five_places_is_one_story_and_another_role_another() -> None:
    page = json.loads(jobs_at(*["Account Executive"] * 5, "Data Engineer"))
    for number, job in enumerate(page["jobs"]):
        job["location"] = {"name": f"{('Leeds', 'Lyon', 'Gent', 'Turin', 'Graz', 'Porto')[number]}"}
        job["first_published"] = f"2026-11-{10 + number}T08:00:00Z"
    events = poll(a_board("greenhouse", "quillmarsh"), {QUILLMARSH: json.dumps(page)})
    stories = partition(matches_of(events, an_account("Quillmarsh")))
    assert sorted(len(story) for story in stories) == [1, 5]


def test_a_closed_job_is_no_reason_to_call() -> None:
    source = a_board("greenhouse", "quillmarsh", company="Quillmarsh")
    state: dict[str, Any] = {"open": {"9": "Head of Sales"}, "missed": {"9": 1}}
    (event,) = [
        event
        for event in poll(source, {QUILLMARSH: jobs_at("Data Engineer")}, state)
        if event.external_id.endswith(":closed")
    ]
    assert event.published_at is None
    assert matches_of([event], an_account("Quillmarsh")) == []


def test_a_job_of_the_future_is_undated() -> None:
    page = json.loads(jobs_at("Head of Sales"))
    page["jobs"][0]["first_published"] = "2036-01-01T00:00:00Z"
    (event,) = poll(a_board("greenhouse", "quillmarsh"), {QUILLMARSH: json.dumps(page)})
    assert event.published_at is None


@pytest.mark.parametrize("token", ["../admin", "a/b", "a b", "", "norvik.example", "a?b", "-x", "a" * 101])
def test_a_token_that_is_no_name_is_refused(token: str) -> None:
    with pytest.raises(ValidationError):
        a_board("recruitee", token)


def test_a_domain_as_company_is_a_hint_and_no_title() -> None:
    source = a_board("greenhouse", "quillmarsh", company="quillmarsh.example")
    (event,) = poll(source, {QUILLMARSH: jobs_at("Head of Sales")})
    assert event.title == "Quillmarsh is hiring: Head of Sales"
    assert any(hint.kind == "domain" and hint.strength == 1 for hint in event.hints)


def test_another_host_can_be_asked() -> None:
    source = a_board("recruitee", base_url="http://127.0.0.1:8000/boards")
    page = (DATA / "recruitee.json").read_bytes()
    assert len(poll(source, {"http://127.0.0.1:8000/boards/api/offers/": page})) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_NAMES = (
    *("id", "title", "text", "name", "shortcode", "location", "categories", "lists", "departments"),
    *("company", "content", "createdAt", "publishedAt", "first_published", "published_on", "jobUrl"),
)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(BOARDS)),
    entries=st.lists(st.dictionaries(st.sampled_from(_NAMES), _JSON), max_size=3),
)
def test_whatever_a_posting_holds_it_is_read_or_told(kind: str, entries: list[dict[str, Any]]) -> None:
    key = BOARDS[kind].entries
    body = json.dumps({key: entries} if key else entries).encode("utf-8", "surrogatepass")
    try:
        found = read_board(kind, body, "https://board.example/")
    except SourceError:
        return
    assert found.count == len(entries)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own: it comes from the worker pool
    assert all(posting.id and posting.title == " ".join(posting.title.split()) for posting in found.shown)

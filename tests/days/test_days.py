"""Whole days of sales development: fixed pages and a fixed clock give the exact list, notes and moves.

Each day stands in a file of this folder, its record in a folder of the same name. After a change that is
meant, write the records anew and read the difference line by line before you commit it:
``EARMARK_RECORD=1 pytest tests/days``
"""

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from monitors.relive import Span
from monitors.replay import replay
from review.day import day
from review.today import Row
from storage import accounts
from storage.engine import Connection, Engine, reading
from tests.days import compound, doubts, funding, morning, routing, seasons, suppressed, triage
from tests.days.work import Work, working
from tests.monitors.line import contents
from tests.monitors.test_replay import decided, keys, live_reasons
from tests.storage.databases import emptied

pytestmark = pytest.mark.slow

Day = Callable[[Work], None]

DAYS: Final[dict[str, Day]] = {
    "compound": compound.day,
    "doubts": doubts.day,
    "funding": funding.day,
    "morning": morning.day,
    "routing": routing.day,
    "seasons": seasons.day,
    "suppressed": suppressed.day,
    "triage": triage.day,
}
FILES: Final = ("said.txt", "notes.txt", "list.json", "moves.txt", "sent.json")
RECORDS: Final = Path(__file__).parent
# Read at import, for every test begins without our variables.
RECORDING: Final = os.environ.get("EARMARK_RECORD") == "1"
# What a poll writes of itself, whatever it brings.
_OF_POLLS: Final = ("polls", "sources", "counters", "pages", "hosts", "workers")


@pytest.fixture(scope="module", params=sorted(DAYS))
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    """A day that was lived through, on a database of its own."""
    with working(tmp_path_factory.mktemp(request.param)) as work:
        try:
            DAYS[request.param](work)
        except AssertionError:
            print("\n".join(work.said))  # noqa: T201 - what was seen until then says why
            raise
        assert work.told
        yield work


@pytest.fixture
def work(lived: Work, _clean_environment: None) -> Work:
    """The day that was lived through, with its clock and its settings."""
    lived.wake()
    return lived


@pytest.mark.parametrize("name", FILES)
def test_a_day_is_as_it_is_recorded(work: Work, name: str) -> None:
    file = RECORDS / work.folder.name.rstrip("0123456789") / name
    if RECORDING:
        file.parent.mkdir(exist_ok=True)
        file.write_text(work.told[name], encoding="utf-8")
    assert work.told[name] == file.read_text(encoding="utf-8")


def test_reading_every_page_again_changes_nothing(work: Work) -> None:
    with work.engine() as engine:
        before = contents(engine, less=_OF_POLLS)
        work.poll_again()
        assert contents(engine, less=_OF_POLLS) == before


def test_a_replay_of_the_day_gives_what_was_lived(work: Work) -> None:
    assert work.begun is not None
    span = Span(
        warm_from=work.begun,
        since=work.begun,
        until=work.now + timedelta(microseconds=1),
        list_at=work.now,
    )
    with work.engine() as engine:
        (found,) = replay(engine, [decided(engine)], span)
        told = keys(reason for past in found.pasts for reason in past.reasons)
        # Of what a lesson about a name took away only the verdict is left, and nothing that tells it.
        assert told == {reason for reason in live_reasons(engine) if reason[-1]}
        stages = {past.account: past.stage for past in found.pasts if past.account}
        assert stages == {name: stage for name, stage in _stages(engine).items() if name in stages}
        with reading(engine) as connection:
            listed = {row.account or row.trigger: row.score for row in _rows(connection, work.now)}
        again = {past.account: past.score for past in found.pasts if past.score is not None and past.account}
        assert again == pytest.approx({name: listed[name] for name in again})
        assert len([past for past in found.pasts if past.score is not None]) == len(listed)


def _rows(connection: Connection, now: datetime) -> tuple[Row, ...]:
    return day(connection, now, touches=1, since=now, everything=True).rows


def _stages(engine: Engine) -> dict[str, object]:
    with reading(engine) as connection:
        return {one.id: one.stage for one in accounts.each_account(connection)}


@pytest.mark.usefixtures("_clean_environment")
@pytest.mark.parametrize("name", sorted(DAYS))
def test_a_day_on_postgresql_is_the_same(
    name: str, tmp_path: Path, postgresql_url: str, postgresql_engine: Engine
) -> None:
    emptied(postgresql_engine)
    with working(tmp_path, postgresql_url) as work:
        DAYS[name](work)
        told = dict(work.told)
    assert told == {file: (RECORDS / name / file).read_text(encoding="utf-8") for file in FILES}

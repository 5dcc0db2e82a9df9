"""Ages: what comes too old from one source ends there, and nowhere else."""

from datetime import timedelta

import pytest

from earmark.triggers import CATALOGUE
from earmark.types import Age, Lexicon, Reading, Trigger
from matcher.ages import aged
from tests.builders import NOW, a_match, a_stored_event, ago, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, told

KIND = CATALOGUE["funding_early"]
OLD_WIRE = Age(kind=KIND.key, source="wire", most=days(50))
OLD_POST = Age(kind=KIND.key, source="post", most=days(60))


def a_report(source: str) -> Reading:
    title = f"Norvik Labs raises $20 million Series B, says {source}"
    event = a_stored_event(title, id=source, external_id=source, source=source, publisher=source)
    return a_reading(a_match(event))


def the_trigger(*sources: str, ages: tuple[Age, ...], now: timedelta = timedelta(0)) -> Trigger:
    readings = [[a_report(source)] for source in sources]
    (trigger,) = told(readings, a_history(), Lexicon(ages=ages), NOW + now).pasts[ACCOUNT].triggers
    return trigger


@pytest.mark.parametrize(
    ("sources", "ages", "life"),
    [
        (("wire",), (OLD_WIRE,), days(50)),
        (("post",), (OLD_WIRE,), KIND.expires),
        (("wire", "post"), (OLD_WIRE,), KIND.expires),
        (("wire", "post"), (OLD_WIRE, OLD_POST), days(60)),
        (("wire",), (Age(kind="layoffs", source="wire", most=days(1)),), KIND.expires),
        (("wire",), (Age(kind=KIND.key, source="wire", most=days(9999)),), KIND.expires),
    ],
)
def test_a_trigger_ends_at_the_largest_age_of_the_sources_that_tell_it(
    sources: tuple[str, ...], ages: tuple[Age, ...], life: timedelta
) -> None:
    trigger = the_trigger(*sources, ages=ages)
    assert trigger.expires_at - trigger.decays_from == life
    assert trigger.opens_at <= trigger.closes_at <= trigger.expires_at


def test_the_order_of_the_reports_does_not_matter() -> None:
    ages = (OLD_WIRE, OLD_POST)
    assert (
        the_trigger("wire", "post", ages=ages).expires_at == the_trigger("post", "wire", ages=ages).expires_at
    )


def test_what_is_too_old_for_its_source_is_no_trigger() -> None:
    event = a_stored_event("Norvik Labs raises $20 million Series B", published_at=ago(51))
    history = told([[a_reading(a_match(event))]], a_history(), Lexicon(ages=(OLD_WIRE,)))
    assert history.pasts[ACCOUNT].triggers == ()
    assert told([[a_reading(a_match(event))]], a_history()).pasts[ACCOUNT].triggers


def test_without_a_teller_a_kind_keeps_its_life() -> None:
    assert aged(KIND, (), (OLD_WIRE,)) is KIND

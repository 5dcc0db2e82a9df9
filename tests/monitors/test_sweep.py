from dataclasses import replace

from monitors.sweep import refresh_scores, sweep
from storage import rulebook
from storage.engine import Engine, reading, writing
from tests.builders import NOW, ago, an_account, an_event, days
from tests.monitors.line import lexicon_of, poll, prepared, stage
from tests.storage.lists import on_list


def funded(engine: Engine, *names: str) -> None:
    prepared(engine, *(an_account(name) for name in names))
    poll(
        engine,
        [
            an_event(
                f"{name} raises $20 million in Series B", external_id=name, url=None, published_at=ago(0)
            )
            for name in names
        ],
    )


def test_lists_sort_by_the_freshness_of_today(engine: Engine) -> None:
    prepared(engine, an_account("Norvik Labs"), an_account("Brightquay Systems"))
    poll(
        engine,
        [
            an_event("Norvik Labs raises $20 million in Series B", external_id="a", published_at=ago(20)),
            an_event(
                "Brightquay Systems launches a freight planner",
                external_id="b",
                url=None,
                published_at=ago(0),
            ),
        ],
    )
    lexicon = lexicon_of(engine)
    assert refresh_scores(engine, lexicon, NOW) == 2
    with reading(engine) as conn:
        first = [trigger.account for trigger in on_list(conn, NOW)]
    assert first == ["norvik-labs", "brightquay-systems"]
    short = {key: replace(kind, half_life=days(2)) for key, kind in lexicon.kinds.items()}
    refresh_scores(engine, replace(lexicon, kinds=short), NOW)
    with reading(engine) as conn:
        then = [trigger.account for trigger in on_list(conn, NOW)]
    assert then == ["brightquay-systems", "norvik-labs"], "the rulebook's half-lives count"


def test_what_time_ends_ends_by_itself(engine: Engine) -> None:
    funded(engine, "Norvik Labs")
    assert stage(engine) == "outreach_ready"
    assert sweep(engine, lexicon_of(engine), NOW + days(1)) == 0
    assert stage(engine) == "outreach_ready"
    assert sweep(engine, lexicon_of(engine), NOW + days(200)) == 1
    assert stage(engine) == "cold"
    assert sweep(engine, lexicon_of(engine), NOW + days(200)) == 0, "swept once is swept"


def test_many_that_fall_due_at_once_are_all_swept(engine: Engine) -> None:
    names = [f"Norvik{chr(97 + n // 26)}{chr(97 + n % 26)} Labs" for n in range(30)]
    funded(engine, *names)
    assert sweep(engine, lexicon_of(engine), NOW + days(200)) == 30
    assert {stage(engine, an_account(name).id) for name in names} == {"cold"}


def test_an_outdated_lexicon_sweeps_nothing(engine: Engine) -> None:
    funded(engine, "Norvik Labs")
    before = lexicon_of(engine)
    with writing(engine) as conn:
        rulebook.save(conn, "threshold = 10", by="test", at=NOW)
    assert sweep(engine, before, NOW + days(200)) == 0
    assert stage(engine) == "outreach_ready"
    assert sweep(engine, lexicon_of(engine), NOW + days(200)) == 1
    assert stage(engine) == "cold"

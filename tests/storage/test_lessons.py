from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Abstention
from storage import accounts, events, lessons, readings, rulebook
from storage.engine import Engine, writing
from storage.lesson import Lesson, taught_names
from tests.builders import NOW, a_span, ago, an_account
from tests.storage.nouns import some_events


def a_lesson(name: str, *, is_own: bool = True, **changes: object) -> Lesson:
    lesson = Lesson(id=f"lesson-{name}", name=name, is_own=is_own, by="Ada", at=NOW, events=("event-1",))
    return replace(lesson, **changes) if changes else lesson  # type: ignore[arg-type]  # any field may change


def test_what_was_taught_is_known_of_the_account_and_survives_an_import(engine: Engine) -> None:
    listed = an_account(aliases=("Norvik AB",), not_aliases=("Norvik",))
    taught = (a_lesson("Norvik"), a_lesson("Norvik Bay", is_own=False, at=ago(1)))
    with writing(engine) as conn:
        accounts.upsert(conn, [listed, an_account("Osk Ltd")])
        before = rulebook.lexicon_version(conn)
        lessons.save(conn, listed.id, taught)
        assert rulebook.lexicon_version(conn) > before, "who reads must load the names again"
        known = accounts.get(conn, listed.id)
        assert known == replace(listed, aliases=("Norvik AB", "Norvik"), not_aliases=("Norvik Bay",))
        assert accounts.upsert(conn, [listed]) == accounts.Upserted(same=1)
        assert accounts.upsert(conn, [replace(listed, city="Oslo")]).changed == 1
        again = accounts.get(conn, listed.id)
        assert again is not None
        assert (again.aliases, again.city) == (known.aliases, "Oslo")
        assert lessons.account_with(conn, listed.id, ()) == replace(listed, city="Oslo")
        assert lessons.learned(conn) == [(listed.id, taught[0]), (listed.id, taught[1])]
        assert lessons.find(conn, "lesson-Norvik B") == [(listed.id, taught[1])]
        lessons.save(conn, listed.id, ())
        assert accounts.get(conn, listed.id) == replace(listed, city="Oslo")
        assert lessons.learned(conn) == []


def test_texts_are_found_by_how_their_id_begins_and_their_doubts_forgotten(engine: Engine) -> None:
    told = some_events(3)
    with writing(engine) as conn:
        events.insert(conn, told)
        assert lessons.events_like(conn, told[1].id) == [told[1]]
        assert len(lessons.events_like(conn, "wire-event")) == 2
        assert lessons.events_like(conn, "other") == []
        assert lessons.texts(conn, [told[2].id, "gone", told[0].id]) == [told[2], told[0]]
        doubts = [
            Abstention(event=event, account="osk", span=a_span(event, "Labs"), reason="A word.")
            for event in told[:2]
        ]
        readings.abstain(conn, doubts)
        readings.forget(conn, [told[0].id])
        assert readings.abstentions(conn) == doubts[1:]


NAMES = st.sampled_from(["Norvik", "NORVIK", "Norvik Bay", "Osk"])
LESSONS = st.lists(st.builds(lambda name, own: a_lesson(name, is_own=own), NAMES, st.booleans()), max_size=6)


@given(st.lists(NAMES, unique=True).map(tuple), st.lists(NAMES, unique=True).map(tuple), LESSONS)
def test_the_latest_lesson_of_a_name_holds(
    aliases: tuple[str, ...], not_aliases: tuple[str, ...], taught: list[Lesson]
) -> None:
    own, never = taught_names(aliases, not_aliases, taught)
    latest = {lesson.name.casefold(): lesson.is_own for lesson in taught}
    for name, is_own in latest.items():
        assert (name in map(str.casefold, own)) == is_own
        assert (name in map(str.casefold, never)) != is_own
    untaught = [name for name in aliases if name.casefold() not in latest]
    assert [name for name in own if name.casefold() not in latest] == untaught

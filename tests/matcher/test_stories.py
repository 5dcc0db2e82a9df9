"""Which matches tell of one thing, and what they tell together."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE
from earmark.types import Certainty, Fact, Match, Reading, Role, Story
from matcher.folding import independent_of, publisher_of
from matcher.stories import fold, identity, key_of, partition, retell, same_story
from tests.builders import NOW, a_match, a_stored_event, ago
from tests.matcher.pasts import readings


def _match(day: float = 1, *, id: str = "", title: str = "", facts: Any = None, **changes: Any) -> Match:  # noqa: A002 - the field of the event
    """A match of a text that is so many days old, with facts given as plain values."""
    fields = {"publisher", "url", "canonical_url", "thread_url", "fingerprint", "revision", "text"}
    event = a_stored_event(
        title or " ".join(f"{word}{id}{day:g}".replace(".", "x") for word in ("norvik", "tells", "news")),
        id=id or f"event-{day}",
        published_at=ago(day),
        **{"url": f"https://wire.example/{id or day}", "fingerprint": f"{id or day}"}
        | {k: v for k, v in changes.items() if k in fields},
    )
    told = tuple(Fact(key=key, value=value) for key, value in (facts or {}).items())
    return a_match(event, facts=told, **{k: v for k, v in changes.items() if k not in fields})


def _money(amount: int, currency: str = "USD") -> dict[str, Any]:
    return {"amount": Decimal(amount), "currency": currency}


def _together(*matches: Match) -> bool:
    return len(partition(matches)) == 1


def _folded(*matches: Match) -> Story:
    (part,) = partition(matches)
    return fold(part, id="story-1", created_at=NOW)


def test_a_key_names_account_company_or_thread() -> None:
    assert key_of(_match()) == "a:norvik-labs"
    assert key_of(_match(account=None, company="tessel")) == "c:tessel"
    voice = _match(account=None, kind="asks_recommendation", thread_url="https://Forum.example/t/1#reply")
    assert key_of(voice) == "t:https://forum.example/t/1"
    assert key_of(_match(id="event-x", account=None, kind="problem_described")) == "t:event-x"


def test_an_identity_keeps_its_parts_apart() -> None:
    assert identity("a", "bc") != identity("ab", "c")


def test_an_identity_may_follow_from_any_text() -> None:
    assert identity("\ud800") != identity("\ud801")


def test_an_identity_is_the_same_in_every_release() -> None:
    assert identity("story", "a:norvik", "funding", "e1", 0) == "6b76e6f1da07f6421757f21a"
    (told,) = retell("a:norvik", (), [_match(1, id="e1")], {"e1"}, kinds=CATALOGUE, now=NOW).stories
    assert told.id == "6b76e6f1da07f6421757f21a"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_match(1), _match(3)),
        (_match(1, facts={"round": "Series B"}), _match(15, facts={"round": "series b round"})),
        (_match(1, facts=_money(20_000_000)), _match(15, facts=_money(21_000_000))),
        (_match(1, kind="funding_early"), _match(2, kind="funding_growth")),
        (
            _match(1, kind="exec_hire", facts={"person": "Ada Berg"}),
            _match(9, kind="exec_hire", facts={"person": "Berg"}),
        ),
        (
            _match(1, kind="product_launch", facts={"product": "Atlas"}),
            _match(8, kind="product_launch", facts={"product": "Norvik Atlas"}),
        ),
        (
            _match(1, kind="partnership", title="Norvik Labs and Tessel build a data exchange"),
            _match(6, kind="partnership", title="Tessel, Norvik Labs build data exchange together"),
        ),
        (
            _match(1, kind="partnership", canonical_url="https://a.example/1"),
            _match(6, kind="partnership", canonical_url="https://a.example/1"),
        ),
        (_match(1, kind="acquires"), _match(2, kind="acquires", facts={"target": "Tessel"})),
    ],
)  # fmt: skip
def test_these_two_tell_one_story(one: Match, other: Match) -> None:
    assert same_story(one, other)
    assert same_story(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_match(1), _match(10)),
        (_match(1, facts={"round": "Series A"}), _match(2, facts={"round": "Series B"})),
        (_match(1, facts=_money(20_000_000)), _match(2, facts=_money(60_000_000))),
        (_match(1, facts={"round": "Series B"}), _match(40, facts={"round": "Series B"})),
        (_match(1), _match(1, kind="layoffs")),
        (
            _match(1, kind="exec_hire", facts={"person": "Ada Berg"}),
            _match(1, kind="exec_hire", facts={"person": "Ivo Lund"}),
        ),
        (
            _match(1, kind="acquires", facts={"target": "Tessel"}),
            _match(2, kind="acquires", facts={"target": "Ombra"}),
        ),
        (_match(1, kind="product_launch"), _match(2, kind="product_launch", title="Something new")),
        (_match(1, kind="security_incident"), _match(7, kind="security_incident")),
    ],
)  # fmt: skip
def test_these_two_tell_two_stories(one: Match, other: Match) -> None:
    assert not same_story(one, other)
    assert not same_story(other, one)


def test_two_launches_of_one_moment_are_two_stories_unless_something_holds_them_together() -> None:
    one = _match(1, id="event-a", kind="product_launch", title="Norvik Labs launches a crane simulator")
    other = _match(1, id="event-b", kind="product_launch", title="Payroll gets a mobile app")
    again = _match(1, id="event-c", kind="product_launch", title="A crane simulator launched by Norvik Labs")
    assert not same_story(one, other)
    assert same_story(one, again)


def test_forms_of_one_word_are_one_word() -> None:
    one = _match(1, kind="partnership", title="Norvik Labs and Tessel exchanging port records")
    other = _match(6, kind="partnership", title="Tessel and Norvik Labs exchange port record")
    assert same_story(one, other)


def test_another_currency_is_neither_for_nor_against() -> None:
    dollars, euros = _match(1, facts=_money(22_000_000)), _match(2, facts=_money(20_000_000, "EUR"))
    assert same_story(dollars, euros)
    assert not same_story(dollars, _match(12, id="later", facts=_money(22_000_000, "EUR")))


def test_a_correction_may_change_the_amount_but_not_the_person() -> None:
    first = _match(2, facts=_money(20_000_000))
    assert same_story(first, _match(1, facts=_money(2_000_000), certainty=Certainty.CORRECTED))
    ada = _match(2, kind="exec_hire", facts={"person": "Ada Berg"})
    ivo = _match(1, kind="exec_hire", facts={"person": "Ivo Lund"}, certainty=Certainty.CORRECTED)
    assert not same_story(ada, ivo)


def test_two_figures_in_one_text_are_one_story_and_the_surer_stands() -> None:
    event = a_stored_event("Norvik Labs raises $20 million, $90 million in all")
    sure, unsure = (
        a_match(
            event,
            facts=(Fact(key="amount", value=Decimal(amount)), Fact(key="currency", value="USD")),
            confidence=c,
        )
        for amount, c in ((20_000_000, 0.9), (90_000_000, 0.6))
    )
    story = _folded(unsure, sure)
    assert next(fact.value for fact in story.facts if fact.key == "amount") == 20_000_000


def test_two_people_in_one_text_are_two_stories_with_two_ids() -> None:
    event = a_stored_event("Norvik Labs names Ada Berg CFO and Ivo Lund CTO")
    told = [
        a_match(event, kind="exec_hire", facts=(Fact(key="person", value=name),))
        for name in ("Ada Berg", "Ivo Lund")
    ]
    from_nothing = retell("a:norvik-labs", (), told, {event.id}, kinds=CATALOGUE, now=NOW)
    assert len({story.id for story in from_nothing.stories}) == 2
    again = retell("a:norvik-labs", from_nothing.stories, told[::-1], {event.id}, kinds=CATALOGUE, now=NOW)
    assert set(again.stories) == set(from_nothing.stories)
    assert not again.merged


@given(readings(), st.randoms(use_true_random=False))
def test_the_partition_does_not_depend_on_the_order(some: list[Reading], chance: Any) -> None:
    matches = [match for reading in some for match in reading.matches]
    shuffled = matches[:]
    chance.shuffle(shuffled)
    assert partition(shuffled) == partition(matches)


@given(readings())
def test_the_test_of_two_matches_is_symmetric_and_a_match_is_like_itself(some: list[Reading]) -> None:
    matches = [match for reading in some for match in reading.matches]
    for one in matches:
        assert same_story(one, one)
        for other in matches:
            assert same_story(one, other) == same_story(other, one)


@given(readings())
def test_every_match_is_in_exactly_one_story(some: list[Reading]) -> None:
    matches = [match for reading in some for match in reading.matches]
    parts = partition(matches)
    assert sorted(match.event.id for part in parts for match in part) == sorted(m.event.id for m in matches)
    for number, part in enumerate(parts):
        for other in parts[number + 1 :]:
            assert not any(same_story(a, b) for a in part for b in other)


@given(readings(), st.randoms(use_true_random=False))
def test_what_is_told_bit_by_bit_in_any_order_ends_as_what_is_told_at_once(
    some: list[Reading], chance: Any
) -> None:
    matches = [match for reading in some for match in reading.matches]
    chance.shuffle(some)
    stories: tuple[Story, ...] = ()
    for reading in some:
        stories = retell(
            "a:x", stories, reading.matches, {reading.event.id}, kinds=CATALOGUE, now=NOW
        ).stories
    assert {s.matches for s in stories if s.matches} == set(partition(matches))
    for story in stories:
        assert story == fold(story.matches, id=story.id, created_at=NOW)


@given(readings())
def test_to_tell_the_same_again_changes_nothing(some: list[Reading]) -> None:
    matches = [match for reading in some for match in reading.matches]
    read = {reading.event.id for reading in some}
    once = retell("a:x", (), matches, read, kinds=CATALOGUE, now=NOW)
    again = retell("a:x", once.stories, matches, read, kinds=CATALOGUE, now=ago(-1))
    assert set(again.stories) == set(once.stories)
    assert not again.merged


@given(readings())
def test_the_older_story_survives_a_merger_and_every_old_id_leads_to_a_story(some: list[Reading]) -> None:
    stories: tuple[Story, ...] = ()
    for number, reading in enumerate(some):
        after = retell("a:x", stories, reading.matches, {reading.event.id}, kinds=CATALOGUE, now=ago(-number))
        left = {story.id: story for story in after.stories}
        created = {story.id: story.created_at for story in stories}
        assert {story.id for story in stories} <= left.keys() | after.merged.keys()
        for old, heir in after.merged.items():
            assert (left[heir].created_at, heir) <= (created[old], old)
        stories = after.stories


def test_the_value_that_most_publishers_tell_stands_and_the_others_are_named() -> None:
    story = _folded(
        _match(1, id="e1", publisher="Baltic Wire", facts=_money(20_000_000)),
        _match(2, id="e2", publisher="Fjord Post", facts=_money(21_000_000)),
        _match(3, id="e3", publisher="Tech Herold", facts=_money(21_000_000)),
    )
    amount = next(fact for fact in story.facts if fact.key == "amount")
    assert (amount.value, amount.publishers) == (21_000_000, ("Tech Herold", "Fjord Post"))
    assert amount.others == ((20_000_000, ("Baltic Wire",)),)


def test_one_publisher_that_repeats_itself_has_one_vote() -> None:
    story = _folded(
        *(_match(1, id=f"e{n}", publisher="Baltic Wire", facts=_money(20_000_000)) for n in range(3)),
        _match(2, id="e8", publisher="Fjord Post", facts=_money(21_000_000)),
        _match(2, id="e9", publisher="Tech Herold", facts=_money(21_000_000)),
    )
    assert next(fact.value for fact in story.facts if fact.key == "amount") == 21_000_000


RELEASE = (
    "Norvik Labs today announced that it has raised twenty million dollars in a round led by Halden Capital. "
    "The company, which builds crane simulators for ports, will hire forty engineers in Ghent and Oslo."
)


def _told_by(n: int, amount: int, text: str, **changes: Any) -> Match:
    return _match(n / 4, id=f"e{n}", publisher=f"Outlet {n}", text=text, facts=_money(amount), **changes)


def test_outlets_that_reprint_one_release_have_one_vote_and_are_all_named() -> None:
    copies = [_told_by(n, 20_000_000, f"{RELEASE} Read more at outlet {n}.") for n in range(5)]
    own = [
        _told_by(
            6, 22_000_000, "Sources close to the crane firm put the sum at 22 million, and name two funds."
        ),
        _told_by(
            7, 22_000_000, "We asked the founder: it was 22 million, she says, with part of it as a loan."
        ),
    ]
    story = _folded(*copies, *own)
    amount = next(fact for fact in story.facts if fact.key == "amount")
    assert amount.value == 22_000_000
    assert [len(publishers) for _, publishers in amount.others] == [5]
    assert len(story.publishers) == 7
    assert independent_of(story.matches) == ("Outlet 7", "Outlet 6", "Outlet 4")


def test_what_is_cut_short_is_a_copy_and_what_quotes_a_line_is_none() -> None:
    whole = _told_by(3, 1, RELEASE)
    teaser = _told_by(2, 1, RELEASE[:120] + " …")
    quoting = _told_by(1, 1, "A rival shrugs. " * 9 + "It will hire forty engineers in Ghent and Oslo.")
    assert independent_of([whole, teaser, quoting]) == ("Outlet 3", "Outlet 1")


def test_five_hundred_copies_of_a_long_text_are_told_in_a_moment() -> None:
    words = " ".join(f"word{n % 700}" for n in range(3_000))
    many = [_told_by(n, 1, f"{words[8 * (n % 20) :]} {n}") for n in range(500)]
    start = time.process_time()
    assert len(independent_of(many)) == 1
    assert time.process_time() - start < 2  # as it is, a fifth of that


def test_who_corrects_is_believed_alone() -> None:
    story = _folded(
        *(_match(2, id=f"e{n}", publisher=f"Outlet {n}", facts=_money(20_000_000)) for n in range(3)),
        _match(1, id="e9", publisher="Fjord Post", facts=_money(2_000_000), certainty=Certainty.CORRECTED),
    )
    assert story.certainty is Certainty.CORRECTED
    assert next(fact.value for fact in story.facts if fact.key == "amount") == 2_000_000


def test_the_currency_is_the_one_beside_the_amount() -> None:
    story = _folded(
        _match(1, id="e1", publisher="Baltic Wire", facts=_money(22_000_000)),
        _match(2, id="e2", publisher="Fjord Post", facts=_money(20_000_000, "EUR")),
        _match(3, id="e3", publisher="Tech Herold", facts=_money(20_000_000, "EUR")),
    )
    assert {fact.key: fact.value for fact in story.facts} == {"amount": 20_000_000, "currency": "EUR"}


@pytest.mark.parametrize(
    ("certainties", "expected"),
    [
        ([Certainty.RUMOUR, Certainty.ANNOUNCED], Certainty.ANNOUNCED),
        ([Certainty.DONE, Certainty.PLANNED], Certainty.DONE),
        ([Certainty.RUMOUR, Certainty.DENIED], Certainty.DENIED),
        ([Certainty.RUMOUR, Certainty.DENIED, Certainty.RUMOUR], Certainty.DENIED),
        ([Certainty.DENIED, Certainty.ANNOUNCED], Certainty.DENIED),
        ([Certainty.DENIED, Certainty.ANNOUNCED, Certainty.DONE], Certainty.DONE),
        ([Certainty.DENIED, Certainty.CORRECTED], Certainty.CORRECTED),
    ],
)
def test_certainty_follows_the_last_word(certainties: list[Certainty], expected: Certainty) -> None:
    count = len(certainties)
    story = _folded(
        *(
            _match((count - n) / 2, id=f"e{n}", publisher=f"Outlet {n}", certainty=certainty)
            for n, certainty in enumerate(certainties)
        )
    )
    assert story.certainty is expected


def test_the_kind_is_the_one_that_most_publishers_tell() -> None:
    story = _folded(
        _match(1, id="e1", publisher="A", kind="funding_growth"),
        _match(2, id="e2", publisher="B", kind="funding_early"),
        _match(3, id="e3", publisher="C", kind="funding_early"),
    )
    assert (story.kind, story.role) == ("funding_early", Role.RAISER)


def test_a_story_spans_its_tellings() -> None:
    story = _folded(_match(1), _match(3), _match(2))
    assert (story.first_at, story.last_at) == (ago(3), ago(1))
    assert [match.event.id for match in story.matches] == ["event-3", "event-2", "event-1"]


def test_dates_at_both_ends_of_time_are_dates() -> None:
    ends = [
        a_match(a_stored_event(id=f"e{moment.year}", published_at=moment))
        for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC))
    ]
    told = [(_match(1),)]
    assert [[m.event.id for m in part] for part in partition(ends, known=told)] == [
        ["e1"],
        ["event-1"],
        ["e9999"],
    ]


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    title = "Norvik Labs opens a second laboratory in Tromso harbour"
    kind = {"kind": "new_office_or_market", "title": title, "role": Role.SUBJECT}
    one, bridge, other = (_match(n, id=f"e{n}", **kind) for n in (12, 6, 1))
    more = _match(13, id="e13", **kind)
    whole = retell("a:x", (), [one, bridge, other, more], (), kinds=CATALOGUE, now=NOW)
    (story,) = whole.stories
    elsewhere = _match(6, id="e6", kind="layoffs")
    split = retell("a:x", whole.stories, [elsewhere], {"e6"}, kinds=CATALOGUE, now=NOW)
    ids = {tuple(match.event.id for match in part.matches): part.id for part in split.stories}
    assert ids[("e13", "e12")] == story.id
    assert len(set(ids.values())) == 3


def test_a_story_that_nothing_tells_any_more_is_denied_and_kept() -> None:
    first = retell("a:x", (), [_match(1, id="e1")], {"e1"}, kinds=CATALOGUE, now=NOW)
    after = retell("a:x", first.stories, [], {"e1"}, kinds=CATALOGUE, now=NOW)
    assert after.stories == (replace(first.stories[0], matches=(), certainty=Certainty.DENIED),)


def test_a_story_that_is_told_again_is_the_one_that_it_was() -> None:
    told = [_match(1, id="e1")]
    first = retell("a:x", (), told, {"e1"}, kinds=CATALOGUE, now=NOW)
    gone = retell("a:x", first.stories, [], {"e1"}, kinds=CATALOGUE, now=NOW)
    again = retell("a:x", gone.stories, told, {"e1"}, kinds=CATALOGUE, now=ago(-1))
    assert again.stories == first.stories


def test_the_publisher_is_the_outlet_or_the_host_or_the_source() -> None:
    event = a_stored_event(publisher=" Fjord Post ", url="https://www.fjord.example/1")
    assert publisher_of(event) == "Fjord Post"
    assert publisher_of(replace(event, publisher=None)) == "fjord.example"
    assert publisher_of(replace(event, publisher="", url=None)) == "wire"
    assert publisher_of(replace(event, publisher="", url="https://[broken")) == "wire"


def test_five_hundred_postings_of_one_account_are_told_apart_in_a_second() -> None:
    many = [
        _match(n % 28, id=f"e{n}", kind="hiring_role", role=Role.SUBJECT, facts={"role": f"Role {n % 250}"})
        for n in range(500)
    ]
    assert len(partition(many)) == 250

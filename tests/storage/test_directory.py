"""The list in pieces: filters, pages and scopes hold on both databases; what a new workspace has come to."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.types import Account
from storage import accounts, beginning, directory, polls
from storage.conversations import leaf as conversations
from storage.directory import Asked
from storage.engine import Connection, Engine, migrate, reading, writing
from storage.scope import Scope
from tests.builders import NOW, an_account
from tests.storage.databases import opened


def filled(engine: Engine, new: Sequence[Account]) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, new)


def ids(conn: Connection, asked: Asked, scope: Scope | None = None) -> set[str]:
    return {one.id for one in directory.leaf(conn, asked, scope)}


LIST = (
    an_account("Tundra Looms", owner="Ida Holm", territory="nordics", tier="1"),
    an_account("Ærø Mills", owner="ÆGIR", territory="dach", tier="2"),
    an_account("Harbour Kiln", owner=None),
)


def test_each_thing_asked_narrows_the_list_and_the_count(engine: Engine) -> None:
    filled(engine, LIST)
    with reading(engine) as conn:
        for asked, found in (
            (Asked(), {"tundra-looms", "ærø-mills", "harbour-kiln"}),
            (Asked(text="LOOMS"), {"tundra-looms"}),
            (Asked(text="harbourkiln.example"), {"harbour-kiln"}),
            (Asked(text="100%"), set()),
            (Asked(owner="ida holm"), {"tundra-looms"}),
            (Asked(owner="ÆGIR"), {"ærø-mills"}),
            (Asked(owner=""), {"harbour-kiln"}),
            (Asked(tier="2", territory="dach"), {"ærø-mills"}),
            (Asked(suppressed=True), set()),
        ):
            assert ids(conn, asked) == found, asked
            assert directory.count(conn, asked, None) == len(found), asked


def test_a_scope_bounds_lists_counts_and_choices(engine: Engine) -> None:
    filled(engine, LIST)
    mine = Scope(names=frozenset({"ida holm"}))
    with reading(engine) as conn:
        assert ids(conn, Asked(), mine) == {"tundra-looms", "harbour-kiln"}
        assert directory.count(conn, Asked(), mine) == 2
        assert directory.values_of(conn, mine)["owner"] == ["Ida Holm"]


@settings(max_examples=12)  # each makes all tables anew
@given(names=st.lists(st.text(max_size=12), max_size=25), size=st.integers(1, 7))
def test_pages_of_any_size_are_the_whole_list_once_in_one_order(names: list[str], size: int) -> None:
    with opened("sqlite://") as engine:
        migrate(engine)
        filled(engine, [an_account(name or "x", id=f"n{number}") for number, name in enumerate(names)])
        with reading(engine) as conn:
            whole = [one.id for one in directory.leaf(conn, Asked(), None)]
            seen: list[str] = []
            after = None
            while True:
                page = [
                    one
                    for one, _ in zip(directory.leaf(conn, Asked(), None, after), range(size), strict=False)
                ]
                if not page:
                    break
                seen += [one.id for one in page]
                after = directory.place_of(page[-1])
    assert seen == whole
    assert sorted(seen) == sorted(f"n{number}" for number in range(len(names)))


def test_what_watches_an_account_is_told_by_its_domain_or_its_name(engine: Engine) -> None:
    filled(engine, LIST)
    with writing(engine) as conn:
        polls.add(conn, "blog", "feed", {"url": "https://blog.TundraLooms.example/feed"}, NOW)
        polls.add(conn, "news", "feed", {"url": "https://press.example/", "company": "Tundra Looms"}, NOW)
        polls.add(conn, "wire", "feed", {"url": "https://wire.example/"}, NOW)
        polls.set_enabled(conn, "news", enabled=False)
        assert directory.watched_by(conn, LIST[0]) == 1
        assert directory.watched_by(conn, LIST[2]) == 0


def test_accounts_are_meant_by_domain_name_or_id(engine: Engine) -> None:
    filled(engine, LIST)
    with reading(engine) as conn:
        assert set(directory.meant_by(conn, ["TUNDRALOOMS.example", "harbour kiln", "nobody", " "])) == {
            "tundra-looms",
            "harbour-kiln",
        }


def test_the_first_steps_are_told_from_what_is_there(engine: Engine) -> None:
    with reading(engine) as conn:
        assert not any((beginning.begun(conn).accounts, beginning.begun(conn).sources))
        assert beginning.watch(conn).monitor is False
        assert conversations(conn, NOW) == ([], None)
    filled(engine, [*LIST, an_account("Osk", country="Norway", size=120, domains=())])
    with reading(engine) as conn:
        assert beginning.begun(conn).accounts
        assert beginning.makeup(conn).countries == (("Norway", 1),)
        assert beginning.makeup(conn).largest == 120
        assert "osk" not in {one.id for one in beginning.likeliest(conn, 9)}
        assert beginning.likeliest(conn, 1)[0].tier == "1"
        assert list(beginning.first_reasons(conn, NOW)) == []


def test_a_name_of_any_alphabet_is_found_among_the_options_of_sources(engine: Engine) -> None:
    named = an_account("Ærø Mølle & Søn", id="mill", domains=())
    filled(engine, [named, an_account("Øst", id="east", domains=())])
    with writing(engine) as conn:
        polls.add(conn, "news", "google_news", {"query": '"Ærø Mølle & Søn"', "accept_terms": True}, NOW)
        polls.add(conn, "press", "feed", {"url": "https://p.example/", "company": "ærø mølle & søn"}, NOW)
        assert directory.watched_by(conn, named) == 2


def test_a_name_within_another_word_names_nobody(engine: Engine) -> None:
    arc = an_account("Arc", domains=("arc.example",))
    filled(engine, [arc])
    with writing(engine) as conn:
        polls.add(conn, "search", "feed", {"url": "https://search.example/march"}, NOW)
        polls.add(conn, "own", "feed", {"url": "https://news.arc.example/"}, NOW)
        assert directory.watched_by(conn, arc) == 1

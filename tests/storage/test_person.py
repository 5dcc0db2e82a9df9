"""Who is meant by a name: found however it is written, hidden, and known again from digests alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from earmark.types import Contact
from storage.erasures import without
from storage.person import HIDDEN, Digests, link_digest, person_of
from tests.builders import a_stored_event

ADA = person_of(["Ada Berg", "ada.berg@norvik.example", "@adaberg"])
KNOWN = Digests(ADA.digests)

TOLD = (
    ("Ada Berg joins", f"{HIDDEN} joins"),
    ("so says ADA  BERG.", f"so says {HIDDEN}."),
    ("Berg, Ada (CFO)", f"{HIDDEN} (CFO)"),
    ("Ada M. Berg", HIDDEN),
    ("https://x.example/people/ada-berg/1", f"https://x.example/people/{HIDDEN}/1"),
    ("mail ada.berg@norvik.example now", f"mail {HIDDEN} now"),
    ("thanks @adaberg!", f"thanks @{HIDDEN}!"),
    ("adaberg", HIDDEN),
    ("u/AdaBerg", f"u/{HIDDEN}"),
    ("Ada\nBerg and Ada Berg", f"{HIDDEN} and {HIDDEN}"),
)
NOT_TOLD = ("Ada Bergson", "Ida Berg", "Ada, the language, and Berg", "adaberg is a word", "", "Berg Adamant")


@pytest.mark.parametrize(("text", "hidden"), TOLD)
def test_a_person_is_found_however_the_name_is_written(text: str, hidden: str) -> None:
    assert ADA.in_text(text)
    assert ADA.hide(text) == hidden


@pytest.mark.parametrize(("text", "hidden"), TOLD)
def test_who_was_erased_is_known_again_from_digests(text: str, hidden: str) -> None:
    assert KNOWN.hide(text) == hidden


@pytest.mark.parametrize("text", NOT_TOLD)
def test_others_are_left_alone(text: str) -> None:
    assert not ADA.in_text(text)
    assert ADA.hide(text) == KNOWN.hide(text) == text


def test_accents_make_no_difference() -> None:
    jose = person_of(["José Müller"])
    assert jose.hide("by Jose Muller") == f"by {HIDDEN}"
    assert person_of(["Jose Muller"]).hide("by José Müller,") == f"by {HIDDEN},"


@pytest.mark.parametrize("text", ["Ada", "", "  ", "!!", "adaberg"])
def test_a_text_that_names_nobody_for_certain_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="names nobody for certain"):
        person_of([text])


def test_digests_do_not_say_who_it_was() -> None:
    assert not any("ada" in digest or "berg" in digest for digest in ADA.digests)


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_of_a_name_is_left_and_nothing_else_is_lost(before: str, after: str) -> None:
    text = f"{before} Zuleika Quorn {after}"
    person = person_of(["Zuleika Quorn"])
    hidden = person.hide(text)
    assert not person.in_text(hidden)
    assert hidden == Digests(person.digests).hide(text)
    assert hidden.startswith(before.rstrip())
    assert hidden.endswith(after.lstrip())


def test_an_event_keeps_its_identity_and_loses_the_name() -> None:
    event = a_stored_event(
        "Norvik Labs names Ada Berg CFO",
        author="Ada Berg",
        url="https://x.example/@adaberg/1",
        external_id="https://x.example/@adaberg/1",
    )
    (hidden,) = without(KNOWN, [event])
    assert hidden.title == f"Norvik Labs names {HIDDEN} CFO"
    assert hidden.author == HIDDEN
    assert hidden.url is None
    assert (hidden.id, hidden.fingerprint) == (event.id, event.fingerprint)
    assert hidden.external_id == link_digest(event.external_id)


def test_a_contact_who_was_erased_is_left_out_and_others_stay() -> None:
    ada = Contact(id="1", account="a", name="Ada Berg")
    mail = Contact(id="2", account="a", name="A. B.", email="Ada.Berg@norvik.example")
    ben = Contact(id="3", account="a", name="Ben Ost", title="reports to Ada Berg")
    assert [each.title for each in without(KNOWN, [ada, mail, ben])] == [f"reports to {HIDDEN}"]
    assert without(None, [ada, mail, ben]) == [ada, mail, ben]


@given(st.text(max_size=40) | st.sampled_from([text for text, _ in TOLD]), st.text(max_size=10))
def test_the_quick_look_never_says_no_to_a_text_that_names_the_person(text: str, more: str) -> None:
    if ADA.in_text(text):
        assert ADA.may_be_in(text + "\n" + more)
        assert ADA.may_be_in(json.dumps(text))

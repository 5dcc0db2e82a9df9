"""A stored note with the record, the contacts and the plays of today."""

from dataclasses import replace
from typing import Any

from earmark.types import Basis, Contact, IcpRule, Lexicon, Note, Play, Role, Story, Trigger
from matcher.decide import decide
from matcher.note import erase
from matcher.renewal import renewed
from tests.builders import NOW, a_fact, a_match, a_stored_event, ago, an_account
from tests.matcher.pasts import a_history, a_reading

ACCOUNT = an_account(industry="Robotics", size=240)
EVENT = a_stored_event("Norvik Labs appoints Ada Berg as CFO", text="Norvik Labs makes robots.")
ADA = Contact(id="ada", account=ACCOUNT.id, name="Ada Berg", title="CFO", since=ago(900))


def _told() -> tuple[Trigger, Story]:
    person = a_fact("person", "Ada Berg", EVENT, "Ada Berg")
    match = a_match(EVENT, kind="exec_hire", role=Role.SUBJECT, facts=(person,))
    changes = decide([a_reading(match)], a_history(ACCOUNT), Lexicon(), NOW)
    (trigger,), (story,) = changes.triggers, changes.stories
    return trigger, story


def _renewed(trigger: Trigger, story: Story, **changes: Any) -> Note:
    given: dict[str, Any] = {"account": ACCOUNT, "contacts": (), "lexicon": Lexicon()} | changes
    note = renewed(trigger, story, **given)
    assert note is not None
    return note


def _texts(note: Note, section: str) -> list[str]:
    return [each.text for each in note.sentences if each.section == section]


def test_nothing_new_leaves_the_note_as_it_reads() -> None:
    trigger, story = _told()
    note = _renewed(trigger, story)
    assert trigger.note is not None
    assert note.headline == trigger.note.headline
    for section in {each.section for each in trigger.note.sentences}:
        assert _texts(note, section) == _texts(trigger.note, section)


def test_a_contact_who_was_imported_after_the_news_stands_in_its_note() -> None:
    trigger, story = _told()
    assert "Named by the source: Ada Berg, CFO, is your contact since 2024." in _texts(
        _renewed(trigger, story, contacts=(ADA,)), "who"
    )


def test_whom_the_play_asks_for_comes_before_other_contacts() -> None:
    trigger, story = _told()
    people = (
        replace(ADA, id="bo", name="Bo Frid", title="Sales Assistant", relation="partner"),
        replace(ADA, id="cy", name="Cy Holm", title="Head of Finance"),
    )
    lexicon = Lexicon(plays=(Play(id="mine", kind="exec_hire", personas=("Head of Finance",)),))
    who = _texts(_renewed(trigger, story, contacts=people, lexicon=lexicon), "who")
    assert who[1] == "Ask for: Head of Finance"
    assert who[-2:] == [
        "Cy Holm, Head of Finance (your contact since 2024; asked for as Head of Finance)",
        "Bo Frid, Sales Assistant, partner (your contact since 2024; ask for an introduction)",
    ]


def test_nobody_is_introduced_to_themselves() -> None:
    trigger, story = _told()
    who = _texts(_renewed(trigger, story, contacts=(replace(ADA, relation="champion"),)), "who")
    assert not any("introduction" in text for text in who)


def test_rules_and_plays_of_today_speak_and_what_the_source_told_stays() -> None:
    trigger, story = _told()
    lexicon = Lexicon(
        icp=(IcpRule(field="industry", op="is", value="Robotics", sentence="Makes robots."),),
        plays=(Play(id="mine", kind="exec_hire", opener="Welcome, {person}."),),
    )
    note = _renewed(trigger, story, lexicon=lexicon)
    assert trigger.note is not None
    assert "Makes robots. (industry: Robotics)" in _texts(note, "fit")
    assert _texts(note, "opener") == ["Welcome, Ada Berg."]
    for section in ("why_now", "evidence"):
        assert _texts(note, section) == _texts(trigger.note, section)


def test_what_was_erased_is_not_written_again() -> None:
    trigger, story = _told()
    assert trigger.note is not None
    erased = erase(trigger.note, EVENT.id)
    note = _renewed(replace(trigger, note=erased), story, contacts=(ADA,))
    assert {each.section for each in note.sentences if each.basis is Basis.ERASED} == {
        each.section for each in erased.sentences if each.basis is Basis.ERASED
    }
    assert not any("Ada Berg" in each.text for each in note.sentences)

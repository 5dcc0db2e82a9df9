"""Files brought onto the list: what an import adds, changes, leaves, and says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.intake import Intake, read_accounts, read_contacts
from earmark.types import Account, Contact
from storage import accounts, erasures, lessons, lookup, roster
from storage.engine import Engine, reading, writing
from storage.person import person_of
from tests.builders import NOW, an_account


@pytest.fixture
def bring(engine: Engine, tmp_path: Path) -> Callable[[str], tuple[roster.Imported, Intake]]:
    def bring_in(text: str) -> tuple[roster.Imported, Intake]:
        path = tmp_path / "accounts.csv"
        path.write_text(text, encoding="utf-8")
        intake = read_accounts(path)
        return roster.import_accounts(engine, intake, NOW), intake

    return bring_in


Bring = Callable[[str], tuple[roster.Imported, Intake]]


def listed(engine: Engine) -> dict[str, Account]:
    with reading(engine) as conn:
        return accounts.every(conn)


def warned(intake: Intake) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for one in intake.report.lines if one.level == "warning"]


def test_the_same_file_again_changes_nothing(engine: Engine, bring: Bring) -> None:
    header = "Record ID,Company name,Company Domain Name,Parent Company,Plan\n"
    text = header + "1,Osk,osk.example,Norvik,b\n2,Norvik,norvik.example,,\n"
    first, _ = bring(text)
    before = listed(engine)
    again, intake = bring(text)
    assert (first.added, first.changed) == (2, 0)
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert not again.fields
    assert warned(intake) == []
    assert listed(engine) == before


def test_a_newer_export_says_which_fields_it_changed(engine: Engine, bring: Bring) -> None:
    bring("name,domain,owner,employees,Plan\nOsk,osk.example,Ada,50,b\nNorvik,norvik.example,Ada,70,\n")
    done, _ = bring(
        "name,domain,owner,employees,Plan\nOsk,osk.example,Bo,50,c\nNorvik,norvik.example,Bo,70,\n"
    )
    assert (done.changed, done.same) == (2, 0)
    assert done.fields == {"owner": 2, "extra": 1}
    told = {(one.id, one.field): (one.before, one.after) for one in done.examples}
    assert told["osk.example", "owner"] == ("Ada", "Bo")
    assert told["osk.example", "extra"] == ("Plan: b", "Plan: c")
    assert listed(engine)["norvik.example"].size == 70


def test_a_file_speaks_only_of_the_columns_that_it_has(engine: Engine, bring: Bring) -> None:
    bring("Record ID,Company name,Company Domain Name,Industry,Plan\n7,Osk,osk.example,Freight,b\n")
    done, _ = bring("domain,country,Segment\nosk.example,Latvia,North\n")
    osk = listed(engine)["osk.example"]
    assert (osk.name, osk.industry, osk.country) == ("Osk", "Freight", "Latvia")
    assert osk.extra == {"Plan": "b", "Segment": "North"}
    assert osk.crm_ids == {"hubspot": "7"}
    assert done.fields == {"country": 1, "extra": 1}
    bring("name,domain,country\nOsk,osk.example,\n")
    assert listed(engine)["osk.example"].country is None, "an empty cell of a column says: nothing"


@pytest.mark.parametrize(
    "said", ["Norvik Group", "norvik.example", "https://www.norvik.example/", "81", "NORVIK  GROUP"]
)
def test_a_parent_is_found_by_name_domain_or_crm_id(engine: Engine, bring: Bring, said: str) -> None:
    _, intake = bring(
        "Record ID,Company name,Company Domain Name,Parent Company\n"
        f"7,Osk,osk.example,{said}\n81,Norvik Group,norvik.example,\n"
    )
    assert warned(intake) == []
    assert listed(engine)["osk.example"].parent == "norvik.example"


def test_a_parent_that_can_not_be_told_is_reported_with_its_line(engine: Engine, bring: Bring) -> None:
    _, intake = bring(
        "name,domain,parent\n"
        "Osk,osk.example,Nobody Known\n"
        "Twin,twin-a.example,\nTwin,twin-b.example,\n"
        "Norvik,norvik.example,Twin\n"
        "Own,own.example,Own\n"
    )
    assert [(line, reason.split(";")[0]) for line, reason in warned(intake)] == [
        (2, "its parent 'Nobody Known' is not on the list"),
        (5, "its parent 'Twin' may be several accounts (twin-a.example, twin-b.example): give its id"),
        (6, "its parent 'Own' is the account itself"),
    ]
    assert not any(one.parent for one in listed(engine).values())


def test_a_parent_is_a_change_of_a_known_account_only(bring: Bring) -> None:
    first, _ = bring("name,domain,parent\nAsk,a.example,\nBsk,b.example,Ask\nCsk,c.example,\n")
    assert (first.added, first.changed, first.same, first.fields) == (3, 0, 0, {})
    newer, _ = bring("name,domain,parent\nAsk,a.example,\nBsk Two,b.example,\nCsk,c.example,Ask\n")
    assert (newer.added, newer.changed, newer.same) == (0, 2, 1)
    assert newer.fields == {"name": 1, "parent": 2}
    assert [(one.id, one.field, one.before, one.after) for one in newer.examples[1:]] == [
        ("b.example", "parent", "a.example", ""),
        ("c.example", "parent", "", "a.example"),
    ]
    again, _ = bring("name,domain,parent\nAsk,a.example,\nBsk Two,b.example,\nCsk,c.example,Ask\n")
    assert (again.added, again.changed, again.same, again.fields) == (0, 0, 3, {})


def test_a_circle_of_parents_is_broken_at_its_last_line_each_time(engine: Engine, bring: Bring) -> None:
    text = "name,domain,parent\nAsk,a.example,Bsk\nBsk,b.example,Csk\nCsk,c.example,Ask\n"
    for turn in ("first", "again"):
        done, intake = bring(text)
        ((line, reason),) = warned(intake)
        assert line == 4, turn
        assert "a.example → b.example → c.example" in reason
        assert "a circle" in reason
        heads = {one.id: one.parent for one in listed(engine).values()}
        assert heads == {"a.example": "b.example", "b.example": "c.example", "c.example": None}
    assert not done.fields


def test_a_circle_over_what_is_stored_is_seen_and_a_parent_can_be_taken_away(
    engine: Engine, bring: Bring
) -> None:
    bring("name,domain,parent\nAsk,a.example,Bsk\nBsk,b.example,\n")
    _, intake = bring("name,domain,parent\nBsk,b.example,a.example\n")
    assert "a circle" in warned(intake)[0][1]
    bring("name,domain,parent\nAsk,a.example,\nBsk,b.example,a.example\n")
    assert {one.id: one.parent for one in listed(engine).values()} == {
        "a.example": None,
        "b.example": "a.example",
    }
    bring("name,domain\nBsk,b.example\n")
    assert listed(engine)["b.example"].parent == "a.example", "a file without the column says nothing of it"


NAMES = st.sampled_from("abcdef")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8))
def test_whatever_the_file_says_no_account_is_its_own_ancestor(
    sqlite_engine: Engine, tmp_path: Path, links: list[tuple[str, str]]
) -> None:
    rows = "".join(f"{one},{one}.example,{other}\n" for one, other in dict(links).items())
    others = "".join(f"{one},{one}.example,\n" for one in "abcdef" if one not in dict(links))
    path = tmp_path / "links.csv"
    path.write_text("name,domain,parent\n" + rows + others, encoding="utf-8")
    roster.import_accounts(sqlite_engine, read_accounts(path), NOW)
    heads = {one.id: one.parent for one in listed(sqlite_engine).values()}
    for account in heads:
        seen: list[str] = []
        at: str | None = account
        while at is not None:
            assert at not in seen, heads
            seen.append(at)
            at = heads[at]


def test_an_account_renamed_in_the_crm_keeps_its_id_and_its_former_name(engine: Engine, bring: Bring) -> None:
    bring("Record ID,Company name,Company Domain Name\n81,Norvik Labs,norvik.example\n")
    renamed = "Record ID,Company name,Company Domain Name\n81,Fjordic,fjordic.example\n"
    done, intake = bring(renamed)
    (account,) = listed(engine).values()
    assert (account.id, account.name, account.domains) == ("norvik.example", "Fjordic", ("fjordic.example",))
    assert account.aliases == ("Norvik Labs",)
    assert (done.added, done.changed) == (0, 1)
    assert [(one.line, one.level) for one in intake.report.lines] == [(2, "note")]
    again, _ = bring(renamed)
    assert (again.added, again.changed, again.same) == (0, 0, 1)
    with reading(engine) as conn:
        ((owner, lesson),) = lessons.learned(conn)
    assert (owner, lesson.name, lesson.by) == ("norvik.example", "Norvik Labs", "import")


@pytest.mark.parametrize(("before", "after"), [("Osk", "Osk Ltd"), ("Osk Ltd", "OSK"), ("Zoë", "Zoe")])
def test_another_spelling_is_no_new_name(engine: Engine, bring: Bring, before: str, after: str) -> None:
    bring(f"name,domain\n{before},osk.example\n")
    bring(f"name,domain\n{after},osk.example\n")
    assert listed(engine)["osk.example"].aliases == ()


def test_two_accounts_that_the_crm_made_one_share_no_crm_id(engine: Engine, bring: Bring) -> None:
    bring("Record ID,Company name,Company Domain Name\n81,Norvik,norvik.example\n82,Osk,osk.example\n")
    _, intake = bring("Record ID,Company name,Company Domain Name\n81,Osk,osk.example\n")
    ((line, reason),) = warned(intake)
    assert line == 2
    assert "norvik.example" in reason
    assert "osk.example" in reason
    found = listed(engine)
    assert found["osk.example"].crm_ids == {"hubspot": "81"}
    assert found["norvik.example"].crm_ids == {}
    assert found["norvik.example"].name == "Norvik", "nothing of it is lost"
    again, intake = bring("Record ID,Company name,Company Domain Name\n81,Osk,osk.example\n")
    assert (again.same, warned(intake)) == (1, [])


def test_one_crm_id_for_two_rows_stays_with_the_first(engine: Engine, bring: Bring) -> None:
    _, intake = bring(
        "Record ID,Company name,Company Domain Name\n7,Osk,osk.example\n7,Norvik,norvik.example\n"
    )
    assert [(line, "line 2 (osk.example)" in reason) for line, reason in warned(intake)] == [(3, True)]
    found = listed(engine)
    assert (found["osk.example"].crm_ids, found["norvik.example"].crm_ids) == ({"hubspot": "7"}, {})


def test_ids_swapped_in_the_crm_follow_the_domains(engine: Engine, bring: Bring) -> None:
    header = "Record ID,Company name,Company Domain Name\n"
    bring(header + "1,Osk,osk.example\n2,Norvik,norvik.example\n")
    done, intake = bring(header + "2,Osk,osk.example\n1,Norvik,norvik.example\n")
    found = listed(engine)
    assert (found["osk.example"].crm_ids, found["norvik.example"].crm_ids) == (
        {"hubspot": "2"},
        {"hubspot": "1"},
    )
    assert done.changed == 2
    assert warned(intake) == []


def test_the_long_form_of_a_salesforce_id_is_the_short_one(engine: Engine, bring: Bring) -> None:
    header = "Account ID,Account Name,Website,Account Owner\n"
    bring(header + "001A00000012345,Osk,osk.example,Ada\n")
    bring(header + "001A00000012345IAQ,Osk Holding,osk-holding.example,Ada\n")
    assert set(listed(engine)) == {"osk.example"}


def people_file(folder: Path, text: str) -> Path:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def introduce(
    engine: Engine, tmp_path: Path
) -> Callable[[str], tuple[roster.Imported, list[tuple[int, str, str]]]]:
    with writing(engine) as conn:
        accounts.upsert(
            conn,
            [
                an_account(
                    "Norvik Labs", id="norvik", domains=("norvik.example",), crm_ids={"hubspot": "81"}
                ),
                an_account("Osk", id="osk", domains=("osk.example", "osk.test"), aliases=("Oskarion",)),
                an_account("Twin", id="twin-1", domains=()),
                an_account("Twin", id="twin-2", domains=()),
            ],
        )

    def bring_in(text: str) -> tuple[roster.Imported, list[tuple[int, str, str]]]:
        intake = read_contacts(people_file(tmp_path, text), NOW)
        done = roster.import_contacts(engine, intake)
        return done, [(one.line, one.level, one.reason) for one in intake.report.lines]

    return bring_in


Introduce = Callable[[str], tuple[roster.Imported, list[tuple[int, str, str]]]]


def known(engine: Engine) -> dict[str, Contact]:
    with reading(engine) as conn:
        return {one.name: one for one in accounts.contact_list(conn)}


def test_the_account_of_a_contact_is_found_by_crm_id_domain_name_or_mail(
    engine: Engine, introduce: Introduce
) -> None:
    done, lines = introduce(
        "Record ID,First Name,Last Name,Email,Associated Company,Associated Company IDs\n"
        "1,Ada,Lind,ada@elsewhere.example,Somebody else,81\n"
        "2,Bo,Frid,bo@gmail.com,Oskarion,\n"
        "3,Cy,Holm,cy@mail.osk.test,,\n"
        "4,Di,Mo,,Norvik Labs,\n"
        "5,Ed,Ro,,Twin,\n"
        "6,Fe,Su,fe@nobody.example,,\n"
        "7,Gy,Ti,,,\n"
        "8,,,,Osk,\n"
    )
    assert {name: one.account for name, one in known(engine).items()} == {
        "Ada Lind": "norvik",
        "Bo Frid": "osk",
        "Cy Holm": "osk",
        "Di Mo": "norvik",
    }
    assert done.added == 4
    assert [(line, level) for line, level, _ in lines] == [(line, "refused") for line in (8, 9, 6, 7)]
    reasons = {line: reason for line, _, reason in lines}
    assert "twin-1, twin-2" in reasons[6]
    assert "nobody.example" in reasons[7]
    assert "not on the list" in reasons[7]


def test_contacts_again_change_nothing_and_newer_ones_say_what(introduce: Introduce) -> None:
    header = "Record ID,First Name,Last Name,Email,Job Title,Associated Company IDs\n"
    introduce(header + "5,Ada,Lind,ada@norvik.example,CTO,81\n")
    again, _ = introduce(header + "5,Ada,Lind,ada@norvik.example,CTO,81\n")
    assert (again.added, again.changed, again.same) == (0, 0, 1)
    newer, _ = introduce(header + "5,Ada,Lind-Berg,ada.berg@norvik.example,CIO,81\n")
    assert (newer.added, newer.changed) == (0, 1)
    assert newer.fields == {"name": 1, "title": 1, "email": 1}


def test_a_person_known_by_mail_gets_the_crm_id_and_keeps_what_a_file_does_not_say(
    engine: Engine, introduce: Introduce
) -> None:
    introduce("name,email,relation,since\nAda Lind,ada@norvik.example,Champion,2024-03-01\n")
    done, _ = introduce(
        "Record ID,First Name,Last Name,Email,Contact owner\n5,Ada,Lind,ADA@norvik.example,Bo\n"
    )
    (ada,) = known(engine).values()
    assert done.added == 0
    assert (ada.relation, ada.since and ada.since.year) == ("champion", 2024)
    assert ada.crm_ids == {"hubspot": "5"}


def test_a_contact_who_was_erased_is_refused_with_the_line(engine: Engine, introduce: Introduce) -> None:
    with writing(engine) as conn:
        erasures.remember(conn, person_of(["Ada Lind"]), by="Kim", at=NOW)
    done, lines = introduce("name,email\nBo Frid,bo@osk.example\nAda Lind,ada@norvik.example\n")
    assert (done.added, set(known(engine))) == (1, {"Bo Frid"})
    assert lines == [(3, "refused", "this person was erased, and is not taken in again")]


def test_a_contact_who_moved_in_the_crm_moves_with_the_same_id(engine: Engine, introduce: Introduce) -> None:
    header = "Record ID,First Name,Last Name,Email,Contact owner\n"
    introduce(header + "5,Ada,Lind,ada@norvik.example,Bo\n")
    done, _ = introduce(header + "5,Ada,Lind,ada@osk.example,Bo\n")
    assert {one.id: one.account for one in known(engine).values()} == {"hubspot-5": "osk"}
    assert done.fields["account"] == 1


def test_a_person_twice_in_a_file_is_one_and_gaps_are_filled(engine: Engine, introduce: Introduce) -> None:
    _, lines = introduce(
        "name,email,title,relation\n"
        "Ada Lind,ada@osk.example,,referrer\nAda Lind,ada@osk.example,CTO,customer\n"
    )
    (ada,) = known(engine).values()
    assert (ada.title, ada.relation) == ("CTO", "referrer")
    assert [(line, level) for line, level, _ in lines] == [(3, "merged")]


def test_champions_are_those_of_that_relation(engine: Engine, introduce: Introduce) -> None:
    introduce(
        "name,email,relation\nAda Lind,ada@osk.example,DECISION_MAKER;CHAMPION\nBo Frid,bo@osk.example,\n"
    )
    with reading(engine) as conn:
        assert [one.name for one in accounts.champions(conn)] == ["Ada Lind"]


def test_relatives_are_parent_subsidiaries_and_sisters(engine: Engine) -> None:
    family = [
        an_account("Group"),
        an_account("North", parent="group"),
        an_account("South", parent="group"),
        an_account("Unit", parent="north"),
        an_account("Alone"),
    ]
    with writing(engine) as conn:
        accounts.upsert(conn, family)
        found = accounts.relatives(conn, family)
        assert lookup.parents(conn) == {"north": "group", "south": "group", "unit": "north"}
    kin = {own: {one.id for one in several} for own, several in found.items()}
    assert kin == {
        "group": {"north", "south"},
        "north": {"group", "south", "unit"},
        "south": {"group", "north"},
        "unit": {"north"},
    }

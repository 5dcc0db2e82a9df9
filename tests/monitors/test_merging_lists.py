"""Merged accounts and the files of the team: no import brings one back, none mixes what each list says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from earmark.intake import Intake, read_accounts, read_contacts
from earmark.types import Account
from monitors import merging
from review.editing import edited
from storage import accounts, lessons, roster
from storage.engine import Engine, reading, writing
from storage.lesson import Lesson
from tests.builders import NOW, days

HEADER = "Record ID,Company name,Company Domain Name,Company owner,Industry,Plan\n"
FIRST = "1,Norvik GmbH,norvik.example,,Robots,gold\n"
SECOND = "2,Norvik Robotics,norvik-robotics.example,Ada,Machines,basic\n"
KEEPS, GOES = "norvik.example", "norvik-robotics.example"

Bring = Callable[[str], tuple[roster.Imported, Intake]]


@pytest.fixture
def bring(engine: Engine, tmp_path: Path) -> Bring:
    def bring_in(text: str) -> tuple[roster.Imported, Intake]:
        path = tmp_path / "accounts.csv"
        path.write_text(text, encoding="utf-8")
        intake = read_accounts(path)
        return roster.import_accounts(engine, intake, NOW), intake

    return bring_in


def merge(engine: Engine) -> str:
    return merging.merge(engine, KEEPS, GOES, by="ann", now=NOW).id


def listed(engine: Engine) -> dict[str, Account]:
    with reading(engine) as conn:
        return accounts.every(conn)


@pytest.mark.parametrize("rows", [FIRST + SECOND, SECOND + FIRST, SECOND, FIRST])
def test_the_same_file_again_changes_nothing(engine: Engine, bring: Bring, rows: str) -> None:
    bring(HEADER + FIRST + SECOND)
    merge(engine)
    before = listed(engine)
    done, intake = bring(HEADER + rows)
    assert (done.added, done.changed) == (0, 0)
    assert [one.reason for one in intake.report.lines if one.level == "warning"] == []
    assert listed(engine) == before
    assert list(before) == [KEEPS]


def test_a_renamed_record_of_the_crm_is_still_the_one(engine: Engine, bring: Bring) -> None:
    bring(HEADER + FIRST + SECOND)
    name = merge(engine)
    done, _ = bring(HEADER + "2,Norvik Systems,norvik-systems.example,Ada,Machines,basic\n")
    assert (done.added, done.changed) == (0, 1)
    [one] = listed(engine).values()
    assert {"Norvik Systems", "Norvik Robotics"} <= set(one.aliases)
    assert "norvik-systems.example" in one.domains
    merging.part(engine, name, by="ann", now=NOW + days(1))
    assert listed(engine)[GOES].name == "Norvik Systems"
    assert listed(engine)[KEEPS].domains == (KEEPS,)


def test_people_of_either_are_its_people(engine: Engine, bring: Bring, tmp_path: Path) -> None:
    bring(HEADER + FIRST + SECOND)
    path = tmp_path / "people.csv"
    path.write_text("Full name,Email,Company Domain Name\nIda Holm,ida@norvik-robotics.example,\n", "utf-8")
    roster.import_contacts(engine, read_contacts(path, NOW))
    name = merge(engine)
    roster.import_contacts(engine, read_contacts(path, NOW))
    with reading(engine) as conn:
        assert [each.account for each in accounts.contact_list(conn)] == [KEEPS]
    merging.part(engine, name, by="ann", now=NOW + days(1))
    with reading(engine) as conn:
        assert [each.account for each in accounts.contact_list(conn)] == [GOES]


def test_what_a_person_edits_meanwhile_is_its_own_alone(engine: Engine, bring: Bring) -> None:
    bring(HEADER + FIRST + SECOND)
    before = listed(engine)
    name = merge(engine)
    one = listed(engine)[KEEPS]
    form = {
        "name": one.name,
        "domains": "; ".join((*one.domains, "norvik.test")),
        "aliases": "; ".join((*one.aliases, "NVK")),
        "not_aliases": "",
        "owner": one.owner or "",
        "territory": "",
        "tier": "A",
        "industry": one.industry or "",
        "size": "",
        "country": "",
    }
    with writing(engine) as conn:
        assert edited(conn, KEEPS, form) == ["domains", "tier", "aliases"]
    assert {"NVK", "Norvik Robotics"} <= set(listed(engine)[KEEPS].aliases)
    merging.part(engine, name, by="ann", now=NOW + days(1))
    after = listed(engine)
    assert after[GOES] == before[GOES]
    assert (after[KEEPS].aliases, after[KEEPS].domains, after[KEEPS].tier, after[KEEPS].owner) == (
        ("NVK",),
        (KEEPS, "norvik.test"),
        "A",
        None,
    )


def test_what_was_taught_of_either_name_holds_and_goes_home(engine: Engine, bring: Bring) -> None:
    bring(HEADER + FIRST + SECOND)
    never = Lesson(id="never", name="Norvik Robotics", is_own=False, by="bo", at=NOW - days(2))
    own = Lesson(id="own", name="NVK", is_own=True, by="bo", at=NOW - days(1))
    with writing(engine) as conn:
        lessons.save(conn, KEEPS, [never])
        lessons.save(conn, GOES, [own])
    before = listed(engine)
    name = merge(engine)
    one = listed(engine)[KEEPS]
    assert {"NVK", "Norvik Robotics"} <= set(one.aliases)
    assert one.not_aliases == ()
    merging.part(engine, name, by="ann", now=NOW + days(1))
    assert listed(engine) == before

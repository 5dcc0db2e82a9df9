"""Contact files: as CRMs export them, and as nobody should."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from earmark.intake import ContactIntake, Introduced, Key, read_accounts, read_contacts, read_suppressions
from tests.builders import NOW

HUBSPOT = """\
"Record ID","First Name","Last Name","Email","Job Title","Associated Company","Associated Company IDs",\
"Buying Role","Create Date","Lead Status"
"12","Ada","Lind","Ada@Norvik.example","CTO","Norvik Labs","81","CHAMPION;BUDGET_HOLDER","2024-02-03 10:1",""
"""
SALESFORCE = """\
Contact ID,Full Name,Title,Email,Account ID,Account Name,Contact Owner,Created Date
003A1,Ada Lind,CTO,ada@norvik.example,001A1,Norvik Labs,Bo,03.02.2024
"""
PIPEDRIVE = """\
Person - ID;Person - Name;Person - Email - Work;Person - Organization;Person - Organization ID;\
Person - Job title
12;Ada Lind;ada@norvik.example;Norvik Labs;81;CTO
"""
ZOHO = """\
Record Id,First Name,Last Name,Email,Account Name,Title
z1,Ada,Lind,ada@norvik.example,Norvik Labs,CTO
"""
ATTIO = """\
Record ID,Person,Email addresses,Company,Job title
r1,Ada Lind,ada@norvik.example;ada@x.example,Norvik Labs,CTO
"""


def a_file(folder: Path, text: str) -> Path:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> tuple[list[Introduced], ContactIntake]:
    intake = read_contacts(a_file(folder, text), NOW)
    return list(intake), intake


@pytest.mark.parametrize(
    ("text", "crm", "remote", "key"),
    [
        (HUBSPOT, "hubspot", "12", Key("crm", "hubspot 81")),
        (SALESFORCE, "salesforce", "003A1", Key("crm", "salesforce 001A1")),
        (PIPEDRIVE, "pipedrive", "12", Key("crm", "pipedrive 81")),
        (ZOHO, "zoho", "z1", Key("name", "Norvik Labs")),
        (ATTIO, "attio", "r1", Key("name", "Norvik Labs")),
    ],
)
def test_the_contacts_of_a_crm_are_recognised(
    tmp_path: Path, text: str, crm: str, remote: str, key: Key
) -> None:
    (person,), intake = read(tmp_path, text)
    assert intake.crm == crm
    assert person.crm_ids == {crm: remote}
    assert (person.name, person.title, person.email) == ("Ada Lind", "CTO", "ada@norvik.example")
    assert key in person.account
    assert person.account[-1] == Key("domain", "x.example" if crm == "attio" else "norvik.example")
    assert intake.report.lines == []


def test_how_we_know_them_and_since_when(tmp_path: Path) -> None:
    (person,), intake = read(tmp_path, HUBSPOT)
    assert person.relation == "champion"
    assert person.since == datetime(2024, 2, 3, tzinfo=UTC)
    assert intake.mapping["Buying Role"] == "relation"
    assert intake.mapping["Lead Status"] == "extra"


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-05-31", (2024, 5, 31)),
        ("2024-05-31T10:00:00Z", (2024, 5, 31)),
        ("2024/5/3", (2024, 5, 3)),
        ("31.05.2024", (2024, 5, 31)),
        ("05/31/2024", (2024, 5, 31)),
        ("31/05/2024", (2024, 5, 31)),
        ("04/04/2024", (2024, 4, 4)),
        ("2024", (2024, 1, 1)),
        ("2024-05", (2024, 5, 1)),
        ("n/a", None),
    ],
)
def test_a_day_is_read_as_people_write_it(
    tmp_path: Path, cell: str, day: tuple[int, int, int] | None
) -> None:
    (person,), intake = read(tmp_path, f"name,email,since\nAda,ada@osk.example,{cell}\n")
    assert person.since == (datetime(*day, tzinfo=UTC) if day else None)
    assert intake.report.lines == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("03/04/2024", "may be two days"),
        ("2027-01-01", "no day on which"),
        ("1820-01-01", "no day on which"),
        ("2024-13-41", "is no day"),
        ("long ago", "is no day"),
    ],
)
def test_a_day_that_is_none_or_in_the_future_is_left_out_and_said(
    tmp_path: Path, cell: str, said: str
) -> None:
    (person,), intake = read(tmp_path, f"name,email,since\nAda,ada@osk.example,{cell}\n")
    assert person.since is None
    ((line, reason),) = [(one.line, one.reason) for one in intake.report.lines]
    assert line == 2
    assert said in reason


def test_rows_that_name_nobody_or_no_account_are_refused(tmp_path: Path) -> None:
    people, intake = read(
        tmp_path,
        "name,email,company\nAda,,Osk\n,,Osk\nBo,bo@gmail.com,\n,cy@osk.example,\nDi,not mail,Osk\n,,\n",
    )
    assert [one.name for one in people] == ["Ada", "cy@osk.example", "Di"]
    assert [(one.line, one.level) for one in intake.report.lines] == [
        (3, "refused"),
        (4, "refused"),
        (6, "warning"),
    ]
    assert intake.report.blank == 1
    assert intake.report.rows == len(people) + intake.report.count("refused")


def test_a_file_without_people_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column that names people"):
        read_contacts(a_file(tmp_path, "domain,industry\nosk.example,Freight\n"), NOW)


def test_a_list_to_suppress_names_by_id_domain_mail_or_name(tmp_path: Path) -> None:
    rows_of = "81,,Customer,2027-01-01\n,bo@osk.example,,\n,,,\n,x@gmail.com,opt out,\n"
    text = "Account ID,Email,Reason,End date\n" + rows_of
    intake = read_suppressions(a_file(tmp_path, text))
    rows = list(intake)
    assert [(one.line, one.reason, one.until) for one in rows] == [
        (2, "Customer", "2027-01-01"),
        (3, None, None),
        (5, "opt out", None),
    ]
    assert Key("id", "81") in rows[0].keys
    assert Key("crm", "hubspot 81") in rows[0].keys
    assert rows[1].keys == (Key("domain", "osk.example"),)
    assert (rows[2].keys, rows[2].emails) == ((), ("x@gmail.com",))


def test_a_parent_is_kept_apart_from_the_account(tmp_path: Path) -> None:
    intake = read_accounts(a_file(tmp_path, "name,domain,Parent Account\nOsk,osk.example,Norvik\n"))
    (account,) = intake
    assert account.parent is None
    assert intake.parents == {"osk.example": (2, "Norvik")}
    assert intake.given == {"name", "domains", "parent"}


@given(st.binary(max_size=300))
def test_whatever_the_bytes_nothing_but_a_sentence_escapes(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    path = tmp_path_factory.mktemp("people") / "people.csv"
    path.write_bytes(b"name,email,since,company\n" + body)
    try:
        intake = read_contacts(path, NOW)
        people = list(intake)
    except ConfigError:
        return
    assert intake.report.rows == len(people) + intake.report.count("refused")

"""Each profile against its golden file: exact headers, exact bytes; hostile texts come out harmless."""

import csv
from pathlib import Path

import pytest

from earmark.errors import ConfigError
from earmark.types import Contact
from exports.choice import choose
from exports.csv_file import write
from exports.line import Line, first_name, last_name
from exports.profiles import PROFILES, columns_of, rows_of
from exports.registry import profile
from tests.builders import NOW
from tests.exports.lines import a_contact, a_conversation, a_line, a_note, a_ready_account

DATA = Path(__file__).parent / "data"
HOSTILE = '=HYPERLINK("https://evil.example";"prize")\r\n;+cmd, \u202egnp.exe \x00\x1b[2J 🚀 שלום "end"'

LINES = (
    a_line(
        a_ready_account(
            domains=("https://www.NorvikLabs.example/about", "norvik.example"),
            crm_ids={"salesforce": "001NORVIK", "hubspot": "4711"},
        )
    ),
    a_line(
        a_ready_account("Ødegård & “Sønner”, GmbH", id="odegard", owner=None, domains=()),
        score=12.25,
        undated=True,
        note=a_note('Say "hello", they said;\nand left', who="Ødegård"),
    ),
    a_line(
        a_ready_account(
            "@Zephyrine Bio",
            id="zephyrine-bio",
            domains=("zephyrine.example",),
            crm_ids={"salesforce": "001ZEPHYR"},
        ),
        score=40.0,
        note=a_note(HOSTILE, who="@SUM(1)", publisher="+wire", url="javascript:alert(1)", opener="-1+1"),
    ),
    a_conversation(),
)
CONTACTS = {
    "norvik-labs": (a_contact(), a_contact(2, name="van der Berg, Jan", title=None)),
    "zephyrine-bio": (a_contact(3, account="zephyrine-bio", name="Björk"),),
}
HEADERS = {
    "hubspot-companies": "Record ID,Company name,Company Domain Name,Company owner,Last trigger at,"
    "Trigger type,Trigger score,Trigger summary,Trigger URL",
    "salesforce-accounts": "Trigger_Key__c,Name,Website,Description,Trigger_Score__c,Trigger_Type__c,"
    "Last_Trigger_Date__c",
    "salesforce-leads": "LastName,Company,Website,LeadSource,Description",
    "salesforce-tasks": "Subject,Description,ActivityDate,Status,Priority,WhatId",
    "pipedrive-organizations": "Organization - Name,Organization - Website,Note - Content",
    "zoho-accounts": "Account_Name,Website,Description",
    "attio-companies": "Domains,Name,Description",
    "outreach-prospects": "Email,First Name,Last Name,Title,Company,Website,Custom1,Custom2,Custom3",
    "instantly": "email,first_name,last_name,company_name,website,job_title,personalization",
    "lemlist": "email,firstName,lastName,companyName,icebreaker",
    "triggers": "trigger_id,detected_at,published_at,type,score,stage,company,domain,account_id,crm_id,owner,"
    "headline,evidence_quote,source_name,source_url,why_now,who,opener,status,dismiss_reason",
}
OWN = {"Company name", "Name", "Company", "company", "company_name", "companyName", "Account_Name"}
OWN |= {"Organization - Name"}
HEADERS["excel"] = HEADERS["triggers"]


def written(name: str, path: Path, lines: tuple[Line, ...] = LINES) -> bytes:
    wanted = PROFILES[name]
    chosen = choose(wanted, lines, CONTACTS, NOW).lines
    columns = columns_of(wanted, chosen)
    header = [column.header for column in columns]
    write(path, header, rows_of(wanted, columns, chosen), mark=wanted.spreadsheet)
    return path.read_bytes()


def cells(body: bytes) -> list[list[str]]:
    return list(csv.reader(body.decode("utf-8-sig").splitlines(keepends=True)))


def test_every_profile_has_a_golden_file_and_a_header() -> None:
    assert {path.stem for path in DATA.glob("*.csv")} == set(PROFILES) == set(HEADERS)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_writes_its_golden_file(name: str, tmp_path: Path) -> None:
    assert written(name, tmp_path / "out.csv") == (DATA / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("name", PROFILES)
def test_headers_are_the_words_of_the_target(name: str, tmp_path: Path) -> None:
    first = written(name, tmp_path / "out.csv").removeprefix("\ufeff".encode()).split(b"\r\n")[0]
    assert first.decode() == HEADERS[name]


@pytest.mark.parametrize("name", PROFILES)
def test_the_order_of_arrival_changes_no_byte(name: str, tmp_path: Path) -> None:
    assert written(name, tmp_path / "a.csv") == written(name, tmp_path / "b.csv", LINES[::-1])


def test_only_the_spreadsheet_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    marked = {name for name in PROFILES if written(name, tmp_path / "out.csv").startswith(b"\xef\xbb\xbf")}
    assert marked == {"excel"}


@pytest.mark.parametrize("name", PROFILES)
def test_no_hostile_text_stays_live(name: str, tmp_path: Path) -> None:
    rows = cells(written(name, tmp_path / "out.csv"))
    assert len(rows) > 1
    for row in rows:
        assert len(row) == len(rows[0])
        for header, cell in zip(rows[0], row, strict=True):
            own = name != "excel" and header in OWN
            assert own or not cell.startswith(("=", "+", "-", "@"))
            assert not {"\x00", "\x1b", "\u202e", "\r"} & set(cell)


@pytest.mark.parametrize("name", PROFILES)
def test_a_text_of_any_length_fits_the_target(name: str, tmp_path: Path) -> None:
    long = "🚀 =x\n" * 11_000
    line = a_line(
        a_ready_account(crm_ids={"salesforce": "1"}), note=a_note(long, who=long, publisher=long, opener=long)
    )
    rows = cells(written(name, tmp_path / "out.csv", (line,)))
    assert len(rows) > 1
    for header, cell in zip(rows[0], rows[1], strict=True):
        assert len(cell.encode("utf-16-le")) // 2 <= (255 if header == "Subject" else 32_000)


def test_a_link_that_is_no_web_address_is_left_out(tmp_path: Path) -> None:
    rows = cells(written("triggers", tmp_path / "out.csv"))
    assert {row[14] for row in rows[1:]} == {"https://wire.example/entry-1", ""}


def test_the_users_own_names_go_back_as_they_are(tmp_path: Path) -> None:
    line = a_line(a_ready_account("@home & =Co", id="home"))
    assert cells(written("zoho-accounts", tmp_path / "a.csv", (line,)))[1][0] == "@home & =Co"
    assert cells(written("excel", tmp_path / "b.csv", (line,)))[1][6] == "'@home & =Co"


def test_a_column_of_ids_is_absent_when_none_is_known(tmp_path: Path) -> None:
    body = written("hubspot-companies", tmp_path / "out.csv", (a_line(),))
    assert body.startswith(b"Company name,")


def test_an_empty_file_has_its_header(tmp_path: Path) -> None:
    assert written("instantly", tmp_path / "out.csv", ()) == HEADERS["instantly"].encode() + b"\r\n"


def test_a_trigger_without_a_note_is_a_line_without_texts(tmp_path: Path) -> None:
    rows = cells(written("triggers", tmp_path / "out.csv", (a_line(note=None),)))
    assert rows[1][0] == "trigger-norvik-labs"
    assert set(rows[1][11:18]) == {""}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ingrid Maas", "Ingrid", "Maas"),
        ("Jan van der Berg", "Jan", "van der Berg"),
        ("Lind, Ada", "Ada", "Lind"),
        ("Björk", "", "Björk"),
        ("Anna Maria Holm", "Anna Maria", "Holm"),
        ("", "", ""),
        (" , ", "", ""),
    ],
)
def test_a_name_is_parted_into_given_and_family_names(name: str, first: str, last: str) -> None:
    contact = Contact(id="c", account="norvik-labs", name=name)
    line = Line(trigger=a_line().trigger, account=None, score=1.0, contact=contact)
    assert (first_name(line), last_name(line)) == (first, last)


def test_an_unknown_profile_is_answered_with_the_nearest() -> None:
    assert profile(" Lemlist ").name == "lemlist"
    with pytest.raises(ConfigError, match="did you mean hubspot-companies"):
        profile("hubspot")
    with pytest.raises(ConfigError, match=r"known: .*excel"):
        profile("???")


def test_the_document_names_every_profile_and_column() -> None:
    text = (DATA.parents[2] / "docs" / "exports" / "csv.md").read_text("utf-8")
    for wanted in PROFILES.values():
        for word in (wanted.name, *(column.header for column in wanted.columns)):
            assert f"`{word}`" in text, word

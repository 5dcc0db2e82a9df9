"""Account files: as CRMs export them, and as nobody should."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from earmark.intake import Intake, read_accounts
from earmark.intake.cells import domain_in, size_in, slug_of
from earmark.types import Account


def a_file(folder: Path, content: str | bytes, name: str = "accounts.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def accounts_of(folder: Path, content: str | bytes) -> tuple[list[Account], Intake]:
    intake = read_accounts(a_file(folder, content))
    return list(intake), intake


def told(intake: Intake, level: str) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for one in intake.report.lines if one.level == level]


HUBSPOT = """\
"Record ID","Company name","Company Domain Name","Company owner","Country/Region",Industry,"Create Date",\
"Number of Employees"
"81","Norvik Labs","www.norviklabs.example","Ada Lind",Norway,Robotics,"2025-01-02","51-200"
"""
SALESFORCE = """\
Account ID,Account Name,Website,Billing City,Billing Country,Account Owner,Type,Employees
001xx0000000001,Osk Ltd,https://www.osk.example/home?x=1,Riga,Latvia,Bo Frid,Prospect,"1,200"
"""
PIPEDRIVE = """\
Organization - ID;Organization - Name;Organization - Website;Organization - Owner
7;Osk Ltd;osk.example;Bo Frid
"""
ATTIO = "Record ID,Record,Domains,Employee range\nrec_1,Osk Ltd,osk.example;osk.test,11-50\n"
ZOHO = "Record Id,Account Name,Website,Account Owner,Billing City\nzcrm_5,Osk Ltd,osk.example,Bo,Riga\n"
EVAL = (
    "account_id,name,domain,aliases,industry,city,country,ticker\n"
    "A1,Norvik Labs,norviklabs.example,Norvik|NorLab,Robotics,Oslo,Norway,NVK.OL\n"
)


@pytest.mark.parametrize(
    ("text", "crm", "remote"),
    [
        (HUBSPOT, "hubspot", "81"),
        (SALESFORCE, "salesforce", "001xx0000000001"),
        (PIPEDRIVE, "pipedrive", "7"),
        (ATTIO, "attio", "rec_1"),
        (ZOHO, "zoho", "zcrm_5"),
    ],
)
def test_the_export_of_a_crm_is_recognised_and_its_ids_are_kept(
    tmp_path: Path, text: str, crm: str, remote: str
) -> None:
    (account,), intake = accounts_of(tmp_path, text)
    assert intake.crm == crm
    assert account.crm_ids == {crm: remote}
    assert account.domains[0] in {"norviklabs.example", "osk.example"}
    assert account.id == account.domains[0]


def test_columns_are_mapped_shown_and_unknown_ones_are_kept(tmp_path: Path) -> None:
    (account,), intake = accounts_of(tmp_path, HUBSPOT)
    assert intake.mapping["Company owner"] == "owner"
    assert intake.mapping["Country/Region"] == "country"
    assert intake.mapping["Create Date"] == "extra"
    assert account.extra == {"Create Date": "2025-01-02"}
    assert (account.owner, account.country, account.industry) == ("Ada Lind", "Norway", "Robotics")
    assert account.size == 125


def test_our_own_columns_are_known(tmp_path: Path) -> None:
    (account,), intake = accounts_of(tmp_path, EVAL)
    assert set(intake.mapping.values()) == {
        *("id", "name", "domains", "aliases", "industry", "city", "country", "tickers"),
    }
    assert (account.id, account.aliases, account.tickers) == ("A1", ("Norvik", "NorLab"), ("NVK.OL",))


def test_several_columns_can_give_domains_and_the_second_name_is_no_name(tmp_path: Path) -> None:
    text = "Company,Website,Domain,Name\nOsk Ltd,http://osk.test,osk.example,Main office\n"
    (account,), _ = accounts_of(tmp_path, text)
    assert set(account.domains) == {"osk.example", "osk.test"}
    assert (account.name, account.extra) == ("Main office", {"Company": "Osk Ltd"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encoding_delimiter_and_line_ends_are_found_out(
    tmp_path: Path, delimiter: str, ends: str, encoding: str
) -> None:
    rows = [
        ["Name", "Domain", "City"],
        ["Zoë & Söhne – GmbH", "soehne.example", "Köln"],
        ["Osk", "osk.example", ""],
    ]
    text = ends.join(delimiter.join(row) for row in rows) + ends
    accounts, intake = accounts_of(tmp_path, text.encode(encoding))
    assert [one.name for one in accounts] == ["Zoë & Söhne – GmbH", "Osk"]
    assert accounts[0].city == "Köln"
    assert intake.report.accounts == 2


def test_cyrillic_of_an_old_encoding_is_not_read_as_western(tmp_path: Path) -> None:
    text = "name,city\n" + "".join(
        f"{name},Москва\n" for name in ("Северный Ветер", "Заря", "Восход", "Прогресс", "Берёзка")
    )
    accounts, _ = accounts_of(tmp_path, text.encode("cp1251"))
    assert accounts[0].name == "Северный Ветер"


def test_one_wrong_byte_does_not_spoil_a_utf8_file(tmp_path: Path) -> None:
    rows = "".join(f"Müller {number} Söhne\n" for number in range(50))
    accounts, intake = accounts_of(tmp_path, b"name\n" + rows.encode() + b"Caf\xe9 Nord\n")
    assert accounts[0].name == "Müller 0 Söhne"
    assert [line for line, _ in told(intake, "warning")] == [52]


def test_lines_above_the_header_are_skipped(tmp_path: Path) -> None:
    text = 'sep=;\n"Accounts of 2026";\n;\nName;Domain\nOsk;osk.example\n'
    accounts, intake = accounts_of(tmp_path, text)
    assert [one.name for one in accounts] == ["Osk"]
    assert intake.mapping == {"Name": "name", "Domain": "domains"}


def test_the_foot_of_a_report_is_no_account_and_that_is_told(tmp_path: Path) -> None:
    foot = (
        '"Grand Totals ( 1 records)",,,,,,,\n\n"Copyright (c) 2000-2026 somebody, inc."\n'
        '"Confidential Information - Do Not Distribute"\n'
        "001xx0000000002,Copyright Kiln,copyrightkiln.example,,,,,\n"
    )
    found, intake = accounts_of(tmp_path, SALESFORCE + foot.replace('"Grand', ',"Grand', 1))
    assert [one.name for one in found] == ["Osk Ltd", "Copyright Kiln"]
    assert [line for line, reason in told(intake, "refused") if "foot of a report" in reason] == [3, 5, 6]
    found, intake = accounts_of(
        tmp_path, "Account Name,Website\nOsk Ltd,osk.example\n" + foot.rsplit("001", 1)[0]
    )
    assert [one.name for one in found] == ["Osk Ltd"]
    assert [line for line, reason in told(intake, "refused") if "foot of a report" in reason] == [3, 5, 6]


def test_the_names_in_the_foot_of_a_salesforce_report_are_no_accounts(tmp_path: Path) -> None:
    foot = (
        '\n\n"Accounts of Bo"\n"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."\n'
        '"Confidential Information - Do Not Distribute"\n"Generated By:  Bo Frid  11/20/2026 8:02 AM"\n'
        '"Tundra Looms"\n'
    )
    found, intake = accounts_of(tmp_path, SALESFORCE + foot)
    assert [one.name for one in found] == ["Osk Ltd"]
    assert len(told(intake, "refused")) == 5
    without_id = "Account Name,Website\nOsk Ltd,osk.example\nKiln\n"
    found, _ = accounts_of(tmp_path, without_id + foot.replace('"Accounts of Bo"\n', ""))
    assert [one.name for one in found] == ["Osk Ltd", "Kiln"]


def test_ids_are_given_or_the_domain_or_the_name_and_the_same_each_time(tmp_path: Path) -> None:
    text = "account_id,name,domain\nX9,Osk,osk.example\n,Norvik Labs,www.Norvik.example\n,Straße & Söhne,\n"
    accounts, _ = accounts_of(tmp_path, text)
    again, _ = accounts_of(tmp_path, text)
    assert [one.id for one in accounts][:3] == ["X9", "norvik.example", "strasse-sohne"]
    assert accounts == again


def test_two_companies_of_one_name_without_domain_are_kept_apart_by_their_crm_ids(tmp_path: Path) -> None:
    text = "Record ID,Company name,Company owner\n1,First Bank,A\n2,First Bank,B\n"
    accounts, intake = accounts_of(tmp_path, text)
    assert [one.id for one in accounts] == ["first-bank-1", "first-bank-2"]
    assert told(intake, "merged") == []


def test_rows_of_one_account_are_merged_and_their_contradictions_reported(tmp_path: Path) -> None:
    text = (
        "name,domain,country,industry,aliases\n"
        "Osk Ltd,osk.example,Latvia,,Osk\n"
        "Norvik,norvik.example,,,\n"
        "OSK Limited,https://osk.example,Estonia,Shipping,\n"
    )
    accounts, intake = accounts_of(tmp_path, text)
    osk = next(one for one in accounts if one.id == "osk.example")
    assert (osk.name, osk.country, osk.industry) == ("Osk Ltd", "Latvia", "Shipping")
    assert osk.aliases == ("Osk", "OSK Limited")
    ((line, reason),) = told(intake, "merged")
    assert line == 4
    assert "line 2" in reason
    assert "'Latvia'" in reason
    assert "'Estonia'" in reason
    assert intake.report.accounts == 2


def test_one_id_for_two_companies_refuses_the_second(tmp_path: Path) -> None:
    text = "account_id,name,domain\nA1,Osk,osk.example\nA1,Norvik,norvik.example\n"
    accounts, intake = accounts_of(tmp_path, text)
    assert [one.name for one in accounts] == ["Osk"]
    ((line, reason),) = told(intake, "refused")
    assert (line, "'Osk'" in reason, "'Norvik'" in reason) == (3, True, True)


def test_no_row_is_lost_without_a_word(tmp_path: Path) -> None:
    text = (
        "name,domain,employees\n"
        "Osk,osk.example,50\n"
        ",,\n"
        "\n"
        ",norvik.example,many\n"
        ",,12\n"
        "Plain Name,,\n"
        "Mail,info@gmail.com,3\n"
        "Long,long.example,1,surplus\n"
        "Short\n"
    )
    accounts, intake = accounts_of(tmp_path, text)
    report = intake.report
    assert {one.name for one in accounts} == {"Osk", "norvik.example", "Plain Name", "Mail", "Long", "Short"}
    assert (report.rows, report.accounts, report.blank, report.without_domain) == (7, 6, 2, 3)
    assert [line for line, _ in told(intake, "refused")] == [6]
    assert [line for line, _ in told(intake, "warning")] == [5, 5, 8, 9]
    assert [line for line, _ in told(intake, "note")] == [7, 8, 10]
    assert report.words == ("6 accounts from 7 rows, 3 without domain, 4 warnings, 1 row refused, 2 blank")


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path) -> None:
    rows = "".join(f"Company {number},c{number}.example\n" for number in range(1000))
    accounts, intake = accounts_of(tmp_path, 'name,domain\n"Osk Ltd,osk.example\n' + rows)
    assert len(accounts) == 1000
    ((line, reason),) = told(intake, "refused")
    assert (line, "quotation mark" in reason) == (2, True)


def test_a_quote_closed_by_a_later_row_swallows_nothing(tmp_path: Path) -> None:
    text = 'name,domain\n"Osk Ltd,osk.example\nNorvik,norvik.example\n"Zeta",zeta.example\n'
    accounts, intake = accounts_of(tmp_path, text)
    assert [one.name for one in accounts] == ["Norvik", "Zeta"]
    assert [line for line, _ in told(intake, "refused")] == [2]


def test_a_line_break_inside_quotes_belongs_to_its_cell_and_lines_still_count(tmp_path: Path) -> None:
    text = 'name,domain,about\nOsk,osk.example,"one\ntwo, ""three"""\n,,x\n'
    (account,), intake = accounts_of(tmp_path, text)
    assert account.extra == {"about": 'one two, "three"'}
    assert [line for line, _ in told(intake, "refused")] == [4]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "is empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"<table><tr><td>Name</td></tr></table>", "web page"),
        (b'{"accounts": []}', "JSON"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x1f\x8b\x08\x00", "unpack"),
        (b"\x00\x01\x02\x03" * 100, "no text"),
        (b"first,second\n1,2\n", "no column that names companies"),
        (b"Osk Ltd\nNorvik Labs\n", "Found: Osk Ltd"),
        (b"PK\x03\x04 not a zip at all", "workbook"),
    ],
)
def test_a_file_that_is_no_list_of_accounts_is_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = a_file(tmp_path, content)
    with pytest.raises(ConfigError, match=said) as caught:
        read_accounts(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        read_accounts(tmp_path / "nothing.csv")
    with pytest.raises(ConfigError, match="is a folder"):
        read_accounts(tmp_path)


def a_workbook(rows: list[list[str | int]]) -> bytes:
    """The least that is an .xlsx: one sheet with inline strings and numbers."""

    def cell(value: str | int) -> str:
        if isinstance(value, int):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="Accounts" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
        )
    return content.getvalue()


def test_a_workbook_is_read(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine", reason="the extra [excel] is not installed")
    rows: list[list[str | int]] = [["Company name", "Website", "Employees"], ["Osk Ltd", "osk.example", 240]]
    (account,), intake = accounts_of(tmp_path, a_workbook(rows))
    assert (account.name, account.domains, account.size) == ("Osk Ltd", ("osk.example",), 240)
    assert intake.words == "workbook"


def test_a_workbook_without_the_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(ConfigError, match=r"pip install 'earmark\[excel\]'"):
        read_accounts(a_file(tmp_path, a_workbook([["name"]])))


@pytest.mark.parametrize(
    ("cell", "domain"),
    [
        ("Osk.Example", "osk.example"),
        ("https://www.osk.example/about?x=1#y", "osk.example"),
        ("//osk.example/", "osk.example"),
        ("www2.osk.example.", "osk.example"),
        ("http://user:pw@osk.example:8080/", "osk.example"),
        ("sales@osk.example", "osk.example"),
        ("<mailto:sales@osk.example>", "osk.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("www.example", "www.example"),
        ("localhost", None),
        ("10.0.0.1", None),
        ("n.a", None),
        ("osk", None),
        ("bo@gmail.com", None),
        ("gmail.com", None),
        ("https://www.linkedin.com/company/osk", None),
        ("uk.linkedin.com/company/osk", None),
        ("facebook.com/osk", None),
        ("-osk.example", None),
        ("o" * 70 + ".example", None),
    ],
)
def test_a_domain_is_cleaned_or_refused(cell: str, domain: str | None) -> None:
    found, fault = domain_in(cell, "Osk Ltd")
    assert found == domain
    assert (fault is None) == (found is not None)


def test_a_shared_host_is_the_domain_of_the_company_that_runs_it() -> None:
    assert domain_in("github.com", "GitHub, Inc.")[0] == "github.com"
    assert domain_in("github.com/osk", "GitHub, Inc.")[0] is None


@pytest.mark.parametrize(
    ("cell", "size"),
    [
        ("240", 240),
        ("1,200", 1200),
        ("1.200", 1200),
        ("1 200", 1200),
        ("51-200", 125),
        ("51 – 200 employees", 125),
        ("10,001+", 10001),
        ("1.5k", 1500),
        ("1-5K", 3000),
        ("~300", 300),
        ("n/a", None),
        ("", None),
        ("many", None),
        ("9" * 400, None),
    ],
)
def test_a_size_is_read_from_what_people_write(cell: str, size: int | None) -> None:
    assert size_in(cell)[0] == size


@given(st.text())
def test_an_id_is_never_empty_and_has_no_space(text: str) -> None:
    slug = slug_of(text)
    assert slug
    assert slug == slug_of(text)
    assert not any(map(str.isspace, slug))


@given(st.binary(max_size=400))
def test_whatever_the_bytes_nothing_but_a_sentence_escapes(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    path = tmp_path_factory.mktemp("intake") / "accounts.csv"
    path.write_bytes(b"name,domain\n" + body)
    try:
        intake = read_accounts(path)
        accounts = list(intake)
    except ConfigError:
        return
    report = intake.report
    assert len(accounts) == report.accounts
    assert report.rows == report.accounts + report.count("merged") + report.count("refused")
    assert len({one.id for one in accounts}) == len(accounts)


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["", "a.example", "b.example", "c.example"])), max_size=12))
def test_every_row_is_an_account_or_in_the_report(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("intake") / "accounts.csv"
    quoted = ['"' + name.replace('"', '""') + f'",{domain}\n' for name, domain in rows]
    path.write_text("name,domain\n" + "".join(quoted), encoding="utf-8", newline="")
    intake = read_accounts(path)
    accounts = list(intake)
    report = intake.report
    assert report.rows + report.blank == len(rows)
    assert report.rows == len(accounts) + report.count("merged") + report.count("refused")
    assert list(intake) == accounts, "a second pass gives the same"


def test_a_large_file_is_streamed(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415 - only here

    path = tmp_path / "accounts.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("name,domain,industry,city,country\n")
        file.writelines(f"Company {n},c{n}.example,Software,Oslo,Norway\n" for n in range(30_000))
    intake = read_accounts(path)
    tracemalloc.start()
    count = sum(1 for _ in intake)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 10_000_000, "the accounts themselves would need twice that"


@pytest.mark.slow
def test_a_million_rows_are_read_in_a_minute(tmp_path: Path) -> None:
    import time  # noqa: PLC0415 - only here

    path = tmp_path / "accounts.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("name,domain,industry,city,country\n")
        file.writelines(f"Company {n},c{n}.example,Software,Oslo,Norway\n" for n in range(1_000_000))
    start = time.process_time()
    assert sum(1 for _ in read_accounts(path)) == 1_000_000
    assert time.process_time() - start < 60

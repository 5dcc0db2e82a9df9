"""A file of accounts through the page: looked at, mapped, taken in, told of line by line."""

import re
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from review.page import imports
from storage import accounts
from storage.engine import Engine, reading
from tests.review.page.served import Served

LIST = (
    "Company name,Company Domain Name,Company owner,Was heißt das\r\n"
    "Tundra Looms,tundralooms.example,Ada Lind,x\r\n"
    "Osk Ltd,https://www.osk.example/home,Bo Frid,y\r\n"
    ",,,\r\n"
    ",not a domain,Bo Frid,z\r\n"
)


def upload(
    page: Served, content: bytes | str, name: str = "list.csv", subject: str = "accounts"
) -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    return page.post("/accounts/import", {"subject": subject}, files={"upload": (name, body, "text/csv")})


def taken(page: Served, where: str, **changes: Any) -> httpx.Response:
    """Send the form of the preview as it stands, with changes of columns by header."""
    html = page.get(where).text
    fields = []
    for label, options in re.findall(r'aria-label="([^"]*) is taken as">(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        assert chosen, label
        fields.append(changes.pop(label, chosen[1]))
    return page.post(where, {"field": fields, **changes})


def held(engine: Engine) -> dict[str, Any]:
    with reading(engine) as connection:
        return accounts.every(connection)


def test_a_file_is_mapped_and_taken_in_with_one_click_and_each_row_is_told_of(
    page: Served, engine: Engine, workspace: Path
) -> None:
    before = held(engine)
    sent = upload(page, LIST)
    assert sent.status_code == 303
    where = sent.headers["location"]
    seen = page.get(where).text
    assert "Tundra Looms" in seen
    assert "an export of HubSpot" in seen
    assert seen.count('<td class="sample">') == 4 * 3, "each row keeps its column, empty cells too"
    assert re.search(r'Company owner is taken as">.*?value="owner" selected', seen, re.DOTALL)
    assert held(engine) == before
    folder = workspace / ".earmark-imports" / where.rpartition("/")[2]
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}

    done = taken(page, where)
    assert done.status_code == 303
    added = {key: one for key, one in held(engine).items() if key not in before}
    assert {one.name: (one.owner, one.domains) for one in added.values()} == {
        "Tundra Looms": ("Ada Lind", ("tundralooms.example",)),
        "Osk Ltd": ("Bo Frid", ("osk.example",)),
    }
    told = page.get(where).text
    assert "2 added" in told
    assert "neither a name nor a domain" in told
    assert not (folder / "list.csv").exists()
    report = page.get(f"{where}/report.csv").text
    assert report.splitlines()[0] == "line,level,reason"
    assert any(line.startswith("5,refused,") for line in report.splitlines())


def test_the_same_file_again_changes_nothing(page: Served, engine: Engine) -> None:
    taken(page, upload(page, LIST).headers["location"])
    before = held(engine)
    where = upload(page, LIST).headers["location"]
    taken(page, where)
    assert held(engine) == before
    assert "0 added, 0 changed, 2 same" in page.get(where).text


def test_a_column_that_nobody_knows_can_be_taken_as_the_name(page: Served, engine: Engine) -> None:
    where = upload(page, "Kunde;Netz\nTundra Looms;tundralooms.example\n").headers["location"]
    assert "No column was known" in page.get(where).text
    assert "No column says which accounts" in taken(page, where).text
    assert taken(page, where, Kunde="name", Netz="domains").status_code == 303
    assert held(engine)["tundralooms.example"].name == "Tundra Looms"


def test_two_columns_are_not_taken_for_one_field(page: Served, engine: Engine) -> None:
    before = held(engine)
    where = upload(page, LIST).headers["location"]
    answer = taken(page, where, **{"Was heißt das": "owner"})
    assert answer.status_code == 422
    assert "Two columns are taken as owner" in answer.text
    assert held(engine) == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.csv", b"", "is empty"),
        ("list.pdf", b"%PDF-1.7 ...", "is a PDF"),
        ("list.xls", b"<html><table><tr><td>x</td></tr></table>", "is a web page"),
        ("list.xlsx", b"PK\x03\x04 broken", "can&#39;t be read as a workbook"),
        ("../../etc/passwd", b"\x00\x01\x02\x03" * 50, "is no text"),
    ],
)
def test_what_is_no_list_is_refused_by_its_own_name_and_not_kept(
    page: Served, workspace: Path, name: str, content: bytes, said: str
) -> None:
    answer = upload(page, content, name)
    assert answer.status_code == 422
    assert said in answer.text
    assert name.rpartition("/")[2] in answer.text
    assert str(workspace) not in answer.text
    assert not list((workspace / ".earmark-imports").iterdir())


def test_a_file_that_is_too_large_is_refused_before_it_is_stored(page: Served) -> None:
    line = b"Tundra Looms,tundralooms.example,%d\n"
    content = b"name,domain,number\n" + b"".join(line % number for number in range(1_800_000))
    assert len(content) > 64 * 1024 * 1024
    answer = upload(page, content)
    assert answer.status_code == 413


def test_a_file_of_some_megabytes_is_taken(page: Served) -> None:
    content = b"name,domain\n" + b"Tundra Looms,tundralooms.example\n" * 60_000
    assert upload(page, content).status_code == 303


def test_contacts_come_in_the_same_way(page: Served, engine: Engine) -> None:
    with reading(engine) as connection:
        account = next(iter(accounts.every(connection).values()))
    text = f"First name,Last name,Email,Funktion\nIda,Holm,ida.holm@{account.domains[0]},VP Sales\n"
    where = upload(page, text, subject="contacts").headers["location"]
    assert taken(page, where).status_code == 303
    with reading(engine) as connection:
        assert "Ida Holm" in {one.name for one in accounts.contacts(connection, [account.id])[account.id]}


def test_a_list_of_customers_suppresses_them(page: Served, engine: Engine) -> None:
    key, account = next(iter(held(engine).items()))
    where = upload(page, f"domain\n{account.domains[0]}\nnobody.example\n", subject="suppressions").headers[
        "location"
    ]
    assert taken(page, where, reason="customer", until="2020-01-01").status_code == 422
    assert taken(page, where, reason="customer", until="2027-03-31").status_code == 303
    suppression = held(engine)[key].suppression
    assert suppression is not None
    assert (suppression.reason, suppression.by) == ("customer", "owner")
    assert suppression.until is not None
    assert suppression.until.isoformat().startswith("2027-03-31T23:59:59")
    assert "is not on the list" in page.get(where).text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("Firma;Webseite\r\nTundra Looms Übersee;tundralooms.example\r\n".encode("cp1252"), "liste.csv"),
        ("Company\tWebsite\r\nTundra Looms Übersee\ttundralooms.example\r\n".encode("utf-16"), "list.txt"),
        ("Company,Website\r\nTundra Looms Übersee,tundralooms.example\r\n".encode("utf-8-sig"), "list.csv"),
    ],
)
def test_a_list_of_any_encoding_is_taken_as_it_is(
    page: Served, engine: Engine, content: bytes, name: str
) -> None:
    where = upload(page, content, name).headers["location"]
    assert "Tundra Looms Übersee" in page.get(where).text
    assert taken(page, where).status_code == 303
    assert held(engine)["tundralooms.example"].name == "Tundra Looms Übersee"


def test_a_workbook_is_taken_where_its_reader_is_there_and_asked_for_only_then(
    page: Served, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter", reason="the extra excel is not installed")
    file = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Account Name", "Website", "Employees"])
        sheet.write_row(1, 0, ["Tundra Looms", "tundralooms.example", 120])
    assert "CSV or Excel file" in page.get("/accounts/import").text
    taken(page, upload(page, file.read_bytes(), "list.xlsx").headers["location"])
    assert held(engine)["tundralooms.example"].size == 120
    monkeypatch.setattr(imports, "EXCEL", False)
    assert "Excel" not in page.get("/accounts/import").text


def test_hostile_cells_are_shown_as_the_text_that_they_are(page: Served, engine: Engine) -> None:
    cells = ["<script>alert(1)</script>", '=HYPERLINK("http://a.example")', "\u202eelpmaxe", "{{ 7*7 }}"]
    rows = "".join(
        f'"{cell.replace(chr(34), chr(34) * 2)}",osk{at}.example\n' for at, cell in enumerate(cells)
    )
    where = upload(page, f"Company,Domain\n{rows}").headers["location"]
    preview = page.get(where).text
    taken(page, where)
    for shown in (preview, page.get("/accounts?q=osk0.example").text):
        assert "<script>alert" not in shown
        assert "\u202e" not in shown
    assert held(engine)["osk3.example"].name == "{{ 7*7 }}"
    assert "49" not in page.get("/accounts/osk3.example").text.split("<h1>")[1].split("</h1>")[0]


def test_a_key_of_no_upload_leads_nowhere(page: Served) -> None:
    for key in ("0" * 32, "%2e%2e%2f%2e%2e", "x"):
        assert page.get(f"/accounts/import/{key}").status_code == 404


def test_the_report_is_in_the_order_of_the_file(page: Served) -> None:
    content = (
        "Company name,Company Domain Name,Parent Company\r\n"
        "Tundra Looms,tundralooms.example,Nobody Known\r\n"
        ",not a domain,\r\n"
    )
    where = upload(page, content).headers["location"]
    assert taken(page, where).status_code == 303
    report = page.get(f"{where}/report.csv").text.splitlines()
    assert [line.split(",")[0] for line in report] == ["line", "2", "3"]

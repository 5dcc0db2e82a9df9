"""Verbs of what the team lists: accounts and their filters, contacts, suppression lists, the ICP on trial."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, HIRE, a_workspace, earmark, json_of, tell, well

ICP = """\
[[icp]]
field = "country"
op = "in"
value = ["nordics"]

[[icp]]
field = "size"
op = "at_least"
value = 100
"""


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return a_workspace(tmp_path)


def a_file(folder: Path, text: str, name: str = "file.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def ids(folder: Path, *args: str) -> list[str]:
    return [one["id"].removesuffix(".example") for one in json_of(folder, "accounts", "list", *args)]


def suppression(folder: Path, account: str) -> Any:
    return json_of(folder, "show", account)["account"]["suppression"]


def test_an_import_prints_what_a_newer_export_changed(desk: Path) -> None:
    newer = a_file(desk, "name,domain,owner\nNorvik Labs,norviklabs.example,Bo Frid\n")
    said = well(desk, "accounts", "import", newer)
    assert "0 added, 1 changed, 0 same" in said
    assert "Changed were: owner (1)" in said
    assert "norviklabs.example: owner: Ada Lind → Bo Frid" in said
    assert json_of(desk, "show", "norvik")["account"]["industry"] == "Robotics", "the file says nothing of it"


def test_a_dry_run_stores_nothing(desk: Path) -> None:
    newer = a_file(desk, "name,domain,parent\nKestrelin,kestrelin.example,Norvik Labs\n")
    assert "Nothing was stored" in well(desk, "accounts", "import", newer, "--dry-run")
    assert "kestrelin" not in ids(desk)


def test_the_former_name_of_a_renamed_account_is_listed_as_learned_and_can_be_taken_back(desk: Path) -> None:
    newer = a_file(desk, "name,domain\nFjordic,norviklabs.example\n")
    well(desk, "accounts", "import", newer)
    tell(desk, [FUNDING])
    assert [row["name"] for row in json_of(desk, "today")] == ["Fjordic"], "news still uses the former name"
    assert "Norvik Labs" in well(desk, "learned")
    lesson = json_of(desk, "learned")[0]["id"]
    well(desk, "teach", "--undo", lesson)
    assert json_of(desk, "show", "norviklabs.example")["account"]["aliases"] == []
    well(desk, "accounts", "import", newer)
    assert json_of(desk, "show", "norviklabs.example")["account"]["aliases"] == []


def test_the_parent_and_the_units_of_an_account_are_shown(desk: Path) -> None:
    links = a_file(desk, "name,domain,parent\nZephyrine Bio,zephyrine.example,Norvik Labs\n")
    well(desk, "accounts", "import", links)
    assert "Norvik Labs (norviklabs.example)" in well(desk, "show", "zephyrine")
    assert "Zephyrine Bio (zephyrine.example)" in well(desk, "show", "norvik")
    assert [one["id"] for one in json_of(desk, "show", "norvik")["relatives"]] == ["zephyrine.example"]


def test_accounts_are_listed_by_owner_tier_territory_and_fit(desk: Path) -> None:
    assert ids(desk, "--owner", "ada lind") == ["norviklabs", "zephyrine"]
    assert ids(desk, "--tier", "B") == ["oskarion"]
    assert ids(desk, "--owner", "") == []
    assert ids(desk, "--territory", "dach") == []
    well(desk, "accounts", "import", a_file(desk, "domain,territory\noskarion.example,DACH\n"))
    assert ids(desk, "--territory", "dach") == ["oskarion"]
    well(desk, "rules", "apply", a_file(desk, ICP, "icp.toml"))
    assert ids(desk, "--fit-at-least", "0.6") == ["norviklabs"]
    assert ids(desk, "--fit-at-least", "0.5") == ["norviklabs", "oskarion", "zephyrine"]
    assert "1 of 3 found; 3 on the list." in well(desk, "accounts", "list", "--limit", "1")


def test_the_icp_on_trial_shows_the_spread_and_what_each_rule_does(desk: Path) -> None:
    said = json_of(desk, "icp", "try", a_file(desk, ICP, "icp.toml"))
    assert said["accounts"] == 3
    assert said["spread"] == [0, 0, 2, 0, 1]
    assert [(one["holds"], one["fails"]) for one in said["rules"]] == [(2, 1), (2, 1)]
    assert "country in nordics" in well(desk, "icp", "try", str(desk / "icp.toml"))
    nothing = earmark(desk, "icp", "try")
    assert nothing.exit_code == 1
    assert "no ICP rules" in nothing.stderr
    well(desk, "rules", "apply", str(desk / "icp.toml"))
    assert json_of(desk, "icp", "try") == said


def test_contacts_are_imported_listed_and_shown_with_their_account(desk: Path) -> None:
    people = a_file(
        desk,
        "First Name,Last Name,Email,Job Title,Company,Relation,Since\n"
        "Ada,Berg,ada@norviklabs.example,CTO,,referrer,2024-05-01\n"
        "Bo,Holm,bo@nowhere.example,,Nowhere,,\n"
        "=1+1,Holm,co@nowhere.example,,Nowhere,,\n",
    )
    report = desk / "rows.csv"
    said = json_of(desk, "contacts", "import", people, "--report", str(report))
    assert (said["contacts"], said["added"]) == (1, 1)
    assert said["columns"]["Company"] == "account"
    with report.open(encoding="utf-8", newline="") as file:
        (line, level, reason), hostile = list(csv.reader(file))[1:]
    assert hostile[2].startswith("'=1+1 Holm"), "no cell is a formula"
    assert (line, level, "'Nowhere' is not on the list" in reason) == ("3", "refused", True)
    (ada,) = json_of(desk, "contacts", "list", "norvik")
    assert (ada["name"], ada["account"], ada["since"][:4]) == ("Ada Berg", "norviklabs.example", "2024")
    assert json_of(desk, "contacts", "list", "--relation", "champion") == []
    assert "Ada Berg" in well(desk, "contacts", "list")
    shown = well(desk, "show", "norvik")
    assert "Ada Berg there is your referrer since 2024: ask for an introduction." in shown


def test_a_contact_imported_after_the_news_stands_in_its_note(desk: Path) -> None:
    tell(desk, [HIRE])
    assert "your contact" not in well(desk, "show", "norvik", "--format", "text")
    well(desk, "contacts", "import", a_file(desk, "name,title,company\nIngrid Maas,CFO,Norvik Labs\n"))
    shown = well(desk, "show", "norvik", "--format", "text")
    assert "Named by the source: Ingrid Maas, CFO, is your contact." in shown


def test_a_dry_run_of_contacts_reports_and_stores_nothing(desk: Path) -> None:
    people = a_file(desk, "name,email\nAda Berg,ada@norviklabs.example\n")
    assert "1 contact from 1 row" in well(desk, "contacts", "import", people, "--dry-run")
    assert json_of(desk, "contacts", "list") == []


def test_a_suppression_list_names_accounts_and_is_reported_row_by_row(desk: Path) -> None:
    barred = a_file(
        desk,
        "Name,Domain,Email,Reason,End date\n"
        "Norvik Labs,,,Client,2027-06-30\n"
        ",oskarion.example,,,\n"
        ",,eva@zephyrine.example,opted out,\n"
        "Nowhere,,,,\n"
        ",oskarion.example,,rival,2020-01-01\n"
        "Oskarion Freight,,,,\n",
    )
    said = json_of(desk, "accounts", "suppress-list", barred, "--reason", "rival", "--by", "Kim")
    assert (said["suppressed"], said["same"]) == (3, 0)
    assert [(one["line"], one["level"]) for one in said["report"]] == [
        (5, "refused"),
        (6, "refused"),
        (7, "merged"),
    ]
    norvik = suppression(desk, "norvik")
    assert (norvik["reason"], norvik["by"], norvik["until"][:10]) == ("customer", "Kim", "2027-06-30")
    assert (suppression(desk, "oskarion")["reason"], suppression(desk, "oskarion")["until"]) == (
        "rival",
        None,
    )
    assert suppression(desk, "zephyrine")["reason"] == "opt_out"
    again = json_of(desk, "accounts", "suppress-list", barred, "--reason", "rival", "--by", "Kim")
    assert (again["suppressed"], again["same"]) == (0, 3)


def test_a_reason_that_is_none_of_ours_is_told_on_the_screen(desk: Path) -> None:
    barred = a_file(desk, "domain,reason\nnorviklabs.example,Churned\n")
    said = well(desk, "accounts", "suppress-list", barred, "--reason", "customer")
    assert "line 2: warning: 'Churned' is no reason of ours" in said
    assert suppression(desk, "norvik")["reason"] == "customer"


def test_a_list_of_customers_never_ends_an_opt_out(desk: Path) -> None:
    well(desk, "suppress", "norvik", "opt_out")
    customers = a_file(desk, "domain\nnorviklabs.example\n")
    said = json_of(desk, "accounts", "suppress-list", customers, "--reason", "customer", "--until", "30d")
    assert (said["suppressed"], said["same"]) == (0, 1)
    assert "stays suppressed as opt_out" in said["report"][0]["reason"]
    assert suppression(desk, "norvik")["reason"] == "opt_out"


def test_what_a_list_suppressed_can_be_undone_and_hides_the_account_until_then(desk: Path) -> None:
    tell(desk, [FUNDING, HIRE])
    customers = a_file(desk, "domain\nnorviklabs.example\n")
    before = json_of(desk, "today")
    assert [row["account"] for row in before] == ["norviklabs.example"]
    well(desk, "accounts", "suppress-list", customers, "--reason", "customer")
    assert json_of(desk, "today") == []
    well(desk, "undo", "norvik")
    assert json_of(desk, "today") == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--reason", "because"), "is no reason"),
        (("--reason", "rival", "--until", "2020-01-01"), "in the past"),
    ],
)
def test_a_list_with_a_wrong_reason_or_end_is_refused_whole(
    desk: Path, args: tuple[str, ...], said: str
) -> None:
    result = earmark(desk, "accounts", "suppress-list", a_file(desk, "domain\nnorviklabs.example\n"), *args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert suppression(desk, "norvik") is None


def test_a_contact_who_opted_out_stands_for_their_account(desk: Path) -> None:
    well(desk, "contacts", "import", a_file(desk, "name,email,company\nAda B,ada@gmail.com,Norvik Labs\n"))
    barred = a_file(desk, "email\nADA@gmail.com\n")
    assert json_of(desk, "accounts", "suppress-list", barred, "--reason", "opt_out")["suppressed"] == 1
    assert suppression(desk, "norvik")["reason"] == "opt_out"

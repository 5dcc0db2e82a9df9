"""The verbs of exports over a real workspace."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from earmark.config import load
from storage import accounts
from storage.engine import connect, writing
from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, HIRE, OFFICE, a_workspace, earmark, json_of, tell, well
from tests.exports.lines import a_contact


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def told(tmp_path: Path) -> Path:
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, HIRE, OFFICE])
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, profile: str, *more: str) -> Any:
    return json_of(folder, "exports", "run", profile, "--out", str(folder / f"{profile}.csv"), *more)


def test_kinds_tell_every_profile_with_its_columns(tmp_path: Path) -> None:
    kinds = json_of(tmp_path, "exports", "kinds")["profiles"]
    assert kinds["zoho-accounts"]["columns"] == ["Account_Name", "Website", "Description"]
    assert kinds["lemlist"]["needs_contacts"]
    shown = well(tmp_path, "exports", "kinds")
    assert all(name in shown for name in kinds)


def test_the_list_of_the_day_becomes_a_file_for_the_crm(told: Path) -> None:
    done = run(told, "hubspot-companies")
    rows = rows_of(told / "hubspot-companies.csv")
    assert done["rows"] == len(rows) == 2
    assert [row["Company name"] for row in rows] == ["Norvik Labs", "Oskarion Freight"]
    assert rows[0]["Company Domain Name"] == "norviklabs.example"
    assert rows[0]["Company owner"] == "Ada Lind"
    assert rows[0]["Trigger type"] == "funding_early"
    assert "$20 million" in rows[0]["Trigger summary"]
    assert rows[0]["Trigger URL"] == FUNDING.url


def test_the_same_data_gives_the_same_bytes_all_day(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(told, "triggers")
    first = (told / "triggers.csv").read_bytes()
    monkeypatch.setenv("EARMARK_NOW", NOW.replace(hour=23).isoformat())
    run(told, "triggers")
    assert (told / "triggers.csv").read_bytes() == first


def test_a_profile_may_be_named_by_an_option_whatever_targets_there_are(told: Path) -> None:
    well(told, "exports", "add", "webhook", "url=https://a.example/", "secret=env:NO", "--name", "triggers")
    run(told, "csv", "--profile", "triggers")
    assert rows_of(told / "csv.csv")
    assert "did you mean triggers" in earmark(told, "exports", "run", "csv", "--profile", "trigers").output
    run(told, "triggers", "--profile", "zoho-accounts")
    assert list(rows_of(told / "triggers.csv")[0]) == ["Account_Name", "Website", "Description"]


def test_a_dry_run_tells_the_rows_and_writes_nothing(told: Path) -> None:
    path = told / "out.csv"
    told_rows = json_of(told, "exports", "run", "triggers", "--dry-run", "--out", str(path))
    assert not path.exists()
    assert told_rows["file"] is None
    well(told, "exports", "run", "triggers", "--out", str(path))
    assert rows_of(path) == told_rows["would_write"]


def test_a_suppressed_account_is_left_out_and_the_reason_told(told: Path) -> None:
    account = json_of(told, "today")[0]["account"]
    well(told, "suppress", account, "customer")
    done = run(told, "salesforce-accounts")
    assert [row["Name"] for row in rows_of(told / "salesforce-accounts.csv")] == ["Oskarion Freight"]
    assert [(one["account"], one["reason"]) for one in done["left_out"]] == [
        (account, "suppressed: customer")
    ]
    shown = well(told, "exports", "run", "salesforce-accounts", "--dry-run")
    assert "Would write 1 row, leave out 1." in shown
    assert "Norvik Labs: suppressed: customer" in shown


def test_a_dismissed_trigger_keeps_its_verdict_in_the_full_file(told: Path) -> None:
    trigger = json_of(told, "today")[0]["trigger"]
    well(told, "dismiss", trigger, "--reason", "off_topic")
    run(told, "triggers")
    row = next(row for row in rows_of(told / "triggers.csv") if row["trigger_id"] == trigger)
    assert (row["status"], row["dismiss_reason"]) == ("dismissed", "off_topic")
    assert row["evidence_quote"]
    assert row["source_name"] == "wire.example"
    assert trigger not in {one["trigger"] for one in json_of(told, "today")}


def test_sequencers_get_the_users_contacts_only(told: Path) -> None:
    done = run(told, "instantly")
    assert done["rows"] == 0
    assert {one["reason"] for one in done["left_out"]} == {"no contact of yours is there"}
    engine = connect(load(told).database_url)
    with writing(engine) as connection:
        accounts.upsert_contacts(connection, [a_contact(account=json_of(told, "today")[0]["account"])])
    engine.dispose()
    run(told, "instantly")
    rows = rows_of(told / "instantly.csv")
    assert [(row["email"], row["first_name"]) for row in rows] == [("person1@norviklabs.example", "Ingrid")]
    assert rows[0]["personalization"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hubspot", "--dry-run"], "did you mean hubspot-companies"),
        (["triggers"], "--out FILE"),
        (["triggers", "--out", "no/such/folder/x.csv"], "can't be written"),
        (["triggers", "--out", "."], "is no file"),
    ],
)
def test_a_wrong_call_is_told_and_ends_with_2(told: Path, arguments: list[str], words: str) -> None:
    result = earmark(told, "exports", "run", *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_an_empty_workspace_gives_an_empty_file(tmp_path: Path) -> None:
    folder = a_workspace(tmp_path)
    assert run(folder, "excel")["rows"] == 0
    assert (folder / "excel.csv").read_bytes().startswith(b"\xef\xbb\xbftrigger_id,")
    assert (
        json.loads(well(folder, "exports", "run", "zoho-accounts", "--dry-run", "--json"))["left_out"] == []
    )


def test_a_rep_takes_the_accounts_that_are_theirs(told: Path) -> None:
    done = run(told, "pipedrive-organizations", "--owner", "bo frid")
    assert [row["Organization - Name"] for row in rows_of(told / "pipedrive-organizations.csv")] == [
        "Oskarion Freight"
    ]
    assert [one["reason"] for one in done["left_out"]] == ["its owner is Ada Lind"]

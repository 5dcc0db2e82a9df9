"""A file looked at before it is taken in, and read as a person says."""

from pathlib import Path

import pytest

from earmark.errors import ConfigError
from earmark.intake import preview, read_accounts, read_contacts, read_suppressions
from tests.builders import NOW


def a_file(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_preview_shows_rows_guesses_and_what_a_column_may_be(tmp_path: Path) -> None:
    text = "Record ID,Company name,Company Domain Name,Notes\n81,Osk,osk.example,\n,,,\n"
    text += "82,Rimu,rimu.example,x,y\n"
    seen = preview(a_file(tmp_path, text), "accounts")
    assert seen.crm == "hubspot"
    assert seen.guessed
    assert dict(zip(seen.headers, seen.fields, strict=True)) == {
        "Record ID": "crm:hubspot",
        "Company name": "name",
        "Company Domain Name": "domains",
        "Notes": "extra",
    }
    assert seen.rows == (("81", "Osk", "osk.example", ""), ("82", "Rimu", "rimu.example", "x"))
    assert {"crm:hubspot", "name", "extra", "owner"} <= set(seen.choices)


def test_what_is_chosen_wins_over_what_was_guessed(tmp_path: Path) -> None:
    path = a_file(tmp_path, "Company,Owner,Betreuer\nOsk,old,Ida\n")
    taken = list(read_accounts(path, {"Owner": "extra", "Betreuer": "owner"}))
    assert [(one.owner, dict(one.extra)) for one in taken] == [("Ida", {"Owner": "old"})]


def test_a_file_without_a_known_header_is_read_as_it_is_chosen(tmp_path: Path) -> None:
    path = a_file(tmp_path, "\nWer;Wo\nOsk;osk.example\n")
    with pytest.raises(ConfigError, match="has no column that names companies"):
        read_accounts(path)
    assert [one.id for one in read_accounts(path, {"Wer": "name", "Wo": "domains"})] == ["osk.example"]
    assert [one.keys[0].text for one in read_suppressions(path, {"Wo": "domains"})] == ["osk.example"]
    people = list(read_contacts(path, NOW, {"Wer": "name", "Wo": "domains"}))
    assert [(one.name, one.account[0].text) for one in people] == [("Osk", "osk.example")]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"Company": "extra"}, "No column says which accounts"),
        ({"Note": "name"}, "Two columns are taken as name"),
        ({"Note": "password"}, "can't be taken as 'password'"),
    ],
)
def test_a_choice_that_can_not_be_meant_is_refused(tmp_path: Path, chosen: dict[str, str], said: str) -> None:
    path = a_file(tmp_path, "Company,Note\nOsk,x\n")
    with pytest.raises(ConfigError, match=said):
        read_accounts(path, chosen)

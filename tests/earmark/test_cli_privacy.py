"""The verbs on notes, on what is kept and on one person's data."""

import json
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, HIRE, a_workspace, earmark, json_of, tell, well


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, HIRE])
    return folder


def test_show_gives_the_notes_in_three_forms(told: Path) -> None:
    text = well(told, "show", "Norvik Labs", "--format", "text")
    assert text.count("\nREF ") == 2
    assert "«$20 million»" in text
    assert "(1 day ago)" in text
    assert "**$20 million**" in well(told, "show", "Norvik Labs", "--format", "markdown")
    page = well(told, "show", "Norvik Labs", "--format", "html")
    assert page.count('<article class="note">') == 2
    assert '<a href="https://wire.example/hire" rel="noopener noreferrer nofollow">' in page
    assert len(json_of(told, "show", "Norvik Labs", "--format", "html")) == 2


def test_show_says_what_is_no_format_and_where_there_is_no_note(told: Path) -> None:
    wrong = earmark(told, "show", "Norvik Labs", "--format", "htm")
    assert wrong.exit_code == 2
    assert "did you mean html?" in wrong.stderr
    none = earmark(told, "show", "Zephyrine Bio", "--format", "text")
    assert none.exit_code == 1
    assert "Zephyrine Bio has no open reason" in none.stderr


def test_the_next_step_moves_on_with_each_contact(told: Path) -> None:
    assert "Step 1 of 5" in well(told, "show", "Norvik Labs", "--format", "text")
    well(told, "contacted", "Norvik Labs", "--channel", "call")
    shown = earmark(told, "show", "Norvik Labs", "--format", "text").stdout
    assert "Step 1 of 5" not in shown


def test_a_person_is_shown_erased_and_gone(told: Path) -> None:
    rows = json_of(told, "person", "Ingrid Maas")
    assert {row["table"] for row in rows} >= {"events", "matches", "triggers"}
    assert "Ingrid Maas" in json.dumps(rows)
    assert "events" in well(told, "person", "Ingrid Maas")
    before = json_of(told, "erase", "Ingrid Maas", "--dry-run")
    assert before == rows
    assert json_of(told, "person", "Ingrid Maas") == rows
    assert well(told, "erase", "Ingrid Maas", "--by", "ida").startswith("Erased from ")
    gone = earmark(told, "person", "Ingrid Maas")
    assert gone.exit_code == 1
    assert "Nothing is stored about 'Ingrid Maas'." in gone.stderr
    assert "evidence removed" in well(told, "show", "Norvik Labs", "--format", "text")
    assert b"Ingrid Maas" not in b"".join(file.read_bytes() for file in told.glob("**/*.db*"))


def test_who_is_not_stored_is_kept_out_from_now_on(told: Path) -> None:
    assert "Nothing was stored; it will not be from now on." in well(told, "erase", "Nobody Nowhere")


def test_a_single_word_is_refused_with_what_to_give_instead(told: Path) -> None:
    refused = earmark(told, "erase", "Ingrid")
    assert refused.exit_code == 2
    assert "Give first and last name, an e-mail address, or a handle" in refused.stderr


def test_purge_says_what_goes(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = told / "rules.toml"
    book.write_text("[retention]\nevents_days = 1\npolls_days = 1\n", encoding="utf-8")
    well(told, "rules", "apply", str(book))
    assert "Texts to go: 0." in well(told, "purge", "--dry-run")
    monkeypatch.setenv("EARMARK_NOW", NOW.replace(year=2028).isoformat())
    assert json_of(told, "purge", "--dry-run") == {"events": 0}
    assert "Rows of logs gone: 1." in well(told, "purge")

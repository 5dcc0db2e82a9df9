import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from earmark.errors import ConfigError
from earmark.triggers import CATALOGUE
from earmark.types import Account, HintKind
from monitors.evaluate import NAMES_OF_KINDS, evaluate, read_events, run, scored, stored
from tests.builders import an_account

NAMES = {
    *("funding", "ipo", "exec_hire", "exec_departure", "acquisition", "product_launch", "partnership"),
    *("expansion", "layoffs", "hiring", "incident", "legal", "earnings", "contract_win"),
}
KEYS = {"id", "account_ids", "trigger_types", "facts", "intent", "cluster", "tools", "hiring_role", "roles"}


def a_row(title: str = "", **changes: str) -> dict[str, str]:
    row = {
        "id": "e1", "source_kind": "news", "outlet": "wire", "title": title, "text": "",
        "url": "https://wire.example/1", "published": "2026-11-20T08:00:00Z",
    }  # fmt: skip
    return row | changes


def predicted(*rows: Mapping[str, Any], listed: tuple[Account, ...] = ()) -> list[dict[str, Any]]:
    return list(evaluate(listed or (an_account(),), rows))


def test_the_table_maps_kinds_of_the_catalogue_to_the_fourteen_names() -> None:
    assert set(NAMES_OF_KINDS) <= set(CATALOGUE)
    assert set(NAMES_OF_KINDS.values()) == NAMES


def test_a_headline_is_predicted_in_the_names_of_the_set() -> None:
    (line,) = predicted(a_row("Norvik Labs raises $20 million Series B led by Quill Partners"))
    assert set(line) == KEYS
    assert line["account_ids"] == ["norvik-labs"]
    assert line["trigger_types"] == ["funding"]
    assert line["facts"]["amount"] == 20_000_000
    assert line["facts"]["investors"] == ["Quill Partners"]
    assert line["roles"] == {"norvik-labs": "raiser"}
    assert json.loads(json.dumps(line)) == line


def test_a_denial_is_no_trigger() -> None:
    (line,) = predicted(a_row("Norvik Labs denies plans to acquire Pebble Software"))
    assert line["trigger_types"] == []


def test_a_forum_post_gets_its_intent_and_tools() -> None:
    (line,) = predicted(a_row("", source_kind="forum", text="Last month we switched to Brindle."))
    assert line["intent"] == "switching"
    assert line["tools"] == ["Brindle"]


def test_a_posting_gets_its_role_and_its_company_from_the_text() -> None:
    row = a_row("Head of Sales", source_kind="job", text="Norvik Labs | Leeds | skills: Salesforce")
    (line,) = predicted(row)
    assert line["hiring_role"] == {"function": "sales", "seniority": "director"}
    assert line["account_ids"] == ["norvik-labs"]
    assert line["tools"] == ["Salesforce"]
    hints = {hint.kind: hint.value for hint in stored(row).hints}
    assert hints[HintKind.NAME] == "Norvik Labs"


def test_a_sentence_is_labelled_by_what_it_speaks_of_even_if_it_is_old() -> None:
    (line,) = predicted(
        a_row("", source_kind="news_sentence", text="In 2006 it bought Pebble Software .", published="")
    )
    assert line["trigger_types"] == ["acquisition"]


def test_two_tellings_of_one_story_share_a_cluster_and_others_do_not() -> None:
    lines = predicted(
        a_row("Norvik Labs raises $20 million Series B", id="e1"),
        a_row(
            "Valve maker Norvik Labs raises $20 million in Series B round", id="e2", url="https://b.example/2"
        ),
        a_row("Harbour seals wake up a quiet town", id="e3", url="https://c.example/3"),
    )
    assert lines[0]["cluster"] == lines[1]["cluster"]
    assert lines[2]["cluster"] not in {None, lines[0]["cluster"]}


def test_the_order_of_predictions_is_that_of_the_events() -> None:
    rows = [a_row(f"Headline {n}", id=f"e{n}") for n in range(20)]
    assert [line["id"] for line in predicted(*rows)] == [row["id"] for row in rows]


def test_a_run_writes_a_line_per_event_and_tells_its_progress(tmp_path: Path) -> None:
    accounts, events, out = tmp_path / "accounts.csv", tmp_path / "events.jsonl", tmp_path / "out.jsonl"
    accounts.write_text("account_id,name,domain\nA1,Norvik Labs,norviklabs.com\n", "utf-8")
    rows = [a_row("Norvik Labs acquires Pebble Software"), a_row("A quiet day", id="e2")]
    events.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", "utf-8")
    heard: list[int] = []
    run(accounts, events, out, progress=heard.append)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["e1", "e2"]
    assert lines[0]["account_ids"] == ["A1"]
    assert heard == [1, 2]


@pytest.mark.parametrize("line", ["{", "[]", '{"title": "no id"}', "42"])
def test_a_line_that_is_no_event_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(a_row("fine")) + "\n" + line + "\n", "utf-8")
    with pytest.raises(ConfigError, match="line 2"):
        list(read_events(path))


def test_a_missing_file_is_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        list(read_events(tmp_path / "none.jsonl"))


def test_a_place_that_can_not_be_written_is_a_clear_sentence(tmp_path: Path) -> None:
    accounts, events = tmp_path / "accounts.csv", tmp_path / "events.jsonl"
    accounts.write_text("name,domain\nNorvik Labs,norviklabs.com\n", "utf-8")
    events.write_text("", "utf-8")
    with pytest.raises(ConfigError, match="can't be written"):
        run(accounts, events, tmp_path / "no" / "such" / "folder.jsonl")


def test_the_scorer_beside_the_labels_says_what_the_predictions_are_worth(tmp_path: Path) -> None:
    gold, out = tmp_path / "gold.jsonl", tmp_path / "out.jsonl"
    gold.write_text("{}\n{}\n", "utf-8")
    out.write_text("{}\n", "utf-8")
    count = "import sys; print(*(len(open(path).readlines()) for path in sys.argv[1:]))"
    (tmp_path / "score.py").write_text(count, "utf-8")
    assert scored(gold, out) == "2 1\n"


@pytest.mark.parametrize(
    ("scorer", "said"), [(None, "There is no "), ("raise SystemExit('no such task')", "no such task")]
)
def test_without_a_scorer_that_works_it_says_what_is_amiss(
    tmp_path: Path, scorer: str | None, said: str
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("{}\n", "utf-8")
    if scorer is not None:
        (tmp_path / "score.py").write_text(scorer, "utf-8")
    with pytest.raises(ConfigError, match=said):
        scored(gold, tmp_path / "out.jsonl")

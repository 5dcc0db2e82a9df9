"""Verbs that edit: accounts, sources, rulebook, and what people do about triggers."""

import csv
from pathlib import Path

import pytest

from tests.builders import NOW, ago, an_event, days
from tests.earmark.workspaces import (
    FUNDING,
    HIRE,
    OFFICE,
    a_workspace,
    earmark,
    fail,
    json_of,
    tell,
    well,
)


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return a_workspace(tmp_path)


@pytest.fixture
def told(desk: Path) -> Path:
    tell(desk, [FUNDING, HIRE, OFFICE])
    return desk


def stage(folder: Path, account: str) -> str:
    found: str = json_of(folder, "show", account)["account"]["stage"]
    return found


def trigger_of(folder: Path, name: str) -> str:
    found: str = next(row["trigger"] for row in json_of(folder, "today") if row["name"] == name)
    return found


def test_an_import_adds_changes_and_leaves(desk: Path) -> None:
    file = desk / "more.csv"
    file.write_text(
        "name,domain,country\nNorvik Labs,norviklabs.example,Sweden\nKestrelin,kestrelin.example,\n", "utf-8"
    )
    said = json_of(desk, "accounts", "import", str(file))
    assert (said["added"], said["changed"], said["same"]) == (1, 1, 0)
    assert said["columns"] == {"name": "name", "domain": "domains", "country": "country"}
    again = json_of(desk, "accounts", "import", str(file))
    assert (again["added"], again["changed"], again["same"]) == (0, 0, 2)


def test_an_import_never_touches_what_became_of_an_account(told: Path) -> None:
    assert stage(told, "Norvik Labs") == "outreach_ready"
    well(told, "accounts", "import", str(told / "list.csv"))
    assert stage(told, "Norvik Labs") == "outreach_ready"


def test_a_dry_run_stores_nothing_and_the_report_has_every_row(desk: Path) -> None:
    file, report = desk / "more.csv", desk / "rows.csv"
    file.write_text("name,domain\nKestrelin,kestrelin.example\n,\n,nonsense\n", "utf-8")
    said = well(desk, "accounts", "import", str(file), "--dry-run", "--report", str(report))
    assert "Nothing was stored" in said
    assert len(json_of(desk, "accounts", "list")) == 3
    rows = list(csv.DictReader(report.read_text("utf-8").splitlines()))
    assert [(row["line"], row["level"]) for row in rows] == [("4", "refused")]


def test_accounts_are_listed_by_text_and_stage(told: Path) -> None:
    assert [one["id"] for one in json_of(told, "accounts", "list", "zeph")] == ["zephyrine.example"]
    ready = json_of(told, "accounts", "list", "--stage", "outreach_ready")
    assert "norviklabs.example" in {one["id"] for one in ready}
    assert "3 of 3 found; 3 on the list." in well(told, "accounts", "list")


def test_the_audit_names_what_is_hard_to_recognise(tmp_path: Path) -> None:
    folder = a_workspace(
        tmp_path,
        "name,domain\nTarget,target.example\nKestrelin,\nKestrelin,kestrelin.example\n",
    )
    found = json_of(folder, "accounts", "audit")
    assert any("no domain" in what and names == ["Kestrelin"] for what, names in found["lists"].items())
    names = {one["account"]: one for one in found["names"]}
    assert names["target.example"]["clashes"] == ["dictionary word"]
    assert names["kestrelin.example"]["clashes"] == ["shared with other accounts"]
    assert names["kestrelin.example"]["shared_with"] == [
        one for one in names if "kestrelin" in one and one != "kestrelin.example"
    ]
    drawn = well(folder, "accounts", "audit")
    assert "3 accounts; 3 with a name that may mean something else" in drawn
    assert "1 dictionary word" in drawn


def test_an_import_says_how_many_names_are_hard(tmp_path: Path) -> None:
    folder = a_workspace(tmp_path)
    assert "audit" not in earmark(folder, "accounts", "import", str(folder / "list.csv")).stderr
    more = folder / "more.csv"
    more.write_text("name,domain\nTarget,target.example\n", "utf-8")
    told = earmark(folder, "accounts", "import", str(more)).stderr
    assert "4 accounts; 1 with a name that may mean something else: 1 dictionary word." in told
    assert "earmark accounts audit" in told


def test_a_source_is_added_listed_paused_resumed_and_removed(desk: Path) -> None:
    well(desk, "sources", "add", "feed", "url=https://news.example/tech/feed.xml", "trust=0.5")
    listed = {one["id"]: one for one in json_of(desk, "sources", "list")}
    assert listed["news-example-tech"]["options"]["trust"] == 0.5
    well(desk, "sources", "pause", "wire")
    assert {one["id"]: one["state"] for one in json_of(desk, "sources", "list")}["wire"] == "paused"
    well(desk, "sources", "resume", "wire")
    well(desk, "sources", "remove", "news-example-tech")
    assert [one["id"] for one in json_of(desk, "sources", "list")] == ["wire"]


def test_the_id_of_a_second_source_at_one_address_is_free(desk: Path) -> None:
    for _ in range(2):
        well(desk, "sources", "add", "https://news.example/feed.xml")
    assert {one["id"] for one in json_of(desk, "sources", "list")} == {
        *("wire", "news-example", "news-example-2"),
    }


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["add", "fed", "url=https://a.example"], 2, "Did you mean 'feed'?"),
        (["add", "feed", "urll=https://a.example"], 2, "'url'"),
        (["add", "feed", "https"], 2, "NAME=VALUE"),
        (["add", "feed", "url=not an address"], 2, "url"),
        (["add", "https://a.example/f", "--id", "wire"], 2, "already"),
        (["pause", "wier"], 1, "Did you mean wire?"),
        (["remove", "elsewhere"], 1, "no source"),
        (["test", "elsewhere"], 1, "no source"),
    ],
)
def test_a_wrong_source_is_a_sentence(desk: Path, args: list[str], code: int, said: str) -> None:
    result = earmark(desk, "sources", *args)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    assert [one["id"] for one in json_of(desk, "sources", "list")] == ["wire"]


def test_a_failing_and_a_stopped_source_are_shown(desk: Path) -> None:
    fail(desk, "wire.example does not answer.")
    assert "Failed once" in well(desk, "sources", "list")
    fail(desk, "wire.example refuses us.", paused=True)
    assert "stopped" in well(desk, "sources", "list")
    assert "wire.example refuses us." in well(desk, "sources", "list")


def test_testing_a_source_stores_nothing_and_fails_with_a_sentence(desk: Path) -> None:
    well(desk, "sources", "add", "http://127.0.0.1:9/feed.xml", "--id", "here")
    result = earmark(desk, "sources", "test", "here")
    assert result.exit_code == 1
    assert "127.0.0.1" in result.stderr
    assert json_of(desk, "events") == []


def test_the_kinds_are_listed_with_their_options(desk: Path) -> None:
    assert json_of(desk, "sources", "kinds")["feed"]["options"]["url"]["needed"] is True


def test_the_rulebook_makes_a_round_trip_and_keeps_its_versions(desk: Path) -> None:
    file = desk / "rules.toml"
    assert "[[icp]]" in well(desk, "rules", "export"), "before the first there is one to fill"
    text = "# ours\nthreshold = 30\n"
    file.write_text(text, "utf-8")
    assert "version 1" in earmark(desk, "rules", "apply", str(file), "--by", "ada").stderr
    assert "Nothing changed" in earmark(desk, "rules", "apply", str(file)).stderr
    earmark(desk, "rules", "apply", "-", given="threshold = 40\n")
    assert well(desk, "rules", "export") == "threshold = 40\n"
    assert well(desk, "rules", "export", "--version", "1") == text
    well(desk, "rules", "export", str(desk / "out.toml"))
    assert (desk / "out.toml").read_text("utf-8") == "threshold = 40\n"
    assert earmark(desk, "rules", "export", "--version", "9").exit_code == 1


@pytest.mark.parametrize("text", ["thresold = 30\n", "threshold =\n", "[[icp]]\nfield = 'size'\n"])
def test_a_wrong_rulebook_is_refused_and_the_former_stays(desk: Path, text: str) -> None:
    well(desk, "rules", "apply", "-", given="threshold = 40\n")
    assert earmark(desk, "rules", "apply", "-", given=text).exit_code == 2
    assert well(desk, "rules", "export") == "threshold = 40\n"


def test_outreach_moves_an_account_on_and_undo_brings_it_back(told: Path) -> None:
    before = json_of(told, "show", "Norvik Labs")
    result = earmark(told, "contacted", "Norvik Labs", "--channel", "call", "--by", "ada")
    assert "outreach ready → contacted" in result.stderr, result.output
    assert stage(told, "Norvik Labs") == "contacted"
    assert "Norvik Labs" not in {row["name"] for row in json_of(told, "today")}
    well(told, "undo", "Norvik Labs")
    after = json_of(told, "show", "Norvik Labs")
    assert after["account"] == before["account"]
    assert [one["trigger"]["state"] for one in after["reasons"]] == [
        one["trigger"]["state"] for one in before["reasons"]
    ]
    assert len(after["transitions"]) == len(before["transitions"]) + 2


def test_a_reply_makes_it_warm_and_a_meeting_hot(told: Path) -> None:
    well(told, "contacted", "oskarion.example")
    well(told, "outcome", "oskarion.example", "reply")
    assert stage(told, "oskarion.example") == "warm"
    well(told, "outcome", "oskarion.example", "meeting")
    assert stage(told, "oskarion.example") == "hot"


def test_a_dismissed_trigger_leaves_the_list_with_its_reason(told: Path) -> None:
    trigger = trigger_of(told, "Oskarion Freight")
    well(told, "dismiss", trigger[:8], "--reason", "off_topic", "--text", "a depot only")
    assert stage(told, "Oskarion Freight") == "cold"
    view = json_of(told, "why", trigger)
    assert view["reason"]["trigger"]["state"] == "dismissed"
    assert [(one["verdict"], one["text"]) for one in view["judgements"]] == [("off_topic", "a depot only")]


def test_only_what_an_action_changed_is_told(told: Path) -> None:
    trigger = trigger_of(told, "Norvik Labs")
    result = earmark(told, "accept", trigger[:8])
    assert [part for part in result.stderr.splitlines() if "trigger" in part] == [
        f"trigger {trigger[:8]} is accepted."
    ]
    assert "suppressed: opt out" in earmark(told, "suppress", "oskarion", "opt_out").stderr


def test_the_dismissal_of_an_old_reason_is_taken_back_whole(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = trigger_of(told, "Norvik Labs")
    monkeypatch.setenv("EARMARK_NOW", (NOW + days(75)).isoformat())
    well(told, "dismiss", trigger)
    well(told, "undo", trigger)
    assert json_of(told, "why", trigger)["reason"]["trigger"]["state"] == "open"


def test_an_accepted_trigger_stays_on_the_list(told: Path) -> None:
    trigger = trigger_of(told, "Oskarion Freight")
    well(told, "accept", trigger)
    row = next(row for row in json_of(told, "today") if row["trigger"] == trigger)
    assert row["state"] == "accepted"
    assert "accepted" in well(told, "today")


def test_a_snoozed_account_is_hidden_until_its_day(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "snoozed until 2026-11-26" in earmark(told, "snooze", "norvik", "--until", "5d").stderr
    assert "Norvik Labs" not in {row["name"] for row in json_of(told, "today")}
    monkeypatch.setenv("EARMARK_NOW", (NOW + days(6)).isoformat())
    assert "Norvik Labs" in {row["name"] for row in json_of(told, "today")}


def test_a_snooze_into_the_past_is_refused(told: Path) -> None:
    result = earmark(told, "snooze", "norvik", "--until", "-5d")
    assert (result.exit_code, "future" in result.stderr) == (2, True)


def test_a_suppressed_account_is_never_shown_until_a_person_ends_it(told: Path) -> None:
    well(told, "suppress", "norvik", "opt_out", "--text", "asked by mail")
    assert "Norvik Labs" not in {row["name"] for row in json_of(told, "today")}
    assert "opt_out" in well(told, "show", "norvik")
    well(told, "unsuppress", "norvik")
    assert "Norvik Labs" in {row["name"] for row in json_of(told, "today")}


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["accept", "ffffffff"], 1, "No trigger begins with"),
        (["contacted", "Nobody Inc"], 1, "No account matches"),
        (["snooze", "example"], 2, "several accounts"),
        (["outcome", "norvik", "maybe"], 2, "outcome"),
        (["suppress", "norvik", "because"], 2, "reason"),
        (["undo", "zephyrine.example"], 2, "nothing to undo"),
    ],
)
def test_an_action_that_does_not_fit_is_a_sentence_and_changes_nothing(
    told: Path, args: list[str], code: int, said: str
) -> None:
    before = json_of(told, "today")
    result = earmark(told, *args)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    assert json_of(told, "today") == before


def test_a_conversation_can_be_dismissed_and_taken_back(desk: Path) -> None:
    question = an_event(
        "Can anyone recommend a CRM for a team of ten?",
        external_id="q",
        text="We are looking for a new CRM. What do you use?",
        url="https://forum.example/t/1",
        thread_url="https://forum.example/t/1",
        author="lena",
        published_at=ago(1),
    )
    tell(desk, [question])
    (row,) = json_of(desk, "today")
    assert (row["account"], row["name"]) == (None, "lena")
    well(desk, "dismiss", row["trigger"])
    assert json_of(desk, "today") == []
    well(desk, "undo", row["trigger"])
    assert [one["trigger"] for one in json_of(desk, "today")] == [row["trigger"]]


def test_an_account_sleeps_until_the_next_trigger_and_no_word_of_it_names_a_day(told: Path) -> None:
    said = earmark(told, "snooze", "norvik", "--until", "trigger").stderr
    assert "snoozed until the next trigger" in said
    assert json_of(told, "show", "norvik")["account"]["snoozed_until"] == "trigger"
    shown = [well(told, "show", "norvik"), well(told, "today", "--left-out"), well(told, "accounts", "list")]
    shown += [well(told, "show", "norvik", "--at", (NOW + days(1)).isoformat()), well(told, "learned")]
    shown += [str(json_of(told, *words)) for words in (["accounts", "list"], ["today", "--left-out"])]
    assert "until the next trigger" in shown[0]
    assert not [text for text in shown if "9000" in text]
    again = an_event("Norvik Labs opens Oslo office", external_id="oslo", url="https://wire.example/oslo")
    tell(told, [again], NOW)
    assert json_of(told, "show", "norvik")["account"]["snoozed_until"] is None


def test_a_snooze_until_a_trigger_is_no_end_of_a_suppression(told: Path) -> None:
    assert "Only a snooze" in earmark(told, "suppress", "norvik", "customer", "--until", "trigger").stderr


def test_a_remark_is_kept_with_the_account_and_taken_back(told: Path) -> None:
    well(told, "remark", "norvik", "Ask for Ida.", "--by", "ann")
    assert "Ask for Ida." in well(told, "show", "norvik")
    assert "needs words" in earmark(told, "remark", "norvik", "  ").stderr
    assert "Took back: Remark: Ask for Ida" in earmark(told, "undo", "norvik").stderr

"""The verbs of targets over a real workspace, towards a real server: a small CRM, a receiver of webhooks."""

import base64
import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from earmark.contract import kinds as plugins
from exports import registry
from storage import audit
from storage.engine import reading
from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, OFFICE, a_workspace, earmark, json_of, tell, well
from tests.exports.fakes.cabinet import Cabinet
from tests.exports.fakes.standing import standing
from tests.monitors.hostile import Hostile, answer
from tests.storage.databases import opened

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def _fixed(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> Iterator[None]:
    """The day, and the cabinet as the kind of an installed package."""
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    monkeypatch.setenv("HOOK_KEY", KEY)
    found = EntryPoint("cabinet", "tests.exports.fakes.cabinet:CabinetExporter", "earmark.exporters")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [found] if group == found.group else [])
    registry._KINDS.forget()
    yield
    registry._KINDS.forget()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    with standing() as each:
        monkeypatch.setenv("EARMARK_HTTP__ALLOW", each.allow)
        yield each


@pytest.fixture
def told(tmp_path: Path, server: Hostile) -> Path:
    """A workspace with two accounts that are ready, and the target crm; nothing was sent yet."""
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, OFFICE])
    well(folder, "exports", "add", "cabinet", f"base_url={server.url('/')}", "--name", "crm")
    return folder


def test_a_target_is_added_listed_and_removed(tmp_path: Path) -> None:
    folder = a_workspace(tmp_path)
    assert "No targets yet" in well(folder, "exports", "list")
    added = earmark(folder, "exports", "add", "webhook", "url=https://a.example/", "secret=env:HOOK_KEY")
    assert "Added the target webhook; promotions go there by themselves" in added.output
    [one] = json_of(folder, "exports", "list")
    assert (one["name"], one["kind"], one["waiting"]) == ("webhook", "webhook", 0)
    assert KEY not in json.dumps(one)
    well(folder, "exports", "remove", "webhook")
    assert json_of(folder, "exports", "list") == []


def test_a_key_within_the_address_of_a_webhook_is_listed_nowhere(tmp_path: Path) -> None:
    folder, key = a_workspace(tmp_path), "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    address = f"url=https://rep:s3cret-word@a.example/in/{key}?token=abc123"
    well(folder, "exports", "add", "webhook", address, "secret=env:HOOK_KEY")
    [one] = json_of(folder, "exports", "list")
    assert "https://" in one["options"]["url"]
    told = json.dumps(one) + well(folder, "exports", "list")
    assert not [each for each in (key, "s3cret-word", "abc123") if each in told]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "webhok", "url=https://a.example/"], "Did you mean 'webhook'?"),
        (["add", "webhook", "url=https://a.example/"], "Option 'secret' of export kind 'webhook' is missing"),
        (["add", "webhook", "url"], "'url' is no option. Write NAME=VALUE"),
        (["add", "webhook", "url=https://a.example/", "secret=abc"], "written as env:NAME"),
        (["check", "crn"], "There is no target 'crn'. There are: crm."),
        (["remove", "crn"], "There is no target 'crn'"),
        (["pause", "crn"], "There is no target 'crn'"),
        (["undo", "never"], "There is no run 'never'"),
        (["outbox", "--state", "lost"], "'lost' is no state"),
    ],
)
def test_a_wrong_call_is_told_and_ends_with_2(told: Path, words: list[str], said: str) -> None:
    result = earmark(told, "exports", *words)
    assert result.exit_code == 2
    assert said in result.output


def test_a_dry_run_prints_the_plan_with_its_exact_json_and_sends_nothing(told: Path, server: Hostile) -> None:
    cabinet = Cabinet(companies={"7": {"domain": "norviklabs.example", "name": "Norvik A/S"}}).on(server)
    plan = json_of(told, "exports", "run", "crm", "--dry-run")
    assert plan["counts"] == {"update": 1, "create": 3}
    [update] = [one for one in plan["changes"] if one["action"] == "update"]
    assert update["after"] == {"stage": "outreach_ready"}
    assert (cabinet.requests, cabinet.notes) == (1, {})
    shown = well(told, "exports", "run", "crm", "--dry-run")
    assert shown.startswith("Would create 3, update 1.")
    assert '{"stage": "outreach_ready"}' in shown


def test_what_is_ready_goes_out_once(told: Path, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    done = json_of(told, "exports", "run", "crm")
    assert done["counts"] == {"create": 4}
    assert (len(cabinet.companies), len(cabinet.notes)) == (2, 2)
    before = repr(cabinet)
    again = json_of(told, "exports", "run", "crm")
    assert (again["counts"], repr(cabinet)) == ({}, before)
    assert {one["reason"] for one in again["left_out"]} == {"it was told already"}
    [one] = json_of(told, "exports", "list")
    assert (one["sent"], one["waiting"], one["refused"]) == (2, 0, 0)


def test_a_suppressed_account_is_left_out_and_the_reason_told(told: Path, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    well(told, "suppress", "norviklabs.example", "customer")
    plan = json_of(told, "exports", "run", "crm", "--dry-run")
    assert [(one["name"], one["reason"]) for one in plan["left_out"]] == [
        ("Norvik Labs", "suppressed: customer")
    ]
    well(told, "exports", "run", "crm")
    assert [one["name"] for one in cabinet.companies.values()] == ["Oskarion Freight"]
    well(told, "unsuppress", "norviklabs.example")
    well(told, "exports", "run", "crm")
    assert len(cabinet.companies) == len(cabinet.notes) == 2


def test_a_rep_sends_the_accounts_that_are_theirs(told: Path, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    done = json_of(told, "exports", "run", "crm", "--owner", "bo frid")
    assert [one["reason"] for one in done["left_out"]] == ["its owner is Ada Lind"]
    assert [one["name"] for one in cabinet.companies.values()] == ["Oskarion Freight"]


def test_a_run_is_taken_back(told: Path, server: Hostile) -> None:
    cabinet = Cabinet(companies={"7": {"domain": "norviklabs.example", "stage": "lead"}}).on(server)
    well(told, "exports", "run", "crm")
    [run] = json_of(told, "exports", "outbox")["runs"]
    assert run["changes"] == 4
    planned = json_of(told, "exports", "undo", run["batch"], "--dry-run")
    assert planned["counts"] == {"delete": 3, "update": 1}
    assert len(cabinet.notes) == 2
    well(told, "exports", "undo", run["batch"])
    assert cabinet.notes == {}
    assert {key: one["stage"] for key, one in cabinet.companies.items()} == {"7": "lead"}


def test_what_was_refused_is_listed_with_its_reason_and_tried_again(told: Path, server: Hostile) -> None:
    cabinet = Cabinet(refused_key="oskarion.example").on(server)
    result = earmark(told, "exports", "run", "crm")
    assert result.exit_code == 1
    assert "failed: oskarion.example: the field body is too long" in result.output
    [refused] = json_of(told, "exports", "outbox", "--state", "refused")["deliveries"]
    assert refused["last_error"] == "oskarion.example: the field body is too long"
    assert len(cabinet.notes) == 1
    cabinet.refused_key = ""
    unknown = earmark(told, "exports", "retry", "--target", "crn")
    assert (unknown.exit_code, "crn" in unknown.output) == (2, True)
    assert "1 delivery is tried again." in earmark(told, "exports", "retry", "--target", "crm").output
    well(told, "exports", "run", "crm")
    assert (len(cabinet.companies), len(cabinet.notes)) == (2, 2)


def test_a_target_that_refuses_is_paused_until_its_check_is_well(told: Path, server: Hostile) -> None:
    server.pages["/find"] = answer(b"{}", status="401 Unauthorized")
    result = earmark(told, "exports", "run", "crm")
    assert result.exit_code == 1
    assert "crm is paused" in result.output
    [one] = json_of(told, "exports", "list")
    assert "refused crm (HTTP 401)" in one["paused_reason"]
    assert one["waiting"] == 2
    Cabinet().on(server)
    well(told, "exports", "check", "crm")
    [one] = json_of(told, "exports", "list")
    assert one["paused_reason"] is None


def test_pause_and_resume(told: Path) -> None:
    well(told, "exports", "pause", "crm", "--reason", "holidays")
    assert json_of(told, "exports", "list")[0]["paused_reason"] == "holidays"
    well(told, "exports", "resume", "crm")
    assert json_of(told, "exports", "list")[0]["paused_reason"] is None


def test_what_is_done_at_the_terminal_is_on_record_as_at_the_page(told: Path) -> None:
    for verb in ("pause", "resume", "remove"):
        well(told, "exports", verb, "crm")
        well(told, "sources", verb, "wire")
    with opened(f"sqlite:///{told / 'earmark.db'}") as engine, reading(engine) as connection:
        deeds = [(deed.verb, deed.subject) for deed in reversed(audit.recent(connection))]
    assert deeds == [
        ("accounts import", "list.csv"),
        ("source.add", "wire"),
        ("target.add", "crm"),
        ("target.pause", "crm"),
        ("source.pause", "wire"),
        ("target.resume", "crm"),
        ("source.resume", "wire"),
        ("target.remove", "crm"),
        ("source.remove", "wire"),
    ]


def test_a_webhook_is_checked_with_a_signed_message(told: Path, server: Hostile) -> None:
    server.pages["/in"] = answer(status="204 No Content")
    well(told, "exports", "add", "webhook", f"url={server.url('/in')}", "secret=env:HOOK_KEY")
    [finding] = json_of(told, "exports", "check", "webhook")
    assert finding["is_well"]
    [seen] = server.seen
    assert json.loads(seen.body)["type"] == "earmark.ping"
    server.pages["/in"] = answer(status="404 Not Found")
    result = earmark(told, "exports", "check", "webhook")
    assert result.exit_code == 1
    assert "FAIL  answer: 127.0.0.1 refused the message (HTTP 404)" in result.output


def test_a_webhook_that_is_run_is_signed(
    told: Path, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Webhook, "_Webhook__verify_timestamp", lambda *_: NOW)
    server.pages["/in"] = answer(status="204 No Content")
    well(told, "exports", "add", "webhook", f"url={server.url('/in')}", "secret=env:HOOK_KEY")
    well(told, "exports", "run", "webhook")
    told_of = [Webhook(KEY).verify(seen.body, dict(seen.headers))["data"]["account"] for seen in server.seen]
    assert len(set(told_of)) == len(told_of) == 2


def test_what_the_crm_says_is_read_back(told: Path, server: Hostile) -> None:
    heard = {"remote_id": "7", "domain": "norviklabs.example", "at": NOW.isoformat()}
    Cabinet(news=[heard | {"suppression": "customer"}]).on(server)
    shown = well(told, "exports", "read", "crm")
    assert "1 told, 1 done." in shown
    assert "norviklabs.example: suppress customer" in shown
    assert [one["account"] for one in json_of(told, "today")] == ["oskarion.example"]
    assert json_of(told, "exports", "read", "crm")["done"] == []
    server.pages["/news"] = answer(b"{}", status="503 Unavailable")
    result = earmark(told, "exports", "read", "crm")
    assert result.exit_code == 1
    assert "HTTP 503" in result.output
    well(told, "exports", "add", "webhook", "url=https://a.example/", "secret=env:HOOK_KEY")
    assert "tells nothing that could be read back" in earmark(told, "exports", "read", "webhook").output


def test_a_new_package_is_begun_under_a_name_that_is_free(tmp_path: Path) -> None:
    made = well(tmp_path, "exports", "new", "card-index", "--folder", str(tmp_path / "package"))
    assert made.strip() == str(tmp_path / "package")
    text = (tmp_path / "package" / "pyproject.toml").read_text("utf-8")
    assert '[project.entry-points."earmark.exporters"]\ncard-index = "earmark_card_index:CardIndex"' in text
    for name, said in (("webhook", "an export kind 'webhook' already"), ("Card", "is no name for a kind")):
        result = earmark(tmp_path, "exports", "new", name, "--folder", str(tmp_path / "other"))
        assert result.exit_code == 2
        assert said in result.output
    result = earmark(tmp_path, "exports", "new", "shelf", "--folder", str(tmp_path / "package"))
    assert "is not empty" in result.output


@pytest.mark.parametrize(
    "verb", ["add", "check", "setup", "run", "outbox", "retry", "undo", "pause", "kinds", "read"]
)
def test_each_verb_explains_itself(tmp_path: Path, verb: str) -> None:
    shown = well(tmp_path, "exports", verb, "--help")
    assert "Usage" in shown
    assert len(shown.splitlines()) > 5

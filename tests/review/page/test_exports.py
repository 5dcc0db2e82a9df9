"""Exports on the page: targets towards a small CRM on this machine, the outbox, and files of the list."""

import asyncio
import csv
import html
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from earmark.config import load
from earmark.contract import kinds as plugins
from earmark.types import Outgoing
from exports import registry
from monitors.targets import Targets
from storage import accounts, audit, deliveries, outbox, targets, triggers
from storage.engine import Engine, reading, writing
from storage.outbox import State
from tests.builders import NOW
from tests.exports.fakes.cabinet import Cabinet
from tests.exports.fakes.standing import standing
from tests.monitors.hostile import Hostile
from tests.review.page.served import Served, served
from tests.review.page.team import a_team, csrf_of, entered
from tests.review.page.walk import dump


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.fixture(autouse=True)
def _cabinet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The cabinet as the kind of an installed package."""
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
def crm(workspace: Path, engine: Engine, server: Hostile) -> Iterator[Served]:
    """A page whose workspace has the target crm, added by its form."""
    with served(workspace, engine) as page:
        form = {"kind": "cabinet", "name": "crm", "o.base_url": server.url("/"), "o.automatic": "on"}
        assert page.post("/exports/add", form).status_code == 303
        yield page


def drive(workspace: Path, engine: Engine) -> None:
    """Deliver what waits, as the monitor does."""
    asyncio.run(Targets(load(workspace), engine, now=lambda: NOW).drive("crm"))


def test_without_targets_it_says_what_to_do(page: Served) -> None:
    told = text_of(page.get("/exports").text)
    assert "Nothing goes anywhere yet." in told
    assert "take the list as a file" in told


def test_a_target_is_added_by_the_form_of_its_kind(crm: Served, engine: Engine) -> None:
    told = text_of(crm.get("/exports").text)
    assert "crm is there. Check it before anything goes out." in told
    with reading(engine) as connection:
        assert [(one.id, one.kind) for one in targets.every(connection)] == [("crm", "cabinet")]
        assert audit.recent(connection)[0].verb == "target.add"


def test_a_secret_is_written_by_its_name_alone(page: Served, engine: Engine) -> None:
    refused = page.post("/exports/add", {"kind": "hubspot", "name": "h", "o.token": "pat-na1-secret"})
    assert refused.status_code == 422
    assert "written as env:NAME" in refused.text
    with reading(engine) as connection:
        assert targets.every(connection) == []
    page.post("/exports/add", {"kind": "hubspot", "name": "h", "o.token": "env:HUBSPOT"})
    with reading(engine) as connection:
        assert targets.every(connection)[0].options["token"] == "env:HUBSPOT"  # noqa: S105 - a name


def test_a_dry_run_shows_the_exact_json_and_writes_nothing(
    crm: Served, engine: Engine, server: Hostile
) -> None:
    with reading(engine) as connection:
        open_ones = {one.account for one in triggers.every_open(connection) if one.account}
        one = next(each for each in accounts.of(connection, open_ones).values() if each.domains)
    cabinet = Cabinet(companies={"7": {"domain": one.domains[0], "name": one.name}}).on(server)
    before = dump(engine)
    shown = crm.post("/exports/plan", {"target": "crm"}).text
    told = text_of(shown)
    summary = re.search(r"Would create (\d+)(?:, update (\d+))?", told)
    assert summary is not None
    assert "Nothing was written." in told
    assert '"stage": "outreach_ready"' in told
    assert cabinet.notes == {}
    assert dump(engine) == before


def test_what_is_sent_goes_out_once_and_the_run_can_be_taken_back(
    crm: Served, engine: Engine, server: Hostile, workspace: Path
) -> None:
    cabinet = Cabinet().on(server)
    answer = crm.post("/exports/send", {"target": "crm"})
    assert answer.headers["location"] == "/exports/outbox?target=crm"
    drive(workspace, engine)
    assert cabinet.companies
    notes = len(cabinet.notes)
    assert "it was told already" in crm.post("/exports/plan", {"target": "crm"}).text
    with reading(engine) as connection:
        [run] = deliveries.batches_of(connection)
    plan = crm.post("/exports/undo", {"run": run.batch, "do": "plan"}).text
    assert f"Would delete {run.changes}." in text_of(plan)
    assert len(cabinet.notes) == notes
    somebody = next(iter(cabinet.companies.values()))
    somebody["stage"] = "changed by hand"
    crm.post("/exports/undo", {"run": run.batch, "do": "undo"})
    assert cabinet.notes == {}
    assert list(cabinet.companies.values()) == [somebody]
    assert crm.post("/exports/undo", {"run": "never"}).status_code == 404


def test_a_check_that_fails_says_so_and_one_that_is_well_lets_it_go_on(
    crm: Served, engine: Engine, server: Hostile
) -> None:
    with writing(engine) as connection:
        targets.pause(connection, "crm", "The token is not valid any more.")
    for path in ("/", "/sources", "/accounts", "/exports"):
        told = text_of(crm.get(path).text)
        assert "crm stands still : The token is not valid any more." in told, path
    Cabinet().on(server)
    assert crm.post("/exports/check", {"target": "crm"}).status_code == 200
    with reading(engine) as connection:
        assert targets.every(connection)[0].paused_reason is None
    assert "stands still" not in crm.get("/").text


def test_a_target_is_paused_resumed_and_removed(crm: Served, engine: Engine) -> None:
    crm.post("/exports/pause", {"target": "crm"})
    assert "paused by You" in crm.get("/exports").text
    refused = crm.post("/exports/send", {"target": "crm"})
    assert refused.headers["location"] == "/exports"
    with reading(engine) as connection:
        assert outbox.find(connection, target="crm") == []
    crm.post("/exports/resume", {"target": "crm"})
    crm.post("/exports/remove", {"target": "crm"})
    with reading(engine) as connection:
        assert targets.every(connection) == []
        verbs = [one.verb for one in audit.recent(connection)]
    assert verbs[:3] == ["target.remove", "target.resume", "target.pause"]
    missing = crm.post("/exports/pause", {"target": "crm"})
    assert missing.status_code == 422
    assert "There is no target &#39;crm&#39;" in missing.text


def some_deliveries(engine: Engine, count: int = 3, account: str | None = None) -> None:
    with writing(engine) as connection:
        new = [
            Outgoing(target="crm", topic="account.promoted", key=f"k{n}", account=account, payload={})
            for n in range(count)
        ]
        outbox.add(connection, new, NOW - timedelta(hours=3))


def test_the_outbox_tells_why_and_a_refused_delivery_is_tried_again(page: Served, engine: Engine) -> None:
    some_deliveries(engine)
    with writing(engine) as connection:
        first, second, _ = outbox.pending(connection, NOW)
        outbox.failed(connection, first.number, "<b>the field stage</b> has no such option", NOW, None)
        outbox.sent(connection, second.number, {}, NOW)
    shown = page.get("/exports/outbox").text
    assert "&lt;b&gt;the field stage&lt;/b&gt; has no such option" in shown
    assert "waiting 1" in text_of(shown)
    refused = page.get("/exports/outbox?state=refused").text
    assert refused.count('scope="row"') + refused.count("Retry delivery") >= 1
    page.post("/exports/retry", {"number": str(first.number)})
    with reading(engine) as connection:
        assert outbox.counts(connection)["crm", State.WAITING] == 2
    assert page.get("/exports/outbox?state=lost").status_code == 422


def test_a_long_outbox_is_read_page_by_page(page: Served, engine: Engine) -> None:
    some_deliveries(engine, 120)
    seen: list[str] = []
    path = "/exports/outbox?target=crm"
    while path:
        shown = page.get(path).text
        assert len(shown) < 60_000
        seen += re.findall(r'data-l="Number">(\d+)<', shown)
        following = re.search(r'class="button" href="([^"]+)">Older', shown)
        path = html.unescape(following[1]) if following else ""
    assert len(seen) == len(set(seen)) == 120


def test_files_hold_what_is_ready_and_say_what_is_left_out(page: Served) -> None:
    shown = text_of(page.get("/exports/files?profile=triggers").text)
    stated = re.search(r"(\d+) lines", shown)
    assert stated is not None
    answer = page.get("/exports/files/triggers.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="triggers.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == int(stated[1]) > 5
    assert {"trigger_id", "company", "why_now"} <= rows[0].keys()
    assert answer.content.decode().count("\r\n") >= len(rows)


def test_a_file_of_a_view_holds_the_rows_of_the_view(page: Served) -> None:
    every = page.get("/exports/files/triggers.csv").content.decode()
    some = page.get("/exports/files/triggers.csv", params={"view": "score=60"}).content.decode()
    all_rows, kept = (list(csv.DictReader(io.StringIO(text))) for text in (every, some))
    assert 0 < len(kept) < len(all_rows)
    nobody = page.get("/exports/files/triggers.csv", params={"view": "owner=nobody-of-that-name"})
    assert list(csv.DictReader(io.StringIO(nobody.content.decode()))) == []


def test_a_workbook_is_one_and_leaves_nothing_behind(
    page: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xlsxwriter", reason="the extra excel is not installed")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = page.get("/exports/files/excel.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert "xl/worksheets/sheet1.xml" in book.namelist()
    assert not list(tmp_path.glob("earmark-*"))


@pytest.mark.parametrize("name", ["nonsense.csv", "triggers.exe", "triggers", "..%2f..%2fetc.csv"])
def test_a_file_that_there_is_not_is_told(page: Served, name: str) -> None:
    assert page.get(f"/exports/files/{name}").status_code in {404, 422}


def test_a_rep_gets_no_more_than_their_accounts_and_sends_nothing(page: Served, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as connection:
        ready = next(one for one in triggers.every_open(connection) if one.account)
    some_deliveries(engine, 2, account=ready.account)
    with entered(page, "rea") as client:
        rows = list(csv.DictReader(io.StringIO(client.get("/exports/files/triggers.csv").content.decode())))
        whole = page.get("/exports/files/triggers.csv")
        assert whole.status_code == 401
        assert {row["owner"] for row in rows if row["account_id"]} <= {"", "rea"}
        for path in ("plan", "send", "check", "pause", "remove", "retry", "undo"):
            form = {"csrf": csrf_of(client), "target": "crm", "run": "x"}
            assert client.post(f"/exports/{path}", data=form).status_code == 403
    with entered(page, "ron") as client:
        everything = client.get("/exports/files/triggers.csv").content.decode()
    assert len(list(csv.DictReader(io.StringIO(everything)))) > len(rows)


def test_an_outbox_shows_a_rep_their_accounts_alone(page: Served, engine: Engine) -> None:
    a_team(engine)
    with writing(engine) as connection:
        ids = sorted({one.account for one in triggers.every_open(connection) if one.account})
        held = accounts.of(connection, ids)
        owned = next(one for one in held.values() if one.owner)
    some_deliveries(engine, 2, account=owned.id)
    with entered(page, "rea") as client:
        assert owned.id not in client.get("/exports/outbox").text
    with entered(page, "max") as client:
        assert owned.id in client.get("/exports/outbox").text


def test_an_outbox_that_is_just_full_leads_to_no_empty_page(page: Served, engine: Engine) -> None:
    new = [Outgoing(target="crm", topic="t", key=f"k{n}", account=None, payload={}) for n in range(51)]
    with writing(engine) as connection:
        outbox.add(connection, new[:50], NOW)
    assert ">Older</a>" not in page.get("/exports/outbox").text
    with writing(engine) as connection:
        outbox.add(connection, new[50:], NOW)
    assert ">Older</a>" in page.get("/exports/outbox").text
    assert page.get("/exports/outbox?before=99999999999999999999").status_code == 422

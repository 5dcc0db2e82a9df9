"""The CRMs by the verbs of the command line: added, set up, checked, tried, written, and taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exports.attio import AttioExporter
from exports.hubspot import HubSpotExporter
from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, OFFICE, a_workspace, earmark, json_of, tell, well
from tests.exports.fakes import attio, hubspot
from tests.exports.fakes.attio import FakeAttio
from tests.exports.fakes.hubspot import FakeHubSpot
from tests.exports.fakes.standing import standing
from tests.monitors.hostile import Hostile

CRMS = {"attio": (FakeAttio, attio.TOKEN), "hubspot": (FakeHubSpot, hubspot.TOKEN)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> Iterator[Hostile]:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    for kind in (AttioExporter, HubSpotExporter):
        monkeypatch.setattr(kind, "per_second", 1e6)
    with standing() as each:
        monkeypatch.setenv("EARMARK_HTTP__ALLOW", each.allow)
        yield each


def counted(crm: Any) -> tuple[int, ...]:
    """Return how many companies, notes and tasks there are."""
    held = crm.objects if isinstance(crm, FakeHubSpot) else vars(crm)
    return tuple(len(held[name]) for name in ("companies", "notes", "tasks"))


@pytest.mark.parametrize("name", CRMS)
def test_a_crm_by_the_command_line(
    name: str, tmp_path: Path, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, token = CRMS[name]
    monkeypatch.setenv("CRM_TOKEN", token)
    crm = kind().on(server)
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, OFFICE])
    well(folder, "exports", "add", name, "token=env:CRM_TOKEN", f"base_url={server.url('/')}")
    assert "earmark_account_key" in well(folder, "exports", "setup", name)
    assert "FAIL" not in well(folder, "exports", "check", name)
    plan = json_of(folder, "exports", "run", name, "--dry-run")
    assert plan["counts"] == {"create": 6}
    assert counted(crm) == (0, 0, 0)
    well(folder, "exports", "run", name)
    assert counted(crm) == (2, 2, 2)
    again = json_of(folder, "exports", "run", name)
    assert (again["counts"], again["failed"]) == ({}, {})
    box = json_of(folder, "exports", "outbox")
    undone = json_of(folder, "exports", "undo", box["runs"][0]["batch"])
    assert undone["counts"] == {"delete": 6}
    assert counted(crm) == (0, 0, 0)


@pytest.mark.parametrize("name", CRMS)
def test_a_token_that_is_wrong_is_said_and_not_shown(
    name: str, tmp_path: Path, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "tok-wrong-and-sEcReT")
    CRMS[name][0]().on(server)
    folder = a_workspace(tmp_path)
    well(folder, "exports", "add", name, "token=env:CRM_TOKEN", f"base_url={server.url('/')}")
    result = earmark(folder, "exports", "check", name)
    assert result.exit_code == 1
    assert "401" in result.output
    assert "sEcReT" not in result.output

"""A day of work: a workspace on a fixed clock, pages on a local server, the verbs that a rep types.

All that is seen is kept as text, so that a whole day can be read, and compared with its record.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from earmark.cli import app
from earmark.config import load
from monitors import up
from monitors.recorded import HOST, RecordedPage, serve
from storage import accounts, outbox, transitions, triggers
from storage.engine import Engine, reading
from tests.days.pages import again
from tests.monitors.pools import HereAndNow
from tests.storage.databases import opened

__all__ = ["Work", "working"]

_HEAD: Final = "Workspace: "
_REP: Final = "ann"
_WIDTH: Final = "120"


@dataclass
class Work:
    """One workspace, from its first morning on; ``told`` is what the files of a record hold."""

    folder: Path
    port: int
    patch: pytest.MonkeyPatch
    pages: dict[str, RecordedPage]
    begun: datetime | None = None
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lists: dict[str, Any] = field(default_factory=dict)
    files: list[Any] = field(default_factory=list)
    _noted: dict[str, str] = field(default_factory=dict)
    _set: dict[str, str] = field(default_factory=dict)

    @cached_property
    def told(self) -> Mapping[str, str]:
        """The texts of the record by the name of their file, as they are when they are first asked for."""
        return {
            "said.txt": "\n".join(self.said) + "\n",
            "notes.txt": "\n\n".join(self.notes) + "\n",
            "list.json": json.dumps(self.lists, indent=1, ensure_ascii=False) + "\n",
            "moves.txt": "\n".join(self.moves()) + "\n",
            "sent.json": json.dumps([*self.sent(), *self.files], indent=1, ensure_ascii=False) + "\n",
        }

    def begin(
        self, moment: str, accounts_csv: str, rules: str, *, zone: str = "UTC", touches: int = 40
    ) -> None:
        """Make the workspace, with the list and the rulebook of a team."""
        self.let("EARMARK_HTTP__ALLOW", f"{HOST}:{self.port}")
        self.let("EARMARK_HTTP__SPACING", "0")
        self.let("EARMARK_MONITOR__PARALLEL", "1")  # pages are read in the order of their names
        self.let("EARMARK_TEAM__TIME_ZONE", zone)
        self.let("EARMARK_TEAM__TOUCHES_A_DAY", str(touches))
        self.at(moment)
        self.begun = self.now
        self.file("accounts.csv", accounts_csv)
        self.file("rules.toml", rules)
        self.do("init", "accounts.csv", "--contact", "ann@ledgerlight.example")
        self.do("rules", "apply", "rules.toml")

    def let(self, name: str, value: str) -> None:
        """Set a variable of the environment for as long as the day lasts."""
        self._set[name] = value
        self.patch.setenv(name, value)

    def wake(self) -> None:
        """Set the variables of the day again, in a test that began without any."""
        for name, value in self._set.items():
            self.patch.setenv(name, value)

    def at(self, moment: str) -> None:
        """Put the clock to a moment: ISO 8601 in UTC."""
        self.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        self.let("EARMARK_NOW", self.now.isoformat())
        self.said.append(f"\n==== {self.now:%a %d %b %Y %H:%M} UTC")

    def file(self, name: str, text: str) -> Path:
        """Write a file into the folder of the workspace."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def publish(self, name: str, page: RecordedPage) -> None:
        """Let a publisher's page stand so from now on; the source of that name reads it."""
        is_new = name not in self.pages
        self.pages[name] = page
        if is_new:
            self._run("sources", "add", self.url(name), "--id", name)

    def url(self, name: str) -> str:
        """Return the address of a page."""
        return f"http://{HOST}:{self.port}/{name}"

    def poll(self, *names: str) -> None:
        """Poll sources, or all that there are, and sweep."""
        chosen = names or tuple(one["id"] for one in self.json("sources", "list"))
        self.do("poll", *sorted(chosen))

    def do(self, *words: str) -> str:
        """Type a verb that must end well, keep what it says, and return it."""
        said = self._run(*words)
        self.said.append(f"\n$ earmark {self._anywhere(shlex.join(words))}\n{said}".rstrip())
        return said

    def json(self, *words: str) -> Any:
        """Return what a verb says with --json; it is not kept."""
        return json.loads(_typed([*words, "--json"], StringIO()))

    def look(self, owner: str | None = None) -> list[Any]:
        """Look at the list of the day and at the note of each row, as a rep does, and return the rows."""
        chosen = ("--owner", owner) if owner else ()
        self.do("today", *chosen)
        if self.json("today", "--left-out", *chosen):
            self.do("today", "--left-out", *chosen)
        rows: list[Any] = self.json("today", *chosen)
        self.lists[f"{self.now:%Y-%m-%d %H:%M}" + (f" {owner}" if owner else "")] = rows
        for row in rows:
            if row["account"]:
                self.note(row["account"])
        return rows

    def export(self) -> None:
        """Keep what a file of each profile would hold now."""
        for profile in self.json("exports", "kinds")["profiles"]:
            told = self.json("exports", "run", profile, "--dry-run")
            rows, left = told["would_write"], [f"{one['name']}: {one['reason']}" for one in told["left_out"]]
            self.files.append({"profile": profile, "rows": rows, "left_out": left})

    def note(self, account: str) -> None:
        """Read the notes of an account; what was read before is not kept again."""
        text = "\n\n".join(self.json("show", account, "--format", "text"))
        if self._noted.get(account) != text:
            self._noted[account] = text
            self.notes.append(f"==== {self.now:%Y-%m-%d %H:%M} {account}\n{text}")

    def trigger(self, account: str, kind: str) -> str:
        """Return the id of the newest trigger of a kind that an account has."""
        found: str = self.json("triggers", "--account", account, "--kind", kind)[0]["id"]
        return found

    def stage(self, account: str) -> str:
        """Return the stage of an account."""
        found: str = self.json("show", account)["stage"]
        return found

    def sent(self) -> list[dict[str, Any]]:
        """Return what waits for the targets of the team, in the order in which it was put there."""
        with self.engine() as engine, reading(engine) as connection:
            found = outbox.find(connection, limit=1_000)
        told = sorted(found, key=lambda one: one.number)
        return [
            {"topic": one.outgoing.topic, "account": one.outgoing.account, **one.outgoing.payload}
            for one in told
        ]

    def moves(self) -> Iterator[str]:
        """Yield every transition of every account, in the order in which they were made."""
        with self.engine() as engine, reading(engine) as connection:
            listed = accounts.every(connection)
            found = [move for name in listed for move in transitions.of_account(connection, name)]
        for move in sorted(found, key=lambda move: (move.at, move.account)):
            step = f"{move.before} → {move.after}" if move.before is not move.after else f"stays {move.after}"
            undoes = " (undo)" if move.undoes else ""
            at = f"{move.at:%Y-%m-%d %H:%M:%S}"
            yield f"{at}  {move.account}: {step}, {move.cause} by {move.actor}{undoes}: {move.reason}"

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Open the database of the workspace."""
        with opened(load(self.folder).database_url) as engine:
            yield engine

    def poll_again(self) -> None:
        """Read every page once more at the same moment, with other bytes that say the same."""
        for name, page in self.pages.items():
            self.pages[name] = again(page)
        for one in self.json("sources", "list"):
            self._run("poll", one["id"])

    def open_kinds(self) -> list[tuple[str | None, str]]:
        """Return account and kind of every trigger that is open."""
        with self.engine() as engine, reading(engine) as connection:
            return sorted((one.account or "", one.kind) for one in triggers.every_open(connection))

    def _run(self, *words: str) -> str:
        said = _typed(words)
        lines = [line.rstrip() for line in said.splitlines() if not line.startswith(_HEAD)]
        return self._anywhere("\n".join(lines))

    def _anywhere(self, text: str) -> str:
        """Return a text without the places of this machine."""
        return text.replace(str(self.folder), ".").replace(f"{HOST}:{self.port}", "pages.example")


def _typed(words: Sequence[str], apart: StringIO | None = None) -> str:
    """Type a verb that must end well, and return what it prints; notices may be kept apart."""
    said = StringIO()
    notices = apart or said
    with redirect_stdout(said), redirect_stderr(notices), pytest.raises(SystemExit) as ended:
        _command().main(list(words), "earmark")
    assert not ended.value.code, (words, said.getvalue(), notices.getvalue())
    return said.getvalue()


@cache
def _command() -> Any:
    """Return the whole command line, made once: that takes longer than most verbs."""
    return get_command(app)


@contextmanager
def working(folder: Path, database: str | None = None) -> Iterator[Work]:
    """Open a day in an empty folder; parsing runs in this process, everything else is the real thing."""
    pages: dict[str, RecordedPage] = {}
    with pytest.MonkeyPatch.context() as patch, serve(pages) as port:
        patch.chdir(folder)
        patch.setattr(up, "ParsePool", HereAndNow)
        work = Work(folder=folder, port=port, patch=patch, pages=pages)
        work.let("COLUMNS", _WIDTH)
        work.let("LOGNAME", _REP)
        if database is not None:
            work.let("EARMARK_STORAGE__URL", database)
        yield work

"""The demo workspace: invented accounts and recorded pages, polled by the real fetcher, offline.

The pages are served on a local port for as long as something may poll them; their dates count back from
the day on which the demo was made, so it ages like a workspace of one's own.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from earmark.config import FILE, clock, load
from earmark.errors import ConfigError
from earmark.intake import read_accounts
from monitors.pipeline import Written
from monitors.recorded import HOST, RecordedPage, demo_file, demo_pages, free_port, is_served, serve
from monitors.up import poll_once
from storage import accounts, polls, rulebook
from storage.engine import connect, migrate, writing

__all__ = ["create", "is_demo", "run", "serving"]

_MARK: Final = "demo.json"
_COMPANY_FEEDS: Final = {
    "meridian-newsroom.atom": "meridianfreight.example",
    "norvik-careers.xml": "norviklabs.example",
}
_SETTINGS: Final = """\
# Settings of the demo workspace. Its pages are served on this machine by earmark itself.
[http]
contact = "demo@earmark.example"
allow = ["{host}:{port}"]
spacing = 0
per_host = 16
[page]
address = "{host}:{page}"
"""
_PAGE: Final = 8787


def is_demo(workspace: Path) -> bool:
    """Say whether the folder is a demo workspace."""
    return (workspace / _MARK).is_file()


def run(workspace: Path) -> list[Written]:
    """Make the demo workspace afresh, poll its pages once, and return what each brought."""
    create(workspace)
    with serving(workspace):
        return poll_once(load(workspace))


def create(workspace: Path) -> None:
    """Make the demo workspace afresh: settings, database, accounts, rulebook and sources, not yet polled.

    Raises ConfigError when the folder holds a workspace of the user's own, or a demo that is running.
    """
    _refuse_to_replace(workspace)
    workspace.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{workspace.name}-", dir=workspace.parent))
    try:
        _fill(made, clock())
        if workspace.exists():
            shutil.rmtree(workspace)
        made.rename(workspace)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def serving(workspace: Path) -> Iterator[None]:
    """Serve the recorded pages while the context is open, if this is a demo and nobody serves them yet."""
    if not is_demo(workspace):
        yield
        return
    pages, port = _recording(workspace)
    if is_served(pages, port):
        yield
        return
    with serve(pages, port):
        yield


def _refuse_to_replace(workspace: Path) -> None:
    if is_demo(workspace):
        if is_served(*_recording(workspace)):
            raise ConfigError(
                f"The demo in {workspace} is running. Look at it with `earmark today`, or stop it first."
            )
    elif workspace.exists() and (not workspace.is_dir() or any(workspace.iterdir())):
        raise ConfigError(
            f"{workspace} holds something that is not the demo. Run the demo in another folder."
        )


def _recording(workspace: Path) -> tuple[dict[str, RecordedPage], int]:
    file = workspace / _MARK
    try:
        mark: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return demo_pages(datetime.fromisoformat(mark["made_at"])), int(mark["port"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{file} can't be read. Remove the folder {workspace} and run `earmark demo` again."
        ) from error


def _fill(workspace: Path, now: datetime) -> None:
    port = free_port()
    (workspace / FILE).write_text(_SETTINGS.format(host=HOST, port=port, page=free_port(_PAGE)), "utf-8")
    for name in ("accounts.csv", "rulebook.toml"):
        (workspace / name).write_text(demo_file(name), "utf-8")
    settings = load(workspace)
    if not settings.database_url.startswith(f"sqlite:///{settings.workspace}"):
        raise ConfigError(
            "storage.url is set in the environment, and the demo has a database of its own. "
            "Unset EARMARK_STORAGE__URL for the demo."
        )
    engine = connect(settings.database_url)
    migrate(engine)
    with writing(engine) as connection:
        accounts.upsert(connection, read_accounts(workspace / "accounts.csv"))
        rulebook.save(connection, demo_file("rulebook.toml"), by="demo", at=now)
        for name in demo_pages(now):
            options = {"url": f"http://{HOST}:{port}/{name}"}
            if name in _COMPANY_FEEDS:
                options["company"] = _COMPANY_FEEDS[name]
            polls.add(connection, name.partition(".")[0], "feed", options, now)
    engine.dispose()
    mark = {"made_at": now.isoformat(timespec="seconds"), "port": port}
    (workspace / _MARK).write_text(json.dumps(mark) + "\n", "utf-8")

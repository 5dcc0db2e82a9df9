"""A process that drives the outbox and may be killed at any moment: each line on its input forks one.

``python -m tests.kill.drive WORKSPACE`` imports all once, so that each child begins at its work. It answers
with the number of the child, and with "gone" when that has ended, by itself or not.
"""

import asyncio
import os
import sys
from pathlib import Path

from earmark.config import clock, load
from exports import registry
from monitors.targets import Targets
from storage import outbox
from storage.engine import connect, reading, writing
from storage.outbox import State
from tests.exports.fakes.cabinet import CabinetExporter


def drive(workspace: Path) -> None:
    """Deliver until nothing waits; what failed is tried again at once.

    Ten failures, which take three days with their pauses, take a second here: so what then waits for a
    person is tried again too, as by ``earmark exports retry``.
    """
    settings = load(workspace)
    engine = connect(settings.database_url)
    crew = Targets(settings, engine)
    while True:
        with writing(engine) as connection:
            outbox.retry(connection, clock(), target="crm")
            outbox.hasten(connection, clock(), target="crm")
        asyncio.run(crew.drive("crm"))
        with reading(engine) as connection:
            left = outbox.counts(connection)
        if not any(left.get(("crm", state)) for state in (State.WAITING, State.REFUSED)):
            return


def main() -> None:
    """Fork a child for each line."""
    registry._KINDS.every = lambda: {"cabinet": CabinetExporter}  # type: ignore[method-assign]  # a kind of the tests
    workspace = Path(sys.argv[1])
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                drive(workspace)
                status = 0
            finally:
                os._exit(status)
        _say(f"{child}")
        _, status = os.waitpid(child, 0)
        _say(f"gone {status}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""PostgreSQL breaks off every five seconds: nothing is lost, and workers are back within ten seconds.

``python -m bench.restarts [SECONDS] [FEEDS] [PAUSE]``; the whole of it is ``python -m bench.restarts 120``.
"""

import sys
import time
from datetime import UTC, datetime

from bench.crew import EVERY, Crew, crew
from earmark.errors import StorageError
from storage import workers
from storage.engine import reading


def reconnected(made: Crew, since: datetime, seconds: float) -> float | None:
    """Return after how many seconds a worker was heard of again, or None within that time."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        made.wind()
        try:
            with reading(made.engine) as conn:
                if any(one.seen_at > since for one in workers.every(conn)):
                    return time.monotonic() - began
        except StorageError:
            pass  # it still starts
        time.sleep(0.1)
    return None


def main() -> None:
    """Read the arguments, break and start again for so long, then let the rest settle and count."""
    given = [int(word) for word in sys.argv[1:]]
    seconds, feeds, pause = given + [120, 60, 5][len(given) :]
    back: list[float | None] = []
    with crew(feeds) as made:
        made.hire()
        made.hire()
        made.rest(15)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            made.server.stop_at_once()
            made.server.start()
            made.engine.dispose()
            began = time.monotonic()
            back.append(reconnected(made, datetime.now(UTC), pause))
            made.rest(max(pause - (time.monotonic() - began), 0))
        last = reconnected(made, datetime.now(UTC), 30)
        settled = made.settle(4 * EVERY)
        heard = [each for each in back if each is not None]
        print(
            f"\n2 workers, {feeds} feeds each {EVERY} s, PostgreSQL broken off each {pause} s for {seconds} s"
        )
        print(f"breaks             {len(back):>10,}; all stored afterwards: {settled}")
        longest = max(heard, default=0)
        print(f"heard again        {len(heard):>10,} before the next break, longest {longest:.1f} s")
        print(f"after the last one {last or 0:>10.1f} s")
        made.tell()


if __name__ == "__main__":
    main()

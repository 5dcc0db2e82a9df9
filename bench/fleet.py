"""What a fleet costs as it grows: the CPU of the workers and of PostgreSQL for the same feeds.

``python -m bench.fleet [LARGEST] [SECONDS] [FEEDS]``; workers go up to the largest, one, two, three, five …
Two cores show what each worker more costs, not what it brings: that takes as many machines.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil
from sqlalchemy import func, select

from bench.crew import EVERY, Crew, crew
from storage.engine import reading
from storage.tables import polls
from tests.fleet.servers import until

STEPS = (1, 2, 3, 5, 8, 12, 16)


def spent(roots: Sequence[psutil.Process]) -> float:
    """Return the CPU seconds that processes and those that they began have used so far."""
    times = [root.cpu_times() for root in roots]
    used = sum(one.user + one.system + one.children_user + one.children_system for one in times)
    for child in [child for root in roots for child in root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # it has just ended
            one = child.cpu_times()
            used += one.user + one.system
    return float(used)


def held(roots: Sequence[psutil.Process]) -> float:
    """Return the megabytes that processes and those that they began hold now."""
    bytes_held = 0
    for each in [one for root in roots for one in (root, *root.children(recursive=True))]:
        with suppress(psutil.NoSuchProcess):
            bytes_held += each.memory_info().rss
    return bytes_held / 2**20


def polled(made: Crew) -> int:
    """Return how many polls are on record."""
    with reading(made.engine) as conn:
        return conn.execute(select(func.count()).select_from(polls)).scalar_one()


def measure(number: int, seconds: int, feeds: int) -> None:
    """Let so many workers work, and print what they took once all had begun."""
    with crew(feeds) as made:
        for _ in range(number):
            made.hire()
        until(lambda: polled(made) >= feeds, seconds=120)
        made.rest(EVERY)
        hands = [psutil.Process(each.pid) for each in made.running]
        keeper = psutil.Process(made.server.process)
        before, began = (spent(hands), spent([keeper]), polled(made)), time.monotonic()
        made.rest(seconds)
        took, done = time.monotonic() - began, polled(made) - before[2]
        share, keeping = (spent(hands) - before[0]) / took * 100, spent([keeper]) - before[1]
        memory, sessions = held(hands) / number, len(keeper.children())
        settled = made.settle(4 * EVERY)
        print(
            f"{number:>3} workers {done / took:>6.2f} polls a second {share:>7.1f} % of a core, "
            f"{share / number:.1f} % each {keeping / took * 100:>7.1f} % PostgreSQL "
            f"{sessions:>4} of its processes {memory:>6.0f} MB each "
            f"{made.longest_pause():>6.1f} s longest pause; all stored: {settled}",
            flush=True,
        )


def main() -> None:
    """Read the arguments and grow the fleet."""
    given = [int(word) for word in sys.argv[1:]]
    largest, seconds, feeds = given + [8, 60, 60][len(given) :]
    for number in STEPS:
        if number <= largest:
            measure(number, seconds, feeds)


if __name__ == "__main__":
    main()

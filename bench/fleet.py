"""What a fleet costs as it grows: the CPU of the workers and of PostgreSQL for the same feeds.

``python -m bench.fleet [LARGEST] [SECONDS] [FEEDS]``; workers go up to the largest, one, two, three, five …
Two cores show what each worker more costs, not what it brings: that takes as many machines.
"""

import sys
import time
from collections.abc import Sequence

import psutil
from sqlalchemy import func, select

from bench.crew import EVERY, Crew, crew
from storage.engine import reading
from storage.tables import polls
from tests.fleet.servers import until

STEPS = (1, 2, 3, 5, 8, 12, 16)


def spent(processes: Sequence[psutil.Process]) -> float:
    """Return the CPU seconds that processes have used so far, those that ended among their children too."""
    times = [each.cpu_times() for each in processes]
    return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))


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
        hands += [child for each in hands for child in each.children(recursive=True)]
        keeper = psutil.Process(made.server.process)
        keepers = [keeper, *keeper.children(recursive=True)]
        before, began = (spent(hands), spent(keepers), polled(made)), time.monotonic()
        made.rest(seconds)
        took, done = time.monotonic() - began, polled(made) - before[2]
        working, keeping = spent(hands) - before[0], spent(keepers) - before[1]
        memory = sum(each.memory_info().rss for each in hands) / number / 2**20
        settled = made.settle(4 * EVERY)
        share = working / took * 100
        print(
            f"{number:>3} workers {done / took:>6.2f} polls a second {share:>7.1f} % of a core, "
            f"{share / number:.1f} % each {keeping / took * 100:>7.1f} % PostgreSQL "
            f"{len(keepers) - 1:>4} of its processes {memory:>6.0f} MB each "
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

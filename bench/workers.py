"""Three workers, of which one is killed every three seconds: nothing doubled, nothing lost, nobody starved.

``python -m bench.workers [SECONDS] [FEEDS] [PAUSE]``; the whole of it is ``python -m bench.workers 300``.
"""

import random
import sys
import time

from bench.crew import EVERY, crew


def main() -> None:
    """Read the arguments, kill and hire for so long, then let the rest settle and count."""
    given = [int(word) for word in sys.argv[1:]]
    seconds, feeds, pause = given + [300, 60, 3][len(given) :]
    chance, kills = random.Random(20261122), 0
    with crew(feeds) as made:
        for _ in range(3):
            made.hire()
        made.rest(15)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            made.rest(pause)
            made.kill(chance.randrange(len(made.running)))
            made.hire()
            kills += 1
        settled = made.settle(4 * EVERY)
        print(f"\n3 workers, {feeds} feeds each {EVERY} s, one killed every {pause} s for {seconds} s")
        print(f"kills              {kills:>10,}; all stored afterwards: {settled}")
        made.tell()


if __name__ == "__main__":
    main()

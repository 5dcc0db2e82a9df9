"""What 10,000 feeds an hour cost: CPU as a share of one core, and memory over the rounds.

``python -m bench.feeds_hour [FEEDS] [ROUNDS]``. The rounds are those of ``bench.week``, one after the other
without the hours between them; the share is that of a whole hour.
"""

import asyncio
import sys
import tempfile

from bench.town import Town
from bench.week import run


def main() -> None:
    """Read the arguments and run, in a folder that is thrown away."""
    given = [int(word) for word in sys.argv[1:]]
    feeds, rounds = given + [10_000, 4][len(given) :]
    with tempfile.TemporaryDirectory(prefix="earmark-hour-") as folder:
        asyncio.run(run(Town(feeds), rounds, f"sqlite:///{folder}/earmark.db"))


if __name__ == "__main__":
    main()

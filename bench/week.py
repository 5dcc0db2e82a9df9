"""A simulated week: thousands of feeds polled each hour by a wound clock; nothing lost, nothing doubled.

``python -m bench.week [FEEDS] [ROUNDS] [ACCOUNTS]``; the whole of it is ``python -m bench.week 10000 168``.
Feeds stand on a server of their own on this machine; everything else is the monitor as it runs.
"""

import asyncio
import sys
import tempfile
import time

from bench.town import Cost, Town, cost, expected, found, monitored, serving
from tests.storage.databases import opened


async def run(town: Town, rounds: int, url: str) -> None:
    """Wind the clock through the rounds, then compare what is stored with what was published."""
    with serving(town) as (port, hour, server), opened(url) as engine:
        async with monitored(engine, town, port, hour) as monitor:
            costs: list[Cost] = [cost(server)]
            began = time.monotonic()
            for each in range(rounds):
                hour.value = each
                await monitor.round()
                costs.append(cost(server))
                if each in {0, 1} or (each + 1) % 12 == 0:
                    said = f"round {each + 1}: {costs[-1].megabytes:.0f} MB"
                    print(f"{said}, {costs[-1].cpu - costs[-2].cpu:.1f} s CPU", flush=True)
            wall = time.monotonic() - began
            polled = sum(monitor.polled.values())
        stored, number, twice = found(engine)
    published = expected(town, rounds - 1)
    _tell(town, rounds, costs, wall)
    lost, extra = published - stored, stored - published
    print(f"polls              {polled:>12,} of {town.feeds * rounds:,}")
    print(f"events published   {published.total():>12,}")
    print(f"events lost        {lost.total():>12,}")
    print(f"events doubled     {extra.total():>12,}")
    print(f"triggers           {number:>12,}, doubled {twice}")
    if lost or extra or twice or polled != town.feeds * rounds:
        raise SystemExit("Something was lost or doubled.")


def _tell(town: Town, rounds: int, costs: list[Cost], wall: float) -> None:
    hours = 168 * 10_000 / (town.feeds * rounds) * wall / 3600
    steady = (costs[-1].cpu - costs[1].cpu) / max(rounds - 1, 1) / town.feeds
    quarter = max(len(costs) // 4, 1)
    early = max(each.megabytes for each in costs[1 : quarter + 1])
    late = max(each.megabytes for each in costs[-quarter:])
    print(f"\n{town.feeds:,} feeds, {rounds} hourly rounds, {town.accounts:,} accounts")
    print(f"wall               {wall:>12,.0f} s; 10,000 feeds for 168 rounds would take {hours:.1f} h")
    print(f"CPU a poll         {steady * 1000:>12.2f} ms after the first round")
    print(f"10,000 an hour     {steady * 10_000 / 36:>12.1f} % of one core")
    print(f"memory             {late:>12,.0f} MB in the last quarter, {early:,.0f} MB in the first")


def main() -> None:
    """Read the arguments and run, in a folder that is thrown away."""
    given = [int(word) for word in sys.argv[1:]]
    feeds, rounds, listed = given + [1000, 24, 200][len(given) :]
    with tempfile.TemporaryDirectory(prefix="earmark-week-") as folder:
        asyncio.run(run(Town(feeds, accounts=listed), rounds, f"sqlite:///{folder}/earmark.db"))


if __name__ == "__main__":
    main()

"""How long a large list takes to import, and how much memory: ``python -m bench.accounts 1000000``.

Writes a file as a CRM exports it (one account in ten names its parent) and runs ``earmark accounts import``
on it three times in new processes: the first import, the same file again, and a newer export in which one row
in ten has changed. Prints seconds (of the clock and of CPU), the most memory, and the longest that another
writer had to wait. A second figure says how many of the three imports to run.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from storage.engine import connect, writing

ROWS = 1_000_000
HEADER = [
    *("Record ID", "Company name", "Company Domain Name", "Company owner", "Country/Region", "City"),
    *("Industry", "Number of Employees", "Create Date", "Parent Company"),
]
SECTORS = ("Software", "Robotics", "Logistics", "Banking", "Health care")


def write_list(path: Path, rows: int, *, changed: bool = False) -> None:
    """Write an export of so many accounts; of a newer one, each tenth row has another owner and size."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            country, sector = chance.choice(("Norway", "DE", "United States")), chance.choice(SECTORS)
            size = chance.choice(("11-50", "51-200", str(number % 5000)))
            newer = changed and number % 10 == 3  # noqa: PLR2004 - one row in ten
            parent = f"Company {number // 100 * 100} Ltd" if number % 10 == 0 and number % 100 else ""
            writer.writerow(
                [
                    1000 + number,
                    f"Company {number} Ltd",
                    f"company{number}.example",
                    "Somebody New" if newer else f"Owner {number % 40}",
                    country,
                    "Oslo",
                    sector,
                    "201-500" if newer else size,
                    "2025-01-02",
                    parent,
                ]
            )


def imported(folder: Path, file: Path) -> tuple[float, float, int, str]:
    """Import a file in a new process; return its seconds, those of CPU, MB of memory, and what it said."""
    command = [sys.executable, "-c", "from earmark.cli import main; main()", "-w", str(folder)]
    start = time.perf_counter()
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        command += ["accounts", "import", str(file)]
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 - our own program
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        said.seek(0)
        lines = [line.strip() for line in said if " added, " in line]
    assert process.returncode == 0, (folder / "said.txt").read_text("utf-8")  # noqa: S101 - it must do the work it times
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, lines[0]


class Waiter(threading.Thread):
    """Takes the write lock ten times a second and notes the longest wait."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self.done = threading.Event()
        self._url = url

    def run(self) -> None:
        """Write until the import is done."""
        engine = connect(self._url)
        while not self.done.wait(0.1):
            start = time.perf_counter()
            with writing(engine) as conn:
                conn.exec_driver_sql("SELECT 1")
            self.longest = max(self.longest, time.perf_counter() - start)
        engine.dispose()


def main() -> None:
    """Import three times and print what it cost."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "earmark.toml").write_text('[http]\ncontact = "bench@norvik.example"\n', encoding="utf-8")
        command = [sys.executable, "-c", "from earmark.cli import main; main()", "-w", name, "migrate"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own program
        first, newer = folder / "first.csv", folder / "newer.csv"
        write_list(first, rows)
        write_list(newer, rows, changed=True)
        turns = (("first import", first), ("the same again", first), ("a newer export", newer))
        for what, file in turns[: int(sys.argv[2]) if len(sys.argv) > 2 else None]:  # noqa: PLR2004 - rows, turns
            waiter = Waiter(f"sqlite:///{next(folder.glob('*.db'))}")
            waiter.start()
            seconds, cpu, megabytes, said = imported(folder, file)
            waiter.done.set()
            waiter.join()
            wait = f"longest wait of another writer {waiter.longest:.2f} s"
            print(
                f"{what}, {rows:,} rows: {seconds:.1f} s ({cpu:.1f} s CPU), {megabytes} MB, {wait}; {said}",
                flush=True,
            )


if __name__ == "__main__":
    main()

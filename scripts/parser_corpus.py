"""Our feed parser against feedparser and fastfeedparser, file by file, over any folder of feeds.

Run it as ``python -m scripts.parser_corpus FOLDER``. For each file it counts the entries that say anything
(a title or a text), each once. Exit 1 when ours finds fewer than the better of the two, or raises; a page
in which none of the three finds an entry may be refused, with its sentence (``--all`` shows these too).
"""

import argparse
import importlib
import io
import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from earmark.errors import SourceError
from sources.feed import parse_feed
from sources.html import text_of

SUFFIXES: Final = {".xml", ".rss", ".rdf", ".atom", ".json", ".feed", ".txt", ".html", ""}
TRACKING: Final = re.compile(r"(?<=[?&])utm_[^&#]*&?")
API_ANSWER: Final = "JSON that is no JSON Feed"
LARGEST: Final = 32_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the three found in one file; ``fault`` is how ours raised, if it did."""

    file: str
    ours: int
    feedparser: int
    fast: int
    fault: str = ""
    crashed: bool = False

    @property
    def is_worse(self) -> bool:
        """Whether ours found fewer than the better of the two, or failed in a way that is no outcome.

        The answer of an API that has a list of items is no feed, though fastfeedparser takes it for one.
        """
        is_api = API_ANSWER in self.fault and self.feedparser == 0
        return self.crashed or (self.ours < max(self.feedparser, self.fast) and not is_api)


def main() -> int:
    """Read every file of the folder with all three and print what differs; 1 when ours is worse anywhere."""
    arguments = argparse.ArgumentParser(description="Compare feed parsers over a folder of feeds.")
    arguments.add_argument("folder", type=Path, help="Folder with feeds, at any depth.")
    arguments.add_argument("--all", action="store_true", help="Print every file, not only the worse ones.")
    given = arguments.parse_args()
    if not given.folder.is_dir():
        print(f"{given.folder} is no folder.", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")  # feedparser's own
    start = time.process_time()
    lines = [compare(path, given.folder) for path in files_of(given.folder)]
    for line in lines:
        if given.all or line.is_worse:
            mark = "WORSE" if line.is_worse else "ok"
            print(
                f"{mark:5} ours {line.ours:5} feedparser {line.feedparser:5} fast {line.fast:5}  {line.file}"
            )
            if line.fault:
                print(f"      {line.fault}")
    worse = sum(line.is_worse for line in lines)
    more = sum(line.ours > max(line.feedparser, line.fast) for line in lines)
    total = {name: sum(getattr(line, name) for line in lines) for name in ("ours", "feedparser", "fast")}
    print(
        f"{len(lines)} files; entries: ours {total['ours']}, feedparser {total['feedparser']}, "
        f"fastfeedparser {total['fast']}; ours finds more in {more} files, fewer or raises in {worse}; "
        f"{time.process_time() - start:.1f} s CPU."
    )
    return 1 if worse else 0


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder that may be feeds, sorted."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES)
    return sorted(path for path in found if path.stat().st_size <= LARGEST)


def compare(path: Path, folder: Path) -> Line:
    """Return what the three find in one file."""
    body = path.read_bytes()
    fault, crashed, ours = "", False, 0
    try:
        ours = len(parse_feed(body, "", "https://corpus.example/feed").events)
    except SourceError as error:
        fault = str(error)
    except Exception as error:  # noqa: BLE001 - this is what the script is there to find
        fault, crashed = f"{type(error).__name__}: {error}", True
    return Line(
        file=str(path.relative_to(folder)),
        ours=ours,
        feedparser=count(by_feedparser, body),
        fast=count(by_fastfeedparser, body),
        fault=fault,
        crashed=crashed,
    )


def count(parser: Callable[[bytes], Iterable[Mapping[str, Any]]], body: bytes) -> int:
    """Return how many entries a parser finds that say anything, each once; none when it raises."""
    try:
        return len({key for entry in parser(body) if (key := identity(entry))})
    except Exception:  # noqa: BLE001 - whatever a parser raises, it found nothing
        return 0


def by_feedparser(body: bytes) -> Iterable[Mapping[str, Any]]:
    """Return feedparser's entries; from a stream, because it would open a path."""
    found: Any = importlib.import_module("feedparser").parse(io.BytesIO(body))
    entries: Iterable[Mapping[str, Any]] = found.entries
    return entries


def by_fastfeedparser(body: bytes) -> Iterable[Mapping[str, Any]]:
    """Return fastfeedparser's entries; an address as a body would be fetched, so it gets none."""
    if body.lstrip()[:4].lower() == b"http":
        return ()
    found: Any = importlib.import_module("fastfeedparser").parse(body)
    entries: Iterable[Mapping[str, Any]] = found["entries"]
    return entries


def identity(entry: Mapping[str, Any]) -> str | None:
    """Return what tells an entry from others, or None when it says nothing."""
    contents = entry.get("content") or [{}]
    text = str(contents[0].get("value") or entry.get("summary") or entry.get("description") or "")
    title = str(entry.get("title") or "")
    if not text_of(title) and not text_of(text):
        return None
    known = entry.get("id"), TRACKING.sub("", str(entry.get("link") or "")).rstrip("?&")
    return json.dumps(known if any(known) else (title, text, entry.get("published")), default=str)


if __name__ == "__main__":
    sys.exit(main())

"""Pictures of the page for the docs: the demo's workspace, served, in a real Chromium.

``python -m scripts.screenshots [FOLDER]`` writes them to docs/screenshots, each at most 200 KB.
"""

import os
import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from monitors import demo
from storage.engine import connect, migrate
from tests.browser.window import FLAGS, chromium_of
from tests.builders import NOW
from tests.review.page.served import Served, served

LARGEST = 200_000  # bytes
MOST_COLOURS = 256
LAPTOP, PHONE = (1366, 768), (390, 844)


@dataclass(frozen=True)
class Picture:
    """One picture: where, how large, light or dark, and what is pressed before."""

    name: str
    path: str
    size: tuple[int, int] = LAPTOP
    scheme: str = "light"
    keys: tuple[str, ...] = ()


DEMO = (
    Picture("today", "/", keys=("j",)),
    Picture("today-dark", "/", scheme="dark", keys=("j", "d")),
    Picture("detail", "/triggers/{trigger}"),
    Picture("conversations", "/conversations"),
    Picture("sources", "/sources"),
    Picture("insights", "/insights"),
    Picture("phone", "/", size=PHONE),
    Picture("phone-detail", "/?pick={trigger}", size=PHONE, scheme="dark"),
)
EMPTY = (Picture("first-run", "/welcome"),)


def main() -> int:
    """Take all pictures; 1 where there is no Chromium or one became too large."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "screenshots"
    path = chromium_of()
    if path is None:
        print("There is no Chromium here; install the package chromium.")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["EARMARK_NOW"] = NOW.isoformat()
    with tempfile.TemporaryDirectory() as held:
        demo.run(Path(held) / "demo")
        bare = Path(held) / "bare"
        bare.mkdir()
        shutil.copy(Path(held) / "demo" / "earmark.toml", bare)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            for workspace, pictures in ((Path(held) / "demo", DEMO), (bare, EMPTY)):
                with _page(workspace) as page:
                    sizes = [_take(browser, page, picture, folder) for picture in pictures]
                if max(sizes) > LARGEST:
                    return 1
            browser.close()
    return 0


@contextmanager
def _page(workspace: Path) -> Iterator[Served]:
    engine = connect(f"sqlite:///{workspace / 'earmark.db'}")
    migrate(engine)
    try:
        with served(workspace, engine) as page:
            yield page
    finally:
        engine.dispose()


def _take(browser: Browser, page: Served, picture: Picture, folder: Path) -> int:
    """Take one picture, and return its size in bytes."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
    )
    context.add_cookies([{"name": page.cookie, "value": page.client.cookies[page.cookie], "url": page.url}])
    tab = context.new_page()
    first = page.get("/").text.partition('data-row="')[2].partition('"')[0]
    tab.goto(page.url + picture.path.format(trigger=first))
    for key in picture.keys:
        tab.keyboard.press(key)
    tab.wait_for_timeout(400)
    file = folder / f"{picture.name}.png"
    file.write_bytes(_with_palette(tab.screenshot()))
    context.close()
    size = file.stat().st_size
    print(f"{file.name}: {size / 1000:.0f} KB")
    return size


def _with_palette(png: bytes) -> bytes:
    """Return a picture with at most 256 colours, near shades made one: a third of its size."""
    chunks = dict(_chunks(png))
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    lines = _unfiltered(zlib.decompress(chunks[b"IDAT"]), width * 3)
    for step in (1, 4, 8, 16, 32):
        pixels = [
            [
                tuple(part // step * 255 // (255 // step) for part in line[at : at + 3])
                for at in range(0, len(line), 3)
            ]
            for line in lines
        ]
        colours = {colour: None for line in pixels for colour in line}
        if len(colours) <= MOST_COLOURS:
            break
    places = {colour: place for place, colour in enumerate(colours)}
    data = b"".join(b"\0" + bytes(places[colour] for colour in line) for line in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    palette = bytes(part for colour in colours for part in colour)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b""))
    return png[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and body of each part, those of the pixels joined."""
    at, pixels = 8, b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size
        if name == b"IDAT":
            pixels += body
        else:
            yield name, body
    yield b"IDAT", pixels


def _unfiltered(data: bytes, width: int) -> list[bytes]:
    """Return the lines of a picture of three bytes a pixel, as they were before PNG's filters."""
    lines: list[bytes] = []
    before = bytes(width)
    for start in range(0, len(data), width + 1):
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + width])
        for at in range(width):
            left, corner = (line[at - 3], before[at - 3]) if at >= 3 else (0, 0)  # noqa: PLR2004 - a pixel
            line[at] = (line[at] + _guess(kind, left, before[at], corner)) & 255
        before = bytes(line)
        lines.append(before)
    return lines


def _guess(kind: int, left: int, above: int, corner: int) -> int:
    """Return what a filter of PNG takes a byte for."""
    if kind < 4:  # noqa: PLR2004 - the number of the filter named after Paeth
        return (0, left, above, (left + above) // 2)[kind]
    guess = left + above - corner
    return min((left, above, corner), key=lambda near: abs(guess - near))


if __name__ == "__main__":
    sys.exit(main())

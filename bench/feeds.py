"""How many times faster ``parse_feed`` is than feedparser as it comes, on one generated corpus, in one run.

Run it as ``python -m bench.feeds``. It prints CPU seconds of both and their ratio; only the ratio travels.
"""

import importlib
import io
import time
from collections.abc import Callable

from sources.feed import parse_feed

_FEEDS = 40
_ENTRIES = 40
_PARAGRAPH = (
    "<p>Norvik Labs closed a <strong>$20 million</strong> Series B led by Oakmere &amp; Sons, with "
    '<a href="https://oakmere.example/fund">Oakmere Growth</a> taking part. The firm, which makes freight '
    "quoting software, says it will double its sales team and replace its home-made tools next year.</p>\n"
)


def _entry(feed: int, number: int) -> str:
    link = f"https://wire{feed}.example/2026/11/{number}"
    return (
        f"<item><title>Norvik Labs {feed}-{number} raises $20 million</title><link>{link}</link>"
        f"<guid>{link}</guid><pubDate>Fri, 20 Nov 2026 09:{number % 60:02d}:00 +0000</pubDate>"
        f"<content:encoded><![CDATA[{_PARAGRAPH * (1 + number % 6)}]]></content:encoded></item>"
    )


def _feed(feed: int) -> bytes:
    entries = "".join(_entry(feed, number) for number in range(_ENTRIES))
    head = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Wire'
    return f'<?xml version="1.0" encoding="utf-8"?>{head} {feed}</title>{entries}</channel></rss>'.encode()


def _seconds(read: Callable[[bytes], int], corpus: list[bytes]) -> float:
    start = time.process_time()
    found = sum(read(body) for body in corpus)
    if found != _FEEDS * _ENTRIES:
        raise SystemExit(f"{found} entries found of {_FEEDS * _ENTRIES}")
    return time.process_time() - start


def _ours(body: bytes) -> int:
    return len(parse_feed(body, "text/xml", "https://wire.example/feed").events)


def main() -> None:
    """Print both times and the ratio, the best of three interleaved rounds each."""
    corpus = [_feed(number) for number in range(_FEEDS)]
    feedparser = importlib.import_module("feedparser")  # by name: only sources.feed may import it
    rounds = [
        (
            _seconds(_ours, corpus),
            _seconds(lambda body: len(feedparser.parse(io.BytesIO(body)).entries), corpus),
        )
        for _ in range(3)
    ]
    ours, theirs = (min(times) for times in zip(*rounds, strict=True))
    size = sum(map(len, corpus)) / 1e6
    print(f"{_FEEDS} feeds, {_FEEDS * _ENTRIES} entries, {size:.1f} MB")
    print(f"earmark {ours:.3f} s CPU, feedparser {theirs:.3f} s CPU: {theirs / ours:.0f} times")


if __name__ == "__main__":
    main()

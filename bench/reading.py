"""What reading an event costs: a headline, an article, a body all of events, and texts made to be slow.

Run ``python -m bench.reading [ACCOUNTS]``. Prints CPU milliseconds an event, the best of several runs, for
``matcher.kinds.claims`` alone and for a whole ``Matcher.read``. The sentences are those of our own cases,
some of whose companies are accounts; the target is 3 ms an event.
"""

import random
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from earmark.types import Account, Lexicon, StoredEvent
from matcher.kinds import claims
from matcher.read import Matcher
from tests.builders import a_stored_event

CASES = Path(__file__).resolve().parents[1] / "tests" / "matcher" / "cases" / "kinds.toml"
BODY = 3_000  # characters
HOSTILE = 50_000  # characters
SYLLABLES = ("nor", "vik", "tel", "mar", "ka", "lu", "ben", "tor", "sa", "qui", "lo", "ra", "fen", "ost")
PROSE = (
    "The company was founded eleven years ago by two engineers who had met at a port authority.",
    "“We have known for a while that our customers wanted this,” said its head of operations on Tuesday.",
    "Analysts had expected as much, though few of them thought that it would come before the summer.",
    "Much of the work is done by hand to this day, and mistakes are found weeks later, if they are found.",
    "People in the trade speak of a market that grows by a tenth each year and has many small firms.",
    "It is not clear yet what this means for those who use the older version, which will be kept for now.",
)
SLOW = {
    "cues alone": "raises acquires names launches ",
    "dollars": "$1 million in $2 billion of ",
    "capitals": "Norvik Quill Tarn Halden ",
    "one word": "a",
    "commas": "Norvik, Quill, and Tarn, ",
    "auxiliaries": "is said to be in talks to ",
    "marks": "... !!! ??? ",
    "quotes": "'s “’ \" ",
    "digits": "1,000,000.",
    "line breaks": "Norvik raises\n",
    "hyphens": "Norvik-backed-",
}


def main(count: int) -> None:
    """Print the figures with this many accounts."""
    chance = random.Random(1)  # the same texts each time
    sentences = [case["text"] for case in tomllib.loads(CASES.read_text("utf-8"))["cases"]]
    matcher = Matcher(Lexicon(accounts={account.id: account for account in _accounts(chance, count)}))
    heads = [_event(text, "") for text in sentences]
    bodies = [_event(chance.choice(sentences), _body(chance, sentences, BODY)) for _ in range(60)]
    print(f"{count:,} accounts; ms an event{'claims':>16}{'read':>8}")
    articles = [_event(chance.choice(sentences), _article(chance, sentences)) for _ in range(60)]
    _print("headline", heads, matcher, 5)
    _print(f"{BODY:,} characters of an article", articles, matcher, 5)
    _print(f"{BODY:,} characters of news", bodies, matcher, 5)
    for name, piece in SLOW.items():
        text = (piece * (HOSTILE // len(piece) + 1))[:HOSTILE]
        _print(f"{HOSTILE // 1000} KB: {name}", [_event(sentences[0], text)], matcher, 2)
    _print(f"{HOSTILE // 1000} KB of news", [_event("", _body(chance, sentences, HOSTILE))], matcher, 2)


def _accounts(chance: random.Random, count: int) -> list[Account]:
    known = ["Norvik Labs", "Quill Partners", "Fennelworks", "Tarn Systems", "Halden Group"]
    names = known + ["".join(chance.choices(SYLLABLES, k=4)).capitalize() + " Labs" for _ in range(count)]
    return [Account(id=f"a{number}", name=name) for number, name in enumerate(names[:count])]


def _body(chance: random.Random, sentences: Sequence[str], size: int) -> str:
    text = ""
    while len(text) < size:
        text += chance.choice(sentences).rstrip(".") + ". "
    return text[:size]


def _article(chance: random.Random, sentences: Sequence[str]) -> str:
    """Return a text as papers print it: now and then a sentence tells an event, the others are prose."""
    text = ""
    while len(text) < BODY:
        text += " ".join((chance.choice(sentences).rstrip(".") + ".", *chance.sample(PROSE, 4))) + "\n\n"
    return text[:BODY]


def _event(title: str, text: str) -> StoredEvent:
    return a_stored_event(title, text=text, url=None)


def _print(name: str, events: Sequence[StoredEvent], matcher: Matcher, runs: int) -> None:
    print(f"{name:30}{_cost(claims, events, runs):16.2f}{_cost(matcher.read, events, runs):8.2f}")


def _cost(work: Callable[[StoredEvent], object], events: Sequence[StoredEvent], runs: int) -> float:
    best = float("inf")
    for _ in range(runs):  # the best run is the least disturbed one
        start = time.process_time()
        for event in events:
            work(event)
        best = min(best, time.process_time() - start)
    return 1000 * best / len(events)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)

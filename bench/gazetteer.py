"""How fast names are found: our trie and flashtext over the same generated names and texts.

Run ``python -m bench.gazetteer [NAMES]``. Prints build seconds, memory and texts a second, for short (200
characters) and long (3,000) texts, the time to add and to remove an account, and the time of a whole
``Matcher.read``. Above 200,000 names flashtext is left out, for it takes gigabytes; the same texts are then
also searched for 50,000 of the names, so that one run shows what so long a list costs.
"""

import gc
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from flashtext import KeywordProcessor  # type: ignore[import-untyped]  # only this bench uses it

from earmark.types import Account, Lexicon, StoredEvent
from matcher.gazetteer import Gazetteer
from matcher.names import names_of
from matcher.normalise import words_of
from matcher.read import Matcher
from tests.builders import a_stored_event

_SYLLABLES = (
    "nor",
    "vik",
    "tel",
    "mar",
    "ka",
    "lu",
    "ben",
    "tor",
    "sa",
    "qui",
    "lo",
    "ra",
    "fen",
    "ost",
    "hal",
)
_OTHERS = (
    "con",
    "ti",
    "pre",
    "ment",
    "ing",
    "der",
    "ex",
    "ly",
    "ous",
    "pro",
    "est",
    "in",
    "al",
    "ness",
    "ive",
)
_ENDS = ("", " Labs", " Systems Ltd", " Group", " Inc.", " GmbH", " Energy", " & Sons", " Holdings plc")
_PLAIN = (
    *(
        "the",
        "of",
        "and",
        "to",
        "in",
        "that",
        "for",
        "on",
        "with",
        "as",
        "by",
        "at",
        "from",
        "it",
        "an",
        "be",
    ),
    *(
        "new",
        "said",
        "its",
        "year",
        "more",
        "after",
        "report",
        "market",
        "plan",
        "week",
        "city",
        "group",
        "people",
    ),
    *(
        "company",
        "growth",
        "price",
        "first",
        "money",
        "service",
        "world",
        "million",
        "police",
        "court",
        "time",
    ),
)

MOST_OF_FLASHTEXT: Final = 200_000
SHORT: Final = 50_000


def _name(chance: random.Random) -> str:
    word = "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 6))).capitalize()
    return word + chance.choice(_ENDS)


def _text(chance: random.Random, names: Sequence[str], length: int) -> str:
    words: list[str] = []
    size = 0
    while size < length:
        rare = chance.random() < 0.3  # noqa: PLR2004 - a third of a text is made of rarer words
        word = "".join(chance.choices(_OTHERS, k=3)) if rare else chance.choice(_PLAIN)
        words.append(word.capitalize() if chance.random() < 0.1 else word)  # noqa: PLR2004 - some capitals
        size += len(word) + 1
    if chance.random() < 0.5:  # noqa: PLR2004 - every other text names a company
        words.insert(len(words) // 2, chance.choice(names))
    return " ".join(words)


def _rates(*works: tuple[Callable[[str], object], Sequence[str]]) -> list[float]:
    """Return texts a second of each, run in turns, so that a busy machine slows all alike."""
    best = [float("inf")] * len(works)
    for _ in range(9):  # the best run is the least disturbed one
        for number, (work, texts) in enumerate(works):
            start = time.process_time()
            for text in texts:
                work(text)
            best[number] = min(best[number], time.process_time() - start)
    return [len(texts) / seconds for (_, texts), seconds in zip(works, best, strict=True)]


def _flashtext(accounts: Sequence[Account]) -> KeywordProcessor:
    processor = KeywordProcessor()
    for account in accounts:
        for words in names_of(account)[0]:
            processor.add_keyword(b" ".join(words).decode(), account.id)
    return processor


def _memory() -> float:
    """Return the megabytes that this process holds; 0 where the system does not say."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 / 1e6 if status.exists() else 0.0


def _listed(chance: random.Random, count: int) -> list[Account]:
    names: set[str] = set()
    while len(names) < count:
        names.add(_name(chance))
    ordered = sorted(names)
    chance.shuffle(ordered)
    return [Account(id=f"a{i}", name=name) for i, name in enumerate(ordered)]


def _built(accounts: Sequence[Account]) -> Gazetteer:
    gc.collect()
    memory, start = _memory(), time.process_time()
    gazetteer = Gazetteer(accounts)
    seconds = time.process_time() - start
    gc.collect()
    print(f"{len(accounts):,} accounts: built in {seconds:.2f} s, {_memory() - memory:,.0f} MB")
    return gazetteer


def _finding(chance: random.Random, accounts: Sequence[Account], gazetteer: Gazetteer) -> None:
    """Print how many texts a second are searched, beside flashtext or beside a short list.

    Each list is searched for its own names, so that a long list is looked at all over.
    """
    long = len(accounts) > MOST_OF_FLASHTEXT
    names = [account.name for account in accounts]
    theirs = None if long else _flashtext(accounts)
    few = _built(accounts[:SHORT]) if long else None
    for kind, length, many in (("short", 200, 4_000), ("long", 3_000, 400)):
        texts = [_text(chance, names, length) for _ in range(many)]
        ours = (lambda text: gazetteer.find(words_of(text)), texts)
        if few is not None:
            known = [_text(chance, names[:SHORT], length) for _ in range(many)]
            all_, less = _rates(ours, (lambda text, few=few: few.find(words_of(text)), known))  # type: ignore[misc]  # the default binds it
            print(f"{kind}: {all_:,.0f} texts/s; {SHORT:,} names {less:,.0f}: {less / all_:.2f} times slower")
        elif theirs is not None:
            rate, flash = _rates(ours, (theirs.extract_keywords, texts))
            print(f"{kind}: {rate:,.0f} texts/s, flashtext {flash:,.0f} texts/s, {rate / flash:.1f} times")


def main(count: int) -> None:
    """Print the figures for this many names."""
    chance = random.Random(1)  # the same texts each time
    accounts = _listed(chance, count)
    gazetteer = _built(accounts)
    _finding(chance, accounts, gazetteer)
    newcomers = [Account(id=f"new{i}", name=f"Newcomer {i} Labs") for i in range(1_000)]
    for word, change in (("added", gazetteer.add), ("removed", gazetteer.remove)):
        start = time.process_time()
        for account in newcomers:
            change(account)
        print(f"one account {word} in {time.process_time() - start:.3f} ms")
    if count <= MOST_OF_FLASHTEXT:
        _reading(chance, accounts)


def _reading(chance: random.Random, accounts: Sequence[Account]) -> None:
    """Print how long a whole reading of an event takes."""
    names = [account.name for account in accounts]
    matcher = Matcher(Lexicon(accounts={account.id: account for account in accounts}))
    for kind, length in (("headline", 80), ("3,000 characters", 3_000)):
        events = [_event(_text(chance, names, 80), _text(chance, names, length)) for _ in range(300)]
        if kind == "headline":
            events = [_event(event.title, "") for event in events]
        for event in events:
            matcher.read(event)
        start = time.process_time()
        for event in events:
            matcher.read(event)
        print(f"read, {kind}: {1000 * (time.process_time() - start) / len(events):.2f} ms")


def _event(title: str, text: str) -> StoredEvent:
    return a_stored_event(title.capitalize(), text=text, url=None)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)

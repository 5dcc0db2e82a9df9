"""How fast names are found: our trie and flashtext over the same generated names and texts.

Run ``python bench/gazetteer.py [NAMES]``. Prints build seconds and texts a second, for short (200
characters) and long (3,000) texts, the time to add an account, and the time of a whole ``Matcher.read``.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence

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


def _name(chance: random.Random) -> str:
    word = "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 5))).capitalize()
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


def _rate(work: Callable[[str], object], texts: Sequence[str]) -> float:
    best = float("inf")
    for _ in range(9):  # the best run is the least disturbed one
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def _flashtext(accounts: Sequence[Account]) -> KeywordProcessor:
    processor = KeywordProcessor()
    for account in accounts:
        for words in names_of(account)[0]:
            processor.add_keyword(b" ".join(words).decode(), account.id)
    return processor


def main(count: int) -> None:
    """Print the figures for this many names."""
    chance = random.Random(1)  # the same texts each time
    names = sorted({_name(chance) for _ in range(count * 2)})
    chance.shuffle(names)
    accounts = [Account(id=f"a{i}", name=name) for i, name in enumerate(names[:count])]
    start = time.process_time()
    gazetteer = Gazetteer(accounts)
    print(f"{len(accounts):,} accounts: built in {time.process_time() - start:.2f} s")
    theirs = _flashtext(accounts)
    for kind, length, many in (("short", 200, 4_000), ("long", 3_000, 400)):
        texts = [_text(chance, names, length) for _ in range(many)]
        ours = _rate(lambda text: gazetteer.find(words_of(text)), texts)
        flash = _rate(theirs.extract_keywords, texts)
        print(f"{kind}: {ours:,.0f} texts/s, flashtext {flash:,.0f} texts/s, {ours / flash:.1f} times")
    start = time.process_time()
    for i in range(1_000):
        gazetteer.add(Account(id=f"new{i}", name=f"Newcomer {i} Labs"))
    print(f"one account added in {time.process_time() - start:.3f} ms")
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

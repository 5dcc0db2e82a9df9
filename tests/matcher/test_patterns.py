"""No pattern of the matcher can blow up, whatever text it meets."""

import pkgutil
import re
import time
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest

import matcher
from matcher.lexicon import language, patterns

PARSER: Any = import_module("re._parser")
CONSTANTS: Any = import_module("re._constants")
REPEATS = {CONSTANTS.MAX_REPEAT, CONSTANTS.MIN_REPEAT}
MANY = 20  # repetitions from which a repeat counts as endless
LENGTH = 600  # characters of the longest sentence that is read
LEAST = 0.15  # seconds: an honest search of so few characters takes a hundredth of that


@cache
def all_patterns() -> tuple[re.Pattern[str], ...]:
    """Every pattern that the matcher compiles: of its modules, of its lexicon, of its frames."""
    found: dict[str, re.Pattern[str]] = {}

    def keep(values: Iterable[object]) -> None:
        for value in values:
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                found[f"{value.flags} {value.pattern}"] = value

    for info in pkgutil.walk_packages(matcher.__path__, "matcher."):
        module = import_module(info.name)
        for value in vars(module).values():
            keep([value])
            keep(value.values() if isinstance(value, dict) else ())
            keep(value if isinstance(value, tuple | list) else ())
    for file in files("matcher.lexicon").iterdir():
        if file.name.endswith(".toml"):
            keep(patterns(file.name.removesuffix(".toml")).values())
    known = language()
    for cue in (cue for cues in known.cues.values() for cue in cues):
        frame = cue.frame
        keep((frame.after, frame.before, frame.near, frame.not_after, frame.not_before, frame.not_near))
    keep(veto.pattern for veto in known.vetoes)
    keep(pattern for less in known.lesser for pattern in (less.head, less.anywhere))
    return tuple(found.values())


def endless_in_endless(tree: Iterable[Any], *, inside: bool = False) -> bool:
    """Say whether a repeat without end holds nothing but another one, as in ``(a+)+``."""
    nodes = list(tree)
    for kind, value in nodes:
        if kind in REPEATS:
            endless = value[1] is CONSTANTS.MAXREPEAT or value[1] >= MANY
            if endless and inside and len(nodes) == 1:
                return True
            if endless_in_endless(value[2], inside=endless):
                return True
        elif kind is CONSTANTS.SUBPATTERN:
            if endless_in_endless(value[3], inside=inside and len(nodes) == 1):
                return True
        elif kind is CONSTANTS.BRANCH and any(
            endless_in_endless(branch, inside=inside and len(nodes) == 1) for branch in value[1]
        ):
            return True
    return False


def hostile(pattern: re.Pattern[str]) -> Iterator[str]:
    """Texts made of the pattern's own words, over and over, that end in what fits nowhere."""
    pieces = sorted(set(re.findall(r"[a-z]{2,}|[$€%,.'\-]", pattern.pattern.lower())), key=len)[-4:]
    for piece in (*pieces, "a", "A", "1", "$1", "A. ", "to ", "Ab ", "1,", " ", "a-", "in talks "):
        for joint in ("", " "):
            run = f"{piece}{joint}"
            yield (run * LENGTH)[:LENGTH] + "\x00"


@pytest.mark.parametrize(
    ("pattern", "blows"),
    [(r"(a+)+$", True), (r"(?:a|b+)*c", True), (r"(?:\w+\s)*$", False), (r"(?:a{1,3})+", False)],
)
def test_a_repeat_that_holds_only_a_repeat_is_seen(pattern: str, *, blows: bool) -> None:
    assert endless_in_endless(PARSER.parse(pattern)) is blows


def test_no_pattern_repeats_a_repeat() -> None:
    assert len(all_patterns()) > 200
    bad = [
        each.pattern for each in all_patterns() if endless_in_endless(PARSER.parse(each.pattern, each.flags))
    ]
    assert bad == []


def test_no_pattern_takes_long_on_a_text_made_against_it() -> None:
    slow: list[tuple[float, str, str]] = []
    for pattern in all_patterns():
        for text in hostile(pattern):
            spent = seconds(pattern, text)
            if spent > LEAST:  # again, for another process may have had the time
                spent = min(seconds(pattern, text) for _ in range(3))
            if spent > LEAST:
                slow.append((spent, pattern.pattern[:80], text[:20]))
    assert slow == []


def seconds(pattern: re.Pattern[str], text: str) -> float:
    start = time.process_time()
    pattern.search(text)
    return time.process_time() - start

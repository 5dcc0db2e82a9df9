"""robots.txt: asked once per host, believed as RFC 9309 has it."""

import asyncio

import pytest

from earmark.contract import Page
from earmark.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from monitors.robots import Robots

RULES = "User-agent: *\nDisallow: /private\n\nUser-agent: earmark\nDisallow: /feed\n"


def allowed(answer: str | SourceError, *paths: str) -> tuple[list[bool], int]:
    asked: list[str] = []

    async def ask(url: str) -> Page:
        asked.append(url)
        if isinstance(answer, SourceError):
            raise answer
        return Page(url=url, status=200, headers={}, body=answer.encode())

    async def look() -> list[bool]:
        robots = Robots(ask)
        return [
            reason is None
            for reason in await asyncio.gather(
                *(robots.refusal(f"https://norvik.example{path}") for path in paths)
            )
        ]

    return asyncio.run(look()), len(asked)


def test_rules_for_us_win_over_those_for_all_and_are_asked_once() -> None:
    assert allowed(RULES, "/feed", "/private", "/blog") == ([False, True, True], 1)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("", True),
        ("<html>not found</html>", True),
        ("\x00\xff: nonsense\nDisallow", True),
        ("User-agent: *\nDisallow: /", False),
        (SourceUnavailable("no such page", status=404), True),
        (SourceRefused("not you", status=403), True),
        (SourceChanged("odd status"), True),
        (SourceUnavailable("busy", status=429), False),
        (SourceUnavailable("broken", status=503), False),
        (SourceUnavailable("no answer"), False),
        (SourceRefused("our own guard"), False),
    ],
)
def test_without_rules_all_is_allowed_and_without_an_answer_nothing(
    answer: str | SourceError, verdict: object
) -> None:
    assert allowed(answer, "/blog")[0] == [verdict]

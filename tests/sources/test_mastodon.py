"""The source kind ``mastodon``: tags of one server, cursors, and people who opted out."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Source, Unchanged
from earmark.testing import FakePoll, SourceContract, events_from
from sources.mastodon import MastodonSource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

SITE = "https://harrow.example"
URL = f"{SITE}/api/v1/timelines/tag/crm?limit=40"


def following(*tags: str, **options: Any) -> MastodonSource:
    return MastodonSource.model_validate({"instance": SITE, "tags": tags or ("crm",)} | options)


class TestContract(SourceContract):
    source: ClassVar[Source] = following("#crm", "helpdesk")
    pages: ClassVar = {f"{URL}&any%5B%5D=helpdesk": page_of("mastodon", "timeline.json")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    return told(following(), {URL: page.read_bytes()})


@pytest.mark.parametrize("page", cases("mastodon"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def timeline(*ids: int) -> bytes:
    return json.dumps(
        [{"id": str(number), "uri": f"u:{number}", "content": "<p>Hm</p>"} for number in ids]
    ).encode()


def test_posts_are_read_back_to_the_last_one_that_is_known() -> None:
    state: dict[str, Any] = {"newest": {"crm": 100, "gone": 5}}
    pages = ByPart({"max_id=161": timeline(*range(160, 110, -1)), "max_id=111": timeline(110, 100)})
    pages[""] = timeline(*range(200, 160, -1))
    poll = FakePoll(pages, now=NOW, state=state)
    assert len(events_from(following(), poll)) == 40 + 50 + 2
    assert len(poll.asked) == 3
    assert state["newest"] == {"crm": 200}


def test_a_first_poll_reads_one_page_and_a_loop_is_left() -> None:
    full = ByPart({"": timeline(*range(240, 200, -1))})
    first = FakePoll(full, now=NOW)
    events_from(following(), first)
    assert len(first.asked) == 1
    looping = FakePoll(full, now=NOW, state={"newest": {"crm": 1}})
    assert len(events_from(following(), looping)) == 40
    assert len(looping.asked) == 2


def test_five_tags_make_a_request_and_an_unchanged_one_does_not_stop_the_others() -> None:
    source = following("a", "b", "c", "d", "e", "f")
    pages = ByPart({"tag/a": Unchanged(), "tag/f": timeline(7)})
    poll = FakePoll(pages, now=NOW)
    assert len(events_from(source, poll)) == 1
    assert len(poll.asked) == source.requests == 2
    assert poll.asked[0].endswith("tag/a?limit=40&any%5B%5D=b&any%5B%5D=c&any%5B%5D=d&any%5B%5D=e")


def test_a_post_with_several_tags_comes_once() -> None:
    assert len(told(following("a", "b", "c", "d", "e", "f"), ByPart({"": timeline(7)}))) == 1


@pytest.mark.parametrize("tags", [["a b"], ["../x"], ["#"], []])
def test_what_is_no_tag_is_refused(tags: list[str]) -> None:
    with pytest.raises(ValueError, match=r"no tag|at least 1"):
        MastodonSource.model_validate({"instance": SITE, "tags": tags})


@pytest.mark.parametrize("state", [{"newest": []}, {"newest": {"crm": "x"}}])
def test_a_state_that_is_none_starts_anew(state: dict[str, Any]) -> None:
    assert len(told(following(), {URL: timeline(9)}, state)) == 1

"""The pages of the exports say what the code does."""

from dataclasses import fields
from pathlib import Path

from earmark.types import Account, Judgement, Past, StoredEvent, Story, Trigger
from exports.jsonl import WHAT
from matcher.outgoing import payload_of
from tests.builders import an_account
from tests.exports.lines import a_trigger

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / "exports" / f"{name}.md").read_text("utf-8")


def test_every_field_of_a_webhook_is_named() -> None:
    account: Account = an_account()
    payload = payload_of(account, Past(account=account), a_trigger())
    assert not [name for name in payload if f"`{name}`" not in page("webhook")]


def test_the_page_of_json_lines_names_what_there_is_and_no_field_that_is_not() -> None:
    text = page("jsonl")
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("|")}
    assert set(WHAT) <= set(rows)
    for name, kind in (("events", StoredEvent), ("stories", Story), ("triggers", Trigger)):
        told = set(rows[name].split("|")[2].split("`")[1::2])
        assert told - {"events"} <= {field.name for field in fields(kind)}
    told = set(rows["judgements"].split("|")[2].split("`")[1::2])
    assert told == {field.name for field in fields(Judgement)}


def test_the_front_page_links_to_pages_that_are_there() -> None:
    text = (DOCS / "exports.md").read_text("utf-8")
    names = {word.split(".md")[0] for word in text.split("(exports/")[1:]}
    assert {"webhook", "slack", "apprise", "csv", "jsonl"} <= names
    own = {"webhook", "slack", "apprise", "csv", "jsonl"}
    assert all((DOCS / "exports" / f"{name}.md").is_file() for name in own)

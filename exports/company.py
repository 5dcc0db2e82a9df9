"""What every CRM is told of an account: our own fields, the words of a task, the mark that finds them again.

Texts carry the id of their trigger in a last line ``ref: …``. What a CRM hands back may be dressed otherwise
(another form of a time, of a number, of markup): ``held`` tells what is still ours.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from earmark.contract import Change, Found, Wanted
from earmark.lifecycle import Stage

__all__ = [
    "KEY",
    "bearing",
    "by_ref",
    "claimed",
    "cut",
    "due_at",
    "held",
    "is_urgent",
    "moment",
    "note_body",
    "own_fields",
    "plain",
    "ref_in",
    "remote_id_of",
    "subject",
    "task_text",
    "unmade",
    "words",
]

KEY: Final = "earmark_account_key"
"""The name of our own field that holds the id of the account."""

_ALIVE: Final = frozenset({Stage.OUTREACH_READY, Stage.CONTACTED, Stage.WARM, Stage.HOT})
_URGENT: Final = 50
_SOON: Final = timedelta(days=1)
_SUMMARY: Final = 1000
_MARK: Final = re.compile(r"ref:\s*(\S+)\s*\Z")
_TAG: Final = re.compile(r"<[^<>]*>")
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def own_fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return our own fields of a company by their names; what the delivery does not know is left out."""
    happened = moment(payload.get("happened_at"))
    told = (words(payload.get("headline")), words(payload.get("why_now")))
    score = payload.get("score")
    fields = {
        KEY: words(payload.get("account")),
        "earmark_stage": words(payload.get("stage")),
        "earmark_trigger_type": words(payload.get("kind")),
        "earmark_trigger_score": f"{score:g}" if isinstance(score, int | float) else "",
        "earmark_trigger_summary": cut("\n".join(filter(None, told)), _SUMMARY),
        "earmark_trigger_url": words(payload.get("link")),
        "earmark_last_trigger_at": f"{happened:%Y-%m-%dT%H:%M:%SZ}" if happened else "",
    }
    return {name: value for name, value in fields.items() if value}


def bearing(payload: Mapping[str, Any]) -> bool:
    """Say whether an account of this stage is worth a new company in the CRM."""
    return payload.get("stage") in _ALIVE


def remote_id_of(payload: Mapping[str, Any], crm: str) -> str | None:
    """Return the CRM's own id of the account, where the user's file has it."""
    ids = payload.get("crm_ids")
    return words(ids.get(crm)) or None if isinstance(ids, Mapping) else None


def subject(payload: Mapping[str, Any], most: int) -> str:
    """Return the one line of a task: whom to call, and what happened."""
    name, headline = words(payload.get("name")), words(payload.get("headline"))
    line = f"Call: {headline}" if name in headline else f"Call {name}: {headline}"
    line = line if headline else f"Call {name}"
    return cut(" ".join(line.split()), most)


def task_text(payload: Mapping[str, Any], ref: str, most: int) -> str:
    """Return the text of a task, its mark in the last line, in at most so many characters."""
    lines = (words(payload.get(name)) for name in ("why_now", "who", "opener", "next", "link"))
    mark = f"ref: {ref}"
    text = cut("\n".join(line for line in lines if line), most - len(mark) - 1)
    return f"{text}\n{mark}" if text else mark


def is_urgent(payload: Mapping[str, Any]) -> bool:
    """Say whether a task comes before others: hot, or with a high score."""
    score = payload.get("score")
    return payload.get("stage") == Stage.HOT or (isinstance(score, int | float) and score >= _URGENT)


def due_at(payload: Mapping[str, Any]) -> datetime | None:
    """Return when to call: a day after the window opens or the account came up, within the window."""
    opens, closes, at = (moment(payload.get(name)) for name in ("opens_at", "closes_at", "at"))
    begins = max(filter(None, (opens, at)), default=None)
    if begins is None:
        return closes
    return min(begins + _SOON, closes) if closes else begins + _SOON


def words(value: Any) -> str:
    """Return a value as text that any CRM takes: no control characters, nothing that is no character."""
    text = "" if value is None else str(value)
    text = text.encode("utf-8", "replace").decode()
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t").strip()


def cut(text: str, most: int) -> str:
    """Return the text in at most so many characters."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip() + "…"


def plain(text: str) -> str:
    """Return what a text with markup says, without the markup."""
    return html.unescape(_TAG.sub(" ", text)).strip()


def note_body(told: Mapping[str, Any], ref: str, most: int) -> str:
    """Return a note as HTML, its mark in the last line, in at most so many characters."""
    dressed = words(told.get("note_html"))
    if len(dressed) <= most and ref_in(dressed) == ref:
        return dressed
    lines = (words(told.get("note_text")) or words(told.get("headline"))).splitlines()
    mark = f"<p>ref: {html.escape(ref)}</p>"
    left = most - len(mark)
    body = []
    for line in lines:
        dressed = f"<p>{html.escape(cut(line, left // 8))}</p>"
        if len(dressed) > left:
            break
        body.append(dressed)
        left -= len(dressed)
    return "".join([*body, mark])


def ref_in(text: Any) -> str | None:
    """Return the trigger that a text of ours is about, by its last line."""
    found = _MARK.search(plain(words(text)))
    return found[1] if found else None


def by_ref(texts: Mapping[str, Any]) -> dict[str, str]:
    """Return the id of the oldest text about each trigger, from texts by their ids in the order of age."""
    found: dict[str, str] = {}
    for remote_id, text in texts.items():
        if ref := ref_in(text):
            found.setdefault(ref, remote_id)
    return found


def moment(value: Any) -> datetime | None:
    """Return the time that a text gives, aware UTC; None when it gives none."""
    text = words(value)
    if not _TIME.match(text):
        return None
    try:
        read = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def held(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the CRM holds, a value in our own form wherever it says the same."""
    same = {name: value for name, value in wanted.items() if name in there and _says(value, there[name])}
    return {**there, **same}


def unmade(wanted: Sequence[Wanted], changes: Sequence[Change], reasons: Mapping[str, str]) -> list[Change]:
    """Return the plan with these companies not made, by key and reason; nor what would hang on them."""
    barred = {
        change.key: reasons[change.key]
        for change in changes
        if change.object == "company" and change.action == "create" and change.key in reasons
    }
    parents = {(one.object, one.key): one.parent for one in wanted}
    return [
        replace(change, action="skip", after={}, reason=reason)
        if (reason := barred.get(_company_of(change, parents)))
        else change
        for change in changes
    ]


def claimed(found: Iterator[tuple[Wanted, Found]]) -> dict[tuple[str, str], Found]:
    """Return what was found for each, a company of the CRM only once: the second account must not take it."""
    takers: dict[str, str] = {}
    kept: dict[tuple[str, str], Found] = {}
    for one, there in found:
        taker = takers.setdefault(there.remote_id, one.key)
        other = taker if taker != one.key else words(there.fields.get(KEY))
        if other and other != one.key:
            there = replace(there, against=f"the CRM has it as the company of the account {other}")  # noqa: PLW2901
        kept[(one.object, one.key)] = there
    return kept


def _company_of(change: Change, parents: Mapping[tuple[str, str], str | None]) -> str:
    return change.key if change.object == "company" else parents.get((change.object, change.key)) or ""


def _says(one: Any, other: Any) -> bool:
    """Say whether two values differ in their dress only."""
    if one is None or other is None:
        return False
    mine, theirs = words(one), words(other)
    if mine == theirs:
        return True
    if (at := moment(mine)) is not None:
        return at == moment(theirs)
    try:
        return float(mine) == float(theirs)
    except ValueError:
        return bool(_letters(mine)) and _letters(mine) == _letters(theirs)


def _letters(text: str) -> str:
    return "".join(sign for sign in plain(text) if sign.isalnum())

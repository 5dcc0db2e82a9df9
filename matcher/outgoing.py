"""Outgoing: what the export targets are told of a change; backfill is listed, never sent by itself."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from earmark.lifecycle import Stage
from earmark.types import Account, Lexicon, Mark, Note, Outgoing, Past, Span, Story, Transition, Trigger
from matcher.agenda import MACHINE
from matcher.layout import as_html, as_markdown, as_text
from matcher.score import LIVE

__all__ = ["outgoing", "payload_of"]


def outgoing(before: Past, after: Past, quiet: Collection[str], lexicon: Lexicon) -> tuple[Outgoing, ...]:
    """Return the deliveries that lead from one past to the next, for every target.

    A promotion goes out once for each account and trigger; news of a trigger that is out goes out when
    its kind, amount, certainty or role changed, unless its story is a ``quiet`` one; and every other change
    of stage, also what the same trigger moves later; and a hot reason that goes to the next rep.
    """
    if after.account is None or not lexicon.targets:
        return ()
    told = [
        *_moves(before, after, after.account),
        *_revisions(before, after, quiet, after.account),
        *_handed_over(before, after, after.account),
    ]
    return tuple(
        Outgoing(target=target, topic=topic, key=key, account=after.account.id, payload=payload)
        for topic, key, payload in told
        for target in lexicon.targets
    )


_News = tuple[str, str, Mapping[str, Any]]


def _moves(before: Past, after: Past, account: Account) -> Iterator[_News]:
    triggers = {trigger.id: trigger for trigger in after.triggers}
    for place, move in enumerate(after.transitions[len(before.transitions) :], start=len(before.transitions)):
        trigger = triggers.get(move.trigger or "")
        silent = move.actor == MACHINE and trigger is not None and trigger.mark is not Mark.LIVE
        if move.before is move.after or silent:
            continue
        payload = payload_of(account, after, trigger) | _moved(move)
        known = any(_promotes(one) and one.trigger == move.trigger for one in after.transitions[:place])
        if trigger is not None and _promotes(move) and not known:
            yield "account.promoted", f"{account.id}:{trigger.id}", payload
        else:
            yield "account.stage_changed", move.id, payload


def _promotes(move: Transition) -> bool:
    ahead = move.after in (Stage.OUTREACH_READY, Stage.HOT)
    return move.undoes is None and ahead and move.before is not move.after


def _revisions(before: Past, after: Past, quiet: Collection[str], account: Account) -> Iterator[_News]:
    if account.stage is not Stage.OUTREACH_READY or account.suppression is not None:
        return
    old = {trigger.id: trigger for trigger in before.triggers}
    for trigger in after.triggers:
        was = old.get(trigger.id)
        if was is None or {was.state, trigger.state} - LIVE or trigger.mark is not Mark.LIVE:
            continue
        if trigger.story in quiet:
            continue  # two tellings became one: nothing new to anybody
        now = _essence(trigger, after)
        if now != _essence(was, before):
            digest = hashlib.sha256(repr(now).encode()).hexdigest()[:12]
            payload = {**payload_of(account, after, trigger), "revised": True}
            yield "account.promoted", f"{account.id}:{trigger.id}:{digest}", payload


def _handed_over(before: Past, after: Past, account: Account) -> Iterator[_News]:
    """Yield each hot reason that went from one rep to the next, for the one who has it now."""
    old = {trigger.id: trigger for trigger in before.triggers}
    for trigger in after.triggers:
        was = old.get(trigger.id)
        offers = (was.offered_to, trigger.offered_to) if was is not None else (None, None)
        if None in offers or offers[0] == offers[1]:
            continue
        told = {"owner": offers[1], "offered_from": offers[0]}
        key = f"{account.id}:{trigger.id}:{trigger.offered_to}:{trigger.offered_at:%Y%m%dT%H%M%S}"
        yield "account.handed_over", key, payload_of(account, after, trigger) | told


def _essence(trigger: Trigger, past: Past) -> tuple[str, ...]:
    """Return what must change for a trigger to be told again."""
    story = _story(trigger, past)
    amounts = [str(fact.value) for fact in story.facts if fact.key in ("amount", "currency")] if story else []
    return (trigger.kind, trigger.certainty, trigger.role, *amounts)


def _story(trigger: Trigger, past: Past) -> Story | None:
    return next((story for story in past.stories if story.id == trigger.story), None)


def _moved(move: Transition) -> dict[str, Any]:
    return {
        "transition": move.id,
        "before": move.before.value,
        "after": move.after.value,
        "cause": move.cause.value,
        "reason": move.reason,
        "at": move.at.isoformat(),
    }


def payload_of(account: Account, past: Past, trigger: Trigger | None) -> dict[str, Any]:
    """Return what a target is told: the account, and the trigger with its note in three forms.

    It is flat and whole: a target needs to ask nothing back, and a table has a column for each key.
    """
    payload: dict[str, Any] = {
        "account": account.id,
        "name": account.name,
        "domain": account.domains[0] if account.domains else None,
        "domains": list(account.domains),
        "aliases": list(account.aliases),
        "industry": account.industry,
        "size": account.size,
        "country": account.country,
        "territory": account.territory,
        "tier": account.tier,
        "owner": account.owner,
        "stage": account.stage.value,
        "crm_ids": dict(account.crm_ids),
    }
    if trigger is None:
        return payload
    story = _story(trigger, past)
    link = next((match.event.url for match in story.matches if match.event.url), None) if story else None
    return payload | {
        "trigger": trigger.id,
        "kind": trigger.kind,
        "polarity": trigger.polarity.value,
        "certainty": trigger.certainty.value,
        "score": trigger.score.total,
        "happened_at": None if trigger.undated else trigger.decays_from.isoformat(),
        "opens_at": trigger.opens_at.isoformat(),
        "closes_at": trigger.closes_at.isoformat(),
        "expires_at": trigger.expires_at.isoformat(),
        "link": link,
        **_told(trigger),
    }


def _told(trigger: Trigger) -> dict[str, Any]:
    """Return what the note says, whole and by its parts."""
    note = trigger.note
    if note is None:
        return {"headline": ""}
    return {
        "headline": note.headline,
        "why_now": _section(note, "why_now"),
        "quote": next((s.quote for s in _quotes(note) if s.field in ("title", "text")), ""),
        "publisher": next((s.quote for s in _quotes(note) if s.field == "publisher"), ""),
        "who": _section(note, "who"),
        "opener": _section(note, "opener"),
        "next": _section(note, "next"),
        "note_text": as_text(note, trigger.score),
        "note_markdown": as_markdown(note, trigger.score),
        "note_html": as_html(note, trigger.score),
    }


def _section(note: Note, section: str) -> str:
    told = [sentence.text for sentence in note.sentences if sentence.section == section]
    return " ".join(text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in told if text)


def _quotes(note: Note) -> Iterator[Span]:
    return (span for sentence in note.sentences if sentence.section == "evidence" for span in sentence.spans)

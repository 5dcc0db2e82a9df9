"""From an event to all that the matcher makes of it: who, what, in which role, how sure, and why."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from earmark.types import Claim, Feature, Lexicon, Match, Mention, Reading, Role, Span, StoredEvent
from matcher import intent, jobs, kinds
from matcher.link import Linker
from matcher.roles import role_in, with_roles
from matcher.unlisted import companies_in

__all__ = ["MOST_ACCOUNTS", "Matcher"]

MOST_ACCOUNTS: Final = 10  # a text that names more is a round-up
_EMPLOYED: Final = re.compile(
    r"\b(?:(?:i|we)(?:['’]m| am|['’]re| are)?\s(?:currently\s)?(?:work|working|employed)\s(?:at|for|with)"
    r"|i\s(?:run|lead|head|manage|handle|oversee|do|am\s(?:in|the|an?))\s(?:[\w&-]+\s){1,4}(?:at|for)"
    r"|(?:here|we|us|(?:my|our) team)\sat|(?:my|our) (?:company|employer),?)\s$",
    re.IGNORECASE,
)
_CARRIED: Final = 0.8  # how much a claim counts for the title's subject when its own sentence names nobody


class Matcher:
    """Reads events against one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._linker = Linker(lexicon)

    def read(self, event: StoredEvent) -> Reading:
        """Return what the event says, about whom; the same event always gives the same reading.

        Every mention, claim and match carries the spans that prove it. A text that names more than ten
        accounts is a round-up: its mentions are kept, and it gives no match.
        """
        links = self._linker.link(event)
        voice = intent.read(event)
        claims = (*kinds.claims(event), *(voice.claims if voice else ()))
        unlisted = companies_in(event, claims, links.mentions) if voice is None else ()
        mentions = with_roles(event, (*links.mentions, *unlisted), job=jobs.is_job(event))
        accounts = {mention.account for mention in mentions if mention.account}
        matches = (
            () if len(accounts) > MOST_ACCOUNTS else tuple(self._matches(event, claims, mentions, voice))
        )
        return Reading(
            event=event,
            mentions=mentions,
            claims=claims,
            matches=matches,
            abstentions=links.abstentions,
            intent=voice.label if voice else None,
            tools=tuple(str(fact.value) for fact in (voice.tools if voice else jobs.job_tools(event))),
            hiring_role=jobs.hiring_role(event),
        )

    def _matches(
        self,
        event: StoredEvent,
        claims: Sequence[Claim],
        mentions: Sequence[Mention],
        voice: intent.Intent | None,
    ) -> Iterator[Match]:
        """Yield each claim with each company whose role its kind takes, the surest mention of each."""
        for claim in claims:
            if voice is not None and claim in voice.claims:
                yield _conversation(event, claim)
                yield from _by_employees(event, claim, mentions)
                continue
            best: dict[str, Match] = {}
            for mention, share in _subjects(claim, mentions):
                role = role_in(claim, mention)
                if role not in self._lexicon.kinds[claim.kind].roles:
                    continue
                match = _match(event, claim, mention, role, share)
                key = mention.account or f"company:{mention.company}"
                if key not in best or match.confidence > best[key].confidence:
                    best[key] = match
            yield from best.values()


def _subjects(claim: Claim, mentions: Sequence[Mention]) -> list[tuple[Mention, float]]:
    """Return the companies that the claim may be about, and how much it counts for them.

    They stand in the sentence of the claim. Where it names none, it is about the subject of the title.
    """
    own = [mention for mention in mentions if _within(mention.span, claim.evidence)]
    if own:
        return [(mention, 1.0) for mention in own]
    if claim.evidence.field == "title":
        return []
    subjects = [m for m in mentions if m.span.field == "title" and m.role in {Role.SUBJECT, Role.ACQUIRER}]
    return [(mention, _CARRIED) for mention in subjects]


def _within(inner: Span, outer: Span) -> bool:
    return inner.field == outer.field and outer.start <= inner.start and inner.end <= outer.end


def _match(event: StoredEvent, claim: Claim, mention: Mention, role: Role, share: float) -> Match:
    return Match(
        event=event,
        account=mention.account,
        company=mention.company,
        kind=claim.kind,
        role=role,
        certainty=claim.certainty,
        facts=claim.facts,
        features=mention.features,
        evidence=(claim.evidence, mention.span),
        confidence=round(mention.confidence * claim.confidence * share * event.trust, 4),
    )


def _conversation(event: StoredEvent, claim: Claim) -> Match:
    """Return the match of somebody who speaks in public: a trigger without an account."""
    return Match(
        event=event,
        account=None,
        kind=claim.kind,
        role=Role.SUBJECT,
        certainty=claim.certainty,
        facts=claim.facts,
        features=(
            Feature(
                name="voice",
                value=1.0,
                weight=1.0,
                sentence="somebody says so in public",
                spans=(claim.evidence,),
            ),
        ),
        evidence=(claim.evidence,),
        confidence=round(claim.confidence * event.trust, 4),
    )


def _by_employees(event: StoredEvent, claim: Claim, mentions: Sequence[Mention]) -> Iterator[Match]:
    """Yield the match of each account that the author says to work at ("we at X", "I work for X")."""
    for mention in mentions:
        text = event.title if mention.span.field == "title" else event.text
        said = _EMPLOYED.search(text, max(0, mention.span.start - 60), mention.span.start)
        if mention.account is None or said is None:
            continue
        span = Span(
            event=event.id,
            field=mention.span.field,
            start=said.start(),
            end=mention.span.end,
            quote=text[said.start() : mention.span.end],
        )
        told = Feature(
            name="self_disclosed",
            value=1.0,
            weight=2.0,
            sentence="the author says to work there",
            spans=(span,),
        )
        match = _match(event, claim, mention, Role.SUBJECT, 1.0)
        yield replace(match, features=(*match.features, told))

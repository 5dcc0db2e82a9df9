"""From an event to all that the matcher makes of it: who, what, in which role, how sure, and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from earmark.triggers import SIGNALS
from earmark.types import Certainty, Claim, Fact, Lexicon, Match, Mention, Reading, Role, Span, StoredEvent
from matcher import intent, jobs, kinds
from matcher.conversations import conversation_matches, with_problem
from matcher.corrections import Correction, corrected
from matcher.link import Linker
from matcher.people import with_champions
from matcher.problems import ProblemMatch, Problems
from matcher.rivals import Rivals
from matcher.roles import role_in, with_roles
from matcher.unlisted import companies_in
from matcher.updates import is_update

__all__ = ["MOST_ACCOUNTS", "Matcher"]

MOST_ACCOUNTS: Final = 10  # a text that names more is a round-up
_SUBJECTS: Final = frozenset({Role.SUBJECT, Role.ACQUIRER, Role.RAISER})
_CARRIED: Final = 0.8  # how much a claim counts for the title's subject when its own sentence names nobody


class Matcher:
    """Reads events against one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._linker = Linker(lexicon)
        self._problems = Problems(lexicon.problems)
        self._rivals = Rivals(lexicon.problems)

    def concerns(self, event: StoredEvent) -> bool:
        """Say whether the event may match an account or be a conversation; of no other is read more.

        Where it does not, all that ``read`` can match are companies that are not on the list.
        """
        return intent.is_conversation(event) or any(
            mention.account for mention in self._linker.link(event).mentions
        )

    def read(self, event: StoredEvent, corrections: Iterable[Correction] = ()) -> Reading:
        """Return what the event says, about whom; the same event always gives the same reading.

        ``corrections`` are what people said of this very text.

        Every mention, claim and match carries the spans that prove it. A text that names more than ten
        accounts is a round-up: its mentions are kept, and it gives no match.
        """
        links = corrected(self._linker.link(event), event, corrections)
        signal = _signal(event)
        voice = None if signal else intent.read(event)
        if voice:
            voice = replace(voice, claims=self._rivals.seen_in(voice.claims))
        told = signal or tuple(_with_facts(claim, event.facts) for claim in kinds.claims(event))
        told = self._rivals.seen_in(told)
        claims = (*told, *(voice.claims if voice else ()))
        unlisted = companies_in(event, claims, links.mentions) if voice is None else ()
        mentions = with_roles(event, (*links.mentions, *unlisted), job=jobs.is_job(event))
        accounts = {mention.account for mention in mentions if mention.account}
        matches: tuple[Match, ...] = ()
        if len(accounts) <= MOST_ACCOUNTS:
            problem = self._problem(event) if told or voice else None
            spoken = conversation_matches(event, voice, mentions, problem) if voice else ()
            matches = (*self._matches(event, told, mentions, problem), *spoken)
        reading = Reading(
            event=event,
            mentions=mentions,
            claims=claims,
            matches=matches,
            abstentions=links.abstentions,
            intent=voice.label if voice else None,
            tools=tuple(str(fact.value) for fact in (voice.tools if voice else jobs.job_tools(event))),
            hiring_role=jobs.hiring_role(event),
        )
        return replace(reading, matches=with_champions(reading, self._lexicon))

    def _problem(self, event: StoredEvent) -> ProblemMatch | None:
        """Return the user's problem that the event voices most surely."""
        return next(iter(self._problems.of(event)), None)

    def _matches(
        self,
        event: StoredEvent,
        claims: Sequence[Claim],
        mentions: Sequence[Mention],
        problem: ProblemMatch | None,
    ) -> Iterator[Match]:
        """Yield each claim with each company whose role its kind takes, the surest mention of each."""
        for claim in claims:
            if is_update(claim):
                continue  # it happened, and is no reason to call
            best: dict[str, Match] = {}
            for mention, share in _subjects(claim, mentions):
                role = role_in(claim, mention)
                if role not in self._lexicon.kinds[claim.kind].roles:
                    continue
                match = with_problem(_match(event, claim, mention, role, share), problem)
                key = mention.account or f"company:{mention.company}"
                if key not in best or match.confidence > best[key].confidence:
                    best[key] = match
            yield from best.values()


def _signal(event: StoredEvent) -> tuple[Claim, ...]:
    """Return the claim of a row whose source says what it is; its words claim nothing beside that."""
    stated = next((SIGNALS.get(str(fact.value)) for fact in event.facts if fact.key == "signal"), None)
    if stated is None:
        return ()
    title = Span(event=event.id, field="title", start=0, end=len(event.title), quote=event.title)
    return (Claim(kind=stated, certainty=Certainty.DONE, evidence=title),)


def _with_facts(claim: Claim, stated: Sequence[Fact]) -> Claim:
    """Return the claim with the facts that the source itself states; these win over what the text says."""
    keys = {fact.key for fact in stated}
    if not keys:
        return claim
    return replace(claim, facts=(*stated, *(fact for fact in claim.facts if fact.key not in keys)))


def _subjects(claim: Claim, mentions: Sequence[Mention]) -> list[tuple[Mention, float]]:
    """Return the companies that the claim may be about, and how much it counts for them.

    They stand in the sentence of the claim. Where it names none, it is about the subject of the title.
    """
    own = [mention for mention in mentions if _within(mention.span, claim.evidence)]
    if own:
        return [(mention, 1.0) for mention in own]
    if claim.evidence.field == "title":
        return []
    subjects = [m for m in mentions if m.span.field == "title" and m.role in _SUBJECTS]
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

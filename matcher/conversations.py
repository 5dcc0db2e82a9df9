"""What somebody says in public, as matches: of no account, and of the one that the author works for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from earmark.types import Certainty, Claim, Feature, Match, Mention, Role, Span, StoredEvent
from matcher.intent import Intent
from matcher.problems import ProblemMatch

__all__ = ["conversation_matches", "whole", "with_problem"]

_EMPLOYED: Final = re.compile(
    r"\b(?:(?:i|we)(?:['’]m| am|['’]re| are)?\s(?:currently\s)?(?:work|working|employed)\s(?:at|for|with)"
    r"|i\s(?:run|lead|manage|head|head up|own|oversee|handle|do)\s(?:(?!former)[\w&/-]+\s){1,4}(?:at|for)"
    r"|(?:i['’]m|i am|as)\s(?:the|an?)\s(?:(?!former|ex)[\w&/-]+\s){1,4}(?:at|for)"
    r"|(?:here|we|us|(?:my|our) team)\sat|(?:my|our) (?:company|employer),?)\s$",
    re.IGNORECASE,
)
_REACH: Final = 60  # characters before a name in which an author says to work there
_BEGINNING: Final = 200  # characters that stand for a text without a title
_RAISED: Final = 0.5  # how much of the doubt about an intent a problem that the user solves takes away
_UNSAID: Final = frozenset({"promotion"})  # who sells has no problem


def conversation_matches(
    event: StoredEvent, voice: Intent, mentions: Sequence[Mention], problem: ProblemMatch | None
) -> Iterator[Match]:
    """Yield the matches of a conversation: of each claim, and of a problem that no claim is about.

    They are of the account for which the author says to work, or a person that they do, or else of none.
    """
    claims = voice.claims
    if not claims and problem is not None and voice.label not in _UNSAID:
        claims = (_claim_of(problem),)
    for claim in claims:
        disclosed = tuple(_by_employees(event, claim, mentions))
        for match in disclosed or (_without_account(event, claim),):
            yield with_problem(match, problem)


def with_problem(match: Match, problem: ProblemMatch | None) -> Match:
    """Return the match as one about the problem, which makes it surer and gives it more reasons."""
    if problem is None:
        return match
    doubt = (match.event.trust - match.confidence) * _RAISED * problem.confidence
    return replace(
        match,
        problem=problem.problem,
        features=(*match.features, *problem.features),
        confidence=round(match.confidence + max(0.0, doubt), 4),
    )


def whole(event: StoredEvent) -> str:
    """Return the words that stand for a text as a whole: its title, or else how it begins."""
    return event.title or event.text[:_BEGINNING]


def _claim_of(problem: ProblemMatch) -> Claim:
    """Return what a post says that only names the problem or a rival: the first words that do."""
    voiced = any(feature.name == "phrase" for feature in problem.features)
    return Claim(
        kind="problem_described" if voiced else "mention_neutral",
        certainty=Certainty.ANNOUNCED,
        evidence=problem.spans[0],
        confidence=problem.confidence,
    )


def _without_account(event: StoredEvent, claim: Claim) -> Match:
    said = Feature(
        name="voice", value=1.0, weight=1.0, sentence="somebody says so in public", spans=(claim.evidence,)
    )
    return Match(
        event=event,
        account=None,
        kind=claim.kind,
        role=Role.SUBJECT,
        certainty=claim.certainty,
        facts=claim.facts,
        features=(said,),
        evidence=(claim.evidence,),
        confidence=round(claim.confidence * event.trust, 4),
    )


def _by_employees(event: StoredEvent, claim: Claim, mentions: Sequence[Mention]) -> Iterator[Match]:
    """Yield the match of each account that the author says to work at ("we at X", "I run finance at X")."""
    for mention in mentions:
        if mention.account is None:
            continue
        if _is_said_of_all(event, mention):
            said: tuple[Feature, ...] = ()
        elif (words := _words_of_employee(event, mention)) is not None:
            feature = Feature(
                name="self_disclosed",
                value=1.0,
                weight=2.0,
                sentence="the author says to work there",
                spans=(words,),
            )
            said = (feature,)
        else:
            continue
        yield Match(
            event=event,
            account=mention.account,
            kind=claim.kind,
            role=Role.SUBJECT,
            certainty=claim.certainty,
            facts=claim.facts,
            features=(*mention.features, *said),
            evidence=(claim.evidence, mention.span) if said else (claim.evidence,),
            confidence=round(mention.confidence * claim.confidence * event.trust, 4),
        )


def _words_of_employee(event: StoredEvent, mention: Mention) -> Span | None:
    """Return the words in which the author says to work there, or None."""
    text = event.title if mention.span.field == "title" else event.text
    said = _EMPLOYED.search(text, max(0, mention.span.start - _REACH), mention.span.start)
    if said is None:
        return None
    return Span(
        event=event.id,
        field=mention.span.field,
        start=said.start(),
        end=mention.span.end,
        quote=text[said.start() : mention.span.end],
    )


def _is_said_of_all(event: StoredEvent, mention: Mention) -> bool:
    """Say whether a person said of the text as a whole, and not of a name in it, that it is the account's."""
    by_a_person = any(feature.name == "said" for feature in mention.features)
    return by_a_person and mention.span.quote == whole(event)

"""Steps: what to do next with an account, by its stage and by how often it was touched; and what to show.

Practice: close together at first, slower later; a warm account hears something weekly; a hot one has
a date.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from earmark.lifecycle import Cause, Stage
from earmark.types import Account, Basis, Lexicon, Note, Proof, Sentence, Transition, Trigger, TriggerState
from matcher.normalise import fold
from matcher.plays import steps_for
from matcher.score import LIVE

__all__ = ["closest_proof", "next_steps", "touches_of", "with_next_steps"]

_BY_STAGE: Final[Mapping[Stage, str]] = MappingProxyType(
    {
        Stage.WARM: "Warm: something useful each week; agree on one next step with a date",
        Stage.HOT: "Hot: answer today; agree on the date of the decision and on who takes part",
    }
)
_ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "demo_requested": "Answer now, to what was asked; offer two times for the demo",
        "replied": "Answer now, to what was written; agree on one next step with a date",
    }
)
"""What to do with what waits for an answer, before all steps of a stage."""
_SAME_PROBLEM: Final = 2
_SAME_INDUSTRY: Final = 1


def next_steps(
    trigger: Trigger, account: Account | None, lexicon: Lexicon, touches: int = 0
) -> Iterator[Sentence]:
    """Say what to do next and until when; ``touches`` is how often contact was made for this reason."""
    field = f"kind:{trigger.kind}"
    stage = account.stage if account else Stage.COLD
    if trigger.kind in _ANSWERS and trigger.state in LIVE and not touches and stage is not Stage.HOT:
        yield Sentence(section="next", text=_ANSWERS[trigger.kind], basis=Basis.PLAY, field=field)
    elif said := _BY_STAGE.get(stage):
        yield Sentence(section="next", text=said, basis=Basis.PLAY, field=f"stage:{stage.value}")
    else:
        play, steps = steps_for(trigger.kind, lexicon.plays, conversation=account is None)
        done = max(touches, int(trigger.state is TriggerState.CONTACTED))
        if done < len(steps):
            text = f"Step {done + 1} of {len(steps)}: {steps[done]}"
        else:
            text = f"All {len(steps)} steps are done: note the outcome, or let it cool"
        yield Sentence(section="next", text=text, basis=Basis.PLAY, field=play)
    times = (
        f"Best time to call: {trigger.opens_at:%Y-%m-%d} to {trigger.closes_at:%Y-%m-%d}; "
        f"the reason ends on {trigger.expires_at:%Y-%m-%d}."
    )
    yield Sentence(section="next", text=times, basis=Basis.PLAY, field=field)


def with_next_steps(
    note: Note, trigger: Trigger, account: Account | None, lexicon: Lexicon, touches: int
) -> Note:
    """Return the note with the steps as they stand now: a stored one knows only of the news it was told."""
    others = [sentence for sentence in note.sentences if sentence.section != "next"]
    return replace(note, sentences=(*others, *next_steps(trigger, account, lexicon, touches)))


def touches_of(trigger: Trigger, moves: Iterable[Transition]) -> int:
    """Return how often contact was logged since the trigger came up, less what was taken back."""
    undone = {move.undoes for move in moves if move.undoes}
    return sum(
        move.cause is Cause.CONTACTED
        and move.undoes is None
        and move.id not in undone
        and move.at >= trigger.created_at
        for move in moves
    )


def closest_proof(proofs: Sequence[Proof], problem: str | None, industry: str | None) -> Proof | None:
    """Return the case study for this problem and industry, or else for one of them, or else for anybody.

    One about another problem or another industry is never told; of equals the first stands.
    """
    fitting = [
        (closeness, -place, proof)
        for place, proof in enumerate(proofs)
        if (closeness := _closeness(proof, problem, industry)) is not None
    ]
    return max(fitting, key=lambda each: each[:2])[2] if fitting else None


def _closeness(proof: Proof, problem: str | None, industry: str | None) -> int | None:
    """Return how close a case study is: None where it is about something else."""
    same_problem = proof.problem is not None and proof.problem == problem
    same_industry = proof.industry is not None and _fits(proof.industry, industry)
    if proof.problem and problem and not same_problem:
        return None
    if (proof.problem or proof.industry) and not (same_problem or same_industry):
        return None
    return _SAME_PROBLEM * same_problem + _SAME_INDUSTRY * same_industry


def _fits(wanted: str, industry: str | None) -> bool:
    """Tell whether the words of one industry stand within the other: "software" and "Computer Software"."""
    wanted_words, words = fold(wanted).split(), fold(industry or "").split()
    return (
        bool(wanted_words)
        and bool(words)
        and (set(wanted_words) <= set(words) or set(words) <= set(wanted_words))
    )

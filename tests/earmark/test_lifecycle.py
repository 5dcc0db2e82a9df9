"""The lifecycle is a table; what is not in it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import LifecycleError
from earmark.lifecycle import TRANSITIONS, Cause, Stage, advance

_UP = (Cause.TRIGGERED, Cause.CONTACTED, Cause.DEMAND_SHOWN, Cause.QUALIFIED, Cause.COMPLAINT_DISCLOSED)
_DOWN = (Cause.TRIGGERS_GONE, Cause.COUNTERED, Cause.LOST, Cause.PATIENCE_ENDED)
_NEITHER = (Cause.MERGED,)  # a person said what is one company; where it stands then is no news of it
_WARMTH = [Stage.COLD, Stage.COOLING, Stage.OUTREACH_READY, Stage.CONTACTED, Stage.WARM, Stage.HOT]


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ([Cause.TRIGGERED, Cause.CONTACTED, Cause.DEMAND_SHOWN, Cause.QUALIFIED], Stage.HOT),
        ([Cause.TRIGGERED, Cause.TRIGGERS_GONE], Stage.COLD),
        ([Cause.COMPLAINT_DISCLOSED], Stage.HOT),
        ([Cause.CONTACTED, Cause.PATIENCE_ENDED, Cause.TRIGGERED], Stage.OUTREACH_READY),
        ([Cause.CONTACTED, Cause.PATIENCE_ENDED, Cause.PATIENCE_ENDED], Stage.COLD),
        ([Cause.QUALIFIED, Cause.LOST], Stage.COOLING),
        ([Cause.TRIGGERED, Cause.COUNTERED], Stage.COLD),
        ([Cause.CONTACTED, Cause.TRIGGERED], Stage.CONTACTED),
        ([Cause.CONTACTED, Cause.TRIGGERS_GONE], Stage.CONTACTED),
    ],
)
def test_a_cold_account_goes_where_its_life_leads(path: list[Cause], end: Stage) -> None:
    stage = Stage.COLD
    for cause in path:
        stage = advance(stage, cause)
    assert stage is end


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("cause", Cause)
def test_good_news_never_cools_and_bad_news_never_warms(stage: Stage, cause: Cause) -> None:
    before, after = _WARMTH.index(stage), _WARMTH.index(advance(stage, cause))
    assert after >= before if cause in _UP else after <= before
    assert cause in _UP or cause in _DOWN or (cause in _NEITHER and before == after)


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_can_be_reached_and_left(stage: Stage) -> None:
    assert any(after is stage and before is not stage for (before, _), after in TRANSITIONS.items())
    assert any(before is stage and after is not stage for (before, _), after in TRANSITIONS.items())


def test_a_reply_lifts_any_stage_to_warm_at_least() -> None:
    assert {advance(stage, Cause.DEMAND_SHOWN) for stage in Stage} == {Stage.WARM, Stage.HOT}
    assert {advance(stage, Cause.QUALIFIED) for stage in Stage} == {Stage.HOT}


def test_the_table_holds_moves_only_and_can_not_be_changed() -> None:
    assert all(before is not after for (before, _), after in TRANSITIONS.items())
    with pytest.raises(TypeError):
        TRANSITIONS[Stage.COLD, Cause.LOST] = Stage.HOT  # type: ignore[index]  # it is what is tested


@given(st.text(), st.text())
def test_an_unknown_stage_or_cause_is_a_bug_and_a_known_pair_never_fails(stage: str, cause: str) -> None:
    known = stage in set(Stage) and cause in set(Cause)
    if known:
        advance(stage, cause)
        return
    with pytest.raises(LifecycleError, match="This is a bug"):
        advance(stage, cause)


def test_stages_and_causes_are_read_from_their_names() -> None:
    assert advance("cold", "triggered") is Stage.OUTREACH_READY
    with pytest.raises(LifecycleError):
        advance("lukewarm", "triggered")
    with pytest.raises(LifecycleError):
        advance("cold", "rain")

"""Views: what is in them, and what they say of what is not."""

import pytest

from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from exports.choice import choose
from exports.profiles import PROFILES
from exports.view import read_view
from tests.builders import NOW, an_account
from tests.exports.lines import a_line


def test_a_view_keeps_what_it_names_and_says_why_not_of_the_rest() -> None:
    hot = a_line(account=an_account("Norvik", stage=Stage.HOT, tier="A", owner="Ida"))
    cold = a_line(account=an_account("Orlo", stage=Stage.OUTREACH_READY, tier="B"))
    assert read_view("stage=hot,warm&tier=a&owner=ida").against(hot) is None
    assert read_view("stage=hot").against(cold) == "its stage is outreach ready"
    assert read_view("owner=ida").against(cold) == "it has no owner"
    assert read_view("?tier=A&tier=B").against(cold) is None
    assert read_view("score_at_least=100").against(hot) == f"its score is {hot.score:.1f}"
    assert read_view("").against(cold) is None


def test_a_file_of_a_view_leaves_the_rest_out_with_the_reason() -> None:
    lines = [
        a_line(account=an_account("Norvik", id="norvik", stage=Stage.HOT)),
        a_line(account=an_account("Orlo", id="orlo", stage=Stage.WARM)),
    ]
    choice = choose(PROFILES["hubspot-companies"], lines, {}, NOW, view=read_view("stage=hot"))
    assert [line.account.name for line in choice.lines if line.account] == ["Norvik"]
    assert [one.reason for one in choice.left_out if one.name == "Orlo"] == ["its stage is warm"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("ownr=ida", "Did you mean 'owner'"), ("x=1", "It may name account"), ("score_at_least=high", "'high'")],
)
def test_a_view_that_can_not_be_read_is_told_with_what_may_stand_there(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_view(text)

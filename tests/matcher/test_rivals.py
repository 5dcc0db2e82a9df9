import pytest

from earmark.types import Lexicon, Problem
from matcher.intent import read
from matcher.kinds import claims
from matcher.read import Matcher
from matcher.rivals import Rivals
from tests.builders import a_stored_event, an_account

THREAD = "https://forum.example.org/t/1"
PROBLEM = Problem(id="invoices", name="Invoices", rivals=("Billhaus", "Doseworks"))
RIVALS = Rivals((PROBLEM,))


def kinds_of(title: str, rivals: Rivals = RIVALS) -> set[str]:
    return {claim.kind for claim in rivals.seen_in(claims(a_stored_event(title)))}


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Ossa Health picks Doseworks for e-prescribing at 40 clinics", "chose_rival"),
        ("Hollin Foods goes live with Billhaus ERP", "chose_rival"),
        ("Tarn Freight will move its payroll from Ledgerly to Billhaus", "chose_rival"),
        ("Tarn Freight will move its payroll from Billhaus to Ledgerly", "tech_switch_or_removal"),
        ("Ossa Health picks Routely for e-prescribing at 40 clinics", "tech_adoption"),
        ("Ossa Health picks Doseworksmith for e-prescribing at 40 clinics", "tech_adoption"),
    ],
)
def test_who_takes_up_a_rivals_product_chose_a_rival(title: str, kind: str) -> None:
    assert kinds_of(title) == {kind}


def test_without_rivals_nobody_chooses_one() -> None:
    assert kinds_of("Hollin Foods goes live with Billhaus ERP", Rivals(())) == {"tech_adoption"}


@pytest.mark.parametrize(
    ("text", "kind", "left", "chosen"),
    [
        ("We used Ledgerly for years. Last month we switched to Billhaus.", "chose_rival", None, "Billhaus"),
        ("We are moving from Billhaus to Ledgerly next month.", "switch_announced", "Billhaus", "Ledgerly"),
        ("We outgrew Billhaus and cancelled Billhaus last week.", "switch_announced", "Billhaus", None),
        ("So we replaced Ledgerly with Tallystone.", "switch_announced", "Ledgerly", "Tallystone"),
    ],
)
def test_a_switch_names_what_is_left_and_what_is_taken_up(
    text: str, kind: str, left: str | None, chosen: str | None
) -> None:
    voice = read(a_stored_event("", text=text, thread_url=THREAD))
    assert voice is not None
    (claim, *_) = RIVALS.seen_in(voice.claims)
    facts = {fact.key: fact for fact in claim.facts}
    assert claim.kind == kind
    for key, value in (("tool_left", left), ("tool_chosen", chosen)):
        assert (facts[key].value if key in facts else None) == value
        if value:
            span = facts[key].span
            assert span is not None
            assert text[span.start : span.end] == value


def test_the_account_that_picks_a_rival_gets_the_match_and_the_rival_none() -> None:
    accounts = {
        name: an_account(id=name.lower().split()[0], name=name) for name in ("Ossa Health", "Doseworks")
    }
    lexicon = Lexicon(accounts={account.id: account for account in accounts.values()}, problems=(PROBLEM,))
    reading = Matcher(lexicon).read(
        a_stored_event("Ossa Health picks Doseworks for e-prescribing at 40 clinics")
    )
    assert [(match.account, match.kind) for match in reading.matches] == [("ossa", "chose_rival")]

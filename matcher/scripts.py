"""Our own plays, for users who have none yet: problem, consequence, question; then an opener."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from earmark.types import Play

__all__ = ["IN_PUBLIC", "PLAYS"]

_ALL = Play(
    id="ours:*",
    talk=("What changed at {account}, and what it makes harder this quarter",),
    opener="I read in {publisher}: “{quote}”. What does that change for your team?",
    steps=(
        "call or write with the opener",
        "three days later, bring the proof point",
        "four days later, ask another of the people above",
        "a week later, share one thing that helps without an answer",
        "two weeks later, ask whether to leave it for now",
    ),
)
IN_PUBLIC = Play(
    id="ours:conversation",
    talk=("Answer the question that was asked, from experience; do not sell, name or link anything",),
    opener="You wrote “{quote}”. What have you tried so far, and where did it stop working?",
    steps=("answer in the thread today", "look in tomorrow and answer what was asked back"),
)
"""Our play for conversations."""

# Kinds that share a play; personas; talk track; opener.
_Row = tuple[str, tuple[str, ...], tuple[str, ...], str]

_ROWS: tuple[_Row, ...] = (
    (
        "funding_seed",
        ("founder", "first operations hire"),
        (
            "Money is there before the processes are: the founders still do everything themselves",
            "What is improvised now is expensive to replace a year later",
            "Ask: which job do you want off the founders' desks first?",
        ),
        "Congratulations on {amount}. Which job do the founders still do by hand that should end?",
    ),
    (
        "funding_early",
        ("VP Sales", "COO", "Head of Operations"),
        (
            "The round pays for people; the tools were chosen for a smaller team",
            "New hires wait for access, data and process, and the plan slips",
            "Ask: what must work by the time the new people start?",
        ),
        "Congratulations on the {round}. What has to work differently before the new people start?",
    ),
    (
        "funding_growth",
        ("COO", "CFO", "CISO"),
        (
            "At this size buyers, auditors and new countries ask for things in writing",
            "Each exception costs the same few people their week",
            "Ask: which requirement slows your largest deals today?",
        ),
        "{amount} brings new countries and stricter customers. Which requirement slows you down today?",
    ),
    (
        "funding_debt_grant",
        ("CFO", "programme lead"),
        (
            "This money is tied to a purpose and has to be accounted for",
            "Milestones that slip put the next instalment at risk",
            "Ask: what do you have to show, and by when?",
        ),
        "I read about the {amount}. What do you have to show for it, and who prepares that?",
    ),
    (
        "ipo_filing",
        ("CFO", "General Counsel", "CISO"),
        (
            "Listed companies prove their controls; private ones only have them",
            "What is missing is found by the auditor, late",
            "Ask: which control do you worry about most?",
        ),
        "On the way to the market I read: “{quote}”. Which control still takes the most manual work?",
    ),
    (
        "acquires divest_spinoff",
        ("COO", "CIO", "Head of Integration"),
        (
            "Two sets of tools, two sets of data, one set of targets",
            "Until they fit, both teams do some of the work twice",
            "Ask: what will be merged first, and what stays as it is?",
        ),
        "I read “{quote}”. What do you merge first, and what stays apart for now?",
    ),
    (
        "acquired_or_merged",
        ("your present contact", "CIO"),
        (
            "The parent's standards arrive sooner or later; nobody likes surprises then",
            "Decisions wait until it is known who decides",
            "Ask, with tact: which choices are still yours this year?",
        ),
        "About the news that “{quote}”: which decisions stay with your team this year?",
    ),
    (
        "earnings_guidance invests_into board_change headcount_milestone rebrand_pivot",
        ("COO", "CFO"),
        (
            "The priorities were said in public; the team has to find the means",
            "Whatever does not serve them loses its budget",
            "Ask: what does this goal need from your team?",
        ),
        "I read “{quote}”. What does that ask of your team in the next two quarters?",
    ),
    (
        "exec_hire promotion",
        ("the new leader", "their chief of staff"),
        (
            "A new leader looks at people and tools in the first three months",
            "What is not settled then stays for years",
            "Ask: what have you already decided to keep, and what is open?",
        ),
        "Congratulations to {person} on the new role. What should look different after the first quarter?",
    ),
    (
        "champion_move",
        ("your champion",),
        (
            "Somebody who knows you starts afresh, with new problems and a new budget",
            "Old habits of the new employer set in within weeks",
            "Ask: what do you miss from your last team?",
        ),
        "Congratulations on the new seat, {person}. What from your last team do you miss already?",
    ),
    (
        "exec_departure",
        ("interim lead", "COO"),
        (
            "Somebody covers two jobs until the successor is there",
            "Projects without an owner stop quietly",
            "Ask: which project must not wait for the successor?",
        ),
        "I read “{quote}”. Which project must not wait until the seat is filled?",
    ),
    (
        "hiring_role hiring_surge",
        ("hiring manager", "Head of the team that hires"),
        (
            "The work is there before the person is",
            "Each month without them costs more than the tool that would bridge it",
            "Ask: what should the new colleague not have to do by hand?",
        ),
        "I read “{quote}”. What should the new colleagues not have to do by hand?",
    ),
    (
        "hiring_names_tool tech_adoption integration",
        ("owner of the tool", "Head of Operations"),
        (
            "The tool is chosen; how it fits the rest is still open",
            "What lies between two tools is done by people",
            "Ask: where do you still copy data by hand?",
        ),
        "I saw that you work with {tool}. Where do people still carry data in or out of it by hand?",
    ),
    (
        "layoffs hiring_freeze",
        ("CFO", "COO"),
        (
            "Fewer people do the same work; costs come first",
            "Whoever stays burns out on what could be left out",
            "Ask, with tact: what can be dropped without harm?",
        ),
        "These are hard weeks (“{quote}”). If one recurring task could disappear, which should it be?",
    ),
    (
        "new_office_or_market facility_capex",
        ("Country Manager", "COO"),
        (
            "New place, new rules, new people, and headquarters far away",
            "What works at home is copied, and fails in the details",
            "Ask: what must run from the first day?",
        ),
        "I read about {location}. What must run there from the first day?",
    ),
    (
        "product_launch is_developing",
        ("Head of Product", "Head of Support", "Head of Marketing"),
        (
            "A launch fills inboxes before it fills the order book",
            "The first weeks decide what customers tell others",
            "Ask: which part of the load worries you most?",
        ),
        "Congratulations on {product}. Which team feels the load of the launch first?",
    ),
    (
        "partnership customer_win award_recognition event_participation",
        ("Head of Partnerships", "Head of Delivery"),
        (
            "Something was promised in public and has to be delivered",
            "A good start is remembered, so is a bad one",
            "Ask: what has to be in place by the first delivery?",
        ),
        "I read “{quote}”. What has to be in place before it really starts?",
    ),
    (
        "gov_contract_award rfp_tender contract_renewal_window",
        ("procurement lead", "programme lead"),
        (
            "The duties and dates are written down and public",
            "Late or incomplete means out, whatever the quality",
            "Ask: which requirement is hardest to prove?",
        ),
        "About “{quote}”: which requirement is the hardest to meet or to prove?",
    ),
    (
        "tech_switch_or_removal vendor_eol vendor_price_change vendor_acquired_or_shut vendor_outage",
        ("owner of the tool", "CIO"),
        (
            "The present tool is in question, and moving takes longer than it seems",
            "Without a plan the renewal date decides",
            "Ask: by when do you have to decide, and who takes part?",
        ),
        "I read “{quote}”. By when do you have to decide what comes next?",
    ),
    (
        "account_outage security_incident legal_or_fine",
        ("CTO", "CISO", "General Counsel"),
        (
            "Be brief and kind: they have other worries today",
            "Afterwards somebody must show what was changed",
            "Ask: who writes the report, and what would help now?",
        ),
        "I read “{quote}” and do not want to add to it. When it is calmer: what should be different?",
    ),
    (
        "regulation_deadline compliance_push",
        ("CISO", "Compliance lead"),
        (
            "The date is fixed; the work is not yet spread",
            "Evidence collected at the end is collected twice",
            "Ask: what is still done in spreadsheets?",
        ),
        "About “{quote}”: which part of the evidence is still collected by hand?",
    ),
    (
        "demo_requested replied",
        ("whoever wrote",),
        (
            "Somebody asks for you now; every hour makes a rival's answer likelier to be the first",
            "Answer what was asked, then agree on one next step with a date",
            "Ask: what made you look into this now, and who else decides?",
        ),
        "About “{quote}”: what made you look into this now, and who else should be in the call?",
    ),
    (
        "engaged",
        ("whoever took part",),
        (
            "Interest in the content is not yet interest in the product",
            "A pitch now ends the conversation before it began",
            "Ask: which part was useful, and what would you have liked to read next?",
        ),
        "About “{quote}”: which part was useful for your work?",
    ),
)

_VOICES = (
    "asks_recommendation",
    "budget_or_timeline_stated",
    "compares_or_alternatives",
    "competitor_complaint",
    "mention_neutral",
    "problem_described",
    "switch_announced",
)


def _plays() -> Iterator[Play]:
    yield _ALL
    for kind in _VOICES:
        yield Play(id=f"ours:{kind}", kind=kind, talk=IN_PUBLIC.talk, opener=IN_PUBLIC.opener)
    for kinds, personas, talk, opener in _ROWS:
        for kind in kinds.split():
            yield Play(id=f"ours:{kind}", kind=kind, personas=personas, talk=talk, opener=opener)


PLAYS: Mapping[str, Play] = MappingProxyType({play.kind: play for play in _plays()})
"""One play for each kind that is a reason to call, and ``*`` for the rest."""

"""The rulebook: what the team decided, as TOML and back.

::

    threshold = 20.0                 # the score, 0 to 100, from which a trigger promotes
    companies = ["Norvik Holding"]   # known companies that are not on the list
    targets = ["crm"]                # exports that take account changes by themselves
    floor = 0.3                      # share of good verdicts under which a kind of a source is throttled

    [patience]                       # days after which a stage cools
    contacted = 21

    [[icp]]
    field = "industry"
    op = "in"
    value = ["software", "logistics"]
    weight = 1.0

    [[problems]]
    id = "slow-onboarding"
    name = "Onboarding takes weeks"
    phrases = ["onboarding takes"]
    rule = 'onboarding NEAR/5 (week OR month) AND NOT title:hiring'     # see docs/rules.md
    examples = ["Our onboarding took six weeks."]                       # must be found
    counterexamples = ["We onboard in a day."]                          # must not

    [[plays]]
    id = "funding"
    kind = "funding_early"
    opener = "Congratulations on the {amount}, {account}."

    [kinds.funding_early]            # what differs from the catalogue
    half_life_days = 30

    [[proofs]]                       # case studies, told to accounts with that problem or industry
    id = "porto-lines"
    text = "Porto Lines cut onboarding from six weeks to four days."
    problem = "slow-onboarding"

    [[compounds]]                    # several reasons together; see docs/scoring.md
    id = "budget_and_seat"
    name = "New money and a seat to fill"
    rule = "funding <= 60 d AND hiring_role(sales) <= 30 d AND NOT layoffs <= 45 d"

    [[reps]]                         # who works the accounts that nobody owns
    id = "ida"
    territories = ["dach"]
    most = 12                        # new accounts a day
    away = [[2026-12-21, 2027-01-02]]
    manager = "olav"

    [[reps]]
    id = "olav"
    most = 0

    [hours]
    zone = "Europe/Berlin"
    begins = 09:00:00
    ends = 18:00:00

    [retention]                      # days
    events_days = 400
"""

from earmark.rulebook.book import Rulebook, parse, render
from earmark.rulebook.conditions import conditions
from earmark.rulebook.sections import (
    Compound,
    Hours,
    IcpRule,
    Kind,
    Play,
    Problem,
    Proof,
    Rep,
    Retention,
)

__all__ = [
    "Compound",
    "Hours",
    "IcpRule",
    "Kind",
    "Play",
    "Problem",
    "Proof",
    "Rep",
    "Retention",
    "Rulebook",
    "conditions",
    "parse",
    "render",
]

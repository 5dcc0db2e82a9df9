"""The catalogue of trigger kinds: what each means, for whom, and how long it lasts.

Half-lives and expiries are defaults drawn from published sales practice; the rulebook overrides them.
``half_life`` halves the freshness, ``opens`` to ``closes`` is the best time to make contact, and at
``expires`` the trigger ends. All run from the day it happened or was published, never from the fetch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

__all__ = ["CATALOGUE", "CONVERSATIONS", "SIGNALS", "Polarity", "TriggerKind"]


class Polarity(StrEnum):
    """What a trigger speaks for: a purchase, care in tone, or no contact at all."""

    BUY = "buy"
    CAUTION = "caution"
    SUPPRESS = "suppress"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerKind:
    """One kind of reason to act.

    ``family`` groups kinds that can tell the same story; ``roles`` are the roles (values of
    ``earmark.types.Role``) whose account the trigger belongs to; ``intent`` (0 to 1) is how strongly
    it speaks for a purchase soon; ``words`` name it for a person.
    """

    key: str
    number: int
    group: str
    family: str
    words: str
    why: str
    polarity: Polarity
    roles: frozenset[str]
    intent: float
    half_life: timedelta
    opens: timedelta
    closes: timedelta
    expires: timedelta


_MONEY, _PEOPLE, _GROWTH = (
    "money and ownership",
    "people and hiring",
    "growth and operations",
)
_TECH, _DUTY, _VOICE = (
    "technology and vendor",
    "obligation and procurement",
    "voice of the buyer",
)
_STOP, _ENGAGED = "suppressor", "engagement"

_SUBJECT = frozenset({"subject"})
_RAISER = frozenset({"raiser", "subject"})
_BUY, _CAUTION, _SUPPRESS = Polarity.BUY, Polarity.CAUTION, Polarity.SUPPRESS

# A row: the number, the key, the family, words, why, polarity, intent, then four durations in days:
# half-life, start and end of the best time to make contact, expiry.
_Row = tuple[int, str, str, str, str, Polarity, float, float, float, float, float]

# fmt: off
# A kind of funding is a size, where the text names no round: so its words name none either.
_ROWS: dict[str, tuple[_Row, ...]] = {
    _MONEY: (
        (1, "funding_seed", "funding", "raised money",
         "first budget, and the founder still decides", _BUY, 0.75, 30, 0, 30, 120),
        (2, "funding_early", "funding", "raised money",
         "go-to-market is built and tools are replaced", _BUY, 0.9, 45, 0, 45, 150),
        (3, "funding_growth", "funding", "raised money",
         "process, compliance and new countries follow", _BUY, 0.85, 60, 0, 60, 180),
        (4, "funding_debt_grant", "funding", "took a loan or a grant",
         "the money is earmarked for a purpose", _BUY, 0.6, 45, 0, 45, 150),
        (5, "ipo_filing", "ipo", "goes public",
         "controls, audit and reporting must be ready", _BUY, 0.7, 90, 0, 120, 270),
        (6, "acquires", "acquisition", "acquires a company",
         "two tool sets must become one", _BUY, 0.7, 60, 0, 90, 210),
        (7, "acquired_or_merged", "acquisition", "is being acquired or merged",
         "the parent may impose its own tools", _CAUTION, 0.4, 60, 0, 90, 365),
        (8, "divest_spinoff", "divestiture", "sells or spins off a unit",
         "the unit needs tools of its own", _BUY, 0.6, 90, 0, 120, 365),
        (9, "earnings_guidance", "earnings", "reported results or guidance",
         "priorities and cost pressure are stated", _BUY, 0.45, 45, 0, 30, 100),
        (10, "invests_into", "investment", "invests in another company",
         "a new initiative stands beside the investment", _BUY, 0.4, 45, 0, 45, 150),
    ),
    _PEOPLE: (
        (11, "exec_hire", "exec_hire", "has a new executive",
         "a new leader reviews the tools in the first 90 days", _BUY, 0.85, 75, 14, 75, 180),
        (12, "exec_departure", "exec_departure", "loses an executive",
         "a champion or a blocker is gone", _BUY, 0.5, 45, 0, 45, 120),
        (13, "promotion", "exec_hire", "promoted a leader", "a fresh mandate", _BUY, 0.6, 60, 7, 60, 150),
        (14, "champion_move", "exec_hire", "hired someone who knows you",
         "a champion with a budget in a new seat", _BUY, 0.95, 90, 14, 90, 210),
        (15, "board_change", "board_change", "changed its board",
         "strategy may shift", _BUY, 0.3, 60, 0, 60, 150),
        (16, "hiring_role", "hiring", "hires for a role",
         "the need is stated and the budget approved", _BUY, 0.65, 21, 0, 30, 60),
        (17, "hiring_surge", "hiring", "hires many people",
         "it scales, and onboarding hurts", _BUY, 0.7, 30, 0, 45, 120),
        (18, "hiring_names_tool", "hiring_names_tool", "asks for a tool in a job posting",
         "it runs or evaluates that tool", _BUY, 0.7, 45, 0, 45, 150),
        (19, "layoffs", "layoffs", "cuts jobs", "costs come first now", _CAUTION, 0.35, 45, 0, 45, 120),
        (20, "hiring_freeze", "hiring_freeze", "stops hiring",
         "budgets have stopped", _SUPPRESS, 0.2, 45, 0, 45, 120),
    ),
    _GROWTH: (
        (21, "new_office_or_market", "expansion", "opens an office or a market",
         "it needs tools and people there", _BUY, 0.7, 60, 0, 45, 180),
        (22, "facility_capex", "expansion", "builds a facility",
         "equipment, IT and safety are bought", _BUY, 0.65, 90, 0, 120, 365),
        (23, "product_launch", "product", "launched a product",
         "marketing, support and infrastructure get busy", _BUY, 0.55, 30, 0, 21, 90),
        (24, "is_developing", "product", "is developing something",
         "early need: build or buy", _BUY, 0.4, 60, 0, 60, 180),
        (25, "partnership", "partnership", "entered a partnership",
         "the ecosystem fits", _BUY, 0.45, 45, 0, 45, 150),
        (26, "integration", "partnership", "integrates with a tool",
         "the stack shows", _BUY, 0.45, 45, 0, 45, 150),
        (27, "customer_win", "customer_win", "won a customer",
         "it must deliver, and it grows", _BUY, 0.5, 45, 0, 45, 150),
        (28, "gov_contract_award", "customer_win", "won a public contract",
         "funded duties with dates", _BUY, 0.65, 90, 0, 90, 365),
        (29, "rebrand_pivot", "rebrand", "rebrands or changes course",
         "site, words and positioning are paid for", _BUY, 0.5, 60, 0, 60, 180),
        (30, "event_participation", "event", "takes part in an event",
         "a reason to meet, with a date", _BUY, 0.35, 21, 0, 30, 45),
        (31, "award_recognition", "award", "won an award",
         "a weak opener, no more", _BUY, 0.2, 14, 0, 14, 45),
        (32, "headcount_milestone", "headcount", "passed a headcount milestone",
         "processes break at this size", _BUY, 0.5, 60, 0, 60, 180),
    ),
    _TECH: (
        (33, "tech_adoption", "technology", "adopts a technology",
         "a complement can be sold", _BUY, 0.55, 60, 0, 60, 180),
        (34, "tech_switch_or_removal", "technology", "leaves a technology",
         "the place of the old tool is open", _BUY, 0.8, 60, 0, 14, 150),
        (35, "vendor_eol", "vendor", "has a vendor that ends a product",
         "it must migrate by a date", _BUY, 0.8, 60, 0, 90, 365),
        (36, "vendor_price_change", "vendor", "has a vendor that changes prices",
         "the renewal will hurt", _BUY, 0.65, 45, 0, 45, 180),
        (37, "vendor_outage", "vendor", "has a vendor with an outage",
         "doubt about the vendor, for days", _BUY, 0.5, 3, 0, 5, 14),
        (38, "vendor_acquired_or_shut", "vendor", "has a vendor that is sold or shut",
         "the road map is at risk", _BUY, 0.65, 60, 0, 60, 270),
        (39, "account_outage", "incident", "had an outage or a recall",
         "its own reliability hurts; be tactful", _BUY, 0.5, 7, 0, 14, 30),
        (40, "security_incident", "incident", "had a security incident",
         "budget is there at once; be tactful", _CAUTION, 0.6, 21, 3, 45, 90),
    ),
    _DUTY: (
        (41, "regulation_deadline", "regulation", "must meet a new rule",
         "the need has a date", _BUY, 0.6, 90, 0, 180, 365),
        (42, "compliance_push", "compliance", "works on a certification",
         "a project with a budget", _BUY, 0.6, 60, 0, 60, 180),
        (43, "legal_or_fine", "legal", "is in court or was fined",
         "something must be repaired; be careful", _CAUTION, 0.35, 45, 7, 60, 180),
        (44, "rfp_tender", "tender", "invites bids",
         "an open purchase with a date", _BUY, 1.0, 60, 0, 30, 60),
        (45, "contract_renewal_window", "renewal", "has a contract that ends",
         "the incumbent can be challenged", _BUY, 0.75, 60, 0, 60, 180),
    ),
    _VOICE: (
        (46, "asks_recommendation", "asks", "asks for a recommendation",
         "the shortlist is made now", _BUY, 0.95, 2, 0, 2, 14),
        (47, "compares_or_alternatives", "asks", "compares tools",
         "late in the choice", _BUY, 0.95, 3, 0, 3, 21),
        (48, "competitor_complaint", "complaint", "complains about a tool",
         "the tool could be replaced", _BUY, 0.85, 5, 0, 5, 30),
        (49, "problem_described", "asks", "describes the problem",
         "a need without a name for it", _BUY, 0.7, 5, 0, 5, 30),
        (50, "switch_announced", "switch", "announces a switch",
         "deciding, or just decided", _BUY, 0.85, 7, 0, 7, 45),
        (51, "budget_or_timeline_stated", "qualifier", "states a budget or a date",
         "it qualifies the request", _BUY, 0.9, 5, 0, 5, 30),
        (52, "mention_neutral", "mention", "mentions you or a rival",
         "context only", _BUY, 0.15, 3, 0, 3, 14),
    ),
    _STOP: (
        (53, "bankruptcy_or_closing", "closing", "goes bankrupt or closes",
         "nobody will buy", _SUPPRESS, 0.0, 180, 0, 365, 365),
        (54, "acquired_by_excluded_parent", "acquisition", "belongs to an excluded parent",
         "the parent is off limits", _SUPPRESS, 0.0, 365, 0, 730, 730),
        (55, "chose_rival", "switch", "chose a rival",
         "the place is taken for now", _SUPPRESS, 0.0, 180, 0, 180, 180),
        (56, "layoff_in_buyer_function", "layoffs", "cuts jobs where the buyer sits",
         "the buyer may be gone", _SUPPRESS, 0.0, 60, 0, 120, 120),
        (57, "opted_out", "suppression", "asked not to be contacted",
         "that is final", _SUPPRESS, 0.0, 3650, 0, 3650, 3650),
        (58, "existing_customer_or_open_deal", "suppression", "is a customer or an open deal",
         "somebody already talks to it", _SUPPRESS, 0.0, 180, 0, 365, 365),
        (59, "retraction_or_correction", "correction", "had its news corrected",
         "the reason may be wrong", _SUPPRESS, 0.0, 30, 0, 60, 60),
        (60, "rumour_denied", "correction", "denied a rumour",
         "the reason is gone", _SUPPRESS, 0.0, 30, 0, 60, 60),
        (61, "old_story_republished", "stale", "is in an old story told again",
         "the reason is stale", _SUPPRESS, 0.0, 7, 0, 14, 14),
        (62, "namesake_release", "stale", "shares its name with another company",
         "the news is about somebody else", _SUPPRESS, 0.0, 7, 0, 14, 14),
    ),
    _ENGAGED: (
        (63, "demo_requested", "demand", "asked for a demo",
         "it wants to see the product now", _BUY, 1.0, 3, 0, 1, 30),
        (64, "replied", "demand", "replied to you", "an answer waits for an answer", _BUY, 1.0, 3, 0, 1, 30),
        (65, "engaged", "engagement", "took up your content",
         "interest in the content, not yet in the product", _BUY, 0.15, 7, 0, 7, 30),
    ),
}
# fmt: on

_ROLES: Mapping[str, frozenset[str]] = {
    "funding_seed": _RAISER,
    "funding_early": _RAISER,
    "funding_growth": _RAISER,
    "funding_debt_grant": _RAISER,
    "acquires": frozenset({"acquirer"}),
    "acquired_or_merged": frozenset({"target"}),
    "invests_into": frozenset({"investor"}),
    "partnership": frozenset({"subject", "partner"}),
    "integration": frozenset({"subject", "partner"}),
    "customer_win": frozenset({"subject"}),
    "mention_neutral": frozenset({"subject", "mention"}),
    "demo_requested": frozenset({"subject", "mention"}),
    "replied": frozenset({"subject", "mention"}),
    "engaged": frozenset({"subject", "mention"}),
}


def _kinds(group: str, rows: Iterable[_Row]) -> Iterable[TriggerKind]:
    for (
        number,
        key,
        family,
        words,
        why,
        polarity,
        intent,
        half,
        opens,
        closes,
        expires,
    ) in rows:
        yield TriggerKind(
            key=key,
            number=number,
            group=group,
            family=family,
            words=words,
            why=why,
            polarity=polarity,
            roles=_ROLES.get(key, _SUBJECT),
            intent=intent,
            half_life=timedelta(days=half),
            opens=timedelta(days=opens),
            closes=timedelta(days=closes),
            expires=timedelta(days=expires),
        )


CATALOGUE: Mapping[str, TriggerKind] = MappingProxyType(
    {kind.key: kind for group, rows in _ROWS.items() for kind in _kinds(group, rows)}
)
"""Every kind by its key: 52 kinds of reason, the suppressors, and what the user's own tools report."""

SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        "demo_request": "demo_requested",
        "reply": "replied",
        "sign_up": "engaged",
        "form": "engaged",
        "attendee": "engaged",
        "comment": "engaged",
    }
)
"""The kind of each signal that a source states as the fact ``signal``: it knows what its rows are."""

CONVERSATIONS: frozenset[str] = frozenset(k.key for k in CATALOGUE.values() if k.group == _VOICE)
"""Kinds that may stand without an account: a person in public, in a forum."""

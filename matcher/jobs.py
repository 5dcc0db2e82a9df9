"""The function and seniority of a job, from its title."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from earmark.types import Fact, HintKind, StoredEvent
from matcher.sentences import span_of

__all__ = ["hiring_role", "is_job", "job_facts", "job_tools"]

_MOST_TOOLS: Final = 12
_HIRING = re.compile(r"\b(?:is|are|we're) hiring\b|\bhiring\s?[|:–-]", re.IGNORECASE)

_SENIORITY: Final = (
    ("ic", r"\b(?:assistant|associate|intern|internship|executive assistant|chief of staff)\b"),
    ("c_level", r"\bchief\b.*\b(?:officer|executive|scientist|economist|architect)\b|\b(?:ceo|cfo|cto|coo|cmo|cio|ciso|cpo|cro|chro|cdo|cco)\b"),
    ("vp", r"\b(?:[se]?vp|vice[ -]president)\b"),
    ("director", r"\bdirector\b|\bhead of\b|\bhead\b(?! (?:nurse|chef|cook|teacher|coach))"),
    (
        "ic",
        r"\b(?:product|program|programme|project|account|partnerships?|partner|customer success|community|social media|case|success)"
        r"\s(?:senior )?manager\b(?!,? (?:of|team))(?<!senior manager)|\blead (?:\w+ ){0,3}(?:engineer|developer|designer|scientist|architect|analyst)\b",
    ),
    ("manager", r"\bmanager\b|\blead\b|\bcontroller\b|\bsupervisor\b|\bteam leader\b"),
)  # fmt: skip
_SENIORITY_RX: Final = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _SENIORITY)
_SENIOR_MANAGER = re.compile(r"\bsenior manager\b", re.IGNORECASE)
_PRODUCT_MARKETING = re.compile(r"\bproduct marketing manager\b", re.IGNORECASE)

# The first that matches decides; the more special stand first.
_FUNCTIONS: Final = (
    ("other", r"\b(?:medical|nurse|physician|doctor|clinical|teacher|tutor|chef|driver|dentist|pharmacist|therapist)\b"),
    ("security", r"\b(?:security|infosec|ciso|appsec|devsecops|penetration|threat|soc analyst|grc)\b(?!.*\bguard\b)"),
    ("legal", r"\b(?:legal|counsel|lawyer|attorney|paralegal|compliance|privacy officer|mlro|aml|regulatory|policy)\b"),
    ("people", r"\b(?:people|human resources|hr|hrbp|talent|recruit\w*|chro|learning and development|payroll specialist|workplace)\b(?!.*\b(?:software|engineer)\b)"),
    ("finance", r"\b(?:financ\w*|account(?:ant|ing)|controller|cfo|fp&a|treasur\w*|tax|audit\w*|bookkeep\w*|payroll|billing|investor relations|actuar\w*)\b"),
    ("sales", r"\b(?:sales|account (?:executive|manager|director)|account management|business development|sdr|bdr|solutions? (?:engineer\w*|consultant|architect)|pre-?sales|cro|chief revenue|partnerships?|partner manager|alliances|client partner|revenue(?! operations))\b"),
    ("support", r"\b(?:support|customer (?:success|experience|service|care|onboarding)|implementation|success|help ?desk|onboarding)\b"),
    ("marketing", r"\b(?:marketing|growth|brand|content|seo|sem|demand gen\w*|communications?|pr\b|public relations|social media|cmo|developer (?:relations|advocate|evangelist)|devrel|community|events?|copywriter|gtm|go-to-market|g2m|paid (?:social|search))\b"),
    ("operations", r"\b(?:operations?|supply chain|logistics|procurement|founder['’]s office|chief of staff|coo\b|warehouse|facilit\w+|office manager|executive assistant|shop manager|store manager|fleet|manufacturing|production planner|plant manager|purchasing|revops)\b(?!.*\b(?:engineer|devops)\b)"),
    ("data", r"\b(?:data|analytics|bi developer|business intelligence|cdo)\b"),
    ("product", r"\b(?:product|designer?|ux|ui|cpo|user research\w*)\b(?!.*\b(?:software engineer|engineer,? product)\b)"),
    ("engineering", r"\b(?:engineer\w*|developer|devops|sre|software|programmer|architect|cto|technolog\w*|full[- ]?stack|back[- ]?end|front[- ]?end|qa|machine learning|ml|ai researcher|research scientist|firmware|hardware|technical lead|tech lead|infrastructure|platform (?:engineer|lead|team)|it\b|scientist)\b"),
)  # fmt: skip
_FUNCTIONS_RX: Final = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _FUNCTIONS)
_DATA_FIRST = re.compile(
    r"\b(?:data|analytics) (?:scientist|engineer|analyst|architect)\b|\banalytics engineer\b", re.IGNORECASE
)
_PRODUCT_OPERATIONS = re.compile(r"\bproduct operations\b", re.IGNORECASE)
_GTM_ENGINEER = re.compile(
    r"\b(?:software|machine learning|ml|site reliability|backend|frontend|full[- ]?stack) (?:\w+ )?engineer\b",
    re.IGNORECASE,
)


def is_job(event: StoredEvent) -> bool:
    """Say whether the event is a job posting: its source named the board, or the title says "is hiring"."""
    return any(hint.kind is HintKind.BOARD for hint in event.hints) or bool(_HIRING.search(event.title))


def hiring_role(event: StoredEvent) -> tuple[str, str] | None:
    """Return (function, seniority) of a job posting's title; None for what is no job posting.

    Functions: sales, engineering, marketing, finance, security, data, people, support, operations,
    product, legal, other. Seniority: c_level, vp, director, manager, ic.
    """
    if not is_job(event) or not event.title.strip():
        return None
    title = _title(event.title)
    return _function(title), _seniority(title)


def job_facts(event: StoredEvent) -> tuple[Fact, ...]:
    """Return the fact ``role`` of a job posting: its title as written."""
    end = len(event.title[:200])
    return (Fact(key="role", value=event.title[:end].strip(), span=span_of(event, "title", 0, end)),)


def job_tools(event: StoredEvent) -> tuple[Fact, ...]:
    """Return a fact ``tool`` for each language, platform or product that a posting names; at most twelve."""
    if not is_job(event):
        return ()
    found: dict[str, Fact] = {}
    for field, text in (("title", event.title[:200]), ("text", event.text[:9000])):
        for match in _technologies().finditer(text):
            if match[0].lower() not in found and len(found) < _MOST_TOOLS:
                span = span_of(event, field, *match.span())
                found[match[0].lower()] = Fact(key="tool", value=span.quote, span=span)
    return tuple(found.values())


@cache
def _technologies() -> re.Pattern[str]:
    """Return a pattern of the product names in the lexicon, the longest first."""
    data = tomllib.loads((files("matcher.lexicon") / "technologies.toml").read_text("utf-8"))
    names = sorted((" ".join(data["names"])).split("|"), key=len, reverse=True)
    alternatives = "|".join(re.escape(name.strip()) for name in names if name.strip())
    return re.compile(rf"(?<![\w.+#/-])(?:{alternatives})(?![\w+#]|\.\w)")


def _title(text: str) -> str:
    # "Coba.example hiring | Marketing lead": the job stands behind the bar.
    after = re.split(r"\bhiring\b[^|:–-]*[|:–-]\s*", text, maxsplit=1, flags=re.IGNORECASE)
    text = after[-1] if after[-1].strip() else text
    return re.sub(r"\([^)]*\)", " ", text[:200])


def _seniority(title: str) -> str:
    if _SENIOR_MANAGER.search(title) or _PRODUCT_MARKETING.search(title):
        return "manager"
    return next((name for name, pattern in _SENIORITY_RX if pattern.search(title)), "ic")


def _function(title: str) -> str:
    if _DATA_FIRST.search(title):
        return "data"
    if _PRODUCT_OPERATIONS.search(title):
        return "operations"
    if _GTM_ENGINEER.search(title) and not re.search(r"\bsecurity\b", title, re.IGNORECASE):
        return "engineering"
    if re.search(
        r"\bproduct (?:manager|designer|owner|lead|and design)\b|\bhead of product\b", title, re.IGNORECASE
    ):
        return "product"
    return next((name for name, pattern in _FUNCTIONS_RX if pattern.search(title)), "other")

"""The voice of a buyer in a forum: who asks, complains, switches, promotes; and which tools are named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from earmark.types import Certainty, Claim, Fact, Span, StoredEvent
from matcher.jobs import hiring_role
from matcher.sentences import Sentence, sentences
from matcher.tools import tools_in

__all__ = ["Intent", "hiring_role", "is_conversation", "read"]

_HOSTS: Final = (
    "reddit.com", "news.ycombinator.com", "lobste.rs", "stackexchange.com", "stackoverflow.com", "serverfault.com",
    "superuser.com", "lemmy", "mastodon", "bsky.app", "discourse", "community.", "forum", "slashdot.org",
    "indiehackers.com", "quora.com", "spiceworks.com",
)  # fmt: skip
_HN_PREFIX = re.compile(r"^\s*(ask|show|tell|launch)\s+hn\b\s*[:–-]?\s*", re.IGNORECASE)

BUYING: Final = frozenset({"seeking_recommendation", "complaint", "switching"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a person in public wants: ``label`` is one of six classes, ``kind`` the voice kind it stands for.

    ``claims`` say it in catalogue kinds: the kind itself, and budget_or_timeline_stated beside it.
    ``tools`` are facts with key ``tool``: products complained about, left, compared or considered.
    """

    label: str
    kind: str | None
    tools: tuple[Fact, ...]
    evidence: Span
    confidence: float
    claims: tuple[Claim, ...] = ()


def is_conversation(event: StoredEvent) -> bool:
    """Say whether a person speaks in a forum rather than a newsroom."""
    if event.thread_url or _HN_PREFIX.match(event.title):
        return True
    host = urlsplit(event.url or "").hostname or ""
    return any(name in host for name in _HOSTS)


def read(event: StoredEvent) -> Intent | None:
    """Return the intent of a forum post; None for everything that is no conversation."""
    if not is_conversation(event):
        return None
    spoken = [sentence for sentence in sentences(event) if sentence.text.strip()]
    if not spoken:
        return None
    label, place, confidence = _label(event, spoken)
    tools = tuple(tools_in(event, spoken, label)) if label in BUYING else ()
    evidence = place.span(event)
    kind = _kind(label, spoken)
    claims = tuple(_claims(event, spoken, kind, evidence, tools, confidence))
    return Intent(
        label=label, kind=kind, tools=tools, evidence=evidence, confidence=confidence, claims=claims
    )


# ── the six classes ──────────────────────────────────────────────────────────────────────────────


def _rx(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\s*\n\s*", "", pattern).replace(" ", r"\s"), re.IGNORECASE)


_OWN_PRODUCT = _rx(
    r"""\b(?:i|we)(?:'ve| have)? (?:just |recently |finally |also |actually )*(?:built|made|created|wrote|developed|launched|released|open[- ]sourced
|coded|designed|founded|started building|been building|been working on|run an?|offer|provide|specialize|put together)\b(?! (?:a mistake|sure|up|an? (?:account|call|appointment|ticket|decision)|the (?:switch|move|call|mistake)|calls?|similar|it clear))
|\bi(?:'m| am) (?:the |a |one of the )?(?:co-?)?(?:founder|owner|creator|maker|developer|author|ceo)\b
|\bmy (?:new |own |first |latest )?(?:startup|start-up|app|saas|side[- ]project|tool|product|extension|plugin|library|company (?:is|does|offers|provides|makes)|agency|game|website)\b(?! (?:is down|crash|keeps|broke))
|\b(?:our|my) (?:ai [\w ]{0,20}|product|platform|solution|software|tool|app|service|agency|team|company) (?:is|at|can|offers?|does|helps?|handles|lets|allows|provides|includes|has|called)\b
|\b(?:dm|pm|message) (?:me|us)\b|\bhit me up\b|\bcheck (?:us|it|me) out\b|\bcheck out (?:our|my)\b|\bdisclaimer: i\b|\b(?:full )?disclosure: (?:i|we)\b|\bi work (?:there|for them|at \w+ and)\b
|\bwe(?:'ve| have) a (?:solution|product|tool)\b|\bwe(?:'re| are) (?:building|launching|a (?:small |us-based |new )?(?:team|company|agency|startup|provider))\b|\bfeedback (?:needed|welcome|appreciated|wanted)\b
|\breview my\b|\bfree trial\b|\bbeta (?:testers|users) (?:wanted|needed)\b|\bas an? [\w ]{0,30}owner myself\b|\bpromo code\b|\bwe offer\b|\bintroducing\b|\buse (?:my )?code\b"""
)
_WARM_TIP = _rx(
    r"""\b(?:i(?:'d| would)? (?:highly |strongly )?(?:recommend|suggest)|check out|worth (?:a look|checking out)|take a look at|have a look at|try|i(?:'m| am) using|i(?:'ve| have) been using)\b.{0,60}(?:https?://|\]\(|\b[\w-]+\.(?:ai|io|com|app|co|net|dev|so)\b)
|\bif you(?:'re| are) looking for .{0,60}\b(?:check out|try|have a look)\b"""
)
_ALTERNATIVE_TITLE = _rx(
    r"^[^?]*\b(?:an?|the|free|open[- ]source|self-host\w+) (?:[\w-]+ ){0,4}alternatives? to\b[^?]*$"
)

_LEAVES = _rx(
    r"""\b(?:switch(?:ed|ing)?|migrat(?:ed|ing|ion|e)|mov(?:ed|ing|e)|transition(?:ed|ing)?|port(?:ed|ing)|convert(?:ed|ing)) (?:\w+ ){0,4}?(?:from|off(?: of)?|away from) (?!(?:<PLACES>)\b)
|\b(?:we|i|they|our team|[a-z]+ we) (?:\w+ ){0,2}(?:switched|migrated|moved over|moved) to (?!(?:<PLACES>|the|a|an|another (?:city|country|state)|new)\b)
|\bso (?:we|i) (?:switched|moved) to\b
|\b(?:i|we) (?:\w+ )?(?:just |recently |finally )?(?:cancel(?:l)?ed|dropped|ditched|left|dumped|quit)\b(?! (?:my|the|a|an|his|her|our|it (?:at|there)) (?:job|industry|company|position|meeting|phone|party|city|house|call|appointment|message|voicemail|order|flight)|( (?:the|my|a) (?:industry|job|company))| a (?:message|review|comment|voicemail))
|\b(?:thinking (?:of|about)|considering|planning (?:on|to)|want(?:ing)? to|looking to|about to|ready to|going to|need to|time to) (?:leav(?:e|ing)|switch(?:ing)?|mov(?:e|ing) (?:off|away|from|to)|migrat(?:e|ing)|replac(?:e|ing)|cancel(?:l?ing)?|ditch(?:ing)?|drop(?:ping)?) (?!(?:my|the) (?:job|industry|company)\b)
|\boutgr(?:owing|own|ew)\b (?:of )?\w|\breplac(?:ed|ing) (?:\w+ ){1,3}with\b|\b(?:our|my) (?:\w+ )?migration (?:from|to|off)\b|\bwhat should (?:i|we) (?:migrate|switch|move) to\b|\bgoodbye,? [A-Z]\w+,? hello\b|\bwhy (?:i|we) (?:left|quit|switched|moved|ditched)\b""".replace(
        "<PLACES>",
        "africa|asia|europe|america|india|china|canada|london|home|house|apartment|city|country|state|abroad|school|college|w2|here|there|scratch|idea|concept|day to day",
    )
)
_SEEKS = _rx(
    r"""\b(?:recommend(?:ation|ations|ed)?|suggest(?:ion|ions)?)\b(?=[^.!]{0,120}\?)|\b(?:any|your) (?:\w+ ){0,2}(?:recommendation|suggestion|alternative)s?\b|\b(?:can|could|would) (?:anyone|someone|you|anybody) (?:please )?(?:recommend|suggest)\b
|^(?:recommend|suggest(?:ion)?s?|recommended|recommendations?|looking for|need(?:ed)?|in search of|iso|seeking|compare)\b(?! (?:co-?founders?|a job|work|help with|advice|interview|feedback))
|\balternatives? (?:to|for)\b|\balternative with\b|\bequivalents? (?:of|to|for)\b|\b(?:replacement|substitute) for\b
|\bbest (?!(?:way|ways|practi[cs]es?|route|routes|approach|advice|time|thing|place|path|part|regards|describe|of luck|case|to |option is|friend|interest|luck|possible|design))(?:[\w/+#.-]+ ){0,5}?(?:for|to (?:use|follow|buy|read)|on|in|after|client|tool|app|software|service|provider|platform|library|framework|host|hosting|crm|erp|editor|vpn|laptop|resource|source|course|book|system|solution)s?\b(?=[^.!]{0,80}(?:\?|$))
|\bwhat (?!(?:is|are) the (?:point|best way))(?:[\w/+#.-]+ ){0,5}?(?:do|are|does|did|would) (?:you|y'all|people|everyone|others|folks|you guys|everybody|most people|we) (?:all |guys |currently |usually |actually )?(?:use|using|recommend|suggest|prefer|go with|rely on|run|like)\b(?! (?:regularly|for years))
|\bwhich (?:[\w/+#.-]+ ){0,4}?(?:do|are|should|would|for)\b (?!you (?:think|learn)|i learn)(?=[^.!]{0,100}\?)
|\b(?:looking|searching|hunting|in the market|shopping) for (?:an?|some|the|any|something|good|affordable|recommendations|suggestions|alternatives)\b(?! (?:co-?founder|partner|job|mentor|work|advice|way|feedback|interview|internship|position|career))
|\b(?:i|we) (?:\w+ )?need (?:an?|some|to find an?) (?:[\w-]+ ){0,5}?(?:tool|app|software|service|provider|platform|number|system|solution|vendor|crm|erp|supplier|plugin|host|consultant|vpn)\b
|\b(?:does|do|has|is|have) (?:anyone|anybody|someone|you guys) (?:know|use|used|using|tried|recommend|here use|have (?:a|any) (?:recommendation|experience with))\b(?= (?:of |any |a |an |if |about |[A-Z])|[^.!]{0,80}\?)
|\b[\w.+#-]{2,} (?:vs\.?|versus) [\w.+#-]{2,}|\bor should i (?:use|go with|get)\b|\bis (?:[\w.+#-]+ ){1,3}?(?:a good|any good|worth (?:it|the)|worth|a viable|the best|better than|still worth)\b(?=[^.!]{0,80}\?)
|^(?:good |any |best )?resources? for\b|\banyone (?:recommend|suggest)\b|\bwho do you (?:use|guys use)\b|\bpourriez-vous me conseiller\b|\bkennt jemand\b|\bempfehlungen?\b|\bkönnt ihr .{0,40}empfehlen\b"""
)
_NOT_SEEK = _rx(
    r"\b(?:best (?:way|practi[cs]es?|route|approach|advice)|what (?:\w+ ){1,2}have you|favou?rite|will (?:be|replace)|should i learn|right (?:way|time))\b"
)
_PAIN = _rx(
    r"""\b(?:terrible|awful|useless|waste of (?:money|time)|frustrat(?:ed|ing|ions?)|sucks?|suck less|horrible|horrendous|worst|unprofessional|never (?:respond|repl|answer|call)\w*|ignored?|crickets|rip[- ]?off|scam(?:med|my)?|overpriced
|(?:way |far |just |got |became |become )*too expensive|billed (?:me )?(?:extra|twice|for)|charged (?:me|us) (?!per)|broken|buggy|crash(?:es|ed|ing)|(?:does ?n[o']t|doesn't|didn't|don't|won't|isn't|stopped) (?:work(?:ing)?|sync\w*|load\w*|connect\w*|answer\w*)
|hate|(?:would|do) not recommend|wouldn't recommend|can(?:not|'t) recommend|stopped using|rude|disappoint\w*|non-?existent|nightmare|garbage|trash|pathetic|unreliable|unusable|is dead|regret|annoy(?:ed|ing|s)|avoid (?:them|this|at all)|stay away|went downhill|lost (?:our|my|all) (?:data|records|files)|outages?|horrid|abysmal|(?:customer )?(?:service|support) (?:is|was|has been) (?:bad|poor|slow|terrible|awful)|not great|long wait times|no response|out of the blue|driv(?:es?|ing) (?:us|me|our \w+(?: \w+)?) (?:mad|crazy|nuts)|pointless|ridiculous)\b
|\b(?:having|have|had|any(?:one)?(?: else)?(?: having)?) (?:\w+ )?(?:problems?|issues?|trouble) with\b|\bis \S+(?: \S+)? down\?|\bdown for (?:everyone|anyone|you)\b|\bis it just me\b|\bn'est pas\b(?= fiable)"""
)
_PRODUCT_TALK = _rx(
    r"""\b(?:customer (?:service|support)|support (?:team|ticket|desk)?|tickets?|billing|billed|subscription|pricing|the app|app|software|service|services|saas|tool|platform|provider|vendor|plan|account|feature|update|upgrade|they|them|their|it|calls?|cancel\w*|sync|api|dashboard|reps?|representative|receptionists?|plugin|browser|site|website)\b"""
)
_ASKS = _rx(
    r"""\?|^(?:how (?:to|do|does|can|should|best|effective)|what(?:'s| is| are)? (?:the )?best (?:way|practi[cs]es?|route)|should (?:i|we)|can (?:i|you|anyone|we)|help\b|is there|where|advice|any (?:plans|tips|advice)|best (?:way|practi[cs]es?|route|approach)|need (?:advice|help)|how)\b|\bhelp me\b|\bany (?:advice|tips|ideas|thoughts|plans)\b|\badvice needed\b|\btips for\b"""
)
_PERSONAL = _rx(
    r"""^(?:how (?:to|do|does|can|should|best|effective|is|are|much)|should|can|could you|is there|where|does|do i|help|advice|which|when)\b
|\bbest (?:way|practi[cs]es?|practises|routes?|approach)\b|\bhow (?:to|do i|do you|can i|should i|many|much)\b|\bshould i\b|\bhelp me\b|\bcan you\b|\bis there (?:a|any)\b|\badvice\b|\btips\b|\bwondering (?:if|how|whether)\b|\bhave you ever\b|\bany plans\b|\bwhat do you (?:say|think)\b
|\bi(?:'m| am) (?:looking|trying|new)\b|\bwhat(?:'s| is) your experience\b|\bproblems?$"""
)
_SHARES = _rx(  # questions to the crowd, for the sake of talk
    r"""^(?:why (?:do|does|are|is|we|i|don't)\b|could|who\b|what (?:makes|are some|are the things|will|problems?|products|does your|do you (?:hate|love|think))|what's (?:your favou?rite|the (?:point|most|worst|craziest|one))|which (?:[\w-]+ ){1,8}will\b|how much time|how do you (?:choose|decide|feel|stay|deal))|\bwhat's one thing\b|\bsolved problem\b|\b(?:most frustrating|favou?rite)\b"""
)


def _label(event: StoredEvent, spoken: list[Sentence]) -> tuple[str, Sentence, float]:
    """Return the class, the sentence that shows it, and how sure that is."""
    prefix = _HN_PREFIX.match(event.title)
    said = prefix[1].lower() if prefix else ""
    if said in {"show", "launch"}:
        return "promotion", spoken[0], 0.95
    title = event.title[prefix.end() if prefix else 0 :].translate(_PLAIN)
    lines = [(sentence, _HN_PREFIX.sub("", sentence.text.translate(_PLAIN))) for sentence in spoken]
    own = _first(_OWN_PRODUCT, lines) or _first(_WARM_TIP, lines)
    if own and not (said == "ask" and "?" in title and not re.search(r"\bmy\b", title, re.IGNORECASE)):
        return "promotion", own, 0.75
    if title and not said and _ALTERNATIVE_TITLE.search(title):
        return "promotion", spoken[0], 0.65
    leaves = _first(_LEAVES, lines)
    pain = _complaint(lines)
    seeks = None if title and _NOT_SEEK.search(title) else _first(_SEEKS, _asking(lines, said))
    if leaves and not (seeks and seeks.place == 0 and leaves.place > 0):
        return "switching", leaves, 0.75
    if seeks:
        return "seeking_recommendation", seeks, 0.75
    if pain:
        return "complaint", pain, 0.65
    asked = _first(_ASKS, lines) if said != "tell" else None
    if said == "ask" or asked:
        first = asked or spoken[0]
        opener = title or lines[0][1]
        personal = _PERSONAL.search(opener) if said == "ask" else True
        if said == "ask" and (_SHARES.search(opener) or not personal):
            return "discussion", first, 0.5
        if event.title or _mostly_asks(lines):
            return "question", first, 0.55
    return "discussion", spoken[0], 0.5


_PLAIN: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})
_Lines = list[tuple[Sentence, str]]


def _first(pattern: re.Pattern[str], lines: _Lines) -> Sentence | None:
    return next((sentence for sentence, plain in lines if pattern.search(plain)), None)


def _asking(lines: _Lines, said: str) -> _Lines:
    """Return the lines that may ask for a product: all of a question, the title, and requests."""
    if said == "ask":
        return lines
    wish = re.compile(
        r"\?|\b(?:looking|searching|need|recommend me|pourriez|any (?:recommend|suggest|alternativ)\w+|anyone)\b",
        re.IGNORECASE,
    )
    return [(sentence, plain) for sentence, plain in lines if wish.search(plain)]


def _complaint(lines: _Lines) -> Sentence | None:
    """Return the line that complains about a product or vendor; anger about people or life is none."""
    whole = " ".join(plain for _, plain in lines)
    for sentence, plain in lines:
        if not _PAIN.search(plain):
            continue
        named = re.search(r"(?<=[a-z,] )[A-Z][a-z]+\w*|\b[\w-]+\.(?:com|ai|io)\b", plain)
        if sentence.place == 0 and (named or re.search(r"\bdown\b", plain, re.IGNORECASE)):
            return sentence
        if sentence.place > 0 and (_PRODUCT_TALK.search(plain) or named) and _USED.search(whole):
            return sentence
    return None


_USED: Final = _rx(
    r"""\b(?:i|we|i've|we've|i'd)(?:'ve| have| had)? (?:\w+ )?(?:used?|using|tried|pay|paid|signed up|subscribed|leased|switched|stopped|got|had|emaild?|called|set up|bought)\b|\b(?:my|our) (?:account|subscription|plan|experience|rep|representative|campaigns?|calls|ticket)\b|\bthey(?:'re| are| were| did| said| never| don't)\b|\b(?:customer service|support)\b|\bdoesn't work\b|\bwould not recommend\b"""
)


def _mostly_asks(lines: _Lines) -> bool:
    """Say whether a comment is a question: it opens or closes with one."""
    told = [plain for _, plain in lines]
    return told[-1].rstrip().endswith("?") or told[0].rstrip().endswith("?")


# ── the voice kinds ──────────────────────────────────────────────────────────────────────────────

_COMPARES = _rx(
    r"\b(?:vs\.?|versus|compar\w+|alternatives?|equivalents?|replacement|better than|anything like|or should)\b"
)
_PROBLEM = _rx(
    r"""\b(?:by hand|manually|spreadsheets?|takes (?:hours|days|forever|ages)|struggl\w+|pain(?:ful| point)?|bottleneck|keeps? (?:forgetting|losing|breaking|failing)|nobody notices|falls? through the cracks|error[- ]prone|time[- ]consuming|tedious|can't keep up|drowning in|mess)\b"""
)
_BUDGET = _rx(
    r"""\b(?:budget(?: is| of|:)?|can spend|willing to (?:pay|spend)|spend (?:about|up to|around)|pay up to|per (?:month|seat|user) max) ?(?:\w+ ){0,3}?[$€£]? ?\d|[$€£]\d[\d,]*k? ?(?:/|per |a )(?:mo|month|seat|user|year)[^.]{0,20}\bbudget
|\b(?:has|have|need|needs|must) (?:it |this |to be |be )*(?:to be )?(?:live|ready|done|up and running|in place|launch(?:ed)?|decide[d]?|switched) (?:before|by|in|within|until)\b|\bby (?:end of|q[1-4]|next (?:month|quarter|week))\b|\bcontract (?:ends|is up|expires|renews)\b|\brenewal (?:is|in|coming)\b"""
)


def _kind(label: str, spoken: list[Sentence]) -> str | None:
    if label == "seeking_recommendation":
        compares = any(_COMPARES.search(sentence.text) for sentence in spoken[:4])
        return "compares_or_alternatives" if compares else "asks_recommendation"
    if label in {"question", "discussion"}:
        first_person = any(re.search(r"\b(?:we|i|our|my)\b", s.text, re.IGNORECASE) for s in spoken)
        return "problem_described" if first_person and any(_PROBLEM.search(s.text) for s in spoken) else None
    return {"complaint": "competitor_complaint", "switching": "switch_announced"}.get(label)


def _claims(
    event: StoredEvent,
    spoken: list[Sentence],
    kind: str | None,
    evidence: Span,
    tools: tuple[Fact, ...],
    confidence: float,
) -> Iterator[Claim]:
    if kind is None:
        return
    certainty = Certainty.ANNOUNCED
    if kind == "problem_described":
        place = next(sentence for sentence in spoken if _PROBLEM.search(sentence.text))
        evidence = place.span(event)
    yield Claim(kind=kind, certainty=certainty, evidence=evidence, facts=tools, confidence=confidence)
    for sentence in spoken:
        stated = _BUDGET.search(sentence.text)
        if stated:
            yield Claim(
                kind="budget_or_timeline_stated",
                certainty=certainty,
                evidence=sentence.span(event),
                facts=tools,
                confidence=round(confidence * 0.9, 3),
            )
            return

"""The forms of English verbs: regular ones by rule, the others by table."""

from collections.abc import Iterator

__all__ = ["forms_of"]

_IRREGULAR = {
    "be": ("is", "was", "being", "been"),
    "become": ("becomes", "became", "becoming", "become"),
    "begin": ("begins", "began", "beginning", "begun"),
    "break": ("breaks", "broke", "breaking", "broken"),
    "bring": ("brings", "brought", "bringing", "brought"),
    "build": ("builds", "built", "building", "built"),
    "buy": ("buys", "bought", "buying", "bought"),
    "choose": ("chooses", "chose", "choosing", "chosen"),
    "cut": ("cuts", "cut", "cutting", "cut"),
    "draw": ("draws", "drew", "drawing", "drawn"),
    "file": ("files", "filed", "filing", "filed"),
    "find": ("finds", "found", "finding", "found"),
    "get": ("gets", "got", "getting", "got"),
    "give": ("gives", "gave", "giving", "given"),
    "go": ("goes", "went", "going", "gone"),
    "grow": ("grows", "grew", "growing", "grown"),
    "have": ("has", "had", "having", "had"),
    "hit": ("hits", "hit", "hitting", "hit"),
    "inject": ("injects", "injected", "injecting", "injected"),
    "land": ("lands", "landed", "landing", "landed"),
    "lay": ("lays", "laid", "laying", "laid"),
    "lead": ("leads", "led", "leading", "led"),
    "leave": ("leaves", "left", "leaving", "left"),
    "let": ("lets", "let", "letting", "let"),
    "lose": ("loses", "lost", "losing", "lost"),
    "make": ("makes", "made", "making", "made"),
    "offload": ("offloads", "offloaded", "offloading", "offloaded"),
    "pay": ("pays", "paid", "paying", "paid"),
    "put": ("puts", "put", "putting", "put"),
    "quit": ("quits", "quit", "quitting", "quit"),
    "sell": ("sells", "sold", "selling", "sold"),
    "set": ("sets", "set", "setting", "set"),
    "shed": ("sheds", "shed", "shedding", "shed"),
    "shut": ("shuts", "shut", "shutting", "shut"),
    "spin": ("spins", "spun", "spinning", "spun"),
    "step": ("steps", "stepped", "stepping", "stepped"),
    "strike": ("strikes", "struck", "striking", "struck"),
    "sue": ("sues", "sued", "suing", "sued"),
    "swear": ("swears", "swore", "swearing", "sworn"),
    "take": ("takes", "took", "taking", "taken"),
    "tap": ("taps", "tapped", "tapping", "tapped"),
    "win": ("wins", "won", "winning", "won"),
    "withdraw": ("withdraws", "withdrew", "withdrawing", "withdrawn"),
}
# Short verbs whose last consonant doubles: "bag" → "bagged".
_DOUBLES = frozenset(
    [
        "bag",
        "ban",
        "drop",
        "grab",
        "nab",
        "net",
        "pin",
        "plan",
        "scrap",
        "ship",
        "slot",
        "snag",
        "snap",
        "stop",
        "swap",
        "tip",
        "trim",
    ]
)
_VOWELS = frozenset("aeiou")


def forms_of(verb: str) -> Iterator[tuple[str, str]]:
    """Yield (form, word) of an English verb: base, s, past, ing, pp."""
    yield "base", verb
    if verb in _IRREGULAR:
        yield from zip(("s", "past", "ing", "pp"), _IRREGULAR[verb], strict=True)
        return
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        third, stem = verb[:-1] + "ies", verb[:-1] + "i"
    else:
        third = verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z")) else "s")
        stem = verb + verb[-1] if verb in _DOUBLES else verb
    past = stem + ("d" if stem.endswith("e") else "ed")
    ing = (verb + verb[-1] if verb in _DOUBLES else verb).removesuffix("e") + "ing"
    if verb.endswith("ee"):
        ing = verb + "ing"
    yield from (("s", third), ("past", past), ("ing", ing), ("pp", past))

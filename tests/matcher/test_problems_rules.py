from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from earmark.types import Hint, HintKind, Problem, StoredEvent
from matcher.normalise import fold, words_of
from matcher.problems import Problems, Removal
from matcher.rule_terms import All, AnyOf, Condition, Form, Near, Node, Not, Words
from matcher.rules import parse
from matcher.trial import check, tried
from matcher.word_forms import root
from tests.builders import a_stored_event, cpu_seconds
from tests.matcher.rule_texts import EVENTS, RULES, WORDS


def a_problem(rule: str = "", **changes: object) -> Problem:
    fields: dict[str, object] = {"id": "x", "name": "X", "rule": rule}
    return Problem(**(fields | changes))  # type: ignore[arg-type]  # fields by name, as the builders do


def finds(rule: str, title: str = "A post", **changes: object) -> bool:
    return bool(Problems([a_problem(rule)]).of(a_stored_event(title, **changes)))


def naive(node: Node, event: StoredEvent) -> bool:
    """Evaluate a rule by trying each place of each word, as the page of rules says it."""
    match node:
        case Words() | Near():
            return bool(naive_places(node, event))
        case Not(of=inner):
            return not naive(inner, event)
        case All(of=parts):
            return all(naive(part, event) for part in parts)
        case AnyOf(of=parts):
            return any(naive(part, event) for part in parts)
        case Condition():
            return naive_condition(node, event)


def naive_condition(node: Condition, event: StoredEvent) -> bool:
    return {
        "site": f".{node.value}/" in f".{event.url or ''}/".replace("https://", "."),
        "author": node.value in fold(event.author or "").split(),
        "language": (event.language or "").split("-")[0] == node.value,
        "company": f" {node.value} " in f" {fold(event.title)} | {fold(event.text)} ",
    }[node.field]


def naive_places(node: Node, event: StoredEvent) -> set[tuple[str, int, int]]:
    if isinstance(node, AnyOf):
        return {place for part in node.of for place in naive_places(part, event)}
    if isinstance(node, Near):
        return {
            (one[0], min(one[1], two[1]), max(one[2], two[2]))
            for one, two in product(naive_places(node.left, event), naive_places(node.right, event))
            if one[0] == two[0] and 0 <= max(one[1], two[1]) - min(one[2], two[2]) <= node.within
        }
    assert isinstance(node, Words)
    found = set()
    for field, text in (("title", event.title), ("text", event.text)):
        words = words_of(text)
        for start in range(len(words) if node.field in ("", field) else 0):
            run = words[start : start + len(node.words)]
            if len(run) == len(node.words) and all(
                same(wanted, word, node.form, last=place == len(run) - 1)
                for place, (wanted, word) in enumerate(zip(node.words, run, strict=True))
            ):
                found.add((field, start, start + len(run)))
    return found


def same(wanted: bytes, word: bytes, form: Form, *, last: bool) -> bool:
    if form is Form.FORMS:
        return root(wanted) == root(word)
    return word.startswith(wanted) if form is Form.PREFIX and last else word == wanted


@given(RULES, EVENTS)
def test_a_rule_holds_where_trying_every_place_says_so(rule: str, event: StoredEvent) -> None:
    try:
        problems = Problems([a_problem(rule)])
    except ConfigError as fault:
        assert "names no words" in str(fault)  # noqa: PT017 - a made rule may be all NOTs; it has no other fault
        return
    found = problems.of(event)
    assert bool(found) == naive(parse(rule), event)
    for match in found:
        assert match.spans
        for span in match.spans:
            assert getattr(event, span.field)[span.start : span.end] == span.quote != ""
    assert not (found and problems.removed(event))


@given(st.lists(RULES, min_size=2, max_size=6), EVENTS)
def test_many_rules_in_one_index_find_what_each_finds_alone(rules: list[str], event: StoredEvent) -> None:
    problems = []
    for number, rule in enumerate(rules):
        problem = a_problem(rule, id=str(number))
        try:
            Problems([problem])
        except ConfigError:
            continue  # a made rule may be all NOTs
        problems.append(problem)
    together = {match.problem: match for match in Problems(problems).of(event)}
    alone = {match.problem: match for problem in problems for match in Problems([problem]).of(event)}
    assert together == alone


@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, max_size=10))
def test_a_phrase_is_found_with_up_to_two_words_between(phrase: list[str], text: list[str]) -> None:
    roots, wanted = [root(*words_of(word)) for word in text], [root(*words_of(word)) for word in phrase]

    def goes_on(place: int, at: int) -> bool:
        if place == len(wanted):
            return True
        near = range(at + 1, min(at + 4, len(roots)))
        return any(roots[number] == wanted[place] and goes_on(place + 1, number) for number in near)

    expected = any(roots[at] == wanted[0] and goes_on(1, at) for at in range(len(roots)))
    problem = Problem(id="x", name="X", phrases=(" ".join(phrase),))
    assert bool(Problems([problem]).of(a_stored_event("", text=" ".join(text)))) == expected


@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("call", ["calls", "called", "calling"]),
        ("close", ["closes", "closed", "closing"]),
        ("company", ["companies"]),
        ("plan", ["plans", "planned", "planning"]),
        ("miss", ["misses", "missed", "missing"]),
        ("box", ["boxes", "boxed"]),
        ("try", ["tried", "tries", "trying"]),
        ("cookie", ["cookies"]),
        ("day", ["days"]),
        ("agree", ["agrees"]),
        ("job", ["jobs"]),
    ],
)
def test_the_forms_of_a_word_share_their_root(word: str, others: list[str]) -> None:
    assert {root(other.encode()) for other in others} == {root(word.encode())}


@pytest.mark.parametrize(
    ("one", "other"), [("new", "news"), ("bus", "bu"), ("cook", "cookie"), ("need", "ne")]
)
def test_other_words_have_other_roots(one: str, other: str) -> None:
    assert root(one.encode()) != root(other.encode())


def test_terms_hold_as_the_page_of_rules_says() -> None:
    assert finds("call", "They called us")
    assert not finds('"call"', "They called us")
    assert finds("onboard*", "Onboarding drags")
    assert finds("month-end", "Month ends are long")
    assert not finds("title:slow", "A post", text="slow")
    assert finds("text:slow", "A post", text="so SLOW!")
    assert finds("slow NEAR/1 close", "The close was slow")
    assert not finds("slow NEAR/1 close", "Close, they say, was slow")
    assert not finds("slow NEAR/5 close", "slow", text="close")
    assert not finds("slow NEAR/5 slow", "slow")


def test_conditions_hold_as_the_page_of_rules_says() -> None:
    assert finds("post AND author:lind", author="Ada Lind")
    assert not finds("post AND author:lin", author="Ada Lind")
    assert finds("post AND site:news.example", url="https://de.news.example/a")
    assert not finds("post AND site:news.example", url="https://fakenews.example/a")
    assert not finds("post AND site:news.example", url=None)
    assert finds("post AND language:de", language="de-AT")
    assert not finds("post AND language:de", language=None)
    assert finds("post AND NOT language:de", language=None)
    assert finds('post AND company:"Norvik Labs"', text="At Norvik Labs' office")
    assert finds(
        "post AND company:norvik.example", hints=(Hint(kind=HintKind.DOMAIN, value="norvik.example"),)
    )
    assert not finds("post AND NOT company:norvik", text="Norvik again")


def test_the_words_that_make_a_rule_hold_are_shown() -> None:
    event = a_stored_event("A post", text="Closing takes weeks. The phones are slow.")
    (match,) = Problems([a_problem("clos* NEAR/2 week AND (phone OR fax)")]).of(event)
    assert [span.quote for span in match.spans] == ["Closing takes weeks", "phones"]
    assert match.features[0].sentence == "It says “Closing takes weeks”."


def test_what_takes_a_problem_out_is_told() -> None:
    rule = 'call AND NOT hiring AND NOT "cold call"'
    problems = Problems([a_problem(rule, not_phrases=("of the week",))])

    def clauses(title: str) -> tuple[str, ...]:
        (removal,) = problems.removed(a_stored_event(title))
        assert isinstance(removal, Removal)
        return removal.clauses

    assert clauses("We are hiring: missed calls") == ("NOT hiring",)
    assert clauses("Hiring for a cold call") == ('NOT "cold call"', "NOT hiring")
    assert clauses("Call of the week") == ("of the week",)
    assert problems.removed(a_stored_event("Missed calls")) == ()
    assert problems.removed(a_stored_event("We are hiring")) == ()


def test_a_trial_counts_what_is_found_and_what_each_not_takes_out() -> None:
    titles = [
        "Missed calls",
        "Hiring for calls",
        "Calls, calls",
        "Hiring",
        "We hire to call",
        "Calling",
        "calls",
    ]
    (trial,) = tried(map(a_stored_event, titles), [a_problem("call AND NOT (hire OR hiring)")])
    assert trial.matched.count == 4
    assert trial.matched.samples == [
        "“calls” in “Missed calls”", "“Calls” in “Calls, calls”", "“Calling” in “Calling”"
    ]  # fmt: skip
    ((clause, removed),) = trial.removed.items()
    assert clause == "NOT (hire OR hiring)"
    assert (removed.count, removed.samples) == (2, ["“Hiring for calls”", "“We hire to call”"])


def test_sentences_beside_a_problem_are_checked_without_author_site_and_language() -> None:
    check([
        a_problem(
            "text:call AND NOT site:ads.example AND language:en AND title:miss",
            examples=("We miss calls.",),
            counterexamples=("We call.", ""),
        )
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (a_problem("call", examples=("We phone.",)), "misses its example “We phone.”: nothing in it matches"),
        (a_problem("call AND NOT us", examples=("Call us.",)), "“Call us.”: NOT us takes it out"),
        (a_problem("call", not_phrases=("cold",), examples=("Cold call",)), "“Cold call”: cold takes it out"),
        (a_problem("call", counterexamples=("They called.",)), "counterexample “They called.”, by “called”."),
        (a_problem("call AND NOT company:norvik", examples=("Norvik calls",)), "takes it out"),
        (a_problem("call AND"), "The rule is wrong at character 9: expected a word"),
        (a_problem(phrases=("a " * 61,)), "has more than 60 words"),
    ],
)
def test_what_a_problem_gets_wrong_is_told(problem: Problem, says: str) -> None:
    with pytest.raises(ConfigError) as fault:
        check([problem])
    assert str(fault.value).startswith("Problem 'x'")
    assert says in str(fault.value)


@pytest.mark.parametrize(
    "rule",
    [
        " AND ".join(["a"] * 60),
        f'"{"a " * 60}"',
        f"a NEAR/50 ({' OR '.join(['a'] * 59)})",
        " OR ".join(f'a NEAR/{number} (a OR "a a")' for number in range(15)),
        " AND ".join(f"a AND NOT (a NEAR/{number} b)" for number in range(19)),
    ],
)
def test_a_hostile_rule_on_a_hostile_text_takes_no_time(rule: str) -> None:
    problems = Problems([a_problem(rule, phrases=("a " * 60,))])
    event = a_stored_event("a " * 25_000, text="a " * 25_000)
    assert cpu_seconds(lambda: problems.of(event)) < 0.5  # as it is, 0.03; what blows up takes minutes


def test_thousands_of_rules_take_no_longer_than_the_few_that_can_match() -> None:
    words = [f"{letter}{number:x}word" for number in range(700) for letter in "abcdefg"]
    many = [
        a_problem(f"{one} NEAR/5 (report OR {other}) AND NOT the", id=one)
        for one, other in pairwise(words)
    ]  # fmt: skip
    problems = Problems(many)
    event = a_stored_event("The report of " + words[0], text="report " * 2_000)
    assert problems.of(event) == ()
    assert [removal.problem for removal in problems.removed(event)] == [words[0]]
    assert cpu_seconds(lambda: (problems.of(event), problems.removed(event))) < 2

import math
import re
from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark import rulebook, types
from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.rulebook import (
    Compound,
    Hours,
    IcpRule,
    Kind,
    Play,
    Problem,
    Proof,
    Rep,
    Retention,
    Rulebook,
    conditions,
    parse,
    render,
)
from earmark.triggers import CATALOGUE, Polarity
from earmark.types import DEFAULT_PATIENCE, Lexicon
from tests.builders import an_account, days

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SLUGS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
MANY = st.lists(TEXTS, max_size=3).map(tuple)
DAYS = st.floats(0.5, 3_000)
SHARES = st.floats(0, 1)

PROBLEMS = st.builds(
    Problem,
    id=SLUGS,
    name=SLUGS,
    phrases=MANY,
    not_phrases=MANY,
    rivals=MANY,
    rule=TEXTS,
    examples=MANY,
    counterexamples=MANY,
)
LINES = st.lists(
    st.sampled_from(["{account}", "{amount}", "{quote}"]) | TEXTS.map(lambda text: re.sub("[{}]", "", text)),
    max_size=3,
).map("".join)
PLAYS = st.builds(
    Play,
    id=SLUGS,
    kind=st.sampled_from(["*", *CATALOGUE]),
    personas=MANY,
    talk=st.lists(LINES, max_size=3).map(tuple),
    opener=LINES,
)
RULES = st.one_of(
    st.builds(IcpRule, field=SLUGS, op=st.sampled_from(["is", "contains"]), value=TEXTS, sentence=TEXTS),
    st.builds(IcpRule, field=SLUGS, op=st.just("in"), value=MANY, weight=st.floats(-100, 100)),
    st.builds(IcpRule, field=SLUGS, op=st.sampled_from(["at_least", "at_most"]), value=st.integers(0, 10**9)),
)
KINDS = st.builds(
    Kind,
    half_life_days=st.none() | DAYS,
    expires_days=st.none() | st.floats(3_651, 9_000),
    intent=st.none() | SHARES,
    polarity=st.none() | st.sampled_from(Polarity),
)
COMPOUNDS = st.builds(
    Compound,
    id=st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True).filter(lambda name: name not in CATALOGUE),
    name=SLUGS,
    rule=st.sampled_from(
        ["funding <= 60 d AND NOT layoffs", "exec_hire(sales, vp) 14-75 d AND ipo | acquires"]
    ),
    at_least=st.none() | st.just(1),
    stages=st.lists(st.sampled_from(Stage), max_size=2).map(tuple),
    intent=SHARES,
)
DATES = st.tuples(st.dates(), st.dates()).map(lambda pair: (min(pair), max(pair)))
REPS = st.builds(
    Rep,
    id=SLUGS,
    name=TEXTS,
    territories=MANY,
    most=st.none() | st.integers(0, 99),
    away=st.lists(DATES, max_size=2).map(tuple),
)
HOURS = st.builds(Hours, zone=st.sampled_from(["UTC", "Europe/Berlin"]), begins=st.just(time(8, 30)))
RULEBOOKS = st.builds(
    Rulebook,
    threshold=st.floats(0, 100),
    companies=MANY,
    targets=MANY,
    patience=st.dictionaries(st.sampled_from(Stage), DAYS, max_size=3),
    icp=st.lists(RULES, max_size=3).map(tuple),
    problems=st.lists(PROBLEMS, max_size=3, unique_by=lambda each: each.id).map(tuple),
    plays=st.lists(PLAYS, max_size=3, unique_by=lambda each: each.id).map(tuple),
    kinds=st.dictionaries(st.sampled_from(sorted(CATALOGUE)), KINDS, max_size=3),
    proofs=st.lists(
        st.builds(Proof, id=SLUGS, text=SLUGS, url=st.none(), problem=st.none() | SLUGS),
        max_size=2,
        unique_by=lambda each: each.id,
    ).map(tuple),
    compounds=st.lists(COMPOUNDS, max_size=2, unique_by=lambda each: each.id).map(tuple),
    reps=st.lists(REPS, max_size=2, unique_by=lambda each: each.id).map(tuple),
    hours=HOURS,
    floor=st.none() | st.floats(0.01, 0.99),
    retention=st.builds(Retention, events_days=st.none() | DAYS),
)


@given(RULEBOOKS)
def test_a_rulebook_written_and_read_is_the_same_and_so_is_its_text(book: Rulebook) -> None:
    text = render(book)
    assert parse(text) == book
    assert render(parse(text)) == text


@given(RULEBOOKS)
def test_a_rulebook_of_any_content_makes_a_lexicon(book: Rulebook) -> None:
    lexicon = book.lexicon({}, 3)
    assert lexicon.kinds.keys() == CATALOGUE.keys() | {each.id for each in book.compounds}
    assert lexicon.patience.keys() >= DEFAULT_PATIENCE.keys()
    assert [rule.value for rule in lexicon.icp] == [rule.value for rule in book.icp]


def test_an_empty_rulebook_leaves_the_defaults() -> None:
    accounts = {"norvik-labs": an_account()}
    assert parse("").lexicon(accounts, 7) == Lexicon(version=7, accounts=accounts)
    assert render(Rulebook()) == ""


def test_the_example_in_the_page_of_the_module_is_a_rulebook() -> None:
    example = str(rulebook.__doc__).split("::")[1]
    lexicon = parse(example).lexicon({}, 1)
    assert lexicon.companies == ("Norvik Holding",)
    assert lexicon.targets == ("crm",)
    assert lexicon.patience == {**DEFAULT_PATIENCE, Stage.CONTACTED: days(21)}
    assert lexicon.icp == (types.IcpRule(field="industry", op="in", value=("software", "logistics")),)
    assert lexicon.problems[0].phrases == ("onboarding takes",)
    assert lexicon.problems[0].rule == "onboarding NEAR/5 (week OR month) AND NOT title:hiring"
    assert lexicon.problems[0].examples == ("Our onboarding took six weeks.",)
    assert lexicon.problems[0].counterexamples == ("We onboard in a day.",)
    assert lexicon.plays[0].kind == "funding_early"
    assert lexicon.kinds["funding_early"].half_life == days(30)
    assert lexicon.proofs[0].problem == "slow-onboarding"
    assert [len(compound.conditions) for compound in lexicon.compounds] == [3]
    assert [rep.manager for rep in lexicon.reps] == ["olav", None]
    assert (lexicon.hours.zone, lexicon.hours.begins, lexicon.floor) == ("Europe/Berlin", time(9), 0.3)


def test_a_kind_changes_only_in_what_is_given() -> None:
    text = "[kinds.layoffs]\nhalf_life_days = 1.5\nopens_days = 0\nintent = 0.0\npolarity = 'suppress'"
    kind, default = parse(text).lexicon({}, 1).kinds["layoffs"], CATALOGUE["layoffs"]
    assert kind.half_life == timedelta(days=1.5)
    assert (kind.opens, kind.intent, kind.polarity) == (timedelta(0), 0.0, Polarity.SUPPRESS)
    assert (kind.closes, kind.expires, kind.roles) == (default.closes, default.expires, default.roles)


def test_the_order_of_a_file_does_not_matter() -> None:
    text = "[patience]\nwarm = 9\n[[problems]]\nid = 'a'\nname = 'A'\n"
    assert parse("threshold = 9.0\n" + text) == Rulebook(
        threshold=9, patience={Stage.WARM: 9}, problems=(Problem(id="a", name="A"),)
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("treshold = 3", "unknown key treshold. Did you mean 'threshold'?"),
        ("x = 3", "unknown key x. Known are companies, compounds,"),
        ("[[icp]]\nfild = 'industry'", "unknown key icp, number 1, fild. Did you mean 'field'?"),
        ("[[problems]]\nphrase = []", "problems, number 1, phrase. Did you mean 'phrases'?"),
        ("[kinds.layoffs]\nhalf_life = 3", "half_life. Did you mean 'half_life_days'?"),
        ("[kinds.layofs]\nintent = 1", "names an unknown kind, 'layofs'. Did you mean 'layoffs'?"),
        ("[[plays]]\nid = 'a'\nkind = 'layofs'", "plays, number 1, kind names an unknown kind, 'layofs'."),
        ("[[plays]]\nid = 'a'\nopener = '{amont}'", "plays, number 1: there is no placeholder {amont}; the"),
        ("[[plays]]\nid = 'a'\nopener = '{Amount }'", "no placeholder {Amount }; the nearest is {amount}."),
        ("[[plays]]\nid = 'a'\ntalk = ['{account.name}']", "{account.name}; the nearest is {account}."),
        ("[[plays]]\nid = 'a'\ntalk = ['{0!r}']", "there is no placeholder {0!r}; known are account,"),
        ("[[plays]]\nid = 'a'\ntalk = ['a { b']", "plays, number 1: a brace stands alone; write"),
        ("[[plays]]\nid = 'a'\nsteps = ['call {account}']", "plays, number 1: steps take no placeholders;"),
        ("[patience]\nwarmm = 3", "patience, warmm is no stage. Did you mean 'warm'?"),
        ("[patience]\nwarm = -3", "patience, warm: Input should be greater than 0, not -3."),
        ("[kinds.layoffs]\ncloses_days = 3000", "opens_days, closes_days and expires_days must follow"),
        ("[[icp]]\nfield = 'size'\nop = 'at_least'\nvalue = 'ten'", "op 'at_least' compares numbers"),
        ("[[icp]]\nfield = 'size'\nop = 'in'\nvalue = 'ten'", "op 'in' takes a list of values."),
        ("[[icp]]\nfield = 'size'\nop = 'near'\nvalue = 1", "op: Input should be 'is', 'in',"),
        ("[[icp]]\nfield = 'size'", "is missing."),
        ("problems = [{id = 'a', name = 'A'}, {id = 'a', name = 'B'}]", "has the id 'a' twice."),
        ("threshold = 101", "threshold: Input should be less than or equal to 100, not 101."),
        ("threshold = nan", "threshold: "),
        ("threshold = 3\nthreshold = 4", "is not TOML: "),
        ("threshold", "is not TOML: "),
        ("a = " + "[" * 5_000, "is not TOML: "),
        ("icp = 3", "icp: Input should be a valid list, not 3."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_what_is_near(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as fault:
        parse(text)
    assert says in str(fault.value)
    assert str(fault.value).startswith("The rulebook is ")


@given(st.text())
def test_a_text_of_any_kind_is_a_rulebook_or_a_clear_fault(text: str) -> None:
    try:
        book = parse(text)
    except ConfigError as fault:
        assert str(fault).startswith("The rulebook is ")  # noqa: PT017 - most texts are none, a few are
    else:
        assert not math.isnan(book.threshold)


def test_a_compound_reads_reasons_families_days_and_what_must_not_be() -> None:
    funding, seat, none = conditions(
        "funding ≤ 60 d AND hiring_role(Sales, VP) 14-75 d AND NOT layoffs <= 45 d"
    )
    assert set(funding.kinds) == {key for key, kind in CATALOGUE.items() if kind.family == "funding"}
    assert (funding.after, funding.within, funding.absent) == (days(0), days(60), False)
    assert (seat.kinds, seat.about, seat.after, seat.within) == (
        ("hiring_role",),
        ("sales", "vp"),
        days(14),
        days(75),
    )
    assert (none.kinds, none.absent, none.within) == (("layoffs",), True, days(45))
    assert conditions("ipo_filing | acquires")[0].kinds == ("ipo_filing", "acquires")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("fundng <= 60 d", "Did you mean 'funding'"),
        ("funding since spring", "is no reason"),
        ("funding 60-14 d", "covers no day"),
        ("NOT layoffs", "only says what must not be"),
        ("layoffs <= 30 d AND NOT layoffs <= 45 d", "it can never hold"),
        ("", "at least 1 character"),
    ],
)
def test_a_compound_that_can_not_hold_is_refused_with_its_reason(rule: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(f'[[compounds]]\nid = "x"\nname = "x"\nrule = "{rule}"')


def test_a_compound_can_not_ask_for_more_reasons_than_it_names() -> None:
    with pytest.raises(ConfigError, match="names 1 reasons"):
        parse('[[compounds]]\nid = "x"\nname = "x"\nrule = "funding"\nat_least = 2')


def test_a_compound_becomes_a_kind_of_its_own() -> None:
    book = parse('[[compounds]]\nid = "seat"\nname = "Money and a seat"\nrule = "funding AND hiring_role"')
    lexicon = book.apply_to(Lexicon())
    assert lexicon.kinds["seat"].words == "Money and a seat"
    assert [len(compound.conditions) for compound in lexicon.compounds] == [2]


def test_a_compound_can_not_take_the_name_of_a_kind() -> None:
    with pytest.raises(ConfigError, match="is a kind already"):
        parse('[[compounds]]\nid = "layoffs"\nname = "x"\nrule = "funding"')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[hours]\nbegins = 18:00:00\nends = 09:00:00", "begins must be before ends"),
        ('[hours]\nzone = "Europe/Berln"', "no time zone"),
        ("[hours]\ndays = []", "at least one day"),
        ('[[reps]]\nid = "ida"\naway = [[2026-12-24, 2026-12-20]]', "can't be before the first"),
        ('[[reps]]\nid = "ida"\nmanager = "olaf"', "'olaf'"),
        ("floor = 1.5", "floor"),
    ],
)
def test_what_a_team_can_not_work_by_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(text)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from matcher.rule_terms import All, AnyOf, Condition, Form, Near, Not, Words, render, seeks
from matcher.rules import parse
from tests.matcher.rule_texts import RULES


@given(RULES)
def test_a_rule_written_and_read_again_is_the_same(text: str) -> None:
    try:
        node = parse(text)
    except ConfigError as fault:
        assert "names no words" in str(fault)  # noqa: PT017 - a made rule may be all NOTs; it has no other fault
    else:
        assert parse(render(node)) == node
        assert render(parse(render(node))) == render(node)


@given(st.text(st.sampled_from('ab*:()"“/ ANDORTE1-titlewhr.é'), max_size=60) | st.text(max_size=60))
def test_any_text_is_a_rule_or_a_clear_fault(text: str) -> None:
    try:
        node = parse(text)
    except ConfigError as fault:
        assert str(fault).startswith("The rule ")  # noqa: PT017 - most texts are none, a few are
    else:
        assert seeks(node)
        assert parse(render(node)) == node


def test_operators_bind_as_the_page_says() -> None:
    a, b, c = (Words((word,), Form.FORMS) for word in (b"alpha", b"beta", b"gamma"))
    assert parse("alpha OR beta AND gamma") == AnyOf((a, All((b, c))))
    assert parse("(alpha OR beta) AND gamma") == All((AnyOf((a, b)), c))
    assert parse("alpha AND NOT beta NEAR/3 gamma") == All((a, Not(Near(b, c, 3))))
    assert parse("alpha AND (beta AND gamma)") == All((a, b, c))


def test_each_term_is_read_for_what_it_is() -> None:
    assert parse('"Beta Gamma"') == Words((b"beta", b"gamma"))
    assert parse("“Beta Gamma”") == Words((b"beta", b"gamma"))
    assert parse("month-end") == Words((b"month", b"end"), Form.FORMS)
    assert parse("onboard*") == Words((b"onboard",), Form.PREFIX)
    assert parse("title:(alpha OR “beta”)") == AnyOf(
        (Words((b"alpha",), Form.FORMS, "title"), Words((b"beta",), Form.EXACT, "title"))
    )
    assert parse('x AND author:"Ada Lind" AND site:https://www.News.example/ AND language:DE') == All(
        (
            Words((b"x",), Form.FORMS),
            Condition("author", "ada lind"),
            Condition("site", "news.example"),
            Condition("language", "de"),
        )
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alpha adn beta", "character 7: expected AND, OR, NEAR/n or the end, not 'adn'. Did you mean AND?"),
        ("alpha and beta", "character 7: expected AND, OR, NEAR/n or the end, not 'and'. Did you mean AND?"),
        ("alpha nea/3 beta", "Did you mean NEAR/5?"),
        ("alpha beta", "Join the words with AND, or put them in quotes."),
        ("alpha NOT beta", "Did you mean AND NOT?"),
        ("alpha AND", "character 10: expected a word, a phrase in quotes, a field or a bracket, not the"),
        ("alpha AND OR beta", "character 11: expected a word, a phrase in quotes, a field or a bracket"),
        ("(alpha OR beta", "at character 15: expected a closing bracket or AND,"),
        ("alpha)", "at character 6: expected AND, OR, NEAR/n or the end, not ')'."),
        ('alpha AND "beta', "at character 11: a quotation mark is opened here and never closed."),
        ("titel:alpha", "at character 1: there is no field 'titel'. Did you mean title:?"),
        ("http://x.example", "there is no field 'http'. Known are title, text, author,"),
        ("title:text:alpha", "at character 7: text: stands within title:."),
        ("alpha AND site:news", "at character 16: 'news' is no site."),
        ("alpha AND language:german", "'german' is no language."),
        ("alpha AND company:", "expected a word or a phrase in quotes behind company:."),
        ("al*pha", "a star may only stand at the end of a word"),
        ("al*", "a star needs at least 3 letters in front of it"),
        ("alpha AND ?!", "'?!' has no letters or digits"),
        ("alpha NEAR beta", "at character 7: NEAR needs its number of words, up to 50"),
        ("alpha NEAR/51 beta", "NEAR needs its number of words, up to 50"),
        ("alpha NEAR/3 beta NEAR/3 gamma", "at character 19: NEAR joins two sides, not three."),
        ("alpha NEAR/3 (beta AND gamma)", "at character 14: NEAR takes a word, a phrase, a prefix, or an OR"),
        ("NOT alpha", "The rule names no words that must be there"),
        ("alpha OR site:news.example", "The rule names no words that must be there"),
        ("", "at character 1: expected a word"),
        ("(" * 30 + "a" + ")" * 30, "at character 21: more than 20 brackets and NOTs"),
        ("NOT " * 500 + "a", "more than 20 brackets and NOTs"),
        (" AND ".join(["a"] * 61), "more than 60 words"),
        ("a" * 4_001, "The rule is 4,001 characters long"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_what_could_stand_there(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as fault:
        parse(text)
    assert says in str(fault.value)

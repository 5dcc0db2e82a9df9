"""Options as fields of a form, over every kind there is."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from earmark.contract import Exporter, Source
from earmark.errors import ConfigError
from exports import registry as targets
from review.options import Form, fields_of, options_of, told_options
from sources import registry as sources

KINDS: list[type[BaseModel]] = [*sources.kinds().values(), *targets.kinds().values()]


def written(model: type[BaseModel], values: dict[str, object] | None = None) -> dict[str, str]:
    """Return what a browser would send of a form that nobody touched."""
    fields = fields_of(model, values)
    return {
        one.name: one.value or "on"
        for one in fields
        if one.form is not Form.TICK or one.ticked
        if one.value or one.ticked
    }


@pytest.mark.parametrize("model", KINDS, ids=lambda model: model.__name__)
def test_a_form_that_nobody_touched_says_no_option(model: type[BaseModel]) -> None:
    assert options_of(model, written(model)) in ({}, {"accept_terms": False})


@pytest.mark.parametrize("model", KINDS, ids=lambda model: model.__name__)
def test_every_option_of_every_kind_is_asked_for_with_what_it_means(model: type[BaseModel]) -> None:
    shared: type[BaseModel] = Source if issubclass(model, Source) else Exporter
    fields = fields_of(model, shared=shared)
    assert {one.name for one in fields} == set(model.model_fields)
    assert all(one.about for one in fields)
    assert all(one.choices for one in fields if one.form is Form.CHOICE)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("feed", {"url": "https://a.example/feed", "include": ["funding", "seed"], "every": 5400}),
        ("google_news", {"query": "norvik OR oskarion", "accept_terms": True, "hl": "de"}),
        ("inbox", {"path": "/srv/drop", "fields": {"company": "lead.org"}, "backfill": "all"}),
        ("jobs", {"board": "lever", "token": "norvik", "trust": 0.5}),
        ("reddit", {"subreddits": ["sales"], "client_secret": "env:REDDIT"}),
        ("wire", {"url": "https://a.example/f", "exclude": []}),
        ("edgar", {"forms": ["D"], "texts": False, "min_sold": 100000}),
    ],
)
def test_options_survive_a_form(kind: str, options: dict[str, object]) -> None:
    model = sources.kinds()[kind]
    again = options_of(model, written(model, options), options)
    assert sources.build(kind, again) == sources.build(kind, options)
    assert again == options


def test_what_holds_a_key_is_never_shown_and_stays_until_another_is_written() -> None:
    known = {"url": "https://a.example/feeds/0123456789abcdef0123456789abcdef/7"}
    feed, alert = sources.kinds()["feed"], sources.kinds()["google_alerts"]
    for model in (feed, alert):
        fields = {one.name: one for one in fields_of(model, known)}
        assert (fields["url"].value, bool(fields["url"].kept)) == ("", True)
        assert "0123456789abcdef" not in repr(fields)
        assert options_of(model, {"url": ""}, known) == known
        assert options_of(model, {"url": "https://b.example/f"}, known) == {"url": "https://b.example/f"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("1d 12h", 129600), ("2 hours", 7200), ("90", 90), ("1w", 604800)]
)
def test_a_span_is_read_as_a_person_writes_it(text: str, seconds: int) -> None:
    feed = sources.kinds()["feed"]
    assert options_of(feed, {"every": text}) == {"every": seconds}


@pytest.mark.parametrize("text", ["soon", "5 parsecs", "m30", "1d and a bit"])
def test_a_span_that_is_none_is_for_the_kind_to_refuse(text: str) -> None:
    with pytest.raises(ConfigError, match="Option 'every' of source kind 'feed' can't be used"):
        sources.build(
            "feed", options_of(sources.kinds()["feed"], {"url": "https://a.example/", "every": text})
        )


@given(seconds=st.integers(1, 10**7))
def test_any_span_of_seconds_is_shown_and_read_back(seconds: int) -> None:
    feed = sources.kinds()["feed"]
    [every] = [one for one in fields_of(feed, {"every": seconds}) if one.name == "every"]
    assert options_of(feed, {"every": every.value}) == {"every": seconds}
    [same] = [one for one in fields_of(feed, {"every": timedelta(seconds=seconds)}) if one.name == "every"]
    assert same.value == every.value


@given(text=st.text(max_size=200))
def test_whatever_is_written_is_a_value_or_a_sentence(text: str) -> None:
    for kind in ("inbox", "edgar", "webpage", "reddit"):
        model = sources.kinds()[kind]
        with suppress(ConfigError):
            sources.build(kind, options_of(model, dict.fromkeys(model.model_fields, text)))


def test_what_is_told_as_name_and_value_is_json_but_no_number_where_a_text_is_asked_for() -> None:
    jobs = sources.kinds()["jobs"]
    told = told_options(jobs, ["board=greenhouse", "token=2026", "company=true", "every=5400"])
    assert told == {"board": "greenhouse", "token": "2026", "company": "true", "every": 5400}
    assert sources.build("jobs", told)
    feed = told_options(sources.kinds()["feed"], ["url=https://a.example/?a=b", 'include=["seed"]'])
    assert feed == {"url": "https://a.example/?a=b", "include": ["seed"]}
    assert told_options(None, ["x=1", "y="]) == {"x": 1, "y": ""}
    with pytest.raises(ConfigError, match=r"'token' is no option\. Write NAME=VALUE"):
        told_options(jobs, ["token"])

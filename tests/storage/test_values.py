import json
import types as builtin_types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark import types
from earmark.types import Fact, Outgoing, Sentence, StoredEvent
from storage.values import clean, pack, unpack
from tests.builders import a_stored_event

_MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
_DECIMALS = st.decimals(allow_nan=False)
_OPEN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | _DECIMALS | _MOMENTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.sampled_from(["$decimal", "$tuple", "$map"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(), max_size=20),
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    NoneType: st.none(),
    Decimal: _DECIMALS,
    datetime: _MOMENTS,
    timedelta: st.timedeltas(),
    date: st.dates(),
    time: st.times(),
    Any: _OPEN,
}


@cache
def values_of(hint: Any, depth: int = 0) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each form of type
    """Build values of a type from its annotations alone, so that a new field is tested at once.

    The deeper, the fewer: what is held in tuples of tuples is empty, and is tested by itself.
    """
    origin, args = get_origin(hint), get_args(hint)
    most = max(0, 2 - depth)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        parts = {field.name: values_of(hints[field.name], depth + 1) for field in fields(hint)}
        return st.builds(hint, **parts)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if origin in (Union, builtin_types.UnionType):
        return st.one_of([values_of(arg, depth) for arg in args])
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(values_of(args[0], depth + 1), max_size=most).map(tuple)
    if origin is tuple:
        return st.tuples(*(values_of(arg, depth) for arg in args))
    if origin is frozenset:
        return st.frozensets(values_of(args[0]), max_size=most)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        entries = st.dictionaries(values_of(args[0]), values_of(args[1], depth + 1), max_size=most)
        return entries.map(MappingProxyType)
    raise AssertionError(f"No values for {hint}.")


NOUNS = [getattr(types, name) for name in types.__all__ if is_dataclass(getattr(types, name))]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_noun_comes_back_as_it_was(noun: type, data: st.DataObject) -> None:
    value = data.draw(values_of(noun))
    text = pack(noun, value)
    assert text.isascii()
    assert "\0" not in text
    assert unpack(noun, text) == value


@given(_OPEN)
def test_a_value_of_any_type_comes_back_with_its_types(value: Any) -> None:
    back = unpack(Any, pack(Any, value))
    assert back == value
    assert repr(back) == repr(value)


@given(st.one_of(_DECIMALS, st.integers(), st.text(), st.lists(st.text()).map(tuple)))
def test_a_fact_keeps_the_type_of_its_value(value: Any) -> None:
    fact = Fact(key="amount", value=value)
    back = unpack(Fact, pack(Fact, fact)).value
    assert type(back) is type(value)
    assert str(back) == str(value)


def test_a_zero_at_the_end_of_an_amount_stays() -> None:
    fact = Fact(key="amount", value=Decimal("20.50"))
    assert str(unpack(Fact, pack(Fact, fact)).value) == "20.50"


def test_what_is_empty_is_not_written_but_a_default_that_says_something_is() -> None:
    written = json.loads(pack(StoredEvent, a_stored_event(text="", hints=())))
    assert "hints" not in written
    assert "text" not in written
    assert written["revision"] == 1
    assert written["mark"] == "live"


def test_a_value_that_is_no_value_is_refused() -> None:
    outgoing = Outgoing(target="crm", topic="t", key="k", account=None, payload={"what": object()})
    with pytest.raises(TypeError, match="object can't be stored"):
        pack(Outgoing, outgoing)


@given(st.text(st.characters()))
def test_a_cleaned_text_can_be_stored_and_keeps_every_place(text: str) -> None:
    stored = clean(text)
    assert len(stored) == len(text)
    assert "\0" not in stored
    stored.encode("utf-8")
    assert clean(stored) == stored


def test_a_missing_field_takes_its_default() -> None:
    assert unpack(Sentence, '{"section":"fit","text":"Yes.","basis":"record"}').spans == ()

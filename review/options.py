"""The options of a kind as fields of a form: made of what its model says, read back into its values."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from earmark.errors import ConfigError
from earmark.secret import Secret
from monitors.guard import without_keys

__all__ = ["PREFIX", "Field", "Form", "as_written", "covered", "fields_of", "options_of", "told_options"]

PREFIX: Final = "o."
"""Before the name of each option in a form, so that none is taken for something else."""
_MARKS: Final = re.compile(r"[\s_]+")
_SPAN: Final = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(w|d|h|min|m|s|weeks?|days?|hours?|minutes?|seconds?)\b,?", re.IGNORECASE
)
_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


class Form(StrEnum):
    """How an option is asked for."""

    TEXT = "text"
    URL = "url"
    NUMBER = "number"
    TICK = "tick"
    CHOICE = "choice"
    LINES = "lines"
    PAIRS = "pairs"
    SPAN = "span"
    SECRET = "secret"  # noqa: S105 - the word for how it is asked for
    HIDDEN = "hidden"


_TEXTS: Final = frozenset({Form.TEXT, Form.URL, Form.SECRET, Form.HIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One option: what it means, how it is asked for, and what stands in it.

    A secret is written as ``env:NAME``. What holds a key (an address with one in it) is never shown again and
    stays as it is when nothing is written: ``kept`` is what may be shown of it.
    """

    name: str
    label: str
    about: str
    form: Form
    needed: bool
    value: str = ""
    ticked: bool = False
    choices: tuple[str, ...] = ()
    kept: str = ""
    is_shared: bool = False


def fields_of(
    model: type[BaseModel], values: Mapping[str, Any] | None = None, *, shared: type[BaseModel] | None = None
) -> tuple[Field, ...]:
    """Return the fields of a model, those that are needed first; ``shared`` names what all kinds have."""
    given = values or {}
    usual = shared.model_fields if shared else {}
    found = [_field(name, info, given, is_shared=name in usual) for name, info in model.model_fields.items()]
    return tuple(sorted(found, key=lambda field: (field.is_shared, not field.needed)))


def options_of(
    model: type[BaseModel], written: Mapping[str, str], known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the options that a form says, as far as they are not the usual ones.

    ``written`` is by the name of the option; ``known`` are the options as they were, of which hidden ones
    are kept. Raises ConfigError for what can't be read; whether it fits is for the model to say.
    """
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        form, text = _form_of(info), written.get(name, "").strip()
        if not text and known and _kept(form, known.get(name)):
            found[name] = known[name]
            continue
        value = _read(name, form, text, is_ticked=name in written)
        if value is None or (form in {Form.LINES, Form.PAIRS} and not value):
            if _default(info) and form in {Form.LINES, Form.PAIRS}:
                found[name] = value  # emptied by hand: that is not the same as left as usual
            continue
        if not _is_usual(model, name, value):
            found[name] = value
    return found


def told_options(model: type[BaseModel] | None, texts: Iterable[str]) -> dict[str, Any]:
    """Return the options that texts say as NAME=VALUE; ConfigError for one that does not.

    A value is JSON where it is JSON, else a text; what asks for a text gets no number.
    """
    found: dict[str, Any] = {}
    for written in texts:
        name, equals, text = written.partition("=")
        if not equals:
            raise ConfigError(
                f"{written!r} is no option. Write NAME=VALUE, such as url=https://news.example/feed."
            )
        info = model.model_fields.get(name) if model is not None else None
        found[name] = _told(info, text)
    return found


def as_written(
    model: type[BaseModel], written: Mapping[str, str], known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a form said, for ``fields_of``, so that a refused one shows again what was typed."""
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        form, text = _form_of(info), written.get(name, "")
        is_kept = not text and known is not None and _kept(form, known.get(name))
        found[name] = known[name] if known and is_kept else name in written if form is Form.TICK else text
    return found


def covered(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they may be shown: what may be a key within an address is not."""
    return {
        key: without_keys(value) if isinstance(value, str) and "://" in value else value
        for key, value in options.items()
    }


def _told(info: FieldInfo | None, text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    takes_text = info is not None and _form_of(info) in _TEXTS
    return text if takes_text and isinstance(value, bool | int | float) else value


def _field(name: str, info: FieldInfo, given: Mapping[str, Any], *, is_shared: bool) -> Field:
    form = _form_of(info)
    value = given.get(name, _default(info))
    kept = _kept(form, given.get(name))
    return Field(
        name=name,
        label=_MARKS.sub(" ", name).capitalize(),
        about=info.description or "",
        form=form,
        needed=info.is_required(),
        value="" if kept or form is Form.TICK else _shown(form, value),
        ticked=form is Form.TICK and value is True,
        choices=_choices(info.annotation),
        kept=kept,
        is_shared=is_shared,
    )


def _kept(form: Form, value: Any) -> str:
    """Return what may be shown of a value that holds a key; nothing when it holds none."""
    if form is Form.HIDDEN and value:
        return "…"
    if not isinstance(value, str) or "://" not in value:
        return ""
    shown = without_keys(value)
    return "" if shown == value else shown


def _default(info: FieldInfo) -> Any:
    return None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})


def _kinds(annotation: Any) -> list[Any]:
    """Return what an annotation may be, without None and without what merely annotates."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for each in get_args(annotation) if each is not NoneType for kind in _kinds(each)]
    return [annotation]


def _form_of(info: FieldInfo) -> Form:
    kinds = _kinds(info.annotation)
    first = kinds[0]
    forms = {
        bool: Form.TICK,
        dict: Form.PAIRS,
        float: Form.NUMBER,
        int: Form.NUMBER,
        list: Form.LINES,
        tuple: Form.LINES,
        Secret: Form.SECRET,
        SecretStr: Form.HIDDEN,
        timedelta: Form.SPAN,
        Literal: Form.CHOICE,
    }
    known = forms.get(get_origin(first) or first)
    if known is not None:
        return known
    return Form.URL if isinstance(first, type) and first.__name__ in {"HttpUrl", "AnyUrl"} else Form.TEXT


def _choices(annotation: Any) -> tuple[str, ...]:
    first = _kinds(annotation)[0]
    inner = _kinds(get_args(first)[0])[0] if get_origin(first) in {tuple, list} else first
    return tuple(map(str, get_args(inner))) if get_origin(inner) is Literal else ()


def _shown(form: Form, value: Any) -> str:
    if value is None:
        return ""
    match form:
        case Form.LINES:
            return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        case Form.PAIRS:
            return (
                value if isinstance(value, str) else "\n".join(f"{key} = {one}" for key, one in value.items())
            )
        case Form.SPAN:
            return _span_words(value)
        case _:
            return str(value)


def _span_words(value: Any) -> str:
    """Return a span as a person writes it, such as ``1d 12h``; what is no span stays as it is."""
    if isinstance(value, int | float):
        value = timedelta(seconds=value)
    if not isinstance(value, timedelta):
        return str(value)
    left, said = int(value.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        number, left = divmod(left, _SECONDS[unit])
        said += [f"{number}{unit}"] if number else []
    return " ".join(said) or "0s"


def _read(name: str, form: Form, text: str, *, is_ticked: bool) -> Any:
    """Return the value that a text of this form means; None where there is none."""
    if form is Form.TICK:
        return is_ticked
    if form is Form.LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if form is Form.PAIRS:
        return _pairs(name, text)
    if not text or form not in {Form.NUMBER, Form.SPAN}:
        return text or None
    return _number(name, text) if form is Form.NUMBER else _span(text)


def _pairs(name: str, text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = line.partition("=")
        if not equals:
            raise ConfigError(f"Option '{name}': {line!r} is no pair. Write NAME = VALUE on each line.")
        found[key.strip()] = value.strip()
    return found


def _number(name: str, text: str) -> int | float:
    try:
        number: int | float = json.loads(text)
    except ValueError:
        number = float("nan")
    if isinstance(number, bool) or not isinstance(number, int | float) or number != number:  # noqa: PLR0124 - so NaN is told
        raise ConfigError(f"Option '{name}' can't be {text!r}. Write a number, such as 5 or 0.5.")
    return number


def _span(text: str) -> Any:
    """Return the seconds of a span such as ``30m`` or ``1d 12h``; another text as it is: the model judges."""
    if text.isdecimal():
        return int(text)
    seconds, end = 0.0, 0
    for found in _SPAN.finditer(text):
        if found.start() != end:
            return text
        seconds += float(found[1]) * _SECONDS[found[2][0].lower()]
        end = found.end()
    whole = int(seconds) if seconds == int(seconds) else seconds
    return whole if end and not text[end:].strip() else text


def _is_usual(model: type[BaseModel], name: str, value: Any) -> bool:
    """Say whether a value is what the option is anyway."""
    info = model.model_fields[name]
    if info.is_required():
        return False
    usual = _default(info)
    if isinstance(usual, timedelta) and isinstance(value, int | float):
        return usual.total_seconds() == value
    if isinstance(usual, tuple):
        return bool([str(one).strip() for one in usual] == value)
    return usual is not None and value in (usual, str(usual))

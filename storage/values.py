"""Frozen values as text, and back: one codec for every dataclass of ``earmark.types``.

Types lead the way: a field that is declared ``Decimal`` or ``datetime`` is written as a plain string.
Where the type leaves it open (``Any``, or a union such as ``FactValue``), a value that JSON has no word
for is tagged: ``{"$decimal": "20000000"}``. The text is ASCII, so no byte of a text can break a column.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

__all__ = ["clean", "pack", "unpack"]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one for each value


class _Codec(NamedTuple):
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def clean(text: str) -> str:
    """Replace what no database stores (NUL, lone surrogates) one for one, so that spans keep their place."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def pack(hint: Any, value: Any) -> str:
    """Return the value as ASCII JSON; ``hint`` is its type, or ``Any``. TypeError for what it can't hold."""
    return _encode(_codec(hint).encode(value))


def unpack(hint: Any, text: str) -> Any:
    """Return the value that ``pack`` was given with the same type."""
    return _codec(hint).decode(json.loads(text))


def _same(value: Any) -> Any:
    return value


_PLAIN = _Codec(_same, _same)


@cache
def _codec(hint: Any) -> _Codec:
    if hint in (str, int, float, bool, NoneType):
        return _PLAIN
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _Codec(lambda member: member.value, hint)
    return _generic(hint)


def _generic(hint: Any) -> _Codec:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        kinds = [arg for arg in args if arg is not NoneType]
        return _optional(_codec(kinds[0])) if len(kinds) == 1 else _OPEN
    if origin is tuple:
        return _sequence(_codec(args[0])) if args[-1] is Ellipsis else _record(tuple(map(_codec, args)))
    if origin is frozenset:
        return _Codec(sorted, frozenset)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_codec(args[0]), _codec(args[1]))
    return _OPEN


def _optional(inner: _Codec) -> _Codec:
    if inner is _PLAIN:
        return _PLAIN
    return _Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda data: None if data is None else inner.decode(data),
    )


def _sequence(item: _Codec) -> _Codec:
    if item is _PLAIN:
        return _Codec(list, tuple)
    return _Codec(
        lambda values: [item.encode(value) for value in values],
        lambda data: tuple(item.decode(part) for part in data),
    )


def _record(items: tuple[_Codec, ...]) -> _Codec:
    return _Codec(
        lambda values: [item.encode(value) for item, value in zip(items, values, strict=True)],
        lambda data: tuple(item.decode(part) for item, part in zip(items, data, strict=True)),
    )


def _mapping(key: _Codec, item: _Codec) -> _Codec:
    return _Codec(
        lambda values: {key.encode(name): item.encode(value) for name, value in values.items()},
        lambda data: MappingProxyType({key.decode(name): item.decode(part) for name, part in data.items()}),
    )


def _dataclass(cls: type) -> _Codec:
    hints = get_type_hints(cls)
    parts = tuple((field.name, _codec(hints[field.name]), _default(field)) for field in fields(cls))

    def encode(value: Any) -> dict[str, Any]:
        data = {}
        for name, part, default in parts:
            item = getattr(value, name)
            if default is MISSING or item != default:
                data[name] = part.encode(item)
        return data

    def decode(data: dict[str, Any]) -> Any:
        return cls(**{name: part.decode(data[name]) for name, part, _ in parts if name in data})

    return _Codec(encode, decode)


def _default(field: Field[Any]) -> Any:
    """Return the empty value that may be left out; other defaults are written, for they may change."""
    value = field.default_factory() if field.default_factory is not MISSING else field.default
    empty = value is None or (isinstance(value, str | tuple | Mapping) and not value)
    return value if empty else MISSING


def _encode_open(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list):
        return [_encode_open(item) for item in value]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _encode_open(item) for key, item in value.items()}
        return {"$map": [[_encode_open(key), _encode_open(item)] for key, item in value.items()]}
    for tag, (kind, codec) in _TAGS.items():
        if isinstance(value, kind):
            return {tag: codec.encode(value)}
    raise TypeError(f"{type(value).__name__} can't be stored: {value!r}")


def _decode_open(data: Any) -> Any:
    if isinstance(data, list):
        return [_decode_open(item) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        [(tag, inner)] = data.items()
        if tag == "$map":
            return {_decode_open(key): _decode_open(item) for key, item in inner}
        if tag in _TAGS:
            return _TAGS[tag][1].decode(inner)
    return {key: _decode_open(item) for key, item in data.items()}


_OPEN = _Codec(_encode_open, _decode_open)

_SCALARS: dict[Any, _Codec] = {
    Any: _OPEN,
    Decimal: _Codec(str, Decimal),
    datetime: _Codec(datetime.isoformat, datetime.fromisoformat),
    date: _Codec(date.isoformat, date.fromisoformat),
    time: _Codec(time.isoformat, time.fromisoformat),
    timedelta: _Codec(
        lambda span: [span.days, span.seconds, span.microseconds],
        lambda data: timedelta(days=data[0], seconds=data[1], microseconds=data[2]),
    ),
}

_TAGS: dict[str, tuple[type, _Codec]] = {
    "$decimal": (Decimal, _SCALARS[Decimal]),
    "$time": (datetime, _SCALARS[datetime]),
    "$duration": (timedelta, _SCALARS[timedelta]),
    "$tuple": (tuple, _sequence(_OPEN)),
}

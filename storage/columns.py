"""Column types that read and write the same values in SQLite and PostgreSQL."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any, get_origin

from sqlalchemy import BigInteger, DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from storage.values import clean, pack, unpack

__all__ = ["Moment", "Packed", "Words", "short"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_KEY = 300


def short(key: str) -> str:
    """Return a key that an index can hold: itself, or its beginning and a digest when it is long."""
    key = clean(key)
    if len(key) <= _LONGEST_KEY:
        return key
    return key[:200] + "~" + sha256(key.encode()).hexdigest()


class Moment(TypeDecorator[datetime]):
    """An aware time: ``timestamptz`` in PostgreSQL, microseconds since 1970 in SQLite; UTC in Python."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of this database."""
        postgres = dialect.name == "postgresql"
        return dialect.type_descriptor(DateTime(timezone=True) if postgres else BigInteger())

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Return what refuses a time without a zone, which would be a guess, and gives the number else."""
        return _aware if dialect.name == "postgresql" else _microseconds

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            moment: datetime = value
            return moment.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Text from outside, freed of what no database stores."""

    impl = Text
    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> Callable[[str | None], str | None]:
        """Return what replaces NUL and lone surrogates."""
        return _cleaned


class Packed(TypeDecorator[Any]):
    """A value as packed text; an empty tuple or mapping is NULL and back."""

    impl = Text
    cache_ok = True

    def __init__(self, hint: Any = Any) -> None:
        super().__init__()
        self.hint = hint
        self._empty = _empty(hint)

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], str | None]:
        """Return what packs the value."""
        hint, empty = self.hint, self._empty
        return lambda value: None if value is None or value == empty else pack(hint, value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Unpack it."""
        return self._empty if value is None else unpack(self.hint, value)


def _empty(hint: Any) -> Any:
    origin = get_origin(hint)
    if origin is tuple:
        return ()
    return MappingProxyType({}) if origin is Mapping else None


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone.")
    return moment


def _microseconds(moment: datetime | None) -> int | None:
    aware = _aware(moment)
    return None if aware is None else (aware - _EPOCH) // _MICROSECOND


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean(text)

"""Passwords: kept as hashes that are slow to try, and checked in the same time whoever is meant."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from earmark.errors import ConfigError

__all__ = ["fits", "hashed", "is_stale", "refuse_weak"]

_SHORTEST: Final = 10
_LONGEST: Final = 1_000
_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """Return the hash of a password; ConfigError for one that is too easily guessed."""
    refuse_weak(password)
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def fits(stored: str | None, password: str) -> bool:
    """Tell whether a password is the one of this hash; without a hash it takes as long, and fits nothing."""
    given = password[:_LONGEST].encode("utf-8", "surrogatepass")
    try:
        return _hasher.verify(stored or _nobodys(), given) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_stale(stored: str) -> bool:
    """Tell whether a hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


def refuse_weak(password: str) -> None:
    """Raise ConfigError for a password that is too short, too long, or one letter over and over."""
    if len(password) < _SHORTEST or len(set(password)) < _SHORTEST // 3:
        raise ConfigError(
            f"That password is too easily guessed. Take at least {_SHORTEST} characters, such as four words."
        )
    if len(password) > _LONGEST:
        raise ConfigError(f"That password is too long. Take at most {_LONGEST:,} characters.")


@cache
def _nobodys() -> str:
    return _hasher.hash(b"nobody's password")

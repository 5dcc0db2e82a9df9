"""Where an export can go, by name."""

from difflib import get_close_matches

from earmark.errors import ConfigError
from exports.profiles import PROFILES, Profile

__all__ = ["profile"]


def profile(name: str) -> Profile:
    """Return the profile of this name; ConfigError names the nearest one."""
    found = PROFILES.get(name.strip().lower())
    if found is None:
        near = get_close_matches(name.lower(), PROFILES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PROFILES)}"
        raise ConfigError(
            f"There is no export profile {name!r}; {hint} List them with: earmark exports kinds"
        )
    return found

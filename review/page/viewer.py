"""Who looks at the page, and what they may see and do."""

from dataclasses import dataclass
from enum import StrEnum

from earmark.types import Account, Rep
from matcher.normalise import fold

__all__ = ["OWNER", "Role", "Viewer"]


class Role(StrEnum):
    """What a user may do: each role may all that those after it may."""

    ADMIN = "admin"
    """Users, settings, targets and sources besides."""
    MANAGER = "manager"
    """The whole list, and the rulebook."""
    REP = "rep"
    """Works the accounts of their own and of their territory."""
    READ_ONLY = "read_only"
    """Looks, and changes nothing."""


_ORDER = tuple(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A person at the page; ``id`` is the name under which their actions are stored.

    ``rep`` is who they are in the rulebook, where they are one.
    """

    id: str
    name: str
    role: Role
    rep: Rep | None = None
    preferences: tuple[tuple[str, str], ...] = ()

    def may(self, role: Role) -> bool:
        """Tell whether the viewer has this role or a higher one."""
        return _ORDER.index(self.role) <= _ORDER.index(role)

    @property
    def sees_all(self) -> bool:
        """Whether the whole list is theirs to see: a rep sees no more than their territory."""
        return self.role is not Role.REP

    def sees(self, account: Account | None) -> bool:
        """Tell whether an account is theirs to see: owned by them, or unowned in their territory.

        A conversation (no account) is everybody's.
        """
        if account is None or self.sees_all:
            return True
        if account.owner is not None:
            return fold(account.owner) in self.names
        territories = {fold(each) for each in self.rep.territories} if self.rep else set()
        return account.territory is None or not territories or fold(account.territory) in territories

    @property
    def names(self) -> frozenset[str]:
        """All that the owner of an account may call them by, folded."""
        rep = (self.rep.id, self.rep.name, self.rep.email or "") if self.rep else ()
        return frozenset(fold(name) for name in (self.id, self.name, *rep) if name)


OWNER = Viewer(id="owner", name="You", role=Role.ADMIN)
"""Who has the workspace on their own machine, as long as there are no users."""

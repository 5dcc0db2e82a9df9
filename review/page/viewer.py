"""Who looks at the page, and what they may see and do."""

from dataclasses import dataclass
from enum import StrEnum

from earmark.types import Account, Rep
from storage.names import folded
from storage.scope import Scope
from storage.users import OWNER as OWNER_ID

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

    ``rep`` is who they are in the rulebook, where they are one. What they may see of the list is ``scope``:
    hand it to what reads the list (``storage.scope.within`` makes a condition of it). One account that was
    asked for by its id goes through ``Call.visible``, which answers 404 for those beyond the scope.
    """

    id: str
    name: str
    role: Role
    email: str | None = None
    rep: Rep | None = None
    preferences: tuple[tuple[str, str], ...] = ()

    def may(self, role: Role) -> bool:
        """Tell whether the viewer has this role or a higher one."""
        return _ORDER.index(self.role) <= _ORDER.index(role)

    def prefers(self, key: str, otherwise: str = "") -> str:
        """Return what the viewer chose, such as their theme."""
        return dict(self.preferences).get(key, otherwise)

    @property
    def sees_all(self) -> bool:
        """Whether the whole list is theirs to see: a rep sees no more than their territory."""
        return self.role is not Role.REP

    @property
    def scope(self) -> Scope | None:
        """The part of the list that is theirs to see; None for all of it."""
        if self.sees_all:
            return None
        territories = self.rep.territories if self.rep else ()
        return Scope(names=self.names, territories=frozenset(folded(each) for each in territories))

    def sees(self, account: Account | None) -> bool:
        """Tell whether an account is theirs to see: owned by them, or unowned in their territory.

        A conversation (no account) is everybody's.
        """
        scope = self.scope
        return account is None or scope is None or scope.holds(account.owner, account.territory)

    @property
    def names(self) -> frozenset[str]:
        """All that the owner of an account may call them by, folded."""
        rep = (self.rep.id, self.rep.name, self.rep.email or "") if self.rep else ()
        return frozenset(folded(name) for name in (self.id, self.name, self.email or "", *rep) if name)


OWNER = Viewer(id=OWNER_ID, name="You", role=Role.ADMIN)
"""Who has the workspace on their own machine, as long as there are no users."""

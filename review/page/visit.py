"""A visit: what a call of the page and one of the API have in common: who calls, the database, the clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from fastapi import HTTPException, Request

from earmark.config import Settings
from earmark.types import Account
from review.page.attempts import Attempts
from review.page.gate import Gate
from review.page.keys import Keys
from review.page.viewer import Viewer
from storage import engine as database
from storage.audit import Deed, record
from storage.engine import Connection, Engine
from storage.scope import Scope

__all__ = ["Desk", "Visit", "desk_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all calls of one page share; it is ``app.state.desk``."""

    settings: Settings
    engine: Engine
    keys: Keys
    clock: Callable[[], datetime]
    attempts: Attempts = field(default_factory=Attempts)
    gate: Gate = field(default_factory=Gate)

    @property
    def is_secure(self) -> bool:
        """Whether people reach the page by https alone; its cookies then travel no other way."""
        return (self.settings.page.url or "").startswith("https://")


def desk_of(request: Request) -> Desk:
    """Return what the page behind a request shares."""
    desk: Desk = request.app.state.desk
    return desk


class Visit:
    """One call by somebody who was let in."""

    def __init__(self, request: Request, desk: Desk, viewer: Viewer) -> None:
        self.request, self.desk, self.viewer = request, desk, viewer
        self.settings, self.engine = desk.settings, desk.engine
        self.now = desk.clock()

    @property
    def zone(self) -> tzinfo:
        """The time zone of the team."""
        return self.settings.team.zone

    @property
    def scope(self) -> Scope | None:
        """The part of the list that the viewer may see, for what reads lists; None for all of it."""
        return self.viewer.scope

    def visible(self, account: Account | None) -> Account:
        """Return an account that the viewer may see; 404 for one beyond their territory, as for none."""
        if account is None or not self.viewer.sees(account):
            raise HTTPException(404, "There is no such account on your list.")
        return account

    def log(self, connection: Connection, verb: str, subject: str, text: str = "") -> None:
        """Write down who did what, in the transaction that does it.

        Every change that is no action on an account or a trigger (those are kept by themselves) says so
        here: the verb ("source.pause"), what it was done to, and a sentence. Never a secret.
        """
        deed = Deed(at=self.now, by=self.viewer.id, verb=verb, subject=subject, text=text)
        record(connection, deed)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database."""
        with database.reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are kept all or none."""
        with database.writing(self.engine) as connection:
            yield connection

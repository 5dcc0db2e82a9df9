"""Alert mails and newsletters, from a mailbox over IMAP or a folder of ``.eml`` files."""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from earmark.contract import Letter, Poll, SecretOption, Source
from earmark.errors import SourceChanged
from earmark.types import Event
from sources.dropfolder import MOST_EVENTS, Batch, Folder, events_in
from sources.forum import secret_of
from sources.letters import Told, read_letter

__all__ = ["MailboxSource", "read_file"]

_UIDS = 2**32  # a letter's number is its mailbox's UIDVALIDITY times this, plus its uid
_log = logging.getLogger(__name__)


class MailboxSource(Source):
    """Entries of alert mails and newsletters, over IMAP or from a folder of .eml files."""

    kind: ClassVar[str] = "mailbox"
    floor: ClassVar[timedelta] = timedelta(minutes=2)
    auth: ClassVar[str] = "a mailbox's user and app password; nothing for a folder"
    terms: ClassVar[str] = "Your own mail. Keep the terms of those who send it."
    shows: ClassVar[tuple[str, ...]] = (
        *("funding_seed", "funding_early", "funding_growth", "acquires", "exec_hire", "exec_departure"),
        *("promotion", "product_launch", "new_office_or_market", "layoffs", "asks_recommendation"),
        *("competitor_complaint", "compares_or_alternatives"),
    )

    host: str | None = Field(None, description="The IMAP server, such as 'imap.mail.example'.")
    port: int = Field(993, ge=1, le=65535, description="Its port; TLS from the start.")
    user: str = Field("", description="Who logs in, usually the e-mail address.")
    password: SecretOption | None = Field(
        None, description="The app password, as env:NAME; the variable is read when polling."
    )
    folder: str = Field("INBOX", description="The mail folder to read; it is opened read-only.")
    path: Folder | None = Field(None, description="A folder of .eml files to read instead of a server.")
    authserv: str | None = Field(
        None,
        description="Name with which your receiving server begins its Authentication-Results header, such as "
        "'mx.mail.example'; letters with a DKIM pass there count.",
    )
    senders: tuple[str, ...] = Field(
        (), description="Addresses and domains whose letters count without that proof; they can be forged."
    )

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.host is None) == (self.path is None):
            raise ValueError("give either host (with user and password) or path")
        if self.host is not None and (not self.user or self.password is None):
            raise ValueError("a mail server takes user and password = 'env:NAME'")
        if not self.authserv and not self.senders:
            raise ValueError("give authserv or senders: alert mail can be forged, so others do not count")
        return self

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the entries of the letters that came since the last poll."""
        if self.path is not None:
            trust = (self.authserv, self.senders, poll.now)
            async for event in events_in(poll, self.path, ("*.eml",), read_file, *trust):
                yield event
            return
        count = 0
        for letter in await self._letters(poll):
            for event in await self._events(poll, letter):
                count += 1
                yield event
            poll.state["uidvalidity"], poll.state["uid"] = divmod(letter.uid, _UIDS)
            if count >= MOST_EVENTS:  # the rest comes with the next poll
                return

    async def _letters(self, poll: Poll) -> Sequence[Letter]:
        assert self.host is not None  # noqa: S101 - the validator saw to it
        assert self.password is not None  # noqa: S101 - the validator saw to it
        after = _number(poll.state, "uidvalidity") * _UIDS + _number(poll.state, "uid")
        return await poll.mail(
            self.host,
            user=self.user,
            password=secret_of(self.password),
            folder=self.folder,
            after=after,
            port=self.port,
        )

    async def _events(self, poll: Poll, letter: Letter) -> Sequence[Event]:
        try:
            told = await poll.parse(read_letter, letter.raw, self.authserv, self.senders, poll.now)
        except SourceChanged as error:  # one letter; the others go on
            told = Told(refused=str(error))
        if told.refused:
            _log.info("A letter does not count", extra={"sender": told.sender or "?", "reason": told.refused})
            poll.state["left_out"] = _number(poll.state, "left_out") + 1
            poll.state["left_out_last"] = f"{told.sender or 'a letter'}: {told.refused}"[:300]
        return told.events


def read_file(body: bytes, authserv: str | None, senders: Sequence[str], now: datetime) -> Batch:
    """Return the entries of an .eml file, or the reason why it does not count."""
    told = read_letter(body, authserv, senders, now)
    refused = f"{told.sender or 'a letter'} does not count: {told.refused}"
    return Batch(events=told.events, left_out=(refused,) if told.refused else ())


def _number(state: dict[str, Any], name: str) -> int:
    value = state.get(name)
    return value if isinstance(value, int) and value >= 0 else 0

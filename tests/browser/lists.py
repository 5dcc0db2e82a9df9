"""Lists for a morning: accounts with a reason each, decided and stored as in life."""

from collections.abc import Mapping

from earmark.types import Action, Lexicon, Reading
from matcher.decide import decide
from review.plain import plain
from storage import accounts, actions, events, history, triggers
from storage.engine import Connection, Engine, reading, writing
from tests.builders import NOW, a_match, a_span, a_stored_event, ago, an_account, days

__all__ = ["deeds", "fill", "last_deed", "standing"]


def fill(engine: Engine, count: int, titles: Mapping[int, str] | None = None) -> None:
    """Add so many accounts with a reason each; ``titles`` are those of some of the news."""
    with writing(engine) as conn:
        for number in range(count):
            title = (titles or {}).get(number) or f"Quillmere {number} raises ${number + 10} million Series B"
            _tell(conn, number, title)


def _tell(conn: Connection, number: int, title: str) -> None:
    account = an_account(f"Quillmere {number}", id=f"quillmere-{number}")
    event = a_stored_event(
        title,
        id=f"told-{number}",
        source="deal-ledger",
        external_id=f"told-{number}",
        url=f"https://ledger.example/{number}",
        published_at=ago(1 + number / 1000),
        fingerprint=f"{number:024x}",
    )
    match = a_match(event, account=account.id, evidence=(a_span(event, event.title),))
    accounts.upsert(conn, [account])
    events.insert(conn, [event])
    key = f"a:{account.id}"
    lexicon = Lexicon(accounts={account.id: account})
    past = history.load(conn, [key], event.order[0], NOW)
    history.save(conn, decide([Reading(event=event, matches=(match,))], past, lexicon, NOW), NOW)


def standing(engine: Engine) -> dict[str, object]:
    """Return how each account and each trigger stands: what an undo must bring back."""
    with reading(engine) as conn:
        held = {one.id: (one.state, one.ended_at) for one in triggers.stream(conn)}
        return {**held, **{each.id: plain(each) for each in accounts.every(conn).values()}}


def deeds(engine: Engine) -> list[Action]:
    """Return what was done, in its order."""
    with reading(engine) as conn:
        return [action for _, _, action in actions.keyed(conn, ago(1), NOW + days(1))]


def last_deed(engine: Engine) -> tuple[str, str, str]:
    """Return verb, value and text of what was done last."""
    action = deeds(engine)[-1]
    return action.verb, action.value, action.text

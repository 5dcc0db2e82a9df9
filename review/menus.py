"""Menus of the list: what a key asks further, with the answers in the order and the words of the page."""

from dataclasses import dataclass
from typing import Final

from review.deeds import CHANNELS

__all__ = ["MENUS", "Choice", "Menu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer: its key, what it means (``value``), its words, and what follows from it.

    The value of an action is a verb with its value behind a blank ("dismiss off_topic"); see ``Desk.do``.
    """

    key: str
    value: str
    words: str
    effect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """The key that opens it, its words, and its answers."""

    key: str
    words: str
    choices: tuple[Choice, ...]


def _menu(key: str, words: str, *choices: tuple[str, str, str] | tuple[str, str, str, str]) -> Menu:
    made = (
        Choice(key=each, value=value, words=said, effect="".join(effect))
        for each, value, said, *effect in choices
    )
    return Menu(key=key, words=words, choices=tuple(made))


MENUS: Final = (
    _menu(
        "d",
        "Dismiss",
        ("1", "dismiss wrong_account", "Wrong account", "this name no longer means it"),
        ("2", "dismiss off_topic", "Off topic", "such news of this source counts less"),
        ("3", "dismiss too_old", "Too old", "this source may not be that late again"),
        ("4", "dismiss duplicate", "Duplicate", "the same story told again"),
        ("5", "dismiss customer_or_open_deal", "Customer or open deal", "not to be contacted for now"),
        ("6", "dismiss not_now", "Not now", "comes back later"),
        ("7", "dismiss other", "Other", "say why"),
        ("8", "dismiss good", "Good, and done with", "counts for such news"),
    ),
    _menu(
        "c",
        "Contacted",
        *((f"{number}", f"contacted {each}", said) for number, (each, said) in enumerate(CHANNELS, start=1)),
    ),
    _menu(
        "h",
        "Snooze",
        ("1", "snooze later", "Until later today"),
        ("2", "snooze tomorrow", "Until tomorrow"),
        ("3", "snooze monday", "Until Monday"),
        ("4", "snooze trigger", "Until the next trigger"),
    ),
    _menu(
        "t",
        "Outcome",
        ("1", "outcome no_answer", "No answer"),
        ("2", "outcome reply", "Reply"),
        ("3", "outcome meeting", "Meeting"),
        ("4", "outcome opportunity", "Opportunity"),
        ("5", "outcome won", "Won", "a customer from now on"),
        ("6", "outcome lost", "Lost"),
    ),
    _menu(
        "!",
        "Never contact",
        ("1", "suppress customer", "Customer"),
        ("2", "suppress open_deal", "Open deal"),
        ("3", "suppress rival", "Rival"),
        ("4", "suppress opt_out", "Opted out"),
        ("5", "suppress legal", "Legal reasons"),
        ("0", "unsuppress", "May be contacted again"),
    ),
)
"""What is done with a row by two keys."""

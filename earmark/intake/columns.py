"""Which column of a file means what: guessed from its header, shown to the user."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from earmark.errors import ConfigError
from earmark.intake.forms import Form

__all__ = ["Columns", "chosen_columns", "known_in", "names_what", "read_header"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The meaning of each column: a field of Account, ``crm:NAME`` for an id, or ``extra``.

    ``crm`` names the CRM whose export it looks like; ``headers`` are unique and never empty.
    """

    crm: str | None
    headers: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def mapping(self) -> Mapping[str, str]:
        """Header → meaning, in the order of the file."""
        return MappingProxyType(dict(zip(self.headers, self.fields, strict=True)))

    def of(self, field: str) -> tuple[int, ...]:
        """Return the places of a field's columns."""
        return tuple(place for place, one in enumerate(self.fields) if one == field)


def read_header(cells: Sequence[str], form: Form) -> Columns:
    """Return what each column means."""
    plains = [_plain(cell) for cell in cells]
    crm = form.crm_of(cells, frozenset(plains))
    fields = ["extra"] * len(cells)
    if crm:
        _take(fields, plains, f"crm:{crm}", form.ids[crm])
    for field, variants in form.fields.items():
        _take(fields, plains, field, variants, several=field in form.several)
    named = form.named_ids
    for place, plain in enumerate(plains):
        if fields[place] == "extra" and plain in named:
            fields[place] = f"crm:{named[plain]}"
    return Columns(crm=crm, headers=_unique(cells), fields=tuple(fields))


def chosen_columns(guessed: Columns, chosen: Mapping[str, str], form: Form) -> Columns:
    """Return the columns as a person wants them taken, by header; ConfigError for what can't be meant."""
    known = {*form.fields, "extra", *guessed.fields}
    fields = tuple(
        chosen.get(header, was) for header, was in zip(guessed.headers, guessed.fields, strict=True)
    )
    for header, field in zip(guessed.headers, fields, strict=True):
        if field not in known:
            raise ConfigError(f"The column {header!r} can't be taken as {field!r}. Choose one of the list.")
        if field != "extra" and field not in form.several and fields.count(field) > 1:
            raise ConfigError(f"Two columns are taken as {field.replace('_', ' ')}. Choose the better one.")
    if form.needed.isdisjoint(fields):
        needed = " or ".join(sorted(each.replace("_", " ") for each in form.needed if ":" not in each))
        raise ConfigError(f"No column says which {form.what} the rows are. Take one as {needed}.")
    return replace(guessed, fields=fields)


def names_what(cells: Sequence[str], form: Form) -> bool:
    """Return whether this can be the header: it has a column that names what the form is about."""
    return not form.needed.isdisjoint(read_header(cells, form).fields)


def known_in(cells: Iterable[str], form: Form) -> int:
    """Return how many of these cells are headers that we know."""
    known = form.headers
    return sum(_plain(cell) in known for cell in cells)


def _take(
    fields: list[str], plains: list[str], field: str, variants: Sequence[str], *, several: bool = False
) -> None:
    """Give the field its column, the best variant first; a field of several takes all its columns."""
    for variant in variants:
        for place, plain in enumerate(plains):
            if plain == variant and fields[place] == "extra":
                fields[place] = field
                if not several:
                    return


def _plain(header: str) -> str:
    """``BillingCity``, ``billing_city`` and ``Billing City`` are one header; accents don't count."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.lstrip("\ufeff"))
    folded = unicodedata.normalize("NFKD", spaced).casefold()
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in folded if not unicodedata.combining(c))))


def _unique(cells: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.lstrip("\ufeff").split()) or f"column {place}"
        names.append(name if name not in names else f"{name} ({place})")
    return tuple(names)

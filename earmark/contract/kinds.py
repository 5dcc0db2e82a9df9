"""The kinds of a thing that others may bring too: our own, and those of installed packages."""

import logging
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from earmark.errors import ConfigError

__all__ = ["Kinds"]

T = TypeVar("T", bound=BaseModel)

_log = logging.getLogger(__name__)


class Kinds(Generic[T]):
    """The kinds by name, each a class made from ``base``; they are loaded when they are first asked for.

    ``own`` are ours as ``module:Class``; packages offer theirs as entry points of the ``group``. ``what``
    is the word for one of them, such as "source".
    """

    def __init__(self, base: type[T], *, group: str, own: Mapping[str, str], what: str) -> None:
        self._base, self._group, self._own, self._what = base, group, own, what
        self._found: tuple[Mapping[str, type[T]], Mapping[str, str]] | None = None

    def every(self) -> Mapping[str, type[T]]:
        """Return every kind by its name, sorted; packages that can't be loaded are left out."""
        return self._loaded()[0]

    def broken(self) -> Mapping[str, str]:
        """Return why a kind that an installed package offers can't be used, by its name."""
        return self._loaded()[1]

    def build(self, kind: str, options: Mapping[str, Any]) -> T:
        """Return one of a kind with its options; ConfigError says what to edit and the nearest name."""
        made = self.every().get(kind)
        if made is None:
            raise ConfigError(self._unknown(kind))
        try:
            return made.model_validate(dict(options))
        except ValidationError as error:
            # Its own text would show the values of secrets.
            raise ConfigError(_faults(made, f"{self._what} kind '{kind}'", error)) from None

    def forget(self) -> None:
        """Look at the installed packages anew when next asked."""
        self._found = None

    def _loaded(self) -> tuple[Mapping[str, type[T]], Mapping[str, str]]:
        if self._found is None:
            self._found = self._load()
        return self._found

    def _load(self) -> tuple[Mapping[str, type[T]], Mapping[str, str]]:
        found: dict[str, type[T]] = {}
        faults: dict[str, str] = {}
        ours = [EntryPoint(name=name, value=value, group=self._group) for name, value in self._own.items()]
        for entry in [*ours, *sorted(entry_points(group=self._group), key=lambda entry: entry.name)]:
            try:
                found[entry.name] = self._class(entry, found)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does, the other kinds stay
                faults[entry.name] = (
                    f"{_origin(entry)} offers {self._what} kind '{entry.name}', but {_reason(error)}"
                )
                _log.warning("%s", faults[entry.name])
        return MappingProxyType(dict(sorted(found.items()))), MappingProxyType(faults)

    def _class(self, entry: EntryPoint, found: Mapping[str, type[T]]) -> type[T]:
        made = entry.load()
        if not (isinstance(made, type) and issubclass(made, self._base)):
            name = self._base.__name__
            raise ConfigError(
                f"it is no class made from earmark.contract.{name}. Ask its author to correct it."
            )
        if getattr(made, "kind", None) != entry.name:
            raise ConfigError("its class has another name as 'kind'. Ask its author to correct it.")
        if entry.name in found:
            raise ConfigError("there is a kind of that name already. Uninstall one of the two.")
        return made

    def _unknown(self, kind: str) -> str:
        if kind in self.broken():
            return self.broken()[kind]
        known = self.every()
        near = _nearest(kind, known)
        return f"There is no {self._what} kind '{kind}'.{near} Known kinds: {', '.join(known)}."


def _origin(entry: EntryPoint) -> str:
    return f"The package '{entry.dist.name}'" if entry.dist else "earmark"


def _reason(error: BaseException) -> str:
    if isinstance(error, ConfigError):
        return str(error)
    return f"it can't be loaded ({type(error).__name__}: {error}). Update or uninstall it."


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def _faults(made: type[BaseModel], what: str, error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return " ".join(_fault(made, what, fault["type"], fault["loc"], fault["msg"]) for fault in faults)


def _fault(made: type[BaseModel], what: str, problem: str, place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else ""
    option = f"Option '{name}' of {what}"
    field = made.model_fields.get(name)
    if problem == "extra_forbidden" or (name and field is None):
        known = ", ".join(sorted(made.model_fields))
        near = _nearest(name, made.model_fields)
        return f"{what[0].upper()}{what[1:]} has no option '{name}'.{near} Its options: {known}."
    meaning = f" It means: {field.description}" if field is not None and field.description else ""
    if problem == "missing":
        return f"{option} is missing; add it.{meaning}"
    return f"{option} can't be used: {_plain(message)}.{meaning}"


def _plain(message: str) -> str:
    for jargon in ("Value error, ", "Assertion failed, ", "Input should be ", "Input "):
        message = message.removeprefix(jargon)
    start = message[:2].lower() if message[1:2].islower() else message[:2]  # "URL" stays
    return start + message[2:].rstrip(".")

import sys
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest
from pydantic import Field, SecretStr, field_validator

from earmark.contract import Poll, Source
from earmark.contract import kinds as plugins
from earmark.errors import ConfigError
from earmark.types import Event
from sources import registry
from sources.feed import FeedSource


class Forum(Source):
    """A forum."""

    kind: ClassVar[str] = "forum"

    token: SecretStr = Field(description="The key of the account.")
    depth: int = Field(1, ge=1, le=9, description="Pages to read.")

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        page = await poll.get("https://forum.example/")
        yield Event(external_id="1", title=page.text())

    @field_validator("token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if len(token.get_secret_value()) < 4:
            raise ValueError("it is too short")
        return token


class NoSource:
    kind = "nothing"


def installed(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    found = [EntryPoint(name=name, value=value, group="earmark.sources") for name, value in values.items()]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == "earmark.sources" else [])
    registry._KINDS.forget()


@pytest.fixture(autouse=True)
def _fresh_registry() -> Iterator[None]:
    registry._KINDS.forget()
    yield
    registry._KINDS.forget()


def test_our_own_kinds_are_there() -> None:
    assert registry.kinds()["feed"] is FeedSource
    assert registry.broken() == {}


def test_every_own_kind_is_named_as_its_class_says() -> None:
    assert all(kind == source.kind for kind, source in registry.kinds().items())
    assert registry._OWN.keys() <= registry.kinds().keys()


def test_a_source_is_built_from_its_options() -> None:
    source = registry.build("feed", {"url": "https://wire.example/feed", "include": ["round"]})
    assert isinstance(source, FeedSource)
    assert source.include == ("round",)


def test_an_installed_package_brings_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, forum=f"{__name__}:Forum")
    load = EntryPoint.load
    monkeypatch.setattr(EntryPoint, "load", lambda entry: Forum if entry.name == "forum" else load(entry))
    assert registry.kinds().keys() == {*registry._OWN, "forum"}
    assert list(registry.kinds()) == sorted(registry.kinds())
    assert registry.broken() == {}


def test_packages_that_cannot_be_loaded_are_named_and_harm_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(
        monkeypatch,
        gone="no_such_package_at_all:Thing",
        odd="pathlib:Path",
        feed="sources.feed:FeedSource",
        misnamed="sources.feed:FeedSource",
    )
    assert registry.kinds().keys() == registry._OWN.keys()
    assert set(registry.broken()) == {"gone", "odd", "feed", "misnamed"}
    assert "can't be loaded (ModuleNotFoundError" in registry.broken()["gone"]
    assert "no class made from" in registry.broken()["odd"]
    assert "of that name already" in registry.broken()["feed"]
    with pytest.raises(ConfigError, match="can't be loaded"):
        registry.build("gone", {})


def test_an_unknown_kind_gets_the_nearest_one() -> None:
    with pytest.raises(
        ConfigError, match=r"no source kind 'feeed'\. Did you mean 'feed'\? Known kinds: .*feed"
    ):
        registry.build("feeed", {})


def test_a_kind_that_resembles_none_gets_the_list_only() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.build("carrier-pigeon", {})
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "Option 'url' of source kind 'feed' is missing; add it. It means: Address of the feed"),
        ({"url": "https://a.example", "inclde": ["x"]}, "has no option 'inclde'. Did you mean 'include'?"),
        (
            {"url": "ftp://a.example"},
            "Option 'url' of source kind 'feed' can't be used: URL scheme should be",
        ),
        ({"url": "https://a.example", "trust": 2}, "Option 'trust' of source kind 'feed' can't be used: "),
        (
            {"url": "https://a.example", "include": 7},
            "Option 'include' of source kind 'feed' can't be used: ",
        ),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.build("feed", options)
    text = str(caught.value)
    assert sentence in text
    assert not any(
        jargon in text for jargon in ("pydantic", "type=", "Input", "validation error", "Value error")
    )


def test_all_wrong_options_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.build("feed", {"nonsense": 1, "trust": "high"})
    assert all(name in str(caught.value) for name in ("'nonsense'", "'trust'", "'url'"))


def test_a_secret_never_stands_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry._KINDS, "every", lambda: {"forum": Forum})
    with pytest.raises(ConfigError) as caught:
        registry.build("forum", {"token": "abc", "depth": 99})
    assert "it is too short" in str(caught.value)
    assert "abc" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_package_that_ends_the_program_at_import_is_only_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, rude="sys:exit")
    load = EntryPoint.load

    def leave(entry: EntryPoint) -> object:
        return sys.exit("goodbye") if entry.name == "rude" else load(entry)

    monkeypatch.setattr(EntryPoint, "load", leave)
    assert "goodbye" in registry.broken()["rude"]
    assert "feed" in registry.kinds()

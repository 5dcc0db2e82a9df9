"""A page that can't be made: it says so in words, under the same headers, and the others go on."""

import pytest
from jinja2 import ChoiceLoader, DictLoader

from review.page.render import templates
from storage.engine import Engine
from tests.review.page.served import Served
from tests.review.page.walk import dump


def broken(monkeypatch: pytest.MonkeyPatch, **sources: str) -> None:
    """Have these templates read so."""
    written = {f"{name}.html": source for name, source in sources.items()}
    assert templates.loader
    monkeypatch.setattr(templates, "loader", ChoiceLoader([DictLoader(written), templates.loader]))
    monkeypatch.setattr(templates, "cache", None)


@pytest.mark.parametrize(
    "source", ["{{ nothing_like_it }}", "{% if %}", "{{ 1 / 0 }}", "{% extends 'gone.html' %}", "\ud800"]
)
def test_a_broken_template_is_told_in_words_and_the_rest_goes_on(
    page: Served, engine: Engine, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    before = dump(engine)
    broken(monkeypatch, health=source)
    answer = page.get("/health")
    assert answer.status_code == 500
    assert "This page could not be made" in answer.text
    for detail in ("Traceback", "nothing_like_it", "gone.html", "ZeroDivision", "/review/"):
        assert detail not in answer.text
    assert page.get("/").status_code == 200
    assert dump(engine) == before


def test_the_page_of_a_fault_binds_a_browser_like_any_other(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = page.get("/health").headers
    broken(monkeypatch, health="{{ 1 / 0 }}")
    fault = page.get("/health").headers
    for name in ("content-security-policy", "x-content-type-options", "cache-control", "referrer-policy"):
        assert fault.get(name) == well[name], name


def test_a_script_is_told_of_a_fault_in_plain_words(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, health="{{ 1 / 0 }}")
    answer = page.get("/health", headers={"x-earmark": "part"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert answer.text.startswith("This page could not be made.")


def test_even_the_page_that_tells_of_faults_may_break(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, health="{{ 1 / 0 }}", told="{{ 1 / 0 }}")
    answer = page.get("/health", headers={"connection": "close"})
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert page.get("/").status_code == 200

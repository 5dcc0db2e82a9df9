"""The corpus script on our own pages, and on a parser that loses entries."""

import sys
from pathlib import Path

import pytest

from scripts import parser_corpus

DATA = Path(__file__).parent / "data"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["parser_corpus", *arguments])
    return parser_corpus.main()


def test_ours_finds_no_fewer_on_our_own_pages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(DATA)) == 0
    assert "fewer or raises in 0" in capsys.readouterr().out


def test_a_lost_entry_and_a_crash_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "one.xml").write_text("<rss><channel><item><title>One</title></item></channel></rss>")

    def crash(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(parser_corpus, "parse_feed", crash)
    assert run(monkeypatch, str(tmp_path)) == 1
    told = capsys.readouterr().out
    assert "WORSE ours     0 feedparser     1 fast     1  one.xml" in told
    assert "KeyError" in told


def test_a_folder_that_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, str(tmp_path / "gone")) == 2
    assert "is no folder" in capsys.readouterr().err

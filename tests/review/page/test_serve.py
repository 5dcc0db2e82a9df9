"""The page as a process: its address is told when it answers, and a port that is taken is waited for."""

import signal
import socket
from pathlib import Path

import pytest

from earmark.config import FILE, Page, Settings, load
from earmark.errors import ConfigError
from monitors.recorded import free_port
from review.page.serve import free, serve


def at(workspace: Path, port: int) -> Settings:
    return load(workspace).model_copy(update={"page": Page(address=f"127.0.0.1:{port}")})


def test_the_address_is_told_as_soon_as_the_page_answers_there(workspace: Path) -> None:
    port, heard = free_port(), list[str]()

    def told(address: str) -> None:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        heard.append(address)
        signal.raise_signal(signal.SIGINT)

    # Whoever starts the tests in the background has them ignore an interrupt.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            serve(at(workspace, port), told)
    finally:
        signal.signal(signal.SIGINT, before)
    (address,) = heard
    assert address.startswith(f"http://127.0.0.1:{port}/")


def test_a_port_that_is_taken_is_said_and_no_address_is_told(workspace: Path) -> None:
    heard = list[str]()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"can't listen on 127\.0\.0\.1:{port}: Address already in use\. If earmark"
        ):
            serve(at(workspace, port), heard.append)
    assert heard == []


def test_under_a_supervisor_a_taken_port_is_said_once_and_waited_for(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses, said = list[float](), list[str]()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = f'[page]\naddress = "127.0.0.1:{port}"\n'
        (workspace / FILE).write_text(settings, encoding="utf-8")

        def rest(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                other.close()

        monkeypatch.setattr("review.page.serve.sleep", rest)
        assert free(load(workspace), said.append).page.address == f"127.0.0.1:{port}"
    assert len(pauses) == 3
    assert len(said) == 1
    assert "page.address" in said[0]


def test_an_address_that_is_edited_meanwhile_counts(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, other_port = workspace / FILE, free_port()
    edits = iter(("[page", f'[page]\naddress = "127.0.0.1:{other_port}"\n'))
    with socket.create_server(("127.0.0.1", 0)) as other:
        file.write_text(f'[page]\naddress = "127.0.0.1:{other.getsockname()[1]}"\n', encoding="utf-8")
        settings = load(workspace)
        monkeypatch.setattr(
            "review.page.serve.sleep", lambda _: file.write_text(next(edits), encoding="utf-8")
        )
        assert free(settings, lambda _: None).page.address == f"127.0.0.1:{other_port}"

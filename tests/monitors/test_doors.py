"""The doors to the outside are few, each is guarded, and no other module opens one."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, imports_of, label, modules, name_of, tree_of

NETWORK = {
    "aiohttp",
    "anyio",
    "ftplib",
    "http.client",
    "http.server",
    "httpcore",
    "httpx",
    "imap_tools",
    "imaplib",
    "poplib",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "websockets",
    "xmlrpc.client",
}
DOORS = {
    "monitors.dial": {"httpcore", "socket"},  # the guard itself: names are resolved, judged and dialled
    "monitors.http": {"anyio", "httpcore", "httpx"},  # dials through monitors.dial
    "monitors.mail": {"imap_tools", "imaplib", "socket"},  # dials what Fetcher.addresses admitted
    "monitors.post": {"smtplib", "socket"},  # dials what the guard admitted
    "review.page.gate": {"anyio", "anyio.to_thread"},  # threads, and no network
    "review.page.serve": {"socket"},  # listens for the page
    "monitors.chat": {"socket"},  # puts the guard under a library that dials for itself
    "monitors.hooks": {"http.server"},  # listens for web hooks
    "monitors.alive": {"socket"},  # the name of this machine
    "monitors.recorded": {"http.client", "http.server"},  # the demo's own server, on loopback
}
DIALS = {
    "create_connection",
    "create_unix_connection",
    "open_connection",
    "open_unix_connection",
    "sock_connect",
}
DIALLERS = {"monitors.mail", "monitors.post"}
LISTENS = {"start_server", "create_server", "start_unix_server"}
LISTENERS = {"monitors.probe", "review.page.serve"}
PROCESSES = {"create_subprocess_exec", "create_subprocess_shell", "Popen", "check_output", "system"}
STARTERS = {"monitors.chat", "monitors.parse", "monitors.recorded", "monitors.supervise"}


def called(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_only_a_door_can_reach_the_network() -> None:
    for path in modules():
        found = imports_of(path)
        wanted = {name for name in found if any(f"{name}.".startswith(f"{each}.") for each in NETWORK)}
        assert wanted <= DOORS.get(name_of(path), set()), label(path)


def test_nothing_else_dials_listens_or_starts_a_program() -> None:
    for path in modules():
        calls, name = set(called(path)), name_of(path)
        assert not calls & DIALS or name in DIALLERS, name
        assert not calls & LISTENS or name in LISTENERS, name
        assert not calls & PROCESSES or name in STARTERS, name


def test_every_door_that_is_named_is_there_and_needed() -> None:
    names = {name_of(path): path for path in modules()}
    for name, wanted in DOORS.items():
        assert wanted <= imports_of(names[name]), name


def test_no_switch_turns_off_the_check_of_certificates() -> None:
    for path in modules():
        text = path.read_text("utf-8")
        for switch in ("CERT_NONE", "check_hostname = False", "_create_unverified_context", "verify=False"):
            assert switch not in text, f"{label(path)}: {switch}"


def test_the_settings_have_no_switch_for_the_guard() -> None:
    files = sorted((ROOT / "earmark" / "config").glob("*.py"))
    text = "".join(file.read_text("utf-8") for file in files)
    assert "allow:" in text, "exceptions are named one by one"
    for word in ("insecure", "verify", "guard", "proxy"):
        assert word not in text.lower()

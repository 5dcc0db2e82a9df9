import shutil
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.page.doors import names_of
from review.page.keys import page_token
from tests.review.page.served import Served, served
from tests.storage.databases import opened


def test_the_owner_sees_the_list(page: Served) -> None:
    answer = page.get("/")
    assert answer.status_code == 200
    assert "Lumenforge" in answer.text


def test_a_stranger_sees_nothing(stranger: httpx.Client) -> None:
    answer = stranger.get("/")
    assert answer.status_code == 401
    assert "Lumenforge" not in answer.text


def test_a_page_does_not_answer_for_the_host_of_somebody_else(page: Served) -> None:
    answer = page.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 403
    assert "page.hosts" in answer.text


def test_every_answer_tells_the_browser_to_fetch_nothing_from_elsewhere(page: Served) -> None:
    for path in ("/", "/nowhere", "/static/page.css"):
        policy = page.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy


def test_a_file_of_a_stranger_is_refused_before_it_is_read(page: Served, stranger: httpx.Client) -> None:
    headers = {"origin": page.url, "content-type": "multipart/form-data; boundary=b"}
    for content in (b"x" * 200_000, iter([b"x" * 10])):  # of a known length, and of none
        answer = stranger.post("/accounts/import", content=content, headers=headers)
        assert answer.status_code == 401
        assert "nothing of that was kept" in answer.text


def test_nothing_large_is_read_for_a_header_that_opens_nothing(page: Served, stranger: httpx.Client) -> None:
    for authorization in ("Basic eDp4", "Bearer x", "Bearer earmark_api_x"):
        headers = {"origin": page.url, "authorization": authorization}
        for path in ("/accounts/import", "/login", "/api/v1/accounts"):
            answer = stranger.post(path, content=b"x" * 200_000, headers=headers)
            assert answer.status_code == 401, (authorization, path)
            assert "nothing of that was kept" in answer.text


def test_a_header_that_a_browser_may_add_opens_no_door_to_forms_of_others(page: Served) -> None:
    """A browser sends Basic by itself where a proxy asked for it."""
    headers = {"origin": "https://evil.example", "authorization": "Basic eDp4"}
    for path in ("/login", "/logout", "/act"):
        assert page.client.post(path, data={"csrf": page.csrf}, headers=headers).status_code == 403, path


@pytest.mark.parametrize("path", ["/?pick=%00", "/sources/of/a%00b", "/api/v1/accounts?owner=%00", "/%00"])
def test_an_address_with_a_sign_that_no_database_holds_is_refused(page: Served, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 400
    assert "NUL" in answer.text
    assert "default-src" in answer.headers["content-security-policy"]


def test_two_workspaces_on_one_machine_throw_nobody_out(
    page: Served, workspace: Path, tmp_path: Path
) -> None:
    """A browser keeps one set of cookies for all ports of a host."""
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(workspace / "earmark.toml", other)
    shutil.copy(workspace / "earmark.db", other)
    with (
        opened(f"sqlite:///{other / 'earmark.db'}") as engine,
        served(other, engine) as second,
        httpx.Client(trust_env=False) as client,
    ):
        for each, folder in ((page, workspace), (second, other)):
            token = {"token": page_token(folder)}
            assert client.get(f"{each.url}/enter", params=token).status_code == 303
        assert [client.get(f"{each.url}/").status_code for each in (page, second)] == [200, 200]
        client.cookies.set(second.cookie, page_token(workspace))
        assert client.get(f"{second.url}/").status_code == 401, "the key of one opens no other"


def test_a_large_form_of_a_user_is_read(page: Served) -> None:
    answer = page.post("/settings/preferences", {"theme": "dark", "rest": "x" * 200_000})
    assert answer.status_code in {303, 403}, "it came as far as the question whose form it is"


@pytest.mark.parametrize(
    "origin", ["http://[", "https://evil.example", "null", "", "http://127.0.0.1.evil.example"]
)
def test_a_form_comes_from_here_or_not_at_all(page: Served, origin: str) -> None:
    answer = page.client.post("/logout", data={"csrf": "x"}, headers={"origin": origin})
    assert answer.status_code == 403
    assert "does not come from this page" in answer.text


def test_one_click_of_a_mail_provider_needs_no_origin(stranger: httpx.Client) -> None:
    assert stranger.post("/unsubscribe/unknown").status_code == 404


@given(st.text(max_size=40), st.text(max_size=20))
def test_only_our_own_names_are_hosts(name: str, more: str) -> None:
    hosts = names_of("127.0.0.1:8787", ["earmark.norvik.example"], "https://sales.norvik.example:8443")
    assert {
        "127.0.0.1:8787",
        "localhost:8787",
        "earmark.norvik.example",
        "sales.norvik.example:8443",
    } <= hosts
    assert f"evil{name}.example" not in hosts
    assert f"earmark.norvik.example.{more}" not in hosts

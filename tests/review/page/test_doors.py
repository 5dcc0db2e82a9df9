import httpx

from tests.review.page.served import Served


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

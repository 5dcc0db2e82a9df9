"""No route without a token, none beyond its scope or its user's role; what the API does is described."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from storage.engine import Engine
from tests.review.api.conftest import Api
from tests.review.page.served import Served
from tests.review.page.team import a_team
from tests.review.page.walk import values_of

WRITES = ("POST", "DELETE", "PUT", "PATCH")


def routes(page: Served) -> Iterator[tuple[str, str]]:
    """Yield every route of the API with its method, parameters filled in."""
    mounted = next(route for route in page.app.routes if getattr(route, "path", "") == "/api/v1")
    for path, methods in _described(mounted.app):
        for method in methods:
            yield method, path


def _described(app: Any) -> Iterator[tuple[str, list[str]]]:
    for path, methods in app.openapi()["paths"].items():
        filled = path
        for name in ("trigger_id", "account_id", "source_id"):
            filled = filled.replace("{" + name + "}", "x")
        yield filled, [method.upper() for method in methods]
    assert any(isinstance(route, APIRoute) for route in app.routes) or app.routes


def test_every_route_refuses_somebody_without_a_token(page: Served) -> None:
    walked = [*routes(page), ("GET", "/openapi.json")]
    assert len(walked) > 15
    with httpx.Client(base_url=f"{page.url}/api/v1", trust_env=False) as stranger:
        for method, path in walked:
            answer = stranger.request(method, path, json={}, headers={"origin": page.url})
            assert answer.status_code == 401, (method, path)
            assert answer.json()["code"] == "unauthorized"


def test_a_token_to_read_changes_nothing(page: Served, api: Api) -> None:
    client = api("read")
    for method, path in routes(page):
        if method in WRITES:
            assert client.request(method, path, json={}).status_code == 403, (method, path)


def test_a_token_to_act_runs_nothing(page: Served, api: Api) -> None:
    client = api("act")
    for path in ("/sources", "/sources/x/pause", "/sources/x/test", "/replay", "/accounts"):
        assert client.post(path, json={}).status_code == 403, path
    assert client.get("/triggers").status_code == 200, "who may act may read"
    assert page.url


@pytest.mark.parametrize(
    ("user", "codes"), [("ron", (403, 403)), ("rea", (404, 403)), ("max", (404, 403)), ("ada", (404, 404))]
)
def test_a_token_may_no_more_than_its_user(
    api: Api, engine: Engine, user: str, codes: tuple[int, int]
) -> None:
    a_team(engine)
    client = api("admin", user=user)
    acted = client.post("/actions", json={"verb": "accept", "trigger": "x"}).status_code
    paused = client.post("/sources/x/pause").status_code
    assert (acted, paused) == codes


def test_the_description_names_every_route_and_how_to_enter(page: Served, api: Api) -> None:
    told = api("read").get("/openapi.json").json()
    assert told["openapi"].startswith("3.")
    assert told["servers"] == [{"url": "/api/v1"}]
    assert told["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert {
        "/triggers",
        "/accounts",
        "/judgements",
        "/actions",
        "/undo",
        "/sources",
        "/replay",
        "/views",
    } <= set(told["paths"])
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            assert route.get("description"), (method, path)
    assert page.url


def test_the_description_says_what_comes_back_in_words_that_programs_can_be_made_of(api: Api) -> None:
    told = api("read").get("/openapi.json").json()
    schemas, names = told["components"]["schemas"], list[str]()
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            names.append(route["operationId"])
            good, fault = (
                next(each for code, each in route["responses"].items() if code.startswith("2")),
                route["responses"]["default"],
            )
            assert fault["content"]["application/json"]["schema"]["$ref"].endswith("/Fault"), (method, path)
            schema = good["content"]["application/json"]["schema"]
            assert "$ref" in schema or schema["items"]["$ref"], (method, path, "an answer without a shape")
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names), names
    assert "HTTPValidationError" not in schemas, "no fault of ours looks like that"
    assert set(schemas["Fault"]["properties"]) == {"error", "code"}


def test_an_answer_has_the_shape_that_was_described(api: Api, engine: Engine) -> None:
    client = api("admin")
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    held = values_of(engine)
    for path, name in (
        (f"/triggers/{held['trigger_id']}", "TriggerDetail"),
        (f"/triggers/{held['trigger']}", "TriggerDetail"),
        (f"/accounts/{held['account_id']}", "AccountDetail"),
        (f"/sources/{held['source_id']}", "SourceDetail"),
    ):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json().keys() == schemas[name]["properties"].keys(), path


def test_a_method_that_an_address_does_not_know_is_said_in_json(api: Api) -> None:
    answer = api("admin").request("PATCH", "/triggers")
    assert answer.status_code == 405
    assert answer.json()["code"] == "no_such_method"


def test_a_body_that_is_none_is_a_sentence(api: Api) -> None:
    client = api("admin")
    for content in (
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"verb": "explode", "trigger": "x"}',
        b'{"verb": "accept", "more": 1}',
    ):
        answer = client.post("/actions", content=content, headers={"content-type": "application/json"})
        assert answer.status_code in {400, 422}, content
        assert answer.json().keys() == {"error", "code"}


def test_what_breaks_is_json_too(page: Served, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api("read")

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("review.api.triggers.newest.made", broken)
    answer = client.get("/triggers")
    assert (answer.status_code, answer.json()["code"]) == (500, "failed")
    assert "ZeroDivision" not in answer.text
    assert page.url

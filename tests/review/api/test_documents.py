"""What the document and the example say is what the API knows."""

import json
import re
from typing import Any

from tests.house.tree import ROOT
from tests.review.api.conftest import Api


def test_the_document_names_every_address_and_no_other(api: Api) -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    told = set(re.findall(r"`(GET|POST|DELETE) (/[^`\s]*)`", text))
    known = {
        (method.upper(), path)
        for path, methods in api("read").get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    assert told == known


def test_the_document_names_everything_that_a_call_may_say(api: Api) -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    described = api("read").get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            asked = {each["name"] for each in route.get("parameters", ())}
            body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
            if body:
                name = body["schema"]["$ref"].rpartition("/")[2]
                asked |= set(described["components"]["schemas"][name]["properties"])
            assert asked <= told, (method, path, asked - told)


def test_the_example_asks_what_can_be_asked(api: Api) -> None:
    flow: dict[str, Any] = json.loads(
        (ROOT / "docs" / "examples" / "n8n-new-triggers.json").read_text("utf-8")
    )
    names = {node["name"] for node in flow["nodes"]}
    joined = {step["node"] for ends in flow["connections"].values() for end in ends["main"] for step in end}
    assert joined | set(flow["connections"]) == names
    request = next(node["parameters"] for node in flow["nodes"] if "url" in node["parameters"])
    asked = {each["name"]: each["value"] for each in request["queryParameters"]["parameters"]}
    path = request["url"].partition("/api/v1")[2]
    answer = api("read").get(path, params=asked)
    assert answer.status_code == 200
    assert answer.json()["items"]
    assert all(one["id"] for one in answer.json()["items"])

"""The OpenAPI document and the page made from it."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from minsheng.accounts.scopes import SCOPES
from minsheng.faces.table import PROBLEMS
from minsheng.faces.web.headers import POLICY

DOCS, DOCUMENT = "/api/v1/docs", "/api/v1/openapi.json"


@pytest.fixture
def document(app: Flask) -> Any:
    return app.test_client().get(DOCUMENT).json


def page(app: Flask, words: str = "zh") -> str:
    answer = app.test_client().get(DOCS, headers={"Accept-Language": words})
    assert answer.status_code == 200
    return unescape(answer.text)


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, item[method])
        for path, item in document["paths"].items()
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    ]


def test_the_document_is_sound_openapi_3_1(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_document_holds_every_operation_that_is_routed(document: Any, app: Flask) -> None:
    routed = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and rule.rule not in (DOCS, DOCUMENT)
    }
    assert {(method, path) for method, path, _said in operations(document)} == routed


def test_the_document_names_every_scope_and_each_operation_needs_one(document: Any) -> None:
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow == {"tokenUrl": "/oauth/token", "scopes": dict(SCOPES)}
    for method, path, said in operations(document):
        (scope,) = said["security"][0]["oauth2"]
        assert scope in SCOPES
        assert said["summary"], (method, path)


def test_every_operation_describes_errors_as_problem_documents(document: Any) -> None:
    default = document["components"]["responses"]["DEFAULT_ERROR"]
    assert list(default["content"]) == ["application/problem+json"]
    for _method, _path, said in operations(document):
        assert said["responses"]["default"]["$ref"].endswith("DEFAULT_ERROR")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_shows_every_operation_with_scope_parameters_and_members(
    app: Flask, document: Any, language: str
) -> None:
    parts = page(app, language).split("<details ")[1:]
    assert len(parts) == len(operations(document))
    for method, path, said in operations(document):
        (part,) = [each for each in parts if f">{method}</code> <code>{path}</code>" in each]
        assert f"<code>{said['security'][0]['oauth2'][0]}</code>" in part
        assert said["summary"] in part
        assert f'curl -X {method} "$BASE{path}"' in part
        for parameter in [
            *said.get("parameters", []),
            *document["paths"][path].get("parameters", []),
        ]:
            assert f"<code>{parameter['name']}</code>" in part
        for member in members(document, said):
            assert f"<code>{member}</code>" in part or f"<code>{member}[]</code>" in part


def members(document: Any, said: Any) -> set[str]:
    bodies = [said["requestBody"]] if "requestBody" in said else []
    bodies += [each for status, each in said["responses"].items() if status.startswith("2")]
    names = {body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
             for body in bodies if "content" in body}  # fmt: skip
    schemas = document["components"]["schemas"]
    return {member for name in names for member in schemas[name]["properties"]}


def test_the_page_holds_under_the_policy_without_script_or_style_of_its_own(app: Flask) -> None:
    answer = app.test_client().get(DOCS)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "style=" not in answer.text
    assert re.findall(r"<script(?![^>]*\bsrc=)", answer.text) == []
    addresses = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert addresses
    for address in addresses:
        assert address.startswith(("/", "#")), address
        with app.test_client().get(address.partition("#")[0] or DOCS) as there:
            assert there.status_code == 200, address


def test_the_page_names_every_scope_and_every_problem(app: Flask) -> None:
    told = page(app)
    for scope, meaning in SCOPES.items():
        assert f"<code>{scope}</code></td><td>{meaning}" in told
    for kind in PROBLEMS.values():
        assert f"<td>{kind.status}</td><td><code>{kind.slug}</code>" in told


def test_the_page_speaks_the_visitors_language(app: Flask) -> None:
    assert "<h1>接口说明</h1>" in page(app, "zh")
    assert "<h1>API</h1>" in page(app, "en")


def test_no_other_page_loads_the_style_of_this_one(app: Flask) -> None:
    assert "/static/docs.css" in page(app)
    assert "/static/docs.css" not in app.test_client().get("/login").text


def test_the_examples_are_bodies_that_the_operation_can_read(
    app: Flask, api_of: Callable[..., Any], office: Callable[..., int]
) -> None:
    api = api_of(office())
    for command in re.findall(r"<pre>(curl .*?)</pre>", page(app), re.DOTALL):
        said = re.search(r"curl -X (\w+) \"\$BASE(\S+)\"(?:.*-d '(.*)')?", command, re.DOTALL)
        assert said is not None
        method, path, body = said.groups()
        path = re.sub(r"\{finding_id\}", "00000000-0000-7000-8000-000000000000", path)
        more = {"data": body, "content_type": "application/json"} if body else {}
        answer = api.open(method, re.sub(r"\{\w+\}", "x", path), **more)
        assert answer.status_code in (200, 201, 404, 422), (method, path, answer.json)

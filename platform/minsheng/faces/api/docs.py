"""``/docs``: every operation of the OpenAPI document on one page of our own.

Nothing is fetched from elsewhere and no script is needed, so the page holds under the policy that
all pages have (``faces/web/headers.py``).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request

from minsheng.faces.api.samples import sample
from minsheng.faces.problems import ProblemApi, ProblemKind, ProblemTable
from minsheng.faces.web.locale import language

Schema = Mapping[str, Any]
_JSON = "application/json"
_BOUNDS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "default")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "接口说明", "token": "先取得令牌", "document": "OpenAPI 3.1 文档",
        "scopes": "权限范围", "scope": "需要的权限范围", "parameters": "参数",
        "body": "请求内容", "answer": "应答", "problems": "出错时的应答",
        "problem_note": "出错时一律为 RFC 9457 问题文档（application/problem+json），"
        "type 为 /problems/ 加下列代码；detail 说明原因和办法。",
        "example": "示例", "name": "名称", "kind": "类型", "required": "必填", "note": "说明",
        "yes": "是",
    },
    "en": {
        "title": "API", "token": "First fetch a token", "document": "OpenAPI 3.1 document",
        "scopes": "Scopes", "scope": "Scope", "parameters": "Parameters",
        "body": "Request body", "answer": "Answer", "problems": "Problems",
        "problem_note": "Every error is an RFC 9457 problem document (application/problem+json);"
        " its type is /problems/ and one of these codes, its detail says why and what to do.",
        "example": "Example", "name": "Name", "kind": "Type", "required": "Required",
        "note": "Note", "yes": "yes",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or member: its path in the body (``citizen.phone``), type, need and limits."""

    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it; ``answers`` holds statuses with their members."""

    tag: str
    method: str
    path: str
    summary: str
    scope: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answers: tuple[tuple[str, tuple[Field, ...]], ...]
    command: str

    @property
    def anchor(self) -> str:
        """The part of the address that leads to this operation."""
        return f"{self.method}{self.path}".lower().translate(str.maketrans("/{}", "---"))


def register_docs(app: Flask, api: ProblemApi, table: ProblemTable, prefix: str) -> None:
    """Add the page at ``{prefix}/docs``; the operations are those registered at its first call."""
    blueprint = Blueprint("api_docs", __name__)

    @cache
    def operations() -> tuple[Operation, ...]:
        return tuple(read_operations(api.spec.to_dict()))

    @blueprint.get("/docs")
    def docs() -> Response:
        document = api.spec.to_dict()
        flows = document["components"]["securitySchemes"]["oauth2"]["flows"]
        page = render_template(
            "api_docs.html",
            operations=operations(),
            tags=document["tags"],
            scopes=flows["clientCredentials"]["scopes"],
            problems=_kinds(table),
            words=_WORDS[language()],
            base=request.host_url.rstrip("/"),
            prefix=prefix,
        )
        return Response(page)

    app.register_blueprint(blueprint, url_prefix=prefix)


def read_operations(document: Schema) -> Iterator[Operation]:
    """Every operation of an OpenAPI document, in its order."""
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                yield _operation(document, path, method, item)


def _operation(document: Schema, path: str, method: str, item: Schema) -> Operation:
    said = item[method]
    body = said.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("schema")
    scopes = [scope for way in said.get("security", []) for scope in way.get("oauth2", [])]
    given = [*item.get("parameters", []), *said.get("parameters", [])]
    return Operation(
        tag=said["tags"][0],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        scope=" ".join(scopes),
        parameters=tuple(_parameter(each) for each in given),
        body=tuple(_fields(document, body)) if body else (),
        answers=tuple(_answers(document, said["responses"])),
        command=_command(document, path, method, body),
    )


def _parameter(said: Schema) -> Field:
    schema = said["schema"]
    return Field(said["name"], _kind(schema), said.get("required", False), _note(schema))


def _answers(document: Schema, responses: Schema) -> Iterator[tuple[str, tuple[Field, ...]]]:
    for status, said in sorted(responses.items()):
        schema = said.get("content", {}).get(_JSON, {}).get("schema")
        if schema is not None:
            yield status, tuple(_fields(document, schema))


def _fields(document: Schema, schema: Schema, path: str = "") -> Iterator[Field]:
    """The members of an object schema, those of nested objects and lists behind their own."""
    found = resolve(document, schema)
    required = found.get("required", ())
    for name, member in found.get("properties", {}).items():
        inner = resolve(document, member)
        many = inner.get("type") == "array"
        place = f"{path}{name}{'[]' if many else ''}"
        yield Field(place, _kind(inner), name in required, _note(inner))
        yield from _fields(document, inner["items"] if many else inner, f"{place}.")


def resolve(document: Schema, schema: Schema) -> Schema:
    """A schema with its reference followed; of "one of these or null" the one."""
    while True:
        choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = document["components"]["schemas"][name]
        elif choices:
            schema = next(each for each in choices if each.get("type") != "null")
        else:
            return schema


def _kind(schema: Schema) -> str:
    said = schema.get("type", "any")
    kinds = [said] if isinstance(said, str) else said
    form = f" ({schema['format']})" if "format" in schema else ""
    return " | ".join(kinds) + form


def _note(schema: Schema) -> str:
    parts = [schema["description"]] if "description" in schema else []
    if "enum" in schema:
        parts.append(" | ".join(map(str, schema["enum"])))
    parts += [f"{name} {schema[name]}" for name in _BOUNDS if schema.get(name) not in (None, "")]
    return "; ".join(parts)


def _command(document: Schema, path: str, method: str, body: Schema | None) -> str:
    lines = [f'curl -X {method.upper()} "$BASE{path}"', '-H "Authorization: Bearer $TOKEN"']
    if body is not None:
        said = json.dumps(sample(document, body, resolve), ensure_ascii=False)
        lines += ['-H "Content-Type: application/json"', f"-d '{said}'"]
    return " \\\n  ".join(lines)


def _kinds(table: ProblemTable) -> list[ProblemKind]:
    return sorted(set(table.values()), key=lambda kind: (kind.status, kind.slug))

"""Which query parameters and form fields each page really reads, noted while it is asked."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.wrappers import Request
from werkzeug.datastructures import ImmutableMultiDict

_READERS = {"get", "getlist", "pop"}
_HOLDERS = {"form", "args", "values", "files"}


class Noting(ImmutableMultiDict[str, Any]):
    """Parameters that remember which of them were asked for."""

    @property
    def asked(self) -> set[str]:
        """The names asked for so far."""
        noted: set[str] = self.__dict__.setdefault("_asked", set())
        return noted

    def get(self, key: str, *more: Any, **named: Any) -> Any:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, *more, **named)

    def getlist(self, key: str, *more: Any, **named: Any) -> Any:
        self.asked.add(key)
        return super().getlist(key, *more, **named)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


class NotingRequest(Request):
    parameter_storage_class = Noting


class Record:
    """What was read, by operation: names in the query and in the form."""

    def __init__(self) -> None:
        self.query: defaultdict[str, set[str]] = defaultdict(set)
        self.form: defaultdict[str, set[str]] = defaultdict(set)

    def watch(self, app: Flask) -> None:
        """Note from now on what ``app`` reads; before its first request."""
        app.request_class = NotingRequest
        app.after_request(self._note)

    def _note(self, response: Response) -> Response:
        if request.url_rule is not None:
            operation = f"{request.method} {request.url_rule.rule}"
            for name, notes in (("args", self.query), ("form", self.form)):
                held = request.__dict__.get(name)
                if isinstance(held, Noting):
                    notes[operation] |= held.asked
        return response


def names_in_source(folder: Path) -> Iterator[str]:
    """Parameter names that stand as literals in the sources: ``request.form.get("x")`` and kin."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield from _literal(node)


def _literal(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _READERS and _holds(node.func.value) and node.args:
            yield from _word(node.args[0])
    elif isinstance(node, ast.Subscript) and _holds(node.value):
        yield from _word(node.slice)


def _holds(node: ast.expr) -> bool:
    named = isinstance(node, ast.Name) and node.id == "form"
    return named or (isinstance(node, ast.Attribute) and node.attr in _HOLDERS)


def _word(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value

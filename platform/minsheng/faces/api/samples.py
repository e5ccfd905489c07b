"""An example of a request body, made from its schema."""

from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]
_BY_FORMAT = {
    "date": "2099-12-31",
    "date-time": "2026-11-20T09:00:00+08:00",
    "uuid": "00000000-0000-7000-8000-000000000000",
}
_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1.0, "boolean": False, "object": {}}


def sample(document: Schema, schema: Schema, resolve: Callable[[Schema, Schema], Schema]) -> Any:  # noqa: ANN401
    """A value of the schema's form: a default or choice where there is one, else by its type."""
    found = resolve(document, schema)
    if "enum" in found:
        return found["enum"][0]
    if found.get("properties"):
        members = found["properties"].items()
        return {name: sample(document, member, resolve) for name, member in members}
    if found.get("type") == "array":
        return [sample(document, found["items"], resolve)]
    if found.get("default") not in (None, ""):
        return found["default"]
    return _BY_FORMAT.get(found.get("format", ""), _BY_TYPE.get(_kind(found), "…"))


def _kind(schema: Schema) -> str:
    """The type of a value; of one that may be null as well, the other type."""
    said = schema.get("type", "")
    kinds = [said] if isinstance(said, str) else [each for each in said if each != "null"]
    return str(kinds[0]) if kinds else ""

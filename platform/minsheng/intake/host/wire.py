"""Turn the SDK's frozen records into JSON values and back, believing nothing.

The shape on the wire is the record's own: a dataclass is an object of its fields, a tuple is an
array, bytes are base64, a time is RFC 3339 with its offset. Reading is strict: a missing, unknown
or wrongly typed field raises :class:`WireError` that names the field and never its value.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


class WireError(ValueError):
    """A value does not fit the record it claims to be."""


def to_wire(value: object, *, repair: bool = False) -> Any:  # noqa: ANN401 - a JSON value
    """Return the JSON value of a record, or of a part of one.

    With ``repair`` text that no database takes (NUL, lone surrogates) is replaced by U+FFFD: right
    for words that people read, wrong for keys and cursors, where two would become one.
    Raises WireError for a type that no record holds.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _repaired(value) if repair else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat()
    return _composite(value, repair)


def _composite(value: object, repair: bool) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, tuple | list):
        return [to_wire(part, repair=repair) for part in value]
    if isinstance(value, Mapping):
        return {str(key): to_wire(part, repair=repair) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: to_wire(getattr(value, each.name), repair=repair) for each in fields(value)
        }
    message = f"no record holds a {type(value).__name__}"
    raise WireError(message)


def _repaired(text: str) -> str:
    # The way through UTF-16 joins halves that belong together and replaces those that do not.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def from_wire(kind: type[Record], value: object) -> Record:
    """Read a JSON value as the record ``kind``.

    Raises WireError naming the first field that does not fit.
    """
    result: Record = _read(kind, value, kind.__name__)
    return result


def _read(kind: Any, value: object, place: str) -> Any:  # noqa: ANN401 - decided by ``kind``
    if is_dataclass(kind):
        return _read_record(kind, value, place)
    if get_origin(kind) is tuple:
        return _read_tuple(get_args(kind)[0], value, place)
    if get_origin(kind) is Mapping:
        return _read_mapping(value, place)
    reader = _PLAIN.get(kind)
    if reader is None:
        message = f"{place}: no reader for {kind!r}"
        raise WireError(message)
    return reader(value, place)


def _read_record(kind: Any, value: object, place: str) -> Any:  # noqa: ANN401 - decided by ``kind``
    hints = _hints(kind)
    if not isinstance(value, dict) or set(value) != set(hints):
        message = f"{place}: does not have the fields of the record"
        raise WireError(message)
    parts = {name: _read(hint, value[name], f"{place}.{name}") for name, hint in hints.items()}
    return kind(**parts)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_tuple(kind: object, value: object, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        message = f"{place}: is no array"
        raise WireError(message)
    return tuple(_read(kind, part, place) for part in value)


def _read_mapping(value: object, place: str) -> dict[str, str]:
    if not isinstance(value, dict):
        message = f"{place}: is no object"
        raise WireError(message)
    return {_text(key, place): _text(part, place) for key, part in value.items()}


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        message = f"{place}: is no text"
        raise WireError(message)
    if "\0" in value or not _encodable(value):
        message = f"{place}: holds a NUL or a lone surrogate"
        raise WireError(message)
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _whole(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"{place}: is no whole number"
        raise WireError(message)
    return value


def _truth(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        message = f"{place}: is neither true nor false"
        raise WireError(message)
    return value


def _bytes(value: object, place: str) -> bytes:
    try:
        return base64.b64decode(_text(value, place), validate=True)
    except binascii.Error as error:
        message = f"{place}: is no base64"
        raise WireError(message) from error


def _time(value: object, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value, place))
    except ValueError as error:
        message = f"{place}: is no time"
        raise WireError(message) from error
    if moment.utcoffset() is None:
        message = f"{place}: has no offset from UTC, make it aware"
        raise WireError(message)
    return moment


_PLAIN: dict[Any, Callable[[object, str], Any]] = {
    str: _text,
    int: _whole,
    bool: _truth,
    bytes: _bytes,
    datetime: _time,
}

"""Read JSON and text from a source so that PostgreSQL takes every result."""

import json
import re

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """Take out NUL and replace lone surrogates, neither of which PostgreSQL can store."""
    return _LONE_SURROGATE.sub(REPLACEMENT, text.replace("\0", ""))


def load_json(raw: bytes) -> object:
    """Read JSON in UTF-8 (with or without a mark), UTF-16 or UTF-32; ValueError when it is none.

    Nesting too deep for the reader is a ValueError as well.
    """
    try:
        return json.loads(raw)
    except RecursionError as error:
        message = "nested too deeply"
        raise ValueError(message) from error


def dump_json(value: object) -> bytes:
    """Write JSON in the one form we keep: ASCII, no spaces, members in the order given.

    ASCII keeps a lone surrogate as its escape, so nothing of the source is lost.
    """
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def as_text(value: object) -> str:
    """Return a text or number as clean text, a flag as "1" or "0", nothing as "".

    Raises TypeError for lists and objects.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str | int | float):
        return clean(str(value)).strip()
    message = f"{type(value).__name__} where text was expected"
    raise TypeError(message)

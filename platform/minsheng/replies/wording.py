"""When two texts say the same: spaces and line breaks never count."""

import re

_SPACE = re.compile(r"\s+")


def same(one: str, other: str) -> bool:
    """Whether two texts are equal but for white space."""
    return _bare(one) == _bare(other)


def frames(text: str, inner: str) -> bool:
    """Whether ``text`` holds all of ``inner``, with a greeting or the like around it at most."""
    return _bare(inner) in _bare(text)


def _bare(text: str) -> str:
    return _SPACE.sub("", text)

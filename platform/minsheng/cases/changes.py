"""Whether a text says something else than another one: what lifts a "not the same matter".

Messages are never edited; a source that changes its text sends another version of the message. Our
rule: other numbers (a date, a house, a sum), or less than nine tenths of the pairs of neighbouring
characters in common, is another text. Spaces, width, case and traditional forms are no change.
"""

import re

from minsheng.cases.search import searchable

UNCHANGED = 0.9
_NUMBERS = re.compile(r"\d+|[一二三四五六七八九十百千两]+(?=[号栋幢座室层楼期组队天月年]|单元)")


def has_changed(old: str, new: str) -> bool:
    """Whether ``new`` is materially another text than ``old``."""
    before, after = searchable(old), searchable(new)
    if before == after:
        return False
    if set(_NUMBERS.findall(before)) != set(_NUMBERS.findall(after)):
        return True
    ours, theirs = _pairs(before), _pairs(after)
    return len(ours & theirs) < UNCHANGED * len(ours | theirs)


def _pairs(said: str) -> set[str]:
    return {said[at : at + 2] for at in range(len(said) - 1)} or {said}

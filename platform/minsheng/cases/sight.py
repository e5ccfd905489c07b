"""What a viewer may see: a parameter of every query over cases, with the safe default.

A complaint about the office itself (``cases.secret``) stands in no list, count, search, hint or
page of a viewer without the right, and its number is answered like one that does not exist
(信访工作条例 第四十六条（五）; docs/decisions/0016). The same right opens who asked for secrecy.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from minsheng.cases.models import Case


@dataclass(frozen=True, slots=True)
class Sight:
    """``confidential``: complaints about the office itself, and citizens who asked for secrecy.

    On pages it is the permission ``citizens.confidential``, in the API the scope
    ``cases:confidential``.
    """

    confidential: bool = False


PLAIN = Sight()
"""What everybody who reads cases may see."""


def in_sight(sight: Sight) -> list[ColumnElement[bool]]:
    """The conditions on :class:`Case` that every query for a viewer bears."""
    return [] if sight.confidential else [Case.secret.is_(False)]

"""What two messages name: the same place, another place, another number.

A fact kind conflicts when both messages name one and share none, or when the texts are otherwise
one and each names what the other does not: a copied letter with the building changed. A conflict
is always a veto; how near the rest is cannot outvote another building.
"""

from dataclasses import dataclass
from typing import Literal

from .facts import Facts
from .pairs import Pair
from .records import Reason

Hardness = Literal["address", "named", "number"]

_COPIED = 0.7
"""From this share both ways a differing name inside the text is a change, not a mention."""

_LEAST, _MOST = -8.0, 4.0
"""Bounds of the summed weight: a letter may name ten places of one street."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact: its words, and the bits for sharing it and for naming another."""

    code: str
    zh: str
    en: str
    hardness: Hardness
    shared: float
    conflict: float


KINDS = (
    Kind("building", "楼栋", "building", "address", 1.5, -5),
    Kind("unit", "单元", "unit", "address", 1, -4),
    Kind("room", "房号", "room", "address", 2.5, -5),
    Kind("phase", "期数", "phase", "address", 0.5, -3),
    Kind("door", "门牌", "house number", "address", 2, -4),
    Kind("group", "村组", "village group", "address", 1, -3),
    Kind("plate", "车牌", "licence plate", "address", 3, -5),
    Kind("estate", "小区", "estate", "named", 2.5, -4),
    Kind("school", "学校", "school", "named", 2, -3),
    Kind("hospital", "医院", "hospital", "named", 2, -3),
    Kind("road", "道路", "road", "named", 1.5, -2),
    Kind("village", "村镇", "village or township", "named", 1.5, -2),
    Kind("market", "场所", "premises", "named", 1.5, -2),
    Kind("region", "区县", "county or district", "named", 0.5, -3),
    Kind("amount", "数额", "amount", "number", 1, -1.5),
    Kind("number", "号码", "number", "number", 2, -1.5),
)


def fact_reasons(pair: Pair) -> list[Reason]:
    """One reason for each kind that both messages name, bounded in sum."""
    mine, theirs = pair.later.facts, pair.earlier.facts
    both = mine.named.keys() & theirs.named.keys()
    reasons = [r for k in KINDS if k.code in both for r in _compare(k, mine, theirs, pair)]
    return _bounded(reasons)


def is_hard(reason: Reason) -> bool:
    """Whether a veto leaves nothing for an officer to weigh: another door, praise, no telephone."""
    return reason.veto and (reason.code in _HARD or reason.code == "stance.conflict")


def _compare(kind: Kind, mine: Facts, theirs: Facts, pair: Pair) -> list[Reason]:
    here, there = mine.named[kind.code], theirs.named[kind.code]
    shared = here.keys() & there.keys()
    only_here, only_there = here.keys() - shared, there.keys() - shared
    copied = pair.near >= _COPIED
    if only_here and only_there and (copied or (not shared and kind.hardness != "number")):
        return [_conflict(kind, here[min(only_here)], there[min(only_there)])]
    if shared:
        return [_shared(kind, here[min(shared)], 0.0 if copied else kind.shared)]
    return []


def _conflict(kind: Kind, here: str, there: str) -> Reason:
    return Reason(
        f"{kind.code}.conflict",
        f"{kind.zh}不同：{here} / {there}，不合并",
        f"another {kind.en}: {here} / {there}, not joined",
        kind.conflict,
        veto=True,
    )


def _shared(kind: Kind, shown: str, weight: float) -> Reason:
    """Inside a copied text a shared name is no new evidence, so it weighs nothing there."""
    return Reason(
        f"{kind.code}.same", f"{kind.zh}相同：{shown}", f"same {kind.en}: {shown}", weight
    )


def _bounded(reasons: list[Reason]) -> list[Reason]:
    total = sum(r.weight for r in reasons)
    limit = min(max(total, _LEAST), _MOST)
    if total == limit:
        return reasons
    scale = limit / total
    return [Reason(r.code, r.zh, r.en, round(r.weight * scale, 3), r.veto) for r in reasons]


_HARD = {f"{k.code}.conflict" for k in KINDS if k.hardness == "address"}

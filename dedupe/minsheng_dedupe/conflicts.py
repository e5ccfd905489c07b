"""What two messages name: the same place, another place, another number.

A fact kind conflicts when both messages name one and share none, or when the texts are otherwise
one and each names what the other does not: a copied letter with the building changed. A conflict
is always a veto; how near the rest is cannot outvote another building.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .comparison import Comparison, Level, Places
from .facts import KINDS
from .pairs import COPIED, Compared

Hardness = Literal["address", "named", "number"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact and its words. `hardness`: of an address another one leaves nothing to
    weigh; a number conflicts only inside a copied text."""

    code: str
    zh: str
    en: str
    hardness: Hardness


TOLD = (
    Kind("building", "楼栋", "building", "address"),
    Kind("unit", "单元", "unit", "address"),
    Kind("room", "房号", "room", "address"),
    Kind("phase", "期数", "phase", "address"),
    Kind("door", "门牌", "house number", "address"),
    Kind("group", "村组", "village group", "address"),
    Kind("plate", "车牌", "licence plate", "address"),
    Kind("estate", "小区", "estate", "named"),
    Kind("school", "学校", "school", "named"),
    Kind("hospital", "医院", "hospital", "named"),
    Kind("road", "道路", "road", "named"),
    Kind("village", "村镇", "village or township", "named"),
    Kind("market", "场所", "premises", "named"),
    Kind("region", "区县", "county or district", "named"),
    Kind("line", "线路", "metro line", "address"),
    Kind("amount", "数额", "amount", "number"),
    Kind("number", "号码", "number", "number"),
    Kind("sort", "房屋类型", "sort of housing", "named"),
    Kind("ordinal", "编号或日期", "number or date", "number"),
)


SOFT = np.array([kind.hardness == "number" for kind in TOLD])
ADDRESS = np.array([kind.hardness == "address" for kind in TOLD])

if tuple(kind.code for kind in TOLD) != KINDS:
    MSG = "the kinds of facts and their words differ: name each kind once in both, in one order"
    raise AssertionError(MSG)


def fact_comparisons() -> tuple[Comparison, ...]:
    """One comparison for each kind of fact."""
    return tuple(_comparison(kind) for kind in TOLD)


def fact_places(pairs: Compared) -> Places:
    """By earlier message and kind of fact: the place of its level; all kinds in one go, since
    most messages name few."""
    conflict = np.where(SOFT, pairs.changed, pairs.conflicts)
    changed = pairs.changed & ~conflict
    same = np.where((pairs.near >= COPIED)[:, None], 2, 3)
    places = np.where(pairs.shared, same, 4)
    places[changed] = 1
    places[conflict] = 0
    return np.asarray(places, dtype=np.int64)


def _comparison(kind: Kind) -> Comparison:
    at = KINDS.index(kind.code)

    def words(pairs: Compared, row: int) -> dict[str, str]:
        return _shown(kind.code, pairs, row)

    return Comparison(_levels(kind), lambda pairs: fact_places(pairs)[:, at], words)


def _levels(kind: Kind) -> tuple[Level, ...]:
    zh, en = f"{kind.zh}不同：{{here}} / {{there}}，不合并", f"another {kind.en}"
    en = f"{en}: {{here}} / {{there}}, not joined"
    same = f"{kind.zh}相同：{{both}}", f"same {kind.en}: {{both}}"
    return (
        Level(f"{kind.code}.conflict", zh, en, veto=True),
        Level(f"{kind.code}.changed", zh, en, veto=True),
        Level(f"{kind.code}.copied", *same),
        Level(f"{kind.code}.same", *same),
        Level(f"{kind.code}.unsaid"),
    )


def _shown(code: str, pairs: Compared, row: int) -> dict[str, str]:
    """The names that stand behind a level: one that both tell, or one that each tells alone."""
    mine = pairs.later.facts.named.get(code, {})
    theirs = pairs.earlier[row].facts.named.get(code, {})
    both, here, there = mine.keys() & theirs.keys(), mine.keys() - theirs, theirs.keys() - mine
    return {
        "both": mine[min(both)] if both else "",
        "here": mine[min(here)] if here else "",
        "there": theirs[min(there)] if there else "",
    }

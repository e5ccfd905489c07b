"""What two messages name: the same place, another place, another number.

A fact kind conflicts when both messages name one and share none, or when the texts are otherwise
one and each names what the other does not: a copied letter with the building changed. A conflict
is always a veto; how near the rest is cannot outvote another building.
"""

from dataclasses import dataclass
from typing import Literal

from .comparison import Comparison, Level
from .facts import KINDS, SPOT
from .pairs import BIT, COPIED, Pair

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
    Kind("bus", "公交线路", "bus line", "number"),
    Kind("spot", "同一处的数字", "number at one spot", "number"),
)


if tuple(kind.code for kind in TOLD) != KINDS:
    MSG = "the kinds of facts and their words differ: name each kind once in both, in one order"
    raise AssertionError(MSG)

GROUPS: tuple[Hardness, ...] = ("address", "named", "number")
MASK = {g: sum(BIT[kind.code] for kind in TOLD if kind.hardness == g) for g in GROUPS}
"""The kinds of each group, as bits."""

STATES = ("conflicts", "changed", "shared")
FACT_MEASURES = tuple(f"{group}_{state}" for state in STATES for group in GROUPS)
"""How many kinds of facts of a group are in a state: what the weights read."""

_STATE_OF = {"conflict": "conflicts", "changed": "changed", "copied": "shared", "same": "shared"}


def fact_counts(pair: Pair) -> list[int]:
    """By `FACT_MEASURES`: how many kinds of facts."""
    states = (pair.conflicts, pair.changed, pair.shared)
    return [(state & mask).bit_count() for state in states for mask in MASK.values()]


def fact_share(pair: Pair, level: str, adds: dict[str, float]) -> float:
    """What one kind of fact adds to the sum of a pair: its part of what its group adds."""
    code, _, named = level.partition(".")
    group, state = TOLD[KINDS.index(code)].hardness, _STATE_OF[named]
    count = (int(getattr(pair, state)) & MASK[group]).bit_count()
    return adds.get(f"{group}_{state}", 0.0) / max(count, 1)


def differing(pair: Pair) -> int:
    """The kinds of facts that forbid to join: of a number only what differs in a copied text."""
    return pair.changed | (pair.conflicts & ~MASK["number"])


def fact_comparisons() -> tuple[Comparison, ...]:
    """One comparison for each kind of fact."""
    return tuple(_comparison(kind) for kind in TOLD)


def _comparison(kind: Kind) -> Comparison:
    conflict, changed, copied, same, unsaid = levels = _levels(kind)
    bit, soft = BIT[kind.code], kind.hardness == "number"

    def reached(pair: Pair) -> Level:
        if (pair.changed if soft else pair.conflicts) & bit:
            return conflict
        if pair.changed & bit:
            return changed
        if not pair.shared & bit:
            return unsaid
        return copied if pair.near >= COPIED else same

    return Comparison(levels, reached, (), lambda pair: _shown(kind.code, pair))


def _levels(kind: Kind) -> tuple[Level, Level, Level, Level, Level]:
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


def _shown(code: str, pair: Pair) -> dict[str, str]:
    """The names that stand behind a level: one that both tell, or one that each tells alone."""
    mine = pair.later.facts.named.get(code, {})
    theirs = pair.earlier.facts.named.get(code, {})
    if code == SPOT:
        return _shown_spots(mine, theirs)
    both, here, there = mine.keys() & theirs.keys(), mine.keys() - theirs, theirs.keys() - mine
    return {
        "both": mine[min(both)] if both else "",
        "here": mine[min(here)] if here else "",
        "there": theirs[min(there)] if there else "",
    }


def _shown_spots(mine: dict[str, str], theirs: dict[str, str]) -> dict[str, str]:
    """The first spot with one number in both and the first with another in each."""
    spots = sorted(mine.keys() & theirs.keys())
    same = next((spot for spot in spots if mine[spot] == theirs[spot]), "")
    other = next((spot for spot in spots if mine[spot] != theirs[spot]), "")
    return {
        "both": same.replace("#", mine.get(same, "")),
        "here": other.replace("#", mine.get(other, "")),
        "there": other.replace("#", theirs.get(other, "")),
    }

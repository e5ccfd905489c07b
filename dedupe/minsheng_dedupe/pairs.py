"""One message beside many earlier ones: every measure that a level or a weight asks for.

What runs over grams is summed for all earlier messages at once; the rest is asked of each pair by
itself, since so few are compared that plain numbers cost less than arrays. Weights are summed as
whole numbers and shares rounded to four places, so that answers do not hang on the order.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .facts import KINDS, SPOT
from .features import AT, Features
from .grams import SPACE, UNITS
from .problems import PLACES, Wording, stems

_UNIT = 64
_TELLING = 60.0 * _UNIT
"""Below this summed gram weight (about ten rare characters) a text says nothing by itself."""

COPIED = 0.7
"""From this share both ways a differing name inside the text is a change, not a mention."""

_ALIKE = 0.6
_KEYED = 9.0
"""Content words in common of less than this summed weight tell no problem (`levels`)."""

_SIBLING = 0.3
"""From this share on two candidates of one citizen are taken for one matter of theirs."""

BIT = {kind: 1 << at for at, kind in enumerate(KINDS)}
_PLACE = sum(BIT[kind] for kind in PLACES)

_PHONE, _EMAIL, _NAME, _PART, _SURNAME, _REGION, _CONTENT, _HANDLE, _STANCE = (
    AT[name] for name in (
        "phone", "email", "name", "part", "surname", "region", "content", "handle", "stance",
    )
)  # fmt: skip
_WHO = (_PHONE, _EMAIL, _NAME, _PART)
_BODY, _TITLE, _KEYS = AT["body"], AT["subject"], AT["keys"]
_FAR = -10_000.0
"""Days by which a message is nearer than the nearest alike one, where none is alike."""

Counts = npt.NDArray[np.int64]


@dataclass(slots=True)
class Pair:
    """What levels and weights look at, of a later message and an earlier one.

    `forth`: the weighted share of the later body found in the earlier one, `back` the other way,
    `near` the smaller of them, `most` the larger; `subject`: the same as `near` for the subjects;
    `told`: how much of one's subject stands in the other's body; `common`: the logarithm of the
    weight both bodies share; `keys`: the summed weight of content words both tell; `size`: the
    shorter text's length by the longer's; `again`: the later one says it was told before, `too`:
    that it seconds others; `more`, `less`: the logarithm of the weight that only the later, only
    the earlier one tells. `surname`: one fits the other, `namesake`: under two full names;
    `accounts`: how many of both write under an account.

    `shared`, `conflicts`, `changed`: the kinds of facts (`BIT`) of which a fact is shared; both
    name one and share none; each names what the other does not, inside texts otherwise one.
    `spots_same`, `spots_other`: between how many letters alike both name the same number, another.

    From `siblings` on: what the other earlier messages say of this one (`_context`).
    """

    later: Features
    earlier: Features
    wording: Wording
    forth: float = 0.0
    back: float = 0.0
    near: float = 0.0
    most: float = 0.0
    subject: float = 0.0
    told: float = 0.0
    common: float = 0.0
    keys: float = 0.0
    days: float = 0.0
    size: float = 0.0
    no_subject: bool = False
    topics_same: bool = False
    topics_other: bool = False
    readable: bool = False
    again: bool = False
    too: bool = False
    more: float = 0.0
    less: float = 0.0
    exact: bool = False
    phone: bool = False
    part: bool = False
    email: bool = False
    firm: bool = False
    unlike: bool = False
    other_phone: bool = False
    other_email: bool = False
    name: bool = False
    surname: bool = False
    other_kind: bool = False
    other_name: bool = False
    namesake: bool = False
    accounts: int = 0
    known: bool = False
    others: bool = False
    region: bool = False
    other_region: bool = False
    stance: bool = False
    shared: int = 0
    conflicts: int = 0
    changed: int = 0
    spots_same: int = 0
    spots_other: int = 0
    placed: bool = False
    siblings: bool = False
    strangers: bool = False
    kin: int = 0
    copies: int = 0
    alike: int = 0
    fellows: int = 0
    own: float = 0.0
    rival: float = 0.0
    later_by: float = _FAR
    ahead_forth: float = 0.0
    ahead_back: float = 0.0
    ahead_near: float = 0.0


class Comparer:
    """Compares one message with many at once; owns a scratch table, so use one a thread."""

    def __init__(self) -> None:
        self._mark = np.zeros(SPACE, dtype=np.int64)

    def compare(self, later: Features, earlier: Sequence[Features], wording: Wording) -> list[Pair]:
        """`later` beside each of `earlier`, in their order."""
        if not earlier:
            return []
        pairs = [Pair(later, each, wording) for each in earlier]
        for pair, sums in zip(pairs, self._common(later, earlier), strict=True):
            _texts(pair, *sums)
            _people(pair)
            _facts(pair)
            pair.placed = bool(pair.shared & _PLACE) or _named_elsewhere(pair)
        _context(pairs)
        return pairs

    def _common(self, later: Features, earlier: Sequence[Features]) -> list[list[int]]:
        """By earlier message and its body, subject and keys: the weight each has in common with
        the later one's body (low bits), subject (next) and keys (high), all in one sum."""
        mark, body, subject, keys = self._mark, later.body, later.subject, later.keys
        mark[body] = UNITS[body]
        mark[subject] += UNITS[subject] << _BITS
        mark[keys] += UNITS[keys] << 2 * _BITS
        flat = np.concatenate([e.grams for e in earlier])
        running = np.zeros(len(flat) + 1, dtype=np.int64)
        mark[flat].cumsum(out=running[1:])
        mark[later.grams] = 0
        ends = np.array([e.head[at] for e in earlier for at in (_BODY, _TITLE, _KEYS)]).cumsum()
        sums = running[ends]
        sums[1:] -= sums[:-1].copy()
        return sums.reshape(-1, 3).tolist()  # type: ignore[no-any-return]


_BITS = 21
"""Bits of one sum: 3,000 grams of 6.5 in 64ths need 20.3. Running sums overflow harmlessly: what
lies between two of them is exact."""

_FIELD = (1 << _BITS) - 1


def _texts(pair: Pair, body: int, subject: int, keys: int) -> None:
    """Shares of the texts, out of what `Comparer._common` says of one earlier message."""
    mine, theirs = pair.later.head, pair.earlier.head
    whole, their_whole = mine[AT["body_units"]], theirs[AT["body_units"]]
    title, their_title = mine[AT["subject_units"]], theirs[AT["subject_units"]]
    common = body & _FIELD
    pair.forth, pair.back = _share(common, whole), _share(common, their_whole)
    pair.near, pair.most = sorted((pair.forth, pair.back))
    pair.subject = _share(subject >> _BITS & _FIELD, max(title, their_title))
    pair.told = max(
        _share(body >> _BITS & _FIELD, title), _share(subject & _FIELD, their_title)
    )  # fmt: skip
    pair.common = round(math.log1p(common / _UNIT), 4)
    pair.keys = (keys >> 2 * _BITS) / _UNIT
    pair.no_subject = not (title and their_title)
    pair.readable = min(whole, their_whole) >= _TELLING
    pair.days = abs(theirs[AT["second"]] - mine[AT["second"]]) / 86400
    short, long = sorted((mine[AT["size"]], theirs[AT["size"]]))
    pair.size = short / max(long, 1)
    pair.again, pair.too = bool(mine[AT["again"]] & 1), bool(mine[AT["again"]] & 2)
    pair.more = round(math.log1p((whole - min(common, whole)) / _UNIT), 4)
    pair.less = round(math.log1p((their_whole - min(common, their_whole)) / _UNIT), 4)
    told, their_told = pair.later.topics, pair.earlier.topics
    pair.topics_same = any(topic in their_told for topic in told)
    pair.topics_other = bool(told and their_told) and not pair.topics_same


def _share(part: int, whole: int) -> float:
    """To four places: in whole numbers, which costs a third of `round`, but for halves."""
    if part >= whole:
        return 1.0 if whole else 0.0
    share, left = divmod(part * 20_000 + whole, 2 * whole)
    return share / 10_000 if left else round(part / whole, 4)


def _people(pair: Pair) -> None:
    """Who wrote, from where, and whether one praises: equality of hashes, where both know."""
    mine, theirs = pair.later.head, pair.earlier.head

    def same(at: int) -> bool:
        return mine[at] == theirs[at] != 0

    def other(at: int) -> bool:
        return mine[at] != theirs[at] and mine[at] != 0 and theirs[at] != 0

    kind = mine[_HANDLE] != theirs[_HANDLE]
    pair.phone, pair.email, pair.name = same(_PHONE), same(_EMAIL), same(_NAME)
    pair.part = same(_PART) and not pair.phone and not other(_PHONE)
    pair.other_phone = (other(_PHONE) or other(_PART)) and not pair.phone
    pair.other_email = other(_EMAIL)
    fits, otherwise = same(_SURNAME) and not pair.name, other(_SURNAME) and not pair.name
    pair.surname = fits and (kind or not other(_NAME))
    pair.namesake = fits and not pair.surname
    pair.other_kind = kind and not (pair.name or fits or otherwise)
    named = pair.name or pair.surname or pair.other_kind
    pair.other_name = not named and (otherwise or other(_NAME))
    pair.accounts = mine[_HANDLE] + theirs[_HANDLE]
    pair.firm = pair.phone or pair.email
    pair.unlike = (pair.other_phone or pair.other_email) and not pair.firm
    pair.known = pair.firm or pair.part or pair.name
    pair.others = not pair.known and (pair.other_phone or pair.other_email or pair.other_name)
    pair.region, pair.other_region = same(_REGION), other(_REGION)
    pair.exact, pair.stance = same(_CONTENT), other(_STANCE)


def _facts(pair: Pair) -> None:
    mine, theirs = pair.later.facts.named, pair.earlier.facts.named
    for kind, own in mine.items():
        told = theirs.get(kind)
        if told is not None and kind == SPOT:
            _spots(pair, own, told)
        elif told is not None:
            both = len(own.keys() & told.keys())
            if both:
                pair.shared |= BIT[kind]
            if both < len(own) and both < len(told):
                pair.conflicts |= 0 if both else BIT[kind]
                pair.changed |= BIT[kind] if pair.near >= COPIED else 0


def _spots(pair: Pair, own: dict[str, str], told: dict[str, str]) -> None:
    same = [own[spot] == told[spot] for spot in own.keys() & told.keys()]
    pair.spots_same, pair.spots_other = sum(same), len(same) - sum(same)
    pair.shared |= BIT[SPOT] if pair.spots_same else 0
    pair.changed |= BIT[SPOT] if pair.spots_other and pair.near >= COPIED else 0


def _named_elsewhere(pair: Pair) -> bool:
    """Whether a place that one names by a telling name stands in the other without its kind.
    Only texts told in other words need to be searched for that."""
    if pair.keys < _KEYED or pair.most >= COPIED:
        return False
    mine, theirs = stems(pair.later.facts), stems(pair.earlier.facts)
    return _holds(pair.later, theirs) or _holds(pair.earlier, mine)


def _holds(features: Features, places: Sequence[tuple[str, int]]) -> bool:
    if not places:
        return False
    words = features.grams[: len(features.grams) - features.head[_KEYS]].tobytes()
    return any(_stands(gram.to_bytes(2, sys.byteorder), words) for _, gram in places)


def _stands(gram: bytes, words: bytes) -> bool:
    """Whether a gram is one of these: at an even place, for each takes two bytes."""
    at = words.find(gram)
    while at & 1 and at > 0:
        at = words.find(gram, at + 1)
    return at >= 0


def _context(pairs: list[Pair]) -> None:
    """What the other earlier messages say of each.

    `kin`: how many are the same citizen's telling of it; `siblings`, `strangers`: whether one of
    those is known to be, or not to be, of this message's citizen; `copies`, `fellows`, `alike`: how
    many others are alike, of other citizens, of this one's, of any; `own`, `rival`: how near the
    nearest other of this citizen and of others is; `later_by`: days by which the earliest alike
    one is nearer; `ahead_*`: by how much this one is nearer than the best of the others.
    """
    _kinship([pair for pair in pairs if pair.most >= _SIBLING])
    alike = [pair for pair in pairs if pair.most >= _ALIKE]
    copies, fellows = sum(p.others for p in alike), sum(p.known for p in alike)
    nearest = min((pair.days for pair in alike), default=None)
    for pair in pairs:
        counted = pair.most >= _ALIKE
        pair.alike = len(alike) - counted
        pair.copies = copies - (counted and pair.others)
        pair.fellows = fellows - (counted and pair.known)
        pair.later_by = _FAR if nearest is None else pair.days - nearest
    for measure in ("forth", "back", "near"):
        own = [getattr(pair, measure) for pair in pairs]
        for pair, value, best in zip(pairs, own, _best_of_others(own), strict=True):
            setattr(pair, f"ahead_{measure}", round(value - best, 4))
    for pair, best in zip(pairs, _best_of_others(_where(pairs, _near_known)), strict=True):
        pair.own = best
    for pair, best in zip(pairs, _best_of_others(_where(pairs, _most_others)), strict=True):
        pair.rival = best


def _kinship(told: list[Pair]) -> None:
    """Which of `told` are one citizen's: those who share a hash, which few do."""
    of_citizen: dict[tuple[int, int], list[Pair]] = {}
    for pair in told:
        head = pair.earlier.head
        for who in _WHO:
            if head[who]:
                of_citizen.setdefault((who, head[who]), []).append(pair)
    kin = {
        (id(one), id(other)): (one, other)
        for group in of_citizen.values() if len(group) > 1
        for one in group for other in group if one is not other
    }  # fmt: skip
    for one, other in kin.values():
        one.kin += 1
        one.siblings |= other.known
        one.strangers |= other.others


def _where(pairs: list[Pair], value: Callable[[Pair], float]) -> list[float]:
    return [value(pair) for pair in pairs]


def _near_known(pair: Pair) -> float:
    return pair.near if pair.known else 0.0


def _most_others(pair: Pair) -> float:
    return pair.most if pair.others else 0.0


def _best_of_others(values: list[float]) -> list[float]:
    """For each position the largest of the other values; 0 where there is none."""
    if len(values) < 2:
        return [0.0] * len(values)
    top = max(range(len(values)), key=values.__getitem__)
    second = max(value for at, value in enumerate(values) if at != top)
    return [second if at == top else values[top] for at in range(len(values))]

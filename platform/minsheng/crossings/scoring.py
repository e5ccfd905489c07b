"""How likely two offices' codes are of one matter: measures, steps, learnt weights, bands.

Codes see less than texts: no names, no places, no numbers can be told apart. What is left is how
much of one text stands in the other both ways, how many rare runs of four characters both have,
the subjects, whether the contact is the same, the county and the days between. Each measure climbs
steps; each step reached adds its weight, apart for pairs with the same contact, with another and
with contacts that are not known on both sides (``weights``).

A contact alone never makes a hint: who has a telephone number and nothing of the matter must not
find out where its owner has written.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from minsheng.crossings.coding import BODY_CODES, SUBJECT_CODES, Codes
from minsheng.crossings.weights import PRIORS, WEIGHTS

OTHER, UNKNOWN, SAME = 0, 1, 2
"""Columns of the weights: another contact, contacts not known on both sides, the same one."""

LIKELY, VERY_LIKELY = "likely", "very_likely"
THRESHOLD, SURE = 0.5, 0.9
LEAST_SHARED, LEAST_SHARE = 4, 0.08
"""Fewer codes in common, or less of either text, and nothing is said whatever the contact."""

STEPS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("near", (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)),
    ("most", (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)),
    ("common", (3, 6, 12, 25, 50, 100)),
    ("subject", (0.01, 0.2, 0.4, 0.6, 0.8, 0.95)),
    ("told", (0.2, 0.4, 0.6, 0.8, 0.95)),
    ("headless", (1,)),
    ("here", (1,)),
    ("elsewhere", (1,)),
    ("apart", (1, 3, 6, 11, 21, 31, 61, 100, 180, 366)),
    ("rare", (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)),
    ("both", (0.003, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.65, 0.8)),
    ("borne", (0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8)),
    ("lost", (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)),
)
"""Measures in order, each with the steps it climbs. ``both`` is ``near`` times ``rare``, ``borne``
``most`` times ``rare``, ``lost`` how much more is near than rare: a letter copied with the place
changed keeps its common words and loses its rare ones."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Two codes side by side: shares 0 to 1, counts, days; ``contact`` is a column."""

    near: float
    most: float
    common: int
    subject: float
    told: float
    headless: bool
    here: bool
    elsewhere: bool
    apart: int
    rare: float
    contact: int

    @property
    def both(self) -> float:
        """How near, as far as the rare runs bear it out."""
        return self.near * self.rare

    @property
    def borne(self) -> float:
        """How much of one stands in the other, as far as the rare runs bear it out."""
        return self.most * self.rare

    @property
    def lost(self) -> float:
        """How much nearer the words are than the rare runs."""
        return self.near - self.rare


def measure(one: Codes, other: Codes) -> Measures:
    """The measures of two codes under the same key."""
    forth, back, common = _shares(one.body, other.body, BODY_CODES, BODY_CODES)
    ahead, behind, _ = _shares(one.subject, other.subject, SUBJECT_CODES, SUBJECT_CODES)
    told = max(
        _shares(one.subject, other.body, SUBJECT_CODES, BODY_CODES)[0],
        _shares(other.subject, one.body, SUBJECT_CODES, BODY_CODES)[0],
    )
    fewest = min(len(one.keys), len(other.keys))
    placed = bool(one.region and other.region)
    return Measures(
        near=min(forth, back),
        most=max(forth, back),
        common=common,
        subject=min(ahead, behind),
        told=told,
        headless=not (one.subject and other.subject),
        here=placed and one.region == other.region,
        elsewhere=placed and one.region != other.region,
        apart=abs((one.day - other.day).days),
        rare=len(one.keys & other.keys) / fewest if fewest else 0.0,
        contact=_contact(one, other),
    )


def score(one: Codes, other: Codes) -> float:
    """The probability that both are of one matter, 0 where codes have too little in common."""
    found = measure(one, other)
    if found.common < LEAST_SHARED or found.most < LEAST_SHARE:
        return 0.0
    total = PRIORS[found.contact] + sum(
        weights[found.contact]
        for (name, steps), table in zip(STEPS, WEIGHTS, strict=True)
        for weights in table[: bisect_right(steps, getattr(found, name))]
    )
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def band(probability: float) -> str:
    """What a hint says of its score: a band, or empty for silence."""
    if probability < THRESHOLD:
        return ""
    return VERY_LIKELY if probability >= SURE else LIKELY


def without_contact(codes: Codes) -> Codes:
    """The same codes as if no contact were known (the citizen asked for secrecy meanwhile)."""
    return replace(codes, phone=b"", email=b"")


def _contact(one: Codes, other: Codes) -> int:
    pairs = [(one.phone, other.phone), (one.email, other.email)]
    known = [ours == theirs for ours, theirs in pairs if ours and theirs]
    if not known:
        return UNKNOWN
    return SAME if any(known) else OTHER


def _shares(
    one: Sequence[int], other: Sequence[int], full: int, other_full: int
) -> tuple[float, float, int]:
    """How much of one stands in the other, the other way, and the codes in common.

    A sketch that is full is a sample below its largest code; only what lies below the lower of
    the two largest is compared.
    """
    bounds = [sketch[-1] for sketch, k in ((one, full), (other, other_full)) if len(sketch) >= k]
    if bounds:
        one = one[: bisect_right(one, min(bounds))]
        other = other[: bisect_right(other, min(bounds))]
    if not one or not other:
        return 0.0, 0.0, 0
    common = len(set(one).intersection(other))
    return common / len(one), common / len(other), common

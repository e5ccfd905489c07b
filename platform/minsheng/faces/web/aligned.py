"""Two texts side by side for the eye: passages that say the same stand in one row.

A text is cut into sentences. Sentences of both texts are put beside each other in order so that
the sum of what they share is greatest (the rows of a longest common subsequence, weighed by the
pairs of characters that two sentences have in common). Words of courtesy that every letter holds
are folded. What both name of one kind and name differently (小区, 号楼, 元 …), as the matcher reads
it, is framed. Nothing here takes part in matching.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from minsheng.faces.web.compare import compare
from minsheng.faces.web.models import Passage, PassageRow, Piece
from minsheng_dedupe.facts import read_facts
from minsheng_dedupe.normalise import close_up, fold

LEAST_SHARED = 0.3
"""Share of common pairs of characters from which on two sentences stand in one row (our figure)."""
MOST_SENTENCES = 120
"""Longer letters keep their end in one piece, so that the rows stay a page and not a second."""
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;]?[\n]*")
_COURTESY = re.compile(
    r"\s*(?:(?:尊敬的|敬爱的)?[一-鿿]{0,12}(?:您好|你好|领导好)"
    r"|(?:非常|十分|万分|多多)?(?:感谢|谢谢)[一-鿿，,]{0,8}|此致|敬礼|盼复|望(?:回|答)?复|跪求"
    r"|(?:恳请|敬请|请|希望|盼望?)(?:各位|有关|相关)?(?:领导|部门|政府)?[一-鿿]{0,4}(?:解决|处理|回复|答复|核实|重视)"
    r"|(?:以上)?(?:情况)?(?:反映)?(?:属实|如上))[，,。！!？?；;\s]*"
)
_CLAIM = {
    "building", "unit", "room", "phase", "door", "group", "plate", "estate", "school", "hospital",
    "road", "village", "market", "line", "amount", "ordinal",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Said:
    """One sentence: its text, its pairs of characters, whether it is a courtesy only."""

    text: str
    pairs: frozenset[str]
    courtesy: bool


def align(ours: str, theirs: str) -> tuple[PassageRow, ...]:
    """The rows of two texts, in the order of both; a side that says nothing there is None."""
    left, right = _sentences(ours), _sentences(theirs)
    rows = _rows(left, right)
    clashes = _clashes(ours, theirs)
    drawn = []
    for one, other in rows:
        texts = [each.text for each in (one, other) if each]
        pieces = list(compare(texts))
        drawn.append(
            PassageRow(
                _passage(one, pieces.pop(0) if one else (), clashes[0]),
                _passage(other, pieces.pop(0) if other else (), clashes[1]),
            )
        )
    return tuple(drawn)


def _sentences(text: str) -> list[_Said]:
    found = [hit for hit in _SENTENCE.findall(text) if hit.strip()]
    if len(found) > MOST_SENTENCES:
        found = [*found[: MOST_SENTENCES - 1], "".join(found[MOST_SENTENCES - 1 :])]
    said = []
    for sentence in found:
        plain = re.sub(r"\W", "", fold(sentence))
        pairs = frozenset(plain[at : at + 2] for at in range(len(plain) - 1))
        said.append(_Said(sentence.strip("\n"), pairs, bool(_COURTESY.fullmatch(sentence))))
    return said


def _shared(one: _Said, other: _Said) -> float:
    both = len(one.pairs) + len(other.pairs)
    share = 2 * len(one.pairs & other.pairs) / both if both else 0.0
    return share if share >= LEAST_SHARED else 0.0


def _rows(left: Sequence[_Said], right: Sequence[_Said]) -> list[tuple[_Said | None, _Said | None]]:
    """The best rows by dynamic programming, read back from the beginning."""
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for at in range(len(left) - 1, -1, -1):
        for to in range(len(right) - 1, -1, -1):
            together = _shared(left[at], right[to])
            met = together + best[at + 1][to + 1] if together else 0.0
            best[at][to] = max(met, best[at + 1][to], best[at][to + 1])
    rows: list[tuple[_Said | None, _Said | None]] = []
    at = to = 0
    while at < len(left) and to < len(right):
        together = _shared(left[at], right[to])
        if together and best[at][to] == together + best[at + 1][to + 1]:
            rows.append((left[at], right[to]))
            at, to = at + 1, to + 1
        elif best[at][to] == best[at + 1][to]:
            rows.append((left[at], None))
            at += 1
        else:
            rows.append((None, right[to]))
            to += 1
    rows += [(each, None) for each in left[at:]]
    rows += [(None, each) for each in right[to:]]
    return _together(rows)


def _together(
    rows: Sequence[tuple[_Said | None, _Said | None]],
) -> list[tuple[_Said | None, _Said | None]]:
    """A sentence that stands alone meets the other side's next lone one: fewer empty places."""
    told: list[tuple[_Said | None, _Said | None]] = []
    for one, other in rows:
        last = told[-1] if told else (one, other)
        if one is None and told and last[1] is None:
            told[-1] = (last[0], other)
        elif other is None and told and last[0] is None:
            told[-1] = (one, last[1])
        else:
            told.append((one, other))
    return told


def _clashes(ours: str, theirs: str) -> tuple[frozenset[str], frozenset[str]]:
    """What each text names of a kind that the other names too, but otherwise."""
    named = [read_facts("", close_up(fold(text))).named for text in (ours, theirs)]
    mine, other = set[str](), set[str]()
    for kind in _CLAIM & named[0].keys() & named[1].keys():
        if not named[0][kind].keys() & named[1][kind].keys():
            mine |= set(named[0][kind].values())
            other |= set(named[1][kind].values())
    return frozenset(mine), frozenset(other)


def _passage(
    said: _Said | None, pieces: tuple[Piece, ...], clashes: frozenset[str]
) -> Passage | None:
    if said is None:
        return None
    return Passage(_framed(pieces, clashes), said.courtesy)


def _framed(pieces: tuple[Piece, ...], clashes: frozenset[str]) -> tuple[Piece, ...]:
    """The pieces again, with what clashes as a piece of its own."""
    text = "".join(piece.text for piece in pieces)
    hits = [
        (hit.start(), hit.end())
        for word in clashes
        for hit in re.finditer(re.escape(word), text, re.IGNORECASE)
    ]
    kinds = [piece.kind for piece in pieces for _ in piece.text]
    for start, end in hits:
        kinds[start:end] = ["clash"] * (end - start)
    framed: list[Piece] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or kinds[at] != kinds[begin]:
            framed.append(Piece(text[begin:at], kinds[begin]))
            begin = at
    return tuple(framed)

"""Which words of several texts are the same: cheap, order-free, for the eye only.

A text is cut into tokens: one Chinese character each, a run of Latin letters or digits each. A
token is *same* when it lies in three tokens in a row that another text has too; a figure that no
other text has is a *fact* of its own. Nothing here takes part in matching.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from minsheng.faces.web.models import Piece

ROW = 3
"""Tokens in a row that count as the same; two would mark accidental pairs of characters."""

_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|[A-Za-z]+|[一-鿿㐀-䶿]")


def compare(texts: Sequence[str]) -> list[tuple[Piece, ...]]:
    """Each text as its pieces, in order; a single text is one piece of its own words."""
    tokens = [[match.group().lower() for match in _TOKEN.finditer(text)] for text in texts]
    rows = [_rows(words) for words in tokens]
    return [
        _pieces(text, words, _union(rows, at), _union([set(w) for w in tokens], at))
        if len(texts) > 1
        else (Piece(text, "own"),)
        for at, (text, words) in enumerate(zip(texts, tokens, strict=True))
    ]


def _rows(words: Sequence[str]) -> set[str]:
    return {" ".join(words[at : at + ROW]) for at in range(len(words) - ROW + 1)}


def _union(sets: Sequence[set[str]], but: int) -> set[str]:
    return set().union(*(found for at, found in enumerate(sets) if at != but))


def _pieces(
    text: str, words: Sequence[str], others: set[str], other_words: set[str]
) -> tuple[Piece, ...]:
    same = [False] * len(words)
    for at in range(len(words) - ROW + 1):
        if " ".join(words[at : at + ROW]) in others:
            same[at : at + ROW] = [True] * ROW
    marked: list[tuple[str, str]] = []
    end = 0
    for at, match in enumerate(_TOKEN.finditer(text)):
        kind = _kind(words[at], same[at], other_words)
        between = text[end : match.start()]
        if between:
            marked.append((between, marked[-1][1] if marked and marked[-1][1] != "fact" else kind))
        marked.append((match.group(), kind))
        end = match.end()
    if text[end:]:
        last = marked[-1][1] if marked else "own"
        marked.append((text[end:], last if last != "fact" else "own"))
    joined = groupby(marked, key=lambda piece: piece[1])
    return tuple(Piece("".join(part for part, _ in run), kind) for kind, run in joined)


def _kind(word: str, same: bool, other_words: set[str]) -> str:
    if word[0].isdigit() and word not in other_words:
        return "fact"
    return "same" if same else "own"

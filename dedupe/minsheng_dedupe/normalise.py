"""Make two spellings of one text equal: width, script, invisible characters, numerals, noise.

Most characters are folded each by itself, so one table over the basic plane says what becomes of
each: its plain form, nothing, or that it can only be folded together with its neighbours.
"""

import re
import sys
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
from opencc import OpenCC

RAW_LIMIT = 20_000
"""Characters read of one raw text; the rest of a 100 kB letter cannot change the cost."""

CLEAN_LIMIT = 3_000
"""Characters of a cleaned text that are compared; 99 % of real letters are shorter."""

Points = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]

PLANE = 0x10000
_GONE, _TOGETHER = 0, sys.maxunicode + 1
_CODEC = "utf-32-le"

# Controls, zero-width and direction marks, variation selectors and lone surrogates. Newline and
# tab stay: frames are recognised line by line.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# What Excel writes for a carriage return.
_EXCEL = re.compile("_x000d_")
_GAP_AT_HAN = re.compile(r"(?<=[\u3400-\u9fff\d])\s+(?=[\u3400-\u9fff\d])")

_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000}
# Numerals become digits only before a counter, so that names such as 五一桥 keep their spelling,
# and where three digits stand in a row, as a year or a bus line is read out.
_NUMERAL = re.compile(
    r"([零〇一二三四五六七八九十百千两]{1,8})"
    r"(?=号|栋|幢|座|单元|层|楼|室|房|期|组|弄|排|元|万|块|米|公里|吨|户|亩|平方|岁|名|辆|年|月|日|天|度)"
    r"|([零〇一二三四五六七八九]{3,8})"
)


def points_of(text: str) -> Points:
    """The code points of `text`."""
    return np.frombuffer(text.encode(_CODEC, "surrogatepass"), dtype=np.uint32)


def fold(text: str) -> str:
    """One spelling of `text`: NFKC, simplified, lower case, no invisible characters, lines kept.

    Never fails: lone surrogates and NUL are dropped and at most `RAW_LIMIT` characters are read.
    """
    folded = _squash(_plain_points(text[:RAW_LIMIT]))
    return _EXCEL.sub("", folded) if "_x000" in folded else folded


def close_up(text: str) -> str:
    """`text` in one line, without gaps inside Chinese, with numerals before counters as digits."""
    text = text.strip()
    if " " in text or "\n" in text:
        text = _GAP_AT_HAN.sub("", text).replace("\n", " ")
    return _NUMERAL.sub(_numeral, text)[:CLEAN_LIMIT]


def is_letter(points: Points) -> Flags:
    """Which are letters, digits and Han characters: what grams are cut from."""
    return _LETTERS[np.minimum(points, PLANE - 1)]


def number(numeral: str) -> int:
    """The value of a Chinese numeral below 10,000: 三 is 3, 十二 is 12, 二〇一九 is 2019."""
    if not any(c in _UNIT for c in numeral):
        return int("".join(str(_DIGIT[c]) for c in numeral))
    total = digit = 0
    for c in numeral:
        if c in _UNIT:
            total += (digit or 1) * _UNIT[c]
            digit = 0
        else:
            digit = _DIGIT[c]
    return total + digit


def _numeral(found: re.Match[str]) -> str:
    return str(number(found[0]))


def _plain_points(text: str) -> Points:
    """The plain form of each character, by the table where that is enough."""
    plain, _ = _tables()
    points = points_of(text)
    if len(points) and points.max() < PLANE:
        folded = plain[points]
        if folded.max() < _TOGETHER:
            return folded
    joined = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))[:RAW_LIMIT].lower()
    points = points_of(joined)
    alone = plain[np.minimum(points, PLANE - 1)]
    return np.where((points >= PLANE) | (alone == _TOGETHER), points, alone)


def _squash(points: Points) -> str:
    """The text of `points` without what is gone, with one of each run of gaps or of one sign."""
    _, squashed = _tables()
    if len(points) and not points.all():
        points = points[points != _GONE]
    again = points[1:] == points[:-1]
    again &= squashed[np.minimum(points[1:], PLANE - 1)]
    if again.any():
        points = points[np.append(True, ~again)]
    return points.astype("<u4").tobytes().decode(_CODEC)


@cache
def _tables() -> tuple[Points, Flags]:
    """By character of the basic plane: its plain form, and whether runs of it say it once."""
    plane = "".join(map(chr, range(PLANE)))
    written = _INVISIBLE.sub(" ", plane.replace("\n", " "))
    narrow = unicodedata.normalize("NFKC", "\n".join(written))
    forms = OpenCC("t2s").convert(narrow).lower().split("\n")
    table = np.array([ord(f) if len(f) == 1 else _TOGETHER for f in forms], dtype=np.uint32)
    table[[unicodedata.category(c)[0] == "M" for c in plane]] = _TOGETHER
    table[0x1100:0x1200] = _TOGETHER
    table[[c.isspace() for c in plane]] = ord(" ")
    table[[hit.start() for hit in _INVISIBLE.finditer(plane)]] = _GONE
    table[ord("\n")] = ord("\n")
    alone = [not c.isalnum() and c not in "_\n" for c in plane]
    return table, np.array(alone, dtype=np.bool_)


_LETTERS: Flags = np.array([chr(c).isalnum() for c in range(PLANE)], dtype=np.bool_)
_LETTERS[PLANE - 1] = True

"""Make two spellings of one text equal: width, script, invisible characters, numerals, noise."""

import re
import unicodedata

from opencc import OpenCC

RAW_LIMIT = 20_000
"""Characters read of one raw text; the rest of a 100 kB letter cannot change the cost."""

CLEAN_LIMIT = 3_000
"""Characters of a cleaned text that are compared; 99 % of real letters are shorter."""

_SIMPLIFY = OpenCC("t2s")

# Controls, zero-width and direction marks, variation selectors, lone surrogates, and what Excel
# writes for a carriage return. Newline and tab stay: frames are recognised line by line.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|_x000[dD]_"
)
_SPACES = re.compile(r"[^\S\n]+")
_NOISE = re.compile(r"([^\w\s])\1+")
_NOT_WORD = re.compile(r"[\W_]+")
_GAP_AT_HAN = re.compile(r"(?<=[\u3400-\u9fff\d])\s+(?=[\u3400-\u9fff\d])")

_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000}
# Numerals become digits only before a counter, so that names such as 五一桥 keep their spelling.
_NUMERAL = re.compile(
    r"([零〇一二三四五六七八九十百千两]{1,8})"
    r"(?=号|栋|幢|座|单元|层|楼|室|房|期|组|弄|排|元|万|块|米|公里|吨|户|亩|平方|岁|名|辆|年|月|日|天|度)"
)


def fold(text: str) -> str:
    """One spelling of `text`: NFKC, simplified, lower case, no invisible characters, lines kept.

    Never fails: lone surrogates and NUL are dropped and at most `RAW_LIMIT` characters are read.
    """
    seen = _INVISIBLE.sub("", text[:RAW_LIMIT])
    folded = unicodedata.normalize("NFKC", seen)[:RAW_LIMIT]
    plain = _SIMPLIFY.convert(_INVISIBLE.sub("", folded)).lower()
    return _NOISE.sub(r"\1", _SPACES.sub(" ", plain))


def close_up(text: str) -> str:
    """`text` in one line, without gaps inside Chinese, with numerals before counters as digits."""
    joined = _GAP_AT_HAN.sub("", text.strip()).replace("\n", " ")
    return _NUMERAL.sub(_numeral, joined)[:CLEAN_LIMIT]


def letters(text: str) -> str:
    """Only letters, digits and Han characters of `text`: what grams are cut from."""
    return _NOT_WORD.sub("", text)


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
    return str(number(found[1]))

"""Turn bytes into text when the label is wrong, missing or unknown, as in much Chinese mail.

The model: a label is a claim. A claimed charset is believed when the bytes agree with it; bytes
that are proper multi-byte UTF-8 outweigh a Chinese label; everything else is guessed by reading
the bytes as each likely charset and asking which reading looks like common Chinese. The sets of
common characters come from the standards themselves: level 1 of GB/T 2312-1980 (rows 16 to 55,
3,755 characters, and the symbols of rows 1 to 3) and the frequent part of Big5 (A440 to C67E,
5,401 characters).

No function here raises, and none returns NUL, lone surrogates or other control characters.
"""

import codecs
import re
from collections.abc import Iterable

GUESS_SAMPLE = 4000
"""How many characters outside ASCII are weighed when a charset is guessed."""

_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")
_GB = {"gb2312", "gb-2312", "gb2312-80", "gb-2312-80", "csgb2312", "gbk", "x-gbk", "csgbk"}
_GB |= {"gb18030", "gb-18030", "gb18030-2000", "gb-18030-2000", "gb18030-2005", "gb18030-2022"}
_GB |= {"euc-cn", "euccn", "x-euc-cn", "cp936", "ms936", "936", "windows-936", "cn-gb", "chinese"}
_ALIASES = dict.fromkeys(_GB, "gb18030") | {
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "big-5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cp950": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "big5-eten": "big5hkscs",
    "utf8": "utf-8",
    "x-utf-8": "utf-8",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "hz-gb-2312": "hz",
    "ks-c-5601-1987": "cp949",
    "x-sjis": "cp932",
    "x-euc-jp": "euc-jp",
}
# Python also knows codecs that are no charsets (unicode_escape, idna, rot13); only these may run.
_ALLOWED = {"utf-7", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"}
_ALLOWED |= {"utf-32-be", "gb18030", "big5hkscs", "hz", "iso2022_jp", "iso2022_jp_1"}
_ALLOWED |= {"iso2022_jp_2", "iso2022_kr", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949"}
_ALLOWED |= {"koi8-r", "koi8-u", "mac-roman", "tis-620", "cp874", "cp437", "cp850", "cp866"}
# These labels say "Latin" or "ASCII" on mail that is often anything else.
_DOUBTED = {"ascii", "iso8859-1", "iso8859-15", "cp1252"}
_SAME_BYTES_AS = {"utf-8", "gb18030", "big5hkscs"}
_WIDE = {"utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}

_HZ = re.compile(rb"~\{[!-~]{2,400}?~\}")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff\ufffe\uffff]"
)
_MULTIBYTE_UTF8 = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")


def _level(rows: Iterable[int], columns: Iterable[int], codec: str) -> frozenset[str]:
    cells = [bytes((row, column)) for row in rows for column in columns]
    return frozenset("".join(cell.decode(codec, "ignore") for cell in cells))


_PUNCTUATION = frozenset(
    chr(code)
    for block in (range(0x3000, 0x3040), range(0xFF01, 0xFF5F), range(0x2010, 0x2030))
    for code in block
)
_BIG5_COLUMNS = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
_SIMPLIFIED = _level((*range(0xA1, 0xA4), *range(0xB0, 0xD8)), range(0xA1, 0xFF), "gb2312")
_RARER = _level(range(0xD8, 0xF8), range(0xA1, 0xFF), "gb2312")
_TRADITIONAL = _level(range(0xA4, 0xC7), _BIG5_COLUMNS, "big5")
_LATIN = frozenset(chr(code) for code in range(0xC0, 0x180))


def codec_of(label: str) -> str:
    """Return the Python codec that reads text so labelled, or "" when the label says nothing.

    Every GB label is read as GB 18030, the superset that such mail really holds.
    """
    plain = label.strip().strip("\"'").lower().replace("_", "-")
    plain = _ALIASES.get(plain, plain)
    if not _LABEL.fullmatch(plain):
        return ""
    try:
        name = codecs.lookup(plain).name
    except (LookupError, ValueError):
        return ""
    if name in _ALLOWED or name == "ascii" or name.startswith(("iso8859-", "cp125")):
        return name
    return ""


def decode(data: bytes, label: str = "") -> str:
    """Read ``data``, claimed to be in the charset ``label``; the result is clean text."""
    return clean(_decode(data, codec_of(label)))


def decode_unlabelled(data: bytes, hint: str = "") -> str:
    """Read raw 8-bit ``data`` that has no label of its own; ``hint`` is a label found near by."""
    codec = codec_of(hint)
    if data.isascii() or not codec or codec in _SAME_BYTES_AS | _DOUBTED or codec in _WIDE:
        return clean(guess(data, codec))
    return clean(_decode(data, codec))


def clean(text: str) -> str:
    """Drop what neither a database nor a reader can use: NUL, controls, lone surrogates, BOM."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decode(data: bytes, codec: str) -> str:
    if data.isascii() and codec in {"", *_SAME_BYTES_AS, *_DOUBTED}:
        return _seven_bit(data)
    if codec in _SAME_BYTES_AS:
        return _claimed_common(data, codec)
    if codec and codec not in _DOUBTED:
        try:
            return data.decode(codec)
        except UnicodeError:
            # UTF-16 cut in the middle is still UTF-16; a wrong one-byte label is a guess again.
            return data.decode(codec, "replace") if codec.startswith("utf-") else guess(data)
    return guess(data, codec)


def _claimed_common(data: bytes, codec: str) -> str:
    if codec != "utf-8" and _is_multibyte_utf8(data):
        return data.decode("utf-8")
    try:
        text = data.decode(codec)
    except UnicodeError:
        return guess(data, codec)
    # Almost any bytes are valid GB 18030 or Big5, so a valid reading must be plausible as well.
    if codec != "utf-8" and _chinese(text, codec) < 0.6:
        return guess(data, codec)
    return text


def guess(data: bytes, hint: str = "") -> str:
    """Read ``data`` in the likeliest of UTF-8, GB 18030, Big5 and Latin; ``hint`` is favoured."""
    if data.isascii():
        return _seven_bit(data)
    try:
        return data.decode("utf-8")
    except UnicodeError:
        pass
    readings = [
        (codec, data.decode(codec, "replace")) for codec in ("gb18030", "utf-8", "big5hkscs")
    ]
    scored = [(_chinese(text, codec) + 0.15 * (codec == hint), text) for codec, text in readings]
    # Latin has no plausibility of its own: it is the floor below which Chinese is not believed,
    # unless the label itself said Chinese.
    scored.append((0.1 if hint in _SAME_BYTES_AS else 0.4, data.decode("cp1252", "replace")))
    best = max(score for score, _text in scored)
    return next(text for score, text in scored if score == best)


def _seven_bit(data: bytes) -> str:
    if _HZ.search(data):
        try:
            text = data.decode("hz")
        except UnicodeError:
            return data.decode("ascii")
        return text if _chinese(text, "gb18030") > 0.6 else data.decode("ascii")
    return data.decode("ascii")


def _is_multibyte_utf8(data: bytes) -> bool:
    if not _MULTIBYTE_UTF8.search(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _chinese(text: str, codec: str) -> float:
    """Return the share, -3 to 1, of characters outside ASCII that are common in this charset."""
    outside = [char for char in text[: GUESS_SAMPLE * 8] if char > "\x7f"][:GUESS_SAMPLE]
    if not outside:
        return 1.0
    return sum(_weight(char, codec) for char in outside) / len(outside)


def _weight(char: str, codec: str) -> float:
    if char == "\ufffd":
        return -3.0
    if char in _PUNCTUATION:
        return 1.0
    if codec == "big5hkscs":
        return float(char in _TRADITIONAL)
    if char in _SIMPLIFIED:
        return 1.0
    if codec == "utf-8":
        return float(char in _TRADITIONAL or char in _RARER or char in _LATIN)
    return 0.5 * (char in _RARER)

"""Bytes as text that is safe to show: decoded where that works, and never rendered."""

import unicodedata

SHOWN = 64 * 1024
"""Bytes of an arrival that a page shows; the whole stays in quarantine."""

_KEPT = "\n\t"
_CODECS = ("utf-8", "gb18030")


def safe_text(raw: bytes) -> str:
    r"""The text of ``raw``; control and direction characters are written out as ``\x07``.

    Direction characters are written out too, since they can make a text look like another one.
    """
    text = _decoded(raw[:SHOWN], is_cut=len(raw) > SHOWN).replace("\r\n", "\n")
    return "".join(_shown(character) for character in text)


def _decoded(raw: bytes, *, is_cut: bool) -> str:
    for codec in _CODECS:
        # Where the bytes were cut, the cut may have gone through a character of up to four.
        for dropped in range(4 if is_cut else 1):
            try:
                return raw[: len(raw) - dropped].decode(codec)
            except UnicodeDecodeError:
                continue
    return raw.decode("utf-8", "backslashreplace")


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co"):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"

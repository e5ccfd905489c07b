"""The header block of a mail: its lines, and the text of one value.

Bounds are the plugin's own: a block of 256 KiB, 500 fields, 16 KiB of one value. A letter that
exceeds the first two is refused (quarantined whole); a longer value is cut.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass

from minsheng_mailbox.charsets import clean, codec_of, decode, decode_unlabelled
from minsheng_sdk import MessageUnreadable

MAX_BLOCK = 256 * 1024
MAX_FIELDS = 500
MAX_VALUE = 16 * 1024

_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)", re.DOTALL)
_BLOCK_END = re.compile(rb"\r?\n\r?\n")
# Words are bounded at 2,000 bytes (RFC 2047 allows 75) so that no value costs quadratic time.
_WORD = re.compile(rb"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^\r\n]{0,2000}?)\?=")
_BETWEEN = re.compile(rb"[ \t\r\n]*")
_FOLD = re.compile(rb"\r?\n[ \t]+|\r[ \t]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_SPACES = re.compile(r"\s+")
# Marks that turn the reading direction make a name show other than it is (RFC 5892, class PR29).
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one block, in order, names in lower case, values raw and still folded.

    ``charset`` is the charset label of the mail's own Content-Type, used as a hint for raw 8-bit
    values, which carry no label.
    """

    fields: tuple[tuple[str, bytes], ...]
    charset: str = ""

    def all(self, name: str) -> list[bytes]:
        """Return every raw value of ``name`` (lower case), in order."""
        return [value for key, value in self.fields if key == name]

    def raw(self, name: str) -> bytes:
        """Return the first raw value of ``name``, or nothing."""
        return next(iter(self.all(name)), b"")

    def text(self, name: str) -> str:
        """Return the first value of ``name`` as one clean line of text."""
        return decode_value(self.raw(name), self.charset)


def split(raw: bytes, start: int, end: int) -> tuple[tuple[tuple[str, bytes], ...], int]:
    """Read the header block of ``raw[start:end]``; return its fields and where the body begins.

    A line that is no field is skipped while fields go on after it, else it begins the body.
    Raises MessageUnreadable when the block is larger than the bounds of this module.
    """
    bound = min(end, start + MAX_BLOCK)
    blank = _BLOCK_END.search(raw, start, bound)
    lines = raw[start : blank.end() if blank else bound].splitlines(keepends=True)
    fields: list[tuple[str, bytes]] = []
    offset = start
    for number, line in enumerate(lines):
        bare = line.rstrip(b"\r\n")
        if not bare:
            return tuple(fields), offset + len(line)
        match = _FIELD.match(bare)
        if bare[:1] in b" \t" and fields:
            _extend(fields, line)
        elif match:
            _append(fields, match)
        elif not _goes_on(lines, number):
            return tuple(fields), offset
        offset += len(line)
    if offset < end:
        message = f"the header block is larger than {MAX_BLOCK} bytes, look at the raw mail"
        raise MessageUnreadable(message)
    return tuple(fields), end


def _append(fields: list[tuple[str, bytes]], match: re.Match[bytes]) -> None:
    if len(fields) >= MAX_FIELDS:
        message = f"the mail has more than {MAX_FIELDS} header fields, look at the raw mail"
        raise MessageUnreadable(message)
    fields.append((match[1].decode("ascii").lower(), match[2][:MAX_VALUE]))


def _extend(fields: list[tuple[str, bytes]], line: bytes) -> None:
    name, value = fields[-1]
    if len(value) < MAX_VALUE:
        fields[-1] = (name, (value + b"\r\n" + line.rstrip(b"\r\n"))[:MAX_VALUE])


def _goes_on(lines: list[bytes], number: int) -> bool:
    following = lines[number + 1 : number + 2]
    return bool(following) and _FIELD.match(following[0]) is not None


def decode_value(value: bytes, charset: str = "") -> str:
    """Return a header value as one clean line of text; encoded words and raw 8-bit are read.

    The bytes of neighbouring encoded words of one charset are joined before they are decoded,
    because many mailers split a character over two words.
    """
    value = value[:MAX_VALUE]
    pieces: list[str] = []
    pending: list[tuple[str, bytes]] = []
    position = 0
    for match in _WORD.finditer(value):
        gap = value[position : match.start()]
        if not pending or not _BETWEEN.fullmatch(gap):
            pieces += [_words(pending), decode_unlabelled(_FOLD.sub(b" ", gap), charset)]
            pending = []
        pending.append((match[1].decode("ascii", "replace"), _payload(match)))
        position = match.end()
    pieces += [_words(pending), decode_unlabelled(_FOLD.sub(b" ", value[position:]), charset)]
    return one_line("".join(pieces))


def one_line(text: str) -> str:
    """Return ``text`` without line breaks, controls and marks of reading direction."""
    return _SPACES.sub(" ", _DIRECTION.sub("", clean(text))).strip()


def _payload(match: re.Match[bytes]) -> bytes:
    if match[2] in b"qQ":
        return quopri.decodestring(match[3].replace(b"_", b"=20").replace(b" ", b"=20"))
    return unbase64(match[3])


def unbase64(data: bytes) -> bytes:
    """Decode base64, forgiving strange characters, missing padding and a cut end."""
    letters = _NOT_BASE64.sub(b"", data)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _words(pending: list[tuple[str, bytes]]) -> str:
    text: list[str] = []
    joined: list[tuple[str, bytes]] = []
    for label, data in pending:
        if joined and (codec_of(joined[-1][0]) or joined[-1][0]) == (codec_of(label) or label):
            joined[-1] = (label, joined[-1][1] + data)
        else:
            joined.append((label, data))
    text += [decode(data, label) for label, data in joined]
    return "".join(text)

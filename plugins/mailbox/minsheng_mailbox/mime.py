"""The structure of a mail: which bytes are which part.

Parts are ranges of the raw bytes, found with a stack of our own: no recursion, no copies, at most
``MAX_DEPTH`` levels and ``MAX_PARTS`` parts; more is refused and so goes to quarantine. The
standard library's parser recurses per level and holds an object per part, so a mail of 1,500
levels or 100,000 parts brings it down.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

from minsheng_mailbox.fields import MAX_NAME, parameter_text, parameters
from minsheng_mailbox.headers import Headers, split, unbase64
from minsheng_sdk import MessageUnreadable

MAX_DEPTH = 20
MAX_PARTS = 200

_TOKEN = re.compile(r"[a-z0-9-]+")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")
_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)
_PATH = re.compile(r"[/\\]+")
# Text that is a file rather than something to read.
_TEXT_FILES = {"calendar", "csv", "css", "vcard", "x-vcard", "directory", "xml", "rfc822-headers"}


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the tree: where its encoded bytes stand and what they are said to be.

    ``choice`` numbers the outermost multipart/alternative around it (0 = none); ``embedded`` says
    that it belongs to a mail inside the mail.
    """

    media_type: str
    charset: str
    encoding: str
    name: str
    attached: bool
    start: int
    end: int
    choice: int = 0
    embedded: bool = False

    @property
    def readable(self) -> bool:
        """Say whether the part is meant to be read in place."""
        main, _, sub = self.media_type.partition("/")
        return main == "text" and sub not in _TEXT_FILES and not self.attached


@dataclass(frozen=True, slots=True)
class _Node:
    start: int
    end: int
    depth: int
    choice: int
    embedded: bool


def read(raw: bytes) -> tuple[Headers, list[Part]]:
    """Return the mail's own header and its leaves in order.

    Raises MessageUnreadable when a bound of this module or of :mod:`.headers` is exceeded.
    """
    fields, body = split(raw, 0, len(raw))
    top = Headers(fields, _charset(Headers(fields)))
    parts: list[Part] = []
    stack = [_Node(0, len(raw), 0, 0, embedded=False)]
    seen = 0
    while stack:
        node = stack.pop()
        seen += 1
        if seen > MAX_PARTS or node.depth > MAX_DEPTH:
            message = f"the mail has more than {MAX_PARTS} parts or {MAX_DEPTH} levels"
            raise MessageUnreadable(f"{message}, look at the raw mail")
        header, start = (top, body) if node.depth == 0 else _header(raw, node)
        children = _children(raw, header, node, start, seen)
        if children is None or _is_mail(header):
            parts.append(_leaf(raw, header, node, start))
        stack += reversed(children or [])
    return top, parts


def _header(raw: bytes, node: _Node) -> tuple[Headers, int]:
    fields, start = split(raw, node.start, node.end)
    return Headers(fields, _charset(Headers(fields))), start


def _children(
    raw: bytes, header: Headers, node: _Node, start: int, seen: int
) -> list[_Node] | None:
    kind, found = parameters(header.raw("content-type"))
    if _is_mail(header):
        return [_Node(start, node.end, node.depth + 1, node.choice, embedded=True)]
    boundary = found.get("boundary", b"").rstrip()
    if not kind.startswith("multipart") or not boundary:
        return None
    choice = node.choice or (seen if kind == "multipart/alternative" else 0)
    ranges = list(_between(raw, boundary, start, node.end))
    children = [_Node(a, b, node.depth + 1, choice, node.embedded) for a, b in ranges]
    return children or None


def _is_mail(header: Headers) -> bool:
    kind, _ = parameters(header.raw("content-type"))
    return kind in {"message/rfc822", "message/global"} and _encoding(header) in {
        "",
        "7bit",
        "8bit",
        "binary",
    }


def _between(raw: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    line = re.compile(rb"^--" + re.escape(boundary[:200]) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    opened = -1
    for count, match in enumerate(line.finditer(raw, start, end)):
        if opened >= 0:
            yield opened, _before_break(raw, opened, match.start())
        if match[1] or count > MAX_PARTS:
            return
        opened = min(match.end() + 1, end)
    if opened >= 0:
        yield opened, end


def _before_break(raw: bytes, start: int, end: int) -> int:
    # The line break before a boundary belongs to the boundary (RFC 2046, 5.1.1).
    if raw[max(start, end - 2) : end] == b"\r\n":
        return end - 2
    return max(start, end - 1)


def _leaf(raw: bytes, header: Headers, node: _Node, start: int) -> Part:
    kind, found = parameters(header.raw("content-type"))
    disposition, where = parameters(header.raw("content-disposition"))
    name = parameter_text(where, "filename", header.charset)
    name = name or parameter_text(found, "name", header.charset)
    embedded_mail = _is_mail(header)
    if not _TYPE.fullmatch(kind) or kind.startswith("multipart/"):
        kind = "text/plain"
    return Part(
        media_type=kind,
        charset=header.charset or _html_charset(raw[start : start + 2048], kind),
        encoding=_encoding(header),
        name=_PATH.sub("_", name)[:MAX_NAME],
        attached=disposition.startswith("attachment") or bool(name) or embedded_mail,
        start=start,
        end=node.end,
        choice=node.choice,
        embedded=node.embedded,
    )


def _charset(header: Headers) -> str:
    _, found = parameters(header.raw("content-type"))
    return parameter_text(found, "charset")[:60]


def _html_charset(head: bytes, kind: str) -> str:
    if kind != "text/html":
        return ""
    match = re.search(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", head)
    return match[1].decode("ascii") if match else ""


def _encoding(header: Headers) -> str:
    match = _TOKEN.search(header.text("content-transfer-encoding").lower())
    return match[0] if match else ""


def content(raw: bytes, part: Part, limit: int) -> bytes:
    """Return the decoded bytes of a part, from at most ``limit`` encoded bytes."""
    encoded = raw[part.start : min(part.end, part.start + limit)]
    if part.encoding == "base64":
        return unbase64(encoded)
    if part.encoding == "quoted-printable":
        return quopri.decodestring(encoded)
    return encoded


def size(raw: bytes, part: Part) -> int:
    """Return the size of a part in bytes, decoded; base64 is counted, not decoded."""
    encoded = raw[part.start : part.end]
    if part.encoding == "base64":
        return len(encoded.translate(None, delete=_NOT_BASE64)) * 3 // 4
    if part.encoding == "quoted-printable":
        return len(quopri.decodestring(encoded))
    return len(encoded)

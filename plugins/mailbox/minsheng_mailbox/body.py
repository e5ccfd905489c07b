"""The words of a letter: its text, where the quoted history begins, and a telephone number."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from minsheng_mailbox.charsets import clean, decode
from minsheng_mailbox.html_text import to_text
from minsheng_mailbox.mime import Part, content

MAX_ENCODED = 2 * 1024 * 1024
"""How many encoded bytes of one text part are read."""
MAX_BODY = 200_000
"""How many characters of text a message keeps (the longest real letter known has about 7,000)."""

# Looking behind keeps a long run of spaces from being tried again at each of its characters.
_TRAILING = re.compile(r"(?<![ \t\xa0])[ \t\xa0]++(?=\n|\Z)")
_HISTORY = re.compile(
    r"^[ \t]*(?:"
    r"-{2,}[ \t]*(?:原始邮件|回复的原邮件|原邮件|转发邮件|转发的邮件|邮件原件|Original Message"
    r"|Forwarded message|Replied Message)\b[^\n]{0,40}"
    r"|在[^\n]{4,120}写道[:：]"
    r"|(?:At|On)\b[^\n]{4,160}\bwrote:"
    r"|(?:发件人|寄件者|From)[ \t]*[:：][^\n]{1,200}\n[^\n]{0,200}"
    r"(?:发送时间|日期|收件人|Sent|Date|To)"
    r"|>"
    r")",
    re.MULTILINE | re.IGNORECASE,
)
# Mainland numbers: 11 digits from 13 to 19, or area code (0 and 2 to 3 digits) and 7 to 8 digits.
_MOBILE = r"(?<![\d.])(?:\+?86[ -]?)?(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?![\d.]?\d)"
_LANDLINE = r"(?<![\d.])(?:\(?(0(?:10|2\d|[3-9]\d{2}))\)?[ -]?([2-9]\d{6,7}))(?!\d)"
_NUMBER = re.compile(f"{_MOBILE}|{_LANDLINE}")
_LABEL = re.compile(
    r"(?:联系电话|联系方式|手机号码|手机号|电话号码|电话|手机|联系我"
    r"|\btel(?:ephone)?\b|\bmobile\b|\bphone\b)"
    r"[^\d\n]{0,12}",
    re.IGNORECASE,
)
_SIGNATURE_LINES = 10


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a letter; ``quoted_at`` is the offset of quoted history (-1 = none).

    ``cut`` says that the mail held more text than the bounds of this module keep.
    """

    text: str
    quoted_at: int
    cut: bool

    @property
    def own(self) -> str:
        """Return what the citizen wrote this time."""
        return self.text if self.quoted_at < 0 else self.text[: self.quoted_at]


def read(raw: bytes, parts: Sequence[Part]) -> Body:
    """Return the text of the letter, from plain text where there is any, else from HTML.

    Of a multipart/alternative one form is read; parts that stand side by side are joined. A mail
    inside the mail is read only when there is nothing else.
    """
    own = [part for part in parts if part.readable and not part.embedded]
    text, cut = _joined(raw, own)
    if not text:
        text, cut = _joined(raw, [part for part in parts if part.readable and part.embedded])
    cut = cut or len(text) > MAX_BODY
    text = text[:MAX_BODY]
    return Body(text, history(text), cut)


def chosen(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that a reader would read in place (for attachments: the others)."""
    return [part for part in parts if part.readable]


def _joined(raw: bytes, parts: Sequence[Part]) -> tuple[str, bool]:
    texts: list[str] = []
    kept = 0
    for choice in dict.fromkeys(part.choice or -part.start - 1 for part in parts):
        if kept > MAX_BODY:
            return "\n\n".join(texts), True
        group = [part for part in parts if (part.choice or -part.start - 1) == choice]
        text = _alternative(raw, group)
        kept += len(text)
        texts += [text] if text else []
    cut = any(part.end - part.start > MAX_ENCODED for part in parts)
    return "\n\n".join(texts), cut


def _alternative(raw: bytes, group: Sequence[Part]) -> str:
    plain = [part for part in group if part.media_type != "text/html"]
    marked = [part for part in group if part.media_type == "text/html"]
    for form in (plain, marked):
        text = "\n\n".join(filter(None, (part_text(raw, part) for part in form)))
        if text:
            return text
    return ""


def part_text(raw: bytes, part: Part) -> str:
    """Return one readable part as clean text without blank ends."""
    text = decode(content(raw, part, MAX_ENCODED), part.charset)
    if part.media_type == "text/html":
        text = clean(to_text(text))
    return _TRAILING.sub("", text).strip("\n ")


def history(text: str) -> int:
    """Return where the quoted history begins, or -1; history at the very top is the letter."""
    for match in _HISTORY.finditer(text):
        if text[: match.start()].strip():
            return match.start()
    return -1


def phone(text: str) -> str:
    """Return the first mainland number: one with a label, else one in the signature, else any.

    Mobile numbers come as 11 digits, others as area code, hyphen, number.
    """
    plain = unicodedata.normalize("NFKC", text[:MAX_BODY]).replace("—", "-").replace("–", "-")
    for label in _LABEL.finditer(plain):
        match = _NUMBER.match(plain, label.end())
        if match:
            return _spelled(match)
    signature = "\n".join(plain.rstrip().split("\n")[-_SIGNATURE_LINES:])
    match = _NUMBER.search(signature) or _NUMBER.search(plain)
    return _spelled(match) if match else ""


def _spelled(match: re.Match[str]) -> str:
    mobile, area, number = match.groups()
    if mobile:
        return re.sub(r"\D", "", mobile)
    return f"{area}-{number}"

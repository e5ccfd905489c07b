"""The mails of the demo: one citizen's letter in one of the forms that Chinese mail really has."""

import base64
import hashlib
import html
import quopri
from collections.abc import Callable
from email.utils import format_datetime

from minsheng_mailbox.headers import one_line
from minsheng_mailbox.settings import is_address
from minsheng_sdk import SampleMessage

OFFICE_ADDRESS = "letters@minsheng.example"
DEFAULT_ADDRESSEE = "县委书记信箱"


def letter(sample: SampleMessage) -> bytes:
    """Return the mail of ``sample``; form and Message-ID follow from its ``sample_id``."""
    digest = hashlib.sha256(sample.sample_id.encode("utf-8", "replace")).digest()
    form = FORMS[digest[0] % len(FORMS)]
    name = digest.hex()[:24]
    address = (
        sample.citizen.email if is_address(sample.citizen.email) else f"c{name[:9]}@mail.example"
    )
    word, kind, encoding, body = form(_text(sample))
    fields = [
        b"From: " + word(one_line(sample.citizen.name)) + f" <{address}>".encode(),
        b"To: "
        + word(one_line(sample.addressee or DEFAULT_ADDRESSEE))
        + f" <{OFFICE_ADDRESS}>".encode(),
        b"Subject: " + word(one_line(sample.subject)),
        b"Date: " + format_datetime(sample.received_at).encode(),
        f"Message-ID: <{name}@mail.example>".encode(),
        b"MIME-Version: 1.0",
        b"Content-Type: " + kind,
        b"Content-Transfer-Encoding: " + encoding,
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def _text(sample: SampleMessage) -> str:
    phone = sample.citizen.phone
    signature = f"\n\n联系电话：{phone}" if phone and phone not in sample.body else ""
    return (sample.body + signature).replace("\r\n", "\n")


Word = Callable[[str], bytes]
Form = Callable[[str], tuple[Word, bytes, bytes, bytes]]


def _utf8_base64(text: str) -> tuple[Word, bytes, bytes, bytes]:
    data = text.replace("\n", "\r\n").encode("utf-8", "replace")
    return _b_words("utf-8", "utf-8"), b"text/plain; charset=UTF-8", b"base64", _base64(data)


def _gbk_called_gb2312(text: str) -> tuple[Word, bytes, bytes, bytes]:
    # Old webmail writes GBK or GB 18030 and calls it GB2312.
    data = text.replace("\n", "\r\n").encode("gb18030", "replace")
    word = _b_words("gb2312", "gb18030")
    return word, b'text/plain; charset="gb2312"', b"base64", _base64(data)


def _quoted_printable(text: str) -> tuple[Word, bytes, bytes, bytes]:
    data = quopri.encodestring(text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    return _q_words, b"text/plain; charset=utf-8", b"quoted-printable", data


def _html_only(text: str) -> tuple[Word, bytes, bytes, bytes]:
    rows = "".join(f"<div>{html.escape(line) or '<br>'}</div>\r\n" for line in text.split("\n"))
    page = f"<html><head><style>div{{margin:0}}</style></head><body>{rows}</body></html>"
    data = _base64(page.encode("gb18030", "replace"))
    return _b_words("GBK", "gb18030"), b"text/html; charset=GBK", b"base64", data


FORMS: tuple[Form, ...] = (_utf8_base64, _gbk_called_gb2312, _quoted_printable, _html_only)


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _b_words(label: str, codec: str) -> Word:
    def word(text: str) -> bytes:
        data = text.encode(codec, "replace")
        # Cut every 36 bytes, as mailers do that do not care where a character ends.
        pieces = [data[start : start + 36] for start in range(0, len(data), 36)]
        words = [f"=?{label}?B?{base64.b64encode(piece).decode()}?=" for piece in pieces]
        return "\r\n ".join(words).encode()

    return word


def _q_words(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    pieces = [data[start : start + 18] for start in range(0, len(data), 18)]
    words = ["".join(f"={byte:02X}" for byte in piece) for piece in pieces]
    return "\r\n ".join(f"=?utf-8?Q?{word}?=" for word in words).encode()

"""Write the official answer as a mail that no value can break out of (RFC 5322, RFC 2047)."""

import base64
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime

from minsheng_mailbox.headers import one_line
from minsheng_mailbox.settings import SmtpSettings, is_address
from minsheng_sdk import DeliveryRefused, OutgoingReply

MAX_HEADER_TEXT = 300
MAX_REFERENCES = 20

_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_KEY = re.compile(r"[^A-Za-z0-9._-]")
_PREFIX = re.compile(r"(?:re|答复|回复|回覆)\s*[:：]", re.IGNORECASE)


def recipient(reply: OutgoingReply) -> str:
    """Return the citizen's address; raises DeliveryRefused when there is no usable one."""
    address = reply.citizen.email.strip()
    if not is_address(address):
        message = "the letter names no plain mail address, answer by another channel"
        raise DeliveryRefused(message)
    return address


def reply_id(delivery_key: str, settings: SmtpSettings) -> str:
    """Return the Message-ID of every attempt at this delivery."""
    local = _KEY.sub("-", delivery_key)[:200] or "reply"
    return f"<{local}@{settings.from_address.partition('@')[2]}>"


def compose(reply: OutgoingReply, settings: SmtpSettings) -> bytes:
    """Return the mail with CRLF lines, threaded to the letter it answers.

    An official answer has no Auto-Submitted field: it is written by people, and its failures must
    come back. A receipt has one (RFC 3834, 5), so that no machine answers it. Raises
    DeliveryRefused when the citizen's address is no plain one.
    """
    fields = [
        ("From", f"{_name(settings.from_name or reply.office)}<{settings.from_address}>"),
        ("To", f"{_name(reply.citizen.name)}<{recipient(reply)}>"),
        ("Subject", _encoded(_subject(reply.subject))),
        ("Date", format_datetime(datetime.now(UTC))),
        ("Message-ID", reply_id(reply.delivery_key, settings)),
        *_threading(reply),
        *_automatic(reply),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "base64"),
    ]
    lines = [f"{name}: {value}" for name, value in fields]
    text = reply.whole_text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    body = base64.encodebytes(text).decode("ascii").replace("\n", "\r\n")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")


def _subject(subject: str) -> str:
    plain = one_line(subject) or "您的来信"
    return plain if _PREFIX.match(plain) else f"答复: {plain}"


def _name(name: str) -> str:
    plain = one_line(name).replace("@", " ")
    return f"{_encoded(plain)} " if plain else ""


def _encoded(text: str) -> str:
    # Always as encoded words: quoting rules then never meet a name that was made to break them.
    shown = text[:MAX_HEADER_TEXT].encode("utf-8", "replace").decode("utf-8")
    return Header(shown, "utf-8", maxlinelen=70).encode(linesep="\r\n")


def _automatic(reply: OutgoingReply) -> Iterable[tuple[str, str]]:
    if reply.automatic:
        yield "Auto-Submitted", "auto-replied"
        # Understood by the servers of Microsoft only, which pass over the standard's field.
        yield "X-Auto-Response-Suppress", "All"


def _threading(reply: OutgoingReply) -> Iterable[tuple[str, str]]:
    answered = reply.external_id.strip()
    if answered and not answered.startswith("<"):
        answered = f"<{answered}>"
    own = [answered] if _ID.fullmatch(answered) else []
    earlier = [name for name in reply.thread if _ID.fullmatch(name) and name not in own]
    ids = [*earlier[-MAX_REFERENCES:], *own]
    if own:
        yield "In-Reply-To", own[0]
    if ids:
        yield "References", "\r\n ".join(ids)

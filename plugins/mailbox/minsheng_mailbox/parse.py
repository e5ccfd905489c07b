"""Read the raw bytes of one mail into a message. Total: a message, or MessageUnreadable.

Rules that are ours, where a mail leaves a choice:

* ``received_at`` is the Date field when it lies between 1990 and a day from now and does not
  contradict the newest Received field (later by more than a day, or earlier by more than seven:
  RFC 5321, 4.5.4.1, lets a mail wait for four to five days). Else it is the newest Received field
  and ``extra["date"]`` is ``received``; with neither it is the moment of reading and
  ``extra["date"]`` is ``missing``, so that the letter is stored and its deadline begins now.
* ``extra["quoted_at"]`` is the offset in ``body`` where quoted history begins.
* ``extra["auto"]`` is ``true`` for mail that a machine sent (RFC 3834, bulk and list mail, null
  return path, delivery reports); such mail must never be answered automatically.
* ``extra["truncated"]`` is the size in bytes of a mail of which only the header was fetched; see
  :func:`truncated`. ``extra["body"]`` is ``cut`` when the text was longer than is kept.
* ``extra["senders"]`` is the number of addresses when From names several; the first is taken.
* ``extra["reply_to"]`` is the address of Reply-To when it differs from the sender's.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from minsheng_mailbox import body as bodies
from minsheng_mailbox import fields, mime
from minsheng_mailbox.bounces import returned
from minsheng_mailbox.headers import Headers
from minsheng_mailbox.mime import Part
from minsheng_sdk import Attachment, Citizen, MessageUnreadable, ParsedMessage, RawItem

MAX_SUBJECT = 1000
MARKER = "X-Minsheng-Truncated"
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATER_THAN_RECEIVED = timedelta(days=1)
EARLIER_THAN_RECEIVED = timedelta(days=7)

_AUTO_SUBJECT = re.compile(
    r"(?:自动回复|自動回覆|Automatic reply|Out of Office)\s*[:：]", re.IGNORECASE
)
_MARKER_VALUE = re.compile(rb"size=(\d{1,15})")


def parse(item: RawItem) -> ParsedMessage:
    """Return the message in ``item.raw``.

    Raises MessageUnreadable when the bytes hold no header at all or exceed the bounds of
    :mod:`.headers` (block, fields) and :mod:`.mime` (levels, parts).
    """
    headers, parts = mime.read(item.raw)
    if not headers.fields:
        message = "the bytes hold no mail header, look at the raw mail"
        raise MessageUnreadable(message)
    letter = bodies.read(item.raw, parts)
    received_at, dated = when(headers, datetime.now(UTC))
    sender = fields.mailboxes(headers.raw("from"), headers.charset)
    extra = _extra(headers, sender) | dated | _letter_extra(letter) | truncated(item.raw, headers)
    extra |= returned(item.raw, headers, parts)
    return ParsedMessage(
        external_id=fields.message_id(headers.raw("message-id")),
        subject=headers.text("subject")[:MAX_SUBJECT],
        body=letter.text,
        received_at=received_at,
        addressee=addressee(headers),
        citizen=_citizen(sender, letter),
        thread=thread(headers),
        attachments=tuple(_attachment(item.raw, part) for part in parts if _is_file(part)),
        extra=extra,
    )


def when(headers: Headers, now: datetime) -> tuple[datetime, dict[str, str]]:
    """Return the instant a mail counts from and how it was found; the rule is above."""
    written = _sane(fields.date(headers.raw("date")), now)
    arrived = None
    for value in headers.all("received"):
        arrived = arrived or _sane(fields.date(value.rpartition(b";")[2][-200:]), now)
    if (
        written
        and arrived
        and not (arrived - EARLIER_THAN_RECEIVED <= written <= arrived + LATER_THAN_RECEIVED)
    ):
        written = None
    if written:
        return written, {}
    return (arrived, {"date": "received"}) if arrived else (now, {"date": "missing"})


def _sane(instant: datetime | None, now: datetime) -> datetime | None:
    return instant if instant and EARLIEST <= instant <= now + timedelta(days=1) else None


def addressee(headers: Headers) -> str:
    """Return the display name under which the first named recipient was written, else ""."""
    for mailbox in fields.mailboxes(headers.raw("to"), headers.charset):
        if mailbox.name and "@" not in mailbox.name:
            return mailbox.name
    return ""


def thread(headers: Headers) -> tuple[str, ...]:
    """Return the ids of earlier mails, oldest first: References, then In-Reply-To."""
    ids = fields.message_ids(headers.raw("references"))
    ids += fields.message_ids(headers.raw("in-reply-to"))
    return tuple(dict.fromkeys(ids))[-fields.MAX_IDS :]


def is_automatic(headers: Headers) -> bool:
    """Say whether a machine sent the mail (RFC 3834 section 2, and the older habits)."""
    submitted = headers.text("auto-submitted").lower()
    kind, _ = fields.parameters(headers.raw("content-type"))
    return (
        (bool(submitted) and not submitted.startswith("no"))
        or headers.text("precedence").lower() in {"bulk", "junk", "list"}
        or any(value.strip() == b"<>" for value in headers.all("return-path"))
        or kind == "multipart/report"
        or bool(headers.all("list-id"))
        or _AUTO_SUBJECT.match(headers.text("subject")) is not None
    )


def truncated(raw: bytes, headers: Headers) -> dict[str, str]:
    """Return the note on a mail too large to fetch.

    The mark counts only as the very first line of a mail without a body: that is how the pull
    writes it, and a sender who forges it can hide nothing but an empty letter.
    """
    first = headers.fields[0]
    match = _MARKER_VALUE.fullmatch(first[1].strip())
    has_body = bool(raw.rstrip(b"\r\n").partition(b"\r\n\r\n")[2])
    if first[0] != MARKER.lower() or match is None or has_body:
        return {}
    return {"truncated": match[1].decode("ascii")}


def mark_truncated(header: bytes, size: int) -> bytes:
    """Return what stands for a mail of ``size`` bytes of which only ``header`` was fetched."""
    return f"{MARKER}: size={size}\r\n".encode("ascii") + header.rstrip(b"\r\n") + b"\r\n\r\n"


def _extra(headers: Headers, sender: list[fields.Mailbox]) -> dict[str, str]:
    reply_to = [box.address for box in fields.mailboxes(headers.raw("reply-to")) if box.address]
    count = len(sender) + len(headers.all("from")[1:])
    notes: Mapping[str, str] = {
        "auto": "true" if is_automatic(headers) else "",
        "senders": str(count) if count > 1 else "",
        "reply_to": next((box for box in reply_to if box != _address(sender)), ""),
    }
    return {name: note for name, note in notes.items() if note}


def _letter_extra(letter: bodies.Body) -> dict[str, str]:
    quoted = {"quoted_at": str(letter.quoted_at)} if letter.quoted_at >= 0 else {}
    return quoted | ({"body": "cut"} if letter.cut else {})


def _address(sender: list[fields.Mailbox]) -> str:
    return next((box.address for box in sender if box.address), "")


def _citizen(sender: list[fields.Mailbox], letter: bodies.Body) -> Citizen:
    first = next((box for box in sender if box.address), sender[0] if sender else None)
    name = first.name if first else ""
    return Citizen(name=name, phone=bodies.phone(letter.own), email=_address(sender))


def _is_file(part: Part) -> bool:
    return not part.embedded and not part.readable


def _attachment(raw: bytes, part: Part) -> Attachment:
    return Attachment(part.name, part.media_type, mime.size(raw, part))

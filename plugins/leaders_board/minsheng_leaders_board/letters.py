"""From the board's rows and details to stored bytes, and from those to the field's words.

What is stored for a letter is ``{"list": row, "detail": detail}``: the list's row and the result of
the detail call, which has the full text. The row's text is cut at about 100 characters.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from minsheng_leaders_board.client import LETTER, OFFICIAL_REPLY, entries
from minsheng_sdk import Citizen, MessageUnreadable, ParsedMessage, RawItem
from minsheng_sdk.text import as_text, dump_json, load_json

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
CUT_MARKS = ("...", "…")
_LAST_EPOCH = 4_102_444_800
"""The year 2100: a dateline beyond it is no time in seconds."""
_LARGEST_TID = 10**18
Words = Mapping[str, object]


def tid_of(row: object) -> int | None:
    """Return a row's tid, None when it has no usable one."""
    given = row.get("tid") if isinstance(row, Mapping) else None
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 18:
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        return None
    return given if 0 < given < _LARGEST_TID else None


def to_item(row: object, detail: Words | None) -> RawItem:
    """Keep a letter as a raw item; its key is the tid.

    A row without a usable tid is kept under the hash of its bytes, so that it reaches quarantine
    instead of getting lost.
    """
    raw = dump_json({"list": row, "detail": detail})
    tid = tid_of(row)
    return RawItem(str(tid) if tid else f"sha256:{hashlib.sha256(raw).hexdigest()}", raw)


def parse_letter(raw: bytes) -> ParsedMessage:
    """Read a stored letter; raises MessageUnreadable for bytes that are none."""
    try:
        stored = load_json(raw)
        if not isinstance(stored, dict) or not isinstance(stored.get("list"), dict):
            message = "no stored letter"
            raise TypeError(message)
        detail = stored.get("detail") or {}
        if not isinstance(detail, dict):
            message = "the detail is no object"
            raise TypeError(message)
        return _message(stored["list"], detail)
    except (ValueError, TypeError) as error:
        message = f"the letter cannot be read: {error}"
        raise MessageUnreadable(message) from error


def _message(row: Words, detail: Words) -> ParsedMessage:
    tid = tid_of(row)
    if tid is None:
        message = "it bears no tid"
        raise ValueError(message)
    letter = _entry(detail, LETTER)
    return ParsedMessage(
        external_id=str(tid),
        subject=as_text(row.get("subject")) or as_text(letter.get("subject")),
        body=as_text(letter.get("content")) or as_text(row.get("content")),
        received_at=_received_at(row),
        region=as_text(row.get("from")),
        addressee=as_text(row.get("forumName")),
        kind=as_text(row.get("typeName")),
        citizen=Citizen(
            name=as_text(letter.get("contactName")) or as_text(row.get("nickName")),
            phone=as_text(letter.get("contactPhone")),
        ),
        extra=_extra(row, detail, letter),
    )


def _extra(row: Words, detail: Words, letter: Words) -> Mapping[str, str]:
    answer = _entry(detail, OFFICIAL_REPLY)
    cut = as_text(row.get("content")).endswith(CUT_MARKS) and not as_text(letter.get("content"))
    words = {
        "domain": as_text(row.get("domainName")),
        "state": as_text(row.get("stateInfo")),
        "nickname": as_text(row.get("nickName")),
        "answer": as_text(answer.get("content")) or as_text(row.get("answerContent")),
        "answered_by": as_text(answer.get("organization"))
        or as_text(row.get("answerOrganization")),
        "cut": "1" if cut else "",
    }
    return {name: text for name, text in words.items() if text}


def _entry(detail: Words, data_type: str) -> Words:
    """Return the first entry of a type; an empty one when there is none."""
    for entry in entries(detail):
        if str(entry.get("dataType")) == data_type:
            return entry
    return {}


def _received_at(row: Words) -> datetime:
    """Return when the letter was written; ``dateline`` moves later where both are given."""
    epoch = _epoch(row.get("createDateline")) or _epoch(row.get("dateline"))
    if not epoch:
        message = "it bears no time"
        raise ValueError(message)
    return datetime.fromtimestamp(epoch, BEIJING)


def _epoch(given: object) -> int:
    """Return epoch seconds, 0 for no time; raises ValueError for an impossible one."""
    text = as_text(given)
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < _LAST_EPOCH):
        message = "its time is impossible"
        raise ValueError(message)
    return int(text)

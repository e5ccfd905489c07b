"""Delivery reports (RFC 3464): which of our mails came back, and with what status.

A report is known by its form alone (multipart/report; report-type=delivery-status, RFC 6522), not
by its words. Only ``Action: failed`` counts: a delay is no failure. What came back is named by the
Message-ID in the returned mail or its headers, which stand behind the status part.
"""

import re
from collections.abc import Sequence

from minsheng_mailbox import mime
from minsheng_mailbox.fields import parameter_text, parameters
from minsheng_mailbox.headers import Headers
from minsheng_mailbox.mime import Part

_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status"}
_MOST = 64 * 1024
_ACTION = re.compile(rb"^Action:[ \t]*failed\b", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(rb"^Status:[ \t]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(
    rb"^Message-ID:[ \t]*(?:\r?\n[ \t]+)?<([\x21-\x3b\x3d\x3f-\x7e]{1,250})>",
    re.IGNORECASE | re.MULTILINE,
)


def returned(raw: bytes, headers: Headers, parts: Sequence[Part]) -> dict[str, str]:
    """What a mail says of one that came back: ``bounce_of`` and ``bounce_status``, or nothing."""
    kind, found = parameters(headers.raw("content-type"))
    if kind != "multipart/report" or parameter_text(found, "report-type") != "delivery-status":
        return {}
    report = next((part for part in parts if part.media_type in _STATUS_TYPES), None)
    if report is None:
        return {}
    said = mime.content(raw, report, _MOST)
    named = _NAMED.search(raw, report.end, min(len(raw), report.end + _MOST))
    if named is None or not _ACTION.search(said):
        return {}
    status = _STATUS.search(said)
    return {
        "bounce_of": f"<{named[1].decode('ascii')}>",
        "bounce_status": status[1].decode("ascii") if status else "",
    }

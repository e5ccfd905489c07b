"""A mail that comes back fails its delivery, visibly; it is no new matter."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM, Actor
from minsheng.cases.service import Wish
from minsheng.intake.inbox import take_in
from minsheng.intake.service import find_channel
from minsheng.replies.service import resend
from minsheng_sdk import RawItem

LI = Wish(Actor("user", "li.si"))
REPORT = """Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: office@gov.example.cn
Subject: Undelivered Mail Returned to Sender
Date: Fri, 20 Nov 2026 12:00:00 +0800
Message-ID: <dsn-{key}@mx.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

<zhao1@example.org>: user unknown

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; zhao1@example.org
Action: {action}
Status: 5.1.1

--b
Content-Type: {part}

From: office@gov.example.cn
Message-ID:
 {named}
Subject: reply

--b--
"""


@pytest.fixture
def answered(bureau: Any, mailbox: str, sample: Callable[..., Any]) -> Any:
    """The delivery of an answer that was sent by mail."""
    bureau.put(mailbox, [sample(1)])
    bureau.answer(bureau.cases()[0])
    bureau.deliver()
    (row,) = bureau.deliveries(bureau.cases()[0])
    assert row.state == "sent"
    return row


def arrive(bureau: Any, code: str, named: str, **more: str) -> None:
    """Let a report come to a mailbox and be read."""
    given = {"kind": "delivery-status", "action": "failed", "part": "text/rfc822-headers"} | more
    key = f"{len(named)}-{'-'.join(given.values()).replace('/', '.')}-{code}"
    raw = REPORT.format(named=named, key=key, **given).replace("\n", "\r\n").encode()
    with bureau.session() as session:
        channel = find_channel(session, code)
        take_in(session, bureau.tools, SYSTEM, channel.id, [RawItem(key, raw)])
    bureau.walk()


@pytest.mark.parametrize("part", ["text/rfc822-headers", "message/rfc822"])
def test_a_mail_that_came_back_is_a_failed_delivery_and_no_new_message(
    bureau: Any, mailbox: str, answered: Any, part: str
) -> None:
    for _ in range(2):
        arrive(bureau, mailbox, answered.remote_id, part=part)
    (row,) = bureau.deliveries(answered.case)
    assert (row.state, row.sent_at) == ("failed", None)
    assert row.trouble == "returned: the mail came back 5.1.1"
    assert bureau.count("messages") == 1
    assert bureau.count("inbox", "state = 'report'") == 1, "its bytes are kept"
    assert (
        bureau.rows("select reply_state from cases where tenant_id = :tenant")[0][0] == "uncertain"
    )
    assert bureau.count("case_events", "kind = 'reply_failed'") == 1
    assert bureau.audited("delivery.failed") == 1
    with bureau.session() as session:
        resend(session, bureau.tools, LI, row.id)
    bureau.deliver()
    assert [each.state for each in bureau.deliveries(answered.case)] == ["sent"]


def test_a_report_of_another_mail_channel_or_kind_fails_nothing_and_is_not_lost(
    bureau: Any, mailbox: str, answered: Any, source: Callable[[str], Any]
) -> None:
    other = bureau.open("mailbox", source("mailbox"))
    arrive(bureau, mailbox, "<somebody-else@example.org>")
    arrive(bureau, other, answered.remote_id)
    arrive(bureau, mailbox, answered.remote_id, action="delayed")
    arrive(bureau, mailbox, answered.remote_id, kind="disposition-notification")
    assert [each.state for each in bureau.deliveries(answered.case)] == ["sent"]
    assert bureau.count("messages") == 5, "they are messages as before"
    assert bureau.count("inbox", "state = 'report'") == 0


def test_nothing_but_a_returned_mail_takes_back_what_was_sent(bureau: Any, answered: Any) -> None:
    for trouble in ("", "lost", "it was returned: so they say"):
        with pytest.raises(Exception, match="once it arrived"), bureau.session() as session:
            session.execute(
                text("update outbox set state = 'failed', sent_at = null, trouble = :why"
                     " where tenant_id = :tenant and id = :id"),
                {"tenant": bureau.tenant_id, "id": answered.id, "why": trouble},
            )  # fmt: skip

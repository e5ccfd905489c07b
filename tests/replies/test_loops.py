"""Mail loops: receipts for people only, one a day, and none to what a machine sent."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from minsheng.audit import Actor
from minsheng.cases.service import Wish
from minsheng.replies.receipts import Acknowledger
from minsheng.replies.service import set_receipt

LI = Wish(Actor("user", "li.si"))
DAY = 24
_ONE = "槐河家园3号楼电梯停运"


def letter(sender: str, number: int, at: datetime, *more: str) -> bytes:
    """A mail as a server would hand it over."""
    lines = (
        f"From: <{sender}>", "To: <office@example.gov.cn>", f"Subject: letter {number}",
        f"Date: {format_datetime(at)}", f"Message-ID: <m{number}.{sender}>", *more,
        "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "",
        f"{_ONE} {number}",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


@pytest.fixture
def desk(bureau: Any, mailbox: str) -> Any:
    """An office whose mailbox sends receipts."""
    with bureau.session() as session:
        set_receipt(session, bureau.tools, LI, mailbox, on=True)
    return bureau


def arrive(bureau: Any, code: str, mails: Sequence[bytes]) -> None:
    for mail in mails:
        bureau.sources[code].folder.add(mail)
    bureau.put(code, [])


def tick(bureau: Any) -> None:
    """What the worker does in a turn: receipts are written and sent."""
    claims = bureau.claim("acknowledge")
    if claims:
        Acknowledger(bureau.tools).work(claims)
    bureau.deliver()


MACHINES = {
    "autoresponder": ("Auto-Submitted: auto-replied",),
    "vacation of old": ("Precedence: junk",),
    "bulk": ("Precedence: bulk",),
    "list": ("List-Id: <news.example.org>",),
    "delivery report": ("Return-Path: <>",),
    "report": ('Content-Type: multipart/report; boundary="b"',),
    "generated": ("Auto-Submitted: auto-generated",),
}


def test_rel_r5_what_a_machine_sent_gets_no_receipt_and_a_person_one_a_day(
    desk: Any, mailbox: str
) -> None:
    now = desk.clock.now()
    mails = [
        letter(f"machine{n}@example.org", n, now, *headers)
        for n, headers in enumerate(MACHINES.values())
    ]
    arrive(desk, mailbox, mails)
    tick(desk)
    assert desk.arrived(mailbox) == []
    arrive(desk, mailbox, [letter("wang@example.org", n, now) for n in range(20, 23)])
    for _ in range(DAY):
        tick(desk)
        desk.clock.move(timedelta(minutes=55))
    (receipt,) = desk.arrived(mailbox)
    assert receipt.citizen.email == "wang@example.org"
    assert "自动发出" in receipt.text
    assert desk.count("outbox", "kind = 'ack'") == 1
    desk.clock.move(timedelta(hours=3))
    arrive(desk, mailbox, [letter("wang@example.org", 30, desk.clock.now())])
    tick(desk)
    assert len(desk.arrived(mailbox)) == 2


def test_rel_r5_a_receipt_says_that_no_person_wrote_it_and_an_answer_does_not(
    desk: Any, mailbox: str, sample: Callable[..., Any]
) -> None:
    desk.put(mailbox, [sample(1)])
    desk.clock.move(timedelta(minutes=2))
    tick(desk)
    (number,) = desk.cases()
    desk.answer(number)
    desk.deliver()
    receipt, answer = desk.sources[mailbox].mails()
    assert b"Auto-Submitted: auto-replied" in receipt
    assert b"Auto-Submitted" not in answer


def test_rel_r5_two_offices_that_answer_each_other_are_silent_after_three_mails(
    desk: Any, mailbox: str
) -> None:
    """The other one answers whatever comes, by a machine that does not say so."""
    answered = 0
    for turn in range(DAY):
        before = len(desk.sources[mailbox].mails())
        if turn == 0 or before > answered:
            arrive(desk, mailbox, [letter("desk@other.gov.cn", 40 + turn, desk.clock.now())])
        answered = before
        tick(desk)
        desk.clock.move(timedelta(hours=1) - timedelta(minutes=3))
    assert len(desk.sources[mailbox].mails()) == 1
    assert desk.count("messages") <= 2, "the loop is dead after three mails"


def test_rel_r5_our_own_mail_fetched_again_is_known_marked_and_answered_by_nobody(
    desk: Any, mailbox: str, sample: Callable[..., Any]
) -> None:
    desk.put(mailbox, [sample(1)])
    (number,) = desk.cases()
    desk.answer(number)
    desk.deliver()
    own = desk.sources[mailbox].mails()[-1]
    arrive(desk, mailbox, [own])
    tick(desk)
    (marked,) = desk.rows("select message_id, outbox_id from own_mails where tenant_id = :tenant")
    (row,) = [each for each in desk.deliveries(number) if each.kind == "reply"]
    assert marked.outbox_id == row.id
    assert desk.audited("message.own") == 1
    for each in desk.cases():
        if each != number:
            desk.answer(each)
    desk.deliver()
    assert desk.count("outbox", "kind = 'reply'") == 1


def test_receipts_are_off_until_somebody_turns_them_on(
    bureau: Any, mailbox: str, sample: Callable[..., Any]
) -> None:
    bureau.put(mailbox, [sample(1)])
    tick(bureau)
    assert bureau.arrived(mailbox) == []
    with bureau.session() as session:
        set_receipt(session, bureau.tools, LI, mailbox, on=True, text="来信收悉。")
        set_receipt(session, bureau.tools, LI, mailbox, on=False)
    tick(bureau)
    assert bureau.arrived(mailbox) == []

"""What comes after an answer, for the demo: a citizen with a query code, a low rating, a look back.

Done once, through the verbs that portal and desk use. All words are invented.
"""

import secrets
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import OPEN, Case, CaseMessage
from minsheng.cases.service import Wish
from minsheng.citizens.service import (
    Draw,
    Scores,
    Submission,
    draw_sample,
    publish,
    spoken_code,
    submit,
    take_rating,
)
from minsheng.handling.guards import EXEMPTIONS
from minsheng.handling.service import close, mark_exempt
from minsheng.intake.models import Channel, Message

_LIAISON, _CHECKER = Actor("user", "wanglianluo"), Actor("user", "liuducha")
_LEADER = Actor("user", "chenxianzhang")
_DIGITS = "0177"
_ASKED = Submission(
    key="",
    subject="槐树街公厕夜里不开门",
    body="槐树街菜市场旁的公厕晚上八点就锁门，夜市的摊主和顾客没有地方去。希望开到夜里十一点。",
    name="周小川",
    phone=f"1380013{_DIGITS}",
    region="槐树街菜市场",
)
_SHOWN = (
    ("文昌街东段路灯", "文昌街东段路灯不亮"),
    ("翠屏花园2号楼电梯", "翠屏花园小区电梯停运维修"),
)
_DONE = ("文昌街东段路灯", "翠屏花园2号楼电梯")
_LOW = Scores(
    solved=2, manner=4, speed=1, words="路灯是亮了，可是前后等了二十多天，中间没有人来说一声。"
)


def ask(tools: Tools, tenant_id: int) -> dict[str, str]:
    """Write by the portal; the ``code`` and ``digits`` with which the answer can be looked up."""
    form = replace(_ASKED, key=secrets.token_urlsafe(24))
    with tools.database.session(tenant_id) as session:
        ticket = submit(session, tools, "127.0.0.1", form)
    return {"code": spoken_code(ticket.code), "digits": _DIGITS}


def look_back(tools: Tools, tenant_id: int) -> int:
    """Show matters to all, take in a low rating, close cases and draw a sample; how many closed."""
    with tools.database.session(tenant_id) as session:
        for word, subject in _SHOWN:
            if number := _number(session, word):
                publish(session, tools, Wish(_CHECKER), number, subject)
        _rate_low(session, tools, _SHOWN[0][0])
    with tools.database.session(tenant_id) as session:
        numbers = [number for word in _DONE if (number := _number(session, word))]
        for number in numbers:
            _close(session, tools, number)
        now = tools.clock.now()
        days = Draw(now - timedelta(days=30), now + timedelta(days=1), "demo", count=2)
        draw_sample(session, tools, Wish(_CHECKER), days)
    return len(numbers)


def _number(session: Session, word: str) -> str | None:
    """The number of the first open case with the word in its subject."""
    found = select(Case.number).where(Case.subject.contains(word), Case.state == OPEN)
    return session.scalar(found.where(Case.secret.is_(False)).order_by(Case.number).limit(1))


def _rate_low(session: Session, tools: Tools, word: str) -> None:
    """Have the channel of the case's first message bring a low rating."""
    told = (
        select(Channel.code, Message.external_id)
        .join(Message, Message.channel_id == Channel.id)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .join(Case, Case.id == CaseMessage.case_id)
        .where(Case.number == _number(session, word))
        .order_by(Message.received_at)
    )
    first = session.execute(told.limit(1)).one_or_none()
    if first is not None:
        now = tools.clock.now()
        take_rating(session, tools, _LIAISON, first.code, first.external_id, _LOW, now)


def _close(session: Session, tools: Tools, number: str) -> None:
    """Close a case whose answer is under way: its leader exempts it from what is left."""
    for what in EXEMPTIONS:
        mark_exempt(session, tools, Wish(_LEADER, "答复已批准，正在送达"), number, what)
    close(session, tools, Wish(_CHECKER), number, "resolved")

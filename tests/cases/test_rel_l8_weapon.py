"""L8: nobody can use the joining of equal letters to make one vanish or to join a stranger's.

The same mail to several offices, a known Message-ID over another text, a guessed one sent first,
and citizens who write almost the same: every office has its own record, nothing is suppressed,
nothing is joined without a person.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.intake.inbox import take_in
from minsheng.intake.service import NewChannel, add_channel, find_channel
from minsheng_sdk import RawItem

PLACES = "青槐泜龙凤松柏竹梅兰菊荷桂枫杉桐榆柳"
WRONGS = ("路灯不亮", "井盖破损", "下水道堵了", "电梯停运", "暖气不热", "自来水发黄")
GIVEN = {"host": "127.0.0.1", "port": 9, "username": "desk", "password": "geheim-4711"}


def body_of(number: int) -> str:
    place, wrong = PLACES[number % len(PLACES)], WRONGS[number // len(PLACES) % len(WRONGS)]
    return (
        f"{place}安小区{number % 29 + 1}号楼{wrong}已经半个月，居民多次反映，物业一直推脱不修，"
        f"老人和孩子出入都很危险，请督促尽快处理。"
    )


def mail(number: int, body: str, sender: str, to: str = "box@example.org") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, body[:12]
    made["Date"] = "Thu, 19 Nov 2026 09:00:00 +0800"
    made["Message-ID"] = f"<{number}.guess@example.org>"
    made.set_content(body)
    return made.as_bytes()


@dataclass
class Box:
    """An office whose letters lie in a mailbox."""

    process: Any
    tenant_id: int
    settle: Callable[[int], None]
    taken: int = 0

    def take(self, *letters: bytes) -> None:
        items = [RawItem(f"INBOX:1:{self.taken + at}", raw, "1") for at, raw in enumerate(letters)]
        self.taken += len(items)
        tools = self.process.tools
        with tools.database.session(self.tenant_id) as session:
            take_in(session, tools, SYSTEM, find_channel(session, "box").id, items)

    def counted(self) -> tuple[int, int, int]:
        """How many messages, how many cases, how many joins; after everything was matched."""
        for _ in range(self.taken // 100 + 1):
            self.settle(self.tenant_id)
        asked = text(
            "select (select count(*) from messages where tenant_id = :t),"
            " (select count(*) from cases where tenant_id = :t),"
            " (select count(*) from case_messages where tenant_id = :t and via_id is not null)"
        )
        with self.process.tools.database.owner_session() as session:
            messages, cases, joined = session.execute(asked, {"t": self.tenant_id}).one()
        return messages, cases, joined


@pytest.fixture
def box(process: Any, office: Any, settle: Callable[[int], None]) -> Callable[[], Box]:
    """Make an office with a mailbox."""

    def make() -> Box:
        tenant_id = office()
        with process.tools.database.session(tenant_id) as session:
            new = NewChannel("box", "mailbox", "信箱", GIVEN)
            add_channel(session, process.tools, process.registry, SYSTEM, new)
        return Box(process, tenant_id, settle)

    return make


def test_rel_l8_the_same_mail_to_several_offices_is_in_each_of_them(
    box: Callable[[], Box], scaled: Callable[[int, int], int]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice, boxes = random.Random(seed), [box() for _ in range(5)]
    sent = [0] * len(boxes)
    for number in range(scaled(500, 8)):
        raw = mail(number, body_of(number), f"c{number}@example.org", "all@example.org")
        for at in dice.sample(range(len(boxes)), dice.randint(2, 5)):
            boxes[at].take(raw)
            sent[at] += 1
    for each, expected in zip(boxes, sent, strict=True):
        assert each.counted()[0] == expected


def test_rel_l8_a_known_message_id_over_another_text_joins_and_hides_nothing(
    box: Callable[[], Box], scaled: Callable[[int, int], int]
) -> None:
    desk, many = box(), scaled(500, 8)
    desk.take(*(mail(n, body_of(n), f"c{n}@example.org") for n in range(many)))
    desk.take(*(mail(n, body_of(n + 7), f"attacker{n}@example.org") for n in range(many)))
    assert desk.counted() == (2 * many, 2 * many, 0)


def test_rel_l8_a_guessed_message_id_sent_first_keeps_nobodys_letter_out(
    box: Callable[[], Box], scaled: Callable[[int, int], int]
) -> None:
    desk, many = box(), scaled(100, 8)
    desk.take(*(mail(n, "测试邮件，请忽略。", "attacker@example.org") for n in range(many)))
    before = desk.counted()
    assert before[0] == many
    desk.take(*(mail(n, body_of(n), f"c{n}@example.org") for n in range(many)))
    messages, cases, joined = desk.counted()
    assert (messages, cases - before[1], joined - before[2]) == (2 * many, many, 0)


def test_rel_l8_citizens_who_write_almost_the_same_are_joined_by_a_person_only(
    desk: Any, scaled: Callable[[int, int], int]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice, pairs, posted = random.Random(seed), scaled(1000, 15), []
    for number in range(pairs):
        body = body_of(number)
        edits = (body, f"{body}盼复。", body.replace("半个月", "十几天"), f"领导您好：{body}")
        posted.append(desk.message(body, f"138{number:08d}", f"赵{PLACES[number % 18]}"))
        # A stranger by his number, by his mail address, or of whom nothing is known.
        name = ("", f"钱{PLACES[number % 17]}", "赵先生")[number % 3]
        phone = (f"139{number:08d}", "", f"139****{number:04d}")[number // 3 % 3]
        posted.append(desk.message(dice.choice(edits), phone, name))
    for start in range(0, len(posted), 200):
        numbers = desk.post(*posted[start : start + 200])
        assert len(set(numbers)) == len(numbers), "a stranger was joined without a person"
    figures = desk.api.get("/matching/figures").json["total"]
    assert (figures["messages"], figures["joined"]) == (2 * pairs, 0)
    assert figures["to_review"] > 0, "what may be one matter is shown"

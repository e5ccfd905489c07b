"""What was said not to be the same stays so, whatever a source sends again, until its text changes.

The letters come by a real mailbox plugin: bytes as they lie in the mailbox, numbered anew by a
server that gives its folder another UIDVALIDITY.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.cases.changes import has_changed
from minsheng.intake.inbox import take_in
from minsheng.intake.service import NewChannel, add_channel, find_channel
from minsheng_sdk import RawItem

LIFT = "槐河家园3号楼2单元的电梯停运已经一个星期，老人上下楼非常不方便，物业一直不修，请督促维修。"
MORE = (
    LIFT + "上周六傍晚又有一位邻居被关在轿厢里四十分钟，消防队来了才救出来，我们要求更换整台电梯。"
)


def letter(number: int, body: str = LIFT, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Li Ming <li@example.org>"
    mail["To"] = "xianzhang@example.org"
    mail["Subject"] = "电梯停运"
    mail["Date"] = f"Thu, 19 Nov 2026 09:0{number}:00 +0800"
    mail["Message-ID"] = f"<letter-{number}@example.org>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(body)
    return mail


@dataclass
class Mailbox:
    """A mailbox of an office: ``pull`` brings letters in under a numbering of the server."""

    process: Any
    api: Any
    settle: Callable[[int], None]
    epoch: int = 1
    letters: list[EmailMessage] = field(default_factory=list)

    def pull(self, *letters: EmailMessage) -> None:
        """Put letters into the mailbox and take in everything that lies there."""
        self.letters += letters
        items = [
            RawItem(f"INBOX:{self.epoch}:{at}", mail.as_bytes(), str(self.epoch))
            for at, mail in enumerate(self.letters)
        ]
        tools = self.process.tools
        with tools.database.session(self.api.tenant_id) as session:
            channel = find_channel(session, "box")
            take_in(session, tools, SYSTEM, channel.id, items)
        self.settle(self.api.tenant_id)

    def renumber(self, *letters: EmailMessage) -> None:
        """The server begins a new numbering of what lies there now."""
        self.epoch += 1
        self.letters = list(letters) or self.letters
        self.pull()

    def findings(self, *states: str) -> list[Any]:
        asked = {"t": self.api.tenant_id, "s": list(states)}
        found = text("select reasons, outcome from findings where tenant_id = :t"
                     " and state = any(:s)")  # fmt: skip
        with self.process.tools.database.owner_session() as session:
            return list(session.execute(found, asked))

    def cases(self) -> dict[str, int]:
        rows = self.api.get("/cases").json["items"]
        return {row["number"]: row["message_count"] for row in rows}


@pytest.fixture
def box(api: Any, process: Any, settle: Callable[[int], None]) -> Mailbox:
    """A mailbox with two equal letters of one citizen that a person took apart."""
    given = {"host": "127.0.0.1", "port": 9, "username": "desk", "password": "geheim-4711"}
    new = NewChannel("box", "mailbox", "信箱", given)
    with process.tools.database.session(api.tenant_id) as session:
        add_channel(session, process.tools, process.registry, SYSTEM, new)
    made = Mailbox(process, api, settle)
    made.pull(letter(1), letter(2))
    (number,) = made.cases()
    messages = api.get(f"/cases/{number}").json["messages"]
    assert len(messages) == 2
    taken = api.post(f"/cases/{number}/split", {"messages": [messages[1]["id"]]})
    assert taken.status_code == 200
    assert set(made.cases().values()) == {1}
    return made


def test_what_is_pulled_again_unchanged_is_no_second_message(box: Mailbox) -> None:
    before = box.cases()
    box.pull()
    box.renumber()
    assert box.cases() == before
    assert box.findings("open") == []


def test_a_new_version_with_the_same_text_stays_with_its_own_case_and_asks_nothing(
    box: Mailbox,
) -> None:
    first, second = sorted(box.cases())
    box.renumber(letter(1), letter(2, Received="by mx.example.org"))
    assert box.cases() == {first: 1, second: 2}
    box.renumber(letter(1, LIFT.replace("，", ", "), Received="by mx.example.org"), letter(2))
    assert box.cases() == {first: 2, second: 2}
    assert box.findings("open") == []


def test_a_version_with_another_text_is_shown_with_the_reason_and_joined_by_nobody(
    box: Mailbox,
) -> None:
    first, second = sorted(box.cases())
    box.renumber(letter(1), letter(2, MORE))
    counts = box.cases()
    assert counts[first] == 1, "the word keeps it from the case it was taken out of"
    reasons = [reason["code"] for finding in box.findings("open") for reason in finding.reasons]
    assert "memory.changed" in reasons
    assert sum(counts.values()) == 3
    assert box.api.get(f"/cases/{second}").status_code == 200


def test_another_citizens_letter_under_a_known_message_id_is_matched_like_any_other(
    box: Mailbox,
) -> None:
    road = "龙门路与迎宾街口的红绿灯早高峰不亮，车辆抢行，孩子过马路非常危险，请交警部门尽快修复。"
    other = letter(2, road)
    other.replace_header("From", "Wang Fang <wang@example.org>")
    box.renumber(letter(1), other)
    assert sorted(box.cases().values()) == [1, 1, 1]
    assert box.findings("open") == []


def test_after_unmerge_re_pulling_every_source_suggests_nothing_again(box: Mailbox) -> None:
    first, second = sorted(box.cases())
    merged = box.api.post(f"/cases/{first}/merge", {"other": second, "despite_not_same": True})
    assert merged.status_code == 200
    assert box.api.post(f"/cases/{first}/unmerge", {"other": second}).status_code == 200
    box.pull()
    box.renumber()
    box.renumber(*(letter(at, Received=f"by mx{at}.example.org") for at in (1, 2)))
    assert box.cases() == {first: 2, second: 2}
    assert box.findings("open") == []
    assert box.api.get("/cases", view="review").json["items"] == []


def test_a_follow_up_in_the_same_words_asks_nothing_between_the_two_cases(box: Mailbox) -> None:
    box.pull(letter(3))
    assert sorted(box.cases().values()) == [1, 2]
    assert box.findings("open") == []


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (LIFT, LIFT, False),
        (LIFT, LIFT.replace("，", ","), False),
        (LIFT, f"  {LIFT}\n", False),
        (LIFT, "槐河傢園3號樓" + LIFT[7:], False),
        (LIFT, LIFT + "谢谢", False),
        (LIFT, LIFT.replace("3号楼", "5号楼"), True),
        (LIFT, LIFT.replace("2单元", "三单元"), True),
        (LIFT, MORE, True),
        (LIFT, "", True),
        ("", "", False),
    ],
)
def test_another_number_or_another_tenth_of_the_words_is_another_text(
    old: str, new: str, *, changed: bool
) -> None:
    assert has_changed(old, new) is changed

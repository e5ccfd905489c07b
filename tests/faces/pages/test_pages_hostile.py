"""What people and programs put into pages: script, endless words, turned writing, too many origins.

Submitting twice, going back, and two windows on one draft have their tests here as well.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.cases.matching import MatchMaker
from minsheng.intake.host import PluginRegistry
from minsheng.intake.service import (
    MATCH,
    NewChannel,
    PushedMessage,
    add_channel,
    find_channel,
    push_messages,
)
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TURNED = "\u202e停运" + "电梯\u2066"
EMOJI = "🛗👨‍👩‍👧‍👦停了"
LEASE = timedelta(seconds=60)


def push(desk: Any, plugin: str, subject: str, body: str, name: str = "孙建国", **more: str) -> str:
    """A message with these words in it, taken in and matched; the number of its case."""
    desk.taken += 1
    received = datetime(2026, 11, 20, 1, 0, tzinfo=UTC) + timedelta(hours=desk.taken)
    citizen = Citizen(name=name, phone="13800139001")
    posted = PushedMessage(f"X{desk.taken}", subject, body, received, citizen=citizen, **more)
    code = f"{plugin.replace('_', '-')}-{desk.taken}"
    with desk.tools.database.session(desk.tenant_id) as session:
        new = NewChannel(code, plugin, f"渠道{SCRIPT if name == SCRIPT else ''}", pushed=True)
        channel = add_channel(session, desk.tools, PluginRegistry.load(), SYSTEM, new)
        message = push_messages(session, desk.tools, SYSTEM, channel, [posted])[0]
    with desk.tools.database.session(desk.tenant_id) as session:
        claims = claim_work(session, MATCH, desk.tools.clock.now(), LEASE)
    MatchMaker(desk.tools, LEASE).work(claims)
    with desk.tools.database.session(desk.tenant_id) as session:
        wanted = "select k.number from cases k join case_messages m on m.case_id = k.id"
        number = session.scalar(text(f"{wanted} where m.message_id = :id"), {"id": message.id})
    return str(number)


@pytest.mark.parametrize("plugin", ["hotline_12345", "mailbox", "leaders_board"])
def test_script_in_every_field_of_a_channel_is_words_on_every_page(desk: Any, plugin: str) -> None:
    fields = {"region": SCRIPT, "addressee": SCRIPT, "kind": SCRIPT}
    number = push(desk, plugin, SCRIPT, f"电梯停运。{SCRIPT}", SCRIPT, **fields)
    desk.log_in()
    case = f"/cases/{number}"
    for path in ("/queue", case, f"{case}/preview", "/review", "/review/list", "/channels"):
        page = desk.http.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
    assert "&lt;script&gt;alert(1)" in desk.http.get(case).text


def test_a_subject_of_100_kb_leaves_the_queue_small(desk: Any) -> None:
    push(desk, "mailbox", "长" * 100_000, "电梯停运，请派人来修。")
    desk.log_in()
    page = desk.http.get("/queue")
    assert page.status_code == 200
    assert len(page.data) < 60_000


def test_turned_writing_and_emoji_stay_within_their_own_place(desk: Any) -> None:
    number = push(desk, "mailbox", f"{TURNED}{EMOJI}", f"{TURNED}，{EMOJI}。", f"李{EMOJI}")
    desk.log_in()
    queue = desk.http.get("/queue").text
    assert re.search(rf"<bdi>[^<]*{EMOJI}[^<]*</bdi>", queue)
    assert re.search(rf"<bdi>李{EMOJI}[^<]*</bdi>|<bdi>[^<]*\*[^<]*</bdi>",
                     desk.http.get(f"/cases/{number}").text)  # fmt: skip
    outside = re.sub(r"<bdi>.*?</bdi>", "", queue)
    assert "\u202e" not in outside


def test_a_case_of_a_thousand_origins_is_shown_part_by_part(
    desk: Any, scaled: Callable[[int, int], int]
) -> None:
    number, count = desk.take_in_heating("mailbox"), scaled(1000, 130)
    _copy_origins(desk, number, count - 1)
    desk.log_in()
    first = desk.http.get(f"/cases/{number}")
    assert first.text.count('<article class="origin">') == 20
    assert f"第 1–20 条，共 {count} 条" in first.text
    seen = set(re.findall(r'name="message" value="([^"]+)"', first.text))
    page, turns = first.text, 0
    while (found := re.search(r'href="([^"]+)" rel="next"', page)) and turns < count:
        page, turns = desk.http.get(found.group(1).replace("&amp;", "&")).text, turns + 1
        seen |= set(re.findall(r'name="message" value="([^"]+)"', page))
    assert len(seen) == count
    assert turns == (count - 1) // 20
    assert desk.http.get(f"/cases/{number}?origins=x&events=-1").status_code == 200
    assert len(first.data) < 400_000


def _copy_origins(desk: Any, number: str, count: int) -> None:
    """Let ``count`` more messages stand in a case, each joined as its first was."""
    at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    more = [
        PushedMessage(f"C{each}", "暖气不热", f"第{each}户也不热。", at) for each in range(count)
    ]
    with desk.tools.database.session(desk.tenant_id) as session:
        channel = find_channel(session, "mailbox")
        new = push_messages(session, desk.tools, SYSTEM, channel, more)
        columns = session.scalars(
            text(
                "select column_name from information_schema.columns"
                " where table_schema = 'public' and table_name = 'case_messages'"
            )
        ).all()
        values = [{"message_id": "new.id::uuid"}.get(each, f"old.{each}") for each in columns]
        session.execute(
            text(
                f"insert into case_messages ({', '.join(columns)}) select {', '.join(values)}"
                " from (select * from case_messages limit 1) old,"
                " unnest(cast(:ids as text[])) as new(id)"
            ),
            {"ids": [str(each.id) for each in new]},
        )
        session.execute(
            text("update cases set message_count = :n where number = :number"),
            {"n": count + 1, "number": number},
        )


def test_a_double_click_does_once_what_it_does(desk: Any) -> None:
    number = desk.take_in_heating("mailbox")
    desk.log_in()
    case = f"/cases/{number}"
    token = desk.token(case)
    answers = [desk.http.post(f"{case}/claim", data={"csrf_token": token}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    with desk.tools.database.session(desk.tenant_id) as session:
        kinds = text("select count(*) from case_events where kind = 'claim'")
        assert session.scalar(kinds) == 1
    # Back, and the old form once more: the page says how it stands and nothing is done twice.
    again = desk.http.post(f"{case}/claim", data={"csrf_token": token}, follow_redirects=True)
    assert again.status_code == 200
    with desk.tools.database.session(desk.tenant_id) as session:
        assert session.scalar(kinds) == 1

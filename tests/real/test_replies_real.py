"""2,816 real letters with their real answers: taken in, answered and delivered, each once.

The letters are pulled from one loopback hotline; each case is answered with the real answer to its
first letter, in transactions of many cases, and everything is delivered through the plugin.
"""

import csv
import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.cases.service import Wish
from minsheng.faces.process import Process, build, make_runner
from minsheng.intake.service import NewChannel, add_channel, pull_now
from minsheng.replies.service import (
    ReplyInvalid,
    Words,
    acknowledge,
    approve,
    save_draft,
    start_draft,
    submit,
)
from minsheng.runtime.clock import SystemClock
from minsheng_sdk import Citizen, SampleMessage

LETTERS = 2_816
PART = 50
LI, WANG = Wish(Actor("user", "li.si")), Wish(Actor("user", "wang.wu"))
_CODE = re.compile(r"[A-Z]{1,2}\d{3,}")
"""A user, as the data names one."""
_CASES = """
    select distinct on (k.id) k.number, m.subject, m.external_id from cases k
    join case_messages s on s.tenant_id = k.tenant_id and s.case_id = k.id
    join messages m on m.tenant_id = s.tenant_id and m.id = s.message_id
    where k.tenant_id = :tenant order by k.id, m.received_at, m.id
"""


def letters() -> list[dict[str, str]]:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("MINSHENG_SHARED_DATA", beside)) / "taidi2020c"
    with (folder / "fujian4_with_replies.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sample(number: int, row: dict[str, str]) -> SampleMessage:
    """A letter; a user's code makes the telephone, and a number its time."""
    phone = f"139{int(hashlib.sha256(row['留言用户'].encode()).hexdigest(), 16) % 10**8:08d}"
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return SampleMessage(
        f"L{number:05d}", row["留言主题"].strip()[:200] or "来信", row["留言详情"].strip(), at,
        citizen=Citizen(row["留言用户"], phone),
    )  # fmt: skip


@pytest.fixture
def process(settings_on: Any, new_database: Callable[[], Any]) -> Iterator[Process]:
    parts = build(settings_on(new_database()), SystemClock(), operator=True)
    yield parts
    parts.close()


def test_every_real_letter_is_answered_and_its_answer_arrives_once(
    process: Process, office_on: Any
) -> None:
    tools, rows = process.tools, letters()
    assert len(rows) == LETTERS
    tenant_id = office_on(tools.database)("county")
    hotline = process.registry.get("hotline_12345").loopback()
    hotline.start()
    hotline.put([sample(number, row) for number, row in enumerate(rows)])
    with tools.database.session(tenant_id) as session:
        new = NewChannel("h", "hotline_12345", "热线", dict(hotline.settings))
        add_channel(session, tools, process.registry, LI.actor, new)
        pull_now(session, tools, LI.actor, "h")
    runner = make_runner(process)
    for kind in ("pull", "parse", "match"):
        while runner.answer(tenant_id, kind):
            continue
    with tools.database.owner_session() as session:
        cases = session.execute(text(_CASES), {"tenant": tenant_id}).all()
    replies = {row["留言主题"].strip()[:200] or "来信": row["答复意见"] for row in rows}
    flags, warned = answer_all(process, tenant_id, cases, replies)
    while runner.answer(tenant_id, "deliver"):
        continue
    arrived = hotline.delivered()
    assert len({each.delivery_key for each in arrived}) == len(arrived)
    with tools.database.owner_session() as session:
        states = session.execute(
            text("select state, count(*) from outbox where tenant_id = :tenant group by state"),
            {"tenant": tenant_id},
        ).all()
    assert [tuple(row) for row in states] == [("sent", len(arrived))]
    assert len(arrived) >= len(cases), "a case with two citizens has two answers"
    told = {name: flags[name] for name in sorted(flags)}
    sys.stdout.write(f"{len(rows)} letters, {len(cases)} cases, {len(arrived)} answers arrived,")
    sys.stdout.write(f" {warned} topics answered otherwise; remarks {told}\n")
    hotline.stop()


def answer_all(
    process: Process, tenant_id: int, cases: Sequence[Any], replies: dict[str, str]
) -> tuple[Counter[str], int]:
    """Answer every case; the remarks of the quality check, and how often a topic differed."""
    flags, warned = Counter[str](), 0
    for start in range(0, len(cases), PART):
        with process.tools.database.session(tenant_id) as session:
            for case in cases[start : start + PART]:
                words = Words(
                    replies.get(case.subject, "已收悉，现予答复。").strip()[:20_000] or "已办"
                )
                tools = process.tools
                view = start_draft(session, tools, LI, case.number, words)
                try:
                    view = submit(session, tools, LI, view.id, view.version)
                except ReplyInvalid:
                    # Real answers address the writer by name, which the board would publish.
                    flags["names_citizen"] += 1
                    words = Words(_CODE.sub("您", words.public))
                    view = save_draft(session, tools, LI, view.id, view.version, words)
                    view = submit(session, tools, LI, view.id, view.version)
                flags.update(str(flag["code"]) for flag in view.flags)
                if view.warnings:
                    warned += 1
                    acknowledge(session, tools, WANG, view.id, view.version)
                approve(session, tools, WANG, view.id, view.version)
    return flags, warned

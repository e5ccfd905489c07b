"""Joining and parting at random: whatever was done, undoing it leaves what never was joined."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from minsheng.audit import SYSTEM, AuditEntry, Tools
from minsheng.cases.errors import CaseConflict, SaidNotSame
from minsheng.cases.models import MERGED, OPEN, Case, CaseMessage
from minsheng.cases.service import Wish, merge, split, unmerge

WISH = Wish(SYSTEM, "随机")
TOPICS = (
    ("青石路路灯不亮", "青石路南段十二盏路灯整夜不亮，行人看不清路。"),
    ("槐安小区漏水", "槐安小区7号楼顶层漏雨，墙面发霉，物业不修。"),
    ("公交末班车太早", "18路公交末班车六点就收，下班的人赶不上。"),
    ("医保报销未到账", "住院费三月已交材料报销，到现在没有到账。"),
    ("学校门口摆摊", "实验小学门口流动摊贩占道，放学时孩子走在车道。"),
    ("河道垃圾", "泜河东岸堆满建筑垃圾，气味很大。"),
    ("拖欠工资", "城南工地欠二十名工人两个月工资。"),
    ("噪声扰民", "楼下歌厅凌晨两点还在放音乐。"),
    ("井盖缺失", "文化街与平安街路口少一个井盖，夜里危险。"),
    ("暖气费退费", "报停供暖已经办好，去年交的钱还没有退。"),
)


@dataclass
class Ledger:
    """An office with a case for each topic, and what stands where."""

    tools: Tools
    tenant_id: int

    def state(self) -> dict[str, Any]:
        """What a person sees of every case, by its number; the history is not part of it."""
        with self.tools.database.session(self.tenant_id) as session:
            held: dict[uuid.UUID, set[uuid.UUID]] = {}
            for row in session.scalars(select(CaseMessage)):
                held.setdefault(row.case_id, set()).add(row.message_id)
            return {
                case.number: (
                    case.state, case.merged_into, case.subject, case.region, case.message_count,
                    case.origins, case.channels, case.last_at, frozenset(held.get(case.id, ())),
                )
                for case in session.scalars(select(Case))
            }  # fmt: skip

    def open_cases(self) -> list[str]:
        return [number for number, row in self.state().items() if row[0] == OPEN]

    def joined(self) -> list[tuple[str, str]]:
        """(survivor, joined) of every case that stands in an open one."""
        with self.tools.database.session(self.tenant_id) as session:
            numbers = {case.id: case for case in session.scalars(select(Case))}
        pairs = [(numbers[c.merged_into], c) for c in numbers.values() if c.merged_into]
        return [(into.number, case.number) for into, case in pairs if into.state == OPEN]

    def do(self, verb: Callable[..., Any], *given: Any, **more: Any) -> bool:
        """Try a verb; whether it was done. A refusal changes nothing."""
        before = self.state()
        try:
            with self.tools.database.session(self.tenant_id) as session:
                verb(session, self.tools, WISH, *given, **more)
        except (CaseConflict, SaidNotSame):
            assert self.state() == before
            return False
        return True

    def entries(self) -> int:
        with self.tools.database.operator_session(self.tenant_id) as session:
            return session.scalar(select(func.count()).select_from(AuditEntry)) or 0


@pytest.fixture
def ledger(api: Any, settle: Any, process: Any) -> Ledger:
    api.post("/channels", {"code": "x", "plugin": "mailbox", "name": "信", "pushed": True})
    for at, (subject, body) in enumerate(TOPICS):
        api.post("/messages", {
            "channel": "x", "external_id": str(at), "subject": subject, "body": body,
            "received_at": f"2026-11-{at + 1:02d}T09:00:00+08:00",
        })  # fmt: skip
    settle(api.tenant_id)
    made = Ledger(process.tools, api.tenant_id)
    assert len(made.open_cases()) == len(TOPICS)
    return made


def check(ledger: Ledger) -> None:
    """Every message stands in one case; open cases hold some, joined ones none."""
    rows = ledger.state().values()
    everywhere = [message for row in rows for message in row[8]]
    assert len(everywhere) == len(set(everywhere)) == len(TOPICS)
    for row in rows:
        assert row[4] == len(row[8])
        assert (row[0] == OPEN) == bool(row[8])
        assert (row[0] == MERGED) == (row[1] is not None)


def steps(ledger: Ledger, rng: random.Random, many: int) -> Iterator[bool]:
    """Join and part at random; whether each step was done."""
    for _ in range(many):
        joined, standing = ledger.joined(), ledger.open_cases()
        if joined and rng.random() < 0.4:
            yield ledger.do(unmerge, *rng.choice(joined))
        elif len(standing) > 1:
            one, other = rng.sample(standing, 2)
            yield ledger.do(merge, one, other, despite_not_same=rng.random() < 0.7)


def undo(ledger: Ledger) -> None:
    """Take apart what is joined, from the outside in, until nothing is."""
    for _ in TOPICS:
        for pair in ledger.joined():
            assert ledger.do(unmerge, *pair), pair
    assert ledger.joined() == []


@pytest.mark.parametrize("walk", range(3))
def test_undone_joins_leave_what_never_was_joined(ledger: Ledger, walk: int, scaled: Any) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    before, rng = ledger.state(), random.Random(seed)
    done = 0
    for step in steps(ledger, rng, scaled(60, 12)):
        done += step
        check(ledger)
    assert done
    undo(ledger)
    assert ledger.state() == before


def test_each_join_and_part_leaves_one_entry_a_case(ledger: Ledger) -> None:
    one, other, *_ = ledger.open_cases()
    for verb in (merge, unmerge):
        before = ledger.entries()
        assert ledger.do(verb, one, other)
        assert ledger.entries() == before + 2
    before = ledger.entries()
    assert not ledger.do(unmerge, one, other)
    assert ledger.entries() == before


def test_a_case_inside_a_joined_one_is_taken_apart_where_it_stands(ledger: Ledger) -> None:
    outer, middle, inner, *_ = ledger.open_cases()
    before = ledger.state()
    assert ledger.do(merge, middle, inner)
    assert ledger.do(merge, outer, middle)
    assert not ledger.do(unmerge, middle, inner)
    assert ledger.do(unmerge, outer, middle)
    assert ledger.do(unmerge, middle, inner)
    assert ledger.state() == before


def test_one_message_taken_out_goes_to_the_case_it_came_from(ledger: Ledger) -> None:
    one, other, *_ = ledger.open_cases()
    before = ledger.state()
    assert ledger.do(merge, one, other)
    assert ledger.do(split, one, before[other][8])
    assert ledger.state() == before

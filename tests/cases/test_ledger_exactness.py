"""Random merging, parting and writing on: undone, an office is what one is that never merged.

Two offices get the same messages. In one of them cases are joined, taken apart and split at random
while citizens write on; then everything is put back by the same verbs. Steps are drawn as numbers
and read against what stands at the time, so that a failing walk shrinks to its telling steps.
"""

import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import select

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.errors import CaseConflict, CaseNotFound
from minsheng.cases.models import OPEN, Case, CaseMessage, Finding, NotSame
from minsheng.cases.service import Wish, merge, split, unmerge
from minsheng.cases.standing import NAMES, place_case
from minsheng.intake.models import Message

WISH = Wish(SYSTEM, "随机")
NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)
TOPICS = (
    "{}石路南段十二盏路灯整夜不亮，行人看不清路，请尽快派人维修。",
    "{}安小区顶层漏雨，墙面发霉，物业一直不修，请督促物业处理。",
    "{}河东岸堆满建筑垃圾，气味很大，影响附近居民，请及时清运。",
    "{}山小学门口流动摊贩占道，放学时孩子走在车道上，非常危险。",
)
WORDS = "青槐泜龙凤松柏竹梅兰菊荷桂枫杉桐榆柳桃李杏枣梨棠芦苇荻蒿艾麦黍稷稻粱菽麻葛藤萝蕉"
SCALE = int(os.environ.get("MINSHENG_SCALE") or 1)
EXAMPLES, MATTERS, STEPS = (20, 80, 120) if SCALE >= 10 else (2, 8, 12)
STEP = st.tuples(
    st.sampled_from(("merge", "unmerge", "split", "write")), *[st.integers(0, 999)] * 3
)


def said(matter: int, turn: int) -> dict[str, Any]:
    """What a citizen says of a matter; of every fourth matter another citizen says the same."""
    told, citizen = matter - (matter % 4 == 3), matter
    body = TOPICS[told % 4].format(WORDS[told // 2])
    return {
        "channel": "web", "external_id": f"{matter}-{turn}", "subject": body[:10], "body": body,
        "received_at": f"2026-11-{1 + turn % 9:02d}T09:{told % 60:02d}:00+08:00",
        "citizen": {"name": "", "phone": f"1380{citizen:07d}"},
    }  # fmt: skip


@dataclass
class Twin:
    """An office that gets the messages of a walk."""

    desk: Any
    tools: Tools
    matters: int
    turns: dict[int, int] = field(default_factory=lambda: defaultdict(lambda: 1))

    @property
    def tenant_id(self) -> int:
        return int(self.desk.api.tenant_id)

    def begin(self, dues: list[int]) -> None:
        """Take in the first message of each matter, and place its case: deadline, stage, person."""
        taken = self.desk.post(*(said(matter, 0) for matter in range(self.matters)))
        with self.tools.database.session(self.tenant_id) as session:
            cases = {case.number: case for case in session.scalars(select(Case))}
            for matter, (number, days) in enumerate(zip(taken, dues, strict=True)):
                due = NOON + timedelta(days=days) if days else None
                place_case(
                    session, cases[number].id, due_at=due, due_estimated=bool(days % 2),
                    stage=("handling", "received", "assigned")[matter % 3],
                    handler=f"user{matter}", grade=("ordinary", "complex")[matter % 2],
                    closed_at=NOON if days == 9 else None, paused=days == 8,
                )  # fmt: skip

    def write_on(self, matter: int) -> None:
        """The citizen of a matter writes once more."""
        self.turns[matter] += 1
        self.desk.post(said(matter, self.turns[matter]))

    def do(self, verb: Callable[..., Any], *given: Any, **more: Any) -> bool:
        """Try a verb; whether it was done. A refusal changes nothing."""
        try:
            with self.tools.database.session(self.tenant_id) as session:
                verb(session, self.tools, WISH, *given, **more)
        except (CaseConflict, CaseNotFound):
            return False
        return True

    def read(self) -> "Picture":
        with self.tools.database.session(self.tenant_id) as session:
            cases = {case.id: case for case in session.scalars(select(Case))}
            marks = dict(map(tuple, session.execute(select(Message.id, Message.external_id))))
            rows = session.scalars(select(CaseMessage)).all()
            cut = session.execute(select(NotSame.low_id, NotSame.high_id)).all()
            findings = session.scalars(select(Finding)).all()
        return Picture(cases, marks, {row.message_id: row for row in rows}, cut, findings)


def matter_of(mark: str) -> int:
    return int(mark.split("-", maxsplit=1)[0])


@dataclass
class Picture:
    """An office as it stands."""

    cases: dict[uuid.UUID, Case]
    marks: dict[uuid.UUID, str]
    places: dict[uuid.UUID, CaseMessage]
    cut: Any
    findings: Any

    def held(self) -> dict[str, dict[int, list[uuid.UUID]]]:
        """By number of each open case: its messages by matter."""
        found: dict[str, dict[int, list[uuid.UUID]]] = {}
        for message_id, place in sorted(self.places.items()):
            case = found.setdefault(self.cases[place.case_id].number, {})
            case.setdefault(matter_of(self.marks[message_id]), []).append(message_id)
        return found

    def joined(self) -> list[tuple[str, str]]:
        """(survivor, joined) where the survivor is open, as the tree of joins has it."""
        pairs = [(self.cases[c.merged_into], c) for c in self.cases.values() if c.merged_into]
        return sorted((into.number, case.number) for into, case in pairs if into.state == OPEN)

    def homes(self) -> dict[int, str]:
        """The case that was opened for each matter: the first ones of the office, in order."""
        numbers = sorted(case.number for case in self.cases.values())
        first = {self.marks[m]: m for m in self.marks}
        count = len({matter_of(mark) for mark in first})
        return dict(zip(self._opened_for(), numbers[:count], strict=True))

    def _opened_for(self) -> list[int]:
        """The matters in the order in which their cases were opened: by time, then arrival."""
        firsts = [(said(m, 0)["received_at"], i, m) for i, m in self._firsts()]
        return [matter for _, _, matter in sorted(firsts)]

    def _firsts(self) -> Iterator[tuple[uuid.UUID, int]]:
        for message_id, mark in self.marks.items():
            if mark.endswith("-0"):
                yield message_id, matter_of(mark)

    def told(self, matters: int) -> dict[str, Any]:
        """Everything of the cases of the matters that is not a number or a moment of the ledger."""
        known = set(sorted(case.number for case in self.cases.values())[:matters])
        return {
            case.number[-5:]: self._case(case)
            for case in self.cases.values()
            if case.number in known
        }

    def _case(self, case: Case) -> dict[str, Any]:
        names = (*NAMES, "state", "merged_into", "subject", "region", "message_count", "origins",
                 "channels", "last_at", "secret")  # fmt: skip
        here = [row for row in self.places.values() if row.case_id == case.id]
        return {name: getattr(case, name) for name in names} | {
            "messages": {self.marks[row.message_id]: self._place(row) for row in here}
        }

    def _place(self, row: CaseMessage) -> Any:
        codes = [reason["code"] for reason in row.reasons]
        return self.marks.get(row.via_id), row.score, codes, row.algorithm, row.joined_by

    def asked(self, without: set[frozenset[int]], untouched: set[int]) -> set[Any]:
        """What was asked of pairs of matters of which no person has said anything."""
        found = set()
        for each in self.findings:
            ours, theirs = self.marks[each.message_id], self.marks[each.other_id]
            pair = frozenset({matter_of(ours), matter_of(theirs)})
            if pair not in without and pair <= untouched:
                found.add((ours, theirs, each.decision, each.state, each.outcome))
        return found

    def open_between(self, apart: set[frozenset[int]], untouched: set[int]) -> list[Any]:
        """What is still asked of matters that a person took apart."""
        pairs = {
            each.id: frozenset(
                {matter_of(self.marks[each.message_id]), matter_of(self.marks[each.other_id])}
            )
            for each in self.findings
            if each.state == "open"
        }
        return [id_ for id_, pair in pairs.items() if pair in apart and pair <= untouched]

    def said_apart(self) -> set[frozenset[int]]:
        return {
            frozenset({matter_of(self.marks[low]), matter_of(self.marks[high])})
            for low, high in self.cut
        }


def walk(office: Twin, other: Twin, steps: list[tuple[str, int, int, int]]) -> set[int]:
    """Do the steps in one office, and let citizens write in both; the matters that were split."""
    divided = set[int]()
    for kind, one, two, three in steps:
        seen = office.read()
        held = sorted(seen.held().items())
        if kind == "write":
            # Not of matters that two citizens tell: there the matcher may leave a repeat alone.
            matter = one % office.matters
            for each in (office, other):
                each.write_on(matter - matter % 4 + matter % 2)
        elif kind == "unmerge" and seen.joined():
            office.do(unmerge, *seen.joined()[one % len(seen.joined())])
        elif kind == "merge" and len(held) > 1:
            numbers = [number for number, _ in held]
            pair = numbers[one % len(numbers)], numbers[two % len(numbers)]
            office.do(merge, *pair, despite_not_same=bool(three % 2))
        elif kind == "split" and held:
            number, inside = held[one % len(held)]
            matter = sorted(inside)[two % len(inside)]
            chosen = inside[matter][: 1 + three % len(inside[matter])]
            if office.do(split, number, chosen):
                divided.add(matter)
    return divided


def put_back(office: Twin) -> None:
    """Take apart what is joined and join what was split, until each matter is in its own case."""
    for _ in range(20 * office.matters):
        seen = office.read()
        homes = seen.homes()
        if not (_unmerge_one(office, seen, homes) or _rejoin_one(office, seen, homes)):
            return


def _unmerge_one(office: Twin, seen: Picture, homes: dict[int, str]) -> bool:
    """Take one foreign join apart; a case born of a split belongs to the case of its matter."""
    born = {case.number for case in seen.cases.values()} - set(homes.values())
    matters = _matters_of_born(seen, born)
    for survivor, joined in seen.joined():
        if joined in matters and homes[matters[joined]] == survivor:
            continue
        if office.do(unmerge, survivor, joined):
            return True
    return False


def _matters_of_born(seen: Picture, born: set[str]) -> dict[str, int]:
    """Of which matter the messages of each such case are: those that came home to it."""
    named = {case.id: case.number for case in seen.cases.values()}
    return {
        named[row.home_id]: matter_of(seen.marks[row.message_id])
        for row in seen.places.values()
        if named[row.home_id] in born
    }


def _rejoin_one(office: Twin, seen: Picture, homes: dict[int, str]) -> bool:
    for number, inside in seen.held().items():
        for matter, messages in inside.items():
            if homes[matter] == number:
                continue
            if len(inside) > 1:
                return office.do(split, number, messages)
            if office.do(merge, homes[matter], number, despite_not_same=True):
                return True
    return False


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What two offices tell otherwise of the same case."""
    assert sorted(ours) == sorted(theirs)
    return [
        f"{number} {name}: {ours[number][name]} != {theirs[number][name]}"
        for number in ours
        for name in ours[number]
        if ours[number][name] != theirs[number][name]
    ]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),  # a walk takes seconds: shrink it by hand
)
@given(dues=st.lists(st.integers(0, 9), min_size=MATTERS, max_size=MATTERS),
       steps=st.lists(STEP, min_size=STEPS // 2, max_size=STEPS))  # fmt: skip
def test_whatever_was_joined_and_parted_undone_is_as_if_it_never_had_been(
    process: Any, office: Any, desk_of: Any, dues: list[int], steps: list[Any]
) -> None:
    walked, still = (Twin(desk_of(office()), process.tools, MATTERS) for _ in range(2))
    for each in (walked, still):
        each.begin(dues)
    divided = walk(walked, still, steps)
    put_back(walked)
    after, before = walked.read(), still.read()
    assume(len(before.cases) == MATTERS)
    assert differences(after.told(MATTERS), before.told(MATTERS)) == []
    apart = after.said_apart()
    note(f"said apart: {sorted(map(sorted, apart))}")
    untouched = set(range(MATTERS)) - divided
    assert after.asked(apart, untouched) == before.asked(apart, untouched)
    assert after.open_between(apart, untouched) == []

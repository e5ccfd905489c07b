"""Random joining, parting, answering, rating and writing on: undone, it is as if never joined.

Two offices get the same messages through a real channel. In one of them cases are joined, taken
apart and split at random; in both the same cases are answered, the same demands are written down
and the same citizens rate and write on. Then the joins are undone. What was delivered meanwhile
stays delivered (DESIGN invariant 4): each reply went once to every citizen whose words stood in its
case at that moment, and to nobody else.
"""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import CaseError
from minsheng.cases.models import OPEN, Case, CaseMessage
from minsheng.cases.service import Wish, merge, split, unmerge
from minsheng.cases.standing import NAMES
from minsheng.citizens.service import Scores, ratings_of, take_rating
from minsheng.faces.process import Process, make_runner
from minsheng.handling.models import Demand
from minsheng.handling.service import add_demands
from minsheng.intake.models import Message
from minsheng.intake.service import NewChannel, add_channel, pull_now
from minsheng.replies.errors import AnsweredAlready, ReplyError
from minsheng.replies.models import READY, Outgoing, Reply
from minsheng.replies.service import Words, approve, start_draft, submit
from minsheng.runtime.clock import SetClock
from minsheng.runtime.runner import Runner
from minsheng.supervision.figures import FiguresWish, figures_of
from minsheng_sdk import Citizen, Loopback, SampleMessage

LI, WANG = (Wish(Actor("user", name), "随机") for name in ("li.si", "wang.wu"))
BEGUN = datetime(2026, 11, 10, 1, tzinfo=UTC)
TOPICS = (
    "{}石路南段十二盏路灯整夜不亮，行人看不清路，请尽快派人维修。",
    "{}安小区顶层漏雨，墙面发霉，物业一直不修，请督促物业处理。",
    "{}河东岸堆满建筑垃圾，气味很大，影响附近居民，请及时清运。",
    "{}山小学门口流动摊贩占道，放学时孩子走在车道上，非常危险。",
)
WORDS = "青槐泜龙凤松柏竹梅兰菊荷桂枫杉桐榆柳桃李杏枣梨棠芦苇荻蒿艾麦黍稷稻粱菽麻葛藤萝蕉"
# The first walk that Hypothesis draws is the simplest one, which does next to nothing.
SCALE = int(os.environ.get("MINSHENG_SCALE") or 1)
EXAMPLES, MATTERS, MESSAGES, STEPS = (2, 120, 200, 320) if SCALE >= 10 else (2, 7, 11, 22)
COLUMNS = (*NAMES, "state", "merged_into", "subject", "region", "message_count", "origins",
           "channels", "last_at", "secret")  # fmt: skip
KINDS = ("merge", "merge", "unmerge", "split", "write", "answer", "deliver", "rate", "demand")
STEP = st.tuples(st.sampled_from(KINDS), *[st.integers(0, 9999)] * 3)


def said(matter: int, turn: int) -> SampleMessage:
    """What a citizen says of a matter of their own, each time in the same words."""
    body = TOPICS[matter % 4].format(WORDS[matter // 4])
    return SampleMessage(
        f"{matter}-{turn}", body[:10], body, BEGUN + timedelta(hours=26 * turn, minutes=matter),
        region="赞皇县", citizen=Citizen(f"赵{matter}", f"138{matter:08d}"),
    )  # fmt: skip


@dataclass
class Twin:
    """An office that gets the messages of a walk by a channel with a source behind it."""

    process: Process
    clock: SetClock
    tenant_id: int
    source: Loopback
    tools: Tools = field(init=False)
    runner: Runner = field(init=False)
    homes: dict[int, str] = field(default_factory=dict)
    turns: Counter[int] = field(default_factory=Counter)
    expected: Counter[tuple[str, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.tools, self.runner = self.process.tools, make_runner(self.process)
        new = NewChannel("line", "hotline_12345", "热线", dict(self.source.settings))
        with self.session() as session:
            add_channel(session, self.tools, self.process.registry, LI.actor, new)
        self.arrive(*(said(matter, 0) for matter in range(MATTERS)))
        seen = self.read()
        self.homes = {matter: number for number, inside in seen.held().items() for matter in inside}
        assert len(self.homes) == len(seen.cases) == MATTERS, "each matter has a case of its own"

    def session(self) -> Any:
        return self.tools.database.session(self.tenant_id)

    def arrive(self, *samples: SampleMessage) -> None:
        self.source.put(samples)
        with self.session() as session:
            pull_now(session, self.tools, LI.actor, "line")
        self.work("pull", "parse", "match", "settle")

    def work(self, *kinds: str) -> None:
        for kind in kinds:
            while self.runner.answer(self.tenant_id, kind):
                continue

    def deliver(self) -> None:
        """Send what waits; the pace of the channel is waited for on the clock."""
        for _ in range(4 * MESSAGES):
            self.work("deliver")
            with self.session() as session:
                if not session.scalar(select(Outgoing.id).where(Outgoing.state == READY).limit(1)):
                    return
            self.clock.move(timedelta(seconds=6))
        pytest.fail("what waits to be sent is sent in the end")

    def do(self, verb: Callable[..., Any], *given: Any, **more: Any) -> bool:
        """Try a verb; whether it was done. A refusal changes nothing."""
        try:
            with self.session() as session:
                verb(session, self.tools, LI, *given, **more)
        except (CaseError, ReplyError):
            return False
        self.work("settle")
        return True

    def review(self, number: str, words: str) -> Any:
        """Draft a reply and send it to review."""
        with self.session() as session:
            view = start_draft(session, self.tools, LI, number, Words(words))
        with self.session() as session:
            return submit(session, self.tools, LI, view.id, view.version)

    def answer(self, number: str, words: str) -> bool:
        """Draft, review and approve; whether the gate let it pass, else it lies in review."""
        standing, view = self.read().held()[number], self.review(number, words)
        try:
            with self.session() as session:
                approve(session, self.tools, WANG, view.id, view.version)
        except AnsweredAlready:
            return False
        self.expected.update((words, matter) for matter in standing)
        return True

    def rate(self, matter: int, marks: tuple[int, int, int]) -> None:
        """The channel brings the citizen's rating of what was done about the first words."""
        seen = self.read()
        (name,) = (seen.names[each] for each, mark in seen.marks.items() if mark == f"{matter}-0")
        with self.session() as session:
            now = self.clock.now()
            take_rating(session, self.tools, LI.actor, "line", name, Scores(*marks), now)

    def got(self) -> Counter[tuple[str, int]]:
        """Which answer each citizen got at the source, by the matter."""
        mark_of = {name: self.read().marks[each] for each, name in self.read().names.items()}
        arrived = [(each.text, mark_of[each.external_id]) for each in self.source.delivered()]
        return Counter((text, _matter(mark)) for text, mark in arrived)

    def read(self) -> "Picture":
        with self.session() as session:
            cases = {case.id: case for case in session.scalars(select(Case))}
            rows = session.execute(select(Message.id, Message.external_id, Message.body,
                                          Message.received_at)).all()  # fmt: skip
            places = session.scalars(select(CaseMessage)).all()
        marks = {row.id: mark_of(row.body, row.received_at) for row in rows}
        names = {row.id: row.external_id for row in rows}
        return Picture(cases, marks, names, {row.message_id: row for row in places})

    def told(self) -> dict[str, dict[str, Any]]:
        """Everything that stands of the cases of the matters, by matter."""
        seen, numbers = self.read(), {number: matter for matter, number in self.homes.items()}
        with self.session() as session:
            return {
                str(numbers[case.number]): seen.columns(case) | besides(session, seen, case)
                for case in seen.cases.values() if case.number in numbers
            }  # fmt: skip

    def figures(self) -> Any:
        self.work("roll_up")
        with self.session() as session:
            found = figures_of(session, self.tools, FiguresWish())
        return found.office.counts, found.open_ages, found.late_ages, found.channels, found.days


def _matter(mark: str) -> int:
    return int(mark.partition("-")[0])


def mark_of(body: str, received_at: datetime) -> str:
    ((topic, rest),) = ((at, each[2:]) for at, each in enumerate(TOPICS) if each[2:] in body)
    matter = 4 * WORDS.index(body[body.index(rest) - 1]) + topic
    hours = (received_at - BEGUN - timedelta(minutes=matter)) / timedelta(hours=26)
    return f"{matter}-{round(hours)}"


@dataclass
class Picture:
    cases: dict[uuid.UUID, Case]
    marks: dict[uuid.UUID, str]
    names: dict[uuid.UUID, str]
    places: dict[uuid.UUID, CaseMessage]

    def held(self) -> dict[str, dict[int, list[uuid.UUID]]]:
        """By number of each open case: its messages by matter."""
        found: dict[str, dict[int, list[uuid.UUID]]] = {}
        for message_id, place in sorted(self.places.items()):
            case = found.setdefault(self.cases[place.case_id].number, {})
            case.setdefault(_matter(self.marks[message_id]), []).append(message_id)
        return found

    def joined(self) -> list[tuple[str, str]]:
        """(survivor, joined) where the survivor is open, as the tree of joins has it."""
        pairs = [(self.cases[c.merged_into], c) for c in self.cases.values() if c.merged_into]
        return sorted((into.number, case.number) for into, case in pairs if into.state == OPEN)

    def stands(self, number: str) -> str:
        """The open case in which a case stands now: itself, or the one it was joined to."""
        case = next(each for each in self.cases.values() if each.number == number)
        while case.merged_into:
            case = self.cases[case.merged_into]
        return case.number

    def columns(self, case: Case) -> dict[str, Any]:
        here = [row.message_id for row in self.places.values() if row.case_id == case.id]
        messages = sorted(self.marks[each] for each in here)
        return {name: getattr(case, name) for name in COLUMNS} | {"messages": messages}


def besides(session: Any, seen: Picture, case: Case) -> dict[str, Any]:
    """Ratings, demands and the answers in force of a case."""
    rated = {
        seen.marks[each.message_id]: (each.round, each.solved, each.manner, each.speed)
        for each in ratings_of(session, case.number)
    }
    demands = select(Demand.number, Demand.text).where(Demand.case_id == case.id)
    official = Reply.case_id == case.id, Reply.official
    answers = select(Reply.public_text, Reply.round).where(*official)
    return {
        "rated": rated,
        "demands": list(map(tuple, session.execute(demands.order_by(Demand.number)))),
        "answers": list(map(tuple, session.execute(answers.order_by(Reply.round)))),
    }


@dataclass
class Walk:
    """The same life in two offices; only ``office`` joins and parts."""

    office: Twin
    still: Twin
    done: Counter[str] = field(default_factory=Counter)

    def go(self, steps: list[tuple[str, int, int, int]]) -> None:
        left = MESSAGES - MATTERS
        for at, (kind, one, two, three) in enumerate(steps):
            if kind == "write":
                left -= 1
            if kind != "write" or left >= 0:
                self.done[kind] += bool(getattr(self, kind)(one, two, three, f"{at}"))

    def merge(self, one: int, two: int, three: int, _at: str) -> bool:
        numbers = sorted(self.office.read().held())
        pair = numbers[one % len(numbers)], numbers[two % len(numbers)]
        return self.office.do(merge, *pair, despite_not_same=bool(three % 4))

    def unmerge(self, one: int, _two: int, _three: int, _at: str) -> bool:
        joined = self.office.read().joined()
        return bool(joined) and self.office.do(unmerge, *joined[one % len(joined)])

    def split(self, one: int, two: int, three: int, _at: str) -> bool:
        held = sorted(self.office.read().held().items())
        number, inside = held[one % len(held)]
        matter = sorted(inside)[two % len(inside)]
        chosen = inside[matter][: 1 + three % len(inside[matter])]
        return self.office.do(split, number, chosen)

    def write(self, one: int, _two: int, _three: int, _at: str) -> bool:
        for each in (self.office, self.still):
            each.turns[one % MATTERS] += 1
            each.arrive(said(one % MATTERS, each.turns[one % MATTERS]))
        return True

    def answer(self, one: int, _two: int, _three: int, at: str) -> bool:
        """Answer a case that stands; whoever never joined it answers it alone."""
        matter = self._standing(one)
        words = f"第{at}次答复：经现场核查，您反映的问题属实，有关单位正在整改，请您继续监督。"
        if not self.office.answer(self.office.homes[matter], words):
            self.still.review(self.still.homes[matter], words)
            return False
        assert self.still.answer(self.still.homes[matter], words)
        return True

    def deliver(self, _one: int, _two: int, _three: int, _at: str) -> bool:
        for each in (self.office, self.still):
            each.deliver()
        return True

    def rate(self, one: int, two: int, three: int, _at: str) -> bool:
        for each in (self.office, self.still):
            each.rate(one % MATTERS, (1 + two % 5, 1 + three % 5, 1 + (two + three) % 5))
        self.office.clock.move(timedelta(seconds=1))  # of two at one moment the first stands
        return True

    def demand(self, one: int, _two: int, _three: int, at: str) -> bool:
        matter = self._standing(one)
        for each in (self.office, self.still):
            with each.session() as session:
                text = f"第{at}项要求：公布整改期限"
                add_demands(session, each.tools, LI, each.homes[matter], [text])
        return True

    def _standing(self, one: int) -> int:
        """A matter whose own case stands."""
        held = self.office.read().held()
        there = [matter for matter, home in self.office.homes.items() if home in held]
        return there[one % len(there)]


def put_back(office: Twin) -> None:
    """Take apart what is joined and join what was split, until each matter is in its own case."""
    for _ in range(20 * MATTERS):
        if not (_unmerge_one(office) or _rejoin_one(office)):
            return


def _unmerge_one(office: Twin) -> bool:
    """Take one foreign join apart; a case born of a split belongs to the case of its matter."""
    seen, homes = office.read(), office.homes
    named = {case.id: case.number for case in seen.cases.values()}
    born = {
        named[row.home_id]: _matter(seen.marks[row.message_id])
        for row in seen.places.values() if named[row.home_id] not in homes.values()
    }  # fmt: skip
    return any(
        office.do(unmerge, survivor, joined)
        for survivor, joined in seen.joined()
        if joined not in born or homes[born[joined]] != survivor
    )


def _rejoin_one(office: Twin) -> bool:
    """Join one part of a matter to its home, or to where its home was joined: a case that was
    joined and then emptied by splits stands again only when what was split off is joined first."""
    seen = office.read()
    for number, inside in seen.held().items():
        for matter, messages in inside.items():
            home = office.homes[matter]
            if home != number and len(inside) > 1:
                return office.do(split, number, messages)
            if home != number and office.do(
                merge, seen.stands(home), number, despite_not_same=True
            ):
                return True
    return False


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What two offices tell otherwise of the same matter."""
    assert sorted(ours) == sorted(theirs)
    return [
        f"{matter} {name}: {value} != {theirs[matter][name]}"
        for matter, told in ours.items()
        for name, value in told.items()
        if value != theirs[matter][name]
    ]


@pytest.fixture
def twins(process: Process, office: Any) -> Iterator[Callable[[], Walk]]:
    """Two counties in which the same happens, each with a source of its own."""
    with ExitStack() as stack:

        def make() -> Walk:
            clock = SetClock(datetime(2026, 11, 20, 4, 0, tzinfo=UTC))
            parts = replace(process, tools=replace(process.tools, clock=clock))
            made = []
            for _ in range(2):
                source = process.registry.get("hotline_12345").loopback()
                source.start()
                stack.callback(source.stop)
                made.append(Twin(parts, clock, office(), source))
            return Walk(*made)

        yield make


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),  # a walk takes seconds: shrink it by hand
)
@given(steps=st.lists(STEP, min_size=STEPS, max_size=STEPS))
def test_answered_rated_and_written_on_while_joined_undone_is_as_if_never_joined(
    twins: Callable[[], Walk], steps: list[Any]
) -> None:
    walk = twins()
    walk.go(steps)
    note(f"done: {dict(walk.done)}")
    put_back(walk.office)
    walk.deliver(0, 0, 0, "")
    ours, theirs = walk.office.told(), walk.still.told()
    assert differences(ours, theirs) == []
    assert walk.office.figures() == walk.still.figures()
    for each in (walk.office, walk.still):
        assert each.got() == each.expected, "every citizen got the answer once, and nobody else"
        assert set(each.expected.values()) <= {1}
        with each.session() as session:
            assert session.scalar(select(func.count()).where(Outgoing.state != "sent")) == 0

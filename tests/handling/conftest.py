"""An office with people, cases that come in at the public door, and a clock that can be moved."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Actor, AuditEntry, Tools
from minsheng.cases.models import Case, CaseEvent
from minsheng.cases.service import Wish, place_case
from minsheng.handling import service as verbs
from minsheng.handling.models import Alert, Overdue
from minsheng.handling.work import HANDLERS
from minsheng.runtime.clock import SetClock
from minsheng.runtime.work import Work, claim_work

TOPICS = (
    "青石路南段十二盏路灯整夜不亮，行人看不清路。", "槐安小区7号楼顶层漏雨，墙面发霉，物业不修。",
    "18路公交末班车六点就收，下班的人赶不上。", "住院费三月已交材料报销，到现在没有到账。",
    "实验小学门口流动摊贩占道，放学时孩子走在车道。", "泜河东岸堆满建筑垃圾，气味很大。",
    "城南工地欠二十名工人两个月工资。", "楼下歌厅凌晨两点还在放音乐。",
    "文化街与平安街路口少一个井盖，夜里危险。", "报停供暖已经办好，去年交的钱还没有退。",
)  # fmt: skip
PEOPLE = {
    "li": ("liaison",), "deng": ("liaison",), "wang": ("handler",), "zhou": ("handler",),
    "zhao": ("reviewer",), "sun": ("leader",), "hui": ("callback",), "du": ("supervision",),
    "bai": ("general_office",),
}  # fmt: skip
"""User names, completed by a word of the office's own, and their roles."""
BY_KIND = {each.kind: each for each in HANDLERS}
LEASE = timedelta(minutes=1)


@dataclass
class Desk:
    """One office at work; ``do`` calls a verb as a person of it."""

    tenant_id: int
    tools: Tools
    clock: SetClock
    post: Callable[..., Any]
    settle: Callable[[int], None]
    mark: str
    topics: Iterator[str] = field(default_factory=lambda: itertools.cycle(TOPICS))

    def name(self, who: str) -> str:
        """The user name of one of PEOPLE."""
        return f"{who}-{self.mark}"

    def case(self, body: str = "", received_at: str = "2026-11-20T11:00:00+08:00") -> str:
        """A case of one message, matched and settled; its number."""
        said = {
            "channel": "x", "external_id": uuid.uuid4().hex, "received_at": received_at,
            "body": body or next(self.topics),
        }  # fmt: skip
        assert self.post("/messages", said).status_code == 201
        self.settle(self.tenant_id)
        self.run("settle")
        return str(self.post("/messages", said).json["case"])

    def wish(self, who: str, reason: str = "") -> Wish:
        return Wish(Actor("user", self.name(who)), reason)

    def do(self, verb: Callable[..., Any], number: str, *given: Any, by: str = "li",
           reason: str = "", **more: Any) -> Any:  # fmt: skip
        with self.tools.database.session(self.tenant_id) as session:
            return verb(session, self.tools, self.wish(by, reason), number, *given, **more)

    def ask(self, verb: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """Call a verb of the office itself: (session, tools, actor, …)."""
        with self.tools.database.session(self.tenant_id) as session:
            return verb(session, self.tools, Actor("user", self.name("bai")), *given, **more)

    def read(self, function: Callable[..., Any], *given: Any, **more: Any) -> Any:
        with self.tools.database.session(self.tenant_id) as session:
            return function(session, *given, **more)

    def view(self, number: str) -> verbs.HandlingView:
        found: verbs.HandlingView = self.read(verbs.handling_view, number)
        return found

    def run(self, *kinds: str) -> int:
        """Do what is due of these kinds of work, as the worker would; how many rows."""
        done = 0
        for kind in kinds:
            for _ in range(20):
                with self.tools.database.session(self.tenant_id) as session:
                    claims = claim_work(session, kind, self.clock.now(), LEASE)
                if not claims:
                    break
                BY_KIND[kind](self.tools).work(claims)
                done += len(claims)
        return done

    def to(self, moment: str) -> None:
        """Set the clock, in China's time: ``2026-11-23 09:00``."""
        at = datetime.fromisoformat(f"{moment}+08:00")
        self.clock.move(at.astimezone(UTC) - self.clock.now())

    def events(self, number: str) -> list[CaseEvent]:
        case = select(Case.id).where(Case.number == number).scalar_subquery()
        chosen = select(CaseEvent).where(CaseEvent.case_id == case).order_by(CaseEvent.id)
        return list(self.read(lambda session: session.scalars(chosen).all()))

    def kinds(self, number: str) -> list[str]:
        return [event.kind for event in self.events(number)]

    def alerts(self, kind: str = "") -> list[Alert]:
        chosen = select(Alert).order_by(Alert.id)
        chosen = chosen.where(Alert.kind == kind) if kind else chosen
        return list(self.read(lambda session: session.scalars(chosen).all()))

    def overdues(self) -> list[Overdue]:
        return list(self.read(lambda session: session.scalars(select(Overdue)).all()))

    def work_rows(self, kind: str) -> list[Work]:
        chosen = select(Work).where(Work.kind == kind)
        return list(self.read(lambda session: session.scalars(chosen).all()))

    def entries(self) -> int:
        with self.tools.database.operator_session(self.tenant_id) as session:
            return session.scalar(select(func.count()).select_from(AuditEntry)) or 0

    def state(self, number: str) -> tuple[Any, ...]:
        """What a refusal must leave alone."""
        view = self.view(number)
        shown = (view.version, view.step, view.stage, view.handler, view.due_at, view.paused,
                 view.round, view.grade, len(view.demands), len(view.call_backs))  # fmt: skip
        return (*shown, len(self.events(number)))

    def refused(self, error: type[Exception], verb: Callable[..., Any], number: str,
                *given: Any, **more: Any) -> str:  # fmt: skip
        """The words of a refusal, which changed nothing and left one audit entry."""
        before, entries = self.state(number), self.entries()
        with pytest.raises(error) as refused:
            self.do(verb, number, *given, **more)
        assert self.state(number) == before
        assert self.entries() == entries + 1
        return str(refused.value)

    def replied(self, number: str) -> None:
        """As if the reply had been delivered, which another room does."""

        def place(session: Any) -> None:
            case = session.scalars(select(Case).where(Case.number == number)).one()
            place_case(session, case.id, reply_state="delivered")

        self.read(place)

    def walk(self, number: str, to: str) -> None:
        """Go on through the closed loop to a step."""
        people = {
            "accept": "li",
            "assign": "li",
            "handle": "wang",
            "review": "zhao",
            "reply": "wang",
        }
        for _ in people:
            step = self.view(number).step
            if step == to:
                return
            if step == "assign":
                self.do(verbs.assign, number, self.name("wang"))
            if step == "handle":
                self.do(verbs.claim, number, by="wang")
            if step == "reply":
                self.replied(number)
            verb, given = (verbs.review, ["pass"]) if step == "review" else (verbs.advance, [])
            self.do(verb, number, *given, by=people[step])
        assert self.view(number).step == to


@pytest.fixture
def desk(api: Any, tools: Tools, clock: SetClock, settle: Any) -> Desk:
    """A county's office with everybody it needs."""
    return make_desk(api, tools, clock, settle)


@pytest.fixture
def bare_desk(api: Any, tools: Tools, clock: SetClock, settle: Any) -> Desk:
    """An office without anybody."""
    return make_desk(api, tools, clock, settle, people={})


def make_desk(api: Any, tools: Tools, clock: SetClock, settle: Any, people: Any = PEOPLE) -> Desk:
    mark = uuid.uuid4().hex[:8]
    api.post("/channels", {"code": "x", "plugin": "mailbox", "name": "信", "pushed": True})
    made = Desk(api.tenant_id, tools, clock, api.post, settle, mark)
    with tools.database.operator_session(api.tenant_id) as session:
        for who, roles in people.items():
            plant_user(session, tools, SYSTEM, NewUser(made.name(who), who, roles))
    return made

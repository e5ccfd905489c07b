"""Offices above one another, with cases to hand down, and the carriers between them."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Actor, Tools, make_tools
from minsheng.cases.models import Case
from minsheng.cases.service import PLAIN, Sight, Wish, case_number_of
from minsheng.faces.process import Process, make_runner
from minsheng.handling.custody import Custody, answer_of, custody_of, steps_of
from minsheng.handling.handover_models import Handover
from minsheng.handling.handovers import (
    accept_handover,
    answer_handover,
    recall_handover,
    return_handover,
)
from minsheng.handling.handovers_dispatch import dispatch
from minsheng.intake.service import NewChannel, PushedMessage, add_channel, push_messages
from minsheng.runtime.failpoints import HANDLING
from minsheng.runtime.runner import Runner
from minsheng.runtime.work import list_waiting
from minsheng_sdk import Citizen

LAMP = "槐树街3号院门口的路灯坏了半个月，晚上老人摔倒，请尽快维修。"
LIFT = "槐河家园7号楼的电梯停运一周，老人下不了楼，请督促物业尽快维修电梯。"
OFFICER = Actor("user", "wang")
KINDS = ("match", "handover", "handover_placed", "handover_onward")
FULL = 10
SEES_ALL = Sight(confidential=True)


@dataclass
class World:
    """Four levels of offices, worked by verbs as the faces call them.

    Their names say where each stands to the others. They are a city and what is below it, since
    there are codes for ninety provinces only and each test takes fresh offices.
    """

    process: Process
    tools: Tools
    runner: Runner
    office: Callable[..., int]
    province: int = 0
    city: int = 0
    county: int = 0
    street: int = 0
    LAMP: str = LAMP
    sees_all: Sight = SEES_ALL
    LIFT: str = LIFT
    sibling: int = 0
    offices: list[int] = field(default_factory=list)

    def furnish(self) -> "World":
        self.province = self.office("city")
        self.city = self.office("county", below=self.province)
        self.county = self.office("street", below=self.city)
        self.street = self.office("department", below=self.county)
        self.sibling = self.office("street", below=self.city)
        self.offices = [self.province, self.city, self.county, self.street, self.sibling]
        return self

    def code(self, tenant_id: int) -> str:
        with self.session(tenant_id) as session:
            said = text("select code from tenants where id = :id")
            return str(session.scalar(said, {"id": tenant_id}))

    def session(self, tenant_id: int) -> Any:
        return self.tools.database.session(tenant_id)

    def push(self, tenant_id: int, *posted: PushedMessage) -> list[uuid.UUID]:
        with self.session(tenant_id) as session:
            new = NewChannel(f"c{uuid.uuid4().hex[:8]}", "mailbox", "信箱", pushed=True)
            channel = add_channel(session, self.tools, self.process.registry, SYSTEM, new)
            taken = push_messages(session, self.tools, SYSTEM, channel, posted)
        return [each.id for each in taken]

    def said(self, body: str, **more: Any) -> PushedMessage:
        given = {"subject": body[:12], "received_at": self.tools.clock.now()} | more
        return PushedMessage(external_id=uuid.uuid4().hex, body=body, **given)

    def case(self, tenant_id: int, body: str, **more: Any) -> str:
        """A case of one message; its number."""
        (message_id,) = self.push(tenant_id, self.said(body, **more))
        self.runner.answer(tenant_id, "match")
        return self.number_of(tenant_id, message_id)

    def number_of(self, tenant_id: int, message_id: uuid.UUID) -> str:
        with self.session(tenant_id) as session:
            return case_number_of(session, [message_id], SEES_ALL)[message_id]

    def wish(self, reason: str = "", sight: Sight = PLAIN) -> Wish:
        return Wish(OFFICER, reason, sight=sight)

    def dispatch(self, at: int, number: str, to: int, **more: Any) -> Handover:
        sight = more.pop("sight", PLAIN)
        wish = self.wish(more.pop("reason", ""), sight)
        with self.session(at) as session:
            return dispatch(session, self.tools, wish, number, self.code(to), **more)

    def accept(self, at: int, handover_id: uuid.UUID) -> None:
        with self.session(at) as session:
            accept_handover(session, self.tools, self.wish(), handover_id)

    def give_back(self, at: int, handover_id: uuid.UUID, reason: str) -> None:
        with self.session(at) as session:
            return_handover(session, self.tools, self.wish(reason), handover_id)

    def recall(self, at: int, handover_id: uuid.UUID, reason: str) -> None:
        with self.session(at) as session:
            recall_handover(session, self.tools, self.wish(reason), handover_id)

    def answer(
        self, at: int, message_id: uuid.UUID | None, public: str, private: str = "",
        reply_id: uuid.UUID | None = None,
    ) -> None:  # fmt: skip
        assert message_id is not None
        with self.session(at) as session:
            given = message_id, public, private, reply_id or uuid.uuid4()
            answer_handover(session, self.tools, OFFICER, *given)

    def answer_of(self, at: int, handover_id: uuid.UUID) -> Any:
        with self.session(at) as session:
            return answer_of(session, self.tools, handover_id)

    def handed(self, above: int, below: int, body: str = LAMP, **more: Any) -> tuple[str, Handover]:
        """A case of ``above``, handed to ``below`` and received there."""
        number = self.case(above, body, **more)
        made = self.dispatch(above, number, below)
        self.carry()
        return number, made

    def pass_time(self) -> None:
        self.tools.clock.move(timedelta(minutes=1))  # type: ignore[attr-defined]

    def carry(self) -> None:
        """Do what is due in every office until nothing is left, as the workers would."""
        for _ in range(20):
            with self.tools.database.work_session() as session:
                waiting = list_waiting(session, self.tools.clock.now())
            mine = [w for w in waiting if w.tenant_id in self.offices and w.kind in KINDS]
            mine.sort(key=lambda each: KINDS.index(each.kind))
            done = [self.runner.answer(each.tenant_id, each.kind) for each in mine]
            if not any(done):
                return
        raise AssertionError("the carriers find no end")

    def incoming(self, at: int) -> Handover:
        """The newest handover that came to an office."""
        with self.session(at) as session:
            came = select(Handover).where(Handover.to_tenant == at).order_by(Handover.id.desc())
            return session.scalars(came.limit(1)).one()

    def handover(self, at: int, handover_id: uuid.UUID) -> Handover:
        with self.session(at) as session:
            return session.scalars(select(Handover).where(Handover.id == handover_id)).one()

    def case_of(self, at: int, handover_id: uuid.UUID) -> Case:
        """The receiver's case of a handover."""
        message_id = self.handover(at, handover_id).to_message
        assert message_id is not None
        return self.row(at, self.number_of(at, message_id))

    def row(self, at: int, number: str) -> Case:
        with self.session(at) as session:
            return session.scalars(select(Case).where(Case.number == number)).one()

    def custody(self, at: int, number: str) -> Custody:
        with self.session(at) as session:
            return custody_of(session, number, SEES_ALL)

    def steps(self, handover_id: uuid.UUID, at: int) -> list[Any]:
        return [*steps_of(self.handover(at, handover_id))]

    def kinds(self, handover_id: uuid.UUID, at: int) -> list[str]:
        return [step.kind for step in self.steps(handover_id, at)]

    def scalar(self, at: int, said: str, **given: Any) -> Any:
        with self.session(at) as session:
            return session.scalar(text(said), {"tenant": at, **given})

    def audited(self, at: int, action: str) -> list[str]:
        """The results of an office's audit entries of one action, oldest first."""
        with self.session(at) as session:
            said = (
                "select result from audit_entries where tenant_id = :t and action = :a order by id"
            )
            return list(session.scalars(text(said), {"t": at, "a": action}))


def citizen(phone: str, name: str = "李建国") -> Citizen:
    return Citizen(name=name, phone=phone, email="")


@pytest.fixture
def world(
    process: Process, office: Callable[..., int], shared_database: Any, master: Any
) -> Iterator[World]:
    """Fresh offices; nobody else has cases there. The process's clock is given back as it was."""
    clock = process.tools.clock
    stood = clock.now()
    tools = make_tools(shared_database, master, clock)
    yield World(process, tools, make_runner(process), office).furnish()
    clock.move(stood - clock.now())  # type: ignore[attr-defined]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``ended_at``: the places of the carriers, each alone at full counts."""
    if "ended_at" in metafunc.fixturenames:
        names = [name for name in HANDLING if name.startswith("handover.")]
        alone = int(os.environ.get("MINSHENG_SCALE") or 1) >= FULL
        groups = [[name] for name in names] if alone else [names]
        metafunc.parametrize("ended_at", groups, ids=" ".join)


@pytest.fixture(name="citizen")
def _citizen() -> Callable[..., Citizen]:
    return citizen


@pytest.fixture
def statements() -> Callable[[Session], AbstractContextManager[list[str]]]:
    """``with statements(session) as counted``: the statements its connection sends meanwhile."""

    @contextmanager
    def watch(session: Session) -> Iterator[list[str]]:
        counted: list[str] = []
        connection = session.connection()

        def note(_c: Any, _cursor: Any, said: str, *_more: Any) -> None:
            counted.append(said)

        event.listen(connection, "before_cursor_execute", note)
        yield counted
        event.remove(connection, "before_cursor_execute", note)

    return watch

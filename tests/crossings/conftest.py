"""Two counties of one province, their desks, and the match service on a ring of keys of its own."""

import os
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from minsheng.audit import Actor, Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import Sight, Wish
from minsheng.cases.settling import CONTRIBUTE, plan_contribution
from minsheng.crossings.contributing import Coder
from minsheng.crossings.hints import HintGiver
from minsheng.crossings.keyring import ProvincialKeys
from minsheng.crossings.service import (
    RECODE,
    SETTLE,
    HintView,
    agree,
    decline,
    list_crossings,
)
from minsheng.crossings.work import Contributor, Recoder, Settler
from minsheng.faces.process import Process
from minsheng.intake.service import (
    NewChannel,
    PushedMessage,
    add_channel,
    find_channel,
    push_messages,
)
from minsheng.runtime.clock import SetClock
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen

LIAISON = Actor("user", "liaison")
ALL = Sight(confidential=True)
LEASE = timedelta(seconds=60)
RECEIVED = datetime(2026, 11, 19, 1, 0, tzinfo=UTC)
PHONE, NAME = "13912345678", "欧阳听雨"
SUBJECT = "桂花苑三期电梯停运"
FIRST = (
    "桂花苑三期七栋的电梯停运已经两个月，老人上下楼十分困难，物业推说没有维修资金，"
    "业委会多次催促也没有结果，请督促物业公司尽快修复电梯并公布维修进度。"
)
AGAIN = (
    "我是桂花苑三期七栋的住户，楼里的电梯停运已经两个月了，老人上下楼十分困难，"
    "物业一直推说没有维修资金，请有关部门督促物业公司尽快修复电梯。"
)
OTHER = "文化路早市占道经营，摊贩把垃圾堆在人行道上，早晨堵车严重，请城管部门派人整治。"


@dataclass
class Office:
    """One office's desk as the tests use it."""

    tenant_id: int
    code: str
    service: "Service"

    def take_in(
        self, body: str, subject: str = SUBJECT, *, phone: str = PHONE, name: str = NAME,
        **more: Any,
    ) -> tuple[str, str]:  # fmt: skip
        """Push a message and have it matched; its id and its case's number."""
        posted = PushedMessage(
            uuid.uuid4().hex, subject, body, more.pop("received_at", RECEIVED),
            citizen=Citizen(name=name, phone=phone), **more,
        )  # fmt: skip
        tools = self.service.tools
        with tools.database.session(self.tenant_id) as session:
            push_messages(session, tools, LIAISON, find_channel(session, "line"), [posted])
        self.service.settle_cases(self.tenant_id)
        with tools.database.session(self.tenant_id) as session:
            newest = select(CaseMessage.message_id, Case.number).join(
                Case, (Case.tenant_id == CaseMessage.tenant_id) & (Case.id == CaseMessage.case_id)
            )
            found = session.execute(newest.order_by(CaseMessage.message_id.desc())).first()
        assert found is not None
        return str(found.message_id), found.number

    def contribute(self, body: str, subject: str = SUBJECT, **more: Any) -> str:
        """Take a message in and have it contributed; its case's number."""
        message_id, case = self.take_in(body, subject, **more)
        self.service.contribute(self.tenant_id, message_id)
        return case

    def hints(self, sight: Sight = ALL) -> list[HintView]:
        with self.service.tools.database.session(self.tenant_id) as session:
            return list(list_crossings(session, sight).items)

    def hint(self) -> HintView:
        """The one hint there is."""
        (found,) = self.hints()
        return found

    def agree(self, crossing_id: uuid.UUID) -> None:
        tools = self.service.tools
        with tools.database.session(self.tenant_id) as session:
            agree(session, tools, Wish(LIAISON, sight=ALL), crossing_id)

    def decline(self, crossing_id: uuid.UUID, reason: str = "") -> None:
        tools = self.service.tools
        with tools.database.session(self.tenant_id) as session:
            decline(session, tools, Wish(LIAISON, reason, sight=ALL), crossing_id)


@dataclass
class Service:
    """The match service of these tests, and the worker that answers its kinds of work."""

    tools: Tools
    clock: SetClock
    keys: ProvincialKeys
    settle_cases: Callable[[int], None]
    giver: HintGiver = field(init=False)

    def __post_init__(self) -> None:
        self.giver = HintGiver(self.tools)

    def contribute(self, tenant_id: int, message_id: str) -> None:
        with self.tools.database.session(tenant_id) as session:
            plan_contribution(session, [uuid.UUID(message_id)], self.tools.clock.now())
        self.work(tenant_id)

    def work(self, tenant_id: int, *kinds: str) -> None:
        """Do what is due of these kinds (all by default), as the runner would."""
        coder = Coder(self.tools, self.keys)
        handlers = {
            CONTRIBUTE: Contributor(self.tools, coder, self.giver, LEASE),
            RECODE: Recoder(self.tools, coder, LEASE),
            SETTLE: Settler(self.tools),
        }
        for kind in kinds or handlers:
            with self.tools.database.session(tenant_id) as session:
                claims = claim_work(session, kind, self.clock.now(), LEASE)
            if claims:
                handlers[kind].work(claims)

    def scalar(self, statement: str, **values: Any) -> Any:
        """One value, read past row security."""
        with self.tools.database.owner_session() as session:
            return session.scalar(text(statement), values)


@pytest.fixture
def service(tools: Tools, clock: SetClock, settle: Any, tmp_path: Path) -> Service:
    keys = ProvincialKeys(tmp_path / "keys" / "provincial.ring", clock)
    return Service(tools, clock, keys, settle)


@pytest.fixture
def office_of(service: Service, process: Process) -> Callable[[int], Office]:
    """``office_of(tenant_id)``: the desk of a body."""

    def make(tenant_id: int) -> Office:
        new = NewChannel("line", "hotline_12345", "热线", pushed=True)
        with service.tools.database.session(tenant_id) as session:
            add_channel(session, service.tools, process.registry, LIAISON, new)
        code = service.scalar("select code from tenants where id = :id", id=tenant_id)
        return Office(tenant_id, code, service)

    return make


@pytest.fixture
def province(office: Any) -> int:
    """A province that no other test has."""
    tenant_id: int = office("province")
    return tenant_id


@pytest.fixture
def city(office: Any, province: int) -> int:
    tenant_id: int = office("city", below=province)
    return tenant_id


@pytest.fixture
def here(office: Any, office_of: Any, city: int) -> Office:
    """A county of the city."""
    made: Office = office_of(office("county", below=city))
    return made


@pytest.fixture
def there(office: Any, office_of: Any, city: int) -> Office:
    """Another county of the same city."""
    made: Office = office_of(office("county", below=city))
    return made


@pytest.fixture
def met(here: Office, there: Office) -> Any:
    """One citizen's matter at both counties, and the hint that came of it."""
    here.contribute(FIRST)
    there.contribute(AGAIN, received_at=RECEIVED + timedelta(hours=1))
    return here.hint().id


@pytest.fixture
def audit_of(service: Service) -> Callable[[int, str], int]:
    """``audit_of(tenant_id, action)``: how many entries of an action an office has."""

    def count(tenant_id: int, action: str) -> int:
        statement = (
            "select count(*) from audit_entries where tenant_id = :tenant and action = :action"
        )
        found: int = service.scalar(statement, tenant=tenant_id, action=action)
        return found

    return count


@pytest.fixture
def words() -> dict[str, str]:
    """The letters of these tests by name."""
    return {"first": FIRST, "again": AGAIN, "other": OTHER, "subject": SUBJECT}


@pytest.fixture
def dice() -> random.Random:
    """The chance of this test; its seed is printed when the test fails."""
    seed = int(os.environ.get("MINSHENG_SEED") or random.SystemRandom().getrandbits(32))
    print(f"MINSHENG_SEED={seed}")
    return random.Random(seed)

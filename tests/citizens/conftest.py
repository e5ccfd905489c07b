"""An office whose citizens write by the portal and by channels, and whose matcher can be run."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.cases.matching import MatchMaker
from minsheng.cases.service import Sight, Wish, place_case
from minsheng.citizens.service import (
    Scores,
    Submission,
    Ticket,
    Visit,
    add,
    place_messages,
    rate,
    submit,
    track,
)
from minsheng.intake.host import PluginRegistry
from minsheng.intake.inbox import take_in
from minsheng.intake.messages import Arrival, mark_parsed, store_messages
from minsheng.intake.service import MATCH, NewChannel, add_channel, find_channel
from minsheng.runtime.clock import SetClock
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen, ParsedMessage, RawItem

LEASE = timedelta(seconds=60)
HERE = "10.0.0.1"
OFFICER = Actor("user", "wang")
LIFT = "枣园路3号院3号楼电梯停运九天，楼上老人无法下楼，物业一直不修，请督促尽快修复。"


def new_key() -> str:
    """The secret of a fresh form."""
    return uuid.uuid4().hex + uuid.uuid4().hex[:8]


@dataclass
class County:
    """One office: what its citizens do, and what its worker does after them."""

    tools: Tools
    clock: SetClock
    tenant_id: int
    taken: int = field(default=0)

    def session(self) -> Any:
        return self.tools.database.session(self.tenant_id)

    def wish(self, *, confidential: bool = False, reason: str = "") -> Wish:
        return Wish(OFFICER, reason, sight=Sight(confidential=confidential))

    def submit(self, **said: Any) -> Ticket:
        """A citizen's form, sent."""
        form: dict[str, Any] = {
            "key": new_key(), "subject": "枣园路3号院电梯停运", "body": LIFT,
            "name": "孙建国", "phone": "13800139001",
        }  # fmt: skip
        with self.session() as session:
            return submit(session, self.tools, HERE, Submission(**form | said))

    def track(self, code: str, digits: str = "9001", origin: str = HERE) -> Visit:
        with self.session() as session:
            return track(session, self.tools, code, digits, origin)

    def add(self, visit: Visit, words: str, key: str = "") -> bool:
        with self.session() as session:
            return add(session, self.tools, HERE, visit, key or new_key(), words)

    def rate(self, visit: Visit, solved: int, manner: int = 5, speed: int = 5) -> Any:
        with self.session() as session:
            return rate(session, self.tools, HERE, visit, Scores(solved, manner, speed))

    def match(self) -> None:
        """Do the matching that is due, as the worker does."""
        with self.session() as session:
            claims = claim_work(session, MATCH, self.tools.clock.now(), LEASE)
        if claims:
            MatchMaker(self.tools, LEASE, place_messages).work(claims)

    def arrive(self, parsed: ParsedMessage, plugin: str = "mailbox") -> uuid.UUID:
        """A message that a channel brought, read but not matched; its id."""
        self.taken += 1
        with self.session() as session:
            channel = self._channel(session, plugin)
            taken = take_in(
                session, self.tools, SYSTEM, channel.id, [RawItem(f"K{self.taken}", b"x")]
            )
            (inbox_id,) = taken.stored.values()
            arrivals = [Arrival(inbox_id, parsed)]
            mark_parsed(session, arrivals)
            return store_messages(session, self.tools, channel, arrivals)[0]

    def letter(self, external_id: str, body: str, **said: Any) -> ParsedMessage:
        """A letter of a citizen known by a mail address."""
        self.clock.move(timedelta(minutes=1))
        given: dict[str, Any] = {
            "subject": "来信", "received_at": self.tools.clock.now(),
            "citizen": Citizen(name="赵小兰", email="lan@example.org"),
        }  # fmt: skip
        return ParsedMessage(external_id=external_id, body=body, **given | said)

    def number_of(self, message_id: uuid.UUID) -> str:
        return str(self.ask(_NUMBER, id=message_id)[0][0])

    def case_id(self, number: str) -> uuid.UUID:
        found: uuid.UUID = self.ask("select id from cases where number = :n", n=number)[0][0]
        return found

    def close(self, number: str, at: datetime | None = None) -> None:
        """What handling does in the end: replied, called back, closed."""
        with self.session() as session:
            case_id = session.scalar(text("select id from cases where number = :n"), {"n": number})
            place_case(
                session, case_id, stage="closed", reply_state="delivered",
                closed_at=at or self.tools.clock.now(),
            )  # fmt: skip

    def answer(self, number: str, public: str, private: str = "", turn: int = 1) -> None:
        """The official reply in force, as replies stores it."""
        reply_id, now = new_id(), self.tools.clock.now()
        cipher = self.tools.keyring.cipher(self.tenant_id)
        sealed = cipher.seal("replies.private_text", reply_id, private) if private else None
        self.run(
            "insert into replies (tenant_id, id, case_id, round, state, official, public_text,"
            " private_text, drafted_by, drafted_at, changed_by, changed_at, approved_by,"
            " approved_at) select tenant_id, :id, id, :turn, 'approved', true, :public, :private,"
            " 'li', :now, 'li', :now, 'zhao', :now from cases where number = :number",
            id=reply_id, turn=turn, public=public, private=sealed, now=now, number=number,
        )  # fmt: skip
        self.run("update cases set reply_state = 'delivered' where number = :n", n=number)

    def ask(self, said: str, **values: Any) -> list[Any]:
        with self.session() as session:
            return list(session.execute(text(said), values))

    def run(self, said: str, **values: Any) -> None:
        with self.session() as session:
            session.execute(text(said), values)

    def _channel(self, session: Any, plugin: str) -> Any:
        code = plugin.replace("_", "-")
        known = session.scalar(text("select 1 from channels where code = :c"), {"c": code})
        if known:
            return find_channel(session, code)
        new = NewChannel(code, plugin, "来源", pushed=True)
        return add_channel(session, self.tools, PluginRegistry.load(), SYSTEM, new)


_NUMBER = """
    select k.number from case_messages m
    join cases k on k.tenant_id = m.tenant_id and k.id = m.case_id where m.message_id = :id
"""


@pytest.fixture
def county(tools: Tools, clock: SetClock, office: Callable[..., int]) -> County:
    """A county of its own."""
    return County(tools, clock, office("county"))


@pytest.fixture
def key() -> Callable[[], str]:
    """``key()``: the secret of a fresh form."""
    return new_key

"""R6: cases are handed down, answered, corrected and delivered at random, and stay in order.

Two offices, a county and a department below it, over the real services, channels and PostgreSQL.
A rule is one act of one person or one turn of the workers; sources lose answers, refuse, and
workers die while they send. After each step the rows of both offices are looked at past row
security. ``make test`` walks few and short lives, ``make proof`` 500 of 50 steps.
"""

import itertools
import random
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import text

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.cases.errors import CaseError
from minsheng.cases.service import Wish, merge, unmerge
from minsheng.faces.process import Process, make_runner
from minsheng.handling import service as verbs
from minsheng.handling.errors import HandlingError
from minsheng.handling.handovers import accept_handover, recall_handover, return_handover
from minsheng.handling.handovers_dispatch import dispatch
from minsheng.intake.service import NewChannel, add_channel, pull_now
from minsheng.replies import service as replies
from minsheng.replies.errors import ReplyError
from minsheng.replies.work import Deliverer
from minsheng.runtime.failpoints import REPLIES, FailpointReached, Failpoints, arm
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen, Loopback, SampleMessage

LEASE = timedelta(seconds=60)
TAKEN_IN = ("pull", "parse", "match", "settle")
CARRIED = ("handover", "handover_placed", "handover_onward", "match", "settle", "adopt")
which, person = st.integers(0, 5), st.sampled_from(("li", "wang", "zhao"))
ANSWERS = ("经现场核查，路灯已于11月18日修复，今后每月检修一次，请您继续监督我们的工作。",
           "经核查，您反映的井盖已经更换并加固，责任单位每周巡查一次，请您继续监督。")  # fmt: skip
REFUSED = (ReplyError, HandlingError, CaseError)
_OFFICIAL = """
    select case_id from replies where tenant_id = any(:offices) and official
    group by tenant_id, case_id, round having count(*) > 1"""
_UNAPPROVED = """
    select o.id from outbox o join replies r on r.tenant_id = o.tenant_id and r.id = o.reply_id
    where o.tenant_id = any(:offices) and r.state <> 'approved'"""
_CLOSED_OVER = """
    select h.id from handovers h
    join handover_messages m on m.tenant_id = h.from_tenant and m.handover_id = h.id
    join case_messages s on s.tenant_id = m.tenant_id and s.message_id = m.message_id
    join cases k on k.tenant_id = s.tenant_id and k.id = s.case_id
    where h.from_tenant = any(:offices) and k.closed_at is not null
      and h.state in ('sent', 'received', 'joined', 'accepted')"""
_TWO_LEADS = """
    select from_case from handovers where from_tenant = any(:offices) and role = 'lead'
      and state in ('sent', 'received', 'joined', 'accepted')
    group by from_tenant, from_case having count(*) > 1"""
_TIMELINE = "select id from case_events where tenant_id = any(:offices)"
_TRAIL = "select id from audit_entries where tenant_id = any(:offices)"
_SENT = """select delivery_key from outbox
    where tenant_id = any(:offices) and state = 'sent' and settled_by = ''"""


@dataclass
class Two:
    """A county with two sources and a department below it, and the workers of both."""

    process: Process
    upper: int
    lower: int
    code: str
    home: Path
    stack: ExitStack
    sources: dict[str, Loopback] = field(default_factory=dict)
    marks: Any = field(default_factory=itertools.count)

    @property
    def tools(self) -> Tools:
        return self.process.tools

    def furnish(self) -> "Two":
        for office in (self.upper, self.lower):
            with self.tools.database.operator_session(office) as session:
                new = NewUser(f"li-{office}", "李", ("liaison",))
                plant_user(session, self.tools, SYSTEM, new)
        for plugin in ("hotline_12345", "mailbox"):
            source = self.process.registry.get(plugin).loopback()
            source.start()
            self.stack.callback(source.stop)
            with self.session(self.upper) as session:
                new_one = NewChannel(plugin[:4], plugin, plugin, dict(source.settings))
                add_channel(session, self.tools, self.process.registry, SYSTEM, new_one)
            self.sources[plugin[:4]] = source
        return self

    def session(self, office: int) -> Any:
        return self.tools.database.session(office)

    def rows(self, said: str) -> list[Any]:
        with self.tools.database.owner_session() as session:
            return list(session.execute(text(said), {"offices": [self.upper, self.lower]}))

    def run(self, office: int, *kinds: str) -> None:
        runner = make_runner(self.process)
        for kind in kinds:
            runner.answer(office, kind)

    def carry(self) -> None:
        for _ in range(3):
            for office in (self.upper, self.lower):
                self.run(office, *CARRIED)

    def arrive(self, code: str) -> None:
        mark = next(self.marks)
        matter = f"第{mark}号院{mark}栋的路灯和井盖都坏了，编号{mark * 37}，请派人来看。"
        who = Citizen(f"孙{mark}", f"139{mark:08d}", f"s{mark}@example.org")
        at = self.tools.clock.now() - timedelta(hours=1)
        self.sources[code].put([SampleMessage(f"m{mark}", matter[:9], matter, at, citizen=who)])
        with self.session(self.upper) as session:
            pull_now(session, self.tools, SYSTEM, code)
        self.run(self.upper, *TAKEN_IN)

    def ids(self, said: str) -> set[Any]:
        return {row[0] for row in self.rows(said)}

    def numbers(self, office: int) -> list[str]:
        said = f"select number from cases where tenant_id = {office} order by number desc limit 6"
        return [row.number for row in self.rows(said)]


class Answering(RuleBasedStateMachine):
    """Two offices at work; ``two`` is set by the test before the machine runs."""

    two: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.events, self.trail = set[Any](), set[Any]()
        self.two.arrive("hotl")

    def number(self, at: int, office: int = 0) -> str:
        found = self.two.numbers(office or self.two.upper)
        return found[at % len(found)] if found else "none"

    def latest(self, said: str, at: int, office: int = 0) -> Any:
        """One of the newest rows of a table that ``said`` chooses from."""
        place = office or self.two.upper
        rows = self.two.rows(f"{said.format(office=place)} order by id desc limit 6")
        return rows[at % len(rows)] if rows else None

    def reply(self, at: int, state: str, office: int = 0) -> Any:
        said = "select id, version, case_id from replies where tenant_id = {office} and state = "
        return self.latest(f"{said}'{state}'", at, office)

    def act(self, office: int, who: str, verb: Callable[..., Any], *given: Any,
            reason: str = "", **more: Any) -> bool:  # fmt: skip
        """Do a verb; done or refused, it leaves one entry of the trail, or none for no change."""
        before = self.entries(office, who)
        wish = Wish(Actor("user", f"{who}-{office}"), reason)
        refusal = None
        try:
            with self.two.session(office) as session:
                verb(session, self.two.tools, wish, *given, **more)
        except REFUSED as error:
            refusal = error
        told = self.entries(office, who) - before
        assert told <= (2 if verb in (merge, unmerge) else 1)
        assert told == 1 or not isinstance(refusal, ReplyError), refusal
        return refusal is None

    def entries(self, office: int, who: str) -> int:
        said = f"select id from audit_entries where tenant_id = {office} and actor = "
        return len(self.two.rows(f"{said}'user:{who}-{office}'"))

    @rule(code=st.sampled_from(("hotl", "mail")))
    def arrive(self, code: str) -> None:
        self.two.arrive(code)

    @rule(at=which, who=person)
    def draft(self, at: int, who: str) -> None:
        words = replies.Words(ANSWERS[at % 2])
        self.act(self.two.upper, who, replies.start_draft, self.number(at), words)

    @rule(at=which, who=person, stale=st.booleans())
    def save(self, at: int, who: str, stale: bool) -> None:
        if row := self.reply(at, "draft"):
            given = row.id, row.version - stale, replies.Words(ANSWERS[at % 2])
            assert not (self.act(self.two.upper, who, replies.save_draft, *given) and stale)

    @rule(at=which, who=person)
    def submit(self, at: int, who: str) -> None:
        if row := self.reply(at, "draft"):
            self.act(self.two.upper, who, replies.submit, row.id, row.version)

    @rule(at=which, who=person, stale=st.booleans())
    def approve(self, at: int, who: str, stale: bool) -> None:
        if row := self.reply(at, "reviewing"):
            given = row.id, row.version - stale
            assert not (self.act(self.two.upper, who, replies.approve, *given) and stale)

    @rule(at=which, who=person, reason=st.sampled_from(("", "请写明日期")))
    def send_back(self, at: int, who: str, reason: str) -> None:
        if row := self.reply(at, "reviewing"):
            given = replies.send_back, row.id, row.version
            assert not (self.act(self.two.upper, who, *given, reason=reason) and not reason)

    @rule(at=which, who=person)
    def correct(self, at: int, who: str) -> None:
        words = replies.Words(f"{ANSWERS[at % 2]}补充说明见附件。")
        self.act(self.two.upper, who, replies.correct, self.number(at), words)

    @rule(at=which)
    def answer_at_once(self, at: int) -> None:
        """Draft, review and approval by two people, as most answers go."""
        self.draft(at, "li")
        self.submit(0, "li")
        self.approve(0, "wang", stale=False)

    @rule(fault=st.sampled_from(("", "drop", "refuse")), code=st.sampled_from(("hotl", "mail")))
    def deliver(self, fault: str, code: str) -> None:
        if fault:
            self.two.sources[code].fail_next(fault, 1 if code == "hotl" else 0)
        self.two.run(self.two.upper, "deliver")

    @rule(place=st.sampled_from(REPLIES[1:]))
    def a_sender_dies(self, place: str) -> None:
        """Its rows stay as they are until their lease is over."""
        said = f"{place}=raise"
        values = self.two.process.settings.values | {
            "MINSHENG_FAILPOINTS": said, "MINSHENG_HOME": str(self.two.home / uuid.uuid4().hex),
        }  # fmt: skip
        process = self.two.process
        sender = Deliverer(self.two.tools, process.host, process.registry, LEASE)
        with self.two.session(self.two.upper) as session:
            claims = claim_work(session, "deliver", self.two.tools.clock.now(), LEASE)
        arm(Failpoints.from_settings(replace(process.settings, values=values)))
        with suppress(FailpointReached):
            if claims:
                sender.work(claims)
        arm(Failpoints())

    @rule(at=which, arrived=st.booleans(), reason=st.sampled_from(("", "打电话问过")))
    def settle(self, at: int, arrived: bool, reason: str) -> None:
        said = "select id from outbox where tenant_id = {office} and state = 'uncertain'"
        if row := self.latest(said, at):
            given = replies.settle_uncertain, row.id
            done = self.act(self.two.upper, "li", *given, reason=reason, arrived=arrived)
            assert done == bool(reason)

    @rule(at=which)
    def resend(self, at: int) -> None:
        row = self.latest("select id, state from outbox where tenant_id = {office}", at)
        if row is not None:
            assert self.act(self.two.upper, "li", replies.resend, row.id) == (row.state == "failed")

    @rule(at=which, who=person)
    def hand_down(self, at: int, who: str) -> None:
        self.act(self.two.upper, who, dispatch, self.number(at), self.two.code)

    @rule()
    def carry(self) -> None:
        self.two.carry()

    @rule(at=which, back=st.booleans())
    def sign_or_return(self, at: int, back: bool) -> None:
        said = "select id from handovers where to_tenant = {office}"
        if row := self.latest(said, at, self.two.lower):
            verb = return_handover if back else accept_handover
            self.act(self.two.lower, "li", verb, row.id, reason="不归我办")

    @rule(at=which, reason=st.sampled_from(("", "我们自己办")))
    def recall(self, at: int, reason: str) -> None:
        if row := self.latest("select id from handovers where from_tenant = {office}", at):
            assert not self.act(self.two.upper, "li", recall_handover, row.id, reason=reason) or (
                reason
            )

    @rule(at=which)
    def answer_below(self, at: int) -> None:
        """The department answers its case; the county adopts the answer or reviews it."""
        lower, words = self.two.lower, replies.Words(ANSWERS[at % 2])
        self.act(lower, "li", replies.start_draft, self.number(at, lower), words)
        if row := self.reply(0, "draft", lower):
            self.act(lower, "li", replies.submit, row.id, row.version)
        if row := self.reply(0, "reviewing", lower):
            self.act(lower, "wang", replies.approve, row.id, row.version)

    @rule(one=which, other=which)
    def join(self, one: int, other: int) -> None:
        given = self.number(one), self.number(other)
        self.act(self.two.upper, "li", merge, *given, despite_not_same=True)

    @rule(one=which, other=which)
    def part(self, one: int, other: int) -> None:
        self.act(self.two.upper, "li", unmerge, self.number(one), self.number(other))

    @rule(at=which)
    def close(self, at: int) -> None:
        number = self.number(at)
        for what in ("flow", "call_back", "reply"):
            given = verbs.mark_exempt, number, what
            self.act(self.two.upper, "zhao", *given, reason="无须")
        self.act(self.two.upper, "li", verbs.close, number, "resolved")

    @rule(at=which)
    def reopen(self, at: int) -> None:
        self.act(self.two.upper, "li", verbs.reopen, self.number(at), reason="又来了")

    @rule(minutes=st.sampled_from((2, 90, 60 * 24)))
    def time_passes(self, minutes: int) -> None:
        self.two.tools.clock.move(timedelta(minutes=minutes))
        for office in (self.two.upper, self.two.lower):
            self.two.run(office, "settle", "redate")

    @precondition(lambda self: self.two is not None)
    @invariant()
    def both_offices_are_in_order(self) -> None:
        check(self.two)
        events, trail = self.two.ids(_TIMELINE), self.two.ids(_TRAIL)
        assert self.events <= events, "the ledger only grows"
        assert self.trail <= trail, "the trail only grows"
        self.events, self.trail = events, trail

    def teardown(self) -> None:
        """Every open case is somebody's."""
        for office in (self.two.upper, self.two.lower):
            self.two.run(office, "settle")
            with self.two.session(office) as session:
                assert verbs.orphans(session) == []


def check(two: Two) -> None:
    """What must hold after every step."""
    assert two.rows(_OFFICIAL) == [], "one official reply a case and round"
    assert two.rows(_UNAPPROVED) == [], "nothing goes out that was not approved"
    assert two.rows(_CLOSED_OVER) == [], "no case is closed while a body below has it"
    assert two.rows(_TWO_LEADS) == [], "one lead at a time"
    arrived = [each.delivery_key for source in two.sources.values() for each in source.delivered()]
    assert len(arrived) == len(set(arrived)), "nothing arrives twice"
    assert two.ids(_SENT) <= set(arrived), "what is said to be sent has arrived"


@pytest.fixture
def two(process: Process, tools: Tools, office: Callable[..., int], tmp_path: Path) -> Any:
    with ExitStack() as stack:
        upper = office("county")
        lower = office("department", below=upper)
        own = replace(process, tools=tools)
        with tools.database.owner_session() as session:
            said = text("select code from tenants where id = :id")
            code = str(session.scalar(said, {"id": lower}))
        yield Two(own, upper, lower, code, tmp_path, stack).furnish()


def test_rel_r6_answers_and_handovers_live_at_random_and_stay_in_order(
    two: Two, scaled: Callable[[int, int], int]
) -> None:
    full = scaled(10, 1) == 10
    lives, steps = (500, 50) if full else (3, 20)
    chosen = random.randrange(2**32)
    print(f"seed {chosen}: {lives} lives of {steps} steps")
    told = settings(
        max_examples=lives, stateful_step_count=steps, deadline=None, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    machine: Any = type("Life", (Answering,), {"two": two})
    case = type("TestLife", (machine.TestCase,), {"settings": told})
    seed(chosen)(case)("runTest").debug()


def test_rel_r6_two_answers_or_a_case_closed_too_soon_would_be_seen(two: Two) -> None:
    two.arrive("hotl")
    (number,) = two.numbers(two.upper)
    wish = Wish(Actor("user", "li"))
    with two.session(two.upper) as session:
        dispatch(session, two.tools, wish, number, two.code)
    check(two)
    with two.tools.database.owner_session() as session:
        session.execute(
            text("update cases set closed_at = now(), stage = 'closed' where number = :n"),
            {"n": number},
        )
    with pytest.raises(AssertionError, match="no case is closed"):
        check(two)

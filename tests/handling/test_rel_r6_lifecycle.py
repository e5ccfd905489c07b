"""R6: cases live at random, over the real services and PostgreSQL; what must hold holds.

A rule is one act of one person; it is done or refused, and either leaves one audit entry of that
person (a verb that finds its work done already leaves none). Rooms above add their own rules to
:class:`Lifecycle` by subclassing it. ``make test`` walks few and short lives, ``make proof`` 500
of 50 steps; the seed is Hypothesis' own and is printed when a life ends badly.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import func, select

from minsheng.audit import AuditEntry
from minsheng.cases.errors import CaseError
from minsheng.cases.models import MERGED, OPEN, Case
from minsheng.cases.service import merge, unmerge
from minsheng.handling import service as verbs
from minsheng.handling.errors import HandlingError
from minsheng.handling.models import CaseHandling, Flow, Pause

PEOPLE = ("li", "deng", "wang", "zhou", "zhao", "sun", "hui", "du")
STAGES = {"received", "assigned", "handling", "reviewing", "replied", "callback", "closed"}
TIMED = ("settle", "unclaimed", "remind", "redate", "promise")
person, which = st.sampled_from(PEOPLE), st.integers(0, 5)
_NEWEST = 6


class Lifecycle(RuleBasedStateMachine):
    """An office at work; ``desk`` is set by the test before the machine runs."""

    desk: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[str] = []
        self.acts, self.before = 0, 0

    def number(self, at: int) -> str:
        """One of the newest cases."""
        return self.numbers[-1 - at % min(len(self.numbers), _NEWEST)]

    def act(self, who: str, verb: Callable[..., Any], *given: Any, **more: Any) -> None:
        """Do a verb as a person; refused or done, it leaves one entry of theirs or none."""
        before, versions = self.entries(who), self.versions()
        refusal = None
        try:
            self.desk.do(verb, *given, by=who, **more)
        except (HandlingError, CaseError) as error:
            refusal = error
        changed, told = self.versions() != versions, self.entries(who) - before
        if refusal is not None:
            assert not changed, f"{refusal} changed something"
            assert told == 1 or (told == 0 and isinstance(refusal, CaseError)), refusal
        else:
            assert told == int(changed) or verb in (merge, unmerge)

    def entries(self, who: str) -> int:
        mine = AuditEntry.actor == f"user:{self.desk.name(who)}"
        with self.desk.tools.database.operator_session(self.desk.tenant_id) as session:
            return session.scalar(select(func.count()).select_from(AuditEntry).where(mine)) or 0

    def versions(self) -> dict[Any, int]:
        chosen = select(CaseHandling.case_id, CaseHandling.version)
        return dict(self.desk.read(lambda s: [tuple(row) for row in s.execute(chosen)]))

    @precondition(lambda self: len(self.numbers) < 12)
    @rule()
    def arrive(self) -> None:
        number = self.desk.case()
        if number not in self.numbers:
            self.numbers.append(number)

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person)
    def claim(self, at: int, who: str) -> None:
        self.act(who, verbs.claim, self.number(at))

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, to=person)
    def assign(self, at: int, who: str, to: str) -> None:
        self.act(who, verbs.assign, self.number(at), self.desk.name(to))

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person)
    def release(self, at: int, who: str) -> None:
        self.act(who, verbs.release, self.number(at))

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person)
    def advance(self, at: int, who: str) -> None:
        self.act(who, verbs.advance, self.number(at))

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, outcome=st.sampled_from(("pass", "return")))
    def review(self, at: int, who: str, outcome: str) -> None:
        self.act(who, verbs.review, self.number(at), outcome, words="看过")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, reason=st.sampled_from(("", "不归我")))
    def send_back(self, at: int, who: str, reason: str) -> None:
        self.act(who, verbs.send_back, self.number(at), reason=reason)

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, on=st.booleans())
    def wait(self, at: int, who: str, on: bool) -> None:
        self.act(who, verbs.pause if on else verbs.resume, self.number(at), reason="等材料")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, days=st.integers(0, 5))
    def extend(self, at: int, who: str, days: int) -> None:
        self.act(who, verbs.ask_extension, self.number(at), days, reason="未完")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, grant=st.booleans())
    def decide(self, at: int, who: str, grant: bool) -> None:
        number = self.number(at)
        for wish in self.desk.view(number).extensions[-1:]:
            self.act(who, verbs.decide_extension, number, wish.id, grant=grant, answer="知道")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, many=st.integers(1, 3))
    def demand(self, at: int, who: str, many: int) -> None:
        self.act(who, verbs.add_demands, self.number(at), [f"第{n}件" for n in range(many)])

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, demand=st.integers(1, 3))
    def answer(self, at: int, who: str, demand: int) -> None:
        self.act(who, verbs.answer_demand, self.number(at), demand, "已办")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, what=st.sampled_from(("call_back", "reply", "flow")))
    def exempt(self, at: int, who: str, what: str) -> None:
        self.act(who, verbs.mark_exempt, self.number(at), what, reason="无须")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person, result=st.sampled_from(("satisfied", "unreached")))
    def call_back(self, at: int, who: str, result: str) -> None:
        self.act(who, verbs.record_call_back, self.number(at), result, "")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person)
    def close(self, at: int, who: str) -> None:
        number = self.number(at)
        self.act(who, verbs.close, number, "resolved")

    @precondition(lambda self: self.numbers)
    @rule(at=which, who=person)
    def reopen(self, at: int, who: str) -> None:
        self.act(who, verbs.reopen, self.number(at), reason="又来了")

    @precondition(lambda self: len(self.numbers) > 1)
    @rule(one=which, other=which, who=person)
    def join(self, one: int, other: int, who: str) -> None:
        more = {"despite_not_same": True}
        self.act(who, merge, self.number(one), self.number(other), **more)

    @precondition(lambda self: len(self.numbers) > 1)
    @rule(one=which, other=which, who=person)
    def part(self, one: int, other: int, who: str) -> None:
        self.act(who, unmerge, self.number(one), self.number(other))

    @rule(hours=st.integers(-1, 30))
    def time_passes(self, hours: int) -> None:
        self.desk.clock.move(timedelta(hours=hours))
        self.desk.run(*TIMED)

    @invariant()
    def every_case_is_in_order(self) -> None:
        if self.desk is not None:
            self.desk.read(check)

    def teardown(self) -> None:
        """Nothing waits for ever, and nobody's case is nobody's."""
        self.desk.run(*TIMED)
        assert self.desk.read(verbs.orphans) == []


def check(session: Any) -> None:
    """One owner, a legal stage, and no more than one pause at a time."""
    flows = {flow.id: [step["code"] for step in flow.steps] for flow in session.scalars(
        select(Flow))}  # fmt: skip
    rows = {row.case_id: row for row in session.scalars(select(CaseHandling))}
    waiting = session.scalars(select(Pause.case_id).where(Pause.resumed_at.is_(None))).all()
    for case in session.scalars(select(Case)):
        row = rows[case.id]
        assert case.stage in STAGES
        assert row.step in flows[row.flow_id]
        assert (case.stage == "closed") == (case.closed_at is not None) == bool(row.outcome)
        assert case.paused == (case.id in waiting)
        assert case.handler, "one person has it"
        assert row.liaison
        assert row.claimed_at is None or row.claim_until is None
        assert case.due_at is not None
        assert case.state in (OPEN, MERGED)
        assert case.round >= 1


def test_rel_r6_cases_live_at_random_and_stay_in_order(desk: Any, scaled: Any) -> None:
    full = scaled(10, 1) == 10
    lives, steps = (500, 50) if full else (4, 12)
    chosen = random.randrange(2**32)
    print(f"seed {chosen}: {lives} lives of {steps} steps")
    machine = type("Life", (Lifecycle,), {"desk": desk})
    told = settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    case = type("TestLife", (machine.TestCase,), {"settings": told})
    seed(chosen)(case)("runTest").debug()


def test_rel_r6_a_case_out_of_order_would_be_seen(desk: Any) -> None:
    number = desk.case()
    desk.read(check)
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        session.connection().exec_driver_sql(
            "update cases set stage = 'closed' where number = %s", (number,)
        )
    with pytest.raises(AssertionError):
        desk.read(check)

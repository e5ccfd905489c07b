"""A worker that was stopped past its lease changes nothing when it wakes: of any kind of work."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.cases.matching import MatchMaker
from minsheng.intake.parsing import Parser
from minsheng.intake.pulls import Puller
from minsheng.runtime.clock import SetClock
from minsheng.runtime.work import Claim, StaleClaim, add_work, claim_work

LEASE = timedelta(seconds=60)
KINDS = ("pull", "parse", "match")
TABLES = ("inbox", "messages", "cases", "case_messages", "case_events", "audit_entries", "work")


def claim(service: Any, kind: str) -> list[Claim]:
    tools = service.process.tools
    with tools.database.session(service.tenant_id) as session:
        return claim_work(session, kind, tools.clock.now(), LEASE)


def work(service: Any, kind: str, claims: Sequence[Claim]) -> None:
    """What the handler of the kind does, as the runner calls it."""
    tools, host = service.process.tools, service.process.host
    handlers: dict[str, Callable[[Sequence[Claim]], None]] = {
        "pull": Puller(tools, host, LEASE).work,
        "parse": Parser(tools, host, LEASE).work,
        "match": MatchMaker(tools, LEASE).work,
    }
    handlers[kind](claims)


def written(service: Any) -> list[int]:
    """Rows of every table of the road, and the cursor's length."""
    counted = [
        service.scalar(f"select count(*) from {name} where tenant_id = :tenant") for name in TABLES
    ]
    cursor = "select coalesce(sum(length(cursor)), 0) from channels where tenant_id = :tenant"
    return [*counted, service.scalar(cursor)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_writer_is_refused_and_the_one_who_took_over_finishes(
    rig: Callable[..., Any], deal: Callable[[int], dict[str, list[Any]]], kind: str
) -> None:
    clock = SetClock(datetime(2026, 11, 20, 4, 0, tzinfo=UTC))
    service = rig("hotline_12345", clock=clock)
    service.arrive("hotline_12345", deal(40)["hotline_12345"])
    for before in KINDS[: KINDS.index(kind)]:
        work(service, before, claim(service, before))
    stopped = claim(service, kind)
    clock.move(LEASE + timedelta(seconds=1))
    running = claim(service, kind)
    assert [each.row_id for each in running] == [each.row_id for each in stopped]
    stood = written(service)
    with pytest.raises(StaleClaim):
        work(service, kind, stopped)
    assert written(service) == stood
    work(service, kind, running)
    for behind in KINDS[KINDS.index(kind) + 1 :]:
        work(service, behind, claim(service, behind))
    with pytest.raises(StaleClaim):
        work(service, kind, stopped)
    service.told_once()


@pytest.mark.parametrize(("kind", "table"), [("parse", "inbox"), ("match", "messages")])
def test_work_that_was_done_is_struck_off_when_it_is_written_once_more(
    rig: Callable[..., Any], deal: Callable[[int], dict[str, list[Any]]], kind: str, table: str
) -> None:
    service = rig("hotline_12345", clock=SetClock(datetime(2026, 11, 20, 4, 0, tzinfo=UTC)))
    service.arrive("hotline_12345", deal(40)["hotline_12345"])
    for each in KINDS:
        work(service, each, claim(service, each))
    tools = service.process.tools
    with tools.database.session(service.tenant_id) as session:
        ids = session.scalars(text(f"select id from {table}")).all()
        add_work(session, kind, ids, tools.clock.now())
    again = claim(service, kind)
    assert len(again) == len(ids) == 10
    work(service, kind, again)
    service.told_once()

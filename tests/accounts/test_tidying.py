"""The hourly tidying: planned by who leaves something behind, done by the worker, then gone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.accounts.service import (
    SessionLimits,
    create_client,
    open_session,
    revoke_token,
    rotate_secret,
)
from minsheng.accounts.tidying import EVERY, ROW, TIDY, plan_tidying
from minsheng.accounts.tokens import issue_token, read_token
from minsheng.accounts.work import Tidier
from minsheng.audit import SYSTEM
from minsheng.faces.process import KINDS, Process, make_runner
from minsheng.runtime.work import claim_work

LIMITS = SessionLimits(timedelta(minutes=30), timedelta(hours=12))
LEASE = timedelta(minutes=1)


def tidy(desk: Any) -> int:
    """Do what is due, as the worker would; how many rows were claimed."""
    with desk.session() as session:
        claims = claim_work(session, TIDY, desk.tools.clock.now(), LEASE)
    Tidier(desk.tools, LIMITS).work(claims)
    return len(claims)


def planned(desk: Any) -> Any:
    said = text("select due_at from work where tenant_id = :id and kind = 'tidy'")
    with desk.session() as session:
        return session.scalar(said, {"id": desk.tenant_id})


def rows(desk: Any, table: str) -> int:
    with desk.session() as session:
        return int(session.scalar(text(f"select count(*) from {table}")))


def test_nothing_is_planned_for_an_office_in_which_nothing_will_end(desk: Any) -> None:
    with desk.session() as session:
        create_client(session, desk.tools, SYSTEM, "网关", ["cases:read"])
    assert planned(desk) is None


def test_a_login_is_swept_once_it_is_over_and_the_plan_with_it(desk: Any) -> None:
    user = desk.user()
    with desk.session() as session:
        open_session(session, desk.tools, user, desk.origin)
    assert planned(desk) == desk.tools.clock.now() + EVERY
    assert tidy(desk) == 0
    desk.tools.clock.move(EVERY)
    assert tidy(desk) == 1
    assert rows(desk, "login_sessions") == 0
    assert planned(desk) is None


def test_while_something_will_end_the_tidying_comes_again(desk: Any) -> None:
    with desk.session() as session:
        client = create_client(session, desk.tools, SYSTEM, "网关", ["cases:read"])
        rotate_secret(session, desk.tools, SYSTEM, client.client_id, timedelta(hours=3))
    for _ in range(2):
        desk.tools.clock.move(EVERY)
        assert tidy(desk) == 1
        assert planned(desk) == desk.tools.clock.now() + EVERY
    desk.tools.clock.move(EVERY)
    assert tidy(desk) == 1
    assert planned(desk) is None


def test_a_revoked_token_is_forgotten_after_its_end(desk: Any) -> None:
    with desk.session() as session:
        client = create_client(session, desk.tools, SYSTEM, "网关", ["cases:read"])
    life = timedelta(minutes=15)
    token = issue_token(desk.tools, client.client_id, desk.tenant_id, "cases:read", life)
    with desk.session() as session:
        revoke_token(session, desk.tools, SYSTEM, read_token(desk.tools, token))
    assert rows(desk, "revoked_tokens") == 1
    desk.tools.clock.move(EVERY)
    tidy(desk)
    assert rows(desk, "revoked_tokens") == 0


def test_many_plans_are_one_row(desk: Any) -> None:
    first = desk.tools.clock.now()
    for _ in range(3):
        with desk.session() as session:
            plan_tidying(session, desk.tools)
        desk.tools.clock.move(timedelta(minutes=1))
    assert planned(desk) == first + EVERY


def test_one_offices_tidying_leaves_another_alone(desk: Any, other_desk: Any) -> None:
    user = other_desk.user()
    with other_desk.session() as session:
        open_session(session, other_desk.tools, user, other_desk.origin)
    with desk.session() as session:
        plan_tidying(session, desk.tools)
    desk.tools.clock.move(EVERY)
    assert tidy(desk) == 1
    assert rows(other_desk, "login_sessions") == 1


def test_the_work_is_wired_to_a_queue_and_a_handler(process: Process, office: Any) -> None:
    tenant_id, tools = office(), process.tools
    with tools.database.session(tenant_id) as session:
        plan_tidying(session, tools)
        due = text("update work set due_at = :now where tenant_id = :id and row_id = :row")
        session.execute(due, {"now": tools.clock.now(), "id": tenant_id, "row": ROW})
    assert KINDS[TIDY] == "cases"
    assert make_runner(process).answer(tenant_id, TIDY) == 1
    with pytest.raises(KeyError):
        make_runner(process).answer(tenant_id, "tidying")

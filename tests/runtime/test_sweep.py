"""The timer: it rings for all offices, sees numbers only, and outlives what it meets."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from minsheng.runtime.bell import Bell
from minsheng.runtime.database import Database, DatabaseNotConfigured
from minsheng.runtime.sweep import sweep, sweep_until
from minsheng.runtime.work import Work, add_work, list_waiting

MINUTE = timedelta(minutes=1)


@pytest.fixture
def alone(new_database: Callable[[], Any]) -> Iterator[Database]:
    """A database whose work table no other test fills."""
    logins = new_database()
    database = Database(logins.app, logins.worker, logins.owner)
    yield database
    database.dispose()


def test_every_office_with_due_work_is_rung_for(
    alone: Database, bell: Bell, jobs: Any, clock: Any, desk: Any
) -> None:
    for tenant_id in (1, 2):
        with alone.session(tenant_id) as session:
            add_work(session, "parse", [desk.add(1)[0]], clock.now())
    with alone.session(3) as session:
        add_work(session, "parse", [desk.add(1)[0]], clock.now() + MINUTE)
    assert sweep(alone, bell, clock) == 2
    assert sorted(job.args for job in jobs("parse")) == [[1, "parse"], [2, "parse"]]


def test_rows_that_somebody_holds_are_rung_for_when_their_lease_is_over(
    desk: Any, bell: Bell, clock: Any, jobs: Any
) -> None:
    mine = [desk.tenant_id, "parse"]
    desk.add(1)
    desk.claim()
    sweep(desk.database, bell, clock)
    assert mine not in [job.args for job in jobs("parse")]
    clock.move(2 * MINUTE)
    sweep(desk.database, bell, clock)
    assert mine in [job.args for job in jobs("parse")]


def test_the_workers_login_counts_the_rows_of_all_offices(
    desk: Any, office: Callable[..., int], clock: Any
) -> None:
    other = office()
    rows = desk.add(2)
    with desk.database.session(other) as session:
        add_work(session, "match", rows, clock.now() - MINUTE)
    with desk.database.work_session() as session:
        found = {(w.tenant_id, w.kind): w for w in list_waiting(session, clock.now())}
    assert found[desk.tenant_id, "parse"].waiting == 2
    assert found[other, "match"].since == clock.now() - MINUTE


def test_the_services_login_sees_the_work_of_its_office_only(
    desk: Any, office: Callable[..., int], clock: Any
) -> None:
    desk.add(2)
    with desk.database.session(office()) as session:
        assert list_waiting(session, clock.now()) == []
        assert session.scalars(select(Work)).all() == []
    with desk.database.public_session() as session:
        assert list_waiting(session, clock.now()) == []


@pytest.mark.parametrize("table", ["messages", "inbox", "channels", "tenant_keys"])
def test_the_workers_login_sees_nothing_else_of_any_office(desk: Any, table: str) -> None:
    with desk.database.work_session() as session:
        assert session.scalar(text(f"select count(*) from {table}")) == 0


def test_the_workers_login_changes_no_work_row(desk: Any) -> None:
    rows = desk.add(1)
    with desk.database.work_session() as session:
        session.execute(text("update work set trouble = 'changed'"))
        session.execute(text("delete from work"))
    assert [desk.rows()[row].trouble for row in rows] == [""]


def test_the_audit_trail_shows_the_workers_login_no_entry_and_takes_no_change(desk: Any) -> None:
    entry = text(
        "insert into audit_entries (tenant_id, id, at, actor, action, object_kind, object_id,"
        " result, origin, seal) values (:tenant, gen_random_uuid(), now(), 'user:x', 'user.login',"
        " 'user', 'x', 'ok', '', '')"
    )
    seen = text("select count(*) from audit_entries")
    with desk.database.session(desk.tenant_id) as session:
        session.execute(entry, {"tenant": desk.tenant_id})
        assert session.scalar(seen) >= 1
    with desk.database.work_session() as session:
        assert session.scalar(seen) == 0
    with pytest.raises(ProgrammingError), desk.database.work_session() as session:
        session.execute(text("update audit_entries set result = 'ok'"))


def test_without_the_workers_login_a_sweep_says_what_is_missing(
    logins: Any, bell: Bell, clock: Any
) -> None:
    database = Database(logins.app)
    with pytest.raises(DatabaseNotConfigured, match="MINSHENG_DATABASE_WORKER_URL"):
        sweep(database, bell, clock)
    database.dispose()


def test_the_timer_outlives_a_fault_and_sweeps_again(
    desk: Any, bell: Bell, clock: Any, jobs: Any, logins: Any
) -> None:
    """The first sweep has no login, the second has one: the thread between them lives on."""
    rounds: list[str] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            rounds.append(f"swept, waiting {timeout}")
            if len(rounds) == 2:
                self.set()
            return self.is_set()

    class Broken(Database):
        def work_session(self) -> Any:
            if not rounds:
                message = "not an error of the database's"
                raise RuntimeError(message)
            return super().work_session()

    desk.add(1)
    database = Broken(logins.app, logins.worker)
    sweep_until(Stop(), database, bell, clock, 0)
    database.dispose()
    assert [desk.tenant_id, "parse"] in [job.args for job in jobs("parse")]


def test_the_timer_waits_for_a_database_that_is_away(bell: Bell, clock: Any, logins: Any) -> None:
    rounds: list[float | None] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            rounds.append(timeout)
            self.set()
            return True

    away = logins.worker.rpartition("/")[0] + "/no_such_database"
    database = Database(logins.app, away)
    sweep_until(Stop(), database, bell, clock, 0.5)
    database.dispose()
    assert rounds == [0.5]

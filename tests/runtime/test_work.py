"""The work table: who may take a row, for how long, and what a stopped worker may not do."""

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.runtime.work import (
    BATCH,
    Claim,
    StaleClaim,
    add_work,
    claim_work,
    count_left,
    drop_work,
    finish_work,
    hasten_work,
    hold_work,
    put_off,
)

LEASE = timedelta(seconds=60)
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_oldest_due_rows_are_claimed_first(desk: Any) -> None:
    (late,) = desk.add(1, due_at=desk.clock.now() - MINUTE)
    (early,) = desk.add(1, due_at=desk.clock.now() - 3 * MINUTE)
    (middle,) = desk.add(1, due_at=desk.clock.now() - 2 * MINUTE)
    order = [claim.row_id for _ in range(3) for claim in desk.claim(limit=1)]
    assert order == [early, middle, late]


def test_what_is_not_due_yet_is_left_alone(desk: Any) -> None:
    (row,) = desk.add(1, due_at=desk.clock.now() + MINUTE)
    assert desk.claim() == []
    desk.clock.move(MINUTE)
    assert [claim.row_id for claim in desk.claim()] == [row]


def test_a_claim_takes_no_more_than_asked_for_and_a_hundred_at_most(desk: Any) -> None:
    desk.add(BATCH + 5)
    assert len(desk.claim(limit=7)) == 7
    with desk.database.session(desk.tenant_id) as session:
        assert len(claim_work(session, "parse", desk.clock.now(), LEASE)) == BATCH - 2


def test_the_limit_holds_whatever_the_planner_does(desk: Any) -> None:
    desk.add(40)
    with desk.database.session(desk.tenant_id) as session:
        for method in ("hashjoin", "mergejoin", "hashagg", "material", "sort", "memoize"):
            session.execute(text(f"set local enable_{method} = off"))
        assert len(claim_work(session, "parse", desk.clock.now(), LEASE, 5)) == 5


def test_rows_of_another_kind_or_office_are_not_claimed(desk: Any, office: Any) -> None:
    desk.add(1, kind="match")
    with desk.database.session(office()) as session:
        add_work(session, "parse", [uuid.uuid4()], desk.clock.now())
    assert desk.claim() == []


def test_adding_a_row_again_leaves_the_first_as_it_is(desk: Any) -> None:
    (row,) = desk.add(1, due_at=desk.clock.now() + MINUTE)
    with desk.database.session(desk.tenant_id) as session:
        add_work(session, "parse", [row], desk.clock.now())
    assert desk.rows()[row].due_at == desk.clock.now() + MINUTE


def test_claimers_at_once_never_share_a_row(desk: Any) -> None:
    ids = set(desk.add(300))
    ready = threading.Barrier(6)

    def drain() -> list[uuid.UUID]:
        taken = []
        ready.wait()
        while claims := desk.claim(limit=7):
            taken += [claim.row_id for claim in claims]
        return taken

    with ThreadPoolExecutor(6) as pool:
        parts = [part.result() for part in [pool.submit(drain) for _ in range(6)]]
    taken = [row for part in parts for row in part]
    assert len(taken) == len(set(taken)), "no row was claimed twice"
    # A row that another claimer had locked is passed over; a last claim finds none of those.
    assert set(taken) | {claim.row_id for claim in desk.claim()} == ids


def test_a_row_is_free_again_when_its_lease_is_over_and_not_before(desk: Any) -> None:
    desk.add(1)
    (first,) = desk.claim()
    desk.clock.move(LEASE)
    assert desk.claim() == []
    desk.clock.move(timedelta(seconds=1))
    (second,) = desk.claim()
    assert second.row_id == first.row_id
    assert second.fence > first.fence
    assert second.attempt == 2


def test_a_held_claim_outlasts_its_first_lease(desk: Any) -> None:
    desk.add(1)
    claims = desk.claim()
    desk.clock.move(timedelta(seconds=50))
    with desk.database.session(desk.tenant_id) as session:
        hold_work(session, claims, desk.clock.now() + LEASE)
    desk.clock.move(timedelta(seconds=50))
    assert desk.claim() == []


def test_a_finished_row_is_gone(desk: Any) -> None:
    desk.add(2)
    with desk.database.session(desk.tenant_id) as session:
        finish_work(session, desk.claim())
    assert desk.rows() == {}


VERBS: dict[str, Callable[[Session, Sequence[Claim]], None]] = {
    "finish": finish_work,
    "hold": lambda session, claims: hold_work(session, claims, NOON + 2 * LEASE),
    "put off": lambda session, claims: put_off(session, claims[0], NOON + 2 * LEASE),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_stopped_worker_changes_nothing_once_another_took_over(
    desk: Any, verb: Callable[[Session, Sequence[Claim]], None]
) -> None:
    ids = desk.add(2)
    stale = desk.claim()
    desk.clock.move(LEASE + timedelta(seconds=1))
    desk.claim(limit=1)
    before = desk.rows()
    with pytest.raises(StaleClaim):
        _write_and(verb, desk, stale)
    assert desk.rows() == before
    assert set(before) == set(ids)


def _write_and(verb: Callable[..., None], desk: Any, claims: Sequence[Claim]) -> None:
    with desk.database.session(desk.tenant_id) as session:
        session.execute(text("update work set trouble = 'written by the stale one'"))
        verb(session, claims)


def test_a_fence_is_not_used_again_for_a_row_written_anew(desk: Any) -> None:
    """A channel is paused and resumed while its run is stopped: the old run must stay stale."""
    (row,) = desk.add(1, kind="pull")
    (stopped,) = desk.claim(kind="pull")
    with desk.database.session(desk.tenant_id) as session:
        drop_work(session, "pull", row)
        hasten_work(session, "pull", row, desk.clock.now())
    (running,) = desk.claim(kind="pull")
    assert running.fence != stopped.fence
    with pytest.raises(StaleClaim), desk.database.session(desk.tenant_id) as session:
        put_off(session, stopped, desk.clock.now())
    with desk.database.session(desk.tenant_id) as session:
        finish_work(session, [running])


def test_a_row_put_off_comes_back_with_its_trouble_and_attempts(desk: Any) -> None:
    (row,) = desk.add(1)
    (claim,) = desk.claim()
    with desk.database.session(desk.tenant_id) as session:
        put_off(session, claim, desk.clock.now() + MINUTE, "OSError")
    assert desk.rows()[row].trouble == "OSError"
    assert desk.claim() == []
    desk.clock.move(MINUTE)
    assert desk.claim()[0].attempt == 2


def test_hastening_makes_a_row_due_and_forgets_its_attempts(desk: Any) -> None:
    (row,) = desk.add(1, due_at=desk.clock.now() + MINUTE)
    with desk.database.session(desk.tenant_id) as session:
        hasten_work(session, "parse", row, desk.clock.now())
    assert [claim.row_id for claim in desk.claim()] == [row]
    assert desk.rows()[row].attempt == 1


def test_hastening_does_not_take_a_row_from_who_holds_it(desk: Any) -> None:
    (row,) = desk.add(1)
    claims = desk.claim()
    with desk.database.session(desk.tenant_id) as session:
        hasten_work(session, "parse", row, desk.clock.now())
    assert desk.claim() == []
    with desk.database.session(desk.tenant_id) as session:
        finish_work(session, claims)


def test_a_row_hastened_while_it_is_held_is_due_when_it_is_given_back(desk: Any) -> None:
    """Somebody wants a channel pulled now while its run goes on: it is pulled once more."""
    (row,) = desk.add(1)
    (claim,) = desk.claim()
    desk.clock.move(timedelta(seconds=5))
    with desk.database.session(desk.tenant_id) as session:
        hasten_work(session, "parse", row, desk.clock.now())
    with desk.database.session(desk.tenant_id) as session:
        put_off(session, claim, desk.clock.now() + MINUTE)
    assert [again.row_id for again in desk.claim()] == [row]


def test_what_is_left_is_counted_for_the_kinds_asked_for(desk: Any) -> None:
    with desk.database.work_session() as session:
        before = count_left(session, ("parse",))
    desk.add(3)
    desk.add(2, kind="match")
    with desk.database.work_session() as session:
        assert count_left(session, ("parse",)) == before + 3


def test_nothing_added_or_finished_is_no_statement(desk: Any) -> None:
    with desk.database.session(desk.tenant_id) as session:
        add_work(session, "parse", [], desk.clock.now())
        finish_work(session, [])
        hold_work(session, [], desk.clock.now())
    assert desk.rows() == {}

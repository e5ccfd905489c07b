"""Random trees of offices that grow, move and take things in: what each sees, against a model.

Steps are drawn as numbers and read against what stands at the time, so that a failing history
shrinks to its few telling steps. Handovers join as further entries of ``STEPS``.
"""

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offices_apart.world import office_tables
from sqlalchemy import select, text

from minsheng.accounts.service import find_tenant_for_login
from minsheng.cases.models import Case
from minsheng.runtime.database import Database
from minsheng.runtime.work import Work, add_work
from minsheng_tenants import (
    BodyInvalid,
    BodyNotFound,
    NewBody,
    create_body,
    list_bodies,
    move_body,
)

MOST = 40
SCALE = int(os.environ.get("MINSHENG_SCALE") or 1)
EXAMPLES, LENGTH = (200, 50) if SCALE >= 10 else (4 * SCALE, 30)
BELOW = {
    "province": ("city", "county", "department"),
    "city": ("county", "department"),
    "county": ("street", "department"),
    "street": ("department",),
    "department": (),
}
"""Which kinds may stand below a kind, written out anew from the divisions of the PRC."""
_numbers = itertools.count(1)


@dataclass
class Body:
    """What the model knows of an office."""

    id: int
    code: str
    kind: str
    parent: "Body | None"
    active: bool = True
    cases: set[str] = field(default_factory=set)
    waiting: set[uuid.UUID] = field(default_factory=set)

    def is_below(self, other: "Body") -> bool:
        """Whether this is ``other`` or stands below it."""
        return self is other or (self.parent is not None and self.parent.is_below(other))


@dataclass
class Model:
    """The offices of one history and the database they really stand in."""

    database: Database
    bodies: list[Body]

    def at(self, number: int) -> Body:
        return self.bodies[number % len(self.bodies)]


def create(model: Model, one: int, other: int) -> None:
    above = model.at(one)
    if len(model.bodies) == MOST or not BELOW[above.kind]:
        return
    kind = BELOW[above.kind][other % len(BELOW[above.kind])]
    number = next(_numbers)
    code = {
        "city": f"{1000 + number:04d}00", "county": f"{300001 + number:06d}",
        "street": f"{300000000 + number}", "department": f"TREE-{number}",
    }[kind]  # fmt: skip
    if kind in ("city", "county") and (number > 8999 or code.endswith("00") != (kind == "city")):
        return  # Codes of a city end in 00, those of a county do not.
    with model.database.owner_session() as session:
        made = create_body(session, NewBody(code, f"单位{number}", kind, above.code))
        model.bodies.append(Body(made.id, code, kind, above))


def move(model: Model, one: int, other: int) -> None:
    body, above = model.at(one), model.at(other)
    may = body.kind in BELOW[above.kind] and not above.is_below(body)
    try:
        with model.database.owner_session() as session:
            move_body(session, body.code, above.code)
    except BodyInvalid:
        assert not may, f"{body.kind} {body.code} could have gone below {above.kind} {above.code}"
    else:
        assert may, f"{body.code} went below {above.code}"
        body.parent = above


def suspend(model: Model, one: int, other: int) -> None:
    body = model.at(one)
    body.active = bool(other % 2)
    status = "active" if body.active else "suspended"
    with model.database.owner_session() as session:
        said = text("update tenants set status = :status where id = :id")
        session.execute(said, {"status": status, "id": body.id})


def open_case(model: Model, one: int, _other: int) -> None:
    body, number = model.at(one), f"T-{next(_numbers)}"
    with model.database.session(body.id) as session:
        now = session.scalar(text("select now()"))
        session.add(
            Case(id=uuid.uuid4(), number=number, subject=number, region="", message_count=0,
                 origins={}, channels={}, opened_at=now, last_at=now)
        )  # fmt: skip
    body.cases.add(number)


def take_in(model: Model, one: int, other: int) -> None:
    body, ids = model.at(one), [uuid.uuid4() for _ in range(other % 3)]
    with model.database.session(body.id) as session:
        now = session.scalar(text("select now()"))
        assert now is not None
        add_work(session, "parse", ids, now)
    body.waiting |= set(ids)


STEPS: tuple[Callable[[Model, int, int], None], ...] = (
    create, create, create, move, move, suspend, open_case, take_in,
)  # fmt: skip
"""What may happen; dispatching, returning and joining between offices belong here too."""
HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 10_000), st.integers(0, 10_000)),
    min_size=LENGTH // 2,
    max_size=LENGTH,
)


@pytest.fixture(scope="module")
def forest(new_database: Callable[[], Any]) -> Iterator[tuple[Database, Any]]:
    """A database of its own, so that codes are free."""
    logins = new_database()
    database = Database(logins.app, logins.worker, logins.operator)
    with database.owner_session() as session:
        create_body(session, NewBody("000000", "中央", "central"))
        create_body(session, NewBody("110000", "某省", "province", "000000"))
    yield database, logins
    database.dispose()


def province_of(database: Database) -> Body:
    with database.owner_session() as session:
        found = session.scalar(text("select id from tenants where code = '110000'"))
    return Body(int(found or 0), "110000", "province", None)


def differences(model: Model, mine: set[str]) -> Iterator[str]:
    """Where what an office sees by its own session is not what the model says."""
    for body in model.bodies:
        with model.database.session(body.id) as session:
            listed = {each.code for each in list_bodies(session, limit=100_000)}
            cases = set(session.scalars(select(Case.number)))
            # A case that is opened has its figures added up, which is no work of the model's.
            waited = select(Work.row_id).where(Work.kind != "roll_up")
            waiting = set(session.scalars(waited))
        subtree = {each.code for each in model.bodies if each.is_below(body)}
        # The province stands above the bodies of earlier histories too.
        seen = listed & mine if body.parent is None else listed
        if seen != subtree:
            yield f"{body.code} sees {sorted(seen ^ subtree)} otherwise"
        if (cases, waiting) != (body.cases, body.waiting) and body.parent is not None:
            yield f"{body.code} sees rows that are not its own, or misses some"
        with model.database.public_session() as session:
            if (find_tenant_for_login(session, body.code) is not None) != body.active:
                yield f"{body.code} lets people in or keeps them out wrongly"


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES)
def test_rel_i7_every_office_sees_its_own_rows_and_its_own_subtree(
    forest: tuple[Database, Any], history: list[Any]
) -> None:
    model = Model(forest[0], [province_of(forest[0])])
    for step, one, other in history:
        step(model, one, other)
    suspend(model, 0, 1)  # The province stands for every history.
    found = [*differences(model, {body.code for body in model.bodies})]
    assert not found, "\n".join(found)


def test_rel_i7_raw_rows_of_every_table_are_the_offices_own(
    forest: tuple[Database, Any], connect: Any
) -> None:
    database, logins = forest
    model = Model(database, [province_of(database)])
    for number in range(12):
        create(model, number, number)
        open_case(model, number, 0)
        take_in(model, number, 2)
    with connect(logins.owner) as owner, connect(logins.app) as app:
        for body in model.bodies:
            assert foreign_rows(owner, app, body) == 0
        assert sum(len(body.cases) for body in model.bodies) == 12


def foreign_rows(owner: psycopg.Connection[Any], app: psycopg.Connection[Any], body: Body) -> int:
    """Rows of others that an office's raw session sees, over every table it may read."""
    seen = 0
    with app.transaction():
        app.execute("select set_config('app.tenant', %s, true)", (str(body.id),))
        for table in office_tables(owner):
            may = owner.execute(
                "select has_table_privilege('minsheng_app', %s, 'select')", (table,)
            )
            if may.fetchone()[0]:  # type: ignore[index]
                rows = app.execute(f"select count(*) from {table} where tenant_id <> {body.id}")
                seen += rows.fetchone()[0]  # type: ignore[index]
    return seen


def test_rel_i7_a_body_moves_with_everything_below_it(forest: tuple[Database, Any]) -> None:
    model, (city, other, county, street) = line(forest[0])
    with model.database.owner_session() as session:
        moved = move_body(session, county.code, other.code)
        assert moved.ancestors[-1] == other.id
    for office, sees in ((city, False), (other, True), (county, True)):
        with model.database.session(office.id) as session:
            assert (street.code in {b.code for b in list_bodies(session, limit=999)}) is sees


def test_rel_i7_a_body_moves_nowhere_that_cannot_bear_it_and_by_no_office(
    forest: tuple[Database, Any],
) -> None:
    model, (city, other, county, street) = line(forest[0])
    for code, parent, word in (
        (county.code, street.code, "stands below it"),
        (city.code, city.code, "itself"),
        (street.code, other.code, "cannot stand below"),
    ):  # fmt: skip
        with pytest.raises(BodyInvalid, match=word), model.database.owner_session() as session:
            move_body(session, code, parent)
    with pytest.raises(BodyNotFound), model.database.owner_session() as session:
        move_body(session, county.code, "NOWHERE")
    with pytest.raises(BodyInvalid, match="operator"), model.database.session(1) as session:
        move_body(session, county.code, other.code)


def line(database: Database) -> tuple[Model, list[Body]]:
    """Two cities, a county below the first and a street below that."""
    model = Model(database, [province_of(database)])
    for above, wish in ((0, 0), (0, 0), (1, 0), (3, 0)):
        count = len(model.bodies)
        while len(model.bodies) == count:
            create(model, above, wish)
    return model, model.bodies[1:]

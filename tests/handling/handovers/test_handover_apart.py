"""Offices stay apart: a third one sees nothing of a handover, and a side writes its own part."""

import uuid
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from minsheng.cases.service import CaseNotFound, find_case
from minsheng.handling.custody import list_handovers, show_handover
from minsheng.handling.handover_models import Handover
from minsheng.handling.handovers_errors import HandoverNotFound

SEEN = "select count(*) from handovers where id = :id"
CHANGED = "update handovers set reason = 'x' where id = :id"


def test_rel_i2_a_third_office_sees_and_changes_nothing_by_row_security_alone(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    for office in (world.province, world.street, world.sibling):
        with world.session(office) as session:
            assert session.scalar(text(SEEN), {"id": made.id}) == 0
            assert session.execute(text(CHANGED), {"id": made.id}).rowcount == 0
    for office in (world.city, world.county):
        assert world.scalar(office, SEEN, id=made.id) == 1


def test_rel_i2_without_an_office_there_is_no_row(world: Any) -> None:
    _number, _made = world.handed(world.city, world.county)
    with world.tools.database.public_session() as session:
        assert session.scalar(text("select count(*) from handovers")) == 0


def test_rel_i3_a_third_office_sees_nothing_by_the_service_alone(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    for office in (world.province, world.street, world.sibling):
        with world.tools.database.operator_session(office) as session:
            assert session.scalars(select(Handover)).all() == []
            assert session.execute(update(Handover).values(reason="x")).rowcount == 0
            assert list_handovers(session, "in").items == list_handovers(session, "out").items == []
            with pytest.raises(HandoverNotFound):
                show_handover(session, made.id)
    with world.tools.database.operator_session(world.city) as session:
        assert [each.id for each in session.scalars(select(Handover))] == [made.id]


def test_rel_i3_each_verb_is_refused_to_whom_it_is_not_for(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    nowhere = uuid.uuid4()
    for office in (world.city, world.province, world.sibling):
        for handover_id in (made.id, nowhere):
            with pytest.raises(HandoverNotFound):
                world.accept(office, handover_id)
            with pytest.raises(HandoverNotFound):
                world.give_back(office, handover_id, "不属于本单位")
        with pytest.raises(HandoverNotFound):
            world.answer(office, world.incoming(world.county).to_message, "已修好。")
    for office in (world.county, world.province, world.sibling):
        for handover_id in (made.id, nowhere):
            with pytest.raises(HandoverNotFound):
                world.recall(office, handover_id, "收回")


def test_rel_i3_neither_side_reads_the_others_case(world: Any) -> None:
    number, made = world.handed(world.city, world.county)
    theirs = world.case_of(world.county, made.id).number
    for office, foreign in ((world.city, theirs), (world.county, number)):
        with world.session(office) as session, pytest.raises(CaseNotFound):
            find_case(session, foreign)
    assert theirs not in repr(world.custody(world.city, number))
    assert number not in repr(world.custody(world.county, theirs))


@pytest.mark.parametrize(
    ("side", "said"),
    [
        ("city", "state = 'accepted'"),
        ("city", "state = 'answered'"),
        ("city", "state = 'returned'"),
        ("county", "state = 'recalled'"),
        ("city", "steps = '[]'"),
        ("county", "steps = jsonb_set(steps, '{0,office}', '\"000000\"')"),
    ],
)
def test_the_database_lets_each_side_take_its_own_steps_only(
    world: Any, side: str, said: str
) -> None:
    _number, made = world.handed(world.city, world.county)
    with (
        pytest.raises(ProgrammingError, match="step"),
        world.session(getattr(world, side)) as session,
    ):
        session.execute(text(f"update handovers set {said} where id = :id"), {"id": made.id})


def test_the_database_takes_a_handover_from_its_sender_only(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    columns = (
        "from_tenant, to_tenant, role, from_code, from_name, to_code, to_name, from_case, content,"
        " contact, demands, chain, steps, sent_at"
    )
    forged = f"insert into handovers (id, {columns}) select :new, {columns} from handovers"
    for office in (world.county, world.city):
        given = {"new": uuid.uuid4(), "id": made.id}
        with world.session(office) as session:
            if office == world.city:
                session.execute(text(f"{forged} where id = :id"), given)
                session.rollback()
                continue
            with pytest.raises(ProgrammingError, match="sent by its sender"):
                session.execute(text(f"{forged} where id = :id"), given)
            session.rollback()


def test_what_was_handed_over_is_not_changed_by_anybody(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    for office in (world.city, world.county):
        for said in ("content = 'x'", "to_tenant = 1", "chain = '{}'"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                world.scalar(office, f"update handovers set {said} returning 1")
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.scalar(office, "delete from handovers returning 1")
    owner = "update handovers set content = 'x' where id = :id"
    with world.tools.database.operator_session(world.city) as session:
        with pytest.raises(ProgrammingError, match="not changed"):
            session.execute(text(owner), {"id": made.id})
        session.rollback()

"""The tree of bodies: who may stand where, under which code, and who sees whom."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.runtime.database import Database
from minsheng_tenants import (
    KINDS,
    BodyExists,
    BodyInvalid,
    BodyNotFound,
    NewBody,
    Tenant,
    create_body,
    find_body,
    list_bodies,
)

Office = Callable[..., int]
PROVINCE, CITY, COUNTY, STREET = "990000", "990100", "990101", "990101001"
LINE = (
    (PROVINCE, "province", "000000"),
    (CITY, "city", PROVINCE),
    (COUNTY, "county", CITY),
    (STREET, "street", COUNTY),
    ("TREE-DEPARTMENT", "department", COUNTY),
    ("TREE-MINISTRY", "ministry", "000000"),
)
ABOVE = {
    "central": "000000", "province": PROVINCE, "city": CITY, "county": COUNTY,
    "street": STREET, "department": "TREE-DEPARTMENT", "ministry": "TREE-MINISTRY",
}  # fmt: skip
"""One body of each kind, as a parent to be tried."""
FREE = {
    "province": "110000", "city": "990200", "county": "990102", "street": "990101002",
    "department": "TREE-NEW", "ministry": "TREE-NEW",
}  # fmt: skip
"""A code of the kind's form that the line does not use."""
ALLOWED = {
    ("province", "central"), ("ministry", "central"), ("city", "province"), ("county", "city"),
    ("county", "province"), ("street", "county"), ("department", "central"),
    ("department", "province"), ("department", "city"), ("department", "county"),
    ("department", "street"), ("department", "ministry"),
}  # fmt: skip
"""Kind and parent's kind, written out anew from the administrative divisions of the PRC."""


class Undone(Exception):
    """Leaves an owner's session without a trace."""


@pytest.fixture
def owner(database: Database, office: Office) -> Iterator[Session]:
    """A transaction of the owner's login over one line of bodies; undone at the end.

    Bodies of other tests give their codes up for its length, so that every code is free.
    """
    office("ministry")
    with suppress(Undone), database.owner_session() as session:
        session.execute(text("update tenants set code = id || '-AWAY' where parent_id > 0"))
        for code, kind, parent in LINE:
            create_body(session, NewBody(code, f"树{kind}", kind, parent))
        yield session
        raise Undone


def trial(kind: str, parent: str, code: str = "", name: str = "新单位") -> NewBody:
    return NewBody(code or FREE[kind], name, kind, parent)


@pytest.mark.parametrize(("kind", "above"), sorted(ALLOWED))
def test_a_body_stands_below_a_kind_that_may_carry_it(
    owner: Session, kind: str, above: str
) -> None:
    parent = find_body(owner, ABOVE[above])
    body = create_body(owner, trial(kind, parent.code))
    assert (body.kind, body.parent_id, body.status) == (kind, parent.id, "active")
    assert body.ancestors == [*parent.ancestors, parent.id]


@pytest.mark.parametrize(
    ("kind", "above"), sorted(set(itertools.product(sorted(FREE), KINDS)) - ALLOWED)
)
def test_a_body_never_stands_below_another_kind(owner: Session, kind: str, above: str) -> None:
    with pytest.raises(BodyInvalid, match="cannot stand below") as refused:
        create_body(owner, trial(kind, ABOVE[above]))
    assert refused.value.field == "parent"


def test_the_central_body_stands_below_nobody(owner: Session) -> None:
    with pytest.raises(BodyInvalid, match="cannot stand below"):
        create_body(owner, NewBody("000000", "中央", "central", PROVINCE))
    assert find_body(owner, "000000").ancestors == []


@pytest.mark.parametrize("kind", sorted(FREE))
def test_only_the_central_body_goes_without_a_parent(owner: Session, kind: str) -> None:
    with pytest.raises(BodyInvalid, match="needs a parent") as refused:
        create_body(owner, trial(kind, ""))
    assert refused.value.field == "parent"


GOOD_CODES = [
    ("province", "650000"), ("city", "130100"), ("county", "130129"), ("county", "429004"),
    ("street", "130129101"), ("department", "HB-JYT"), ("department", "130129-09"),
    ("ministry", "MOHURD"), ("department", "12"), ("department", "X" * 31),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "code"), GOOD_CODES)
def test_a_code_of_the_kinds_form_is_taken(owner: Session, kind: str, code: str) -> None:
    above = {"province": "000000", "ministry": "000000", "city": PROVINCE, "street": COUNTY}
    if kind == "county":
        above[kind] = CITY
    body = create_body(owner, NewBody(code, "某单位", kind, above.get(kind, COUNTY)))
    assert find_body(owner, code).id == body.id


BAD_CODES = [
    ("central", "100000"), ("central", ""), ("province", "13"), ("province", "030000"),
    ("province", "130100"), ("province", "1300000"), ("province", "13000a"),
    ("province", "１３００００"), ("city", "130129"), ("city", "13010"), ("county", "13012"),
    ("county", "030129"), ("county", "130129\n"), ("county", "130129101"), ("street", "130129"),
    ("street", "1301291012"), ("department", ""), ("department", "X"), ("department", "X" * 32),
    ("department", "jyt"), ("department", "-JYT"), ("department", "J YT"), ("ministry", "教育部"),
    ("department", "JYT\0"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "code"), BAD_CODES)
def test_a_code_of_another_form_is_refused_by_its_field(
    owner: Session, kind: str, code: str
) -> None:
    with pytest.raises(BodyInvalid, match="GB/T 2260") as refused:
        create_body(owner, NewBody(code, "某单位", kind, COUNTY))
    assert refused.value.field == "code"


def test_an_unknown_kind_is_refused_with_the_known_ones(owner: Session) -> None:
    with pytest.raises(BodyInvalid, match="central, province") as refused:
        create_body(owner, NewBody("990102", "某单位", "village", COUNTY))
    assert refused.value.field == "kind"


@pytest.mark.parametrize("name", ["", "  ", "名" * 101, "县\n政府", "县\0", "\udcff"])
def test_a_name_that_cannot_be_shown_is_refused(owner: Session, name: str) -> None:
    with pytest.raises(BodyInvalid, match="100 printable") as refused:
        create_body(owner, trial("county", CITY, name=name))
    assert refused.value.field == "name"


def test_a_name_of_a_hundred_signs_is_taken(owner: Session) -> None:
    assert len(create_body(owner, trial("county", CITY, name="名" * 100)).name) == 100


def test_a_code_is_given_once_over_the_whole_tree(owner: Session) -> None:
    create_body(owner, trial("department", COUNTY))
    with pytest.raises(BodyExists, match="choose another code") as refused:
        create_body(owner, trial("department", CITY))
    assert refused.value.field == "code"
    assert find_body(owner, FREE["department"]).parent_id == find_body(owner, COUNTY).id


def test_a_parent_that_is_nowhere_is_not_found(owner: Session) -> None:
    with pytest.raises(BodyNotFound, match="'999900'"):
        create_body(owner, trial("county", "999900"))


def test_ancestors_are_traced_from_the_root_down(owner: Session) -> None:
    line = [find_body(owner, code).id for code in ("000000", PROVINCE, CITY, COUNTY)]
    assert find_body(owner, STREET).ancestors == line


def test_the_list_goes_by_code_from_behind_the_cursor(owner: Session) -> None:
    codes = [body.code for body in list_bodies(owner, after=PROVINCE, limit=2)]
    assert codes == [CITY, COUNTY]


@pytest.fixture
def family(office: Office) -> dict[str, int]:
    """A city with a county below it and a street below that, and a sister of the county."""
    city = office("city")
    county = office("county", below=city)
    street = office("street", below=county)
    return {"city": city, "county": county, "street": street, "sister": office("county", city)}


def seen(database: Database, tenant_id: int) -> set[int]:
    with database.session(tenant_id) as session:
        return {body.id for body in list_bodies(session, limit=100_000)}


def code_of(database: Database, tenant_id: int) -> str:
    with database.session(tenant_id) as session:
        return session.scalars(text("select code from tenants where id = :id").bindparams(
            id=tenant_id)).one()  # fmt: skip


def test_an_office_sees_itself_and_all_below_and_nobody_else(
    database: Database, family: dict[str, int]
) -> None:
    city, county, street, sister = family.values()
    assert seen(database, city) == {city, county, street, sister}
    assert seen(database, county) == {county, street}
    assert seen(database, street) == {street}
    assert seen(database, sister) == {sister}


@pytest.mark.parametrize("other", ["city", "sister"])
def test_a_body_outside_the_subtree_is_as_absent_as_one_that_is_nowhere(
    database: Database, family: dict[str, int], other: str
) -> None:
    code = code_of(database, family[other])
    with database.session(family["county"]) as session:
        with pytest.raises(BodyNotFound) as hidden:
            find_body(session, code)
        with pytest.raises(BodyNotFound) as absent:
            find_body(session, "999999")
    assert str(hidden.value).replace(code, "999999") == str(absent.value)


def test_an_office_adds_below_itself_and_below_its_subtree(
    database: Database, family: dict[str, int]
) -> None:
    own, below = code_of(database, family["county"]), code_of(database, family["street"])
    with database.session(family["county"]) as session:
        first = create_body(session, NewBody(f"{own}-D1", "某局", "department", own))
        second = create_body(session, NewBody(f"{own}-D2", "某站", "department", below))
        assert first.ancestors[-2:] == [family["city"], family["county"]]
        assert second.ancestors[-1] == family["street"]
    assert {first.id, second.id} <= seen(database, family["city"])


@pytest.mark.parametrize("other", ["city", "sister"])
def test_an_office_adds_nothing_below_others(
    database: Database, family: dict[str, int], other: str
) -> None:
    code = code_of(database, family[other])
    with database.session(family["county"]) as session, pytest.raises(BodyNotFound):
        create_body(session, NewBody(f"{code}-D1", "某局", "department", code))


def test_an_office_adds_no_second_root(database: Database, family: dict[str, int]) -> None:
    with (
        database.session(family["county"]) as session,
        pytest.raises(BodyInvalid, match="not below your office") as refused,
    ):
        create_body(session, NewBody("000000", "中央", "central"))
    assert refused.value.field == "parent"


def test_the_database_itself_refuses_a_row_outside_the_subtree(
    database: Database, family: dict[str, int]
) -> None:
    row: dict[str, Any] = {"code": "TREE-FORGED", "name": "伪造", "kind": "department"}
    with database.session(family["county"]) as session:
        session.add(Tenant(**row, parent_id=family["sister"], ancestors=[family["county"]]))
        with pytest.raises(Exception, match="row-level security"):
            session.flush()
        session.rollback()
    with database.owner_session() as session, pytest.raises(BodyNotFound):
        find_body(session, "TREE-FORGED")

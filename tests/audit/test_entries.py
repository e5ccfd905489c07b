"""The trail: one sealed entry a change, in its transaction, that nobody may read or change."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from minsheng.audit import Actor, Tools, entry_seal
from minsheng_tenants import NoTenant

LI = Actor("user", "li.si", "127.0.0.1")


@dataclass
class Trail:
    """An office and the entries about it."""

    tools: Tools
    tenant_id: int

    def record(self, *objects: Any, **said: str) -> None:
        with self.tools.database.session(self.tenant_id) as session:
            self.tools.auditor.record(session, LI, "case.merge", "case", *objects, **said)

    def entries(self) -> list[Any]:
        said = text("select * from audit_entries where tenant_id = :id order by id")
        with self.tools.database.owner_session() as session:
            return list(session.execute(said, {"id": self.tenant_id}))

    def seal(self, entry: Any) -> bytes:
        said = (entry.actor, entry.action, entry.object_kind, entry.object_id, entry.result)
        key = self.tools.master.purpose("audit")
        return entry_seal(key, entry.tenant_id, entry.id, entry.at, (*said, entry.origin))


@pytest.fixture
def trail(tools: Tools, office: Callable[..., int]) -> Trail:
    return Trail(tools, office())


def test_an_entry_says_who_did_what_to_what_when_and_from_where(trail: Trail) -> None:
    trail.record("20261120-00001", result="refused")
    (entry,) = trail.entries()
    assert (entry.actor, entry.action, entry.origin) == ("user:li.si", "case.merge", "127.0.0.1")
    assert (entry.object_kind, entry.object_id) == ("case", "20261120-00001")
    assert entry.result == "refused"
    assert entry.at == trail.tools.clock.now()


def test_each_object_gets_one_entry_with_a_seal_of_its_own(trail: Trail) -> None:
    objects = [uuid.uuid4() for _ in range(3)]
    trail.record(*objects)
    entries = trail.entries()
    assert [entry.object_id for entry in entries] == [str(each) for each in objects]
    assert [bytes(entry.seal) for entry in entries] == [trail.seal(entry) for entry in entries]
    assert len({bytes(entry.seal) for entry in entries}) == 3


def test_no_object_is_no_entry(trail: Trail) -> None:
    trail.record()
    assert trail.entries() == []


CHANGES: dict[str, Any] = {
    "actor": "user:wang.wu",
    "action": "case.split",
    "object_kind": "message",
    "object_id": "20261120-00002",
    "result": "refused",
    "origin": "10.0.0.1",
    "id": uuid.uuid4(),
    "tenant_id": 1_000_000,
}


@pytest.mark.parametrize("field", [*CHANGES, "at"])
def test_a_changed_field_breaks_the_seal(trail: Trail, field: str) -> None:
    trail.record("20261120-00001")
    (entry,) = trail.entries()
    told = Told(**entry._mapping)
    assert trail.seal(told) == bytes(told.seal)
    value = told.at.replace(second=1) if field == "at" else CHANGES[field]
    assert trail.seal(replace(told, **{field: value})) != bytes(told.seal)


@dataclass(frozen=True)
class Told:
    """An entry that a test may change."""

    tenant_id: int
    id: uuid.UUID
    at: Any
    actor: str
    action: str
    object_kind: str
    object_id: str
    result: str
    origin: str
    seal: bytes


def test_another_key_makes_another_seal(trail: Trail) -> None:
    trail.record("1")
    (entry,) = trail.entries()
    said = (entry.actor, entry.action, entry.object_kind, entry.object_id, entry.result, "")
    seals = {
        entry_seal(key, entry.tenant_id, entry.id, entry.at, said) for key in (b"a", b"b", b"")
    }
    assert len(seals) == 3


def test_fields_do_not_run_into_each_other(trail: Trail) -> None:
    trail.record("1")
    (entry,) = trail.entries()
    place = (b"key", entry.tenant_id, entry.id, entry.at)
    assert entry_seal(*place, ("ab", "c")) != entry_seal(*place, ("a", "bc"))


def test_a_change_that_is_rolled_back_leaves_no_entry(trail: Trail) -> None:
    with pytest.raises(RuntimeError):
        _record_and_fail(trail)
    assert trail.entries() == []


def _record_and_fail(trail: Trail) -> None:
    with trail.tools.database.session(trail.tenant_id) as session:
        trail.tools.auditor.record(session, LI, "case.merge", "case", "1")
        raise RuntimeError


def test_a_session_without_an_office_writes_none(trail: Trail) -> None:
    with pytest.raises(NoTenant), trail.tools.database.public_session() as session:
        trail.tools.auditor.record(session, LI, "case.merge", "case", "1")


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entries set result = 'ok'",
        "delete from audit_entries",
        "truncate audit_entries",
        "select * from audit_entries for update",
        "alter table audit_entries disable row level security",
        "alter table audit_entries disable trigger all",
        "drop table audit_entries",
    ],
)
@pytest.mark.parametrize("login", ["service", "worker"])
def test_the_services_logins_can_add_and_read_and_nothing_else(
    trail: Trail, statement: str, login: str
) -> None:
    trail.record("1")
    before = trail.entries()
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        _execute(trail, login, statement)
    assert trail.entries() == before


def _execute(trail: Trail, login: str, statement: str) -> None:
    database = trail.tools.database
    opened = database.session(trail.tenant_id) if login == "service" else database.work_session()
    with opened as session:
        session.execute(text(statement))


def test_an_entry_about_another_office_is_refused(trail: Trail, office: Callable[..., int]) -> None:
    other = replace(trail, tenant_id=office())
    forged = text(
        "insert into audit_entries select :tenant, gen_random_uuid(), now(),"
        " 'user:li.si', 'case.merge', 'case', '1', 'ok', '', ''"
    )
    with pytest.raises(ProgrammingError, match="row-level security"):
        _forge(trail, forged, other.tenant_id)
    assert other.entries() == []


def _forge(trail: Trail, statement: Any, tenant_id: int) -> None:
    with trail.tools.database.session(trail.tenant_id) as session:
        session.execute(statement, {"tenant": tenant_id})

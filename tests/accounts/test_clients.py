"""API clients: one secret, shown once, good in one office."""

from typing import Any

import pytest
from sqlalchemy import select, text

from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ClientRefused,
)
from minsheng.accounts.models import ApiClient
from minsheng.accounts.service import (
    NewClient,
    check_client,
    create_client,
    tenant_of_client,
    turn_off_client,
)
from minsheng.audit import Actor
from minsheng.runtime.ids import new_id

ADMIN = Actor("user", "admin", "127.0.0.1")


def make(desk: Any, name: str = "热线网关") -> NewClient:
    with desk.session() as session:
        return create_client(session, desk.tools, ADMIN, name, ["cases:read", "messages:write"])


def check(desk: Any, client_id: str, secret: str) -> ApiClient:
    with desk.session() as session:
        return check_client(session, desk.tools, client_id, secret, desk.origin)


def test_a_client_names_its_office_and_passes_with_its_secret(desk: Any) -> None:
    made = make(desk)
    assert tenant_of_client(made.client_id) == desk.tenant_id
    client = check(desk, made.client_id, made.secret)
    assert (client.name, client.scopes) == ("热线网关", "messages:write cases:read")
    assert desk.audit() == [
        ("user:admin", "client.create", "messages:write cases:read"),
        (f"client:{made.client_id}", "client.login", "ok"),
    ]


def test_the_secret_has_256_bits_and_is_stored_nowhere(desk: Any) -> None:
    made, other = make(desk), make(desk, "另一个")
    assert len(made.secret) == 43
    assert made.secret != other.secret
    assert made.secret not in repr(made)
    with desk.session() as session:
        stored = {client.secret_hash for client in session.scalars(select(ApiClient))}
    assert {len(value) for value in stored} == {32}
    assert made.secret.encode() not in stored


def test_a_wrong_secret_is_refused_and_written_down(desk: Any) -> None:
    made = make(desk)
    for wrong in ("", made.secret[:-1], made.secret + "x", "é", "\ud800"):
        with pytest.raises(ClientRefused):
            check(desk, made.client_id, wrong)
    assert desk.audit()[1:] == [(f"client:{made.client_id}", "client.login", "refused")] * 5


def test_unknown_wrong_and_off_are_refused_in_the_same_words(desk: Any) -> None:
    made, off = make(desk), make(desk, "停用")
    with desk.session() as session:
        turn_off_client(session, desk.tools, ADMIN, off.client_id)
    said = set()
    for client_id, secret in (
        (made.client_id, "wrong"),
        (off.client_id, off.secret),
        (f"{desk.tenant_id}-{new_id()}", made.secret),
    ):
        with pytest.raises(ClientRefused) as refused:
            check(desk, client_id, secret)
        said.add(str(refused.value))
    assert len(said) == 1
    assert desk.audit()[-1] == ("client:unknown", "client.login", "refused")


def test_a_client_of_another_office_is_refused(desk: Any, other_desk: Any) -> None:
    made = make(desk)
    moved = made.client_id.replace(f"{desk.tenant_id}-", f"{other_desk.tenant_id}-", 1)
    for client_id in (made.client_id, moved):
        with pytest.raises(ClientRefused):
            check(other_desk, client_id, made.secret)
    assert [action for _, action, _ in desk.audit()] == ["client.create"]
    assert [result for _, _, result in other_desk.audit()] == ["refused"]
    assert check(desk, made.client_id, made.secret).name == "热线网关"
    with other_desk.session() as session, pytest.raises(AccountNotFound):
        turn_off_client(session, other_desk.tools, ADMIN, made.client_id)


def test_an_office_that_is_none_gets_no_audit_entry(tools: Any) -> None:
    nowhere = 2_000_000_000
    with tools.database.session(nowhere) as session, pytest.raises(ClientRefused):
        check_client(session, tools, f"{nowhere}-{new_id()}", "secret", "127.0.0.1")
    with tools.database.owner_session() as session:
        written = session.scalar(
            text("select count(*) from audit_entries where tenant_id = :id"), {"id": nowhere}
        )
    assert written == 0


def test_a_suspended_offices_client_is_refused(desk: Any) -> None:
    made = make(desk)
    with desk.tools.database.owner_session() as session:
        session.execute(
            text("update tenants set status = 'suspended' where id = :id"), {"id": desk.tenant_id}
        )
    with pytest.raises(ClientRefused):
        check(desk, made.client_id, made.secret)


@pytest.mark.parametrize(
    "client_id",
    ["", "1", "1-", "x-{u}", "0-{u}", "01-{u}", "1-{u}0", "1-{u}\n", "2147483648-{u}",
     "99999999999999-{u}", "１-{u}", "1-not-a-uuid", "-1-{u}", "1-" + "A" * 36],
)  # fmt: skip
def test_what_has_not_the_form_of_a_client_id_names_no_office(desk: Any, client_id: str) -> None:
    wrong = client_id.replace("{u}", "0193a5b2-7c4d-7e8f-9a0b-138123456789")
    with pytest.raises(ClientRefused):
        tenant_of_client(wrong)
    with pytest.raises(ClientRefused):
        check(desk, wrong, "secret")
    with desk.session() as session, pytest.raises(AccountNotFound):
        turn_off_client(session, desk.tools, ADMIN, wrong)


@pytest.mark.parametrize(
    ("field", "name", "scopes"),
    [
        ("name", " ", ["cases:read"]),
        ("name", "名" * 51, ["cases:read"]),
        ("name", "a\0b", ["cases:read"]),
        ("scopes", "网关", []),
        ("scopes", "网关", ["cases:read", "cases:*"]),
    ],
)
def test_a_client_of_the_wrong_form_is_refused_by_its_field(
    desk: Any, field: str, name: str, scopes: list[str]
) -> None:
    with desk.session() as session, pytest.raises(AccountInvalid) as refused:
        create_client(session, desk.tools, ADMIN, name, scopes)
    assert refused.value.field == field


def test_a_clients_name_is_taken_once_in_an_office(desk: Any, other_desk: Any) -> None:
    make(desk)
    with pytest.raises(AccountExists):
        make(desk)
    assert make(other_desk).client_id

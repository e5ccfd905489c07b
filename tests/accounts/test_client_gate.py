"""The gate of a process: what is ended is dead within a second, by one query a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from minsheng.accounts.client_care import MOST_REVOKED
from minsheng.accounts.client_gate import BELIEVED, ClientGate
from minsheng.accounts.errors import TokenRefused
from minsheng.accounts.service import (
    NewClient,
    create_client,
    find_client,
    narrow_scopes,
    revoke_all,
    revoke_token,
    rotate_secret,
    sweep_clients,
    turn_off_client,
)
from minsheng.accounts.tokens import issue_token, read_token
from minsheng.audit import SYSTEM, make_tools
from minsheng.runtime.database import Database
from minsheng.runtime.ids import new_id

LIFE = timedelta(minutes=15)
SCOPES = ("cases:read", "messages:write")
MOMENT = timedelta(milliseconds=1)


def made(desk: Any, name: str = "网关") -> NewClient:
    with desk.session() as session:
        return create_client(session, desk.tools, SYSTEM, name, SCOPES)


def token(desk: Any, client: NewClient, scopes: str = " ".join(SCOPES)) -> str:
    return issue_token(desk.tools, client.client_id, desk.tenant_id, scopes, LIFE)


def admitted(gate: ClientGate, given: str) -> bool:
    try:
        gate.admit(given)
    except TokenRefused:
        return False
    return True


@contextmanager
def counted(desk: Any) -> Iterator[list[str]]:
    """The statements about clients that the block sends to the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "api_clients" in statement:
            seen.append(statement)

    engine = desk.tools.database.app_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_token_of_a_client_in_order_is_admitted_with_its_scopes(desk: Any) -> None:
    client = made(desk)
    claims = ClientGate(desk.tools).admit(token(desk, client, "cases:read"))
    assert (claims.client_id, claims.tenant_id) == (client.client_id, desk.tenant_id)
    assert claims.scopes == {"cases:read"}


def off(desk: Any, client: NewClient) -> None:
    with desk.session() as session:
        turn_off_client(session, desk.tools, SYSTEM, client.client_id)


def all_called_back(desk: Any, client: NewClient) -> None:
    with desk.session() as session:
        revoke_all(session, desk.tools, SYSTEM, client.client_id)


def suspended(desk: Any, _client: NewClient) -> None:
    said = text("update tenants set status = 'suspended' where id = :id")
    with desk.tools.database.owner_session() as session:
        session.execute(said, {"id": desk.tenant_id})


def deleted(desk: Any, client: NewClient) -> None:
    with desk.session() as session:
        session.delete(find_client(session, client.client_id))


@pytest.mark.parametrize("end", [off, all_called_back, suspended, deleted])
def test_what_ends_a_client_is_known_to_every_process_within_a_second(
    desk: Any, end: Callable[[Any, NewClient], None]
) -> None:
    client = made(desk)
    given, gates = token(desk, client), [ClientGate(desk.tools) for _ in range(3)]
    desk.tools.clock.move(MOMENT)
    assert [admitted(gate, given) for gate in gates] == [True, True, True]
    end(desk, client)
    desk.tools.clock.move(BELIEVED)
    assert [admitted(gate, given) for gate in gates] == [False, False, False]


def test_one_revoked_token_is_dead_and_its_sister_lives(desk: Any) -> None:
    client = made(desk)
    lost, kept, gate = token(desk, client), token(desk, client), ClientGate(desk.tools)
    assert admitted(gate, lost)
    with desk.session() as session:
        revoke_token(session, desk.tools, SYSTEM, read_token(desk.tools, lost))
    desk.tools.clock.move(BELIEVED)
    assert (admitted(gate, lost), admitted(gate, kept)) == (False, True)
    assert desk.audit()[-1] == ("system:minsheng", "token.revoke", "ok")


def test_revoking_twice_is_written_down_once(desk: Any) -> None:
    claims = read_token(desk.tools, token(desk, made(desk)))
    for _ in range(2):
        with desk.session() as session:
            revoke_token(session, desk.tools, SYSTEM, claims)
    assert [action for _, action, _ in desk.audit()].count("token.revoke") == 1


def test_a_token_made_after_all_were_called_back_is_good(desk: Any) -> None:
    client, gate = made(desk), ClientGate(desk.tools)
    desk.tools.clock.move(timedelta(milliseconds=300))
    before = token(desk, client)
    desk.tools.clock.move(MOMENT)
    all_called_back(desk, client)
    desk.tools.clock.move(MOMENT)
    after = token(desk, client)
    assert (admitted(gate, before), admitted(gate, after)) == (False, True)


def test_scopes_that_the_client_lost_are_lost_to_its_tokens_too(desk: Any) -> None:
    client, gate = made(desk), ClientGate(desk.tools)
    given = token(desk, client)
    assert gate.admit(given).scopes == set(SCOPES)
    with desk.session() as session:
        narrow_scopes(session, desk.tools, SYSTEM, client.client_id, {"cases:read"})
    desk.tools.clock.move(BELIEVED)
    assert gate.admit(given).scopes == {"cases:read"}


def test_a_scope_that_the_client_never_held_is_not_in_a_token_that_names_it(desk: Any) -> None:
    given = token(desk, made(desk), "cases:read tenants:write")
    assert ClientGate(desk.tools).admit(given).scopes == {"cases:read"}


def test_rotating_the_secret_leaves_tokens_alone(desk: Any) -> None:
    client, gate = made(desk), ClientGate(desk.tools)
    given = token(desk, client)
    with desk.session() as session:
        rotate_secret(session, desk.tools, SYSTEM, client.client_id, LIFE)
    desk.tools.clock.move(BELIEVED)
    assert admitted(gate, given)


def test_a_client_is_looked_up_once_a_second_however_often_it_comes(desk: Any) -> None:
    gate, given = ClientGate(desk.tools), token(desk, made(desk))
    with counted(desk) as seen:
        for _ in range(100):
            gate.admit(given)
        assert len(seen) == 1
        desk.tools.clock.move(BELIEVED - MOMENT)
        gate.admit(given)
        assert len(seen) == 1
        desk.tools.clock.move(MOMENT)
        gate.admit(given)
        assert len(seen) == 2


def test_a_crowd_in_one_moment_is_one_query(desk: Any) -> None:
    gate, given, start = ClientGate(desk.tools), token(desk, made(desk)), Barrier(8)
    done: list[bool] = []

    def come() -> None:
        start.wait(10)
        done.append(admitted(gate, given))

    with counted(desk) as seen:
        threads = [Thread(target=come) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10)
    assert done == [True] * 8
    assert len(seen) == 1


def test_a_clock_that_is_set_back_lets_nothing_be_believed(desk: Any) -> None:
    client, gate = made(desk), ClientGate(desk.tools)
    given = token(desk, client)
    desk.tools.clock.move(timedelta(seconds=30))
    assert admitted(gate, given)
    off(desk, client)
    desk.tools.clock.move(timedelta(seconds=-20))
    assert not admitted(gate, given)


def test_a_process_that_changed_a_client_knows_it_at_once(desk: Any) -> None:
    client, gate = made(desk), ClientGate(desk.tools)
    given = token(desk, client)
    assert admitted(gate, given)
    off(desk, client)
    gate.forget(client.client_id)
    assert not admitted(gate, given)


def test_an_absent_client_and_another_offices_are_refused(desk: Any, other_desk: Any) -> None:
    theirs = made(other_desk)
    row = theirs.client_id.partition("-")[2]
    gate = ClientGate(desk.tools)
    for client_id in (f"{desk.tenant_id}-{row}", f"{desk.tenant_id}-{new_id()}"):
        forged = issue_token(desk.tools, client_id, desk.tenant_id, "cases:read", LIFE)
        assert not admitted(gate, forged)
    assert admitted(gate, token(other_desk, theirs))


def test_the_gate_keeps_no_more_clients_than_it_may(desk: Any) -> None:
    gate = ClientGate(desk.tools, kept=2)
    given = [token(desk, made(desk, f"网关{number}")) for number in range(3)]
    with counted(desk) as seen:
        for each in given:
            gate.admit(each)
        for each in reversed(given):
            gate.admit(each)
    assert len(seen) == 4, "the one read longest ago had made room"


def test_with_the_database_away_nobody_comes_in(desk: Any) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    gate = ClientGate(make_tools(nowhere, desk.tools.master, desk.tools.clock))
    with pytest.raises(OperationalError):
        gate.admit(token(desk, made(desk)))
    nowhere.dispose()


def test_what_has_ended_is_swept_and_what_still_counts_is_not(desk: Any) -> None:
    client = made(desk)
    first = read_token(desk.tools, token(desk, client))
    desk.tools.clock.move(timedelta(minutes=10))
    second = token(desk, client)
    with desk.session() as session:
        for claims in (first, read_token(desk.tools, second)):
            revoke_token(session, desk.tools, SYSTEM, claims)
        rotate_secret(session, desk.tools, SYSTEM, client.client_id, LIFE)
        assert sweep_clients(session, desk.tools) == 0
    desk.tools.clock.move(timedelta(minutes=5))
    with desk.session() as session:
        assert sweep_clients(session, desk.tools) == 1
    assert not admitted(ClientGate(desk.tools), second)
    desk.tools.clock.move(timedelta(minutes=10))
    with desk.session() as session:
        assert sweep_clients(session, desk.tools) == 2
        assert find_client(session, client.client_id).previous_hash is None


def test_calling_back_too_many_one_by_one_calls_back_all(desk: Any) -> None:
    client = made(desk)
    kept, last = token(desk, client), token(desk, client)
    many = text("""
        insert into revoked_tokens (tenant_id, token_id, client_id, expires_at)
        select :tenant, n::text, :client, :until from generate_series(1, :many) n
    """)
    with desk.session() as session:
        row = find_client(session, client.client_id).id
        until = desk.tools.clock.now() + LIFE
        values = {"tenant": desk.tenant_id, "client": row, "until": until, "many": MOST_REVOKED}
        session.execute(many, values)
    assert admitted(ClientGate(desk.tools), kept)
    with desk.session() as session:
        revoke_token(session, desk.tools, SYSTEM, read_token(desk.tools, last))
    gate = ClientGate(desk.tools)
    assert not admitted(gate, kept)
    desk.tools.clock.move(MOMENT)
    gate.forget(client.client_id)
    assert admitted(gate, token(desk, client))

"""Wrong secrets: limited by address and by client, and nobody locks a client out from elsewhere."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from minsheng.accounts.client_tries import ADDRESS_TRIES, CLIENT_TRIES
from minsheng.accounts.errors import ClientRefused
from minsheng.accounts.guesses import WINDOW
from minsheng.accounts.service import NewClient, check_client, create_client
from minsheng.audit import SYSTEM
from minsheng.runtime.ids import new_id

HERE = "192.0.2.1"


def made(desk: Any, name: str = "网关") -> NewClient:
    with desk.session() as session:
        return create_client(session, desk.tools, SYSTEM, name, ["cases:read"])


def passes(desk: Any, client: NewClient, origin: str = HERE, secret: str = "") -> bool:
    try:
        with desk.session() as session:
            check_client(session, desk.tools, client.client_id, secret or client.secret, origin)
    except ClientRefused:
        return False
    return True


def fail(desk: Any, client: NewClient, origin: str, times: int) -> None:
    for _ in range(times):
        assert not passes(desk, client, origin, "wrong")


def test_rel_p4_an_address_that_failed_too_often_is_refused_with_the_right_secret_too(
    desk: Any,
) -> None:
    client, other = made(desk), made(desk, "另一个")
    fail(desk, client, HERE, ADDRESS_TRIES - 1)
    assert passes(desk, client)
    fail(desk, client, HERE, 1)
    assert not passes(desk, client)
    assert not passes(desk, other)
    assert passes(desk, client, "192.0.2.2")
    desk.tools.clock.move(WINDOW)
    assert passes(desk, client)


def test_rel_p4_tries_at_clients_that_are_none_count_for_the_address(desk: Any) -> None:
    client = made(desk)
    for _ in range(ADDRESS_TRIES):
        assert not passes(desk, NewClient(f"{desk.tenant_id}-{new_id()}", "x"))
    assert not passes(desk, client)
    assert passes(desk, client, "192.0.2.2")


def test_rel_p4_a_client_tried_from_everywhere_is_open_to_who_has_not_failed(desk: Any) -> None:
    client = made(desk)
    for number in range(CLIENT_TRIES // 4):
        fail(desk, client, f"198.51.100.{number}", 4)
    for number in range(CLIENT_TRIES // 4):
        assert not passes(desk, client, f"198.51.100.{number}")
    assert passes(desk, client), "its own address has not failed"
    fail(desk, client, HERE, 1)
    assert not passes(desk, client)
    desk.tools.clock.move(WINDOW)
    assert passes(desk, client)


def test_rel_p4_one_offices_failures_do_not_count_in_another(desk: Any, other_desk: Any) -> None:
    client, theirs = made(desk), made(other_desk)
    fail(desk, client, HERE, ADDRESS_TRIES)
    assert not passes(desk, client)
    assert passes(other_desk, theirs)


def test_rel_p4_a_limit_bounds_what_a_flood_leaves_in_the_audit_trail(desk: Any) -> None:
    client = made(desk)
    fail(desk, client, HERE, ADDRESS_TRIES + 10)
    refused = [said for _, action, said in desk.audit() if action == "client.login"]
    assert refused == ["refused"] * ADDRESS_TRIES


def test_rel_p4_successes_do_not_count_and_do_not_clear(desk: Any) -> None:
    client = made(desk)
    for _ in range(ADDRESS_TRIES + 5):
        assert passes(desk, client)
    fail(desk, client, HERE, ADDRESS_TRIES - 1)
    assert passes(desk, client)
    fail(desk, client, HERE, 1)
    assert not passes(desk, client)


def test_rel_p4_an_address_is_counted_under_a_keyed_name(desk: Any) -> None:
    fail(desk, made(desk), HERE, 1)
    with desk.session() as session:
        found = session.execute(text("select kind, subject from guesses")).all()
    assert {row.kind for row in found} == {"client", "client-address"}
    assert not [row for row in found if HERE.encode() in bytes(row.subject)]


def test_rel_p4_the_counts_are_forgotten_after_a_day(desk: Any) -> None:
    client = made(desk)
    fail(desk, client, HERE, 3)
    desk.tools.clock.move(timedelta(days=1, minutes=1))
    fail(desk, client, "192.0.2.9", 1)
    with desk.session() as session:
        assert session.scalar(text("select tries from guesses where kind = 'client'")) == 1

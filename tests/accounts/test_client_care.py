"""What becomes of an API client: two people agree, secrets turn over, and off means off."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from minsheng.accounts.client_care import last_logins
from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ClientNotWaiting,
    ClientOff,
    ClientRefused,
    OwnClient,
)
from minsheng.accounts.models import ApiClient
from minsheng.accounts.service import (
    NewClient,
    ask_client,
    check_client,
    create_client,
    decide_client,
    drop_previous,
    find_client,
    list_clients,
    narrow_scopes,
    rotate_secret,
    turn_off_client,
)
from minsheng.audit import Actor

ASKER = Actor("user", "xitong", "127.0.0.1")
DECIDER = Actor("user", "anquan", "127.0.0.1")
WEEK = timedelta(days=7)


def made(desk: Any, name: str = "热线网关") -> NewClient:
    with desk.session() as session:
        return create_client(session, desk.tools, ASKER, name, ["cases:read", "messages:write"])


def asked(desk: Any, actor: Actor = ASKER) -> NewClient:
    with desk.session() as session:
        return ask_client(session, desk.tools, actor, "热线网关", ["cases:read"])


def check(desk: Any, client: NewClient) -> ApiClient:
    with desk.session() as session:
        return check_client(session, desk.tools, client.client_id, client.secret, desk.origin)


def decide(desk: Any, client: NewClient, actor: Actor, *, granted: bool = True) -> ApiClient:
    with desk.session() as session:
        return decide_client(session, desk.tools, actor, client.client_id, granted=granted)


def rotate(desk: Any, client: NewClient, keep: timedelta = WEEK) -> NewClient:
    with desk.session() as session:
        return rotate_secret(session, desk.tools, ASKER, client.client_id, keep)


def passes(desk: Any, client: NewClient) -> bool:
    try:
        check(desk, client)
    except ClientRefused:
        return False
    return True


def test_a_client_comes_in_once_another_person_has_agreed(desk: Any) -> None:
    client = asked(desk)
    assert not passes(desk, client)
    assert decide(desk, client, DECIDER).status == "active"
    assert passes(desk, client)
    assert [(actor, action, said) for actor, action, said in desk.audit()
            if action != "client.login"] == [
        ("user:xitong", "client.ask", "cases:read"),
        ("user:anquan", "client.decide", "granted: cases:read"),
    ]  # fmt: skip


def test_a_refused_client_never_comes_in(desk: Any) -> None:
    client = asked(desk)
    assert decide(desk, client, DECIDER, granted=False).status == "off"
    assert not passes(desk, client)
    with pytest.raises(ClientNotWaiting):
        decide(desk, client, DECIDER)
    assert desk.audit()[1] == ("user:anquan", "client.decide", "refused: cases:read")


def test_the_one_who_asked_does_not_decide_and_another_does(desk: Any) -> None:
    client = asked(desk)
    for granted in (True, False):
        with pytest.raises(OwnClient):
            decide(desk, client, Actor("user", "xitong", "10.0.0.9"), granted=granted)
    assert not passes(desk, client)
    assert decide(desk, client, DECIDER).decided_by == "user:anquan"


def test_the_database_takes_one_name_in_both_places_for_nobody(desk: Any) -> None:
    client = asked(desk)
    alone = text("update api_clients set status = 'active', decided_by = asked_by")
    with pytest.raises(IntegrityError, match="two_people"), desk.session() as session:
        session.execute(alone)
    assert not passes(desk, client)


def test_what_has_been_decided_is_not_decided_again(desk: Any) -> None:
    client = asked(desk)
    decide(desk, client, DECIDER)
    with pytest.raises(ClientNotWaiting):
        decide(desk, client, DECIDER, granted=False)
    assert passes(desk, client)


def test_a_client_that_is_asked_for_is_checked_like_any_other(desk: Any) -> None:
    asked(desk)
    with pytest.raises(AccountExists):
        asked(desk)
    with desk.session() as session, pytest.raises(AccountInvalid):
        ask_client(session, desk.tools, ASKER, "另一个", ["cases:*"])


def test_both_secrets_hold_until_the_old_ones_time_is_over(desk: Any) -> None:
    old = made(desk)
    new = rotate(desk, old)
    assert new.client_id == old.client_id
    assert new.secret != old.secret
    desk.tools.clock.move(WEEK - timedelta(seconds=1))
    assert passes(desk, old)
    assert passes(desk, new)
    desk.tools.clock.move(timedelta(seconds=1))
    assert not passes(desk, old)
    assert passes(desk, new)


def test_the_trail_tells_a_login_by_the_old_secret_from_one_by_the_new(desk: Any) -> None:
    old = made(desk)
    new = rotate(desk, old)
    check(desk, old)
    assert desk.audit()[-1][1:] == ("client.login", "ok: previous secret")
    with desk.session() as session:
        row = find_client(session, old.client_id).id
        assert last_logins(session, [row])[row].by_previous
    desk.tools.clock.move(timedelta(minutes=1))
    check(desk, new)
    with desk.session() as session:
        last = last_logins(session, [row])[row]
    assert (last.at, last.by_previous) == (desk.tools.clock.now(), False)


def test_a_client_that_never_came_has_no_last_login_and_a_refusal_is_none(desk: Any) -> None:
    client = made(desk)
    assert not passes(desk, NewClient(client.client_id, "wrong"))
    with desk.session() as session:
        assert last_logins(session, [find_client(session, client.client_id).id]) == {}
        assert last_logins(session, []) == {}


def test_a_second_rotation_ends_the_first_secret_at_once(desk: Any) -> None:
    first = made(desk)
    second = rotate(desk, first)
    third = rotate(desk, second)
    assert [passes(desk, each) for each in (first, second, third)] == [False, True, True]


def test_the_old_secret_is_dropped_at_once_when_somebody_wants_that(desk: Any) -> None:
    old = made(desk)
    new = rotate(desk, old)
    with desk.session() as session:
        drop_previous(session, desk.tools, ASKER, old.client_id)
    assert not passes(desk, old)
    assert passes(desk, new)
    assert "client.drop_previous" in [action for _, action, _ in desk.audit()]


def test_no_secret_of_a_rotation_is_stored(desk: Any) -> None:
    old = made(desk)
    new = rotate(desk, old)
    with desk.session() as session:
        client = find_client(session, old.client_id)
        stored = (client.secret_hash, client.previous_hash)
    assert {len(value) for value in stored} == {32}
    assert not {new.secret.encode(), old.secret.encode()} & set(stored)
    assert new.secret not in repr(new)


def test_a_client_that_is_off_stays_off(desk: Any) -> None:
    old = made(desk)
    new = rotate(desk, old)
    with desk.session() as session:
        turn_off_client(session, desk.tools, ASKER, old.client_id)
    assert not passes(desk, old)
    assert not passes(desk, new)
    for verb in (
        lambda session: rotate_secret(session, desk.tools, ASKER, old.client_id, WEEK),
        lambda session: drop_previous(session, desk.tools, ASKER, old.client_id),
        lambda session: narrow_scopes(session, desk.tools, ASKER, old.client_id, {"cases:read"}),
    ):
        with desk.session() as session, pytest.raises(ClientOff):
            verb(session)
    with pytest.raises(ClientNotWaiting):
        decide(desk, old, DECIDER)


def test_scopes_get_fewer_and_never_more(desk: Any) -> None:
    client = made(desk)
    for wrong in ({"cases:read", "cases:write"}, {"nonsense"}, set()):
        with desk.session() as session, pytest.raises(AccountInvalid) as refused:
            narrow_scopes(session, desk.tools, ASKER, client.client_id, wrong)
        assert refused.value.field == "scopes"
    assert check(desk, client).scopes == "messages:write cases:read"
    with desk.session() as session:
        narrow_scopes(session, desk.tools, ASKER, client.client_id, {"cases:read"})
    assert check(desk, client).scopes == "cases:read"


def test_another_offices_client_is_as_absent_as_one_that_is_nowhere(
    desk: Any, other_desk: Any
) -> None:
    theirs = asked(other_desk)
    nowhere = f"{desk.tenant_id}-{theirs.client_id.partition('-')[2]}"
    for client_id in (theirs.client_id, nowhere, "1-x", ""):
        for verb in (
            find_client,
            lambda session, each: decide_client(session, desk.tools, DECIDER, each, granted=True),
            lambda session, each: rotate_secret(session, desk.tools, ASKER, each, WEEK),
            lambda session, each: drop_previous(session, desk.tools, ASKER, each),
        ):
            with desk.session() as session, pytest.raises(AccountNotFound):
                verb(session, client_id)
    with other_desk.session() as session:
        assert find_client(session, theirs.client_id).status == "asked"


def test_the_list_is_by_name_in_pages_and_of_one_office(desk: Any, other_desk: Any) -> None:
    for name in ("c", "a", "b"):
        made(desk, name)
    made(other_desk, "d")
    with desk.session() as session:
        assert [each.name for each in list_clients(session)] == ["a", "b", "c"]
        assert [each.name for each in list_clients(session, 2)] == ["a", "b"]
        assert [each.name for each in list_clients(session, 2, "b")] == ["c"]

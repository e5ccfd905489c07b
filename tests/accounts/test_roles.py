"""The table of roles, held against what it promises."""

from typing import Any

import pytest

from minsheng.accounts.errors import AccountInvalid, RoleDenied
from minsheng.accounts.roles import ADMINISTRATORS, GRANTS, PERMISSIONS, ROLES, allowed
from minsheng.accounts.scopes import SCOPES, join_scopes, split_scopes
from minsheng.accounts.service import demand_permission

READS_CITIZENS = {
    "cases.read",
    "cases.merge",
    "citizens.read",
    "citizens.confidential",
    "messages.write",
    "quarantine.read",
}


def test_every_role_has_a_row_of_known_permissions() -> None:
    assert set(GRANTS) == set(ROLES)
    assert all(granted and granted <= set(PERMISSIONS) for granted in GRANTS.values())


def test_every_permission_is_held_by_some_role_and_by_no_unknown_one() -> None:
    for permission in PERMISSIONS:
        assert allowed(ROLES, permission), permission
        assert not allowed(["root"], permission)
        assert not allowed([], permission)


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_rel_a4_an_administrator_reads_no_citizens_matter(role: str) -> None:
    assert not GRANTS[role] & READS_CITIZENS


def test_rel_a4_the_three_administrators_share_no_power_to_change() -> None:
    assert GRANTS["system_admin"] & GRANTS["security_admin"] == {"users.read", "clients.read"}
    assert GRANTS["audit_admin"] == {"audit.read"}
    for role in set(ROLES) - {"audit_admin"}:
        assert not allowed([role], "audit.read"), role


def test_no_role_that_works_on_cases_makes_accounts_or_channels() -> None:
    for role in set(ROLES) - ADMINISTRATORS:
        assert not GRANTS[role] & GRANTS["system_admin"] - {"channels.read", "tenants.read"}, role


def test_the_desk_joins_cases_and_a_reader_does_not() -> None:
    assert allowed(["liaison"], "cases.merge")
    assert not allowed(["readonly"], "cases.merge")
    assert not allowed(["handler"], "quarantine.replay")
    assert allowed(["handler", "liaison"], "quarantine.replay")


def test_a_role_that_is_denied_is_told_so_and_written_down(desk: Any) -> None:
    user = desk.user(role="readonly")
    demand_permission(desk.tools, desk.tenant_id, user, "cases.read", desk.origin)
    with pytest.raises(RoleDenied) as denied:
        demand_permission(desk.tools, desk.tenant_id, user, "cases.merge", desk.origin)
    assert denied.value.permission == "cases.merge"
    entry = desk.entries()[-1]
    assert (entry.actor, entry.object_id, entry.result, entry.origin) == (
        "user:li.si",
        "cases.merge",
        "refused",
        desk.origin,
    )
    assert len(desk.entries()) == 2


def test_scopes_are_stored_in_one_order_and_unknown_or_none_are_refused() -> None:
    assert join_scopes(["cases:write", "cases:read", "cases:read"]) == "cases:read cases:write"
    assert split_scopes(join_scopes(SCOPES)) == set(SCOPES)
    for wrong in (["cases:delete"], ["cases:read", ""], []):
        with pytest.raises(AccountInvalid) as refused:
            join_scopes(wrong)
        assert refused.value.field == "scopes"

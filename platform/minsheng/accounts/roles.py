"""Roles and what each may do: the one table.

A user has one role. Following GB/T 22239-2019 8.1.4.2 (separated administrators), ``admin`` runs
accounts, channels and the tree and reads no case, message or quarantined arrival.
"""

from collections.abc import Mapping
from typing import Literal, get_args

Permission = Literal[
    "cases.read",
    "cases.merge",
    "messages.write",
    "channels.read",
    "channels.write",
    "quarantine.read",
    "quarantine.replay",
    "tenants.read",
    "tenants.write",
    "users.read",
    "users.write",
    "clients.read",
    "clients.write",
]
Role = Literal["liaison", "handler", "reviewer", "leader", "readonly", "admin"]

PERMISSIONS: tuple[str, ...] = get_args(Permission)
ROLES: tuple[str, ...] = get_args(Role)

GRANTS: Mapping[str, frozenset[str]] = {
    # 联络员: the desk; takes in, joins and sees that every arrival is read.
    "liaison": frozenset(
        {
            "cases.read",
            "cases.merge",
            "messages.write",
            "channels.read",
            "quarantine.read",
            "quarantine.replay",
            "tenants.read",
        }
    ),
    # 经办人: works on cases.
    "handler": frozenset({"cases.read", "messages.write"}),
    # 审核人: checks what the desk joined and what handlers answer.
    "reviewer": frozenset({"cases.read", "cases.merge", "channels.read"}),
    # 领导: reads all of the office.
    "leader": frozenset({"cases.read", "channels.read", "tenants.read"}),
    "readonly": frozenset({"cases.read", "channels.read"}),
    "admin": frozenset(
        {
            "channels.read",
            "channels.write",
            "tenants.read",
            "tenants.write",
            "users.read",
            "users.write",
            "clients.read",
            "clients.write",
        }
    ),
}
"""Which permissions each role holds."""


def allowed(role: str, permission: Permission) -> bool:
    """Whether ``role`` holds ``permission``; an unknown role holds none."""
    return permission in GRANTS.get(role, frozenset())

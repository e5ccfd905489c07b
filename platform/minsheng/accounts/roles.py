"""Roles and what each may do: the one table.

A user has one duty. The three administrators stand apart from each other and from the work on
cases (GB/T 22239-2019 8.1.4.2 and 8.1.5, 三员分立; a constraint of the database holds it): the
system administrator runs accounts, channels and the tree, the security administrator grants roles
and machine access, the audit administrator reads the audit trail and changes nothing. Of the
other roles a user may hold several.

``docs/roles.csv`` says the same page by page and operation by operation; a test compares them.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Permission = Literal[
    "cases.read",
    "cases.merge",
    "citizens.read",
    "citizens.confidential",
    "secrecy.mark",
    "messages.write",
    "channels.read",
    "channels.write",
    "quarantine.read",
    "quarantine.replay",
    "tenants.read",
    "tenants.write",
    "users.read",
    "users.write",
    "roles.decide",
    "providers.write",
    "clients.read",
    "clients.write",
    "clients.decide",
    "audit.read",
    "cases.handle",
    "cases.dispatch",
    "flows.write",
    "deadlines.decide",
    "instructions.sign",
    "replies.write",
    "replies.approve",
    "deliveries.write",
    "callbacks.write",
    "facts.read",
]
Role = Literal[
    "liaison",
    "handler",
    "reviewer",
    "leader",
    "callback",
    "readonly",
    "supervision",
    "petitions",
    "opinion",
    "research",
    "general_office",
    "system_admin",
    "security_admin",
    "audit_admin",
]

PERMISSIONS: tuple[str, ...] = get_args(Permission)
ROLES: tuple[str, ...] = get_args(Role)
ADMINISTRATORS = frozenset({"system_admin", "security_admin", "audit_admin"})
"""The three who stand apart (三员)."""

_DESK = frozenset(
    {
        "cases.read",
        "cases.merge",
        "citizens.read",
        "messages.write",
        "channels.read",
        "quarantine.read",
        "quarantine.replay",
        "tenants.read",
        "cases.handle",
        "cases.dispatch",
        "replies.write",
    }
)

GRANTS: Mapping[str, frozenset[str]] = {
    # 联络员: the desk; takes in, joins and sees that every arrival is read.
    "liaison": _DESK | {"callbacks.write", "deliveries.write", "facts.read"},
    # 经办人: works on cases; a citizen who asked not to be named stays unnamed (要求保密).
    "handler": frozenset(
        {"cases.read", "citizens.read", "messages.write", "cases.handle", "replies.write"}
    ),
    # 审核人: checks what the desk joined and what handlers answer.
    "reviewer": frozenset(
        {
            "cases.read",
            "cases.merge",
            "citizens.read",
            "channels.read",
            "deadlines.decide",
            "replies.approve",
        }
    ),
    # 领导: reads all of the office, gives instructions (批示) and has the last word on a reply.
    "leader": frozenset(
        {
            "cases.read",
            "channels.read",
            "tenants.read",
            "deadlines.decide",
            "instructions.sign",
            "replies.approve",
            "facts.read",
        }
    ),
    # 回访员: telephones the citizen.
    "callback": frozenset({"cases.read", "citizens.read", "callbacks.write"}),
    "readonly": frozenset({"cases.read", "channels.read"}),
    # 督查室: presses for answers; joins nothing.
    "supervision": frozenset(
        {
            "cases.read",
            "citizens.read",
            "channels.read",
            "tenants.read",
            "deadlines.decide",
            "callbacks.write",
            "facts.read",
        }
    ),
    # 信访局: the desk of petitions; knows who asked not to be named, and says whom it is about.
    "petitions": _DESK | {"citizens.confidential", "secrecy.mark"},
    # 网络舆情处: the desk of what comes by the internet.
    "opinion": _DESK - {"tenants.read"},
    # 研究室: reads matters, never people.
    "research": frozenset({"cases.read", "channels.read", "tenants.read", "facts.read"}),
    # 办公厅: the desk of the leaders' mailboxes.
    "general_office": _DESK
    | {"secrecy.mark", "flows.write", "callbacks.write", "deliveries.write", "facts.read"},
    # 系统管理员
    "system_admin": frozenset(
        {
            "channels.read",
            "channels.write",
            "tenants.read",
            "tenants.write",
            "users.read",
            "users.write",
            "providers.write",
            "clients.read",
            "clients.write",
        }
    ),
    # 安全管理员
    "security_admin": frozenset({"users.read", "roles.decide", "clients.read", "clients.decide"}),
    # 审计管理员
    "audit_admin": frozenset({"audit.read"}),
}
"""Which permissions each role holds."""


def allowed(roles: Iterable[str], permission: Permission) -> bool:
    """Whether one of ``roles`` holds ``permission``; an unknown role holds none."""
    return any(permission in GRANTS.get(role, frozenset()) for role in roles)


def fit_together(roles: Iterable[str]) -> bool:
    """Whether one user may hold these roles: an administrator's stands alone."""
    held = frozenset(roles)
    return len(held) <= 1 or not held & ADMINISTRATORS

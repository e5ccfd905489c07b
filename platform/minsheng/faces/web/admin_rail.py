"""The rail's group for administrators, and the page on which they begin."""

from collections.abc import Iterable

from flask import current_app, url_for

from minsheng.accounts.roles import Permission, allowed
from minsheng.faces.web.desk import may
from minsheng.faces.web.models import Choice
from minsheng.faces.web.words import _

_PLACES: tuple[tuple[str, Permission, str, str], ...] = (
    ("users", "users.read", "people_pages.show_people", "users"),
    ("roles", "roles.decide", "role_pages.show_roles", "roles"),
    ("imports", "users.write", "import_pages.show_import", "upload"),
    ("bodies", "users.read", "body_pages.show_bodies", "bodies"),
    ("providers", "providers.write", "provider_pages.show_providers", "handover"),
    ("clients", "clients.read", "client_pages.show_clients", "api"),
    ("audit", "audit.read", "audit_pages.show_trail", "audit"),
)
"""Key, permission, endpoint and icon of each page, in the order of the rail."""

_FIRST: tuple[tuple[Permission, str], ...] = (
    ("cases.read", "queue_pages.show_queue"),
    ("roles.decide", "role_pages.show_roles"),
    ("users.read", "people_pages.show_people"),
    ("audit.read", "audit_pages.show_trail"),
    ("channels.read", "channel_pages.show_channels"),
)
"""Where a person begins: the first row whose permission the person has."""


def first_page(roles: Iterable[str]) -> str:
    """The address on which a person with these roles begins; without any, the queue refuses."""
    held = list(roles)
    found = (page for permission, page in _FIRST if allowed(held, permission) and _is_served(page))
    return url_for(next(found, "queue_pages.show_queue"))


def administration(current: str) -> list[Choice]:
    """The administrators' pages that the person may open, ``current`` marked."""
    return [
        Choice(place_name(key), url_for(endpoint), key == current, icon=icon)
        for key, permission, endpoint, icon in _PLACES
        if may(permission) and _is_served(endpoint)
    ]


def place_name(key: str) -> str:
    """What the rail calls a page of the administrators."""
    return {
        "users": _("账号管理"),
        "roles": _("角色审批"),
        "imports": _("批量导入"),
        "bodies": _("下级单位"),
        "providers": _("统一登录"),
        "clients": _("接口账号"),
        "audit": _("审计记录"),
    }[key]


def _is_served(endpoint: str) -> bool:
    """Whether this app has the page."""
    return endpoint in current_app.view_functions

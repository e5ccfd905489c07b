"""Offices as tenants: the tree of bodies, the current tenant and row security.

Every table that belongs to an office derives from :class:`TenantTable`. A session belongs to one
office for its whole life (:func:`bind_session`): the database sees the office as the setting
``app.tenant`` of each transaction, and every ORM statement carries ``tenant_id = …`` besides, so
that each of the two layers holds alone.
"""

from minsheng_tenants.base import Base, PassedTable, TenantTable
from minsheng_tenants.context import NoTenant, bind_session, bind_without_tenant, tenant_of
from minsheng_tenants.tree import (
    KINDS,
    BodyExists,
    BodyInvalid,
    BodyNotFound,
    NewBody,
    Tenant,
    TenantKind,
    create_body,
    find_body,
    list_bodies,
    move_body,
)

__all__ = [
    "KINDS",
    "Base",
    "BodyExists",
    "BodyInvalid",
    "BodyNotFound",
    "NewBody",
    "NoTenant",
    "PassedTable",
    "Tenant",
    "TenantKind",
    "TenantTable",
    "bind_session",
    "bind_without_tenant",
    "create_body",
    "find_body",
    "list_bodies",
    "move_body",
    "tenant_of",
]

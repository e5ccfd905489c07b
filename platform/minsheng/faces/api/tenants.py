"""``/tenants``: the office and the bodies below it."""

from typing import Any

from sqlalchemy.orm import Session

from minsheng.faces.api.desk import actor, office_session, tools
from minsheng.faces.api.schemas import (
    NewTenantSchema,
    PageQuerySchema,
    TenantListSchema,
    TenantSchema,
)
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng_tenants import NewBody, Tenant, create_body, find_body, list_bodies

blueprint = ProblemBlueprint("tenants", __name__, description="The tree of bodies")


@blueprint.get("/tenants")
@require_scope("tenants:read")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, TenantListSchema)
def get_tenants(wish: dict[str, Any]) -> dict[str, Any]:
    """The office and its subtree, by code; the cursor is the last code."""
    limit = wish["limit"]
    with office_session() as session:
        found = list_bodies(session, wish["cursor"], limit + 1)
        shown = found[:limit]
        items = [_shown(body, parent) for body, parent in _with_parents(session, shown)]
    return {"items": items, "next_cursor": shown[-1].code if len(found) > limit else None}


@blueprint.get("/tenants/<code>")
@require_scope("tenants:read")
@blueprint.response(200, TenantSchema)
def get_tenant(code: str) -> dict[str, Any]:
    """One body of the subtree."""
    with office_session() as session:
        body = find_body(session, code)
        return next(_shown(*pair) for pair in _with_parents(session, [body]))


@blueprint.post("/tenants")
@require_scope("tenants:write")
@blueprint.arguments(NewTenantSchema)
@blueprint.response(201, TenantSchema)
def post_tenant(said: dict[str, Any]) -> dict[str, Any]:
    """Add a body below the office or below one of its subtree."""
    with office_session() as session:
        body = create_body(session, NewBody(**said))
        tools().auditor.record(session, actor(), "tenant.create", "tenant", body.code)
        return _shown(body, said["parent"])


def _with_parents(session: Session, bodies: Any) -> Any:  # noqa: ANN401
    """Each body with its parent's code, None where the parent is above the office."""
    wanted = {body.parent_id for body in bodies} - {None}
    found = session.query(Tenant.id, Tenant.code).where(Tenant.id.in_(wanted))
    codes = {row.id: row.code for row in found}
    return [(body, codes.get(body.parent_id)) for body in bodies]


def _shown(body: Tenant, parent: str | None) -> dict[str, Any]:
    named = ("code", "name", "kind", "status")
    return {name: getattr(body, name) for name in named} | {"parent": parent}

"""The office a session works for.

``bind_session`` hooks three things into a SQLAlchemy session: a transaction cannot begin without
an office; the database learns the office for that transaction only; every ORM statement over
office tables is narrowed to it (the second layer, DESIGN invariant 6). Sources of the form:
PostgreSQL 18 manual 5.9, and ``set_config(…, true)`` because ``SET`` takes no bind parameter.
"""

from sqlalchemy import Connection, any_, event, or_, text
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria

from minsheng_tenants.base import PassedTable, SubtreeTable, TenantTable

_TENANT = "minsheng_tenant"
_OPEN = "minsheng_without_tenant"
_TOLD = "minsheng_tenant_told"
_SET_TENANT = text("select set_config('app.tenant', :tenant, true)")


class NoTenant(Exception):
    """A session tried to begin, or was asked for its office, without having one."""


def bind_session(session: Session, tenant_id: int) -> None:
    """Make ``session`` work for the office ``tenant_id`` and for no other."""
    if tenant_id <= 0:
        message = f"{tenant_id} is no office; use the id of a tenant"
        raise NoTenant(message)
    session.info[_TENANT] = tenant_id


def bind_without_tenant(session: Session) -> None:
    """Let ``session`` work for no office: it sees the tables of the allow-list only."""
    session.info[_OPEN] = True


def tenant_of(session: Session) -> int:
    """The office of a session; raises NoTenant when it has none."""
    try:
        return int(session.info[_TENANT])
    except KeyError as error:
        message = "this session has no office; open it with Database.session(tenant_id)"
        raise NoTenant(message) from error


def opening_words(session: Session) -> str:
    """What begins a transaction of this session, office and all, in one message to the database.

    Whoever sends it says so with :func:`was_opened`. Raises NoTenant when the session has none.
    """
    if session.info.get(_OPEN):
        return "begin"
    return f"begin; select set_config('app.tenant', '{tenant_of(session):d}', true)"


def was_opened(session: Session) -> None:
    """The database has been told :func:`opening_words` on the connection about to be used."""
    session.info[_TOLD] = True


def guard_sessions(session_class: type[Session]) -> None:
    """Hook the rules of this module into a session class, once."""
    event.listen(session_class, "after_begin", _tell_database)
    event.listen(session_class, "do_orm_execute", _narrow_statement)
    event.listen(session_class, "before_flush", _stamp_new_rows)


def _tell_database(
    session: Session, _transaction: SessionTransaction, connection: Connection
) -> None:
    if session.info.pop(_TOLD, False) or session.info.get(_OPEN):
        return
    connection.execute(_SET_TENANT, {"tenant": str(tenant_of(session))})


def _narrow_statement(state: ORMExecuteState) -> None:
    if state.session.info.get(_OPEN) or not (state.is_select or state.is_update or state.is_delete):
        return
    tenant_id = tenant_of(state.session)
    state.statement = state.statement.options(
        with_loader_criteria(
            TenantTable, lambda cls: cls.tenant_id == tenant_id, include_aliases=True
        ),
        with_loader_criteria(
            SubtreeTable,
            lambda cls: or_(cls.id == tenant_id, any_(cls.ancestors) == tenant_id),
            include_aliases=True,
        ),
        with_loader_criteria(
            PassedTable,
            lambda cls: or_(cls.from_tenant == tenant_id, cls.to_tenant == tenant_id),
            include_aliases=True,
        ),
    )


def _stamp_new_rows(session: Session, _context: object, _instances: object) -> None:
    for row in session.new:
        if isinstance(row, TenantTable) and row.tenant_id is None:
            row.tenant_id = tenant_of(session)

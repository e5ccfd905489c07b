"""The verbs of the room: who may come in, and who came.

A verb takes a session of one office, the process's :class:`~minsheng.audit.Tools` and plain
values. Changes happen in the caller's transaction; refusals are counted and written to the audit
trail in a transaction of their own, since the caller rolls its own back.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.accounts.client_care import (
    decide_client,
    drop_previous,
    narrow_scopes,
    revoke_all,
    revoke_token,
    rotate_secret,
    sweep_clients,
    turn_off_client,
)
from minsheng.accounts.clients import (
    NewClient,
    ask_client,
    check_client,
    client_id_of,
    create_client,
    find_client,
    list_clients,
    prove_client,
    tenant_of_client,
)
from minsheng.accounts.factors import (
    begin_enrolment,
    check_factor,
    enrol,
    enrolment_address,
    new_recovery_codes,
    recovery_codes_left,
    reset_factor,
    resume_enrolment,
)
from minsheng.accounts.logins import (
    authenticate,
    change_own_password,
    confirm_password,
    refuse_unknown_office,
    replace_initial_password,
)
from minsheng.accounts.role_changes import (
    ask_roles,
    check_roles,
    decide_roles,
    waiting_role_changes,
)
from minsheng.accounts.sessions import (
    SessionLimits,
    SignedIn,
    close_session,
    demand_permission,
    end_other_sessions,
    end_own_session,
    level_after_password,
    list_sessions,
    open_session,
    raise_session,
    resume_session,
    sweep_sessions,
    tenant_of_token,
)
from minsheng.accounts.users import (
    NewUser,
    change_password,
    create_user,
    find_user,
    plant_user,
    turn_off_user,
)

__all__ = [
    "NewClient",
    "NewUser",
    "SessionLimits",
    "SignedIn",
    "ask_client",
    "ask_roles",
    "authenticate",
    "begin_enrolment",
    "change_own_password",
    "change_password",
    "check_client",
    "check_factor",
    "check_roles",
    "client_id_of",
    "close_session",
    "confirm_password",
    "create_client",
    "create_user",
    "decide_client",
    "decide_roles",
    "demand_permission",
    "drop_previous",
    "end_other_sessions",
    "end_own_session",
    "enrol",
    "enrolment_address",
    "find_client",
    "find_tenant_for_login",
    "find_user",
    "level_after_password",
    "list_clients",
    "list_sessions",
    "narrow_scopes",
    "new_recovery_codes",
    "open_session",
    "plant_user",
    "prove_client",
    "raise_session",
    "recovery_codes_left",
    "refuse_unknown_office",
    "replace_initial_password",
    "reset_factor",
    "resume_enrolment",
    "resume_session",
    "revoke_all",
    "revoke_token",
    "rotate_secret",
    "sweep_clients",
    "sweep_sessions",
    "tenant_of_client",
    "tenant_of_token",
    "turn_off_client",
    "turn_off_user",
    "waiting_role_changes",
]

_RESOLVE = text("select id, name from resolve_tenant(:code)")
_LONGEST_CODE = 32


def find_tenant_for_login(session: Session, code: str) -> tuple[int, str] | None:
    """The id and name of the active office with this code, or nothing.

    For ``Database.public_session()``: offices are under row security, and before a login there is
    no office, so a definer function of the allow-list answers for one code at a time.
    """
    wanted = code.strip()
    if not wanted.isascii() or not wanted.isprintable() or len(wanted) > _LONGEST_CODE:
        return None
    row = session.execute(_RESOLVE, {"code": wanted}).one_or_none()
    return (row.id, row.name) if row else None

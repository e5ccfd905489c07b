"""Who is at the desk: the logged-in person, the office's session, and the rail beside each page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.accounts.errors import SessionEnded
from minsheng.accounts.models import User
from minsheng.accounts.roles import Permission, allowed
from minsheng.accounts.service import (
    SessionLimits,
    SignedIn,
    demand_permission,
    resume_session,
    tenant_of_token,
)
from minsheng.accounts.sessions import FULL, Level
from minsheng.audit import Actor, Tools
from minsheng.faces.web.cookies import form_token, session_token
from minsheng.faces.web.headers import own_origin

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_EXTENSION = "minsheng_web"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class WebTools:
    """What the pages need of the process; ``badges`` are a plugin's words (Chinese, English).

    ``factor_required`` = whoever logs in by password needs a second factor.
    """

    tools: Tools
    limits: SessionLimits
    badges: Mapping[str, tuple[str, str]]
    factor_required: bool = True


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who is logged in, and their office."""

    tenant_id: int
    office: str
    signed_in: SignedIn

    @property
    def user(self) -> User:
        """The account."""
        return self.signed_in.user


def keep_web_tools(web_tools: WebTools) -> None:
    """Make them known to the app that is current."""
    current_app.extensions[_EXTENSION] = web_tools


def web_tools() -> WebTools:
    """What :func:`keep_web_tools` kept."""
    kept: WebTools = current_app.extensions[_EXTENSION]
    return kept


def tools() -> Tools:
    """Clock, keys, auditor and sessions."""
    return web_tools().tools


def origin() -> str:
    """The network address of the browser, for the audit trail."""
    return request.remote_addr or ""


def actor() -> Actor:
    """The person who acts."""
    return Actor("user", visitor().user.username, origin())


def visitor() -> Visitor:
    """The logged-in person of this request; only in views behind :func:`needs`."""
    found: Visitor = g.visitor
    return found


def may(permission: Permission) -> bool:
    """Whether one of the person's roles holds a permission."""
    return allowed(visitor().user.roles, permission)


@contextmanager
def office_session() -> Iterator[Session]:
    """A transaction of the person's office: leaving it commits."""
    with tools().database.session(visitor().tenant_id) as session:
        yield session


def is_live() -> bool:
    """Whether a page asks by itself, so that it must not keep a session open nobody uses."""
    return request.headers.get("HX-Request") == "true" and request.method == "GET"


def find_visitor(levels: Sequence[Level] = (FULL,)) -> Visitor | None:
    """The person whose session the browser holds, or None; a login half done is none."""
    token = session_token()
    if not token:
        return None
    try:
        tenant_id = tenant_of_token(token)
        with tools().database.session(tenant_id) as session:
            signed_in = resume_session(
                session, tools(), token, web_tools().limits, touch=not is_live(), levels=levels
            )
    except SessionEnded:
        return None
    return Visitor(tenant_id, signed_in.office, signed_in)


def needs(
    permission: Permission,
) -> Callable[[Callable[P, R]], Callable[P, R | ResponseReturnValue]]:
    """Let a view run only for a person one of whose roles holds ``permission``.

    Others are led to the login page (401 where a page asks by itself or sends a form); a form
    without the session's own token is refused (400). Raises RoleDenied. The view bears
    ``needed_permission``, so that a test can find the views that have no gate.
    """

    def gate(view: Callable[P, R]) -> Callable[P, R | ResponseReturnValue]:
        guarded = _behind_login(view, permission)
        guarded.needed_permission = permission  # type: ignore[attr-defined]
        return guarded

    return gate


def needs_login(view: Callable[P, R]) -> Callable[P, R | ResponseReturnValue]:
    """Let a view run for everybody who is logged in, as :func:`needs` does; for one's own things.

    The view bears ``needs_login``.
    """
    guarded = _behind_login(view, None)
    guarded.needs_login = True  # type: ignore[attr-defined]
    return guarded


def _behind_login(
    view: Callable[P, R], permission: Permission | None
) -> Callable[P, R | ResponseReturnValue]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | ResponseReturnValue:
        found = find_visitor()
        if found is None:
            return ask_to_log_in()
        g.visitor = found
        check_form()
        if permission is not None:
            demand_permission(tools(), found.tenant_id, found.user, permission, origin())
        return view(*args, **kwargs)

    return guarded


def ask_to_log_in() -> ResponseReturnValue:
    """The login page, and back here afterwards; a form or a live part gets 401 instead."""
    if request.method not in SAFE_METHODS or is_live():
        abort(401)
    here = request.full_path.removesuffix("?")
    return redirect(url_for("login_pages.show_login", next=here), 303)


def csrf_token() -> str:
    """What each form of this page must carry."""
    found: Visitor | None = g.get("visitor")
    return found.signed_in.csrf if found else form_token()


def check_form() -> None:
    """Refuse an unsafe request that did not come from a form of ours (400).

    Two locks: the browser's own word on where the request comes from, and the token.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    came_from = request.headers.get("Origin", "")
    if site != "same-origin" or came_from not in ("", own_origin()):
        abort(400)
    if not _token_fits(request.form.get("csrf_token", "")):
        abort(400)


def _token_fits(given: str) -> bool:
    found: Visitor | None = g.get("visitor")
    if found:
        return found.signed_in.csrf_fits(given)
    return bool(given) and given == form_token()
